/* maildir/inside.h: what an account is made of; for this room only */
#pragma once
#include <sys/types.h>
#include <time.h>
#include "base/buf.h"
#include "maildir/account.h"
#include "maildir/files.h"

#define ACCOUNT_FILE "imapd.account"
#define ACCOUNT_LOCK "imapd.account.lock"
#define RENAME_FILE  "imapd.rename"
#define SUBSCRIBED   "courierimapsubscribed"

/* UIDVALIDITYs that imapd.account says are given, and are not yet. They are ours as long as it is the file that we wrote, since whoever
 * gives or sees another writes a new one.
 */
struct reserve {
	uint32_t next, left;
	uint32_t size;	/* how many were reserved the last time */
	dev_t dev;
	ino_t ino;
	struct timespec ctime;
};

struct account {
	struct arena arena; /* this struct, too, is in it */
	int fd;
	bool sync, look_only;
	bool said_twins; /* the log knows of folders that are there in two spellings */
	const char *prefix;
	struct reserve reserve;
};

/* The lock of all that changes more than one folder, or files of the account: flock() on a file of its own,
 * so that it ends with its holder. account_lock() waits for so long, then -ETIMEDOUT; account_trylock()
 * does not, and gives -EAGAIN. It is given back by fd_closep().
 *
 * One that is held for ACCOUNT_LOCK_STALE_S seconds is broken: its holder hangs. So who has it asks
 * account_lock_check() right before it changes anything: -ENOLCK if it is not ours any more.
 */
enum {
	ACCOUNT_LOCK_STALE_S = 120,
	ACCOUNT_WRITE_MS = 15000,
	ACCOUNT_READ_MS = 5000, /* for what is only to be read, and can be without */
};
int account_lock(struct account *acc, unsigned wait_ms, int *ret_fd);
int account_trylock(struct account *acc, int *ret_fd);
int account_lock_check(struct account *acc, int lock);

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
