/* base/buf.c: bytes that grow */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/buf.h"

void buf_release(struct buf *b)
{
	if (b->mapped)
		munmap(b->s, b->mapped);
	else
		free(b->s);
	*b = (struct buf){ 0 };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
}

static void move_to_heap(struct buf *b, size_t size)
{
	char *s = must_alloc(size);

	memcpy(s, b->s, b->n);
	munmap(b->s, b->mapped);
	b->mapped = 0;
	b->s = s;
}

void buf_grow(struct buf *b, size_t n)
{
	size_t want;

	if (__builtin_add_overflow(b->n, n, &want))
		out_of_memory();
	if (want <= b->size && b->s)
		return;
	b->size = MAX(want, MAX(b->size * 2, (size_t)64));
	if (b->mapped)
		move_to_heap(b, b->size);
	else
		b->s = must_realloc(b->s, b->size);
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
			    "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
			    "9899";

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof digits;

	for (; v >= 100; v /= 100)	/* two at a time, as each division takes its time */
		memcpy(digits + (at -= 2), pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(digits + (at -= 2), pairs + v * 2, 2);
	else
		digits[--at] = (char)('0' + v);
	buf_add(b, digits + at, sizeof digits - at);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		vsnprintf(buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}

void buf_drop(struct buf *b, size_t n)
{
	n = MIN(n, b->n);
	b->n -= n;
	if (b->n)
		memmove(b->s, b->s + n, b->n);
}

struct str buf_view(const struct buf *b)
{
	return (struct str){ b->s, b->n };
}

const char *buf_cstr(struct buf *b)
{
	*buf_reserve(b, 1) = 0;
	return b->s;
}
