/* maildir/line.c: the lines of a journal, as text and back */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "maildir/journal.h"

static bool is_plain(char c)
{
	return c != '%' && ((c > ' ' && c < 0x7f) || c & 0x80);
}

/* Names are arbitrary octets: what would end a field or a line, and %, is %XX. Hardly any has that. */
static void put_escaped(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t n = 0; s.n; s = str_from(s, n + 1), n = 0) {
		while (n < s.n && is_plain(s.s[n]))
			n++;
		buf_add(b, s.s, n);
		if (n < s.n) {
			const unsigned char c = (unsigned char)s.s[n];
			const char octet[] = { '%', hex[c >> 4], hex[c & 15] };

			buf_add(b, octet, sizeof octet);
		}
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One %XX at s. */
static bool unescape_one(struct str s, char *ret)
{
	const int hi = s.n > 2 ? hex_digit(s.s[1]) : -1, lo = s.n > 2 ? hex_digit(s.s[2]) : -1;

	if (hi < 0 || lo < 0)
		return false;
	*ret = (char)(hi << 4 | lo);
	return true;
}

/* At most max octets, none of them NUL. */
static bool unescape(struct str s, size_t max, char *ret, size_t *ret_n)
{
	size_t n = 0;

	while (s.n) {
		const size_t plain = str_find(s, '%');

		if (plain > max - n)
			return false;
		memcpy(ret + n, s.s, plain);
		n += plain;
		s = str_from(s, plain);
		if (s.n && (n == max || !unescape_one(s, &ret[n++])))
			return false;
		s = str_from(s, 3);
	}
	*ret_n = n;
	return n > 0 && !memchr(ret, 0, n);
}

/* So many digits, or as many as it takes. */
static void put_hex(struct buf *b, uint64_t v, size_t least)
{
	char digits[16];
	size_t at = sizeof digits;

	for (; v || sizeof digits - at < least; v >>= 4)
		digits[--at] = "0123456789abcdef"[v & 15];
	buf_add(b, digits + at, sizeof digits - at);
}

static void put_number(struct buf *b, uint64_t v)
{
	buf_c(b, ' ');
	buf_u64(b, v);
}

static void put_range(struct buf *b, struct md_range uids)
{
	put_number(b, uids.lo);
	if (uids.hi != uids.lo) {
		buf_c(b, ':');
		buf_u64(b, uids.hi);
	}
}

/* Flags and letters that mean nothing, then the keywords' numbers; "-" for none. */
static void put_marks(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	const struct keywords *k = keywords_set(t, l->keywords);
	char letters[52];
	size_t n;

	n = mdname_put_letters(mdname_flag_letters(l->flags) | keywords_strange(t, l->keywords), letters);
	buf_c(b, ' ');
	buf_str(b, n ? (struct str){ letters, n } : STR("-"));
	buf_z(b, k->n ? " " : " -");
	for (size_t i = 0; i < k->n; i++) {
		if (i)
			buf_c(b, ',');
		buf_u64(b, k->v[i]);
	}
}

/* The last field of lines that tie a UID to a name: four digits that tell a whole line from halves of two, in
 * a damaged file. */
static void put_check(struct buf *b, size_t from)
{
	const uint32_t sum = journal_sum((struct str){ b->s + from, b->n - from });

	buf_c(b, ' ');
	put_hex(b, sum & 0xffff, 4);
}

static void write_keyword(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	char letters[52];
	const size_t n = mdname_put_letters(l->number, letters);

	(void)t;
	put_number(b, l->uids.lo);
	buf_c(b, ' ');
	buf_c(b, n ? letters[0] : '-');
	buf_c(b, ' ');
	put_escaped(b, l->name);
}

static void write_message(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	const size_t from = b->n - 1; /* with its letter */

	put_number(b, l->uids.lo);
	put_number(b, l->modseq);
	put_marks(b, t, l);
	buf_c(b, ' ');
	put_hex(b, l->number, 1);
	buf_c(b, ' ');
	put_escaped(b, l->name);
	put_check(b, from);
}

static void write_change(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	put_range(b, l->uids);
	put_number(b, l->modseq);
	put_marks(b, t, l);
}

static void write_rename(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	const size_t from = b->n - 1;

	(void)t;
	put_number(b, l->uids.lo);
	buf_c(b, ' ');
	put_hex(b, l->number, 1);
	buf_c(b, ' ');
	put_escaped(b, l->name);
	put_check(b, from);
}

static void write_expunge(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	(void)t;
	put_range(b, l->uids);
	put_number(b, l->modseq);
	put_number(b, l->number);
}

static void write_recent(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	(void)t;
	put_number(b, l->uids.lo);
}

static void write_floor(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	(void)t;
	put_number(b, l->modseq);
}

static void write_dirs(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	(void)t;
	for (int i = 0; i < DIR_COUNT; i++) {
		put_number(b, l->dirs[i].ino);
		put_number(b, l->dirs[i].mtime);
		put_number(b, l->dirs[i].ctime);
	}
	buf_z(b, l->unmoved ? " 1" : " 0");
}

static void write_boot(struct buf *b, const struct keyword_table *t, const struct line *l)
{
	(void)t;
	buf_c(b, ' ');
	put_escaped(b, l->boot);
	buf_c(b, ' ');
	put_escaped(b, l->name);
}

bool line_field(struct str *rest, struct str *ret)
{
	return str_cut(rest, ' ', ret) && ret->n;
}

bool line_number(struct str *rest, uint64_t least, uint64_t most, uint64_t *ret)
{
	struct str field;
	uint64_t v;

	if (!line_field(rest, &field) || !str_u64(field, &v) || v < least || v > most)
		return false;
	*ret = v;
	return true;
}

static bool get_hex(struct str *rest, uint64_t *ret)
{
	struct str field;
	uint64_t v = 0;

	if (!line_field(rest, &field) || field.n > 16)
		return false;
	for (size_t i = 0; i < field.n; i++) {
		const int digit = hex_digit(ascii_upper(field.s[i]));

		if (digit < 0)
			return false;
		v = v << 4 | (uint64_t)digit;
	}
	*ret = v;
	return true;
}

static bool get_range(struct str *rest, uint32_t below, struct md_range *ret)
{
	struct str field, lo;
	struct md_range range;

	if (!line_field(rest, &field) || !str_cut(&field, ':', &lo) || !str_u32(lo, &range.lo))
		return false;
	range.hi = range.lo;
	if (field.s && !str_u32(field, &range.hi))
		return false;
	if (range.lo == 0 || range.lo > range.hi || range.hi >= below)
		return false;
	*ret = range;
	return true;
}

static bool get_uid(struct str *rest, uint64_t least, uint64_t most, struct line *ret)
{
	uint64_t uid;

	if (!line_number(rest, least, most, &uid))
		return false;
	ret->uids = (struct md_range){ (uint32_t)uid, (uint32_t)uid };
	return true;
}

static bool get_modseq(struct str *rest, const struct line_bounds *below, uint64_t *ret)
{
	return line_number(rest, 1, below->modseq - 1, ret);
}

/* What put_marks() wrote. */
static bool get_marks(struct str *rest, struct keyword_table *t, bool lenient, struct line *ret)
{
	uint16_t v[MD_KEYWORDS_MAX];
	struct str letters, numbers, one;
	uint64_t mask;
	size_t n = 0;

	if (!line_field(rest, &letters) || !line_field(rest, &numbers))
		return false;
	if (str_eq(numbers, STR("-")))
		numbers = (struct str){ 0 };
	while (str_cut(&numbers, ',', &one)) {
		uint32_t k;

		if (lenient && str_u32(one, &k) && k >= t->n)
			continue;
		if (!str_u32(one, &k) || k >= t->n || (n && k <= v[n - 1]))
			return false;
		v[n++] = (uint16_t)k;
	}
	mask = mdname_letters(letters);
	ret->flags = mdname_flags(mask);
	ret->keywords = keywords_intern(t, v, n, mask & ~mdname_flag_letters(MD_FLAGS) & ~t->mirrored);
	return true;
}

/* A base name that a message can have: not hidden, in no other directory; and the check. */
static bool get_base(struct str *rest, char ret[MDNAME_MAX], struct str *ret_base)
{
	struct str field, check;
	size_t n;

	if (!line_field(rest, &field) || !line_field(rest, &check) || rest->s || check.n != 4 ||
	    !unescape(field, MDNAME_MAX, ret, &n) || ret[0] == '.' || memchr(ret, '/', n))
		return false;
	*ret_base = (struct str){ ret, n };
	return true;
}

/* That the line is as it was written. Asked only where the sum of the transaction has not told already. */
static bool is_whole(struct str line)
{
	char check[8];
	const size_t n = line.n > 5 ? line.n - 5 : 0;

	snprintf(check, sizeof check, " %04x", journal_sum(str_head(line, n)) & 0xffff);
	return str_eq(str_from(line, n), str_z(check));
}

static bool read_keyword(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			 struct line *ret)
{
	struct str letter, field;

	if (!get_uid(&rest, 0, below->lenient ? MD_KEYWORDS_MAX - 1 : ix->keywords->n, ret) ||
	    !line_field(&rest, &letter) || letter.n != 1 || !line_field(&rest, &field) || rest.s ||
	    !unescape(field, MD_KEYWORD_LENGTH_MAX, names->name, &ret->name.n))
		return false;
	ret->number = mdname_letters(letter) & MDNAME_LOWER;
	ret->name.s = names->name;
	return true;
}

static bool read_message(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			 struct line *ret)
{
	return get_uid(&rest, ix->uidnext, (uint64_t)below->uid - 1, ret) && get_modseq(&rest, below, &ret->modseq) &&
	       get_marks(&rest, ix->keywords, below->lenient, ret) && get_hex(&rest, &ret->number) &&
	       get_base(&rest, names->name, &ret->name);
}

static bool read_change(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			struct line *ret)
{
	(void)names;
	return get_range(&rest, ix->uidnext, &ret->uids) && get_modseq(&rest, below, &ret->modseq) &&
	       get_marks(&rest, ix->keywords, below->lenient, ret) && !rest.s;
}

static bool read_rename(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			struct line *ret)
{
	(void)ix;
	(void)below;
	return get_uid(&rest, 1, UINT32_MAX, ret) && get_hex(&rest, &ret->number) &&
	       get_base(&rest, names->name, &ret->name);
}

static bool read_expunge(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			 struct line *ret)
{
	(void)names;
	return get_range(&rest, ix->uidnext, &ret->uids) && get_modseq(&rest, below, &ret->modseq) &&
	       line_number(&rest, 0, UINT64_MAX, &ret->number) && !rest.s;
}

static bool read_recent(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
			struct line *ret)
{
	(void)below;
	(void)names;
	return get_uid(&rest, 0, (uint64_t)ix->uidnext - 1, ret) && !rest.s;
}

static bool read_floor(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
		       struct line *ret)
{
	(void)ix;
	(void)names;
	return get_modseq(&rest, below, &ret->modseq) && !rest.s;
}

static bool read_dirs(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
		      struct line *ret)
{
	struct dir_state *dirs = names->dirs;
	uint64_t unmoved;

	(void)ix;
	(void)below;
	for (int i = 0; i < DIR_COUNT; i++)
		if (!line_number(&rest, 0, UINT64_MAX, &dirs[i].ino) ||
		    !line_number(&rest, 0, UINT64_MAX, &dirs[i].mtime) ||
		    !line_number(&rest, 0, UINT64_MAX, &dirs[i].ctime))
			return false;
	if (!line_number(&rest, 0, 1, &unmoved) || rest.s)
		return false;
	ret->unmoved = unmoved;
	ret->dirs = dirs;
	return true;
}

static bool read_boot(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
		      struct line *ret)
{
	struct str field;

	(void)ix;
	(void)below;
	if (!line_field(&rest, &field) || !unescape(field, sizeof names->boot, names->boot, &ret->boot.n) ||
	    !line_field(&rest, &field) || !unescape(field, sizeof names->name, names->name, &ret->name.n) || rest.s)
		return false;
	ret->boot.s = names->boot;
	ret->name.s = names->name;
	return true;
}

static const struct kind {
	char letter;
	void (*write)(struct buf *b, const struct keyword_table *t, const struct line *l);
	bool (*read)(struct index *ix, struct str rest, const struct line_bounds *below, struct line_names *names,
		     struct line *ret);
} kinds[] = {
	{ '+', write_message, read_message },
	{ 'f', write_change, read_change },
	{ '-', write_expunge, read_expunge },
	{ 'n', write_rename, read_rename },
	{ 'k', write_keyword, read_keyword },
	{ 'r', write_recent, read_recent },
	{ 'd', write_dirs, read_dirs },
	{ 'b', write_boot, read_boot },
	{ 't', write_floor, read_floor },
	{ 0 },
};

static const struct kind *kind_of(char letter)
{
	const struct kind *k = kinds;

	while (k->letter && k->letter != letter)
		k++;
	return k;
}

void line_write(struct buf *b, const struct keyword_table *t, struct line l)
{
	buf_c(b, l.kind);
	kind_of(l.kind)->write(b, t, &l);
	buf_c(b, '\n');
}

int line_read(struct index *ix, struct str line, const struct line_bounds *below, struct line_names *names,
	      struct line *ret)
{
	struct line l = { .kind = line.n ? line.s[0] : 0 };
	const struct kind *k = kind_of(l.kind);

	if (line.n < 2 || line.s[1] != ' ')
		return -EBADMSG;
	if (below->lenient && (l.kind == '+' || l.kind == 'n') && !is_whole(line))
		return -EBADMSG;
	if (k->letter) {
		if (!k->read(ix, str_from(line, 2), below, names, &l))
			return -EBADMSG;
		*ret = l;
		return 0;
	}
	if (l.kind >= 'a' && l.kind <= 'z')
		return 1;
	return l.kind >= 'A' && l.kind <= 'Z' ? -EPROTONOSUPPORT : -EBADMSG;
}
