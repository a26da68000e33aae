/* maildir/cache_file.c: the file of facts: opened, and found to be fit or removed */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/caching.h"
#include "maildir/files.h"

enum { READERS = 500, NAME_LENGTH = sizeof CACHE_FILE - 1 + 16 };
enum { MISSING = 256 * 1024 };	/* octets at the end of a file that nobody has cut: who wrote last was killed */

void cache_file_remove(int dir, const char *name)
{
	static const char *const ends[] = { "", "-lock", CACHE_BROKEN };
	char path[64];

	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(path, sizeof path, "%s%s", name, ends[i]);
		unlinkat(dir, path, 0);
	}
}

bool cache_is_damage(int error)
{
	return error == MDB_CORRUPTED || error == MDB_PAGE_NOTFOUND || error == MDB_PANIC || error == MDB_INVALID ||
	       error == MDB_VERSION_MISMATCH || error == MDB_INCOMPATIBLE || error == MDB_PAGE_FULL ||
	       error == MDB_CURSOR_FULL || error == MDB_BAD_VALSIZE || error == MDB_BAD_TXN;
}

int cache_lock(struct cache *c)
{
	const uint64_t until = clock_ms() + c->patience_ms;

	if (c->lock < 0)
		c->lock = openat(c->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock < 0)
		return -errno;
	while (flock(c->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (clock_ms() >= until)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	return 0;
}

void cache_unlock(struct cache *c)
{
	flock(c->lock, LOCK_UN);
}

/* Whether the file's name is one that we give, without what follows it for lock and mark. */
static bool is_facts(const char *name)
{
	return strncmp(name, CACHE_FILE, sizeof CACHE_FILE - 1) == 0 && strlen(name) == NAME_LENGTH;
}

/* A regular file that nobody else can write, that no process has fallen over, and that is not from when the limit was higher. */
static bool is_fit(const struct cache *c, const char *name)
{
	char mark[64];
	struct stat st;

	snprintf(mark, sizeof mark, "%.*s" CACHE_BROKEN, NAME_LENGTH, name);
	return faccessat(c->dir, mark, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)) &&
	       (c->look_only || (uint64_t)st.st_size <= c->limit);
}

/* The file that there is; what is not fit to be it is removed, unless we only look. LMDB's lock goes by the file's name, which no
 * other file ever has, so that both always belong together, whoever removes one of them. Lock is held. Returns whether something was not fit.
 */
static bool find_file(struct cache *c)
{
	_cleanup_(files_dir_closep) DIR *d = files_dir(c->dir, ".");
	const struct dirent *e;
	bool unfit = false;

	c->name[0] = 0;
	while (d && (e = readdir(d))) {
		if (!is_facts(e->d_name))
			continue;
		if (!c->name[0] && is_fit(c, e->d_name)) {
			snprintf(c->name, sizeof c->name, "%.*s", NAME_LENGTH, e->d_name);
			continue;
		}
		unfit = true;
		if (!c->look_only)
			cache_file_remove(c->dir, e->d_name);
	}
	return unfit;
}

static void name_file(struct cache *c)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof bits, 0) != sizeof bits)
		bits = clock_unix_ns() ^ (uint64_t)getpid() << 32;
	snprintf(c->name, sizeof c->name, CACHE_FILE "%016llx", (unsigned long long)bits);
}

/* LMDB stops here when what it finds can't be. */
static void on_assert(MDB_env *env, const char *text)
{
	const struct cache *c = mdb_env_get_userctx(env);

	log_line(LOG_ERR, "the cache is damaged, and will be made anew: %s", text);
	cache_guard_fall(c);
}

/* LMDB does not write pages at the end that are free again, so a file may lack some; one that has been cut lacks more. What is missing would be
 * a SIGBUS, and is a page that can't be meant when it is there.
 */
int cache_file_lengthen(struct cache *c, uint64_t most)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;
	uint64_t want;
	int fd, r = mdb_env_info(c->env, &info);

	if (r == 0)
		r = mdb_env_stat(c->env, &stat);
	if (r == 0)
		r = mdb_env_get_fd(c->env, &fd);
	if (r != 0 || fstat(fd, &st) < 0)
		return r ? r : errno;
	want = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	if ((uint64_t)st.st_size >= want || info.me_last_txnid == 0)
		return 0;
	if (want - (uint64_t)st.st_size > most)
		return MDB_CORRUPTED;
	return ftruncate(fd, (off_t)want) < 0 ? errno : 0;
}

/* Whether it is ours, and of this version; or empty. */
static int check_version(struct cache *c)
{
	MDB_val key = { sizeof CACHE_VERSION_KEY - 1, (void *)(uintptr_t)CACHE_VERSION_KEY }, value;
	MDB_txn *txn;
	unsigned flags = 0;
	MDB_stat stat;
	int r = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);

	if (r != 0)
		return r;
	r = mdb_dbi_open(txn, NULL, 0, &c->dbi);
	if (r == 0)
		r = mdb_dbi_flags(txn, c->dbi, &flags);
	if (r == 0)
		r = flags ? MDB_INCOMPATIBLE : mdb_stat(txn, c->dbi, &stat);
	if (r == 0 && stat.ms_entries)
		r = mdb_get(txn, c->dbi, &key, &value);
	if (r == 0 && stat.ms_entries && !str_eq((struct str){ value.mv_data, value.mv_size }, STR(CACHE_VERSION)))
		r = MDB_INCOMPATIBLE;
	mdb_txn_abort(txn);
	return r == MDB_NOTFOUND ? MDB_INCOMPATIBLE : r;
}

static int open_env(struct cache *c, void *data)
{
	int r = mdb_env_create(&c->env);

	(void)data;
	if (r == 0)
		r = mdb_env_set_mapsize(c->env, c->limit);
	if (r == 0)
		r = mdb_env_set_maxreaders(c->env, READERS);
	if (r == 0)
		r = mdb_env_set_userctx(c->env, c);
	if (r == 0)
		r = mdb_env_set_assert(c->env, on_assert);
	if (r == 0)
		r = mdb_env_open(c->env, c->name, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC, 0600);
	if (r == 0)
		r = cache_file_lengthen(c, MISSING);
	if (r == 0)
		r = check_version(c);
	if (r == 0)
		r = mdb_reader_check(c->env, NULL);
	return r;
}

/* An error of LMDB. It opens by path only, and the directory has none for certain. */
static int try_open(struct cache *c)
{
	_cleanup_(fd_closep) int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (here < 0 || fchdir(c->dir) < 0)
		return errno;
	cache_guard_begin(c);
	r = cache_guard(c, open_env, NULL);
	if (r != 0)
		cache_file_close(c);
	if (fchdir(here) < 0)
		log_errno(-errno, "going back to the Maildir");
	return r;
}

static int open_or_make(struct cache *c)
{
	int r = 0;

	if (c->name[0]) {
		r = try_open(c);
		if (cache_is_damage(r) || r == EINVAL || r == ENOENT) {
			cache_file_remove(c->dir, c->name);
			c->name[0] = 0;
		}
	}
	if (!c->name[0]) {
		name_file(c);
		r = try_open(c);
		if (r != 0)
			cache_file_remove(c->dir, c->name);
	}
	return r;
}

static int open_to_look(struct cache *c, bool unfit)
{
	const int r = c->name[0] ? try_open(c) : unfit ? MDB_INVALID : ENOENT;

	if (r == MDB_INCOMPATIBLE || r == MDB_VERSION_MISMATCH)
		return EPROTO;
	return cache_is_damage(r) || r == EINVAL ? EBADMSG : r;
}

int cache_file_open(struct cache *c)
{
	bool unfit;
	int r;

	if (c->look_only && !find_file(c) && !c->name[0])
		return -ENOENT;	/* and no file for the lock is made */
	r = cache_lock(c);
	if (r < 0)
		return r;
	signal(SIGXFSZ, SIG_IGN);	/* a limit on the size of files is a failure to write as any other */
	unfit = find_file(c);
	r = c->look_only ? open_to_look(c, unfit) : open_or_make(c);
	cache_unlock(c);
	return r > 0 ? -r : r < 0 ? -EIO : 0;
}

void cache_file_close(struct cache *c)
{
	if (c->env)
		mdb_env_close(c->env);
	c->env = NULL;
}
