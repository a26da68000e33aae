/* base/intern.c: numbers for strings */
#include <string.h>
#include <sys/random.h>
#include "base/clock.h"
#include "base/intern.h"

struct interned {
	struct str s;
	uint64_t hash;
};

static uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4])
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

/* SipHash-1-3: quick, and its collisions can't be foreseen without the key. */
static uint64_t hash(const uint64_t key[2], struct str s)
{
	uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
			  key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573) };
	const uint64_t length = (uint64_t)s.n << 56;

	for (bool last = false; !last; s = str_from(s, 8)) {
		uint64_t word = 0;

		last = s.n < sizeof word;
		if (s.n)
			memcpy(&word, s.s, MIN(s.n, sizeof word));
		word |= last ? length : 0;
		v[3] ^= word;
		mix(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		mix(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void grow(struct intern *in)
{
	if (in->nslots == 0 && getrandom(in->key, sizeof in->key, GRND_NONBLOCK) < 0)
		in->key[0] = clock_unix_ns();
	in->nslots = MAX(in->nslots * 2, (size_t)256);
	in->slots = arena_alloc(in->arena, in->nslots * sizeof *in->slots);
	for (uint32_t i = 0; i < in->n; i++) {
		size_t at = in->v[i].hash & (in->nslots - 1);

		while (in->slots[at])
			at = (at + 1) & (in->nslots - 1);
		in->slots[at] = i + 1;
	}
}

uint32_t intern(struct intern *in, struct str s)
{
	uint64_t h;
	size_t at;

	if (s.n == 0)
		return 0;
	if (in->n >= in->nslots / 2)
		grow(in);
	h = hash(in->key, s);
	for (at = h & (in->nslots - 1); in->slots[at]; at = (at + 1) & (in->nslots - 1)) {
		const struct interned *had = &in->v[in->slots[at] - 1];

		if (had->hash == h && str_eq(had->s, s))
			return in->slots[at];
	}
	in->v = arena_grow(in->arena, in->v, (size_t)in->n + 1, sizeof *in->v);
	in->v[in->n++] = (struct interned){ arena_str(in->arena, s), h };
	in->slots[at] = in->n;
	return in->n;
}
