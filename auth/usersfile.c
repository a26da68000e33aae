/* auth/usersfile.c: the file of virtual users, to be changed: locked, and replaced whole */
#define _GNU_SOURCE
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "auth/usersfile.h"
#include "base/fd.h"

enum { PATIENCE = 100, PAUSE_US = 100000 }; /* ten seconds, in steps */

void usersfile_release(struct usersfile *f)
{
	fd_closep(&f->fd);
	free(f->path);
	f->path = NULL;
	if (f->text.s)
		wipe(f->text.s, f->text.size);
	buf_release(&f->text);
}

/* Locked, and still the file of that name: who waited may hold one that was replaced. Returns 1, 0 to try
 * again, or a negative errno.
 */
static int lock(struct usersfile *f, const char *path, bool create)
{
	struct stat held, named;

	fd_closep(&f->fd);
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (create ? O_CREAT : 0), 0600);
	if (f->fd < 0 || fstat(f->fd, &held) < 0)
		return -errno;
	if (!S_ISREG(held.st_mode))
		return -EINVAL;
	if (flock(f->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	return stat(path, &named) == 0 && named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

int usersfile_open(const char *path, bool create, struct usersfile *ret)
{
	struct usersfile f = { .fd = -1 };
	int r = 0;

	for (int i = 0; i < PATIENCE && r == 0; i++) {
		if (i)
			usleep(PAUSE_US);
		r = lock(&f, path, create);
	}
	if (r == 0)
		r = -EAGAIN;
	if (r > 0) {
		f.path = realpath(path, NULL);
		r = f.path ? fd_slurp(f.fd, USERSFILE_MAX, &f.text) : -errno;
	}
	if (r < 0)
		usersfile_release(&f);
	else
		*ret = f;
	return r;
}

/* Whole, with the owner and mode of the old one, and on the disk. */
static int fill(int fd, const struct usersfile *f, struct str text)
{
	struct stat st;
	int r;

	if (fstat(f->fd, &st) < 0)
		return -errno;
	if ((st.st_uid != geteuid() || st.st_gid != getegid()) && fchown(fd, st.st_uid, st.st_gid) < 0)
		return -errno;
	if (fchmod(fd, st.st_mode & 07777) < 0)
		return -errno;
	r = fd_write_all(fd, text.s, text.n);
	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *path)
{
	_cleanup_(fd_closep) int fd = -1;
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int replace(const struct usersfile *f, struct str text)
{
	_cleanup_(fd_closep) int fd = -1;
	char temp[PATH_MAX];
	int r;

	if (snprintf(temp, sizeof temp, "%s.XXXXXX", f->path) >= (int)sizeof temp)
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fill(fd, f, text);
	if (r == 0 && rename(temp, f->path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temp);
	return r < 0 ? r : sync_directory(f->path);
}

int usersfile_replace(struct usersfile *f, struct str old, struct str new)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const struct str all = buf_view(&f->text);
	const size_t at = old.n ? (size_t)(old.s - all.s) : all.n;
	int r;

	buf_str(&text, str_head(all, at));
	if (text.n && text.s[text.n - 1] != '\n')
		buf_c(&text, '\n');
	buf_str(&text, new);
	buf_str(&text, str_from(all, at + old.n + (old.n ? 1 : 0)));
	r = replace(f, buf_view(&text));
	if (text.s)
		wipe(text.s, text.size);
	return r;
}
