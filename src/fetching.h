/* fetching.h: fetch.c and fact.c to each other */
#pragma once
#include "fetch.h"

/* Meets the need of one fact. */
int fact_need(struct fetching *f, enum fact fact);
