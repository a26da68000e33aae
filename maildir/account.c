/* maildir/account.c: one user's Maildir with all its folders: opened, made, and settled */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/inside.h"
#include "maildir/lock.h"

static const char *const subdirs[] = { "tmp", "new", "cur", NULL };

static int is_empty(int fd)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(fd, ".");
	struct dirent *e;

	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return 0;
	return 1;
}

/* Whether somebody has used it as a Maildir before, or nobody for anything. */
static int may_become_maildir(int fd)
{
	static const char *const traces[] = { ACCOUNT_FILE,  SUBSCRIBED,	"courierimapuiddb",
					      "maildirsize", "dovecot-uidlist", NULL };

	for (const char *const *p = subdirs; *p; p++)
		if (files_is_dir(fd, *p))
			return 1;
	for (const char *const *p = traces; *p; p++)
		if (faccessat(fd, *p, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	return is_empty(fd);
}

static int make_whole(int fd, const char *path)
{
	int missing = 0, r;

	for (const char *const *p = subdirs; *p; p++)
		missing += !files_is_dir(fd, *p);
	if (!missing)
		return 0;
	r = may_become_maildir(fd);
	if (r == 0) {
		log_line(LOG_ERR, "%s is not a Maildir, and not empty either: it stays as it is", path);
		return -ENOTEMPTY;
	}
	for (const char *const *p = subdirs; r >= 0 && *p; p++)
		if (mkdirat(fd, *p, 0700) < 0 && !files_is_dir(fd, *p))
			r = -errno;
	if (r < 0)
		log_errno(r, "cannot make tmp, new and cur in the Maildir");
	return r;
}

static int open_dir(const char *path, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0 && errno == ENOENT && (mkdir(path, 0700) == 0 || errno == EEXIST))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		log_line(LOG_ERR, "cannot open the Maildir %s: %s", path, strerror(-r));
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int check_owner(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid == geteuid() && st.st_gid == getegid())
		return 0;
	log_line(LOG_ERR, "%s belongs to uid %u and gid %u, not to %u and %u, which we are", path, st.st_uid,
		 st.st_gid, geteuid(), getegid());
	return -EPERM;
}

int account_lock_check(struct account *acc, int lock)
{
	struct stat ours, there;

	if (fstat(lock, &ours) < 0)
		return -errno;
	if (fstatat(acc->fd, ACCOUNT_LOCK, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOLCK : -errno;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino ? 0 : -ENOLCK;
}

int account_trylock(struct account *acc, int *ret_fd)
{
	_cleanup_(fd_closep) int fd =
		openat(acc->fd, ACCOUNT_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	r = account_lock_check(acc, fd);
	if (r < 0)
		return r == -ENOLCK ? -EAGAIN : r;
	futimens(fd, NULL);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Takes the lock from a holder that has had it for too long, by putting its file out of the way. */
static void break_stale(struct account *acc)
{
	struct stat st;

	if (fstatat(acc->fd, ACCOUNT_LOCK, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (uint64_t)st.st_mtime + ACCOUNT_LOCK_STALE_S > clock_unix())
		return;
	log_line(LOG_WARNING, "a session has held %s for over %d s: broken", ACCOUNT_LOCK,
		 ACCOUNT_LOCK_STALE_S);
	unlinkat(acc->fd, ACCOUNT_LOCK, 0);
}

int account_lock(struct account *acc, unsigned wait_ms, int *ret_fd)
{
	enum { SETTLED_MS = 1000, EVERY_MS = 5 };
	const uint64_t since = clock_ms();
	int r;

	while ((r = account_trylock(acc, ret_fd)) == -EAGAIN) {
		const struct timespec pause = { .tv_nsec = EVERY_MS * 1000000 };

		if (clock_ms() >= since + wait_ms) {
			log_line(LOG_WARNING, "another session does not give %s back", ACCOUNT_LOCK);
			return -ETIMEDOUT;
		}
		if (clock_ms() >= since + SETTLED_MS && lock_guard(acc->fd)) { /* who has just got it has set its time by now */
			break_stale(acc);
			lock_unguard(acc->fd);
		}
		nanosleep(&pause, NULL);
	}
	return r;
}

/* Removes what sessions that died have left in tmp/ of whole folders. Plain files there are swept by their
 * age.
 */
static void sweep(struct account *acc)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(acc->fd, "tmp");
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		_cleanup_(fd_closep) int lock = -1;
		const struct str name = str_z(e->d_name);
		int r = 0;

		if (str_starts(name, STR(TMP_FOLDER)))
			r = account_trylock(acc, &lock); /* else it is being made just now */
		else if (!str_starts(name, STR(TMP_GONE)))
			continue;
		if (r >= 0)
			r = files_remove_tree(dirfd(dir), e->d_name);
		if (r < 0 && r != -EAGAIN)
			log_errno(r, "cannot remove the rest of a folder from tmp/");
	}
}

/* What the clients of this account are used to, told by who has served it. */
static const char *usual_prefix(struct account *acc)
{
	return faccessat(acc->fd, "courierimapuiddb", F_OK, 0) == 0 ? "INBOX." : "";
}

/* Under the lock. The first session of all writes down what it finds. */
static int first_opening(struct account *acc)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct account_state state;
	int r = account_state_read(acc, &arena, &state);

	if (r < 0 || state.exists)
		return r;
	if (faccessat(acc->fd, ACCOUNT_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		log_line(LOG_WARNING, "%s makes no sense: written anew", ACCOUNT_FILE);
	r = subscribe_import(acc);
	if (r < 0)
		log_errno(r, "cannot take the subscriptions of Dovecot over");
	state.prefix = str_z(usual_prefix(acc));
	return account_state_write(acc, &state);
}

static int settle_locked(struct account *acc, bool first)
{
	_cleanup_(fd_closep) int lock = -1;
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r >= 0)
		r = rename_recover(acc);
	if (r >= 0 && first)
		r = first_opening(acc);
	return r;
}

/* Nothing here keeps the user from the mail that can be read. */
static void settle(struct account *acc, const char *site_prefix)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct account_state state = { 0 };
	int r = account_state_read(acc, &arena, &state);

	if (r >= 0 && !acc->look_only && (!state.exists || faccessat(acc->fd, RENAME_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0)) {
		r = settle_locked(acc, !state.exists);
		if (r >= 0)
			r = account_state_read(acc, &arena, &state);
	}
	if (r < 0)
		log_errno(r, "cannot settle the account");
	if (site_prefix)
		acc->prefix = site_prefix;
	else if (state.exists)
		acc->prefix = state.prefix.s;
	else
		acc->prefix = usual_prefix(acc);
	acc->prefix = arena_str(&acc->arena, str_z(acc->prefix)).s;
	if (!acc->look_only)
		sweep(acc);
}

int account_open(const char *path, const struct account_config *config, struct account **ret)
{
	_cleanup_(fd_closep) int fd = -1;
	struct arena arena = { 0 };
	struct account *acc;
	int r = open_dir(path, &fd);

	if (r >= 0 && config->check_owner)
		r = check_owner(fd, path);
	if (r >= 0 && !config->look_only)
		r = make_whole(fd, path);
	if (r < 0)
		return r;

	acc = arena_alloc(&arena, sizeof *acc);
	*acc = (struct account){ .arena = arena, .fd = fd, .sync = !config->no_sync, .look_only = config->look_only };
	fd = -1;
	settle(acc, config->prefix);
	*ret = acc;
	return 0;
}

void account_close(struct account *acc)
{
	struct arena arena;

	if (!acc)
		return;
	arena = acc->arena;
	fd_closep(&acc->fd);
	arena_free(&arena);
}

void account_closep(struct account **acc)
{
	account_close(*acc);
}

int account_fd(const struct account *acc)
{
	return acc->fd;
}

const char *account_prefix(const struct account *acc)
{
	return acc->prefix;
}
