/* store.h: names, as clients write them, to folders of the Maildir */
#pragma once
#include "base/arena.h"
#include "maildir/account.h"
#include "maildir/maildir.h"

/* The personal namespace (RFC 2342). Names on the wire are UTF-8 here, "INBOX" in capitals (imap/parse.h); folders are
 * named as maildir/account.h has it: levels joined by ".", "" is INBOX.
 */
struct store {
	struct account *account;
	const char *prefix;		/* before each name but INBOX: "" or "INBOX." with the separator in use */
	char separator;
	struct maildir_config config;	/* how each folder is opened */
	int spare_watch;		/* the config's */
};

/* The folder that a name means, in a's memory. -EINVAL if it can't be one (a "." where the separator is another), -ENOENT
 * if it is not in the namespace.
 */
int store_folder(const struct store *st, struct arena *a, struct str name, struct str *ret);
/* The other way: what the client sees. ret->s is NULL for a folder that no name means. */
struct str store_name(const struct store *st, struct arena *a, struct str folder);
