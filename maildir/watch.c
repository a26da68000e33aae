/* maildir/watch.c: the kernel tells which names come and go in a folder */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/fd.h"
#include "maildir/watch.h"

enum { BUF = 4096 }; /* of one session for as long as it watches; some forty events */

void watch_init(struct watch *w)
{
	*w = (struct watch){ .fd = -1 };
}

/* Nothing more comes then, but what is to be read already. */
static void rest(const struct watch *w)
{
	const int all[] = { w->cur, w->new, w->top };

	for (size_t i = 0; i < COUNT(all); i++)
		inotify_rm_watch(w->fd, all[i]);
}

void watch_close(struct watch *w, int *spare)
{
	if (w->fd >= 0 && spare && *spare < 0) {
		rest(w);
		*spare = w->fd;
		w->fd = -1;
	}
	fd_closep(&w->fd);
	w->at = w->n = 0;
}

/* The spare instance, with nothing left to be read, or a new one. */
static int take(int *spare)
{
	char old[BUF];
	ssize_t n;
	int fd;

	if (!spare || *spare < 0)
		return inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	fd = *spare;
	*spare = -1;
	do
		n = read(fd, old, sizeof old);
	while (n > 0 || (n < 0 && errno == EINTR));
	return fd;
}

/* There is no call that takes a descriptor; /proc has a path for it, also when its own path has changed. */
static int add(int fd, int dir, uint32_t mask)
{
	char path[40];
	int wd;

	snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
	wd = inotify_add_watch(fd, path, mask | IN_ONLYDIR);
	return wd < 0 ? -errno : wd;
}

int watch_arm(struct watch *w, struct arena *a, int top, int cur, int new, int *spare)
{
	const uint32_t names = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE;
	const int fd = take(spare);
	int r = fd;

	if (fd < 0)
		return -errno;
	if (r >= 0)
		r = w->cur = add(fd, cur, names);
	if (r >= 0)
		r = w->new = add(fd, new, names);
	if (r >= 0)
		r = w->top = add(fd, top, IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF);
	if (r < 0) {
		close(fd);
		return r;
	}
	w->fd = fd;
	w->at = w->n = 0;
	if (!w->buf)
		w->buf = arena_alloc(a, BUF);
	return 0;
}

static void translate(const struct watch *w, const struct inotify_event *e, struct watch_event *ret)
{
	*ret = (struct watch_event){ .cookie = e->cookie, .name = str_z(e->len ? e->name : "") };
	ret->where = e->wd == w->cur ? WATCH_CUR : e->wd == w->new ? WATCH_NEW : WATCH_TOP;
	if (e->mask & IN_Q_OVERFLOW || (e->mask & (IN_IGNORED | IN_UNMOUNT) && ret->where != WATCH_TOP))
		ret->what = WATCH_LOST;
	else if (e->mask & IN_ISDIR)
		ret->what = WATCH_OTHER;
	else if (e->mask & (IN_MOVED_TO | IN_CREATE))
		ret->what = WATCH_CAME;
	else if (e->mask & (IN_MOVED_FROM | IN_DELETE))
		ret->what = WATCH_WENT;
	else
		ret->what = WATCH_OTHER;
}

bool watch_next(struct watch *w, struct watch_event *ret)
{
	struct inotify_event e;

	if (w->fd < 0)
		return false;
	if (w->at == w->n) {
		ssize_t n;

		while ((n = read(w->fd, w->buf, BUF)) < 0 && errno == EINTR)
			;
		if (n <= 0)
			return false;
		w->at = 0;
		w->n = (size_t)n;
	}
	memcpy(&e, w->buf + w->at, sizeof e);
	translate(w, (const void *)(w->buf + w->at), ret);
	w->at += sizeof e + e.len;
	return true;
}
