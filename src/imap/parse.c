/* imap/parse.c: the formal syntax read: terminals, strings, numbers and lists (RFC 9051 9) */
#include <string.h>
#include "base/utf8.h"
#include "imap/chars.h"
#include "imap/parse.h"

void cursor_init(struct cursor *c, struct arena *a, struct str text)
{
	*c = (struct cursor){ .rest = text, .arena = a, .text = text };
}

bool p_back(struct cursor *c, struct str start)
{
	c->rest = start;
	return false;
}

bool p_unknown(struct cursor *c, struct str start, const char *what)
{
	p_back(c, start);
	return p_expected(c, what);
}

static size_t offset(const struct cursor *c)
{
	return c->text.n - c->rest.n;
}

/* A wish that begins at the place of the furthest failure, or beyond it, where it begins a new list. */
static bool wish(struct cursor *c, const char *what, bool literally)
{
	if (offset(c) < c->furthest)
		return false;
	if (offset(c) > c->furthest)
		c->nwishes = 0;
	c->furthest = offset(c);
	for (unsigned i = 0; i < MIN(c->nwishes, (unsigned)CURSOR_WISHES); i++)
		if (strcmp(c->wishes[i].what, what) == 0)
			return false;
	if (c->nwishes < CURSOR_WISHES)
		c->wishes[c->nwishes] = (struct wish){ what, literally };
	c->nwishes++;
	return false;
}

bool p_expected(struct cursor *c, const char *what)
{
	if (offset(c) == c->furthest)
		c->nwishes = 0;
	return wish(c, what, false);
}

/* A wish where the rule has got to; then it gives all back. */
static bool wish_back(struct cursor *c, const char *what, struct str start)
{
	wish(c, what, false);
	return p_back(c, start);
}

static void complain_where(const struct cursor *c, struct buf *b)
{
	enum { SHOWN = 20 };
	const struct str rest = str_from(c->text, c->furthest);

	buf_z(b, " at column ");
	buf_u64(b, c->furthest + 1);
	if (rest.n == 0) {
		buf_z(b, ", where the command ends");
		return;
	}
	buf_z(b, ", before \"");
	for (size_t i = 0; i < MIN(rest.n, (size_t)SHOWN); i++)
		buf_c(b, rest.s[i] >= ' ' && rest.s[i] < 0x7f ? rest.s[i] : '?');
	buf_z(b, rest.n > SHOWN ? "...\"" : "\"");
}

const char *parse_complaint(const struct cursor *c)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, c->nwishes && c->nwishes <= CURSOR_WISHES ? "expected " : "not understood");
	for (unsigned i = 0; i < c->nwishes && c->nwishes <= CURSOR_WISHES; i++) {
		const char *quote = c->wishes[i].literally ? "\"" : "";

		buf_z(&b, i == 0 ? "" : i + 1 == c->nwishes ? " or " : ", ");
		buf_z(&b, quote);
		buf_z(&b, c->wishes[i].what);
		buf_z(&b, quote);
	}
	complain_where(c, &b);
	return arena_str(c->arena, buf_view(&b)).s;
}

/* What is at the cursor, or -1 at the end. */
static int peek(const struct cursor *c)
{
	return c->rest.n ? (unsigned char)c->rest.s[0] : -1;
}

static struct str skip(struct cursor *c, size_t n)
{
	const struct str taken = str_head(c->rest, n);

	c->rest = str_from(c->rest, n);
	return taken;
}

bool p_char(struct cursor *c, char want)
{
	static const char names[] = "!\0\"\0#\0$\0%\0&\0'\0(\0)\0*\0+\0,\0-\0.\0/\0" /* ! to / */
				    "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0:\0;\0<\0=\0>\0?\0@";

	if (peek(c) == (unsigned char)want) {
		skip(c, 1);
		return true;
	}
	if (want == ' ')
		return wish(c, "a space", false);
	if (want > ' ' && want <= '@')
		return wish(c, names + 2 * (want - '!'), true);
	return wish(c,
		    want == '['	   ? "["
		    : want == ']'  ? "]"
		    : want == '\\' ? "\\"
				   : "another character",
		    true);
}

bool p_sp(struct cursor *c)
{
	return p_char(c, ' ');
}

bool p_end(struct cursor *c)
{
	return c->rest.n == 0 || wish(c, "the end of the command", false);
}

bool p_word(struct cursor *c, const char *word)
{
	const struct str w = str_z(word);

	if (!str_istarts(c->rest, w))
		return wish(c, word, true);
	if (c->rest.n > w.n && char_atom(c->rest.s[w.n]) && c->rest.s[w.n] != '[')
		return wish(c, word, true);
	skip(c, w.n);
	return true;
}

bool p_one_of(struct cursor *c, const char *const *words, size_t *ret)
{
	for (size_t i = 0; words[i]; i++) {
		if (p_word(c, words[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* 1*class */
static bool take(struct cursor *c, bool (*class)(char), const char *what, struct str *ret)
{
	size_t n = 0;

	while (n < c->rest.n && class(c->rest.s[n]))
		n++;
	if (n == 0)
		return wish(c, what, false);
	*ret = skip(c, n);
	return true;
}

/* tag = 1*<any ASTRING-CHAR except "+"> */
bool p_tag(struct cursor *c, struct str *ret)
{
	return take(c, char_tag, "a tag", ret);
}

bool p_command_name(struct cursor *c, struct str *ret)
{
	struct str name, second;

	if (!take(c, char_atom, "a command", &name))
		return false;
	if (str_ieq(name, STR("UID")) && c->rest.n > 1 && c->rest.s[0] == ' ' && char_atom(c->rest.s[1])) {
		skip(c, 1);
		take(c, char_atom, "a command", &second);
		name.n += 1 + second.n;
	}
	*ret = name;
	return true;
}

/* atom = 1*ATOM-CHAR */
bool p_atom(struct cursor *c, struct str *ret)
{
	return take(c, char_atom, "an atom", ret);
}

/* Whether the cursor is in front of the DQUOTE that ends a quoted string; takes what is before it. */
static bool quoted_inside(struct cursor *c, size_t *ret_escapes)
{
	size_t i = 0, escapes = 0;

	for (; i < c->rest.n && c->rest.s[i] != '"'; i++) {
		const char at = c->rest.s[i];

		if (at == 0 || at == '\r' || at == '\n')
			break;
		if (at == '\\') {
			if (i + 1 == c->rest.n || (c->rest.s[i + 1] != '"' && c->rest.s[i + 1] != '\\')) {
				skip(c, i + 1);
				return wish(c, "\\\" or \\\\", false);
			}
			i++;
			escapes++;
		}
	}
	skip(c, i);
	*ret_escapes = escapes;
	return peek(c) == '"' || wish(c, "the quoted string's end", false);
}

static struct str unescape(struct arena *a, struct str s, size_t escapes)
{
	char *p = arena_alloc(a, s.n - escapes + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		p[n++] = s.s[s.s[i] == '\\' ? ++i : i];
	return (struct str){ p, n };
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE */
bool p_quoted(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	struct str s;
	size_t escapes;

	if (peek(c) != '"')
		return wish(c, "a quoted string", false);
	s = str_from(skip(c, 1), 1);
	s.s = c->rest.s;
	if (!quoted_inside(c, &escapes))
		return p_back(c, start);
	s.n = (size_t)(c->rest.s - s.s);
	if (!utf8_valid(s)) {
		c->rest = start;
		return wish(c, "a quoted string in UTF-8", false);
	}
	skip(c, 1);
	*ret = escapes ? unescape(c->arena, s, escapes) : s;
	return true;
}

/* literal = "{" number64 ["+"] "}" CRLF *CHAR8, literal8 the same after "~"; without its octets */
bool p_announcement(struct cursor *c, struct announcement *ret)
{
	const struct str start = c->rest;
	struct announcement a = { .sync = true };

	if (peek(c) == '~') {
		a.binary = true;
		skip(c, 1);
	}
	if (peek(c) != '{')
		return wish_back(c, "a literal", start);
	skip(c, 1);
	if (!p_number64(c, &a.octets))
		return p_back(c, start);
	if (peek(c) == '+') {
		a.sync = false;
		skip(c, 1);
	}
	if (!p_char(c, '}'))
		return p_back(c, start);
	if (!str_starts(c->rest, STR("\r\n")))
		return wish_back(c, "the end of the line", start);
	skip(c, 2);
	*ret = a;
	return true;
}

bool p_literal8(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	struct announcement a;

	if (!p_announcement(c, &a))
		return false;
	if (a.octets > c->rest.n)
		return wish_back(c, "all of the literal", start);
	*ret = skip(c, (size_t)a.octets);
	return true;
}

bool p_literal(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	struct str s;

	if (peek(c) == '~')
		return wish(c, "a literal", false);
	if (!p_literal8(c, &s))
		return false;
	if (str_find(s, 0) < s.n) {
		c->rest = start;
		return wish(c, "a literal without NUL", false);
	}
	*ret = s;
	return true;
}

/* string = quoted / literal */
bool p_string(struct cursor *c, struct str *ret)
{
	if (peek(c) == '"')
		return p_quoted(c, ret);
	if (peek(c) == '{')
		return p_literal(c, ret);
	return wish(c, "a string", false);
}

/* nstring = string / nil */
bool p_nstring(struct cursor *c, struct str *ret)
{
	if (peek(c) == '"' || peek(c) == '{')
		return p_string(c, ret);
	if (!p_word(c, "NIL"))
		return p_expected(c, "a string or NIL");
	*ret = (struct str){ 0 };
	return true;
}

/* astring = 1*ASTRING-CHAR / string */
bool p_astring(struct cursor *c, struct str *ret)
{
	if (peek(c) == '"' || peek(c) == '{')
		return p_string(c, ret);
	return take(c, char_astring, "a string", ret);
}

/* number64, up to a limit that is lower, and from a least value */
static bool number(struct cursor *c, uint64_t most, const char *what, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v;

	while (n < c->rest.n && ascii_digit(c->rest.s[n]))
		n++;
	if (!str_u64(str_head(c->rest, n), &v) || v > most)
		return wish(c, what, false);
	skip(c, n);
	*ret = v;
	return true;
}

bool p_number64(struct cursor *c, uint64_t *ret)
{
	return number(c, INT64_MAX, "a number", ret);
}

bool p_number(struct cursor *c, uint32_t *ret)
{
	uint64_t v;

	if (!number(c, UINT32_MAX, "a number of 32 bits", &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* nz-number = digit-nz *DIGIT */
bool p_nz_number(struct cursor *c, uint32_t *ret)
{
	uint64_t v;

	if (peek(c) == '0')
		return wish(c, "a number from 1 to 4294967295", false);
	if (!number(c, UINT32_MAX, "a number from 1 to 4294967295", &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* seq-number = nz-number / "*" */
static bool p_seq_number(struct cursor *c, bool star, uint32_t *ret)
{
	if (star && peek(c) == '*') {
		skip(c, 1);
		*ret = 0;
		return true;
	}
	return p_nz_number(c, ret);
}

/* seq-number / seq-range	; seq-range = seq-number ":" seq-number, in either order */
static bool p_seq_range(struct cursor *c, bool star, struct seq *ret)
{
	const struct str start = c->rest;
	struct seq seq;

	if (!p_seq_number(c, star, &seq.a))
		return false;
	seq.b = seq.a;
	if (p_char(c, ':') && !p_seq_number(c, star, &seq.b))
		return p_back(c, start);
	*ret = seq;
	return true;
}

static bool ranges(struct cursor *c, bool star, struct seqset *ret)
{
	const struct str start = c->rest;
	struct seqset set = { 0 };
	struct seq seq;

	do {
		if (!p_seq_range(c, star, &seq))
			return p_back(c, start);
		set.v = arena_grow(c->arena, set.v, set.n + 1, sizeof *set.v);
		set.v[set.n++] = seq;
	} while (p_char(c, ','));
	*ret = set;
	return true;
}

/* sequence-set = (seq-number / seq-range) ["," sequence-set] / "$" (RFC 5182 5) */
bool p_sequence_set(struct cursor *c, struct seqset *ret)
{
	if (peek(c) == '$') {
		skip(c, 1);
		*ret = (struct seqset){ .saved = true };
		return true;
	}
	return ranges(c, true, ret);
}

/* uid-set = (uniqueid / uid-range) *("," uid-set) */
bool p_uid_set(struct cursor *c, struct seqset *ret)
{
	return ranges(c, false, ret);
}

bool p_list(struct cursor *c, bool (*rule)(struct cursor *, struct str *), struct strs *ret)
{
	const struct str start = c->rest;
	struct strs list = { 0 };
	struct str one;

	if (!p_char(c, '('))
		return false;
	do {
		if (!rule(c, &one))
			return p_back(c, start);
		list.v = arena_grow(c->arena, list.v, list.n + 1, sizeof *list.v);
		list.v[list.n++] = one;
	} while (p_sp(c));
	if (!p_char(c, ')'))
		return p_back(c, start);
	*ret = list;
	return true;
}
