/* imap/dates.h: the calendar under date and date-time: proleptic Gregorian, from year 0 to 9999 */
#pragma once
#include "base/base.h"

struct day {
	int year, month, day; /* month and day from 1 */
};

const char *month_name(int month); /* "Jan" is 1 */
int days_of_month(int year, int month);
int32_t day_number(int year, int month, int day); /* days since 1970-01-01, which is 0 */
struct day day_of_number(int32_t number);
