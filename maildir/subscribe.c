/* maildir/subscribe.c: which folders the user has subscribed to: courierimapsubscribed */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"
#include "maildir/subscribe.h"

enum { BIGGEST = 16 << 20 };

#define SHARED STR("#shared.")

/* A name of another account. It only has to fit on a line. */
static bool is_shared(struct str name)
{
	if (!str_starts(name, SHARED) || !utf8_valid(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.s[i] < 0x20 || name.s[i] == 0x7f)
			return false;
	return true;
}

/* The folder that a line means. False if it can't be one. */
static bool parse_line(struct str line, struct arena *a, struct str *ret)
{
	bool utf7;

	if (str_ends(line, STR("\r")))
		line.n--;
	if (is_shared(line)) {
		*ret = line;
		return true;
	}
	if (str_ieq(line, STR("INBOX"))) {
		*ret = STR("");
		return true;
	}
	if (str_istarts(line, STR("INBOX.")))
		line = str_from(line, sizeof "INBOX." - 1);
	return folder_name_of_dir(arena_cat(a, STR("."), line, STR("")), a, ret, &utf7);
}

static void put_line(struct buf *b, struct str name)
{
	if (!is_shared(name))
		buf_z(b, name.n ? "INBOX." : "INBOX");
	buf_str(b, name);
	buf_c(b, '\n');
}

static int by_octets(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* Sorted, and without what is there twice. */
static size_t unique(struct str *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof *v, by_octets);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !str_eq(v[kept - 1], v[i]))
			v[kept++] = v[i];
	return kept;
}

int subscribe_list(struct account *acc, struct arena *a, struct str **ret, size_t *ret_n)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct str rest, line, name, *v = NULL;
	size_t n = 0;
	const int r = files_read(acc->fd, SUBSCRIBED, BIGGEST, &text);

	if (r < 0 && r != -ENOENT)
		return r;
	rest = buf_view(&text);
	while (str_cut(&rest, '\n', &line)) {
		if (!parse_line(line, a, &name))
			continue;
		v = arena_grow(a, v, n + 1, sizeof *v);
		v[n++] = arena_str(a, name);
	}
	*ret_n = unique(v, n);
	*ret = v;
	return 0;
}

/* Copies the lines that do not mean name; returns whether one did. */
static bool copy_without(struct buf *ret, struct str text, struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str line, its;
	bool found = false;

	while (str_cut(&text, '\n', &line)) {
		arena_reset(&arena);
		if (parse_line(line, &arena, &its) && str_eq(its, name)) {
			found = true;
		} else if (line.n || text.s) {
			buf_str(ret, line);
			buf_c(ret, '\n');
		}
	}
	return found;
}

static int set(struct account *acc, struct str name, bool on)
{
	_cleanup_(fd_closep) int lock = -1;
	_cleanup_(buf_release) struct buf old = { 0 }, new = { 0 };
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r < 0)
		return r;
	r = files_read(acc->fd, SUBSCRIBED, BIGGEST, &old);
	if (r < 0 && r != -ENOENT)
		return r;
	if (copy_without(&new, buf_view(&old), name) == on)
		return 0;
	if (on)
		put_line(&new, name);
	r = account_lock_check(acc, lock);
	if (r >= 0)
		r = files_replace(acc->fd, SUBSCRIBED, buf_view(&new), acc->sync);
	return r < 0 ? r : 1;
}

/* Whether the line that would be written for name is read as name. */
static bool fits_a_line(struct str name)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf line = { 0 };
	struct str its;

	put_line(&line, name);
	return parse_line(str_head(buf_view(&line), line.n - 1), &arena, &its) && str_eq(its, name);
}

int subscribe_add(struct account *acc, struct str name)
{
	return fits_a_line(name) ? set(acc, name, true) : -EINVAL;
}

int subscribe_remove(struct account *acc, struct str name)
{
	return fits_a_line(name) ? set(acc, name, false) : 0;
}

/* In a line of version 2 levels are joined by TAB, and what would be in the way has an escape (\001) before
 * it.
 */
static struct str dovecot_unescape(struct arena *a, struct str line)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (size_t i = 0; i < line.n; i++) {
		char c = line.s[i] == '\t' ? '.' : line.s[i];

		if (c == '\001' && i + 1 < line.n) {
			c = line.s[++i];
			c = c == '0'   ? '\0'
			    : c == '1' ? '\001'
			    : c == 't' ? '\t'
			    : c == 'r' ? '\r'
			    : c == 'n' ? '\n'
				       : c;
		}
		buf_c(&b, c);
	}
	return arena_str(a, buf_view(&b));
}

/* Dovecot's names have no "INBOX." of a namespace before them: if they do, that is a folder below INBOX. */
static void import_line(struct account *acc, struct arena *a, struct str line, bool escaped, struct buf *ret)
{
	struct str name;
	bool utf7;

	if (escaped)
		line = dovecot_unescape(a, line);
	if (!folder_name_of_dir(arena_cat(a, STR("."), line, STR("")), a, &name, &utf7))
		return;
	if ((str_ieq(name, STR("INBOX")) || str_istarts(name, STR("INBOX."))) && !folder_exists(acc, name))
		name = str_from(name, sizeof "INBOX." - 1);
	put_line(ret, name);
}

int subscribe_import(struct account *acc)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf old = { 0 }, new = { 0 };
	const struct str version2 = STR("V\t2\n");
	struct str rest, line;
	bool escaped;
	int r;

	if (faccessat(acc->fd, SUBSCRIBED, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = files_read(acc->fd, "subscriptions", BIGGEST, &old);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	rest = buf_view(&old);
	escaped = str_starts(rest, version2);
	if (escaped)
		rest = str_from(rest, version2.n);
	while (str_cut(&rest, '\n', &line))
		import_line(acc, &arena, line, escaped, &new);
	return files_replace(acc->fd, SUBSCRIBED, buf_view(&new), acc->sync);
}
