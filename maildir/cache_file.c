/* maildir/cache_file.c: the file of facts: opened, found to be fit or removed, and marked when a process falls over it */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/caching.h"
#include "maildir/files.h"

enum { READERS = 500, ALTERNATE_STACK = 64 * 1024, NAME_LENGTH = sizeof CACHE_FILE - 1 + 16 };
enum { MISSING = 256 * 1024 };	/* octets at the end of a file that nobody has cut: who wrote last was killed */

/* At the beginning of the stack that the handler runs on, which is how it finds it: nothing is at file scope. */
struct crash {
	uint64_t magic;
	int dir;
	char mark[64];
	struct sigaction before[2];	/* what was done with SIGSEGV and SIGBUS */
	stack_t stack;
};
static const int crashes[] = { SIGSEGV, SIGBUS };
static const uint64_t magic = UINT64_C(0x6373ae1b40c5f20d);

static void leave_mark(int dir, const char *mark)
{
	const int fd = openat(dir, mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0)
		close(fd);
}

/* Only calls that a handler may make. What was to happen without us happens afterwards. */
static void crashed(int sig, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	const struct crash *k = at->uc_stack.ss_sp;
	const struct sigaction end = { .sa_handler = SIG_DFL };
	const bool ours = k && at->uc_stack.ss_size == ALTERNATE_STACK && k->magic == magic;

	(void)info;
	if (ours)
		leave_mark(k->dir, k->mark);
	sigaction(sig, ours ? &k->before[sig == SIGBUS] : &end, NULL);
	raise(sig);
}

/* From now on a crash removes the file, if by no more than its mark: whatever has crashed, it may have been that. */
static void watch_crashes(struct cache *c)
{
	const struct sigaction action = { .sa_sigaction = crashed, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	void *p = mmap(NULL, ALTERNATE_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct crash *k = p;

	if (p == MAP_FAILED)
		return;
	*k = (struct crash){ .magic = magic, .dir = c->dir };
	snprintf(k->mark, sizeof k->mark, "%s" CACHE_BROKEN, c->name);
	if (sigaltstack(&(stack_t){ .ss_sp = p, .ss_size = ALTERNATE_STACK }, &k->stack) < 0) {
		munmap(p, ALTERNATE_STACK);
		return;
	}
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &action, &k->before[i]);
	c->crash = k;
}

static void unwatch_crashes(struct cache *c)
{
	struct crash *k = c->crash;

	if (!k)
		return;
	for (size_t i = 0; i < COUNT(crashes); i++)
		sigaction(crashes[i], &k->before[i], NULL);
	sigaltstack(&k->stack, NULL);
	munmap(k, ALTERNATE_STACK);
	c->crash = NULL;
}

void cache_file_mark(const struct cache *c)
{
	char mark[64];

	snprintf(mark, sizeof mark, "%s" CACHE_BROKEN, c->name);
	leave_mark(c->dir, mark);
}

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
	const uint64_t until = clock_ms() + CACHE_LOCK_MS;

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
	cache_file_mark(c);
}

/* LMDB opens by path only, and the directory has none for certain. */
static int open_in_dir(struct cache *c)
{
	_cleanup_(fd_closep) int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (here < 0 || fchdir(c->dir) < 0)
		return errno;
	r = mdb_env_open(c->env, c->name, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOMETASYNC, 0600);
	if (fchdir(here) < 0)
		log_errno(-errno, "going back to the Maildir");
	return r;
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

/* An error of LMDB. */
static int try_open(struct cache *c)
{
	int r = mdb_env_create(&c->env);

	if (r == 0)
		r = mdb_env_set_mapsize(c->env, c->limit);
	if (r == 0)
		r = mdb_env_set_maxreaders(c->env, READERS);
	if (r == 0)
		r = mdb_env_set_userctx(c->env, c);
	if (r == 0)
		r = mdb_env_set_assert(c->env, on_assert);
	if (r == 0)
		r = open_in_dir(c);
	if (r == 0)
		r = cache_file_lengthen(c, MISSING);
	if (r == 0)
		r = check_version(c);
	if (r == 0)
		r = mdb_reader_check(c->env, NULL);
	if (r != 0) {
		mdb_env_close(c->env);
		c->env = NULL;
	}
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
	int r = cache_lock(c);
	bool unfit;

	if (r < 0)
		return r;
	signal(SIGXFSZ, SIG_IGN);	/* a limit on the size of files is a failure to write as any other */
	unfit = find_file(c);
	r = c->look_only ? open_to_look(c, unfit) : open_or_make(c);
	cache_unlock(c);
	if (r == 0)
		watch_crashes(c);
	return r > 0 ? -r : r < 0 ? -EIO : 0;
}

void cache_file_close(struct cache *c)
{
	unwatch_crashes(c);
	if (c->env)
		mdb_env_close(c->env);
	c->env = NULL;
	fd_closep(&c->lock);
}
