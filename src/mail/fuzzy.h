/* mail/fuzzy.h: how well a text answers to words that are searched for, also where they are not quite the same (RFC 6203) */
#pragma once
#include "base/str.h"

enum {
	FUZZY_WORDS = 16,	/* of what is searched for; further ones do not count */
	FUZZY_LETTERS = 64,	/* of one word */
};

/* Words are runs of letters and digits, in folded text (mail/fold.h), without their accents. For each one of the needle the
 * word of the text counts that is most like it: the same 100, one that begins with it 80, one that differs by one letter (left
 * out, added, another, or two in the wrong order; of words of four letters or more) 60, one that has it inside 40. From an
 * average of 40 on the text matches; so whatever holds the words as they are does. What it costs is bounded by the length of
 * the text.
 */
struct fuzzy {
	size_t n;
	struct fuzzy_word {
		uint32_t letters[FUZZY_LETTERS];
		size_t n;
		unsigned best;
	} words[FUZZY_WORDS], current;	/* current: of the text, as far as it has come */
};

void fuzzy_init(struct fuzzy *f, struct str folded_needle);
/* For the next text. */
void fuzzy_reset(struct fuzzy *f);
/* Looks at more text; true: nothing can be better than what was found. A word may be cut; a character must not be. */
bool fuzzy_feed(struct fuzzy *f, struct str folded);
/* Whatever word is under way ends here. */
void fuzzy_gap(struct fuzzy *f);
/* 1 to 100; 0: the text does not match. After fuzzy_gap(). */
unsigned fuzzy_score(const struct fuzzy *f);
