/* login/penalty.h: how long an address that has failed before must wait, kept across connections */
#pragma once
#include "login/peer.h"

/* A table of fixed size in a file that all monitors map. A slot is one 64-bit word (hash of the address, time
 * of its last failure, how many), changed by compare-and-swap: no lock to wait for, nothing to repair. IPv6
 * counts by /64. Addresses are hashed with a secret made with the file, so nobody can aim at another's slot.
 */
struct penalties {
	struct penalty_table *table; /* NULL: nothing is kept */
};

/* An address is forgotten an hour after its last failure; the first failures are free. */
enum { PENALTY_FORGET = 3600, PENALTY_FREE = 3, PENALTY_MAX_MS = 15000 };

/* Opens or makes the file in dir, which must be ours (or root's) and writable by nobody else. Returns 0, or a
 * negative errno: then nothing is kept. Children made by fork() don't get the mapping.
 */
int penalties_open(const char *dir, struct penalties *ret);
void penalties_close(struct penalties *p);

/* Milliseconds. now is clock_unix(). */
uint64_t penalty_wait(const struct penalties *p, const struct address *a, uint64_t now);
void penalty_add(const struct penalties *p, const struct address *a, uint64_t now);

/* The growth alone: what the n-th failure costs the next attempt. */
uint64_t penalty_of(unsigned failures);
