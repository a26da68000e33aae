/* mail/fold.h: text made comparable (i;unicode-casemap, RFC 5051), and looking for it */
#pragma once
#include "base/buf.h"

/* Adds text, each character in title case and then decomposed (RFC 5051 2). What is not UTF-8 stays as it is.
 * A character must not be cut: fold_whole() says how much of text can be folded now, when more will follow.
 */
void fold_utf8(struct buf *b, struct str text);
size_t fold_whole(struct str text);

/* A needle, looked for in text that arrives in pieces, cut anywhere. */
struct matcher {
	struct str needle; /* folded; the caller's */
	bool found;	   /* stays true until matcher_reset() */
	size_t n;	   /* octets in tail */
	struct buf tail;   /* the end of what was seen, less than the needle */
};

/* An empty needle is found at once (RFC 9051 6.4.4). */
void matcher_init(struct matcher *m, struct str folded_needle);
void matcher_release(struct matcher *m);
/* Begins anew: for the next message, or where text must not be joined over a gap. matcher_gap() keeps found.
 */
void matcher_reset(struct matcher *m);
void matcher_gap(struct matcher *m);
/* Looks at more text, which is folded. Returns found. */
bool matcher_feed(struct matcher *m, struct str folded);

/* Whether text, not folded, holds the folded needle. */
bool fold_contains(struct str text, struct str folded_needle);
