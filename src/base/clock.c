/* base/clock.c: what time it is */
#include <time.h>
#include "base/clock.h"

static uint64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_coarse_ms(void)
{
	return read_ns(CLOCK_MONOTONIC_COARSE) / 1000000u;
}

uint64_t clock_unix(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000000u;
}

uint64_t clock_unix_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

uint64_t clock_files_ns(void)
{
	return read_ns(CLOCK_REALTIME_COARSE);
}

uint64_t clock_uptime(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000000u + 1;
}
