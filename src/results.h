/* results.h: what was found, and what of it the client wants to be told (RFC 4731, RFC 4466 2.6.2) */
#pragma once
#include "base/arena.h"
#include "imap/sets.h"
#include "session.h"
#include "view.h"

/* What is asked for; rows of struct extension name them. */
enum return_option {
	RETURN_MIN = 1,
	RETURN_MAX = 2,
	RETURN_ALL = 4,
	RETURN_COUNT = 8,
	RETURN_SAVE = 16,	/* in "$" (RFC 5182) */
	RETURN_PARTIAL = 32,	/* RFC 9394 */
	RETURN_UPDATE = 64,	/* what changes later, too (RFC 5267 4.3) */
	RETURN_CONTEXT = 128,	/* only a hint: more will be asked about this (RFC 5267 4.2) */
	RETURN_RELEVANCY = 256,	/* how well each matches (RFC 6203 4) */
	RETURN_ITEMS = RETURN_MIN | RETURN_MAX | RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL | RETURN_RELEVANCY,	/* told */
};

/* partial-range: results from a to b, counted from 1, from the last one if from_end; in the order of the request. */
struct range {
	uint32_t a, b;
	bool from_end;
};

struct fetch_item;

struct returns {
	bool extended;		/* ESEARCH is the answer */
	unsigned options;	/* enum return_option */
	struct range range;	/* of PARTIAL */
	struct fetch_item *items;	/* of UPDATE: told of new messages (RFC 5465 7) */
	size_t nitems;
};

/* All that was found, or, if less is enough (results_reach()), that. */
struct results {
	const struct view *view;
	struct str tag;
	struct str mailbox;		/* where it was found, to be told if s is not NULL (RFC 7377 2.1) */
	struct returns returns;
	bool by_uid;
	bool modseq;			/* MODSEQ was among the keys (RFC 7162 3.1.5) */
	const uint32_t *uids;		/* in the order of the mailbox, or of SORT */
	const uint8_t *scores;		/* of each, if something was fuzzy */
	size_t n;
};

/* ["RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")" SP]; without it ret->extended is false. False: syntax. */
bool returns_parse(struct cursor *c, struct returns *ret);
/* nz-number ":" nz-number / "-" nz-number ":" "-" nz-number */
bool p_partial_range(struct cursor *c, struct range *ret);
/* Where the range is in n things: positions [*ret_from, *ret_to), counted from 0, both n if nowhere. */
void range_of(struct range range, size_t n, size_t *ret_from, size_t *ret_to);

/* How many of what is found are enough to answer, and from which end. 0: all. */
size_t returns_enough(const struct returns *r, bool *ret_backwards);

/* uids from..to (positions) as a set, in their order: numbers or UIDs, as the command has it. */
struct seqset results_set(const struct results *r, size_t from, size_t to, struct arena *a);
/* One of them, by its position, as a number or UID. */
uint32_t results_number(const struct results *r, size_t i);

/* "* ESEARCH (TAG tag ...)" [SP "UID"] */
void results_begin(struct session *s, const struct results *r);

/* Remembers for "$" what is to be saved, and answers with one ESEARCH response, unless only "$" was wanted. */
void results_tell(struct session *s, const struct results *r, struct arena *a);
/* "* word" and all numbers (RFC 3501 7.2.5, RFC 5256 4), for who did not ask for more. */
void results_tell_plainly(struct session *s, const struct results *r, const char *word, struct arena *a);

/* What the command comes to: with SAVE a NO empties "$" (RFC 5182 2.1). */
enum verdict results_failed(struct session *s, const struct returns *r, enum verdict verdict);
