/* fetching.h: fetch.c and fact.c to each other */
#pragma once
#include "fetch.h"

/* Facts are written to the cache when there are so many octets of them. */
enum { COMMIT_FROM = 2 << 20 };

/* Of most messages that is all: so they are read once, whatever is wanted. */
enum { START_MAX = 8192 };
/* Reads the start, if it has not been read. The file is open. */
int fetching_start(struct fetching *f);
/* Whether the start is the whole message. */
bool fetching_is_small(const struct fetching *f);

/* Meets the need of one fact. */
int fact_need(struct fetching *f, enum fact fact);
/* The same, by what another thread has made (ahead.h). value is not copied. */
void fact_adopt(struct fetching *f, enum fact fact, struct str value);
