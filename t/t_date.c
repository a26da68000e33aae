/* t/t_date.c: the Date field, and days */
#include <time.h>
#include "mail/date.h"
#include "t/t.h"

static const struct {
	const char *in;
	int64_t time;
	int zone;	/* minutes */
} dates[] = {
	{ "Fri, 21 Nov 1997 09:55:06 -0600",                 880127706,   -360 },
	{ " Tue, 1 Jul 2003 10:52:37 +0200",                 1057049557,  120  },
	{ "1 Jul 2003 10:52 +0200",                          1057049520,  120  },	/* no day's name, no seconds */
	{ "Thu, 13 Feb 1969 23:32 -0330 (Newfoundland)",     -27723480,   -210 },
	{ "Thu,\r\n      13\r\n Feb 1969\r\n 23:32\r\n -0330", -27723480, -210 },
	{ "21 Nov 97 09:55:06 GMT",                          880106106,   0    },
	{ "Fri, 21 Nov 97 09(c):   55  :  06 -0600",         880127706,   -360 },
	{ "21 Nov 97 09:55:06 EST",                          880124106,   -300 },
	{ "21 Nov 97 09:55:06 PDT",                          880131306,   -420 },
	{ "21 Nov 97 09:55:06 A",                            880106106,   0    },	/* RFC 5322 4.3: military zones */
	{ "21 Nov 97 09:55:06 XYZ",                          880106106,   0    },
	{ "21 Nov 97 09:55:06",                              880106106,   0    },
	{ "1 Jan 00 00:00:00 +0000",                         946684800,   0    },
	{ "1 Jan 49 00:00:00 +0000",                         2493072000,  0    },
	{ "1 Jan 50 00:00:00 +0000",                         -631152000,  0    },
	{ "1 Jan 100 00:00:00 +0000",                        946684800,   0    },	/* a year of three digits */
	{ "Mon Jan  2 15:04:05 2006",                        1136214245,  0    },	/* asctime() */
	{ "Mon Jan  2 15:04:05 EST 2006",                    1136232245,  -300 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT",                  784111777,   0    },
	{ "29 Feb 2000 12:00:00 +00:30",                     951823800,   30   },
	{ "31 Dec 1998 23:59:60 +0000",                      915148800,   0    },	/* a leap second */
	{ "5 May 2020",                                      1588636800,  0    },
	{ "5 May 2020 25:00 +0100",                          1588633200,  60   },	/* RFC 5256 2.2 */
	{ "5 May 2020 10: +0000",                            1588636800,  0    },
	{ "5 May 2020 10:00 +9999",                          1588672800,  0    },
	{ "5 MAY 2020 10:00:00.123 -0000 trailing junk",     1588672800,  0    },
	{ "1 Jan 9999 00:00:00 +0000",                       253370764800, 0   },
};

START_TEST(dates_are_understood)
{
	int64_t t = 1;
	int zone = 1;

	ck_assert(date_parse(str_z(dates[_i].in), &t, &zone));
	ck_assert_int_eq(t, dates[_i].time);
	ck_assert_int_eq(zone, dates[_i].zone);
}
END_TEST

static const char *const nonsense[] = {
	"", " ", "yesterday", "30 Feb 2020 10:00:00 +0000", "29 Feb 1900 10:00:00 +0000", "0 Jan 2020 10:00:00 +0000",
	"32 Jan 2020 10:00:00 +0000", "1 Foo 2020 10:00:00 +0000", "1 Jan 10:00:00 +0000", "Jan 2020",
	"1 Jan 99999 10:00:00 +0000", "1 Jan 0000 00:00:00 +0000", "99999999999999999999", "(((((", "1 Jan 2 10:00",
};

START_TEST(what_is_no_date_is_refused)
{
	int64_t t = 7;
	int zone = 7;

	ck_assert(!date_parse(str_z(nonsense[_i]), &t, &zone));
	ck_assert_int_eq(t, 7);
	ck_assert_int_eq(zone, 7);
}
END_TEST

START_TEST(days_are_counted_as_the_system_counts_them)
{
	for (int64_t days = -800000; days < 3000000; days += 97) {
		const time_t t = (time_t)(days * 86400);
		struct tm tm;
		int64_t year;
		unsigned month, day;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		date_civil(days, &year, &month, &day);
		ck_assert_int_eq(year, tm.tm_year + 1900);
		ck_assert_uint_eq(month, (unsigned)tm.tm_mon + 1);
		ck_assert_uint_eq(day, (unsigned)tm.tm_mday);
		ck_assert_int_eq(date_days(year, month, day), days);
	}
}
END_TEST

START_TEST(months_have_their_lengths)
{
	ck_assert_uint_eq(date_month_length(2023, 2), 28);
	ck_assert_uint_eq(date_month_length(2024, 2), 29);
	ck_assert_uint_eq(date_month_length(1900, 2), 28);
	ck_assert_uint_eq(date_month_length(2000, 2), 29);
	ck_assert_uint_eq(date_month_length(2023, 12), 31);
	ck_assert_uint_eq(date_month_length(2023, 4), 30);
}
END_TEST

T_SUITE("date", T_LOOP(dates_are_understood, dates), T_LOOP(what_is_no_date_is_refused, nonsense),
	T_TEST(days_are_counted_as_the_system_counts_them), T_TEST(months_have_their_lengths))
