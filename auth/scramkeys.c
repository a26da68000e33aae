/* auth/scramkeys.c: what is kept of a password for SCRAM (RFC 5802 3) */
#include <string.h>
#include "auth/scramkeys.h"
#include "base/base64.h"

static const struct form {
	const char *mark;
	enum hash hash;
} forms[] = {
	{ "{SCRAM-SHA-256}", HASH_SHA256 },
	{ "{SCRAM-SHA-1}",   HASH_SHA1	 },
	{ 0 },
};

/* The next field, of least to most octets. Returns how many, or 0. */
static size_t octets(struct str *rest, size_t least, size_t most, unsigned char *ret)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct str field;

	if (!str_cut(rest, ',', &field) || !base64_decode(&b, field) || b.n < least || b.n > most)
		return 0;
	memcpy(ret, b.s, b.n);
	return b.n;
}

bool scram_keys_parse(struct str text, struct scram_keys *ret)
{
	const struct form *f = forms;
	struct scram_keys k = { 0 };
	struct str rest, number;
	size_t n;

	while (f->mark && !str_starts(text, str_z(f->mark)))
		f++;
	if (!f->mark)
		return false;
	k.hash = f->hash;
	n = hash_size(k.hash);
	rest = str_from(text, strlen(f->mark));
	if (!str_cut(&rest, ',', &number) || !str_u32(number, &k.iterations) || k.iterations == 0 ||
	    k.iterations > SCRAM_ITERATIONS_MAX)
		return false;
	k.salt_n = octets(&rest, 1, SCRAM_SALT_MAX, k.salt);
	if (k.salt_n == 0 || octets(&rest, n, n, k.stored) == 0 || octets(&rest, n, n, k.server) == 0 || rest.s)
		return false;
	*ret = k;
	return true;
}

void scram_keys_write(const struct scram_keys *k, struct buf *ret)
{
	const struct form *f = forms;
	const size_t n = hash_size(k->hash);

	while (f->hash != k->hash)
		f++;
	buf_z(ret, f->mark);
	buf_u64(ret, k->iterations);
	buf_c(ret, ',');
	base64_encode(ret, (struct str){ (const char *)k->salt, k->salt_n });
	buf_c(ret, ',');
	base64_encode(ret, (struct str){ (const char *)k->stored, n });
	buf_c(ret, ',');
	base64_encode(ret, (struct str){ (const char *)k->server, n });
}

/* RFC 5802 3: SaltedPassword, ClientKey, StoredKey, ServerKey */
void scram_keys_derive(struct scram_keys *k, struct str password)
{
	unsigned char salted[HASH_MAX], client[HASH_MAX];
	const struct str salt = { (const char *)k->salt, k->salt_n };
	const struct str key = { (const char *)salted, hash_size(k->hash) };

	hash_stretch(k->hash, password, salt, k->iterations, salted);
	hash_hmac(k->hash, key, STR("Client Key"), client);
	hash_digest(k->hash, (struct str){ (const char *)client, key.n }, k->stored);
	hash_hmac(k->hash, key, STR("Server Key"), k->server);
	wipe(salted, sizeof salted);
	wipe(client, sizeof client);
}

bool scram_keys_match(const struct scram_keys *k, struct str password)
{
	struct scram_keys made = *k;
	bool same;

	scram_keys_derive(&made, password);
	same = hash_same(made.stored, k->stored, hash_size(k->hash));
	wipe(&made, sizeof made);
	return same;
}
