/* maildir/lock.h: one session at a time changes a folder */
#pragma once
#include <sys/types.h>
#include "base/base.h"

/* Two locks, as they have different gifts. flock() on the file imapd.lock, where the file system is local
 * (or, without IMAP_USELOCKS, wherever it works): it ends with its process, however that dies. And with
 * IMAP_USELOCKS the dot-lock of Courier and its tools, tmp/courier.lock: a file that link() makes, with
 * "pid:hostname" in it, which works on NFS.
 *
 * A dot-lock is broken, with a line on the log, if its process is dead (on this host) or it is older than 120
 * s. So is a flock() held for longer than that: the file is replaced. Therefore a holder asks lock_check()
 * before it writes, and lock_refresh() while it is busy for long.
 */
struct lock {
	bool held, dotted, flocked;
	int fd;	      /* imapd.lock, kept open between; -1 */
	int dir, tmp; /* borrowed */
	const char *hostname;
	bool use_dot, remote;
	dev_t dev; /* the dot-lock's own */
	ino_t ino;
	time_t touched; /* and its time, as the file system has it */
	uint64_t since; /* clock_ms() of lock_take() or the last refresh */
};
#define LOCK_FILE "imapd.lock"
#define LOCK_DOT  "courier.lock"
enum { LOCK_STALE_S = 120 };

void lock_init(struct lock *l, int dir, int tmp, const char *hostname, bool use_dot, bool remote);
void lock_release(struct lock *l); /* drops it, too */

/* Waits for at most wait_ms. -ETIMEDOUT: somebody else has it; or why it can't be had at all, -EROFS for one.
 */
int lock_take(struct lock *l, unsigned wait_ms);
void lock_drop(struct lock *l);
/* Whether there is a dot-lock that lock_take() would break. */
bool lock_is_stale(const struct lock *l);
/* 0 if it is still ours, else -ENOLCK: then nothing may be written. */
int lock_check(const struct lock *l);
/* That the holder is alive; call now and then in long work. As lock_check(). */
int lock_refresh(struct lock *l);
/* Who breaks locks in a directory has it to himself meanwhile: else he might see that one is stale, and take away what another who saw that,
 * too, has made in its place. False: somebody else is at it.
 */
bool lock_guard(int dir);
void lock_unguard(int dir);
/* Changes whenever it is taken or refreshed. */
int64_t lock_touched(const struct lock *l);
