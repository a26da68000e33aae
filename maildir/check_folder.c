/* maildir/check_folder.c: what one folder can have wrong */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "maildir/box.h"
#include "maildir/check.h"
#include "maildir/files.h"

/* A file with two names is being moved by link() and unlink(), unless it has had them for longer than this. */
enum { MOVE_TAKES_S = 30, SWEEP_AFTER_S = 36 * 3600, PATIENCE_MS = 30000 };

/* A folder while it is looked at. */
struct place {
	struct check *c;
	const char *dir;
	int fd;
	struct entry {
		struct str base;
		const char *part, *name;
		ino_t ino;
		time_t changed;
	} *v; /* what is in cur/ and new/ */
	size_t n;
	struct str *journaled; /* base names, sorted */
	size_t njournaled;
};

static const char *const parts[] = { "cur", "new", "tmp" };

static void check_mode(struct place *p, const char *part, const char *name, const struct stat *st)
{
	const mode_t need = S_ISDIR(st->st_mode) ? 0700 : 0600;

	if ((st->st_mode & need) != need || st->st_mode & S_IWOTH)
		check_add(p->c, CHECK_MODE, p->dir, part, name);
}

/* The directories and our own files. False if no more can be looked at. */
static bool check_parts(struct place *p)
{
	static const char *const files[] = { "imapd.journal",	"imapd.lock",	 "imapd.metadata",
					     "imapd.account",	"imapd.account.lock", "courierimapsubscribed",
					     NULL };
	bool whole = true;
	struct stat st;

	if (fstat(p->fd, &st) == 0)
		check_mode(p, NULL, NULL, &st);
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (fstatat(p->fd, parts[i], &st, 0) == 0 && S_ISDIR(st.st_mode)) {
			check_mode(p, parts[i], NULL, &st);
			whole = whole && faccessat(p->fd, parts[i], R_OK | W_OK | X_OK, AT_EACCESS) == 0;
			continue;
		}
		whole = false;
		if (fstatat(p->fd, parts[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			check_failed(p->c, -ENOTDIR, p->dir, parts[i]);
		else
			check_add(p->c, CHECK_NO_DIR, p->dir, parts[i], NULL);
	}
	for (const char *const *f = files; *f; f++)
		if (fstatat(p->fd, *f, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			check_mode(p, NULL, *f, &st);
	return whole;
}

/* ",S=123" and ",W=130" in a base name: sizes, that other programs believe. */
static bool size_field(struct str base, char letter, uint64_t *ret)
{
	const char field[] = { ',', letter, '=', 0 };
	const size_t at = str_search(base, str_z(field));
	struct str digits = str_from(base, at + 3), end;

	return at < base.n && str_cut(&digits, ',', &end) && str_u64(end, ret);
}

/* The size with CRLF as line ends. */
static int crlf_size(int dir, const char *name, uint64_t *ret)
{
	_cleanup_(fd_closep) int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char block[16384], last = 0;
	uint64_t size = 0;
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, block, sizeof block)) > 0) {
		for (ssize_t i = 0; i < n; last = block[i++])
			size += block[i] == '\n' && last != '\r';
		size += (uint64_t)n;
	}
	*ret = size;
	return fd < 0 || n < 0 ? -errno : 0;
}

static void check_size(struct place *p, int at, const char *part, const char *name, const struct stat *st)
{
	const struct str base = mdname_split(str_z(name)).base;
	uint64_t said, is;

	if ((size_field(base, 'S', &said) && said != (uint64_t)st->st_size) ||
	    (size_field(base, 'W', &said) && crlf_size(at, name, &is) == 0 && said != is))
		check_add(p->c, CHECK_SIZE, p->dir, part, name);
}

static void scan_entry(struct place *p, int at, const char *part, const char *name)
{
	const struct str copy = arena_str(&p->c->arena, str_z(name));
	const struct str base = mdname_split(copy).base;
	struct stat st;

	if (str_starts(copy, STR(".nfs")) || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (!S_ISREG(st.st_mode) || name[0] == '.') {
		check_add(p->c, CHECK_FOREIGN, p->dir, part, name);
		return;
	}
	if ((st.st_mode & S_IRUSR) == 0)
		check_add(p->c, CHECK_MODE, p->dir, part, name);
	if (base.n == 0)
		check_add(p->c, CHECK_NAMELESS, p->dir, part, name);
	p->v = arena_grow(&p->c->arena, p->v, p->n + 1, sizeof *p->v);
	p->v[p->n++] = (struct entry){
		.base = base, .part = part, .name = copy.s, .ino = st.st_ino, .changed = st.st_ctime
	};
	check_size(p, at, part, name, &st);
}

static void scan(struct place *p, const char *part)
{
	_cleanup_(files_dir_closep) DIR *d = files_dir(p->fd, part);
	struct dirent *e;

	if (!d)
		check_failed(p->c, -errno, p->dir, part);
	while (d && (errno = 0, e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			scan_entry(p, dirfd(d), part, e->d_name);
	if (d && errno)
		check_failed(p->c, -errno, p->dir, part);
}

static int by_base(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	const int r = str_cmp(a->base, b->base);

	return r ? r : strcmp(a->part, b->part);
}

static int by_octets(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static void check_twins(struct place *p)
{
	const time_t now = (time_t)clock_unix();

	for (size_t i = 1; i < p->n; i++)
		if (p->v[i].base.n && str_eq(p->v[i].base, p->v[i - 1].base) &&
		    (p->v[i].ino != p->v[i - 1].ino || p->v[i].changed + MOVE_TAKES_S < now))
			check_add(p->c, CHECK_TWIN, p->dir, p->v[i].part, p->v[i].name);
}

/* Files and the journal against each other: both are sorted. New mail has no UID yet. */
static void check_journaled(struct place *p)
{
	size_t i = 0, k = 0;

	while (i < p->n || k < p->njournaled) {
		const int r = i == p->n		? 1
			      : k == p->njournaled ? -1
						   : str_cmp(p->v[i].base, p->journaled[k]);

		if (r < 0 && p->v[i].base.n && strcmp(p->v[i].part, "cur") == 0)
			check_add(p->c, CHECK_NO_UID, p->dir, "cur", p->v[i].name);
		if (r > 0)
			check_add(p->c, CHECK_NO_FILE, p->dir, NULL, p->journaled[k].s);
		if (r >= 0)
			k++;
		while (r <= 0 && i + 1 < p->n && str_eq(p->v[i].base, p->v[i + 1].base))
			i++; /* a twin */
		if (r <= 0)
			i++;
	}
}

/* What the journal knows, by the way that sessions read it. False if there is none, or it can't be used as it is. */
static bool read_journal(struct place *p)
{
	_cleanup_(maildir_closep) struct maildir *m = NULL;
	struct keyword_table keywords;
	struct journal j = { .fd = -1 };
	struct index ix;
	bool torn;
	int r;

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	r = journal_open(p->fd, -1, &ix, &j);
	torn = r >= 0 && j.torn;
	journal_close(&j);
	index_release(&ix);
	keywords_release(&keywords);
	if (r == -EBADMSG || torn)
		check_add(p->c, torn ? CHECK_TORN : CHECK_JOURNAL, p->dir, NULL, JOURNAL_NAME);
	else if (r < 0 && r != -ENOENT)
		check_failed(p->c, r, p->dir, JOURNAL_NAME);
	if (r < 0)
		return false;
	r = maildir_open(p->fd, MD_READONLY, p->c->config, &m);
	if (r < 0) {
		check_failed(p->c, r, p->dir, JOURNAL_NAME);
		return false;
	}
	p->njournaled = maildir_count(m);
	p->journaled = arena_alloc(&p->c->arena, (p->njournaled + 1) * sizeof *p->journaled);
	for (size_t i = 0; i < p->njournaled; i++)
		p->journaled[i] = arena_str(&p->c->arena, maildir_base_name(m, maildir_at(m, i)));
	qsort(p->journaled, p->njournaled, sizeof *p->journaled, by_octets);
	return true;
}

static void examine(struct place *p)
{
	p->n = 0;
	p->v = NULL;
	scan(p, "new");
	scan(p, "cur");
	if (p->n)
		qsort(p->v, p->n, sizeof *p->v, by_base);
	check_twins(p);
	if (read_journal(p))
		check_journaled(p);
}

/* Other programs take no lock: only what is found twice is wrong, and not on its way. */
static void examine_twice(struct place *p)
{
	struct check *c = p->c;
	const size_t start = c->n;
	size_t first, kept = start;

	examine(p);
	first = c->n;
	if (first == start)
		return;
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	examine(p);
	check_sort(c, first);
	for (size_t i = start; i < first; i++) {
		const struct check later = { .v = c->v + first, .n = c->n - first };

		if (check_has(&later, &c->v[i]))
			c->v[kept++] = c->v[i];
	}
	c->n = kept;
}

/* As sessions do it: what is journaled is no left-over, but a delivery to be finished. */
static void check_tmp(struct place *p)
{
	_cleanup_(files_dir_closep) DIR *d = files_dir(p->fd, "tmp");
	const time_t old = (time_t)clock_unix() - SWEEP_AFTER_S;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const struct str name = str_z(e->d_name);
		struct stat st;

		if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_ctime < old && !str_eq(name, STR(LOCK_DOT)) &&
		    !(p->njournaled && bsearch(&name, p->journaled, p->njournaled, sizeof name, by_octets)))
			check_add(p->c, CHECK_OLD_TMP, p->dir, "tmp", e->d_name);
	}
}

/* Files of other servers, which have been read once. */
static void check_left(struct place *p)
{
	static const char *const left[] = { "courierimapuiddb", "courierimapkeywords", "dovecot-uidlist",
					    "dovecot-keywords", "dovecot.index.log",  NULL };

	for (const char *const *f = left; *f; f++)
		if (faccessat(p->fd, JOURNAL_NAME, F_OK, 0) == 0 && faccessat(p->fd, *f, F_OK, 0) == 0)
			check_add(p->c, CHECK_LEFT, p->dir, NULL, *f);
}

static void check_content(struct place *p)
{
	_cleanup_(fd_closep) int tmp = check_open(p->c, p->dir, "tmp", false);
	const struct maildir_config *config = p->c->config;
	struct lock lock;
	int r = 0;

	lock_init(&lock, p->fd, tmp, config->hostname, config->use_locks, false);
	if (lock_is_stale(&lock)) /* then nobody is at work here; it stays until it is mended */
		check_add(p->c, CHECK_LOCK, p->dir, "tmp", LOCK_DOT);
	else if (faccessat(p->fd, JOURNAL_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = lock_take(&lock, PATIENCE_MS);
	if (r == -ETIMEDOUT)
		check_failed(p->c, r, p->dir, "another session does not give the lock back");
	else
		examine_twice(p);
	lock_release(&lock);
	check_tmp(p);
	check_left(p);
}

/* Deleted meanwhile, or renamed: nothing that was found is there. */
static bool has_moved(const struct place *p)
{
	struct stat ours, there;

	return fstat(p->fd, &ours) == 0 &&
	       (fstatat(p->c->fd, p->dir, &there, 0) < 0 || there.st_ino != ours.st_ino || there.st_dev != ours.st_dev);
}

void check_folder(struct check *c, const char *dir)
{
	_cleanup_(fd_closep) int fd = check_open(c, dir, NULL, false);
	struct place p = { .c = c, .dir = dir, .fd = fd };
	const size_t before = c->n;

	if (fd < 0) {
		if (errno == EACCES)
			check_add(c, CHECK_MODE, dir, NULL, NULL);
		else
			check_failed(c, -errno, dir, "cannot open it");
		return;
	}
	if (check_parts(&p))
		check_content(&p);
	if (has_moved(&p))
		c->n = before;
}
