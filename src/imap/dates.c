/* imap/dates.c: the calendar under date and date-time */
#include "imap/dates.h"

enum {
	EPOCH = 719468
}; /* days from 0000-03-01, when the four-hundred-year cycles are counted, to 1970-01-01 */

const char *month_name(int month)
{
	static const char names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	return names[month - 1];
}

int days_of_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* Years begin with March here, so that a leap day is the last of its year. */
int32_t day_number(int year, int month, int day)
{
	const int y = (month < 3 ? year - 1 : year) + 400; /* never negative */
	const int of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + of_year - 146097 - EPOCH;
}

struct day day_of_number(int32_t number)
{
	const int32_t n = number + EPOCH + 146097; /* from 400 years before, so never negative */
	const int32_t of_cycle = n % 146097;
	const int32_t y = (of_cycle - of_cycle / 1460 + of_cycle / 36524 - of_cycle / 146096) / 365;
	const int32_t of_year = of_cycle - (365 * y + y / 4 - y / 100);
	const int32_t m = (5 * of_year + 2) / 153;
	const int month = m < 10 ? m + 3 : m - 9;

	return (struct day){ .year = y + n / 146097 * 400 - 400 + (month < 3),
			     .month = month,
			     .day = of_year - (153 * m + 2) / 5 + 1 };
}
