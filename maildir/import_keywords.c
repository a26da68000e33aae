/* maildir/import_keywords.c: keywords that Courier and Dovecot have left with messages */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fd.h"
#include "maildir/files.h"
#include "maildir/importing.h"

enum {
	NAMES_MAX = 4096, /* keywords in one folder */
	NAME_MAX_LENGTH = 255,
	SLOTS = 4 * NAMES_MAX,
	LIST_BIGGEST = 256 << 20,
	ONE_BIGGEST = 1 << 20,
};

/* Messages and their keywords while they are collected. */
struct marks {
	struct arena *a;
	struct str *names;
	size_t nnames;
	uint16_t *slots; /* a hash of names: a position and one, or 0 */
	struct mark {
		struct str base;
		uint64_t when; /* in rounds of five minutes; of one message the last counts */
		const uint16_t *v;
		size_t n;
	} * v;
	size_t n;
};

/* What an atom can't have is "_", as Courier reads it (RFC 3501 9, ATOM-CHAR, and "]"). */
static struct str as_atom(struct arena *a, struct str name)
{
	char *s = arena_alloc(a, name.n + 1);

	for (size_t i = 0; i < name.n; i++) {
		const unsigned char c = (unsigned char)name.s[i];

		s[i] = c <= 0x20 || c >= 0x7f || strchr("(){%*\"\\]", c) ? '_' : name.s[i];
	}
	return (struct str){ s, name.n };
}

static size_t hash(struct str name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)ascii_lower(name.s[i])) * 16777619u;
	return h % SLOTS;
}

/* The keyword's number; a new one if it is. False if it can't be a keyword, or there are too many. */
static bool intern(struct marks *m, struct str name, uint16_t *ret)
{
	size_t at, i;

	if (name.n == 0 || name.n > NAME_MAX_LENGTH)
		return false;
	if (!m->slots)
		m->slots = arena_alloc(m->a, SLOTS * sizeof *m->slots);
	name = as_atom(m->a, name);
	for (at = hash(name); m->slots[at]; at = (at + 1) % SLOTS) {
		i = m->slots[at] - 1u;
		if (str_ieq(m->names[i], name)) {
			*ret = (uint16_t)i;
			return true;
		}
	}
	if (m->nnames == NAMES_MAX)
		return false;
	m->names = arena_grow(m->a, m->names, m->nnames + 1, sizeof *m->names);
	m->names[m->nnames] = name;
	*ret = (uint16_t)m->nnames++;
	m->slots[at] = (uint16_t)m->nnames;
	return true;
}

static void add_number(struct arena *a, uint16_t **v, size_t *n, uint16_t number)
{
	for (size_t i = 0; i < *n; i++)
		if ((*v)[i] == number)
			return;
	*v = arena_grow(a, *v, *n + 1, sizeof **v);
	(*v)[(*n)++] = number;
}

static void add_mark(struct marks *m, struct str base, uint64_t when, const uint16_t *v, size_t n)
{
	if (!import_base_valid(base))
		return;
	m->v = arena_grow(m->a, m->v, m->n + 1, sizeof *m->v);
	m->v[m->n++] = (struct mark){ .base = arena_str(m->a, base), .when = when, .v = v, .n = n };
}

/* A name a line, up to an empty one. *ret_numbers has UINT16_MAX for what is none, so that indexes count
 * right.
 */
static void read_names(struct marks *m, struct str *rest, uint16_t **ret_numbers, size_t *ret_n)
{
	uint16_t *v = NULL;
	size_t n = 0;
	struct str line;

	while (str_cut(rest, '\n', &line)) {
		if (str_ends(line, STR("\r")))
			line.n--;
		if (line.n == 0)
			break;
		v = arena_grow(m->a, v, n + 1, sizeof *v);
		v[n] = UINT16_MAX;
		intern(m, line, &v[n++]);
	}
	*ret_numbers = v;
	*ret_n = n;
}

/* ":list": names, an empty line, then "base:0 2" for messages that have some. */
static void read_list(struct marks *m, struct str text)
{
	uint16_t *numbers;
	size_t nnumbers;
	struct str line;

	read_names(m, &text, &numbers, &nnumbers);
	while (str_cut(&text, '\n', &line)) {
		const size_t colon = str_rfind(line, ':');
		struct str indexes = str_from(line, colon + 1), index;
		uint16_t *v = NULL;
		size_t n = 0;
		uint32_t i;

		if (colon == line.n)
			continue;
		while (str_cut(&indexes, ' ', &index))
			if (str_u32(str_trim(index), &i) && i < nnumbers && numbers[i] != UINT16_MAX)
				add_number(m->a, &v, &n, numbers[i]);
		add_mark(m, str_head(line, colon), 0, v, n);
	}
}

/* An update that is not in the list yet: "base", or ".N.base", whose N tells when; N is 0 in none. */
static bool is_update(struct str file, struct str *ret_base, uint64_t *ret_when)
{
	struct str when;

	if (file.n == 0 || file.s[0] == ':' || str_starts(file, STR(".tmp.")))
		return false;
	*ret_when = UINT64_MAX;
	*ret_base = file;
	if (file.s[0] != '.')
		return true;
	file = str_from(file, 1);
	if (!str_cut(&file, '.', &when) || !str_u64(when, ret_when) || *ret_when == 0)
		return false;
	*ret_base = file;
	return true;
}

static int read_update(struct marks *m, int dir, const char *file, struct str base, uint64_t when)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	uint16_t *numbers, *v = NULL;
	size_t nnumbers, n = 0;
	struct str rest;
	const int r = import_slurp(dir, file, ONE_BIGGEST, &text);

	if (r < 0)
		return r;
	rest = buf_view(&text);
	read_names(m, &rest, &numbers, &nnumbers);
	for (size_t i = 0; i < nnumbers; i++)
		if (numbers[i] != UINT16_MAX)
			add_number(m->a, &v, &n, numbers[i]);
	add_mark(m, base, when, v, n);
	return 0;
}

static int read_updates(struct marks *m, int at)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(at, ".");
	struct dirent *e;

	if (!dir)
		return -errno;
	while (errno = 0, (e = readdir(dir))) {
		struct str base;
		uint64_t when;

		if (!is_update(str_z(e->d_name), &base, &when))
			continue;

		const int r = read_update(m, at, e->d_name, base, when);

		if (r < 0)
			return r;
	}
	return -errno;
}

/* By base, the last first. */
static int by_base(const void *x, const void *y)
{
	const struct mark *a = x, *b = y;
	const int r = str_cmp(a->base, b->base);

	return r ? r : a->when < b->when ? 1 : a->when > b->when ? -1 : 0;
}

static int base_cmp(const void *key, const void *mark)
{
	return str_cmp(*(const struct str *)key, ((const struct mark *)mark)->base);
}

/* One mark of each message. */
static void settle(struct marks *m)
{
	size_t kept = 0;

	if (m->n)
		qsort(m->v, m->n, sizeof *m->v, by_base);
	for (size_t i = 0; i < m->n; i++)
		if (kept == 0 || !str_eq(m->v[kept - 1].base, m->v[i].base))
			m->v[kept++] = m->v[i];
	m->n = kept;
}

static void join(struct marks *m, const struct import_list *list, struct md_import *ret)
{
	struct md_import_entry *v = arena_alloc(m->a, (list->n + m->n + 1) * sizeof *v);
	size_t n = list->n;

	for (size_t i = 0; i < list->n; i++) {
		struct mark *mark =
			m->n ? bsearch(&list->v[i].base, m->v, m->n, sizeof *m->v, base_cmp) : NULL;

		v[i] = list->v[i];
		if (!mark)
			continue;
		v[i].keywords = mark->v;
		v[i].nkeywords = mark->n;
		mark->n = 0; /* it has its message */
	}
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].n)
			v[n++] = (struct md_import_entry){ .base = m->v[i].base,
							   .keywords = m->v[i].v,
							   .nkeywords = m->v[i].n };
	ret->entries = v;
	ret->n = n;
	ret->keywords = m->names;
	ret->nkeywords = m->nnames;
}

int import_courier_keywords(int dir_fd, struct arena *a, const struct import_list *list,
			    struct md_import *ret)
{
	_cleanup_(fd_closep) int at =
		openat(dir_fd, "courierimapkeywords", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(buf_release) struct buf text = { 0 };
	struct marks m = { .a = a };
	int r;

	if (at < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = import_slurp(at, ":list", LIST_BIGGEST, &text);
	if (r < 0)
		return r;
	read_list(&m, buf_view(&text));
	r = read_updates(&m, at);
	if (r < 0)
		return r;
	settle(&m);
	join(&m, list, ret);
	return m.n > 0;
}

int import_dovecot_keywords(int dir_fd, struct arena *a, struct md_import *ret)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct str rest, line, index;
	uint32_t i;
	int found = 0;
	const int r = import_slurp(dir_fd, "dovecot-keywords", ONE_BIGGEST, &text);

	if (r < 0)
		return r;
	rest = buf_view(&text);
	while (str_cut(&rest, '\n', &line)) {
		line = str_trim(line);
		if (!str_cut(&line, ' ', &index) || !str_u32(index, &i) || i >= COUNT(ret->letters))
			continue;
		if (line.n == 0 || line.n > NAME_MAX_LENGTH)
			continue;
		ret->letters[i] = as_atom(a, line);
		found = 1;
	}
	return found;
}
