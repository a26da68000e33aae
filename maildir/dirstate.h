/* maildir/dirstate.h: by what a directory is known to have changed */
#pragma once
#include <stdint.h>
#include <sys/stat.h>

/* One that has the same state is the same. */
struct dir_state {
	uint64_t ino, mtime, ctime; /* ns */
};

static inline uint64_t dir_state_ns(struct timespec t)
{
	return t.tv_sec < 0 ? 0 : (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline struct dir_state dir_state_of(const struct stat *st)
{
	return (struct dir_state){ .ino = st->st_ino, .mtime = dir_state_ns(st->st_mtim), .ctime = dir_state_ns(st->st_ctim) };
}
