/* t/dialog/match.c: patterns, captures and escapes */
#include <string.h>
#include "base/buf.h"
#include "t/dialog/match.h"

/* STUCK: a later asterisk got to the end of the line, so that no other choice for an earlier one can help. */
enum result { NO, YES, STUCK };

static enum result match_here(struct captures *c, struct str p, struct str s);

static int hex(char c)
{
	if (ascii_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes an escape off *p. */
static bool take_escape(struct str *p, struct str *ret, char *store)
{
	if (str_starts(*p, STR("\\r\\n"))) {
		*ret = STR("\r\n");
		*p = str_from(*p, 4);
		return true;
	}
	if (p->n < 4 || !str_starts(*p, STR("\\x")) || hex(p->s[2]) < 0 || hex(p->s[3]) < 0)
		return false;
	*store = (char)(hex(p->s[2]) * 16 + hex(p->s[3]));
	*ret = (struct str){ store, 1 };
	*p = str_from(*p, 4);
	return true;
}

/* Takes "$name" off *p. */
static bool take_name(struct str *p, struct str *ret)
{
	size_t n = 1;

	while (n < p->n && p->s[n] >= 'a' && p->s[n] <= 'z')
		n++;
	if (p->n < 2 || p->s[0] != '$' || n == 1)
		return false;
	*ret = (struct str){ p->s + 1, n - 1 };
	*p = str_from(*p, n);
	return true;
}

static const struct capture *find(const struct captures *c, struct str name)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->v[i].name, name))
			return &c->v[i];
	return NULL;
}

static enum result match_name(struct captures *c, struct str name, struct str p, struct str s)
{
	const struct capture *known = find(c, name);
	size_t n = 0, before = c->n;
	enum result r;

	if (known)
		return str_starts(s, known->value) ? match_here(c, p, str_from(s, known->value.n)) : NO;
	while (n < s.n && !memchr(" ()[]{}\"\r\n", s.s[n], 10))
		n++;
	if (n == 0)
		return NO;
	c->v = arena_grow(c->arena, before ? c->v : NULL, before + 1, sizeof *c->v);
	c->v[c->n++] = (struct capture){ name, arena_str(c->arena, str_head(s, n)) };
	r = match_here(c, p, str_from(s, n));
	if (r != YES)
		c->n = before;
	return r;
}

static bool has_word(struct str list, struct str want)
{
	struct str word;

	while (str_cut(&list, ' ', &word))
		if (str_eq(word, want))
			return true;
	return false;
}

static size_t count_words(struct str list)
{
	struct str word;
	size_t n = 0;

	while (str_cut(&list, ' ', &word))
		n += word.n > 0;
	return n;
}

/* The list after "(~" against one in the line, up to its parenthesis: no word twice, each wanted one there. */
static enum result match_list(struct captures *c, struct str p, struct str s)
{
	struct str want = str_head(p, str_find(p, ')')), got = str_head(s, str_find(s, ')'));
	struct str rest = want, word;
	size_t present = 0;

	if (want.n == p.n || got.n == s.n)
		return NO;
	while (str_cut(&rest, ' ', &word)) {
		const bool optional = str_ends(word, STR("?"));

		if (word.n == 0)
			continue;
		if (has_word(got, str_head(word, word.n - optional)))
			present++;
		else if (!optional)
			return NO;
	}
	if (present != count_words(got))
		return NO;
	return match_here(c, str_from(p, want.n), str_from(s, got.n));
}

static enum result match_any(struct captures *c, struct str p, struct str s)
{
	if (p.n == 0)
		return YES;
	for (;; s = str_from(s, 1)) {
		const enum result r = match_here(c, p, s);

		if (r != NO)
			return r;
		if (s.n == 0)
			return STUCK;
	}
}

static enum result match_here(struct captures *c, struct str p, struct str s)
{
	struct str piece;
	char store;

	while (p.n) {
		if (p.s[0] == '*')
			return match_any(c, str_from(p, 1), s);
		if (str_starts(p, STR("(~")))
			return s.n && s.s[0] == '(' ? match_list(c, str_from(p, 2), str_from(s, 1)) : NO;
		if (take_name(&p, &piece))
			return match_name(c, piece, p, s);
		if (take_escape(&p, &piece, &store)) {
			;
		} else {
			const size_t n = str_starts(p, STR("\\*")) ? 2 : 1;

			piece = str_head(p, n);
			p = str_from(p, n);
		}
		if (!str_starts(s, piece))
			return NO;
		s = str_from(s, piece.n);
	}
	return s.n == 0 ? YES : NO;
}

/* In small letters. */
static struct str lower(struct captures *c, struct str s)
{
	char *p = arena_alloc(c->arena, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.s[i]);
	return (struct str){ p, s.n };
}

bool match(struct captures *c, struct str pattern, struct str line)
{
	const struct str untagged = STR("* "), any_case = STR("(?i)");

	if (str_starts(pattern, any_case))
		return match(c, lower(c, str_from(pattern, any_case.n)), lower(c, line));

	if (str_starts(pattern, untagged)) {
		if (!str_starts(line, untagged))
			return false;
		pattern = str_from(pattern, 2);
		line = str_from(line, 2);
	}
	return match_here(c, pattern, line) == YES;
}

struct str expand(struct captures *c, struct str text)
{
	_cleanup_(buf_release) struct buf b = {0};
	struct str piece;
	char store;

	while (text.n) {
		struct str rest = text;
		const struct capture *known = take_name(&rest, &piece) ? find(c, piece) : NULL;

		if (known) {
			buf_str(&b, known->value);
			text = rest;
		} else if (take_escape(&text, &piece, &store)) {
			buf_str(&b, piece);
		} else {
			buf_c(&b, text.s[0]);
			text = str_from(text, 1);
		}
	}
	return arena_str(c->arena, buf_view(&b));
}

bool expand_waits(const struct captures *c, struct str text)
{
	struct str name;

	while (text.n) {
		if (!take_name(&text, &name))
			text = str_from(text, 1);
		else if (!find(c, name))
			return true;
	}
	return false;
}
