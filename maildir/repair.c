/* maildir/repair.c: mending what check_maildir() has found */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "maildir/box.h"
#include "maildir/check.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"

/* What is no message is put here, in its folder's directory. */
#define LOST "imapd.lost"

enum { TRIES = 1000 };

/* What a thing is, not what its name leads to by now: root may not be talked into giving something else away. */
static int give(struct check *c, int dir, const char *name)
{
	_cleanup_(fd_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1)
		return -EMLINK;
	return fchownat(fd, "", c->uid, c->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

void check_give(struct check *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct check_finding *f = &c->v[i];
		_cleanup_(fd_closep) int dir = check_open(c, f->dir, f->part, true);
		const int r = dir < 0 ? -errno : give(c, dir, f->name ? f->name : ".");

		if (r < 0)
			check_failed(c, r, f->dir, f->name ? f->name : "cannot give it to the Maildir's owner");
	}
}

static int make_dir(struct check *c, const struct check_finding *f)
{
	_cleanup_(fd_closep) int dir = check_open(c, f->dir, NULL, false);

	return dir < 0 || (mkdirat(dir, f->part, 0700) < 0 && errno != EEXIST) ? -errno : 0;
}

/* The name leads to the same as when it was found, or to nothing that is not the owner's. */
static int set_mode(struct check *c, const struct check_finding *f)
{
	_cleanup_(fd_closep) int folder = openat(c->fd, f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = f->part && f->name ? arena_printf(&c->arena, "%s/%s", f->part, f->name)
			   : f->part	      ? f->part
			   : f->name	      ? f->name
					      : ".";
	struct stat st;

	if (folder < 0)
		return -errno;
	if (strcmp(path, ".") == 0) {	/* without permission to search it, it has no entry "." */
		folder = -1;
		return fstatat(c->fd, f->dir, &st, 0) < 0 ||
				       fchmodat(c->fd, f->dir, (st.st_mode & 07775) | 0700, 0) < 0
			       ? -errno
			       : 0;
	}
	if (fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	return fchmodat(folder, path, (st.st_mode & 07775) | (S_ISDIR(st.st_mode) ? 0700 : 0600), 0) < 0 ? -errno : 0;
}

/* Another program may have put a message in its place since it was looked at. */
static int give_back(int folder, const char *aside, int from, const char *name)
{
	struct stat st;

	if (name[0] == '.' || fstatat(folder, aside, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	return files_rename(folder, aside, from, name);
}

static int put_aside(struct check *c, const struct check_finding *f)
{
	_cleanup_(fd_closep) int folder = check_open(c, f->dir, NULL, false), from = check_open(c, f->dir, f->part, false);
	const char *to = arena_printf(&c->arena, LOST "/%s", f->name);
	int r;

	if (folder < 0 || from < 0 || (mkdirat(folder, LOST, 0700) < 0 && errno != EEXIST))
		return -errno;
	r = files_rename(from, f->name, folder, to);
	for (int i = 2; r == -EEXIST && i < TRIES; i++) {
		to = arena_printf(&c->arena, LOST "/%s~%d", f->name, i);
		r = files_rename(from, f->name, folder, to);
	}
	return r < 0 ? r : give_back(folder, to, from, f->name);
}

/* One level of a name, with "_" for what no name can have. */
static void put_level(struct buf *b, struct str level)
{
	if (level.n == 0)
		buf_c(b, '_');
	while (level.n) {
		const struct str before = level;
		uint32_t ch;

		if (utf8_next(&level, &ch) && ch >= 0x20 && !(ch >= 0x7f && ch < 0xa0) && ch != 0x2028 && ch != 0x2029) {
			buf_str(b, str_head(before, before.n - level.n));
			continue;
		}
		level = str_from(before, MAX(before.n - level.n, (size_t)1));
		buf_c(b, '_');
	}
}

/* A directory for a folder whose own has no name, or one that is another's: with "_2" and so on where it is taken. */
static const char *free_dir(struct check *c, struct account *acc, const char *dir)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct str rest = str_from(str_z(dir), 1), level, name;
	bool utf7;

	if (folder_name_of_dir(str_z(dir), &c->arena, &name, &utf7))
		buf_str(&b, name);
	else
		while (str_cut(&rest, '.', &level)) {
			if (b.n)
				buf_c(&b, '.');
			put_level(&b, level);
		}
	for (int i = 1; i < TRIES; i++) {
		const char *to;

		name = arena_str(&c->arena, buf_view(&b));
		if (i > 1)
			name = str_z(arena_printf(&c->arena, "%s_%d", name.s, i));
		to = folder_name_possible(name) ? folder_name_dir(name, false, &c->arena) : NULL;
		if (to && folder_name_taken(acc, name) == 0)
			return to;
	}
	return NULL;
}

/* Under the lock: whether no folder can have that name, or another has it. */
static bool needs_name(struct check *c, const char *dir)
{
	const char *other;
	struct str name;
	bool utf7;

	if (!folder_name_of_dir(str_z(dir), &c->arena, &name, &utf7))
		return true;
	other = utf7 ? folder_name_dir(name, false, &c->arena) : NULL;
	return other && files_is_dir(c->fd, other);
}

static int rename_folder(struct check *c, struct account *acc, const char *dir)
{
	_cleanup_(fd_closep) int lock = -1;
	const char *to;
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r < 0 || !needs_name(c, dir))
		return r;
	to = free_dir(c, acc, dir);
	if (!to)
		return -EINVAL;
	r = account_lock_check(acc, lock);
	if (r >= 0)
		r = files_rename(c->fd, dir, c->fd, to);
	return r < 0 ? r : files_sync(c->fd, true);
}

/* What sessions do when they look closely, and a new journal where the end of the old one is torn. */
static int settle_folder(struct check *c, const struct maildir_config *config, const char *dir, bool torn)
{
	_cleanup_(maildir_closep) struct maildir *m = NULL;
	_cleanup_(fd_closep) int fd = check_open(c, dir, NULL, false);
	int r = fd < 0 ? -errno : maildir_open(fd, 0, config, &m);

	if (r >= 0)
		r = box_lock(m, box_write_wait(m));
	if (r < 0)
		return r;
	r = torn ? box_rewrite(m, &m->index) : 0;
	box_unlock(m);
	m->must_look = true;
	if (r >= 0)
		r = maildir_update(m, 0);
	return r == 1 ? -ETIMEDOUT : r;
}

static void mend_files(struct check *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct check_finding *f = &c->v[i];
		int r = 0;

		if (f->kind == CHECK_NO_DIR)
			r = make_dir(c, f);
		else if (f->kind == CHECK_MODE)
			r = set_mode(c, f);
		else if (f->kind == CHECK_FOREIGN)
			r = put_aside(c, f);
		if (r < 0)
			check_failed(c, r, f->dir, f->name ? f->name : "cannot mend it");
	}
}

/* Each folder once. */
static void mend_folders(struct check *c, const struct maildir_config *config)
{
	const char *last = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct check_finding *f = &c->v[i];
		const struct check_finding torn = { CHECK_TORN, f->dir, NULL, JOURNAL_NAME };
		int r;

		if (f->kind < CHECK_NAMELESS || f->kind > CHECK_LOCK || (last && strcmp(last, f->dir) == 0))
			continue;
		last = f->dir;
		r = settle_folder(c, config, f->dir, check_has(c, &torn));
		if (r < 0)
			check_failed(c, r, f->dir, "cannot settle it");
	}
}

static void mend_names(struct check *c, struct account *acc)
{
	for (size_t i = 0; i < c->n; i++) {
		int r = 0;

		if (c->v[i].kind == CHECK_FOLDER_NAME || c->v[i].kind == CHECK_FOLDER_TWIN)
			r = rename_folder(c, acc, c->v[i].dir);
		if (r < 0)
			check_failed(c, r, c->v[i].dir, "cannot give it another name");
	}
}

static int uidvalidity(void *data, uint32_t *ret)
{
	return account_uidvalidity(data, ret);
}

static int uidvalidity_seen(void *data, uint32_t seen)
{
	return account_uidvalidity_seen(data, seen);
}

/* Opening the account finishes what a crash has left of its folders. */
void check_repair(struct check *c, const char *path)
{
	static const struct account_config defaults = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;
	struct maildir_config config = *c->config;
	int r;

	mend_files(c);
	r = account_open(path, &defaults, &acc);
	if (r < 0) {
		check_failed(c, r, ".", "cannot open the account");
		return;
	}
	config.uidvalidity = uidvalidity;
	config.uidvalidity_seen = uidvalidity_seen;
	config.data = acc;
	mend_folders(c, &config);
	mend_names(c, acc);
}
