/* maildir/keywords.h: a folder's keywords, sets of them, and the letters that mirror them in file names */
#pragma once
#include "maildir/maildir.h"

struct keyword {
	struct str name;  /* as first spelled; a NUL behind it */
	uint64_t letters; /* what it puts into file names: one of a to z or none; $Forwarded has P, too */
};

/* All zero is an empty one, but for keywords_init(). A set of keywords goes by its number. */
enum { KEYWORDS_NONE = 0 }; /* the empty set */
struct keyword_table {
	struct arena arena;
	struct keyword *v;
	size_t n;
	struct keywords **sets; /* each once */
	size_t nsets;
	uint32_t *slots; /* positions in sets plus 1, by hash; 0 is free */
	size_t nslots;
	uint64_t mirrored;	     /* letters that stand for some keyword */
	uint64_t strange; /* letters seen in file names that mean nothing here: no new keyword gets them */
};

void keywords_init(struct keyword_table *t);
void keywords_release(struct keyword_table *t);

/* 0 if a keyword may be called so; -EINVAL or -ENAMETOOLONG. */
int keyword_check(struct str name);
/* Adds one with the next number. letter is one of a to z, or 0. -EEXIST if it is there, -EOVERFLOW if there
 * are too many. */
int keyword_add(struct keyword_table *t, struct str name, char letter);
bool keyword_find(const struct keyword_table *t, struct str name, uint16_t *ret);
/* The letter that the next one gets: the first that nobody uses, or 0. */
char keyword_next_letter(const struct keyword_table *t);

/* What is in a set. The empty one, if there is none of that number: it may come from a damaged snapshot. */
const struct keywords *keywords_set(const struct keyword_table *t, uint32_t set);
/* The set of these (ascending, each once) and of letters that mean nothing but are kept. */
uint32_t keywords_intern(struct keyword_table *t, const uint16_t *v, size_t n, uint64_t strange);
/* The letters of a set that are no keyword's. */
uint64_t keywords_strange(const struct keyword_table *t, uint32_t set);
/* A set with these numbers (ascending) added, or removed. */
uint32_t keywords_with(struct keyword_table *t, uint32_t set, const uint16_t *v, size_t n);
uint32_t keywords_without(struct keyword_table *t, uint32_t set, const uint16_t *v, size_t n);
/* The keywords that letters stand for are added or removed; letters that are nobody's, likewise. */
uint32_t keywords_by_letters(struct keyword_table *t, uint32_t set, uint64_t added, uint64_t removed);
