/* maildir/folders.c: which folders there are; one made or deleted */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"

/* Whether the entry dir of the Maildir is a folder: has cur/, and if it may be a link, leads to what is ours. *ret_cur: the state of cur/. */
static bool is_folder(struct account *acc, const char *dir, bool may_be_link, struct dir_state *ret_cur)
{
	char cur[FOLDER_NAME_MAX + sizeof "./cur"];
	struct stat st;

	if (strlen(dir) > FOLDER_NAME_MAX + 1)
		return false;
	strcat(strcpy(cur, dir), "/cur");
	if (fstatat(acc->fd, cur, &st, 0) < 0 || !S_ISDIR(st.st_mode))
		return false;
	*ret_cur = dir_state_of(&st);
	if (!may_be_link)
		return true;
	if (fstatat(acc->fd, dir, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return !S_ISLNK(st.st_mode) || (fstatat(acc->fd, dir, &st, 0) == 0 && st.st_uid == geteuid());
}

static bool has_new_mail(struct account *acc, struct str folder_dir)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(files_dir_closep) DIR *dir =
		files_dir(acc->fd, arena_cat(&arena, folder_dir, STR("/new"), STR("")).s);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			return true;
	return false;
}

struct listing {
	struct arena *a;
	struct found {
		struct folder folder;
		bool utf7;
	} * v;
	size_t n;
};

static void list_add(struct listing *l, const struct folder *f, bool utf7)
{
	l->v = arena_grow(l->a, l->v, l->n + 1, sizeof *l->v);
	l->v[l->n++] = (struct found){ .folder = *f, .utf7 = utf7 };
}

/* By name; of two in different spellings the one in UTF-8 first. */
static int by_name(const void *x, const void *y)
{
	const struct found *a = x, *b = y;
	const int r = str_cmp(a->folder.name, b->folder.name);

	return r ? r : a->utf7 - b->utf7;
}

/* What a directory of the Maildir is called, if it can be a folder's: e is not looked at more closely. */
static bool may_be_folder(const struct dirent *e, struct arena *a, struct str *ret, bool *ret_utf7)
{
	return e->d_name[0] == '.' &&
	       (e->d_type == DT_DIR || e->d_type == DT_LNK || e->d_type == DT_UNKNOWN) &&
	       folder_name_of_dir(str_z(e->d_name), a, ret, ret_utf7);
}

static int read_all(struct account *acc, struct listing *l)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(acc->fd, ".");
	struct dirent *e;

	if (!dir)
		return -errno;
	while (errno = 0, (e = readdir(dir))) {
		struct folder f = { 0 };
		bool utf7;

		if (!may_be_folder(e, l->a, &f.name, &utf7) || !is_folder(acc, e->d_name, e->d_type != DT_DIR, &f.cur))
			continue;
		f.dir = arena_str(l->a, str_z(e->d_name));
		if (!utf7)
			f.name = str_from(f.dir, 1);
		list_add(l, &f, utf7);
	}
	return -errno;
}

/* Leaves one of each name. */
static void drop_twins(struct account *acc, struct listing *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (n && str_eq(l->v[n - 1].folder.name, l->v[i].folder.name)) {
			if (!acc->said_twins)
				log_line(LOG_WARNING, "the folder %.*s can't be reached: there is %.*s, too",
					 (int)l->v[i].folder.dir.n, l->v[i].folder.dir.s,
					 (int)l->v[n - 1].folder.dir.n, l->v[n - 1].folder.dir.s);
			acc->said_twins = true;
			continue;
		}
		l->v[n++] = l->v[i];
	}
	l->n = n;
}

int folder_list(struct account *acc, struct arena *a, bool marked, struct folder **ret, size_t *ret_n)
{
	struct listing l = { .a = a };
	struct folder *v;
	int r;

	list_add(&l, &(struct folder){ .dir = STR(".") }, false);
	r = read_all(acc, &l);
	if (r < 0)
		return r;
	qsort(l.v, l.n, sizeof *l.v, by_name);
	drop_twins(acc, &l);
	v = arena_alloc(a, l.n * sizeof *v);
	for (size_t i = 0; i < l.n; i++) {
		v[i] = l.v[i].folder;
		v[i].marked = marked && has_new_mail(acc, v[i].dir);
	}
	*ret = v;
	*ret_n = l.n;
	return 0;
}

int folder_find(struct account *acc, struct arena *a, struct str name, const char **ret)
{
	const char *dir = name.n ? NULL : ".";
	struct dir_state cur;

	if (name.n && !folder_name_possible(name))
		return -ENOENT;
	for (int utf7 = 0; !dir && utf7 < 2; utf7++) {
		dir = folder_name_dir(name, utf7, a);
		if (dir && !is_folder(acc, dir, true, &cur))
			dir = NULL;
	}
	if (!dir)
		return -ENOENT;
	*ret = dir;
	return 0;
}

int folder_open_dir(struct account *acc, struct str name, int *ret_fd)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const char *dir;
	int fd;
	const int r = folder_find(acc, &arena, name, &dir);

	if (r < 0)
		return r;
	fd = openat(acc->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int folder_exists(struct account *acc, struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const char *dir;

	return folder_find(acc, &arena, name, &dir) == 0;
}

/* Whether there is a folder whose name looks like this one and is another. Only normalization can do that,
 * and what is all ASCII is normalized.
 */
static int has_double(struct account *acc, struct arena *a, struct str look)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(acc->fd, ".");
	struct dirent *e;

	if (!dir)
		return -errno;
	while (errno = 0, (e = readdir(dir))) {
		struct dir_state cur;
		struct str name;
		bool utf7;

		if (may_be_folder(e, a, &name, &utf7) && !folder_name_ascii(name) &&
		    str_eq(folder_name_nfc(name, a), look) && is_folder(acc, e->d_name, true, &cur))
			return 1;
	}
	return -errno;
}

int folder_name_taken(struct account *acc, struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct stat st;

	for (int utf7 = 0; utf7 < 2; utf7++) {
		const char *dir = folder_name_dir(name, utf7, &arena);

		if (dir && fstatat(acc->fd, dir, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	}
	return has_double(acc, &arena, folder_name_nfc(name, &arena));
}

/* What a folder is for ends with it. */
static int forget_uses(struct account *acc, struct arena *a, struct str name)
{
	struct account_state state;
	const int r = account_state_read(acc, a, &state);

	return r < 0 || !account_uses_follow(&state, a, name, STR("")) ? r : account_state_write(acc, &state);
}

/* Fills a new directory with all that makes it a folder. */
static int furnish(int fd, bool sync)
{
	static const char *const subdirs[] = { "tmp", "new", "cur" };
	_cleanup_(fd_closep) int mark = -1;

	for (size_t i = 0; i < COUNT(subdirs); i++)
		if (mkdirat(fd, subdirs[i], 0700) < 0)
			return -errno;
	mark = openat(fd, "maildirfolder", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mark < 0)
		return -errno;
	return files_sync(fd, sync);
}

static int build(struct account *acc, const char *at, const char *dir)
{
	_cleanup_(fd_closep) int fd = -1;
	int r = 0;

	if (mkdirat(acc->fd, at, 0700) < 0)
		return -errno;
	fd = openat(acc->fd, at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		r = -errno;
	if (r >= 0)
		r = furnish(fd, acc->sync);
	if (r >= 0)
		r = files_rename(acc->fd, at, acc->fd, dir);
	if (r < 0)
		files_remove_tree(acc->fd, at);
	return r;
}

int folder_create(struct account *acc, struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	const struct folder_fault *fault = folder_name_fault(name);
	int r;

	if (name.n == 0)
		return -EEXIST;
	if (fault)
		return fault->error;
	r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);
	if (r >= 0)
		r = folder_name_taken(acc, name);
	if (r > 0)
		return -EEXIST;
	if (r >= 0)
		r = account_lock_check(acc, lock);
	if (r >= 0)
		r = forget_uses(acc, &arena, name); /* of one that other programs have removed */
	if (r >= 0)
		r = build(acc, files_unique(&arena, "tmp/" TMP_FOLDER), folder_name_dir(name, false, &arena));
	return r < 0 ? r : files_sync(acc->fd, acc->sync);
}

/* Away with its name; ret is where it is then. */
static int take_away(struct account *acc, struct arena *a, struct str name, const char **ret)
{
	_cleanup_(fd_closep) int lock = -1;
	const char *dir, *gone = files_unique(a, "tmp/" TMP_GONE);
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r >= 0)
		r = folder_find(acc, a, name, &dir);
	if (r >= 0)
		r = account_lock_check(acc, lock);
	if (r >= 0 && renameat(acc->fd, dir, acc->fd, gone) < 0)
		r = -errno;
	if (r >= 0)
		r = files_sync(acc->fd, acc->sync);
	if (r < 0)
		return r;
	r = forget_uses(acc, a, name);
	if (r < 0)
		log_errno(r, "cannot write down that a folder's use has ended");
	*ret = gone;
	return 0;
}

int folder_delete(struct account *acc, struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const char *gone;
	int r;

	if (name.n == 0)
		return -EPERM;
	r = take_away(acc, &arena, name, &gone);
	if (r < 0)
		return r;
	r = files_remove_tree(acc->fd, gone);
	if (r < 0)
		log_errno(r, "cannot remove all of a deleted folder now");
	return 0;
}
