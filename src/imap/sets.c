/* imap/sets.c: sets of message numbers */
#include <stdlib.h>
#include <string.h>
#include "imap/sets.h"

void uidset_init(struct uidset *s, struct arena *a)
{
	*s = (struct uidset){ .arena = a };
}

static void append(struct uidset *s, struct seq run)
{
	if (s->n == s->size) {
		const size_t size = MAX(s->size * 2, (size_t)8);
		struct seq *v = arena_alloc(s->arena, size * sizeof *v);

		if (s->n)
			memcpy(v, s->v, s->n * sizeof *v);
		s->v = v;
		s->size = size;
	}
	s->v[s->n++] = run;
}

/* Whether next, which begins in run or behind it, is no further away than the number after its end. */
static bool touches(struct seq run, struct seq next)
{
	return next.a >= run.a && next.a - 1 <= run.b;
}

void uidset_add_run(struct uidset *s, uint32_t a, uint32_t b)
{
	const struct seq run = { a, b };
	struct seq *last = s->n ? &s->v[s->n - 1] : NULL;

	if (last && touches(*last, run)) {
		last->b = MAX(last->b, b);
		return;
	}
	s->loose = s->loose || (last && a < last->a);
	append(s, run);
}

void uidset_add(struct uidset *s, uint32_t number)
{
	uidset_add_run(s, number, number);
}

static int by_start(const void *x, const void *y)
{
	const struct seq *p = x, *q = y;

	return (p->a > q->a) - (p->a < q->a);
}

void uidset_settle(struct uidset *s)
{
	size_t n = 0;

	if (!s->loose)
		return;
	qsort(s->v, s->n, sizeof *s->v, by_start);
	for (size_t i = 1; i < s->n; i++) {
		if (touches(s->v[n], s->v[i]))
			s->v[n].b = MAX(s->v[n].b, s->v[i].b);
		else
			s->v[++n] = s->v[i];
	}
	s->n = n + 1;
	s->loose = false;
}

/* The first run that ends at number or behind it; s->n if there is none. */
static size_t find(const struct uidset *s, uint32_t number)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (s->v[middle].b < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool uidset_next(struct uidset *s, uint32_t *number)
{
	size_t i;

	uidset_settle(s);
	if (*number == UINT32_MAX)
		return false;
	i = find(s, *number + 1);
	if (i == s->n)
		return false;
	*number = MAX(*number + 1, s->v[i].a);
	return true;
}

void uidset_remove_run(struct uidset *s, uint32_t a, uint32_t b)
{
	struct seq left[2];
	size_t first, behind, n = 0, tail;

	uidset_settle(s);
	first = find(s, a);
	behind = find(s, b);
	if (behind < s->n && s->v[behind].a <= b)
		behind++;
	if (first == behind)
		return;
	if (s->v[first].a < a)
		left[n++] = (struct seq){ s->v[first].a, a - 1 };
	if (s->v[behind - 1].b > b)
		left[n++] = (struct seq){ b + 1, s->v[behind - 1].b };
	tail = s->n - behind;
	if (n > behind - first)
		append(s, (struct seq){ 0 }); /* for room: one run becomes two */
	memmove(s->v + first + n, s->v + behind, tail * sizeof *s->v);
	memcpy(s->v + first, left, n * sizeof *left);
	s->n = first + n + tail;
}

void uidset_keep_run(struct uidset *s, uint32_t a, uint32_t b)
{
	if (a > 1)
		uidset_remove_run(s, 1, a - 1);
	if (b < UINT32_MAX)
		uidset_remove_run(s, b + 1, UINT32_MAX);
}

void uidset_keep(struct uidset *s, struct uidset *other)
{
	struct uidset both = { .arena = s->arena };

	uidset_settle(s);
	uidset_settle(other);
	for (size_t i = 0, j = 0; i < s->n && j < other->n;) {
		const struct seq x = s->v[i], y = other->v[j];
		const struct seq common = { MAX(x.a, y.a), MIN(x.b, y.b) };

		if (common.a <= common.b)
			uidset_add_run(&both, common.a, common.b);
		if (x.b < y.b)
			i++;
		else
			j++;
	}
	*s = both;
}

void seqset_resolve(struct seqset set, uint32_t star, struct uidset *ret)
{
	for (size_t i = 0; i < set.n; i++) {
		const uint32_t a = set.v[i].a ? set.v[i].a : star;
		const uint32_t b = set.v[i].b ? set.v[i].b : star;
		const uint32_t least = MIN(a, b);

		if (MAX(a, b))
			uidset_add_run(ret, least ? least : MAX(a, b), MAX(a, b));
	}
}
