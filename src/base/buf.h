/* base/buf.h: bytes that grow */
#pragma once
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
char *buf_reserve(struct buf *b, size_t n);	/* room for n more octets; returns where they go */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_z(struct buf *b, const char *s);
void buf_c(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t v);	/* in decimal */
void buf_printf(struct buf *b, const char *fmt, ...) _printf_(2, 3);	/* never for a client's bytes */
void buf_drop(struct buf *b, size_t n);	/* removes the first n octets */

/* Borrowed until b changes next. */
struct str buf_view(const struct buf *b);
/* The same as a C string: a NUL is put behind the octets, not counted. */
const char *buf_cstr(struct buf *b);
