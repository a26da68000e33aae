/* ranks.h: the order that messages had by one criterion of SORT: what has been sorted once stays sorted, since messages never change */
#pragma once
#include "base/arena.h"
#include "extension.h"
#include "maildir/cache.h"
#include "maildir/maildir.h"

enum {
	RANKS_FROM = 500,		/* messages; fewer are sorted as fast */
	RANKS_KIND = CACHE_OF_FOLDER,	/* in the cache, by the criterion's number (sort_row.ranked) */
};

/* A message's place among others. Equal ranks: the same text. */
struct rank {
	uint32_t uid;
	uint32_t rank;		/* the text of one with a lower rank comes before */
	uint32_t name;		/* a part of cache_name() of its base name: another message's rank is none */
};

/* Some messages' ranks, by ascending UID. */
struct ranks {
	struct rank *v;
	size_t n;
	size_t at;		/* where looking for one has come to */
};

/* What is in the cache for a criterion in a folder, in a's memory; nothing if there is none, or if that can't be. */
struct ranks ranks_read(const struct maildir *box, const struct sort_row *row, struct arena *a);
/* A message's rank. False: it has none, or one with a higher UID has been asked for. */
bool ranks_find(struct ranks *r, const struct maildir *box, const struct message *message, uint32_t *ret);
/* How many of those that have one are still there. */
size_t ranks_count(const struct ranks *r, const struct maildir *box);
/* Leaves the ranks of these in the cache, in place of others. v is in the order of ranks, with UIDs and ranks; it is changed. */
void ranks_leave(struct rank *v, size_t n, const struct maildir *box, const struct sort_row *row);
