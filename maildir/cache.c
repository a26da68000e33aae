/* maildir/cache.c: a place for what may be lost: it only saves work */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/digest.h"
#include "base/fd.h"
#include "maildir/cache.h"
#include "maildir/files.h"

#define IN_MAILDIR "imapd.cache"

struct cache {
	int dir;
	char *path;
};

/* What the Maildir is called within where. It goes by its path since device numbers of network file systems change. */
static int name_for(int maildir_fd, char *ret, size_t size)
{
	char link[64], path[4096], hex[DIGEST_HEX + 1];
	struct digest d;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", maildir_fd);
	n = readlink(link, path, sizeof path);
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof path)
		return -ENAMETOOLONG;
	digest_init(&d);
	digest_add(&d, path, (size_t)n);
	digest_end(&d, hex);
	snprintf(ret, size, "%u.%s", (unsigned)geteuid(), hex);
	return 0;
}

/* A directory that nobody else can write to; not what somebody has put in its place. */
static int open_own(int at, const char *path, int *ret)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	*ret = fd;
	fd = -1;
	return 0;
}

int cache_open(int maildir_fd, const char *where, struct cache **ret)
{
	_cleanup_(buf_release) struct buf path = { 0 };
	char name[64];
	int dir, r;

	if (!where) {
		r = files_remote(maildir_fd) ? -EREMOTE : open_own(maildir_fd, IN_MAILDIR, &dir);
	} else {
		r = name_for(maildir_fd, name, sizeof name);
		buf_printf(&path, "%s/%s", where, name);
		r = r == 0 ? open_own(AT_FDCWD, buf_cstr(&path), &dir) : r;
	}
	if (r < 0)
		return r;
	*ret = must_alloc(sizeof **ret);
	**ret = (struct cache){ .dir = dir, .path = where ? must_strdup(buf_cstr(&path)) : NULL };
	return 0;
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	fd_closep(&c->dir);
	free(c->path);
	free(c);
}

void cache_closep(struct cache **c)
{
	cache_close(*c);
	*c = NULL;
}

int cache_dir(const struct cache *c)
{
	return c->dir;
}

const char *cache_path(const struct cache *c)
{
	return c->path;
}
