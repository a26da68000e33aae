/* sort.h: the order of SORT (RFC 5256) */
#pragma once
#include "fetch.h"

enum {
	SORT_CRITERIA = 16,
	SORT_TEXT = ORDER_TEXT,	/* octets of a text that are compared, so that memory is bounded by the number of messages */
};

/* sort-criteria, each with another row: one that comes again changes nothing. */
struct sort_order {
	struct sort_criterion {
		const struct sort_row *row;
		bool reverse;
	} v[SORT_CRITERIA];
	size_t n;
};

/* "(" ["REVERSE" SP] sort-key *(SP ["REVERSE" SP] sort-key) ")" */
bool p_sort_order(struct cursor *c, struct sort_order *ret);

/* Messages to be sorted. All zero but for order and arena at first. */
struct sorting {
	struct sort_order order;
	struct arena *arena;
	struct sorted *v;
	size_t n;
	struct buf text, folded;	/* used again and again */
};
void sorting_release(struct sorting *s);	/* for _cleanup_ */

/* Takes one in: for search_each(), with the sorting as its data. What can't be read is as if it were empty. */
bool sorting_add(void *sorting, struct fetching *f);
/* The UIDs in order; equal ones in the order in which they were added. In the arena. */
uint32_t *sorting_finish(struct sorting *s);
