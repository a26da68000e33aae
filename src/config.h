/* config.h: settings of imapd, from the environment (imapd.conf(5)) */
#pragma once
#include "maildir/account.h"
#include "session.h"

/* What is needed to open a Maildir, and what a session goes by. Strings are the environment's own. */
struct imapd_settings {
	struct config session;
	struct maildir_config folder;
	struct account_config account;
	char separator;
	bool allow_root;	/* IMAPD_ALLOW_ROOT */
	bool no_cache;		/* IMAPD_CACHEDIR=none */
	const char *cache_dir;	/* IMAPD_CACHEDIR; NULL: in the Maildir */
	uint64_t cache_size;	/* IMAPD_CACHE_SIZE, octets */
	const char *debug_file;	/* IMAPDEBUGFILE, relative to the Maildir; NULL: none */
};

/* Reads all of them, and sets the umask; a keeps what is not in the environment. False, after a line on the log
 * that names it, for a value that can't be meant.
 */
bool imapd_settings_read(struct arena *a, struct imapd_settings *ret);

/* An option of the account: OPTIONS and AUTHOPTIONS are "name=value,...". Not 0, or begins with t or y: it is set. */
bool account_option(const char *name);
bool account_value(const char *name, struct str *ret);
