/* mail/date.h: the Date field (RFC 5322 3.3, 4.3), and days */
#pragma once
#include "base/str.h"

/* Days since 1970-01-01 in the Gregorian calendar, for any year; month is 1 to 12. date_civil() goes the way
 * back.
 */
int64_t date_days(int64_t year, unsigned month, unsigned day);
void date_civil(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);
unsigned date_month_length(int64_t year, unsigned month);

/* *ret: seconds since 1970, UTC. *ret_zone: minutes east of UTC, so the day that is written there is the one
 * of *ret + 60 * *ret_zone. Takes obsolete forms too: comments, years of two or three digits, named zones, no
 * seconds, the order of asctime(). No zone, or one that does not exist, is UTC; a time that is missing or
 * does not exist is 00:00:00 (RFC 5256 2.2). False if there is no date, or its day does not exist.
 */
bool date_parse(struct str value, int64_t *ret, int *ret_zone);
