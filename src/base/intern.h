/* base/intern.h: numbers for strings */
#pragma once
#include "base/arena.h"

/* The same number for the same octets, counted from 1; 0 is the empty string. Strings may be chosen by an enemy: the hash has a
 * key of its own. All zero but for arena at first.
 */
struct intern {
	struct arena *arena;	/* where strings are kept */
	struct interned *v;
	uint32_t n;
	uint32_t *slots;	/* numbers by hash; 0 is free */
	size_t nslots;		/* a power of two */
	uint64_t key[2];
};

uint32_t intern(struct intern *in, struct str s);
