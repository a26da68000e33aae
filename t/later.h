/* t/later.h: a clock that a test sets ahead */
#pragma once
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char t_later_seconds[] = "T_LATER_SECONDS";

/* From here on it is so much later; NULL: it is not. */
static inline void t_later(const char *seconds)
{
	if (seconds)
		setenv(t_later_seconds, seconds, 1);
	else
		unsetenv(t_later_seconds);
}

/* In the place of the C library's. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	const char *seconds = getenv(t_later_seconds);
	const int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (r == 0 && id == CLOCK_REALTIME && seconds)
		ret->tv_sec += atol(seconds);
	return r;
}
