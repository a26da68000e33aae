/* mail/date.c: the Date field (RFC 5322 3.3, 4.3), and days */
#include "mail/date.h"
#include "mail/lex.h"

/* Years are counted from March, so that a leap day is the last one; an era is 400 of them, 146,097 days. */
int64_t date_days(int64_t year, unsigned month, unsigned day)
{
	const int64_t y = month > 2 ? year : year - 1;
	const int64_t era = (y >= 0 ? y : y - 399) / 400;
	const int64_t in_era = y - era * 400;
	const int64_t in_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void date_civil(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	const int64_t z = days + 719468;
	const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	const int64_t in_era = z - era * 146097;
	const int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	const int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	const int64_t march = (5 * in_year + 2) / 153;
	const int64_t month = march < 10 ? march + 3 : march - 9;

	*ret_year = year + era * 400 + (month <= 2);
	*ret_month = (unsigned)month;
	*ret_day = (unsigned)(in_year - (153 * march + 2) / 5 + 1);
}

unsigned date_month_length(int64_t year, unsigned month)
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : lengths[(month - 1) % 12];
}

/* What was found so far, in whatever order. */
struct found {
	unsigned month, day;	/* 0: not yet */
	int64_t year;		/* -1: not yet */
	unsigned hour, minute, second;
	bool time;
	int zone;
};

static const struct {
	const char *name;
	int hours;
} zones[] = { /* RFC 5322 4.3; all others are +0000 */
	{ "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 },
	{ "MDT", -6 }, { "MST", -7 }, { "PDT", -7 }, { "PST", -8 },
};

/* The digits at the front, as many as there are; values stop growing at a million. */
static size_t number(struct str *rest, unsigned *ret)
{
	unsigned v = 0;
	size_t n = 0;

	for (; n < rest->n && ascii_digit(rest->s[n]); n++)
		v = MIN(v * 10 + (unsigned)(rest->s[n] - '0'), 1000000u);
	*rest = str_from(*rest, n);
	if (n)
		*ret = v;
	return n;
}

/* A month, or a zone; a day's name, or a zone that nobody knows, says nothing. */
static void word(struct str s, struct found *f)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (unsigned m = 0; s.n >= 3 && m < 12; m++) {
		if (f->month == 0 && str_ieq(str_head(s, 3), (struct str){ months + m * (size_t)3, 3 })) {
			f->month = m + 1;
			return;
		}
	}
	for (size_t i = 0; f->time && i < COUNT(zones); i++)
		if (str_ieq(s, str_z(zones[i].name)))
			f->zone = zones[i].hours * 60;
}

/* hour ":" is read: minute [":" second]; fractions are left out. RFC 5256 2.2: one that does not exist is
 * 00:00:00
 */
static void time_of_day(struct str *rest, unsigned hour, struct found *f)
{
	unsigned minute = 60, second = 0, fraction;

	f->time = true;
	lex_cfws(rest);
	number(rest, &minute);
	lex_cfws(rest);
	if (lex_char(rest, ':')) {
		lex_cfws(rest);
		number(rest, &second);
		if (lex_char(rest, '.'))
			number(rest, &fraction);
	}
	if (hour > 23 || minute > 59 || second > 60)
		return;
	f->hour = hour;
	f->minute = minute;
	f->second = second;
}

/* +hhmm, +hh:mm or +hh */
static void zone(struct str *rest, int sign, struct found *f)
{
	unsigned hours = 0, minutes = 0;
	const size_t n = number(rest, &hours);

	if (n > 2) {
		minutes = hours % 100;
		hours /= 100;
	} else if (lex_char(rest, ':')) {
		number(rest, &minutes);
	}
	if (n <= 4 && hours <= 23 && minutes <= 59)
		f->zone = sign * (int)(hours * 60 + minutes);
}

/* A number is a day, an hour with what follows, or a year. RFC 5322 4.3: a year of two or three digits */
static bool numeral(struct str *rest, struct found *f)
{
	unsigned v = 0;
	const size_t digits = number(rest, &v);

	if (!f->time) {
		struct str behind = *rest;

		lex_cfws(&behind);
		if (lex_char(&behind, ':')) {
			*rest = behind;
			time_of_day(rest, v, f);
			return true;
		}
	}
	if (f->day == 0 && digits <= 2) {
		f->day = v;
		return v >= 1 && v <= 31;
	}
	if (f->year >= 0)
		return true;
	f->year = digits == 2 ? (v < 50 ? 2000 : 1900) + (int64_t)v : digits == 3 ? 1900 + (int64_t)v : v;
	return digits >= 2 && digits <= 4 && f->year >= 1;
}

static bool token(struct str *rest, struct found *f)
{
	const char c = rest->s[0];
	size_t n = 0;

	if (ascii_digit(c))
		return numeral(rest, f);
	if (ascii_alpha(c)) {
		while (n < rest->n && ascii_alpha(rest->s[n]))
			n++;
		word(str_head(*rest, n), f);
		*rest = str_from(*rest, n);
		return true;
	}
	*rest = str_from(*rest, 1);
	if (f->time && (c == '+' || c == '-'))
		zone(rest, c == '-' ? -1 : 1, f);
	return true;
}

bool date_parse(struct str value, int64_t *ret, int *ret_zone)
{
	struct found f = { .year = -1 };
	int64_t days;

	for (lex_cfws(&value); value.n; lex_cfws(&value))
		if (!token(&value, &f))
			return false;
	if (f.month == 0 || f.day == 0 || f.year < 0 || f.day > date_month_length(f.year, f.month))
		return false;
	days = date_days(f.year, f.month, f.day);
	*ret = days * 86400 + f.hour * 3600 + f.minute * 60 + f.second - (int64_t)f.zone * 60;
	*ret_zone = f.zone;
	return true;
}
