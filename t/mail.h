/* t/mail.h: what the tests of src/mail share */
#pragma once
#ifndef _GNU_SOURCE
#error memfd_create() needs _GNU_SOURCE
#endif
#include <sys/mman.h>
#include <unistd.h>
#include "base/buf.h"
#include "t/t.h"

/* A file in memory with those octets. */
static inline int t_file(struct str s)
{
	const int fd = memfd_create("t", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	for (size_t at = 0; at < s.n;) {
		const ssize_t w = write(fd, s.s + at, s.n - at);

		ck_assert_int_gt((int)w, 0);
		at += (size_t)w;
	}
	return fd;
}

/* The same numbers every time. */
static inline uint32_t t_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* n octets drawn from alphabet. */
static inline void t_random_octets(uint64_t *seed, struct str alphabet, size_t n, struct buf *ret)
{
	while (n--)
		buf_c(ret, alphabet.s[t_random(seed) % alphabet.n]);
}
