/* mail/glimpse_html.c: what a reader sees first of HTML: its text, without markup */
#include "base/utf8.h"
#include "mail/decode.h"
#include "mail/glimpse.h"

struct html {
	struct glimpse *g;
	struct str rest;
	size_t quotes;	/* how many blockquotes are open */
	bool all, over;
};

/* A tag, or what looks like one. */
struct tag {
	struct str name, attributes;
	bool end;
};

static bool is_one_of(struct str name, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (str_ieq(name, str_z(names[i])))
			return true;
	return false;
}

/* Tags inside of words; all others end one. */
static const char *const inside_words[] = { "a",   "abbr", "acronym", "b",    "bdi",  "bdo",	"big",	  "cite", "code", "del",
					    "dfn", "em",   "font",    "i",    "ins",  "kbd",	"label",  "mark", "o:p",  "q",
					    "s",   "samp", "small",   "span", "strike", "strong", "sub",  "sup",  "tt",	  "u",
					    "var", "wbr",  NULL };
/* Elements whose text is not for readers. */
static const char *const hidden[] = { "script", "style", "title", "xml", "template", "svg", "math", NULL };
/* What programs put before a message that they quote. */
static const char *const quoting[] = { "gmail_quote", "moz-cite-prefix", "divRplyFwdMsg", "yahoo_quoted", "OutlookMessageHeader", NULL };

enum { QUOTED_TAG = 4096 };	/* octets of a tag that are looked at for quotes */

/* Takes "<...>" off; an attribute's value in quotes may have a ">". False if it is no tag but text. */
static bool take_tag(struct str *rest, struct tag *ret)
{
	struct str s = str_from(*rest, 1);
	size_t name = 0, n = 0;
	char quote = 0;

	ret->end = str_starts(s, STR("/"));
	s = str_from(s, ret->end);
	while (name < s.n && (ascii_alpha(s.s[name]) || ascii_digit(s.s[name]) || s.s[name] == ':' || s.s[name] == '-'))
		name++;
	if (name == 0 && !str_starts(s, STR("!")) && !str_starts(s, STR("?")))
		return false;
	for (n = name; n < MIN(s.n, (size_t)QUOTED_TAG) && (quote || s.s[n] != '>'); n++) {
		if (quote)
			quote = s.s[n] == quote ? 0 : quote;
		else if ((s.s[n] == '"' || s.s[n] == '\'') && n > name && s.s[n - 1] == '=')
			quote = s.s[n];
	}
	if (quote || n == QUOTED_TAG)	/* it was none, or a long one: up to the first ">" then */
		n = str_find(s, '>');
	ret->name = str_head(s, name);
	ret->attributes = str_from(str_head(s, n), name);
	*rest = str_from(s, n + 1);
	return true;
}

/* Goes on behind the end tag of that name; at the end of the text if there is none. */
static void skip_element(struct str *rest, struct str name)
{
	while (rest->n) {
		*rest = str_from(*rest, str_search(*rest, STR("</")));
		*rest = str_from(*rest, 2);
		if (str_istarts(*rest, name)) {
			*rest = str_from(*rest, str_find(*rest, '>') + 1);
			return;
		}
	}
}

static bool begins_quote(const struct tag *tag)
{
	for (size_t i = 0; quoting[i]; i++)
		if (str_search(tag->attributes, str_z(quoting[i])) < tag->attributes.n)
			return true;
	return false;
}

static void tag(struct html *h)
{
	struct tag tag;

	if (str_starts(h->rest, STR("<!--"))) {
		const size_t end = str_search(str_from(h->rest, 4), STR("-->"));

		h->rest = str_from(h->rest, 4 + end + 3);
		return;
	}
	if (!take_tag(&h->rest, &tag)) {
		glimpse_char(h->g, '<');
		h->rest = str_from(h->rest, 1);
		return;
	}
	if (tag.name.n == 0)
		return;
	if (!is_one_of(tag.name, inside_words))
		glimpse_space(h->g);
	if (!tag.end && is_one_of(tag.name, hidden) && !str_ends(tag.attributes, STR("/")))
		skip_element(&h->rest, tag.name);
	else if (!tag.end && begins_quote(&tag))
		h->over = !h->all;
	else if (str_ieq(tag.name, STR("blockquote")) && !tag.end)
		h->quotes++;
	else if (str_ieq(tag.name, STR("blockquote")) && h->quotes)
		h->quotes--;
}

/* "#8364", "#x20ac": the character, or 0 */
static uint32_t numeric(struct str s)
{
	const bool hex = str_istarts(s, STR("#x"));
	uint32_t c = 0;

	s = str_from(s, hex ? 2 : 1);
	for (size_t i = 0; i < s.n && c <= 0x10ffff; i++) {
		const int digit = decode_hex(s.s[i]);

		if (digit < 0 || (!hex && digit > 9))
			return 0;
		c = c * (hex ? 16 : 10) + (uint32_t)digit;
	}
	return c;
}

/* What mailers make of windows-1252 (HTML names it for these numbers). */
static uint32_t as_meant(uint32_t c)
{
	static const uint16_t c1[32] = {
		0x20ac, 0x81,	0x201a, 0x192,	0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0x8d, 0x17d, 0x8f,
		0x90,	0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a, 0x153, 0x9d, 0x17e, 0x178,
	};

	return c >= 0x80 && c < 0xa0 ? c1[c - 0x80] : c;
}

/* "&name;", or an ampersand. */
static void reference(struct html *h)
{
	enum { LONGEST = 12 };
	const struct str s = str_head(str_from(h->rest, 1), LONGEST);
	uint32_t c;
	size_t n = 0;

	while (n < s.n && (ascii_alpha(s.s[n]) || ascii_digit(s.s[n]) || (n == 0 && s.s[n] == '#')))
		n++;
	c = str_starts(s, STR("#")) ? as_meant(numeric(str_head(s, n))) : html_entity(str_head(s, n));
	if (c == 0) {
		glimpse_char(h->g, '&');
		h->rest = str_from(h->rest, 1);
		return;
	}
	glimpse_char(h->g, c);
	h->rest = str_from(h->rest, 1 + n + (n < s.n && s.s[n] == ';'));
}

void glimpse_html(struct glimpse *g, struct str utf8, bool all)
{
	struct html h = { .g = g, .rest = utf8, .all = all };

	while (h.rest.n && !g->full && !h.over) {
		const bool shown = all || h.quotes == 0;
		uint32_t c;

		if (h.rest.s[0] == '<')
			tag(&h);
		else if (!shown)
			h.rest = str_from(h.rest, str_find(h.rest, '<'));
		else if (h.rest.s[0] == '&')
			reference(&h);
		else if (utf8_next(&h.rest, &c))
			glimpse_char(g, c);
		else
			h.rest = str_from(h.rest, 1);
	}
}
