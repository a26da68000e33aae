/* base/arena.c: memory that goes all at once, and never fails */
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"

enum { FIRST = 4096 - 32, ALIGN = alignof(max_align_t) };

struct chunk {
	struct chunk *older;
	size_t n, size;		/* octets of data in use, and in all */
	alignas(max_align_t) char data[];
};

void arena_free(struct arena *a)
{
	for (struct chunk *c = a->chunk, *older; c; c = older) {
		older = c->older;
		free(c);
	}
	*a = (struct arena){ 0 };
}

void arena_reset(struct arena *a)
{
	struct arena rest;

	if (!a->chunk)
		return;
	rest = (struct arena){ .chunk = a->chunk->older };
	arena_free(&rest);
	a->chunk->older = NULL;
	if (a->chunk->size > 16 * FIRST) {
		arena_free(a);
		return;
	}
	a->chunk->n = a->newest = 0;
}

void arena_wipe(struct arena *a)
{
	for (struct chunk *c = a->chunk; c; c = c->older)
		wipe(c->data, c->n);
	arena_reset(a);
}

size_t arena_used(const struct arena *a)
{
	size_t n = 0;

	for (const struct chunk *c = a->chunk; c; c = c->older)
		n += c->n;
	return n;
}

static void chunk_add(struct arena *a, size_t n)
{
	const size_t size = MAX(n, a->chunk ? MIN(a->chunk->size * 2, (size_t)1 << 20) : (size_t)FIRST);
	struct chunk *c = must_alloc(sizeof *c + size);

	*c = (struct chunk){ .older = a->chunk, .size = size };
	a->chunk = c;
}

char *arena_room(struct arena *a, size_t n)
{
	if (n > SIZE_MAX / 2)
		out_of_memory();
	n = (MAX(n, (size_t)1) + ALIGN - 1) / ALIGN * ALIGN;
	if (!a->chunk || a->chunk->size - a->chunk->n < n)
		chunk_add(a, n);
	a->newest = a->chunk->n;
	a->chunk->n += n;
	return a->chunk->data + a->newest;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p = arena_room(a, n);

	return memset(p, 0, a->chunk->n - a->newest);
}

enum { LEAST = 4 };

/* How many elements there is room for after growing to n: the next power of 2. */
static size_t room(size_t n)
{
	size_t r = LEAST;

	while (r < n)
		r *= 2;
	return r;
}

void *arena_grow(struct arena *a, void *old, size_t n, size_t size)
{
	size_t octets;
	char *p;

	if (old && n > 1 && (n <= LEAST || (n - 1) & (n - 2))) /* n - 1 have not filled it */
		return old;
	if (__builtin_mul_overflow(room(n), size, &octets))
		out_of_memory();
	if (old && a->chunk && old == a->chunk->data + a->newest && a->chunk->size - a->newest >= octets + ALIGN) {
		const size_t had = a->chunk->n - a->newest;

		octets = (octets + ALIGN - 1) / ALIGN * ALIGN;
		memset(a->chunk->data + a->chunk->n, 0, octets - had);
		a->chunk->n = a->newest + octets;
		return old;
	}
	if (!old)
		return arena_alloc(a, octets);
	p = arena_room(a, octets);
	memcpy(p, old, (n - 1) * size);
	memset(p + (n - 1) * size, 0, a->chunk->n - a->newest - (n - 1) * size);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_room(a, s.n + 1);

	if (s.n)
		memcpy(p, s.s, s.n);
	p[s.n] = 0;
	return (struct str){ p, s.n };
}

struct str arena_cat(struct arena *a, struct str x, struct str y, struct str z)
{
	const struct str parts[] = { x, y, z };
	char *p = arena_alloc(a, x.n + y.n + z.n + 1);
	size_t at = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].n)
			memcpy(p + at, parts[i].s, parts[i].n);
		at += parts[i].n;
	}
	return (struct str){ p, at };
}

const char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	size_t n;
	char *p;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = (size_t)vsnprintf(NULL, 0, fmt, ap) + 1;
	p = arena_alloc(a, n);
	vsnprintf(p, n, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}
