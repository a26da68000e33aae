/* t/t_parse_date.c: dates and times, against the C library's calendar */
#include <time.h>
#include "imap/dates.h"
#include "imap/parse.h"
#include "t/t.h"

static const struct {
	const char *in;
	bool matches;
	int32_t day;
} dates[] = {
	{"1-Jan-1970",	true,  0	},
	{ "01-jan-1970",	 true,  0	 },
	{ "\"1-JAN-1970\"", true,  0	    },
	{ "31-Dec-1969",	 true,  -1	  },
	{ "29-Feb-2000",	 true,  11016  },
	{ "29-Feb-2024",	 true,  19782  },
	{ "1-Jan-0000",	true,  -719528},
	{ "31-Dec-9999",	 true,  2932896},
	{ "29-Feb-1900",	 false, 0	  },
	{ "29-Feb-2023",	 false, 0	  },
	{ "30-Feb-2024",	 false, 0	  },
	{ "31-Apr-2024",	 false, 0	  },
	{ "32-Jan-2024",	 false, 0	  },
	{ "0-Jan-2024",	false, 0	 },
	{ "001-Jan-2024",	  false, 0	   },
	{ "1-Foo-2024",	false, 0	 },
	{ "1-January-2024", false, 0	     },
	{ "1-Jan-24",	      false, 0      },
	{ "1-Jan--024",	false, 0	 },
	{ "1/Jan/2024",	false, 0	 },
	{ "1 Jan 2024",	false, 0	 },
	{ " 1-Jan-2024",	 false, 0	  },
	{ "\"1-Jan-2024",	  false, 0	   },
	{ "\"\"",		  false, 0	   },
	{ "",	       false, 0      },
};

START_TEST(dates_exist_or_do_not_match)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	int32_t day = 77;
	struct cursor c;

	cursor_init(&c, &arena, str_z(dates[_i].in));
	ck_assert_msg(p_date(&c, &day) == dates[_i].matches, "%s", dates[_i].in);
	ck_assert_int_eq(day, dates[_i].matches ? dates[_i].day : 77);
	t_str_eq(c.rest, dates[_i].matches ? STR("") : str_z(dates[_i].in));
}
END_TEST

static const struct {
	const char *in;
	bool matches;
	int64_t unix_time;
	int zone;
} times[] = {
	{"\"01-Jan-1970 00:00:00 +0000\"",   true,  0,	     0    },
	{ "\" 1-Jan-1970 00:00:00 +0000\"",  true,  0,	     0    },
	{ "\"17-Jul-1996 02:44:25 -0700\"",  true,  837596665,    -420 },
	{ "\"01-Jan-1970 01:00:00 +0100\"",  true,  0,	     60	},
	{ "\"31-Dec-1969 23:30:00 -0030\"",  true,  0,	     -30	 },
	{ "\"31-Dec-2016 23:59:60 +0000\"",  true,  1483228800,   0	},
	{ "\"31-Dec-9999 23:59:59 -2359\"",  true,  253402387139, -1439},
	{ "\"01-Jan-0000 00:00:00 +2359\"",  true,  -62167305540, 1439 },
	{ "\"1-Jan-1970 00:00:00 +0000\"",   false, 0,	     0    },
	{ "\" 11-Jan-1970 00:00:00 +0000\"", false, 0,	       0	 },
	{ "\"  1-Jan-1970 00:00:00 +0000\"", false, 0,	       0	 },
	{ "\" 0-Jan-1970 00:00:00 +0000\"",  false, 0,	      0	},
	{ "\"31-Feb-2024 00:00:00 +0000\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 24:00:00 +0000\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 00:60:00 +0000\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 00:00:61 +0000\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 0:00:00 +0000\"",   false, 0,	     0    },
	{ "\"01-Jan-1970 00:00 +0000\"",	 false, 0,		   0    },
	{ "\"01-Jan-1970 00:00:00 0000\"",   false, 0,	     0    },
	{ "\"01-Jan-1970 00:00:00 +000\"",   false, 0,	     0    },
	{ "\"01-Jan-1970 00:00:00 +0060\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 00:00:00 +2400\"",  false, 0,	      0	},
	{ "\"01-Jan-1970 00:00:00 GMT\"",	  false, 0,	    0    },
	{ "\"01-Jan-1970 00:00:00  +0000\"", false, 0,	       0	 },
	{ "\"01-Jan-1970 00:00:00 +0000",	  false, 0,	    0    },
	{ "01-Jan-1970 00:00:00 +0000",	false, 0,		  0    },
};

START_TEST(times_exist_or_do_not_match)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct date_time t = { .unix_time = 77 };
	struct cursor c;

	cursor_init(&c, &arena, str_z(times[_i].in));
	ck_assert_msg(p_date_time(&c, &t) == times[_i].matches, "%s", times[_i].in);
	ck_assert_int_eq(t.unix_time, times[_i].matches ? times[_i].unix_time : 77);
	t_str_eq(c.rest, times[_i].matches ? STR("") : str_z(times[_i].in));
	if (times[_i].matches)
		ck_assert_int_eq(t.zone, times[_i].zone);
}
END_TEST

START_TEST(the_calendar_is_that_of_the_c_library)
{
	for (int32_t n = day_number(0, 1, 1); n <= day_number(9999, 12, 31); n++) {
		const time_t t = n * (time_t)86400;
		const struct day d = day_of_number(n);
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		if (d.year != tm.tm_year + 1900 || d.month != tm.tm_mon + 1 || d.day != tm.tm_mday)
			ck_abort_msg("day %d is %d-%d-%d", n, d.year, d.month, d.day);
		if (day_number(d.year, d.month, d.day) != n || d.day > days_of_month(d.year, d.month))
			ck_abort_msg("%d-%d-%d is not %d", d.year, d.month, d.day, n);
	}
}
END_TEST

T_SUITE("parse_date", T_LOOP(dates_exist_or_do_not_match, dates), T_LOOP(times_exist_or_do_not_match, times),
	T_TEST(the_calendar_is_that_of_the_c_library))
