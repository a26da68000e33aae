/* maildir/account.h: one user's Maildir with all its folders: opened, made, and what is remembered of it */
#pragma once
#include "base/arena.h"

/* A folder's name here and in folders.h, subscribe.h and trash.h: UTF-8, its levels joined by ".", as on disk
 * but without the dot in front: "A.B" is the directory ".A.B". The empty name is the Maildir itself, INBOX.
 * (So "INBOX" is the folder ".INBOX", which a Courier site may have: INBOX.INBOX. The caller maps what
 * clients write.)
 */

struct account;

struct account_config {
	bool check_owner; /* IMAP_MAILBOX_SANITY_CHECK: the Maildir's uid and gid must be ours */
	bool no_sync;	  /* IMAPD_SYNC is not "full": leave out fsync */
	bool look_only;	/* nothing is made, finished or removed */
	const char *prefix; /* IMAPD_PREFIX; NULL: the site has not set it, so the account's own decision holds */
};

/* Opens the Maildir at path. What is missing is made, 0700 less the umask: path itself (not its parents),
 * cur, new, tmp. A rename that a crash has left half done is finished, and what a crash has left in tmp/ of
 * deleted folders is removed. At the very first opening the prefix is decided and Dovecot's subscriptions are
 * taken over (subscribe.h). A Maildir that can't be written to is opened all the same, if it is whole.
 *
 * Failures, each of which has been logged in words:
 * -EPERM	it is not ours (check_owner)
 * -ENOTDIR	path is no directory
 * -ENOTEMPTY	it is a directory that nobody would take for a Maildir, with something else in it: not touched
 * or what a system call gave.
 */
int account_open(const char *path, const struct account_config *config, struct account **ret);
void account_close(struct account *acc);   /* NULL is nothing to close */
void account_closep(struct account **acc); /* for _cleanup_ */

/* The Maildir's descriptor; the account's. */
int account_fd(const struct account *acc);

/* What the client sees before each name but INBOX: "" or "INBOX.". The site's, if it has set one; else what
 * was decided when the account was first opened and written down then: "INBOX." if Courier had served it, so
 * that its clients see the names they know. Lives as long as acc.
 */
const char *account_prefix(const struct account *acc);

/* A UIDVALIDITY for a new folder: no less than the time, and higher than any that was given or seen before in
 * this account, whatever crashes. It is on disk when this returns. Takes the account's lock.
 */
int account_uidvalidity(struct account *acc, uint32_t *ret);
/* That a folder came with this one from another server, so that none lower is given later. */
int account_uidvalidity_seen(struct account *acc, uint32_t uidvalidity);

/* What folders are for (RFC 6154), as clients have set it. use has its backslash: "\Trash". One folder may
 * have several; one use may be of several folders. They follow a folder that is renamed, and end with one
 * that is deleted.
 */
struct account_use {
	struct str use;
	struct str folder;
};
/* Those set now, by any session, in a's memory. */
int account_uses(struct account *acc, struct arena *a, struct account_use **ret, size_t *ret_n);
/* Sets or unsets one; neither minds if it was so already. -EINVAL if use is not a backslash and an atom. */
int account_set_use(struct account *acc, struct str folder, struct str use, bool on);
