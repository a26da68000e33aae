/* maildir/inside.h: what an account is made of; for this room only */
#pragma once
#include "base/buf.h"
#include "maildir/account.h"
#include "maildir/files.h"

#define ACCOUNT_FILE "imapd.account"
#define ACCOUNT_LOCK "imapd.lock"
#define RENAME_FILE  "imapd.rename"
#define SUBSCRIBED   "courierimapsubscribed"

struct account {
	struct arena arena; /* this struct, too, is in it */
	int fd;
	bool sync;
	bool said_twins; /* the log knows of folders that are there in two spellings */
	const char *prefix;
};

/* The lock of all that changes more than one folder, or files of the account: flock() on imapd.lock, so that
 * it ends with its holder. Waits some seconds, then -ETIMEDOUT. Give it back by fd_closep().
 */
int account_lock(struct account *acc, int *ret_fd);
/* The same without waiting: -EAGAIN if it is taken. */
int account_trylock(struct account *acc, int *ret_fd);

/* What imapd.account says. In an arena. */
struct account_state {
	bool exists; /* there is such a file, and it is ours */
	struct str prefix;
	uint32_t uidvalidity; /* the highest that was given or seen */
	struct account_use *uses;
	size_t nuses;
	struct str others; /* lines that we don't know, kept as they are */
};
int account_state_read(struct account *acc, struct arena *a, struct account_state *ret);
/* Under the lock. */
int account_state_write(struct account *acc, const struct account_state *state);

/* Under the lock: what the folders are for follows them. from and all below it is now to and below it; an
 * empty to is for from alone, which is gone. 1 if the state has changed.
 */
int account_uses_follow(struct account_state *state, struct arena *a, struct str from, struct str to);

/* The directory of a folder that exists, in the Maildir; in a's memory. -ENOENT */
int folder_find(struct account *acc, struct arena *a, struct str name, const char **ret);
/* Whether something that looks like name is there: a folder, or an entry in either spelling that is none. 1,
 * 0, or negative.
 */
int folder_name_taken(struct account *acc, struct str name);

/* Under the lock: finishes the rename that a crash has left. 0 also if there is none. */
int rename_recover(struct account *acc);

/* Under the lock, at the first opening: takes Dovecot's subscriptions over if there are none of Courier's. */
int subscribe_import(struct account *acc);
