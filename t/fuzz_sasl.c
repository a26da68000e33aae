/* t/fuzz_sasl.c: what a helper reads of mechanisms: SCRAM's messages, SASLprep, the hashes in the users file
 *
 * The first octet of the input picks which. Both messages of SCRAM are in one input, with a control A between.
 */
#include <stdlib.h>
#include <string.h>
#include "auth/saslprep.h"
#include "auth/scram.h"
#include "auth/secret.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* What is accepted has the form that is promised; no message proves to know what was never derived from a password. */
static void fuzz_scram(struct str in, bool plus)
{
	const struct scram_keys keys = { .hash = plus ? HASH_SHA256 : HASH_SHA1, .iterations = 1, .salt_n = 1 };
	_cleanup_(scram_release) struct scram s = { 0 };
	_cleanup_(buf_release) struct buf say = { 0 }, last = { 0 };
	struct str first;

	str_cut(&in, '\1', &first);
	if (!scram_begin(&s, first))
		return;
	must(s.user.n && utf8_valid(buf_view(&s.user)) && str_find(buf_view(&s.user), '\0') == s.user.n);
	must(s.nonce.n <= SCRAM_NONCE_MAX && s.header.n + s.bare.n == first.n);
	if (!scram_bind(&s, plus, plus ? STR("tls-exporter=6162 tls-unique=00") : STR("")))
		return;
	must((s.flag == 'p') == plus);
	scram_challenge(&s, &keys, STR("nonce"), &say);
	must(say.n < SCRAM_NONCE_MAX + 64 && str_starts(buf_view(&say), STR("r=")));
	must(!scram_finish(&s, in, &last) && last.n == 0);
}

/* Twice is the same as once, whatever it is. */
static void fuzz_saslprep(struct str in)
{
	_cleanup_(buf_release) struct buf once = { 0 }, twice = { 0 };

	if (!saslprep(in, in.n % 2, &once)) {
		must(once.n == 0);
		return;
	}
	must(utf8_valid(buf_view(&once)) && str_find(buf_view(&once), '\0') == once.n);
	if (saslprep(buf_view(&once), false, &twice))
		must(str_eq(buf_view(&once), buf_view(&twice)));
}

/* No hashing, which takes its time. */
static void fuzz_hash(struct str in)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct scram_keys k;

	secret_usable(in);
	if (secret_plain(in, &b) || secret_stored_keys(in, HASH_SHA1, &k))
		must(!secret_locked(in));
	if (!scram_keys_parse(in, &k))
		return;
	must(k.iterations && k.salt_n && k.salt_n <= SCRAM_SALT_MAX);
	buf_clear(&b);
	scram_keys_write(&k, &b);
	must(scram_keys_parse(buf_view(&b), &k));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str in = { (const char *)data + 1, size ? size - 1 : 0 };

	if (size == 0 || size > 16384)
		return 0;
	if (data[0] % 4 < 2)
		fuzz_scram(in, data[0] % 4);
	else if (data[0] % 4 == 2)
		fuzz_saslprep(in);
	else
		fuzz_hash(in);
	return 0;
}
