/* maildir/line.c: the lines of a journal */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "maildir/journal.h"

static bool is_plain(char c)
{
	return (unsigned char)c > ' ' && c != '%' && c != 0x7f;
}

/* Names are arbitrary octets: what would end a field or a line, and %, is %XX. Hardly any has that. */
static void put_escaped(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";

	while (s.n) {
		size_t n = 0;

		while (n < s.n && is_plain(s.s[n]))
			n++;
		buf_str(b, str_head(s, n));
		if (n < s.n) {
			const unsigned char c = (unsigned char)s.s[n++];
			const char octet[] = { '%', hex[c >> 4], hex[c & 15] };

			buf_add(b, octet, sizeof octet);
		}
		s = str_from(s, n);
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

static void put_range(struct buf *b, uint32_t lo, uint32_t hi)
{
	put_number(b, lo);
	if (hi != lo) {
		buf_c(b, ':');
		buf_u64(b, hi);
	}
}

/* Flags and letters that mean nothing, then the keywords' numbers; "-" for none. */
static void put_marks(struct buf *b, const struct keyword_table *t, const struct message *msg)
{
	const struct keywords *k = keywords_set(t, msg->keywords);
	char letters[52];
	size_t n;

	n = mdname_put_letters(mdname_flag_letters(msg->flags) | keywords_strange(t, msg->keywords), letters);
	buf_c(b, ' ');
	buf_str(b, n ? (struct str){ letters, n } : STR("-"));
	buf_z(b, k->n ? " " : " -");
	for (size_t i = 0; i < k->n; i++) {
		if (i)
			buf_c(b, ',');
		buf_u64(b, k->v[i]);
	}
}

void line_keyword(struct buf *b, size_t number, const struct keyword *k)
{
	char letters[52];
	const size_t n = mdname_put_letters(k->letters & MDNAME_LOWER, letters);

	buf_c(b, 'k');
	put_number(b, number);
	buf_c(b, ' ');
	buf_c(b, n ? letters[0] : '-');
	buf_c(b, ' ');
	put_escaped(b, k->name);
	buf_c(b, '\n');
}

/* The last field of lines that tie a UID to a name: four digits that tell a whole line from halves of two, in
 * a damaged file. */
static void put_check(struct buf *b, size_t from)
{
	const uint32_t sum = journal_sum((struct str){ b->s + from, b->n - from });

	buf_c(b, ' ');
	put_hex(b, sum & 0xffff, 4);
	buf_c(b, '\n');
}

void line_message(struct buf *b, const struct keyword_table *t, const struct message *msg, struct str base)
{
	const size_t from = b->n;

	buf_c(b, '+');
	put_number(b, msg->uid);
	put_number(b, msg->modseq);
	put_marks(b, t, msg);
	buf_c(b, ' ');
	put_hex(b, msg->print, 1);
	buf_c(b, ' ');
	put_escaped(b, base);
	put_check(b, from);
}

void line_change(struct buf *b, const struct keyword_table *t, struct md_range uids, const struct message *as)
{
	buf_c(b, 'f');
	put_range(b, uids.lo, uids.hi);
	put_number(b, as->modseq);
	put_marks(b, t, as);
	buf_c(b, '\n');
}

void line_rename(struct buf *b, uint32_t uid, uint64_t print, struct str base)
{
	const size_t from = b->n;

	buf_c(b, 'n');
	put_number(b, uid);
	buf_c(b, ' ');
	put_hex(b, print, 1);
	buf_c(b, ' ');
	put_escaped(b, base);
	put_check(b, from);
}

void line_expunge(struct buf *b, const struct tomb *tomb)
{
	buf_c(b, '-');
	put_range(b, tomb->lo, tomb->hi);
	put_number(b, tomb->modseq);
	put_number(b, tomb->time);
	buf_c(b, '\n');
}

void line_recent(struct buf *b, uint32_t uid)
{
	buf_c(b, 'r');
	put_number(b, uid);
	buf_c(b, '\n');
}

void line_floor(struct buf *b, uint64_t modseq)
{
	buf_c(b, 't');
	put_number(b, modseq);
	buf_c(b, '\n');
}

void line_dirs(struct buf *b, const struct dir_state dirs[DIR_COUNT], bool unmoved)
{
	buf_c(b, 'd');
	for (int i = 0; i < DIR_COUNT; i++) {
		put_number(b, dirs[i].ino);
		put_number(b, dirs[i].mtime);
		put_number(b, dirs[i].ctime);
	}
	buf_z(b, unmoved ? " 1\n" : " 0\n");
}

void line_boot(struct buf *b, const struct boot *boot)
{
	buf_z(b, "b ");
	put_escaped(b, boot->id);
	buf_c(b, ' ');
	put_escaped(b, boot->host);
	buf_c(b, '\n');
}

void line_run_end(struct buf *b, const struct keyword_table *t, struct line_run *run)
{
	if (run->lo)
		line_change(b, t, (struct md_range){ run->lo, run->as.uid }, &run->as);
	run->lo = 0;
}

void line_run_add(struct buf *b, const struct keyword_table *t, struct line_run *run,
		  const struct message *as, size_t position)
{
	const bool same = run->lo && position == run->position + 1 && run->as.flags == as->flags &&
			  run->as.keywords == as->keywords;

	if (!same) {
		line_run_end(b, t, run);
		run->lo = as->uid;
	}
	run->as = *as;
	run->position = position;
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

static bool get_modseq(struct str *rest, const struct line_bounds *below, uint64_t *ret)
{
	return line_number(rest, 1, below->modseq - 1, ret);
}

/* What put_marks() wrote. */
static bool get_marks(struct str *rest, struct keyword_table *t, bool lenient, uint8_t *ret_flags,
		      uint32_t *ret)
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
	*ret_flags = mdname_flags(mask);
	*ret = keywords_intern(t, v, n, mask & ~mdname_flag_letters(MD_FLAGS) & ~t->mirrored);
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

static bool add_lost(struct keyword_table *t)
{
	char name[32];

	snprintf(name, sizeof name, "lost-%zu", t->n);
	return keyword_add(t, str_z(name), 0) == 0;
}

static bool apply_keyword(struct index *ix, struct str rest, const struct line_bounds *below)
{
	struct keyword_table *t = ix->keywords;
	char name[MD_KEYWORD_LENGTH_MAX];
	struct str letter, field;
	uint64_t number;
	size_t n;
	char c;

	if (!line_number(&rest, 0, below->lenient ? MD_KEYWORDS_MAX - 1 : t->n, &number) ||
	    !line_field(&rest, &letter) || letter.n != 1 || !line_field(&rest, &field) || rest.s ||
	    !unescape(field, sizeof name, name, &n))
		return false;
	if (number < t->n)
		return str_eq(t->v[number].name, (struct str){ name, n });
	c = letter.s[0] >= 'a' && letter.s[0] <= 'z' ? letter.s[0] : 0;
	if (t->mirrored & mdname_letter(c))
		c = 0;
	while (t->n < number) /* so that those after a lost one keep their numbers */
		if (!add_lost(t))
			return false;
	return keyword_add(t, (struct str){ name, n }, c) == 0;
}

static bool apply_message(struct index *ix, struct str rest, const struct line_bounds *below)
{
	uint32_t k;
	char name[MDNAME_MAX];
	uint64_t uid, modseq, print;
	struct message msg;
	struct str base;
	uint8_t flags;

	if (!line_number(&rest, ix->uidnext, (uint64_t)below->uid - 1, &uid) ||
	    !get_modseq(&rest, below, &modseq) ||
	    !get_marks(&rest, ix->keywords, below->lenient, &flags, &k) || !get_hex(&rest, &print) ||
	    !get_base(&rest, name, &base))
		return false;
	msg = (struct message){
		.uid = (uint32_t)uid, .modseq = modseq, .flags = flags, .keywords = k, .print = print
	};
	ix->uidnext = (uint32_t)uid + 1;
	ix->modseq = MAX(ix->modseq, modseq);
	ix->dirs_stale = true;
	index_tell(ix, MD_NEW, index_add(ix, &msg, base));
	return true;
}

static bool apply_change(struct index *ix, struct str rest, const struct line_bounds *below)
{
	uint32_t k;
	struct md_range range;
	uint64_t modseq;
	uint8_t flags;

	if (!get_range(&rest, ix->uidnext, &range) || !get_modseq(&rest, below, &modseq) ||
	    !get_marks(&rest, ix->keywords, below->lenient, &flags, &k) || rest.s)
		return false;
	for (size_t i = index_position(ix, range.lo); i < index_count(ix) && index_at(ix, i)->uid <= range.hi;
	     i++)
		index_change(ix, index_at(ix, i), flags, k, modseq);
	ix->modseq = MAX(ix->modseq, modseq);
	ix->dirs_stale = true;
	return true;
}

static bool apply_rename(struct index *ix, struct str rest, const struct line_bounds *below)
{
	char name[MDNAME_MAX];
	uint64_t uid, print;
	struct message *msg, *other;
	struct str base;

	(void)below;
	if (!line_number(&rest, 1, UINT32_MAX, &uid) || !get_hex(&rest, &print) ||
	    !get_base(&rest, name, &base))
		return false;
	msg = index_find(ix, (uint32_t)uid);
	other = index_find_base(ix, base);
	if (other && other != msg)
		return false;
	if (msg) {
		index_rename(ix, msg, base);
		msg->print = print;
	}
	ix->dirs_stale = true;
	return true;
}

static bool apply_expunge(struct index *ix, struct str rest, const struct line_bounds *below)
{
	const size_t n = ix->tombs.n / sizeof(struct tomb);
	const struct tomb *tombs = (void *)ix->tombs.s;
	struct md_range range;
	struct tomb tomb;

	if (!get_range(&rest, ix->uidnext, &range) || !get_modseq(&rest, below, &tomb.modseq) ||
	    !line_number(&rest, 0, UINT64_MAX, &tomb.time) || rest.s)
		return false;
	if (n && tombs[n - 1].modseq > tomb.modseq)
		return false;
	tomb.lo = range.lo;
	tomb.hi = range.hi;
	index_expunge(ix, &tomb);
	ix->modseq = MAX(ix->modseq, tomb.modseq);
	ix->dirs_stale = true;
	return true;
}

static bool apply_recent(struct index *ix, struct str rest, const struct line_bounds *below)
{
	uint64_t uid;

	(void)below;
	if (!line_number(&rest, 0, (uint64_t)ix->uidnext - 1, &uid) || rest.s)
		return false;
	ix->recent = MAX(ix->recent, (uint32_t)uid);
	return true;
}

static bool apply_floor(struct index *ix, struct str rest, const struct line_bounds *below)
{
	return get_modseq(&rest, below, &ix->floor) && !rest.s;
}

static bool apply_dirs(struct index *ix, struct str rest, const struct line_bounds *below)
{
	struct dir_state dirs[DIR_COUNT];
	uint64_t unmoved;

	(void)below;
	for (int i = 0; i < DIR_COUNT; i++)
		if (!line_number(&rest, 0, UINT64_MAX, &dirs[i].ino) ||
		    !line_number(&rest, 0, UINT64_MAX, &dirs[i].mtime) ||
		    !line_number(&rest, 0, UINT64_MAX, &dirs[i].ctime))
			return false;
	if (!line_number(&rest, 0, 1, &unmoved) || rest.s)
		return false;
	memcpy(ix->dirs, dirs, sizeof dirs);
	ix->dirs_unmoved = ix->unplaced = unmoved;
	ix->dirs_uidnext = ix->uidnext;
	ix->dirs_known = true;
	ix->dirs_stale = false;
	return true;
}

/* The last boot of each host; hosts beyond a handful are not remembered. */
static bool apply_boot(struct index *ix, struct str rest, const struct line_bounds *below)
{
	struct boot *boots = (void *)ix->boots.s;
	const size_t n = ix->boots.n / sizeof *boots;
	char id[64], host[256];
	struct str field;
	struct boot boot = { 0 };

	(void)below;
	if (!line_field(&rest, &field) || !unescape(field, sizeof id, id, &boot.id.n) ||
	    !line_field(&rest, &field) || !unescape(field, sizeof host, host, &boot.host.n) || rest.s)
		return false;
	boot.id.s = id;
	boot.host.s = host;
	for (size_t i = 0; i < n; i++)
		if (str_eq(boots[i].host, boot.host)) {
			boots[i].id = arena_str(&ix->arena, boot.id);
			return true;
		}
	boot.id = arena_str(&ix->arena, boot.id);
	boot.host = arena_str(&ix->arena, boot.host);
	if (n < 64)
		buf_add(&ix->boots, &boot, sizeof boot);
	return true;
}

static const struct kind {
	char letter;
	bool (*apply)(struct index *ix, struct str rest, const struct line_bounds *below);
} kinds[] = {
	{'+',	       apply_message },
	{ 'f',	       apply_change },
	{ '-',apply_expunge },
	{ 'n',	       apply_rename },
	{ 'k',	       apply_keyword },
	{ 'r',apply_recent },
	{ 'd',	       apply_dirs },
	{ 'b',	       apply_boot },
	{ 't',	       apply_floor },
	{ 0	    },
};

int line_apply(struct index *ix, struct str line, const struct line_bounds *below)
{
	if (line.n < 2 || line.s[1] != ' ')
		return -EBADMSG;
	if (below->lenient && (line.s[0] == '+' || line.s[0] == 'n') && !is_whole(line))
		return -EBADMSG;
	for (const struct kind *k = kinds; k->letter; k++)
		if (k->letter == line.s[0])
			return k->apply(ix, str_from(line, 2), below) ? 0 : -EBADMSG;
	if (line.s[0] >= 'a' && line.s[0] <= 'z')
		return 1;
	return line.s[0] >= 'A' && line.s[0] <= 'Z' ? -EPROTONOSUPPORT : -EBADMSG;
}
