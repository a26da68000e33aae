/* base/clock.h: what time it is */
#pragma once
#include "base/base.h"

uint64_t clock_ms(void);	/* milliseconds that never go back, from an unknown start */
uint64_t clock_coarse_ms(void);	/* the same, some of them late, and several times faster */
uint64_t clock_unix(void);	/* seconds since 1970 */
uint64_t clock_unix_ns(void);	/* nanoseconds since 1970 */
uint64_t clock_files_ns(void);	/* the same by the clock that files' times are of, which is late: by a tick, or more on a busy machine */
uint64_t clock_uptime(void);	/* seconds since this machine was started, rounded up */
