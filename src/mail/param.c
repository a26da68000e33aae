/* mail/param.c: parameters of MIME fields (RFC 2045 5.1, RFC 2231) */
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/lex.h"
#include "mail/param.h"
#include "mail/words.h"

/* Up to the next ";" that is in no string and no comment, and past it. False if there is none. */
static bool to_semicolon(struct str *rest)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	struct str skipped;

	for (;;) {
		lex_cfws(rest);
		if (rest->n == 0)
			return false;
		if (lex_char(rest, ';'))
			return true;
		if (!lex_quoted(rest, &scratch, &skipped) && !lex_run(rest, ";\"(", &skipped))
			*rest = str_from(*rest, 1);
	}
}

/* A value that has no quotes may have octets in it that should have them, as in "boundary=a=b". */
static bool param(struct str *rest, struct arena *a, struct param *ret)
{
	struct param p;

	lex_cfws(rest);
	if (!lex_run(rest, lex_tspecials, &p.name))
		return false;
	lex_cfws(rest);
	if (!lex_char(rest, '='))
		return false;
	lex_cfws(rest);
	if (!lex_quoted(rest, a, &p.value) && !lex_run(rest, ";\"(", &p.value))
		return false;
	*ret = p;
	return true;
}

void params_parse(struct arena *a, struct str rest, struct params *list)
{
	struct param p;

	while (list->n < PARAMS_MAX && to_semicolon(&rest)) {
		if (!param(&rest, a, &p))
			continue;
		list->v = arena_grow(a, list->v, list->n + 1, sizeof *list->v);
		list->v[list->n++] = p;
	}
}

const struct param *param_find(const struct params *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_ieq(list->v[i].name, name))
			return &list->v[i];
	return NULL;
}

/* The parameter called name*n or name*n*; with n < 0 name*. *ret_extended: there was an asterisk at the end.
 */
static const struct param *section(const struct params *list, struct str name, int n, bool *ret_extended)
{
	for (size_t i = 0; i < list->n; i++) {
		struct str s = list->v[i].name;
		uint32_t at = 0;
		bool extended;

		if (!str_istarts(s, name) || s.n <= name.n || s.s[name.n] != '*')
			continue;
		s = str_from(s, name.n + 1);
		extended = n < 0 || str_ends(s, STR("*"));
		if (n >= 0 && extended)
			s.n--;
		if (n < 0 ? s.n == 0 : str_u32(s, &at) && at == (uint32_t)n) {
			*ret_extended = extended;
			return &list->v[i];
		}
	}
	return NULL;
}

/* RFC 2231 7: attribute-char / ext-octet; a "%" that begins none is itself */
static void percent_decode(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		const int high = s.s[i] == '%' && i + 2 < s.n ? decode_hex(s.s[i + 1]) : -1;
		const int low = high >= 0 ? decode_hex(s.s[i + 2]) : -1;

		buf_c(b, (char)(low >= 0 ? high << 4 | low : s.s[i]));
		i += low >= 0 ? 2 : 0;
	}
}

/* charset'language'text; false if it has no quotes, and then it is all text */
static bool initial_section(struct str *s, struct str *ret_charset)
{
	struct str rest = *s, charset, language;

	if (!str_cut(&rest, '\'', &charset) || !rest.s || !str_cut(&rest, '\'', &language) || !rest.s)
		return false;
	*ret_charset = charset;
	*s = rest;
	return true;
}

/* Joins the sections of name (RFC 2231 3), or its only one. False if it has none. */
static bool joined(const struct params *list, struct str name, struct buf *ret, struct str *ret_charset)
{
	bool extended = false;
	const struct param *p = section(list, name, -1, &extended);
	int n = p ? 0 : 1;

	if (!p && !(p = section(list, name, 0, &extended)))
		return false;
	for (bool first = true; p; first = false) {
		struct str value = p->value;

		if (first && extended)
			initial_section(&value, ret_charset);
		if (extended)
			percent_decode(ret, value);
		else
			buf_str(ret, value);
		p = n ? section(list, name, n++, &extended) : NULL;
	}
	return true;
}

bool param_text(const struct params *list, struct str name, struct arena *a, struct str *ret)
{
	_cleanup_(buf_release) struct buf raw = { 0 };
	_cleanup_(buf_release) struct buf utf8 = { 0 };
	const struct param *plain = param_find(list, name);
	struct str charset = STR("");

	if (joined(list, name, &raw, &charset))
		charset_guess_utf8(&utf8, charset, buf_view(&raw));
	else if (plain)
		words_decode(&utf8, plain->value);
	else
		return false;
	*ret = arena_str(a, buf_view(&utf8));
	return true;
}
