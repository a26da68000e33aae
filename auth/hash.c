/* auth/hash.c: digests, with a key and without, as SASL's mechanisms want them; the only nettle/ */
#include <nettle/hmac.h>
#include <nettle/md5.h>
#include <nettle/memops.h>
#include <nettle/pbkdf2.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include "auth/hash.h"

static const uint8_t *octets_of(struct str s)
{
	return (const uint8_t *)(s.n ? s.s : "");
}

size_t hash_size(enum hash h)
{
	return h == HASH_MD5 ? MD5_DIGEST_SIZE : h == HASH_SHA1 ? SHA1_DIGEST_SIZE : SHA256_DIGEST_SIZE;
}

void hash_digest(enum hash h, struct str octets, unsigned char *ret)
{
	union {
		struct md5_ctx md5;
		struct sha1_ctx sha1;
		struct sha256_ctx sha256;
	} c;

	switch (h) {
	case HASH_MD5:
		md5_init(&c.md5);
		md5_update(&c.md5, octets.n, octets_of(octets));
		md5_digest(&c.md5, MD5_DIGEST_SIZE, ret);
		break;
	case HASH_SHA1:
		sha1_init(&c.sha1);
		sha1_update(&c.sha1, octets.n, octets_of(octets));
		sha1_digest(&c.sha1, SHA1_DIGEST_SIZE, ret);
		break;
	case HASH_SHA256:
		sha256_init(&c.sha256);
		sha256_update(&c.sha256, octets.n, octets_of(octets));
		sha256_digest(&c.sha256, SHA256_DIGEST_SIZE, ret);
		break;
	}
	wipe(&c, sizeof c);
}

void hash_hmac(enum hash h, struct str key, struct str octets, unsigned char *ret)
{
	union {
		struct hmac_md5_ctx md5;
		struct hmac_sha1_ctx sha1;
		struct hmac_sha256_ctx sha256;
	} c;

	switch (h) {
	case HASH_MD5:
		hmac_md5_set_key(&c.md5, key.n, octets_of(key));
		hmac_md5_update(&c.md5, octets.n, octets_of(octets));
		hmac_md5_digest(&c.md5, MD5_DIGEST_SIZE, ret);
		break;
	case HASH_SHA1:
		hmac_sha1_set_key(&c.sha1, key.n, octets_of(key));
		hmac_sha1_update(&c.sha1, octets.n, octets_of(octets));
		hmac_sha1_digest(&c.sha1, SHA1_DIGEST_SIZE, ret);
		break;
	case HASH_SHA256:
		hmac_sha256_set_key(&c.sha256, key.n, octets_of(key));
		hmac_sha256_update(&c.sha256, octets.n, octets_of(octets));
		hmac_sha256_digest(&c.sha256, SHA256_DIGEST_SIZE, ret);
		break;
	}
	wipe(&c, sizeof c);
}

void hash_stretch(enum hash h, struct str password, struct str salt, unsigned iterations, unsigned char *ret)
{
	if (h == HASH_SHA1)
		pbkdf2_hmac_sha1(password.n, octets_of(password), iterations, salt.n, octets_of(salt),
				 SHA1_DIGEST_SIZE, ret);
	else
		pbkdf2_hmac_sha256(password.n, octets_of(password), iterations, salt.n, octets_of(salt),
				   SHA256_DIGEST_SIZE, ret);
}

bool hash_same(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n);
}
