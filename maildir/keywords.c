/* maildir/keywords.c: a folder's keywords, and sets of them */
#include <string.h>
#include "maildir/keywords.h"
#include "maildir/mdname.h"

static const struct str forwarded = { "$Forwarded", 10 };

void keywords_init(struct keyword_table *t)
{
	*t = (struct keyword_table){ 0 };
	keywords_intern(t, NULL, 0, 0);
}

void keywords_release(struct keyword_table *t)
{
	arena_free(&t->arena);
	*t = (struct keyword_table){ 0 };
}

int keyword_check(struct str name)
{
	if (name.n > MD_KEYWORD_LENGTH_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < name.n; i++) {
		const unsigned char c = (unsigned char)name.s[i];

		if (c <= ' ' || c == 0x7f)
			return -EINVAL;
	}
	return name.n ? 0 : -EINVAL;
}

bool keyword_find(const struct keyword_table *t, struct str name, uint16_t *ret)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_ieq(t->v[i].name, name)) {
			*ret = (uint16_t)i;
			return true;
		}
	return false;
}

int keyword_add(struct keyword_table *t, struct str name, char letter)
{
	const int r = keyword_check(name);
	uint16_t there;

	if (r < 0)
		return r;
	if (keyword_find(t, name, &there))
		return -EEXIST;
	if (t->n >= MD_KEYWORDS_MAX)
		return -EOVERFLOW;
	t->v = arena_grow(&t->arena, t->v, t->n + 1, sizeof *t->v);
	t->v[t->n++] = (struct keyword){
		.name = arena_str(&t->arena, name),
		.letters = mdname_letter(letter) | (str_ieq(name, forwarded) ? mdname_letter('P') : 0),
	};
	t->mirrored |= t->v[t->n - 1].letters;
	return 0;
}

char keyword_next_letter(const struct keyword_table *t)
{
	const uint64_t used = t->mirrored | t->strange;

	for (char c = 'a'; c <= 'z'; c++)
		if (!(used & mdname_letter(c)))
			return c;
	return 0;
}

static uint64_t hash(const uint16_t *v, size_t n, uint64_t letters)
{
	uint64_t h = letters * UINT64_C(0x9e3779b97f4a7c15) + n;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ v[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 29;
	}
	return h ^ h >> 32;
}

static void place(struct keyword_table *t, size_t set)
{
	const struct keywords *k = t->sets[set];
	size_t i = (size_t)hash(k->v, k->n, k->letters) & (t->nslots - 1);

	while (t->slots[i])
		i = (i + 1) & (t->nslots - 1);
	t->slots[i] = (uint32_t)set + 1;
}

static uint32_t add_set(struct keyword_table *t, const uint16_t *v, size_t n, uint64_t letters)
{
	struct keywords *k = arena_alloc(&t->arena, sizeof *k);
	uint16_t *copy = arena_alloc(&t->arena, n * sizeof *v);

	if (n)
		memcpy(copy, v, n * sizeof *v);
	*k = (struct keywords){ .n = n, .v = copy, .letters = letters };
	t->sets = arena_grow(&t->arena, t->sets, t->nsets + 1, sizeof *t->sets);
	t->sets[t->nsets++] = k;
	if (t->nsets * 2 > t->nslots) {
		t->nslots = t->nslots ? t->nslots * 2 : 32;
		t->slots = arena_alloc(&t->arena, t->nslots * sizeof *t->slots);
		for (size_t i = 0; i + 1 < t->nsets; i++)
			place(t, i);
	}
	place(t, t->nsets - 1);
	return (uint32_t)t->nsets - 1;
}

const struct keywords *keywords_set(const struct keyword_table *t, uint32_t set)
{
	return t->sets[set < t->nsets ? set : KEYWORDS_NONE];
}

uint32_t keywords_intern(struct keyword_table *t, const uint16_t *v, size_t n, uint64_t strange)
{
	uint64_t letters = strange;

	t->strange |= strange;
	for (size_t i = 0; i < n; i++)
		letters |= t->v[v[i]].letters;
	if (t->nslots) {
		for (size_t i = (size_t)hash(v, n, letters) & (t->nslots - 1); t->slots[i];
		     i = (i + 1) & (t->nslots - 1)) {
			const struct keywords *k = t->sets[t->slots[i] - 1];

			if (k->n == n && k->letters == letters &&
			    (n == 0 || memcmp(k->v, v, n * sizeof *v) == 0))
				return t->slots[i] - 1;
		}
	}
	return add_set(t, v, n, letters);
}

uint64_t keywords_strange(const struct keyword_table *t, uint32_t set)
{
	const struct keywords *k = keywords_set(t, set);
	uint64_t letters = k->letters;

	for (size_t i = 0; i < k->n; i++)
		letters &= ~t->v[k->v[i]].letters;
	return letters;
}

bool keywords_have(const struct keywords *k, uint16_t number)
{
	for (size_t i = 0; i < k->n && k->v[i] <= number; i++)
		if (k->v[i] == number)
			return true;
	return false;
}

/* A set with v added or removed: both are ascending, so one pass over both will do. */
static uint32_t merge(struct keyword_table *t, uint32_t set, const uint16_t *v, size_t n, bool add)
{
	const struct keywords *k = keywords_set(t, set);
	uint16_t all[MD_KEYWORDS_MAX];
	size_t count = 0, i = 0, j = 0;

	while (i < k->n || (add && j < n)) {
		if (j < n && (i == k->n || v[j] < k->v[i])) {
			if (add)
				all[count++] = v[j];
			j++;
		} else if (j < n && v[j] == k->v[i]) {
			if (add)
				all[count++] = v[j];
			i++;
			j++;
		} else {
			all[count++] = k->v[i++];
		}
	}
	return keywords_intern(t, all, count, keywords_strange(t, set));
}

uint32_t keywords_with(struct keyword_table *t, uint32_t set, const uint16_t *v, size_t n)
{
	return merge(t, set, v, n, true);
}

uint32_t keywords_without(struct keyword_table *t, uint32_t set, const uint16_t *v, size_t n)
{
	return merge(t, set, v, n, false);
}

/* The numbers of keywords that letters stand for, ascending; at most one for each of a to z and P. */
static size_t meant(const struct keyword_table *t, uint64_t letters, uint16_t ret[27])
{
	size_t n = 0;

	if (letters & t->mirrored)
		for (size_t i = 0; i < t->n && n < 27; i++)
			if (t->v[i].letters & letters)
				ret[n++] = (uint16_t)i;
	return n;
}

uint32_t keywords_by_letters(struct keyword_table *t, uint32_t set, uint64_t added, uint64_t removed)
{
	const uint64_t strange = ((keywords_strange(t, set) | added) & ~removed) & ~t->mirrored;
	const struct keywords *k;
	uint16_t numbers[27];

	if (!(added | removed))
		return set;
	set = keywords_without(t, set, numbers, meant(t, removed, numbers));
	set = keywords_with(t, set, numbers, meant(t, added, numbers));
	k = keywords_set(t, set);
	return keywords_intern(t, k->v, k->n, strange);
}
