/* base/siphash.c: a hash whose collisions can't be foreseen without its key */
#include <string.h>
#include "base/siphash.h"

static uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void mix(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turn(v[1], 13) ^ v[0];
	v[0] = turn(v[0], 32);
	v[2] += v[3];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turn(v[1], 17) ^ v[2];
	v[2] = turn(v[2], 32);
}

static inline void add(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v);
	v[0] ^= word;
}

uint64_t siphash(const uint64_t key[2], struct str s)
{
	uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
			  key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573) };
	const uint64_t length = (uint64_t)s.n << 56;
	uint64_t word = 0;

	for (; s.n >= sizeof word; s = (struct str){ s.s + sizeof word, s.n - sizeof word }) {
		memcpy(&word, s.s, sizeof word);
		add(v, word);
	}
	word = 0;
	if (s.n)
		memcpy(&word, s.s, s.n);
	add(v, word | length);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
