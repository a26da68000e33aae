/* maildir/check.c: what a Maildir as a whole can have wrong */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/check.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"
#include "maildir/subscribe.h"

enum { REMOVING_S = 3600 }; /* a session may be about to remove what is younger */

void check_add(struct check *c, enum check_kind kind, const char *dir, const char *part, const char *name)
{
	c->v = arena_grow(&c->arena, c->v, c->n + 1, sizeof *c->v);
	c->v[c->n++] = (struct check_finding){ .kind = kind,
					       .dir = arena_str(&c->arena, str_z(dir)).s,
					       .part = part,
					       .name = name ? arena_str(&c->arena, str_z(name)).s : NULL };
}

/* NULL is before all texts. */
static int compare_texts(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : (a != NULL) - (b != NULL);
}

static int compare(const void *x, const void *y)
{
	const struct check_finding *a = x, *b = y;
	int r = compare_texts(a->dir, b->dir);

	if (r == 0)
		r = compare_texts(a->part, b->part);
	if (r == 0)
		r = compare_texts(a->name, b->name);
	return r ? r : (int)a->kind - (int)b->kind;
}

void check_sort(struct check *c, size_t from)
{
	if (c->n > from)
		qsort(c->v + from, c->n - from, sizeof *c->v, compare);
}

bool check_has(const struct check *c, const struct check_finding *f)
{
	return c->n && bsearch(f, c->v, c->n, sizeof *f, compare);
}

void check_failed(struct check *c, int r, const char *dir, const char *doing)
{
	if (r == -ENOENT && strcmp(dir, ".") != 0) /* a session has deleted the folder meanwhile */
		return;
	log_line(LOG_ERR, "%s: %s: %s", dir, doing, strerror(-r));
	if (c->trouble == 0)
		c->trouble = r;
}

int check_open(const struct check *c, const char *dir, const char *part, bool own)
{
	_cleanup_(fd_closep) int folder =
		openat(c->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (own ? O_NOFOLLOW : 0));
	int fd = folder;

	if (!part || folder < 0)
		folder = -1;
	else
		fd = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

/* A directory with a dot in front is taken for a folder that has lost something, if it has anything that makes one. */
static bool seems_folder(const struct check *c, const char *dir)
{
	static const char *const traces[] = { "cur", "new", "tmp", "maildirfolder", "imapd.journal", NULL };
	_cleanup_(fd_closep) int fd = check_open(c, dir, NULL, false);
	struct stat st, target;

	if (fd < 0)
		return errno == EACCES;
	if (fstatat(c->fd, dir, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (S_ISLNK(st.st_mode) && (fstat(fd, &target) < 0 || target.st_uid != c->uid)))
		return false; /* a link to what is another's is no folder */
	for (const char *const *p = traces; *p; p++)
		if (faccessat(fd, *p, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

static int by_octets(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

const char **check_folders(struct check *c, size_t *ret_n)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(c->fd, ".");
	const char **v = arena_grow(&c->arena, NULL, 1, sizeof *v);
	struct dirent *e;
	size_t n = 1;

	v[0] = ".";
	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] != '.' || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    !files_is_dir(c->fd, e->d_name) || !seems_folder(c, e->d_name))
			continue;
		v = arena_grow(&c->arena, v, n + 1, sizeof *v);
		v[n++] = arena_str(&c->arena, str_z(e->d_name)).s;
	}
	qsort(v + 1, n - 1, sizeof *v, by_octets);
	*ret_n = n;
	return v;
}

static void check_owner(struct check *c, const char *dir, const char *part, int at, const char *name)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid != c->uid)
		check_add(c, CHECK_OWNER, dir, part, strcmp(name, ".") == 0 ? NULL : name);
}

/* The entries of a folder, or of a part of it. */
static void check_owners_in(struct check *c, const char *dir, const char *part)
{
	_cleanup_(fd_closep) int fd = check_open(c, dir, part, true);
	_cleanup_(files_dir_closep) DIR *d = fd < 0 ? NULL : files_dir(fd, ".");
	struct dirent *e;

	if (fd >= 0)
		check_owner(c, dir, part, fd, ".");
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    (part || e->d_type != DT_DIR))
			check_owner(c, dir, part, fd, e->d_name);
}

void check_owners(struct check *c)
{
	static const char *const parts[] = { NULL, "cur", "new", "tmp" };
	size_t n;
	const char **dirs = check_folders(c, &n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < COUNT(parts); k++)
			check_owners_in(c, dirs[i], parts[k]);
}

struct named {
	struct str name;
	const char *dir;
	bool utf7;
};

/* By name; of two in different spellings the one in UTF-8 first, as it is the one that is meant. */
static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	const int r = str_cmp(a->name, b->name);

	return r ? r : a->utf7 - b->utf7;
}

static void check_names(struct check *c, const char **dirs, size_t n)
{
	struct named *v = arena_alloc(&c->arena, n * sizeof *v);
	size_t count = 0;

	for (size_t i = 1; i < n; i++) {
		v[count].dir = dirs[i];
		if (folder_name_of_dir(str_z(dirs[i]), &c->arena, &v[count].name, &v[count].utf7))
			count++;
		else
			check_add(c, CHECK_FOLDER_NAME, dirs[i], NULL, NULL);
	}
	if (count)
		qsort(v, count, sizeof *v, by_name);
	for (size_t i = 1; i < count; i++)
		if (str_eq(v[i].name, v[i - 1].name))
			check_add(c, CHECK_FOLDER_TWIN, v[i].dir, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		if (!folder_name_ascii(v[i].name) &&
		    !str_eq(folder_name_nfc(v[i].name, &c->arena), v[i].name))
			check_add(c, CHECK_LOOKALIKE, v[i].dir, NULL, NULL);
}

static bool is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whoever makes or renames folders holds the lock: what is there without it is what a crash has left. */
static bool is_left(struct account *acc, int dir, const char *name)
{
	_cleanup_(fd_closep) int lock = -1;

	return is_there(dir, name) && account_trylock(acc, &lock) != -EAGAIN && is_there(dir, name);
}

/* A deleted folder is removed without it, which takes a while where there is much in it, or where the disk is slow. */
static bool is_forgotten(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ctime + REMOVING_S < (time_t)clock_unix();
}

static void check_tree(struct check *c, struct account *acc)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(c->fd, "tmp");
	struct dirent *e;

	if (is_left(acc, c->fd, RENAME_FILE))
		check_add(c, CHECK_RENAME, ".", NULL, RENAME_FILE);
	while (dir && (e = readdir(dir)))
		if ((str_starts(str_z(e->d_name), STR(TMP_FOLDER)) && is_left(acc, dirfd(dir), e->d_name)) ||
		    (str_starts(str_z(e->d_name), STR(TMP_GONE)) && is_forgotten(dirfd(dir), e->d_name)))
			check_add(c, CHECK_HALF_FOLDER, ".", "tmp", e->d_name);
}

static void check_account(struct check *c, struct account *acc)
{
	struct account_state state;
	struct str *names;
	size_t n = 0;
	int r = account_state_read(acc, &c->arena, &state);

	if (r >= 0 && !state.exists && is_there(c->fd, ACCOUNT_FILE)) { /* the first session may have made it just now */
		r = account_state_read(acc, &c->arena, &state);
		if (r >= 0 && !state.exists)
			check_add(c, CHECK_ACCOUNT, ".", NULL, ACCOUNT_FILE);
	}
	if (r < 0)
		check_failed(c, r, ".", "cannot read " ACCOUNT_FILE);
	r = subscribe_list(acc, &c->arena, &names, &n);
	if (r < 0)
		check_failed(c, r, ".", "cannot read " SUBSCRIBED);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (names[i].n && !str_starts(names[i], STR("#shared.")) && folder_exists(acc, names[i]) == 0)
			check_add(c, CHECK_SUBSCRIBED, ".", NULL, names[i].s);
}

void check_maildir(struct check *c)
{
	struct account acc = { .fd = c->fd, .sync = true, .said_twins = true };
	size_t n;
	const char **dirs = check_folders(c, &n);

	check_tree(c, &acc);
	check_account(c, &acc);
	check_names(c, dirs, n);
	for (size_t i = 0; i < n; i++)
		check_folder(c, dirs[i]);
	check_sort(c, 0);
	arena_free(&acc.arena);
}
