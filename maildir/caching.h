/* maildir/caching.h: the cache, for its own files only */
#pragma once
#include <lmdb.h>
#include "base/buf.h"
#include "maildir/cache.h"

/* In the file: a folder, a kind and a UID, so that one kind of facts of one folder stands together by ascending UID. The
 * folder's own record has kind and UID 0; its value is an array of days, of its last use and of when each kind was last asked for,
 * and what it is ("MAILBOXID UIDVALIDITY"). Any other value begins with a sum of the name and the rest, 6 octets, and the day
 * when it was put there. Days are since 1970, 2 octets, little-endian.
 */
enum { KEY_FOLDER = 8, KEY_KIND = 8, KEY_UID = 9, KEY_SIZE = 13, HEAD_SIZE = 8, DAYS_SIZE = 2 * CACHE_KINDS };
#define CACHE_VERSION "imapd-cache 4"
#define CACHE_VERSION_KEY "version"

/* Where reading has come to in one kind. */
struct column {
	MDB_cursor *cursor;
	bool live;		/* of the transaction under way */
	bool end;		/* nothing of this folder and kind comes at or behind the cursor */
	uint64_t folder;
	uint32_t from, at;	/* there is nothing with from < UID < at; the cursor is at at */
	MDB_val value;
};

struct cache {
	int dir;
	char *path;
	uint64_t limit;			/* octets */
	unsigned patience_ms;		/* for the lock */
	enum { CACHE_CLOSED, CACHE_OPEN, CACHE_GIVEN_UP } state;
	uint64_t not_before;		/* clock_ms(): when to try again to open */
	int lock;			/* the lock's file; -1 */
	char name[48];			/* of the file; empty: none */
	struct crash *crash;
	MDB_env *env;
	MDB_dbi dbi;
	MDB_txn *txn;			/* for reading; NULL: none yet */
	bool reading;			/* and it is under way */
	bool read_only;			/* nothing can be written any more */
	bool look_only;			/* cache_open_to_look() */
	int error;			/* why it could not be opened */
	struct column columns[CACHE_KINDS];
	uint64_t folder;		/* the last one that was used, and what it is */
	uint32_t uidvalidity;
	char mailboxid[32];
	uint16_t days[CACHE_KINDS];	/* in its record */
	unsigned asked;			/* kinds whose days need not be written again */
	struct buf pending;		/* struct put, then octets */
	size_t npending;
	struct numbers *numbers;	/* NULL: nobody has asked for any */
};

/* What is to be written: in pending, followed by n octets, and padding. */
struct put {
	uint8_t key[KEY_SIZE];
	bool forget;			/* instead: all of that folder's UID */
	uint32_t n;
};

void cache_key_encode(uint8_t ret[KEY_SIZE], uint64_t folder, uint8_t kind, uint32_t uid);
/* Opens the file, if it has not been tried. */
bool cache_ready(struct cache *c);
/* Closes it. */
void cache_stop(struct cache *c);
/* Stops using it; broken: and the next to open it removes it. */
void cache_give_up(struct cache *c, bool broken);

/* cache_file.c: the file */
#define CACHE_FILE   "facts."
#define CACHE_BROKEN "-broken"
/* Makes c->env; all else of it is the caller's. */
int cache_file_open(struct cache *c);
void cache_file_close(struct cache *c);
/* Makes it as long as it says that it is. MDB_CORRUPTED if it lacks more than most octets. */
int cache_file_lengthen(struct cache *c, uint64_t most);
void cache_file_remove(int dir, const char *name);
/* Whoever writes, opens or removes. -ETIMEDOUT after patience_ms. */
int cache_lock(struct cache *c);
void cache_unlock(struct cache *c);
/* Whether LMDB's error means that the file can't be trusted. */
bool cache_is_damage(int error);

/* cache_guard.c: who falls over the file */
/* From begin to end a crash removes the file if it is open, if by no more than its mark: it may have been that. */
void cache_guard_begin(struct cache *c);
void cache_guard_end(struct cache *c);
/* Runs what(c, data), which only reads. MDB_CORRUPTED if it has fallen over the file. Guards are not nested. */
int cache_guard(struct cache *c, int (*what)(struct cache *c, void *data), void *data);
/* What is found can't be: leaves the mark, and does not return if it is guarded. */
void cache_guard_fall(const struct cache *c);
void cache_file_mark(const struct cache *c);

/* cache_write.c: pending goes to the file; the lock is held. An error of LMDB. */
int cache_write(struct cache *c);
/* Removes a folder; the lock is held. */
int cache_remove_folder(struct cache *c, uint64_t folder);

/* numbers.c: writes what has come to be known, and forgets it */
void numbers_close(struct cache *c);
