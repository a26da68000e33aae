/* imap/url.c: URLs of messages and their parts, relative to a session (RFC 5092), or with a URLAUTH (RFC 4467) */
#include "imap/dates.h"
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

/* ---- URLAUTH (RFC 4467 3, RFC 5092 11) ---- */

/* Exactly n digits. */
static bool digits(struct str *rest, size_t n, int *ret)
{
	int v = 0;

	if (rest->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_digit(rest->s[i]))
			return false;
		v = 10 * v + rest->s[i] - '0';
	}
	*ret = v;
	*rest = str_from(*rest, n);
	return true;
}

static bool one(struct str *rest, char want)
{
	if (rest->n == 0 || ascii_lower(rest->s[0]) != want)
		return false;
	*rest = str_from(*rest, 1);
	return true;
}

/* full-time of RFC 3339 5.6, in seconds since the day's beginning in UTC. */
static bool time_of_day(struct str *rest, int64_t *ret)
{
	int hour, minute, second, zone_hour = 0, zone_minute = 0, fraction;
	bool west = false;

	if (!(digits(rest, 2, &hour) && one(rest, ':') && digits(rest, 2, &minute) && one(rest, ':') &&
	      digits(rest, 2, &second)))
		return false;
	if (one(rest, '.')) {
		if (!digits(rest, 1, &fraction))
			return false;
		while (digits(rest, 1, &fraction))
			;
	}
	if (!one(rest, 'z')) {
		west = one(rest, '-');
		if (!((west || one(rest, '+')) && digits(rest, 2, &zone_hour) && one(rest, ':') &&
		      digits(rest, 2, &zone_minute)))
			return false;
	}
	if (hour > 23 || minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59)
		return false;
	*ret = 60 * (60 * hour + minute) + second - (west ? -60 : 60) * (60 * zone_hour + zone_minute);
	return true;
}

/* date-time of RFC 3339 5.6, seconds since 1970. */
static bool moment(struct str text, int64_t *ret)
{
	int year, month, day;
	int64_t seconds;

	if (!(digits(&text, 4, &year) && one(&text, '-') && digits(&text, 2, &month) && one(&text, '-') &&
	      digits(&text, 2, &day) && one(&text, 't') && time_of_day(&text, &seconds)) || text.n)
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	*ret = INT64_C(86400) * day_number(year, month, day) + seconds;
	return true;
}

/* access = ("submit+" enc-user) / ("user+" enc-user) / "authuser" / "anonymous" */
static bool access_of(struct arena *a, struct str text, struct url_auth *ret)
{
	static const struct str submit = { "submit+", 7 }, user = { "user+", 5 };

	if (str_ieq(text, STR("anonymous")) || str_ieq(text, STR("authuser"))) {
		ret->access = str_ieq(text, STR("anonymous")) ? URL_ANONYMOUS : URL_AUTHUSER;
		return true;
	}
	ret->access = str_istarts(text, submit) ? URL_SUBMIT : URL_USER;
	if (ret->access == URL_USER && !str_istarts(text, user))
		return false;
	return decode(a, str_from(text, str_find(text, '+') + 1), &ret->who);
}

/* "imap://" enc-user [";AUTH=" type] "@" hostport "/": the user. */
static bool server(struct arena *a, struct str *rest, struct str *ret_user)
{
	static const struct str scheme = { "imap://", 7 }, auth = { ";AUTH=", 6 };
	struct str authority, user;
	size_t at, end;

	if (!str_istarts(*rest, scheme))
		return false;
	*rest = str_from(*rest, scheme.n);
	end = str_find(*rest, '/');
	authority = str_head(*rest, end);
	at = str_find(authority, '@');
	if (end == rest->n || at + 1 >= authority.n || str_find(str_from(authority, at + 1), '@') < authority.n - at - 1)
		return false;
	*rest = str_from(*rest, end + 1);
	user = str_head(authority, at);
	end = str_find(user, ';');
	if (end < user.n && (!str_istarts(str_from(user, end), auth) || user.n == end + auth.n))
		return false;
	return decode(a, str_head(user, end), ret_user);
}

/* ":" mechanism ":" 32*HEXDIG, behind which nothing comes; token is lengthened to begin before it. */
static bool token(struct str text, struct url_auth *ret)
{
	const size_t colon = str_find(text, ':');

	ret->mechanism = str_head(text, colon);
	ret->token = str_from(text, MIN(colon + 1, text.n));
	for (size_t i = 0; i < ret->token.n; i++)
		if (hex(ret->token.s[i]) < 0)
			return false;
	return ret->mechanism.n && ret->token.n >= 32;
}

/* Where in text a parameter of that name begins; text.n: nowhere. */
static size_t find_parameter(struct str text, struct str name)
{
	size_t at = str_find(text, ';');

	while (at < text.n && !str_istarts(str_from(text, at), name))
		at += 1 + str_find(str_from(text, at + 1), ';');
	return at;
}

bool url_auth_parse(struct arena *a, struct str text, char separator, bool rump, struct url_auth *ret)
{
	static const struct str expire = { ";EXPIRE=", 8 }, urlauth = { ";URLAUTH=", 9 };
	struct url_auth u = { 0 };
	struct str rest = text, access, until;
	size_t at;

	if (!server(a, &rest, &u.user))
		return false;
	at = find_parameter(rest, urlauth);
	if (at == rest.n)
		return false;
	access = str_from(rest, at + urlauth.n);
	rest = str_head(rest, at);
	at = str_find(access, ':');
	if (rump ? at < access.n : at == access.n || !token(str_from(access, at + 1), &u))
		return false;
	u.rump = str_head(text, (size_t)(access.s - text.s) + at);
	if (!access_of(a, str_head(access, at), &u))
		return false;
	at = find_parameter(rest, expire);
	until = str_from(rest, MIN(at + expire.n, rest.n));
	u.expires = at < rest.n;
	if (u.expires && !moment(until, &u.expire))
		return false;
	rest = str_head(rest, at);
	if (str_starts(rest, STR("/")) || !mailbox(a, &rest, STR(""), separator, &u.url) || !message(a, rest, &u.url))
		return false;
	*ret = u;
	return true;
}
