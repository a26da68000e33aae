/* mail/lex.c: the words that structured header fields are made of (RFC 5322 3.2, RFC 2045 5.1) */
#include <string.h>
#include "mail/lex.h"

const char lex_specials[] = "()<>[]:;@\\,\"";
const char lex_tspecials[] = "()<>@,;:\\\"/[]?=";

void lex_blank(struct str *rest)
{
	size_t i = 0;

	while (i < rest->n &&
	       (rest->s[i] == ' ' || rest->s[i] == '\t' || rest->s[i] == '\r' || rest->s[i] == '\n'))
		i++;
	*rest = str_from(*rest, i);
}

/* Text with quoted pairs undone and without line ends. Points into s if there is nothing to change. */
static struct str unquote(struct str s, struct arena *a)
{
	size_t n = 0;
	char *p;

	if (str_find(s, '\\') == s.n && str_find(s, '\r') == s.n && str_find(s, '\n') == s.n)
		return s;
	p = arena_alloc(a, s.n + 1);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '\\' && i + 1 < s.n)
			i++;
		if (s.s[i] != '\r' && s.s[i] != '\n')
			p[n++] = s.s[i];
	}
	return (struct str){ p, n };
}

/* One comment, with those in it; a may be NULL if nobody wants the text. RFC 5322 3.2.2 */
static bool comment(struct str *rest, struct arena *a, struct str *ret)
{
	struct str text = str_from(*rest, 1);
	size_t depth = 1, i = 0;

	if (rest->n == 0 || rest->s[0] != '(')
		return false;
	for (; i < text.n; i++) {
		if (text.s[i] == '\\')
			i++;
		else if (text.s[i] == '(')
			depth++;
		else if (text.s[i] == ')' && --depth == 0)
			break;
	}
	*rest = str_from(text, MIN(i, text.n) + 1);
	if (a)
		*ret = unquote(str_trim(str_head(text, i)), a);
	return true;
}

void lex_comment(struct str *rest, struct arena *a, struct str *ret)
{
	do
		lex_blank(rest);
	while (comment(rest, a, ret));
}

void lex_cfws(struct str *rest)
{
	lex_comment(rest, NULL, NULL);
}

bool lex_char(struct str *rest, char c)
{
	if (rest->n == 0 || rest->s[0] != c)
		return false;
	*rest = str_from(*rest, 1);
	return true;
}

/* specials has no letters or digits, which most are. */
static bool is_of_run(char c, const char *specials)
{
	return ascii_alpha(c) || ascii_digit(c) || ((unsigned char)c > ' ' && c != 127 && !strchr(specials, c));
}

bool lex_run(struct str *rest, const char *specials, struct str *ret)
{
	size_t i = 0;

	while (i < rest->n && is_of_run(rest->s[i], specials))
		i++;
	if (i == 0)
		return false;
	*ret = str_head(*rest, i);
	*rest = str_from(*rest, i);
	return true;
}

/* How long the string at the front is, with its delimiters. 0 if it does not begin with open. */
static size_t delimited(struct str s, char open, char close, bool *ret_closed)
{
	size_t i = 1;

	if (s.n == 0 || s.s[0] != open)
		return 0;
	while (i < s.n && s.s[i] != close)
		i += s.s[i] == '\\' ? 2 : 1;
	*ret_closed = i < s.n;
	return MIN(i + 1, s.n);
}

bool lex_quoted(struct str *rest, struct arena *a, struct str *ret)
{
	bool closed = false;
	const size_t n = delimited(*rest, '"', '"', &closed);

	if (n == 0)
		return false;
	*ret = unquote(str_from(str_head(*rest, closed ? n - 1 : n), 1), a);
	*rest = str_from(*rest, n);
	return true;
}

bool lex_domain_literal(struct str *rest, struct arena *a, struct str *ret)
{
	bool closed = false;
	const size_t n = delimited(*rest, '[', ']', &closed);

	if (n == 0)
		return false;
	*ret = unquote(str_head(*rest, n), a);
	*rest = str_from(*rest, n);
	return true;
}
