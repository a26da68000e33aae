/* imap/url.c: URLs of messages and their parts, relative to a session (RFC 5092) */
#include "imap/url.h"

static int hex(char c)
{
	c = ascii_lower(c);
	return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 1*bchar, without its percent signs (RFC 3986 2.1); no control comes out of it. */
static bool decode(struct arena *a, struct str s, struct str *ret)
{
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int c = (unsigned char)s.s[i];

		if (c <= ' ' || c >= 0x7f)
			return false;
		if (c == '%') {
			if (s.n - i < 3 || hex(s.s[i + 1]) < 0 || hex(s.s[i + 2]) < 0)
				return false;
			c = hex(s.s[i + 1]) << 4 | hex(s.s[i + 2]);
			i += 2;
		}
		if (c < ' ' || c == 0x7f)
			return false;
		p[n++] = (char)c;
	}
	*ret = (struct str){ p, n };
	return n > 0;
}

/* Takes ";NAME=" and what follows, up to the next "/;" or ";" or the end, off *rest. */
static bool take(struct str *rest, const char *name, struct str *ret)
{
	const struct str n = str_z(name);
	struct str value;
	size_t end;

	if (!str_istarts(*rest, n))
		return false;
	value = str_from(*rest, n.n);
	end = str_find(value, ';');
	*rest = str_from(value, end);
	value = str_head(value, end);
	/* The slash before the next is not of this one. */
	if (rest->n && str_ends(value, STR("/"))) {
		value.n--;
		*rest = (struct str){ rest->s - 1, rest->n + 1 };
	}
	*ret = value;
	return true;
}

/* partial-range = number ["." nz-number] */
static bool range(struct arena *a, struct str text, struct url *url)
{
	struct cursor c;
	uint64_t first, count = 0;

	cursor_init(&c, a, text);
	if (!p_number64(&c, &first) || (p_char(&c, '.') && (!p_number64(&c, &count) || count == 0)) || !p_end(&c))
		return false;
	url->first = first;
	url->count = count;
	return true;
}

static bool section(struct arena *a, struct str text, struct url *url)
{
	struct cursor c;
	struct str plain;

	if (!decode(a, text, &plain))
		return false;
	cursor_init(&c, a, arena_cat(a, STR("["), plain, STR("]")));
	return p_section(&c, &url->section) && p_end(&c);
}

/* nz-number */
static bool number(struct arena *a, struct str text, uint32_t *ret)
{
	struct cursor c;
	uint32_t v;

	cursor_init(&c, a, text);
	if (!p_nz_number(&c, &v) || !p_end(&c))
		return false;
	*ret = v;
	return true;
}

/* iuid-only [isection] [ipartial], to the end */
static bool message(struct arena *a, struct str rest, struct url *url)
{
	struct str value;

	if (!take(&rest, ";UID=", &value) || !number(a, value, &url->uid))
		return false;
	if (take(&rest, "/;SECTION=", &value) && !section(a, value, url))
		return false;
	if (take(&rest, "/;PARTIAL=", &value) && !range(a, value, url))
		return false;
	return rest.n == 0;
}

/* What a name in UTF-8 is called here. */
static bool canonical(struct arena *a, struct str name, char separator, struct str *ret)
{
	const struct str length = str_z(arena_printf(a, "{%zu}\r\n", name.n));
	struct cursor c;

	cursor_init(&c, a, arena_cat(a, length, name, STR("")));
	c.utf8 = true;
	c.separator = separator;
	return p_mailbox(&c, ret) && p_end(&c);
}

/* enc-mailbox [";UIDVALIDITY=" nz-number] "/", behind which the message comes; base is what it is relative to. */
static bool mailbox(struct arena *a, struct str *rest, struct str base, char separator, struct url *url)
{
	const size_t end = str_find(*rest, ';');
	struct str name = str_head(*rest, end), value, plain;

	*rest = str_from(*rest, end);
	if (take(rest, ";UIDVALIDITY=", &value)) {
		if (!number(a, value, &url->uidvalidity) || !str_starts(*rest, STR("/")))
			return false;
		*rest = str_from(*rest, 1);
	} else if (str_ends(name, STR("/"))) {
		name.n--;
	} else {
		return false;
	}
	return decode(a, name, &plain) && canonical(a, arena_cat(a, base, plain, STR("")), separator, &url->mailbox);
}

bool url_parse(struct arena *a, struct str text, struct str selected, char separator, struct url *ret)
{
	struct url url = { 0 };
	struct str base = { 0 }, rest = text;

	if (str_istarts(text, STR(";UID="))) {
		if (!selected.s)
			return false;
		url.mailbox = selected;
		url.here = true;
	} else {
		const size_t slash = str_rfind(selected, '/');

		if (str_starts(rest, STR("/")))
			rest = str_from(rest, 1);
		else if (slash < selected.n)
			base = str_head(selected, slash + 1);
		if (str_starts(rest, STR("/")) || str_istarts(text, STR("imap:")) ||
		    !mailbox(a, &rest, base, separator, &url))
			return false;
	}
	if (!message(a, rest, &url))
		return false;
	*ret = url;
	return true;
}
