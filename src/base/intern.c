/* base/intern.c: numbers for strings */
#include <string.h>
#include <sys/random.h>
#include "base/clock.h"
#include "base/intern.h"
#include "base/siphash.h"

struct interned {
	struct str s;
	uint64_t hash;
};

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
	h = siphash(in->key, s);
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
