/* auth/hash.h: digests, with a key and without, as SASL's mechanisms want them; the only nettle/ */
#pragma once
#include "base/str.h"

enum hash { HASH_MD5, HASH_SHA1, HASH_SHA256 };
enum { HASH_MAX = 32 };

/* Octets of a digest; each ret has room for that many. */
size_t hash_size(enum hash h);
void hash_digest(enum hash h, struct str octets, unsigned char *ret);
/* RFC 2104 */
void hash_hmac(enum hash h, struct str key, struct str octets, unsigned char *ret);
/* PBKDF2 (RFC 8018 5.2) with HMAC, of the length of one digest; not for HASH_MD5. */
void hash_stretch(enum hash h, struct str password, struct str salt, unsigned iterations, unsigned char *ret);

/* In a time that does not depend on where they differ. */
bool hash_same(const void *a, const void *b, size_t n);
