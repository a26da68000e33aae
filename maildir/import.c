/* maildir/import.c: lists of UIDs that other servers have left, and which of them to believe */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include "base/log.h"
#include "maildir/files.h"
#include "maildir/importing.h"

int import_slurp(int dir_fd, const char *file, size_t max, struct buf *ret)
{
	const int r = files_read(dir_fd, file, max, ret);

	if (r == -EINVAL || r == -EFBIG)
		log_line(LOG_WARNING, "%s is left alone: it is %s", file,
			 r == -EINVAL ? "no regular file" : "too big to be true");
	return r == -EINVAL || r == -EFBIG || r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

bool import_base_valid(struct str base)
{
	return base.n && base.n <= 255 && base.s[0] != '.' && str_find(base, '/') == base.n &&
	       str_find(base, '\0') == base.n;
}

/* What is before the last ":2,": Dovecot has written flags into its list at times. */
static struct str without_flags(struct str name)
{
	for (size_t at = name.n; at-- > 0;)
		if (str_starts(str_from(name, at), STR(":2,")))
			return str_head(name, at);
	return name;
}

/* A field up to the next blanks; false at the end. */
static bool next_field(struct str *rest, struct str *ret)
{
	while (str_cut(rest, ' ', ret))
		if (ret->n)
			return true;
	return false;
}

/* "1 UIDVALIDITY NEXT", or "3 V<UIDVALIDITY> N<NEXT> G<GUID> ..." in any order. */
static bool read_header(struct str line, struct import_list *ret, bool *ret_fields)
{
	struct str version, f;
	bool three;

	if (!next_field(&line, &version))
		return false;
	three = str_eq(version, STR("3"));
	if (!three)
		return str_eq(version, STR("1")) && next_field(&line, &f) && str_u32(f, &ret->uidvalidity) &&
		       next_field(&line, &f) && str_u32(f, &ret->uidnext) && ret->uidvalidity && ret->uidnext;
	while (next_field(&line, &f)) {
		if ((f.s[0] == 'V' && !str_u32(str_from(f, 1), &ret->uidvalidity)) ||
		    (f.s[0] == 'N' && !str_u32(str_from(f, 1), &ret->uidnext)))
			return false;
	}
	*ret_fields = true;
	return ret->uidvalidity && ret->uidnext;
}

/* "UID base", or with fields "UID Xvalue ... :base". The UID is taken even if there is no base to it. */
static bool read_line(struct str line, bool fields, uint32_t *ret_uid, struct str *ret_base)
{
	struct str uid, f;

	if (!str_cut(&line, ' ', &uid) || !line.s || !str_u32(uid, ret_uid) || *ret_uid == 0)
		return false;
	while (fields && line.n && line.s[0] != ':')
		if (!str_cut(&line, ' ', &f))
			break;
	if (fields)
		line = str_from(line, 1);
	*ret_base = without_flags(line);
	return true;
}

/* What is torn or can't be a file is not added, but its UID is not free. False: there is none left. */
static bool add_line(struct import_list *l, struct arena *a, struct str line, bool fields, bool whole)
{
	struct str base;
	uint32_t uid;

	if (!read_line(line, fields, &uid, &base))
		return true;
	if (uid == UINT32_MAX)
		return false;
	l->uidnext = MAX(l->uidnext, uid + 1);
	if (!whole || !import_base_valid(base))
		return true;
	l->v = arena_grow(a, l->v, l->n + 1, sizeof *l->v);
	l->v[l->n++] = (struct md_import_entry){ .uid = uid, .base = arena_str(a, base) };
	return true;
}

static bool read_list(struct import_list *l, struct arena *a, struct str text)
{
	struct str line;
	bool fields = false, crlf;

	if (!str_cut(&text, '\n', &line) || !text.s)
		return false;
	crlf = str_ends(line, STR("\r"));
	if (!read_header(str_trim(line), l, &fields))
		return false;
	while (str_cut(&text, '\n', &line)) {
		const bool whole = text.s;

		if (crlf && str_ends(line, STR("\r")))
			line.n--;
		if (!add_line(l, a, line, fields, whole))
			return false;
	}
	return true;
}

static int by_uid(const void *x, const void *y)
{
	const struct md_import_entry *a = x, *b = y;

	return a->uid < b->uid ? -1 : a->uid > b->uid;
}

/* By base, of one the last given UID first. */
static int by_base(const void *x, const void *y)
{
	const struct md_import_entry *a = *(struct md_import_entry *const *)x,
				     *b = *(struct md_import_entry *const *)y;
	const int r = str_cmp(a->base, b->base);

	return r ? r : by_uid(b, a);
}

static size_t compact(struct md_import_entry *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].uid)
			v[kept++] = v[i];
	return kept;
}

/* Sorts by UID. Of two lines with one UID none is to be trusted; of two with one base the one with the higher
 * UID is.
 */
static void tidy(struct import_list *l, struct arena *a)
{
	struct md_import_entry **p = arena_alloc(a, (l->n + 1) * sizeof *p);
	uint32_t last = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof *l->v, by_uid);
	for (size_t i = 0; i < l->n; i++) {
		const uint32_t uid = l->v[i].uid;

		if (uid == last || (i + 1 < l->n && l->v[i + 1].uid == uid))
			l->v[i].uid = 0;
		last = uid;
	}
	l->n = compact(l->v, l->n);
	for (size_t i = 0; i < l->n; i++)
		p[i] = &l->v[i];
	qsort(p, l->n, sizeof *p, by_base);
	for (size_t i = 1; i < l->n; i++)
		if (str_eq(p[i]->base, p[i - 1]->base))
			p[i]->uid = 0;
	l->n = compact(l->v, l->n);
}

int import_list_read(int dir_fd, const char *file, struct arena *a, struct import_list *ret)
{
	enum { BIGGEST = 512 << 20 };
	_cleanup_(buf_release) struct buf text = { 0 };
	struct import_list l = { 0 };
	struct stat st;
	int r;

	*ret = l;
	if (fstatat(dir_fd, file, &st, 0) < 0)
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	r = import_slurp(dir_fd, file, BIGGEST, &text);
	if (r < 0)
		return r;
	if (!read_list(&l, a, buf_view(&text))) {
		log_line(LOG_WARNING, "%s is left alone: it is no list of UIDs", file);
		return 0;
	}
	tidy(&l, a);
	l.valid = true;
	l.changed = st.st_mtim;
	*ret = l;
	return 0;
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

int import_read(int dir_fd, struct arena *a, struct md_import *ret)
{
	struct md_import import = { .from = "courier", .uidnext = 1 };
	struct import_list courier, dovecot, none = { 0 };
	const struct import_list *list = &none;
	int r, found = 0;

	r = import_list_read(dir_fd, "courierimapuiddb", a, &courier);
	if (r >= 0)
		r = import_list_read(dir_fd, "dovecot-uidlist", a, &dovecot);
	if (r < 0)
		return r;
	if (courier.valid)
		list = &courier;
	if (dovecot.valid && (!courier.valid || is_later(dovecot.changed, courier.changed)))
		list = &dovecot;
	if (list != &none) {
		import.uidvalidity = list->uidvalidity;
		import.uidnext = list->uidnext;
		import.entries = list->v;
		import.n = list->n;
		found = 1;
	}
	if (list != &dovecot)
		r = import_courier_keywords(dir_fd, a, list, &import);
	if (list == &dovecot || (list == &none && r == 0)) {
		import.from = "dovecot";
		r = import_dovecot_keywords(dir_fd, a, &import);
	}
	if (r < 0)
		return r;
	found |= r;
	if (found)
		*ret = import;
	return found;
}
