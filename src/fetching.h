/* fetching.h: fetch.c and fact.c to each other */
#pragma once
#include "fetch.h"

/* Facts are written to the cache when there are so many octets of them. */
enum { COMMIT_FROM = 2 << 20 };

/* Meets the need of one fact. */
int fact_need(struct fetching *f, enum fact fact);
