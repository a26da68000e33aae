/* mail/fuzzy.c: how well a text answers to words that are searched for, also where they are not quite the same (RFC 6203) */
#include <string.h>
#include <unictype.h>
#include "base/utf8.h"
#include "mail/fuzzy.h"

enum { SAME = 100, BEGINS = 80, ONE_OFF = 60, INSIDE = 40 };
enum { OFF_FROM = 4 };	/* letters that a word has in which one may be wrong */

static bool is_letter(uint32_t c)
{
	return c < 0x80 ? ascii_alpha((char)c) || ascii_digit((char)c) : uc_is_alnum(c);
}

/* Folded text has its accents behind their letters. */
static bool is_accent(uint32_t c)
{
	return c >= 0x300 && c < 0x370;
}

static bool same(const uint32_t *a, const uint32_t *b, size_t n)
{
	return memcmp(a, b, n * sizeof *a) == 0;
}

/* Whether they differ by one letter: one has it more, or it is another, or it has changed places with the next. */
static bool one_off(const struct fuzzy_word *x, const struct fuzzy_word *y)
{
	const struct fuzzy_word *a = x->n <= y->n ? x : y, *b = x->n <= y->n ? y : x;
	const uint32_t *p = a->letters, *q = b->letters;
	size_t n = a->n;

	if (b->n - a->n > 1)
		return false;
	for (; n && *p == *q; n--, p++, q++)
		;
	if (b->n > a->n)
		return same(p, q + 1, n);
	return n == 0 || same(p + 1, q + 1, n - 1) || (n > 1 && p[0] == q[1] && p[1] == q[0] && same(p + 2, q + 2, n - 2));
}

static bool is_inside(const struct fuzzy_word *needle, const struct fuzzy_word *word)
{
	for (size_t i = 1; i + needle->n <= word->n; i++)
		if (word->letters[i] == needle->letters[0] && same(word->letters + i, needle->letters, needle->n))
			return true;
	return false;
}

static unsigned likeness(const struct fuzzy_word *needle, const struct fuzzy_word *word)
{
	const bool begins = word->n >= needle->n && same(word->letters, needle->letters, needle->n);

	if (begins)
		return word->n == needle->n ? SAME : BEGINS;
	if (needle->n >= OFF_FROM && one_off(needle, word))
		return ONE_OFF;
	return is_inside(needle, word) ? INSIDE : 0;
}

static void compare(struct fuzzy *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->words[i].best < SAME) {
			const unsigned like = likeness(&f->words[i], &f->current);

			f->words[i].best = MAX(f->words[i].best, like);
		}
}

void fuzzy_gap(struct fuzzy *f)
{
	if (f->current.n)
		compare(f);
	f->current.n = 0;
}

/* In scripts without blanks a word may be long: it is looked at in pieces that overlap. */
static void add_letter(struct fuzzy *f, uint32_t c)
{
	struct fuzzy_word *w = &f->current;

	if (w->n == FUZZY_LETTERS) {
		compare(f);
		w->n /= 2;
		memcpy(w->letters, w->letters + w->n, w->n * sizeof *w->letters);
	}
	w->letters[w->n++] = c;
}

bool fuzzy_feed(struct fuzzy *f, struct str folded)
{
	uint32_t c;

	while (folded.n) {
		if (!utf8_next(&folded, &c)) {
			folded = str_from(folded, 1);
			c = ' ';
		}
		if (is_letter(c))
			add_letter(f, c);
		else if (!is_accent(c))
			fuzzy_gap(f);
	}
	for (size_t i = 0; i < f->n; i++)
		if (f->words[i].best < SAME)
			return false;
	return true;
}

void fuzzy_reset(struct fuzzy *f)
{
	f->current.n = 0;
	for (size_t i = 0; i < f->n; i++)
		f->words[i].best = 0;
}

/* A word of more letters than are kept is known by the first ones. */
void fuzzy_init(struct fuzzy *f, struct str folded_needle)
{
	uint32_t c;

	*f = (struct fuzzy){ 0 };
	for (bool in_word = false; folded_needle.n;) {
		if (!utf8_next(&folded_needle, &c)) {
			folded_needle = str_from(folded_needle, 1);
			c = ' ';
		}
		if (is_accent(c))
			continue;
		if (is_letter(c) && !in_word && f->n == FUZZY_WORDS)
			break;
		f->n += is_letter(c) && !in_word;
		in_word = is_letter(c);
		if (in_word && f->words[f->n - 1].n < FUZZY_LETTERS / 2)
			f->words[f->n - 1].letters[f->words[f->n - 1].n++] = c;
	}
}

unsigned fuzzy_score(const struct fuzzy *f)
{
	unsigned sum = 0;

	for (size_t i = 0; i < f->n; i++)
		sum += f->words[i].best;
	if (f->n == 0 || sum < INSIDE * f->n)
		return 0;
	return 1 + (sum - INSIDE * (unsigned)f->n) * 99 / ((SAME - INSIDE) * (unsigned)f->n);
}
