/* auth/scramkeys.h: what is kept of a password for SCRAM (RFC 5802 3) */
#pragma once
#include "auth/hash.h"
#include "base/buf.h"

enum { SCRAM_ITERATIONS = 15000, SCRAM_ITERATIONS_MAX = 5000000, SCRAM_SALT = 16, SCRAM_SALT_MAX = 64 };

/* Whoever has these can find the password only by trying, but may speak to the user as if he were the server. */
struct scram_keys {
	enum hash hash;
	uint32_t iterations;
	size_t salt_n;
	unsigned char salt[SCRAM_SALT_MAX];
	unsigned char stored[HASH_MAX], server[HASH_MAX];
};

/* "{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey", the last three in base64, as Dovecot writes it; or with
 * SCRAM-SHA-1. False if text is not that.
 */
bool scram_keys_parse(struct str text, struct scram_keys *ret);
void scram_keys_write(const struct scram_keys *k, struct buf *ret);

/* Sets the keys from a password that has gone through saslprep(); the rest of k is set already. */
void scram_keys_derive(struct scram_keys *k, struct str password);

/* Whether they are that password's. */
bool scram_keys_match(const struct scram_keys *k, struct str password);
