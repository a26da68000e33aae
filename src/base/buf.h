/* base/buf.h: bytes that grow */
#pragma once
#include <string.h>
#include "base/str.h"

/* Owned bytes. All zero is an empty one. Growing never fails (out_of_memory() ends the process). */
struct buf {
	char *s;
	size_t n;	/* in use */
	size_t size;	/* allocated */
	size_t mapped;	/* of these came from mmap(), and go by munmap(); 0: all is malloc()'s */
};

void buf_release(struct buf *b);	/* frees; b may be used again; for _cleanup_ */
void buf_clear(struct buf *b);		/* empties, keeps the memory */
void buf_grow(struct buf *b, size_t n);		/* makes room for n more octets */
void buf_u64(struct buf *b, uint64_t v);	/* in decimal */
void buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);	/* never for a client's bytes */
void buf_drop(struct buf *b, size_t n);	/* removes the first n octets */

/* Room for n more octets; returns where they go, which is never NULL. These are here because every octet that is sent goes
 * through them.
 */
static inline char *buf_reserve(struct buf *b, size_t n)
{
	if (b->size - b->n < n || !b->s)
		buf_grow(b, n);
	return b->s + b->n;
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->n += n;
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.s, s.n);
}

static inline void buf_z(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_c(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->n++;
}

/* Borrowed until b changes next. */
struct str buf_view(const struct buf *b);
/* The same as a C string: a NUL is put behind the octets, not counted. */
const char *buf_cstr(struct buf *b);
