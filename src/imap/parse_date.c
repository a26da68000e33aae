/* imap/parse_date.c: the formal syntax read: dates and times (RFC 9051 9) */
#include "imap/dates.h"
#include "imap/parse.h"

/* From least to most digits, and a value in that range. */
struct range {
	unsigned least_digits, most_digits;
	int least, most;
	const char *what;
};

static bool digits(struct cursor *c, const struct range *r, int *ret)
{
	unsigned n = 0;
	int v = 0;

	for (; n < r->most_digits && n < c->rest.n && ascii_digit(c->rest.s[n]); n++)
		v = v * 10 + (c->rest.s[n] - '0');
	if (n < r->least_digits || v < r->least || v > r->most)
		return p_expected(c, r->what);
	c->rest = str_from(c->rest, n);
	*ret = v;
	return true;
}

/* date-month = "Jan" / "Feb" / ... */
static bool p_month(struct cursor *c, int *ret)
{
	for (int i = 1; i <= 12; i++) {
		if (str_istarts(c->rest, str_z(month_name(i)))) {
			c->rest = str_from(c->rest, 3);
			*ret = i;
			return true;
		}
	}
	return p_expected(c, "a month");
}

/* "-" date-month "-" date-year, after a day; the date as a whole must exist */
static bool month_and_year(struct cursor *c, int day, int32_t *ret)
{
	static const struct range years = { 4, 4, 0, 9999, "a year of four digits" };
	const struct str start = c->rest;
	int month, year;

	if (!(p_char(c, '-') && p_month(c, &month) && p_char(c, '-') && digits(c, &years, &year)))
		return p_back(c, start);
	if (day > days_of_month(year, month)) {
		c->rest = start;
		return p_expected(c, "a day that the month has");
	}
	*ret = day_number(year, month, day);
	return true;
}

/* date-text = date-day "-" date-month "-" date-year */
bool p_date_text(struct cursor *c, int32_t *ret)
{
	static const struct range days = { 1, 2, 1, 31, "a day of the month" };
	const struct str start = c->rest;
	int day;

	return (digits(c, &days, &day) && month_and_year(c, day, ret)) || p_back(c, start);
}

/* date = date-text / DQUOTE date-text DQUOTE */
bool p_date(struct cursor *c, int32_t *ret)
{
	const struct str start = c->rest;
	int32_t day;

	if (!str_starts(start, STR("\"")))
		return p_date_text(c, ret);
	if (!(p_char(c, '"') && p_date_text(c, &day) && p_char(c, '"')))
		return p_back(c, start);
	*ret = day;
	return true;
}

/* date-day-fixed = (SP DIGIT) / 2DIGIT */
static bool p_day_fixed(struct cursor *c, int *ret)
{
	static const struct range one = { 1, 1, 1, 9, "a day of the month" };
	static const struct range two = { 2, 2, 1, 31, "a day of the month, with two digits or a space" };
	const struct str start = c->rest;

	if (!str_starts(start, STR(" ")))
		return digits(c, &two, ret);
	return (p_sp(c) && digits(c, &one, ret)) || p_back(c, start);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT */
static bool p_time(struct cursor *c, int *ret)
{
	static const struct range hours = { 2, 2, 0, 23, "an hour" };
	static const struct range minutes = { 2, 2, 0, 59, "minutes" };
	static const struct range seconds = { 2, 2, 0, 60, "seconds" };
	const struct str start = c->rest;
	int h, m, s;

	if (!(digits(c, &hours, &h) && p_char(c, ':') && digits(c, &minutes, &m) && p_char(c, ':') &&
	      digits(c, &seconds, &s)))
		return p_back(c, start);
	*ret = h * 3600 + m * 60 + s;
	return true;
}

/* zone = ("+" / "-") 4DIGIT */
static bool p_zone(struct cursor *c, int *ret)
{
	static const struct range hours = { 2, 2, 0, 23, "a time zone" };
	static const struct range minutes = { 2, 2, 0, 59, "a time zone" };
	const struct str start = c->rest;
	const bool west = str_starts(start, STR("-"));
	int h, m;

	if (!(west ? p_char(c, '-') : p_char(c, '+')))
		return p_expected(c, "a time zone, as +0100");
	if (!(digits(c, &hours, &h) && digits(c, &minutes, &m)))
		return p_back(c, start);
	*ret = west ? -(h * 60 + m) : h * 60 + m;
	return true;
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
bool p_date_time(struct cursor *c, struct date_time *ret)
{
	const struct str start = c->rest;
	int day_of_month, seconds, zone;
	int32_t day;

	if (!(p_char(c, '"') && p_day_fixed(c, &day_of_month) && month_and_year(c, day_of_month, &day) &&
	      p_sp(c) && p_time(c, &seconds) && p_sp(c) && p_zone(c, &zone) && p_char(c, '"')))
		return p_back(c, start);
	*ret = (struct date_time){ .unix_time = day * 86400LL + seconds - zone * 60, .zone = zone };
	return true;
}
