/* base/arena.h: memory that goes all at once, and never fails */
#pragma once
#include "base/str.h"

/* All zero is an empty one. What it hands out lives until arena_reset() or arena_free(). */
struct arena {
	struct chunk *chunk;	/* the newest */
	size_t newest;		/* where in it the newest block begins: that one can grow in place */
};

void arena_free(struct arena *a);	/* for _cleanup_ */
void arena_reset(struct arena *a);	/* as arena_free(), but keeps one chunk for the next round */
void arena_wipe(struct arena *a);	/* as arena_reset(), and overwrites what was there: secrets */
size_t arena_used(const struct arena *a);	/* octets handed out, to hold a limit against */

/* n octets, all zero, aligned for anything. */
void *arena_alloc(struct arena *a, size_t n);
/* The same, but whatever is there stays: for who fills all of it. */
char *arena_room(struct arena *a, size_t n);

/* An array of elements of size octets, with room for at least n of them. old is what this returned for n - 1
 * elements, or NULL for n == 1: arrays grow one by one, at a cost that is constant on average.
 */
void *arena_grow(struct arena *a, void *old, size_t n, size_t size);

/* A copy, with a NUL behind it that is not counted. */
struct str arena_str(struct arena *a, struct str s);
/* a, b and c joined, the same way. */
struct str arena_cat(struct arena *a, struct str x, struct str y, struct str z);
const char *arena_printf(struct arena *a, const char *fmt, ...) _printf_(2, 3);
