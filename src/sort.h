/* sort.h: the order of SORT (RFC 5256) */
#pragma once
#include "fetch.h"
#include "ranks.h"

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
	struct comparator comparator;
};

/* "(" ["REVERSE" SP] sort-key *(SP ["REVERSE" SP] sort-key) ")"; texts by the session's comparator */
bool p_sort_order(const struct session *s, struct cursor *c, struct sort_order *ret);

/* A message, with a value for each criterion. */
struct sorted {
	uint64_t key;		/* of the first value: whose is less comes first; where it is the same, the values tell */
	uint32_t uid;
	uint8_t score;		/* search_score() */
	struct sort_value *values;	/* NULL: the key is of a rank, and says all */
};

/* Messages to be sorted. All zero but for order and arena at first. */
struct sorting {
	struct sort_order order;
	struct arena *arena;
	struct sorted *v;
	size_t n;
	struct buf text, folded;	/* used again and again */
	bool unread;			/* something could not be read, and was taken for empty */
	/* sorting_rank(): */
	struct maildir *box;		/* NULL: ranks are neither used nor left */
	struct ranks ranks;		/* of the first criterion */
	struct sorted *late;		/* those that have none, if there are any */
	size_t nlate;
};
void sorting_release(struct sorting *s);	/* for _cleanup_ */
/* First of all: lets it go by ranks that were left in the cache, and leave them there. All messages are of box, and come upwards; what
 * is in v afterwards can't be compared with others.
 */
void sorting_rank(struct sorting *s, struct maildir *box);

/* Whether the ranks in the cache by a row are in the order of what the messages' files say, as far as they can be read; true if there are none. */
bool sort_ranks_right(struct maildir *box, const struct sort_row *row);

/* Takes one in: for search_each(), with the sorting as its data. What can't be read is as if it were empty. */
bool sorting_add(void *sorting, struct fetching *f);
/* The UIDs in order, in the arena; v is in that order, too. */
uint32_t *sorting_finish(struct sorting *s);
/* One more, with its values in the arena. */
struct sorted sorting_one(struct sorting *s, struct fetching *f);
struct sort_value *sort_values_copy(const struct sort_order *order, const struct sort_value *values, struct arena *a);
/* For qsort_r(), with the order as its data. Equal ones are in the order of the mailbox. */
int sort_compare(const void *sorted, const void *other, void *order);
