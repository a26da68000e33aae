/* imap/sets.h: sets of message numbers: as a client wrote them, and what they mean */
#pragma once
#include "base/arena.h"

/* A run from a to b. In a seqset either may be the greater one, and 0 is "*"; in a uidset 0 < a <= b. */
struct seq {
	uint32_t a, b;
};

/* sequence-set, as the client wrote it: in any order, overlapping, with "*". */
struct seqset {
	struct seq *v;
	size_t n;
	bool saved; /* it is "$", the last search's result (RFC 5182), and n is 0 */
};

/* Numbers, ascending in disjoint runs that don't touch. Adding is cheap when it goes upwards; what is added
 * in any other order is sorted once, by the next function that asks (that is why none of them takes a const
 * set). Everything is in the arena, which must live as long.
 */
struct uidset {
	struct seq *v; /* to be read only after uidset_settle() */
	size_t n;
	size_t size;
	bool loose; /* to be sorted */
	struct arena *arena;
};

void uidset_init(struct uidset *s, struct arena *a);
void uidset_add(struct uidset *s, uint32_t number);	       /* number > 0 */
void uidset_add_run(struct uidset *s, uint32_t a, uint32_t b); /* 0 < a <= b */
void uidset_remove_run(struct uidset *s, uint32_t a, uint32_t b);
/* Puts v and n in order, to walk over the runs themselves. Any add makes it necessary again. */
void uidset_settle(struct uidset *s);

/* The least number that is greater than *number: for (uint32_t uid = 0; uidset_next(&s, &uid);) */
bool uidset_next(struct uidset *s, uint32_t *number);

/* Leaves in s what is in other too, or what is from a to b. */
void uidset_keep(struct uidset *s, struct uidset *other);
void uidset_keep_run(struct uidset *s, uint32_t a, uint32_t b);

/* Adds to ret the numbers that set names when star is the greatest in use, so n:* has at least that, also
 * where n is greater (RFC 9051 9, seq-range). 0 means that none is in use: then "*" names nothing. "$" is the
 * caller's matter.
 */
void seqset_resolve(struct seqset set, uint32_t star, struct uidset *ret);
