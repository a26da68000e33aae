/* imap/write.c: the formal syntax written (RFC 9051 9) */
#include <assert.h>
#include <string.h>
#include "base/utf7.h"
#include "base/utf8.h"
#include "imap/chars.h"
#include "imap/dates.h"
#include "imap/write.h"

enum { QUOTED = 1000 }; /* octets; what is longer goes as a literal */

void writer_init(struct writer *w, struct buf *out)
{
	*w = (struct writer){ .out = out };
}

/* Begins a value. */
static struct buf *value(struct writer *w)
{
	if (w->spaced)
		buf_c(w->out, ' ');
	w->spaced = true;
	return w->out;
}

void w_glue(struct writer *w)
{
	w->spaced = false;
}

void w_verbatim(struct writer *w, struct str s)
{
	buf_str(value(w), s);
}

void w_atom(struct writer *w, const char *word)
{
	buf_z(value(w), word);
}

void w_tagged(struct writer *w, struct str tag)
{
	w->spaced = false;
	w_verbatim(w, tag);
}

void w_untagged(struct writer *w)
{
	w_tagged(w, STR("*"));
}

void w_continue(struct writer *w)
{
	w_tagged(w, STR("+"));
}

void w_crlf(struct writer *w)
{
	buf_str(w->out, STR("\r\n"));
	w->spaced = false;
}

/* resp-text = ["[" resp-text-code "]" SP] text: so a text that begins with "[" would be taken for a code */
void w_text(struct writer *w, struct str s)
{
	const bool utf8 = w->utf8 && utf8_valid(s);
	struct buf *out = value(w);

	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.s[i];
		const bool shown = c >= 0x80 ? utf8 : c >= ' ' && c != 0x7f;

		buf_c(out, shown && !(i == 0 && c == '[') ? s.s[i] : '?');
	}
	if (s.n == 0)
		buf_c(out, '.');
}

void w_number(struct writer *w, uint64_t v)
{
	buf_u64(value(w), v);
}

void w_nil(struct writer *w)
{
	w_atom(w, "NIL");
}

void w_open(struct writer *w)
{
	buf_c(value(w), '(');
	w->spaced = false;
}

void w_close(struct writer *w)
{
	buf_c(w->out, ')');
	w->spaced = true;
}

void w_code_open(struct writer *w, const char *code)
{
	buf_c(value(w), '[');
	buf_z(w->out, code);
}

void w_code_close(struct writer *w)
{
	buf_c(w->out, ']');
	w->spaced = true;
}

void w_literal(struct writer *w, uint64_t octets)
{
	struct buf *out = value(w);

	buf_c(out, '{');
	buf_u64(out, octets);
	buf_str(out, STR("}\r\n"));
}

void w_literal8(struct writer *w, uint64_t octets)
{
	buf_c(value(w), '~');
	w->spaced = false;
	w_literal(w, octets);
}

/* What an octet means for DQUOTEs. */
enum { NEVER = 1, ESCAPED = 2, EIGHT_BIT = 4 };

/* What the octets of s mean all together. */
static unsigned all_in_quotes(struct str s)
{
	unsigned all = 0;

	for (size_t i = 0; i < s.n; i++) {
		const unsigned char c = (unsigned char)s.s[i];

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')	/* most are */
			continue;
		all |= c > 0x7f ? EIGHT_BIT : c == '"' || c == '\\' ? ESCAPED : c == '\t' ? 0 : NEVER;
	}
	return all;
}

static void quoted(struct writer *w, struct str s, bool escaped)
{
	struct buf *out = value(w);
	char *p = buf_reserve(out, 2 * s.n + 2);
	size_t n = 0;

	p[n++] = '"';
	if (!escaped && s.n) {
		memcpy(p + n, s.s, s.n);
		n += s.n;
	}
	for (size_t i = 0; escaped && i < s.n; i++) {
		if (s.s[i] == '"' || s.s[i] == '\\')
			p[n++] = '\\';
		p[n++] = s.s[i];
	}
	p[n++] = '"';
	out->n += n;
}

/* literal = "{" number64 "}" CRLF *CHAR8	; CHAR8 is no NUL */
static void literal(struct writer *w, struct str s)
{
	size_t nuls = 0;

	for (size_t i = 0; i < s.n; i++)
		nuls += s.s[i] == 0;
	w_literal(w, s.n - nuls);
	if (nuls == 0)
		buf_str(w->out, s);
	else
		for (size_t i = 0; i < s.n; i++)
			if (s.s[i])
				buf_c(w->out, s.s[i]);
}

void w_string(struct writer *w, struct str s)
{
	const unsigned all = s.n > QUOTED ? NEVER : all_in_quotes(s);

	if (!(all & NEVER) && (!(all & EIGHT_BIT) || (w->utf8 && utf8_valid(s))))
		quoted(w, s, all & ESCAPED);
	else
		literal(w, s);
}

void w_nstring(struct writer *w, struct str s)
{
	if (s.s)
		w_string(w, s);
	else
		w_nil(w);
}

/* What every client reads as an atom: some trip over "[" or a number where they await a string. */
static bool plain(char c)
{
	return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_' || c == '.' || c == '/' || c == '&';
}

void w_astring(struct writer *w, struct str s)
{
	uint64_t number;

	if (s.n > QUOTED || !chars_all(s, plain) || str_ieq(s, STR("NIL")) || str_u64(s, &number))
		w_string(w, s);
	else
		w_verbatim(w, s);
}

void w_mailbox(struct writer *w, struct str name)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (w->utf8 || !utf7_encode(&b, name))
		w_astring(w, name);
	else
		w_astring(w, buf_view(&b));
}

void w_separator(struct writer *w, char separator)
{
	if (separator)
		quoted(w, (struct str){ &separator, 1 }, true);
	else
		w_nil(w);
}

void w_keyword(struct writer *w, struct str keyword)
{
	if (chars_all(keyword, char_atom))
		w_verbatim(w, keyword);
}

static void write_flags(struct writer *w, unsigned system, const struct str *keywords, size_t n)
{
	static const char *const names[] = { "\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", "\\Recent" };
	static_assert(FLAG_ANSWERED == 1 << 0 && FLAG_FLAGGED == 1 << 1 && FLAG_DELETED == 1 << 2 && FLAG_SEEN == 1 << 3 &&
		      FLAG_DRAFT == 1 << 4 && FLAG_RECENT == 1 << 5, "as names has them");

	w_open(w);
	for (unsigned rest = system & (2 * FLAG_RECENT - 1); rest; rest &= rest - 1)
		w_atom(w, names[__builtin_ctz(rest)]);
	for (size_t i = 0; i < n; i++)
		w_keyword(w, keywords[i]);
	if (system & FLAG_ANY)
		w_atom(w, "\\*");
	w_close(w);
}

/* Most messages have no keywords, so there are few texts, and each is made once. */
static struct str known_flags(unsigned system)
{
	static struct known {
		uint8_t n;
		char s[63];
	} known[2 * FLAG_RECENT];
	struct known *k = &known[system];

	if (!k->n) {
		_cleanup_(buf_release) struct buf b = { 0 };
		struct writer w;

		writer_init(&w, &b);
		write_flags(&w, system, NULL, 0);
		assert(b.n <= sizeof k->s);
		memcpy(k->s, b.s, b.n);
		k->n = (uint8_t)b.n;
	}
	return (struct str){ k->s, k->n };
}

void w_flags(struct writer *w, unsigned system, const struct str *keywords, size_t n)
{
	if (n == 0 && system < 2 * FLAG_RECENT)
		w_verbatim(w, known_flags(system));
	else
		write_flags(w, system, keywords, n);
}

/* Thousands of messages are told of at once, and often this is most of what is told. */
void w_fetch(struct writer *w, bool uidfetch, uint32_t number, uint32_t uid)
{
	struct buf *out = w->out;

	buf_str(out, STR("* "));
	buf_u64(out, number);
	buf_str(out, uidfetch ? STR(" UIDFETCH (") : STR(" FETCH ("));
	w->spaced = uid;
	if (uid) {
		buf_str(out, STR("UID "));
		buf_u64(out, uid);
	}
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
static char *put_digits(char *p, int v, int n)
{
	for (int i = n; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

/* Not by printf(), which takes as long as all the rest of FETCH FAST. */
void w_date_time(struct writer *w, struct date_time t)
{
	const int64_t first = day_number(0, 1, 1) * 86400LL,
		      last = day_number(9999, 12, 31) * 86400LL + 86399;
	const int64_t local = t.unix_time + t.zone * 60;
	const int64_t s = MAX(first, MIN(last, local));
	const int64_t days = (s - first) / 86400;
	const int of_day = (int)((s - first) % 86400), zone = t.zone < 0 ? -t.zone : t.zone;
	const struct day d = day_of_number((int32_t)(days + first / 86400));

	char text[] = "\"dd-Mon-yyyy hh:mm:ss +hhmm\"", *p = put_digits(text + 1, d.day, 2) + 1;

	memcpy(p, month_name(d.month), 3);
	p = put_digits(p + 4, d.year, 4) + 1;
	p = put_digits(p, of_day / 3600, 2) + 1;
	p = put_digits(p, of_day / 60 % 60, 2) + 1;
	p = put_digits(p, of_day % 60, 2) + 1;
	*p = t.zone < 0 ? '-' : '+';
	put_digits(put_digits(p + 1, zone / 60 % 100, 2), zone % 60, 2);
	buf_add(value(w), text, sizeof text - 1);
}

/* seq-number = nz-number / "*" */
static void seq_number(struct buf *out, uint32_t number)
{
	if (number)
		buf_u64(out, number);
	else
		buf_c(out, '*');
}

static void ranges(struct writer *w, const struct seq *v, size_t n)
{
	struct buf *out = value(w);

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_c(out, ',');
		seq_number(out, v[i].a);
		if (v[i].a == v[i].b)
			continue;
		buf_c(out, ':');
		seq_number(out, v[i].b);
	}
}

void w_sequence_set(struct writer *w, struct seqset set)
{
	if (set.saved)
		w_atom(w, "$");
	else
		ranges(w, set.v, set.n);
}

void w_uid_set(struct writer *w, struct uidset *set)
{
	uidset_settle(set);
	ranges(w, set->v, set->n);
}

/* section-part = nz-number *("." nz-number), and the "." before a section-text */
static void section_part(struct buf *out, const struct section *s)
{
	for (size_t i = 0; i < s->parts; i++) {
		if (i)
			buf_c(out, '.');
		buf_u64(out, s->part[i]);
	}
	if (s->parts && s->what != SECTION_ALL)
		buf_c(out, '.');
}

void w_section(struct writer *w, const char *item, const struct section *s, const struct partial *from)
{
	static const char *const words[] = { "",     "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
					     "TEXT", "MIME" };

	w_atom(w, item);
	buf_c(w->out, '[');
	section_part(w->out, s);
	buf_z(w->out, words[s->what]);
	if (s->what == SECTION_FIELDS || s->what == SECTION_FIELDS_NOT) {
		w_open(w);
		for (size_t i = 0; i < s->fields.n; i++)
			w_astring(w, s->fields.v[i]);
		w_close(w);
	}
	buf_c(w->out, ']');
	if (from) {
		buf_c(w->out, '<');
		buf_u64(w->out, from->first);
		buf_c(w->out, '>');
	}
}
