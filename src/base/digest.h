/* base/digest.h: what tells contents apart for good: BLAKE2b (RFC 7693) with 20 octets */
#pragma once
#include "base/str.h"

enum { DIGEST_SIZE = 20, DIGEST_HEX = 2 * DIGEST_SIZE };

/* No two texts are known to have one digest, nor can anybody make such. */
struct digest {
	uint64_t h[8];
	uint64_t octets;	/* in h by now */
	uint8_t block[128];
	size_t n;		/* of block */
};

void digest_init(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
/* In hexadecimal, with a NUL. d is used up. */
void digest_end(struct digest *d, char ret[DIGEST_HEX + 1]);

/* HMAC (RFC 2104) of it: who does not know the key, of at most 128 octets, can't make one, nor tell anything of the key by it. */
void digest_mac(struct str key, struct str text, char ret[DIGEST_HEX + 1]);
