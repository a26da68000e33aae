/* t/lock.h: a folder with its locks */
#pragma once
#include <fcntl.h>
#include "maildir/lock.h"
#include "t/folder.h"

struct place {
	struct t_folder f;
	int tmp;
};

static inline struct place place(void)
{
	struct place p = { .f = t_folder_make() };

	t_make_dirs(&p.f);
	p.tmp = openat(p.f.fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p;
}

static inline void leave(struct place *p)
{
	close(p->tmp);
	t_folder_remove(&p->f);
}

static inline struct lock lock_of(const struct place *p, bool use_dot, bool remote)
{
	struct lock l;

	lock_init(&l, p->f.fd, p->tmp, "host", use_dot, remote);
	return l;
}

/* With which of the locks: flock only, both, the dot-lock only. */
static const struct {
	bool use_dot, remote;
} kinds[] = {
	{false, false},
	  { true, false},
	   { true, true }
};
