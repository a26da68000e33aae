/* mail/fold.h: text made comparable, and looking for it */
#pragma once
#include "base/buf.h"

/* By which rules texts are compared: after folding, octet by octet (RFC 4790 9.2, 9.3, RFC 5051). */
enum collation { I_UNICODE_CASEMAP, I_ASCII_CASEMAP, I_OCTET };
void fold(struct buf *b, enum collation collation, struct str text);

/* i;unicode-casemap: adds text, each character in title case and then decomposed (RFC 5051 2). What is not UTF-8 stays as it is.
 * A character must not be cut: fold_whole() says how much of text can be folded now, when more will follow.
 */
void fold_utf8(struct buf *b, struct str text);
size_t fold_whole(struct str text);

/* fold() of a line that is short and printable ASCII, as most values of header fields are, to room, where it takes as much. False: it
 * is not; then fold() has to.
 */
enum { FOLD_LINE = 512 };
bool fold_line(char room[FOLD_LINE], enum collation collation, struct str text);

/* The same for texts that are ordered: what is no UTF-8 comes last, as it is (RFC 5255 4.6). No more than most octets of it. */
void fold_to_order(struct buf *b, enum collation collation, struct str text, size_t most);

/* A needle, looked for in text that arrives in pieces, cut anywhere. */
struct matcher {
	struct str needle; /* folded; the caller's */
	struct fuzzy *fuzzy; /* its words, roughly, instead (mail/fuzzy.h), then found means that it can't get better; NULL: itself */
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
/* The same for a text that stands by itself, with a gap before and behind it. */
bool matcher_whole(struct matcher *m, struct str folded);

