/* base/digest.c: what tells contents apart for good: BLAKE2b (RFC 7693) with 20 octets */
#include <stdio.h>
#include <string.h>
#include "base/digest.h"

/* RFC 7693 2.6 */
static const uint64_t iv[8] = {
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* RFC 7693 2.7 */
static const uint8_t sigma[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static uint64_t rotate(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

static uint64_t read_le(const uint8_t *p)
{
	uint64_t x = 0;

	for (unsigned i = 8; i--;)
		x = x << 8 | p[i];
	return x;
}

/* The mixing function (RFC 7693 3.1). */
static void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t x, uint64_t y)
{
	*a += *b + x;
	*d = rotate(*d ^ *a, 32);
	*c += *d;
	*b = rotate(*b ^ *c, 24);
	*a += *b + y;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 63);
}

/* The compression function (RFC 7693 3.2), of d->block. */
static void compress(struct digest *d, bool last)
{
	uint64_t m[16], v[16];

	for (unsigned i = 0; i < 16; i++)
		m[i] = read_le(d->block + 8 * i);
	for (unsigned i = 0; i < 8; i++) {
		v[i] = d->h[i];
		v[i + 8] = iv[i];
	}
	v[12] ^= d->octets;
	if (last)
		v[14] = ~v[14];
	for (unsigned round = 0; round < 12; round++) {
		const uint8_t *s = sigma[round % 10];

		for (unsigned i = 0; i < 4; i++)
			mix(&v[i], &v[4 + i], &v[8 + i], &v[12 + i], m[s[2 * i]], m[s[2 * i + 1]]);
		for (unsigned i = 0; i < 4; i++)
			mix(&v[i], &v[4 + (i + 1) % 4], &v[8 + (i + 2) % 4], &v[12 + (i + 3) % 4], m[s[8 + 2 * i]],
			    m[s[9 + 2 * i]]);
	}
	for (unsigned i = 0; i < 8; i++)
		d->h[i] ^= v[i] ^ v[i + 8];
}

void digest_init(struct digest *d)
{
	*d = (struct digest){ .n = 0 };
	memcpy(d->h, iv, sizeof d->h);
	d->h[0] ^= 0x01010000 ^ DIGEST_SIZE;
}

/* A full block waits for what comes next, since the last one is treated otherwise. */
void digest_add(struct digest *d, const void *p, size_t n)
{
	const uint8_t *in = p;

	while (n) {
		size_t some;

		if (d->n == sizeof d->block) {
			d->octets += d->n;
			compress(d, false);
			d->n = 0;
		}
		some = MIN(n, sizeof d->block - d->n);
		memcpy(d->block + d->n, in, some);
		d->n += some;
		in += some;
		n -= some;
	}
}

static uint8_t octet(const struct digest *d, unsigned i)
{
	return (uint8_t)(d->h[i / 8] >> 8 * (i % 8) & 255);
}

static void end(struct digest *d)
{
	d->octets += d->n;
	memset(d->block + d->n, 0, sizeof d->block - d->n);
	compress(d, true);
}

void digest_end(struct digest *d, char ret[DIGEST_HEX + 1])
{
	end(d);
	for (unsigned i = 0; i < DIGEST_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", octet(d, i));
}

/* A block of the key, padded with pad (RFC 2104 2). */
static void add_key(struct digest *d, struct str key, uint8_t pad)
{
	uint8_t block[sizeof d->block] = { 0 };

	memcpy(block, key.s, key.n);
	for (size_t i = 0; i < sizeof block; i++)
		block[i] ^= pad;
	digest_init(d);
	digest_add(d, block, sizeof block);
}

void digest_mac(struct str key, struct str text, char ret[DIGEST_HEX + 1])
{
	struct digest inner, outer;

	add_key(&inner, key, 0x36);
	digest_add(&inner, text.s, text.n);
	end(&inner);
	add_key(&outer, key, 0x5c);
	for (unsigned i = 0; i < DIGEST_SIZE; i++)
		digest_add(&outer, &(uint8_t){ octet(&inner, i) }, 1);
	digest_end(&outer, ret);
}
