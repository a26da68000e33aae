/* imap/parse_mail.c: the formal syntax read: mailboxes, flags, sections and ID (RFC 9051 9) */
#include "base/utf7.h"
#include "base/utf8.h"
#include "imap/chars.h"
#include "imap/parse.h"

/* Whether s is UTF-8 that can be shown on a line: no controls, and no separators of lines or paragraphs. */
static bool presentable(struct str s)
{
	uint32_t c;

	while (s.n)
		if (!utf8_next(&s, &c) || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return false;
	return true;
}

static bool eight_bit(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] & 0x80)
			return true;
	return false;
}

/* What s is in UTF-8. False if it is neither of the two ways to say it. */
static bool mailbox_utf8(struct cursor *c, struct str s, struct str *ret)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (c->utf8 || eight_bit(s) || str_find(s, '&') == s.n) {
		*ret = s;
		return true;
	}
	if (!utf7_decode(&b, s))
		return false;
	*ret = arena_str(c->arena, buf_view(&b));
	return true;
}

/* INBOX is in any case (RFC 9051 5.1), also as the first level of a longer name. */
static struct str mailbox_inbox(struct cursor *c, struct str s)
{
	const struct str inbox = STR("INBOX");

	if (!str_istarts(s, inbox) || str_starts(s, inbox))
		return s;
	if (s.n > inbox.n && (!c->separator || s.s[inbox.n] != c->separator))
		return s;
	return arena_cat(c->arena, inbox, str_from(s, inbox.n), STR(""));
}

/* mailbox = "INBOX" / astring */
bool p_mailbox(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	struct str s;

	if (!p_astring(c, &s))
		return false;
	if (mailbox_utf8(c, s, &s) && presentable(s)) {
		*ret = mailbox_inbox(c, s);
		return true;
	}
	c->rest = start;
	return p_expected(c, c->utf8 ? "a mailbox name" : "a mailbox name in modified UTF-7");
}

/* list-mailbox = 1*list-char / string */
bool p_list_mailbox(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	size_t n = 0;
	struct str s;

	while (n < start.n && char_list(start.s[n]))
		n++;
	s = str_head(start, n);
	c->rest = str_from(start, n);
	if (n == 0 && !p_string(c, &s))
		return p_expected(c, "a mailbox name or pattern");
	mailbox_utf8(c, s, &s);
	if (!utf8_valid(s)) {
		c->rest = start;
		return p_expected(c, "a pattern in UTF-8");
	}
	*ret = s;
	return true;
}

/* "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" */
static bool system_flag(struct cursor *c, unsigned *ret)
{
	static const char *const names[] = { "\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", NULL };
	size_t i;

	if (!p_one_of(c, names, &i))
		return p_expected(c, "\\Answered, \\Flagged, \\Deleted, \\Seen, \\Draft or a keyword");
	*ret = 1u << i;
	return true;
}

/* flag = "\Answered" / ... / flag-keyword */
bool p_flag(struct cursor *c, struct flags *add)
{
	struct strs *k = &add->keywords;
	unsigned flag;
	struct str name;

	if (str_starts(c->rest, STR("\\"))) {
		if (!system_flag(c, &flag))
			return false;
		add->system |= flag;
		return true;
	}
	if (!p_atom(c, &name))
		return p_expected(c, "a flag");
	k->v = arena_grow(c->arena, k->v, k->n + 1, sizeof *k->v);
	k->v[k->n++] = name;
	return true;
}

/* flag *(SP flag) */
static bool flags_spaced(struct cursor *c, struct flags *add)
{
	do {
		if (!p_flag(c, add))
			return false;
	} while (p_sp(c));
	return true;
}

/* flag-list = "(" [flag *(SP flag)] ")" */
bool p_flag_list(struct cursor *c, struct flags *ret)
{
	const struct str start = c->rest;
	struct flags flags = { 0 };

	if (!p_char(c, '('))
		return false;
	if (!p_char(c, ')') && !(flags_spaced(c, &flags) && p_char(c, ')')))
		return p_back(c, start);
	*ret = flags;
	return true;
}

/* flag-list / (flag *(SP flag)) */
bool p_store_flags(struct cursor *c, struct flags *ret)
{
	const struct str start = c->rest;
	struct flags flags = { 0 };

	if (str_starts(start, STR("(")))
		return p_flag_list(c, ret);
	if (!flags_spaced(c, &flags))
		return p_back(c, start);
	*ret = flags;
	return true;
}

/* section-part = nz-number *("." nz-number); leaves a "." with no number behind it, which section-text needs
 */
bool p_section_part(struct cursor *c, struct section *ret)
{
	struct section s = { 0 };
	struct str before;
	uint32_t number;

	if (!p_nz_number(c, &number))
		return false;
	do {
		s.part = arena_grow(c->arena, s.part, s.parts + 1, sizeof *s.part);
		s.part[s.parts++] = number;
		before = c->rest;
	} while (p_char(c, '.') && p_nz_number(c, &number));
	c->rest = before;
	*ret = s;
	return true;
}

/* section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"; "MIME" too, after a part */
static bool section_text(struct cursor *c, struct section *s)
{
	static const char *const words[] = { "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT",
					     "TEXT",   "MIME",		NULL };
	const struct str start = c->rest;
	size_t i;

	if (!p_one_of(c, words, &i))
		return p_expected(c, "a section");
	s->what = SECTION_HEADER + (enum section_what)i;
	if (s->what == SECTION_MIME && s->parts == 0) {
		c->rest = start;
		return p_expected(c, "a part number before MIME");
	}
	if (s->what == SECTION_FIELDS || s->what == SECTION_FIELDS_NOT)
		return p_sp(c) && p_list(c, p_astring, &s->fields);
	return true;
}

/* section = "[" [section-spec] "]"	; section-spec = section-msgtext / (section-part ["." section-text])
 */
bool p_section(struct cursor *c, struct section *ret)
{
	const struct str start = c->rest;
	struct section s = { 0 };
	bool part;

	if (!p_char(c, '['))
		return false;
	part = p_section_part(c, &s);
	if (!p_char(c, ']')) {
		if ((part && !p_char(c, '.')) || !section_text(c, &s) || !p_char(c, ']'))
			return p_back(c, start);
	}
	*ret = s;
	return true;
}

/* section-binary = "[" [section-part] "]" */
bool p_section_binary(struct cursor *c, struct section *ret)
{
	const struct str start = c->rest;
	struct section s = { 0 };

	if (!p_char(c, '['))
		return false;
	p_section_part(c, &s);
	if (!p_char(c, ']'))
		return p_back(c, start);
	*ret = s;
	return true;
}

/* partial = "<" number64 "." nz-number64 ">" */
bool p_partial(struct cursor *c, struct partial *ret)
{
	const struct str start = c->rest;
	struct partial p;

	if (!(p_char(c, '<') && p_number64(c, &p.first) && p_char(c, '.')))
		return p_back(c, start);
	if (str_starts(c->rest, STR("0"))) {
		p_expected(c, "a number greater than 0");
		return p_back(c, start);
	}
	if (!(p_number64(c, &p.count) && p_char(c, '>')))
		return p_back(c, start);
	*ret = p;
	return true;
}

/* string SP nstring, within the limits of RFC 2971 3.3 */
static bool p_id_pair(struct cursor *c, struct pair *ret)
{
	const struct str start = c->rest;
	struct pair p;

	if (!(p_string(c, &p.field) && p_sp(c) && p_nstring(c, &p.value)))
		return p_back(c, start);
	if (p.field.n > 30 || p.value.n > 1024) {
		c->rest = start;
		return p_expected(c, "a field of up to 30 octets and a value of up to 1024");
	}
	*ret = p;
	return true;
}

static bool id_add(struct cursor *c, struct pairs *list, struct pair p)
{
	if (list->n == 30)
		return p_expected(c, "no more than 30 fields");
	for (size_t i = 0; i < list->n; i++)
		if (str_ieq(list->v[i].field, p.field))
			return p_expected(c, "each field once");
	list->v = arena_grow(c->arena, list->v, list->n + 1, sizeof *list->v);
	list->v[list->n++] = p;
	return true;
}

/* id-params = "(" [string SP nstring *(SP string SP nstring)] ")" / nil */
bool p_id_params(struct cursor *c, struct pairs *ret)
{
	const struct str start = c->rest;
	struct pairs list = { 0 };
	struct pair p;

	if (!str_starts(start, STR("("))) {
		if (!p_word(c, "NIL"))
			return p_expected(c, "NIL or a list in parentheses");
		*ret = list;
		return true;
	}
	p_char(c, '(');
	if (!p_char(c, ')')) {
		do {
			if (!p_id_pair(c, &p) || !id_add(c, &list, p))
				return p_back(c, start);
		} while (p_sp(c));
		if (!p_char(c, ')'))
			return p_back(c, start);
	}
	*ret = list;
	return true;
}
