/* maildir/lock.c: one session at a time changes a folder */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/lock.h"
#include "maildir/mdname.h"

enum { REFRESH_MS = 1000 };

void lock_init(struct lock *l, int dir, int tmp, const char *hostname, bool use_dot, bool remote)
{
	*l = (struct lock){ .fd = -1,
			    .dir = dir,
			    .tmp = tmp,
			    .use_dot = use_dot,
			    .remote = remote,
			    .hostname = hostname && *hostname ? hostname : "localhost" };
}

void lock_release(struct lock *l)
{
	if (l->held)
		lock_drop(l);
	fd_closep(&l->fd);
}

static void sleep_ms(unsigned ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* Seconds since the file was last touched; a clock that went back makes it 0. */
static uint64_t age(const struct stat *st)
{
	const uint64_t now = clock_unix();

	return st->st_mtim.tv_sec < 0 || (uint64_t)st->st_mtim.tv_sec > now
		       ? 0
		       : now - (uint64_t)st->st_mtim.tv_sec;
}

/* Whether it is our dot-lock. Once ours was broken, another may have got its inode's number; but not before LOCK_STALE_S seconds. */
static bool is_mine(const struct lock *l, const struct stat *there)
{
	return there->st_dev == l->dev && there->st_ino == l->ino && there->st_mtim.tv_sec - l->touched <= LOCK_STALE_S;
}

/* Opens imapd.lock, or opens it again if it has been replaced. */
static int open_file(struct lock *l)
{
	struct stat mine, there;
	int r;

	if (l->fd >= 0 && fstat(l->fd, &mine) == 0 &&
	    fstatat(l->dir, LOCK_FILE, &there, AT_SYMLINK_NOFOLLOW) == 0 && mine.st_dev == there.st_dev &&
	    mine.st_ino == there.st_ino)
		return 0;
	fd_closep(&l->fd);
	l->fd = openat(l->dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		       0666);
	if (l->fd < 0)
		return -errno;
	r = fstat(l->fd, &mine) < 0 ? -errno : S_ISREG(mine.st_mode) ? 0 : -EINVAL;
	if (r < 0)
		fd_closep(&l->fd);
	return r;
}

/* Where directories can't be locked (NFS), it is left to the next look. */
bool lock_guard(int dir)
{
	return flock(dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

void lock_unguard(int dir)
{
	flock(dir, LOCK_UN);
}

/* Its process lives, but has done nothing for too long. Whoever comes now gets a file of his own; it finds
 * that out. */
static void break_file(struct lock *l)
{
	struct stat st, there;

	if (fstat(l->fd, &st) < 0 || age(&st) <= LOCK_STALE_S ||
	    fstatat(l->dir, LOCK_FILE, &there, AT_SYMLINK_NOFOLLOW) < 0 || there.st_ino != st.st_ino)
		return;
	log_line(LOG_WARNING, "a folder's lock has been held for %llu s: broken",
		 (unsigned long long)age(&st));
	unlinkat(l->dir, LOCK_FILE, 0);
}

/* 0: got it; 1: somebody else has it; or a failure. */
static int try_file(struct lock *l)
{
	int r = open_file(l);

	if (r < 0)
		return r;
	if (flock(l->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (lock_guard(l->dir)) {
			break_file(l);
			lock_unguard(l->dir);
		}
		return 1;
	}
	futimens(l->fd, NULL);
	l->flocked = true;
	if (lock_check(l) == 0)
		return 0;
	flock(l->fd, LOCK_UN);
	l->flocked = false;
	return 1;
}

/* Whether the process that is named in a dot-lock, "pid:hostname", can't be there any more. On a local file system all are
 * processes of this machine. */
static bool stale(const struct lock *l, struct str who, const struct stat *st)
{
	struct str pid;
	uint32_t n;

	if (age(st) > LOCK_STALE_S)
		return true;
	if (!l->remote && age(st) > clock_uptime()) /* a power cut has left it: PID may be another process, or lost */
		return true;
	if (!str_cut(&who, ':', &pid) || !str_eq(who, str_z(l->hostname)) || !str_u32(pid, &n) || n == 0 ||
	    n > INT32_MAX)
		return false;
	if ((pid_t)n == getpid())
		return l->flocked; /* else another folder handle of this process may have it */
	return kill((pid_t)n, 0) < 0 && errno == ESRCH;
}

static bool find_stale(const struct lock *l, const char *name, struct stat *ret, struct buf *ret_who)
{
	buf_clear(ret_who);
	return fstatat(l->tmp, name, ret, AT_SYMLINK_NOFOLLOW) == 0 &&
	       !(S_ISREG(ret->st_mode) && fd_slurp_at(l->tmp, name, 512, ret_who) < 0) &&
	       stale(l, buf_view(ret_who), ret);
}

/* Who gives it back and ends while we look seems to have left it: the second time it is not there. */
bool lock_is_stale(const struct lock *l)
{
	_cleanup_(buf_release) struct buf who = { 0 };
	struct stat st;

	return find_stale(l, LOCK_DOT, &st, &who) && find_stale(l, LOCK_DOT, &st, &who);
}

/* Removes the dot-lock if it is stale. It is moved away first, and looked at again: its holder may have given it back, and another have put
 * his own there.
 */
static void break_dot(struct lock *l)
{
	_cleanup_(buf_release) struct buf who = { 0 };
	char name[MDNAME_MAX + 1];
	struct stat st;

	if (!find_stale(l, LOCK_DOT, &st, &who))
		return;
	mdname_unique(NULL, (unsigned)(uintptr_t)l, l->hostname, name);
	if (renameat(l->tmp, LOCK_DOT, l->tmp, name) < 0)
		return;
	if (find_stale(l, name, &st, &who) || linkat(l->tmp, name, l->tmp, LOCK_DOT, 0) < 0)
		log_line(LOG_WARNING, "a folder's lock of %.*s is %llu s old: broken", (int)who.n, who.s,
			 (unsigned long long)age(&st));
	unlinkat(l->tmp, name, 0);
}

static int write_own(const struct lock *l, const char *name)
{
	char text[300];
	const int n = snprintf(text, sizeof text, "%d:%.256s", (int)getpid(), l->hostname);
	const int fd = openat(l->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, (size_t)n);
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r < 0)
		unlinkat(l->tmp, name, 0);
	return r;
}

/* As try_file(). The link count tells whether link() worked, also where its answer got lost (NFS). */
static int try_dot(struct lock *l)
{
	char name[MDNAME_MAX + 1];
	struct stat st;
	int r;

	mdname_unique(NULL, (unsigned)(uintptr_t)l, l->hostname, name);
	r = write_own(l, name);
	if (r < 0)
		return r;
	r = linkat(l->tmp, name, l->tmp, LOCK_DOT, 0) < 0 ? -errno : 0;
	if (fstatat(l->tmp, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		r = st.st_nlink == 2 ? 0 : r;
	} else if (r == 0) {	/* nor could it be seen later whether it is still ours */
		r = -errno;
		unlinkat(l->tmp, LOCK_DOT, 0);
	}
	unlinkat(l->tmp, name, 0);
	if (r < 0 && r != -EEXIST)
		return r;
	if (r < 0) {
		if (lock_guard(l->dir)) {
			break_dot(l);
			lock_unguard(l->dir);
		}
		return 1;
	}
	l->dotted = true;
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->touched = st.st_mtim.tv_sec;
	return 0;
}

static bool unsupported(int r)
{
	return r == -ENOLCK || r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL || r == -EBADF;
}

static int try_both(struct lock *l)
{
	int r = 0;

	if (!l->flocked && (!l->use_dot || !l->remote)) {
		r = try_file(l);
		if (unsupported(r))
			r = 0;
	}
	if (r == 0 && l->use_dot)
		r = try_dot(l);
	if ((r == -ENOSPC || r == -EDQUOT) && l->flocked) /* else nobody could make room by removing mail */
		r = 0;
	return r;
}

/* flock() can't wait with a limit, and the dot-lock not at all, so both are tried again and again: flock() so often that who has much to
 * do, and has the lock nearly all the time as each change waits for the disk, does not keep others out.
 */
static unsigned longest_pause(const struct lock *l)
{
	return l->flocked || l->remote ? 50 : 5;
}

int lock_take(struct lock *l, unsigned wait_ms)
{
	const uint64_t start = clock_ms();
	unsigned pause = 1;
	int r;

	l->since = start;
	while ((r = try_both(l)) == 1 && clock_ms() - start < wait_ms) {
		sleep_ms(pause);
		pause = MIN(pause * 2, longest_pause(l));
		l->since = clock_ms();
	}
	if (r == 0) {
		l->held = true;
		return 0;
	}
	lock_drop(l);
	return r == 1 ? -ETIMEDOUT : r;
}

void lock_drop(struct lock *l)
{
	struct stat st;

	if (l->dotted && fstatat(l->tmp, LOCK_DOT, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_mine(l, &st))
		unlinkat(l->tmp, LOCK_DOT, 0);
	if (l->flocked)
		flock(l->fd, LOCK_UN);
	l->held = l->dotted = l->flocked = false;
}

int lock_check(const struct lock *l)
{
	struct stat mine, there;

	if (l->flocked &&
	    (fstat(l->fd, &mine) < 0 || fstatat(l->dir, LOCK_FILE, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
	     mine.st_ino != there.st_ino || mine.st_dev != there.st_dev))
		return -ENOLCK;
	if (l->dotted && (fstatat(l->tmp, LOCK_DOT, &there, AT_SYMLINK_NOFOLLOW) < 0 || !is_mine(l, &there)))
		return -ENOLCK;
	return 0;
}

/* Who tries to get both has the first one for a moment, and touches it. */
int64_t lock_touched(const struct lock *l)
{
	struct stat st;

	if (fstatat(l->use_dot ? l->tmp : l->dir, l->use_dot ? LOCK_DOT : LOCK_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

int lock_refresh(struct lock *l)
{
	struct stat st;

	if (clock_ms() - l->since < REFRESH_MS)
		return 0;
	l->since = clock_ms();
	if (lock_check(l) < 0)
		return -ENOLCK;
	if (l->flocked)
		futimens(l->fd, NULL);
	if (l->dotted && utimensat(l->tmp, LOCK_DOT, NULL, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(l->tmp, LOCK_DOT, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == l->ino)
		l->touched = st.st_mtim.tv_sec;
	return 0;
}
