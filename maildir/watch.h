/* maildir/watch.h: the kernel tells which names come and go in a folder (inotify) */
#pragma once
#include <sys/inotify.h>
#include "base/arena.h"

struct watch {
	int fd;		   /* -1: not armed */
	int cur, new, top; /* watch descriptors */
	char *buf;	   /* what has been read and not yet been given out */
	size_t at, n;
};
void watch_init(struct watch *w);
/* The kernel takes some 15 ms to close an instance, and a client that goes to another folder would wait for it. So one is kept in *spare (-1
 * where there is none yet), if that is not NULL.
 */
void watch_close(struct watch *w, int *spare);

/* Arms it for these directories, with the spare instance if there is one; the buffer is made in a. -EMFILE, -ENOSPC, -ENOSYS and so on:
 * nothing is armed. */
int watch_arm(struct watch *w, struct arena *a, int top, int cur, int new, int *spare);

struct watch_event {
	enum { WATCH_CUR, WATCH_NEW, WATCH_TOP } where;
	enum { WATCH_CAME, WATCH_WENT, WATCH_LOST, WATCH_OTHER } what; /* LOST: some were lost; look at all */
	uint32_t cookie; /* the same, and not 0, for both ends of a rename */
	struct str name; /* good until the next call; a NUL behind it */
};
/* The next that is there; never waits. False if there is none. */
bool watch_next(struct watch *w, struct watch_event *ret);
