/* maildir/files.c: small files written whole or not at all, and trees removed */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "maildir/files.h"

const char *files_unique(struct arena *a, const char *prefix)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
		bits = clock_unix_ns() ^ (uint64_t)getpid() << 32;
	return arena_printf(a, "%s%016llx", prefix, (unsigned long long)bits);
}

int files_read(int dir, const char *name, size_t max, struct buf *ret)
{
	_cleanup_(fd_closep) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? fd_slurp(fd, max, ret) : -EINVAL;
}

int files_sync(int fd, bool sync)
{
	return sync && fsync(fd) < 0 ? -errno : 0;
}

/* Leaves nothing if it fails. */
static int write_new(int dir, const char *path, mode_t mode, struct str content, bool sync)
{
	_cleanup_(fd_closep) int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, content.s, content.n);
	if (r >= 0)
		r = files_sync(fd, sync);
	if (r < 0)
		unlinkat(dir, path, 0);
	return r;
}

static int replace(int dir, const char *name, mode_t mode, struct str content, bool sync)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const char *path = files_unique(&arena, "tmp/" TMP_FILE);
	int r = write_new(dir, path, mode, content, sync);

	if (r < 0)
		return r;
	if (renameat(dir, path, dir, name) < 0) {
		r = -errno;
		unlinkat(dir, path, 0);
		return r;
	}
	return files_sync(dir, sync);
}

int files_replace(int dir, const char *name, struct str content, bool sync)
{
	return replace(dir, name, 0666, content, sync);
}

int files_replace_private(int dir, const char *name, struct str content, bool sync)
{
	return replace(dir, name, 0600, content, sync);
}

bool files_is_dir(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int files_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	struct stat st;

	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;

	/* Not every file system can do that; then it takes a look before, and the account's lock. */
	if (fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from_dir, from, to_dir, to) < 0 ? -errno : 0;
}

DIR *files_dir(int at, const char *path)
{
	const int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

void files_dir_closep(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int remove_at(int dir, const char *name, unsigned depth);

/* All that is in a directory; fd is used up. Returns how many entries are gone, or a negative errno. */
static int empty_dir(int fd, unsigned depth)
{
	_cleanup_(files_dir_closep) DIR *dir = fdopendir(fd);
	struct dirent *e;
	int n = 0;

	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((e = readdir(dir))) {
		int r;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = remove_at(dirfd(dir), e->d_name, depth);
		if (r < 0)
			return r;
		n = 1;
	}
	return n;
}

/* Empties it until that is all: what is removed during readdir() may hide something, and a program that still
 * has the directory open may add to it.
 */
static int remove_dir(int dir, const char *name, unsigned depth)
{
	enum { DEEPEST = 100, ROUNDS = 20 };

	if (depth == DEEPEST)
		return -ELOOP;
	for (int round = 0; round < ROUNDS; round++) {
		const int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int r;

		if (fd < 0)
			return errno == ENOENT ? 0 : -errno;
		r = empty_dir(fd, depth + 1);
		if (r < 0)
			return r;
		if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return -errno;
	}
	return -ENOTEMPTY;
}

static int remove_at(int dir, const char *name, unsigned depth)
{
	struct stat st;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;

	const int r = -errno;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return remove_dir(dir, name, depth);
	return r;
}

int files_remove_tree(int dir, const char *name)
{
	return remove_at(dir, name, 0);
}

enum { NFS = 0x6969 };

/* File systems that other machines can change behind our back, by statfs(2). */
static const uint32_t remote_types[] = {
	NFS,
	0x517b,	    /* SMB */
	0xfe534d42, /* SMB2 */
	0xff534d42, /* CIFS */
	0x00c36400, /* Ceph */
	0x65735546, /* FUSE: GlusterFS, sshfs */
	0x01021997, /* 9P */
	0x5346414f, /* AFS */
	0x0bd00bd0, /* Lustre */
	0x01161970, /* GFS2 */
	0x7461636f, /* OCFS2 */
	0x47504653, /* GPFS */
	0,
};

bool files_remote(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return true;
	for (size_t i = 0; remote_types[i]; i++)
		if ((uint32_t)st.f_type == remote_types[i])
			return true;
	return false;
}

bool files_nfs(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && (uint32_t)st.f_type == NFS;
}
