/* maildir/cache.h: a place for what may be lost: it only saves work */
#pragma once
#include "base/str.h"

/* A directory for all of one account. Anybody may remove it at any time, also while it is in use. */
struct cache;

enum { CACHE_SIZE_LEAST = 4 << 20 };

/* Opens it, and makes it where it is missing, 0700: imapd.cache in the Maildir; or, with where (IMAPD_CACHEDIR, absolute), a
 * directory in where that is named by our uid and the Maildir's path, so no two accounts share one.
 *
 * -EPERM	what is there is no directory of ours alone
 * -EREMOTE	other machines reach the Maildir, and where is NULL
 * or what a system call gave. Each of them means: go on without.
 */
int cache_open(int maildir_fd, const char *where, struct cache **ret);
/* The same, where there is one (-ENOENT): nothing in it is made, removed or remembered. */
int cache_open_to_look(int maildir_fd, const char *where, struct cache **ret);
void cache_close(struct cache *c);	/* NULL is nothing to close; what was put goes in first */
void cache_closep(struct cache **c);	/* for _cleanup_ */

/* The directory's descriptor; the cache's. */
int cache_dir(const struct cache *c);
/* Its path if it is in where; NULL: it is in the Maildir. */
const char *cache_path(const struct cache *c);
/* IMAPD_CACHE_SIZE: octets that the file of facts may have, at least CACHE_SIZE_LEAST; before anything else. */
void cache_limit(struct cache *c, uint64_t octets);
/* How long to wait for who else writes or opens it, in milliseconds; before anything else. Else 100, after which a session does without. */
void cache_patience(struct cache *c, unsigned ms);

/* Runs what(data), which may open folders with this cache. False if what it used of a snapshot is not there any more, or not what it was: then what()
 * has ended where that was found out, as if it had been killed there, and nothing that it had opened or allocated may be touched again, not
 * even to release it. So the process can do little but end; the snapshots are removed. c NULL: what() is just run.
 */
bool cache_survive(struct cache *c, void (*what)(void *data), void *data);
/* Lets it be so. Returns if nothing is run by cache_survive(). */
void cache_lost(const struct cache *c);

/* Facts: what is known of messages. In a file that is opened when it is first needed; nothing fails, all that can happen is that nothing is
 * found and nothing is kept, as with c NULL. Never used in a process that was forked after that.
 */
enum {
	CACHE_KINDS = 16,	/* kinds count from 1 */
	CACHE_OF_FOLDER = CACHE_KINDS - 1,	/* the kind of what is of a folder, which no message takes with it; then the UID is any number */
};
struct cache_key {
	uint64_t folder;	/* cache_folder() */
	uint64_t name;		/* cache_name(): a fact that was left under another is none */
	uint32_t uid;
	uint8_t kind;
};
uint64_t cache_name(struct str base);
/* What stands for a folder from here on; c is not NULL. That it is used is remembered. */
uint64_t cache_folder(struct cache *c, const char *mailboxid, uint32_t uidvalidity);
/* A client has asked for these kinds (1 << kind) in the folder that cache_folder() was last called for; another's is left alone. */
void cache_ask(struct cache *c, uint64_t folder, unsigned kinds);
/* Which have been asked for in a folder by anybody, as far as that is written, within some 30 days. */
unsigned cache_asked(struct cache *c, const char *mailboxid, uint32_t uidvalidity);

/* Fast where UIDs ascend. *ret is good until the next call of cache_rest(), cache_commit() or cache_close(). */
bool cache_get(struct cache *c, const struct cache_key *key, struct str *ret);
/* Remembers value, from the next commit on; not one of more than a sixteenth of the limit. */
void cache_put(struct cache *c, const struct cache_key *key, struct str value);
/* All facts of a message that is no more; if the file has been opened, else it is not worth it. */
void cache_forget(struct cache *c, uint64_t folder, uint32_t uid);
/* Writes what was put, if it is more than octets; waits for other sessions for a moment only. */
void cache_commit(struct cache *c, size_t octets);
/* Before anything is waited for: nobody else should have to keep what we could still read. */
void cache_rest(struct cache *c);

/* For who looks into it (imapd-cache). Unlike the functions above these fail: a negative errno. -ENOENT: there is no file of facts;
 * -EBADMSG: it is damaged, -EPROTO: another version's, and it is left alone by who only looks. c NULL: -ENOENT.
 */
const char *cache_file(const struct cache *c);	/* the file's name in the directory, once it is open */
uint64_t cache_folder_id(const char *mailboxid, uint32_t uidvalidity);	/* as cache_folder(), without using it */
struct cache_entry {
	uint64_t folder;
	uint32_t uid;
	uint8_t kind;		/* 0: the folder itself */
	/* Since 1970. The first: when it was put there. Of a folder: when it was last used, and each kind asked for, up to a week
	 * before it really was; 0: never.
	 */
	uint16_t days[CACHE_KINDS];
	struct str value;	/* kind 0: "MAILBOXID UIDVALIDITY"; else the fact, right or not */
};
/* All that there is, in the order of folder, kind and UID. */
int cache_each(struct cache *c, void (*each)(void *data, const struct cache_entry *e), void *data);
int cache_drop_folder(struct cache *c, uint64_t folder);
/* The whole file; whoever uses it goes on with what is no more there for others. */
int cache_drop(struct cache *c);
