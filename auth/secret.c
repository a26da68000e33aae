/* auth/secret.c: passwords and their hashes */
#define _GNU_SOURCE
#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "auth/saslprep.h"
#include "auth/secret.h"
#include "base/base64.h"

static int by_crypt(struct str password, const char *prefix, unsigned long cost, struct buf *ret);
static int by_scram(struct str password, const char *name, unsigned long iterations, struct buf *ret);
static int by_nothing(struct str password, const char *mark, unsigned long cost, struct buf *ret);

/* How a new entry is made. For libcrypt: what a hash begins with, and its cost; 0: what it finds right. */
static const struct method {
	const char *name;
	int (*make)(struct str password, const char *prefix, unsigned long cost, struct buf *ret);
	const char *prefix;
	unsigned long cost;
} methods[] = {
	{ "yescrypt",	   by_crypt,   "$y$",		  0 },
	{ "sha512",	   by_crypt,   "$6$",		  100000 },
	{ "sha256",	   by_crypt,   "$5$",		  100000 },
	{ "bcrypt",	   by_crypt,   "$2b$",		  12 },
	{ "scram-sha-256", by_scram,   "{SCRAM-SHA-256}", SCRAM_ITERATIONS },
	{ "scram-sha-1",   by_scram,   "{SCRAM-SHA-1}",	  SCRAM_ITERATIONS },
	{ "plain",	   by_nothing, "{PLAIN.b64}",	  0 },
	{ 0 },
};

static void data_free(struct crypt_data **d)
{
	wipe(*d, sizeof **d);
	free(*d);
}

/* Dovecot's mark of a method that libcrypt sees from the hash itself: {CRYPT}, {SHA512-CRYPT} and so on. */
static struct str without_mark(struct str hash)
{
	const struct str mark = str_head(hash, str_find(hash, '}'));

	return str_starts(mark, STR("{")) && str_ends(mark, STR("CRYPT")) ? str_from(hash, mark.n + 1) : hash;
}

/* A hash names its method; but DES, which is thirteen letters and digits, as a password might be. */
static bool names_method(struct str hash)
{
	return str_starts(hash, STR("$")) || str_starts(hash, STR("_")) || hash.n == 13;
}

/* As a C string in ret, which has room for any hash that libcrypt knows. False if it is none. */
static bool setting_of(struct str hash, char ret[static CRYPT_OUTPUT_SIZE])
{
	const struct str bare = without_mark(hash);

	if (!names_method(bare) || bare.n >= CRYPT_OUTPUT_SIZE || memchr(bare.s, '\0', bare.n))
		return false;
	memcpy(ret, bare.s, bare.n);
	ret[bare.n] = '\0';
	return crypt_checksalt(ret) != CRYPT_SALT_INVALID;
}

/* The next word of a field; "{PLAIN}" goes to its end, since a password may have blanks. */
static bool next_word(struct str *rest, struct str *ret)
{
	if (str_starts(*rest, STR("{PLAIN}"))) {
		*ret = *rest;
		*rest = (struct str){ 0 };
		return true;
	}
	return str_cut(rest, ' ', ret);
}

/* Adds the password itself to ret, if the word is one. */
static bool plain_of(struct str word, struct buf *ret)
{
	const struct str mark = STR("{PLAIN}"), coded = STR("{PLAIN.b64}");

	if (str_starts(word, coded))
		return base64_decode(ret, str_from(word, coded.n));
	if (!str_starts(word, mark))
		return false;
	buf_str(ret, str_from(word, mark.n));
	return true;
}

/* The first word of a field that a password can be checked against. */
struct form {
	enum { NO_FORM, CRYPTED, SCRAM, PLAIN } kind;
	char setting[CRYPT_OUTPUT_SIZE];
	struct scram_keys keys;
	struct buf plain;
};

static void form_release(struct form *f)
{
	if (f->plain.s)
		wipe(f->plain.s, f->plain.size);
	buf_release(&f->plain);
	wipe(&f->keys, sizeof f->keys);
}

static void form_of(struct str field, struct form *ret)
{
	struct str word;

	*ret = (struct form){ .kind = NO_FORM };
	if (secret_locked(field))
		return;
	while (ret->kind == NO_FORM && next_word(&field, &word)) {
		if (setting_of(word, ret->setting))
			ret->kind = CRYPTED;
		else if (scram_keys_parse(word, &ret->keys))
			ret->kind = SCRAM;
		else if (plain_of(word, &ret->plain))
			ret->kind = PLAIN;
	}
}

bool secret_usable(struct str hash)
{
	_cleanup_(form_release) struct form f;

	form_of(hash, &f);
	return f.kind != NO_FORM;
}

bool secret_locked(struct str hash)
{
	return str_starts(hash, STR("!"));
}

/* Looks at every octet, whatever the first one was. Lengths are no secret: they are the method's. */
static bool same(const char *a, const char *b)
{
	const size_t n = strlen(a);
	unsigned char differs = 0;

	if (n != strlen(b))
		return false;
	for (size_t i = 0; i < n; i++)
		differs = (unsigned char)(differs | ((unsigned char)a[i] ^ (unsigned char)b[i]));
	return differs == 0;
}

/* What libcrypt makes of the password, or NULL. In d, which is wiped with the copy of the password. */
static const char *crypted(struct str password, const char *setting, struct crypt_data *d)
{
	char phrase[CRYPT_MAX_PASSPHRASE_SIZE + 1];
	const char *made;

	if (password.n >= sizeof phrase || (password.n && memchr(password.s, '\0', password.n)))
		return NULL;
	memcpy(phrase, password.n ? password.s : "", password.n);
	phrase[password.n] = '\0';
	made = crypt_rn(phrase, setting, d, sizeof *d);
	wipe(phrase, sizeof phrase);
	return made;
}

/* As SCRAM's client makes it. A password that nobody can type is none: then it is as it came, and fits no keys. */
static bool prepared(struct str password, struct buf *ret)
{
	buf_reserve(ret, password.n + 1);
	return saslprep(password, false, ret);
}

static bool fits_keys(struct str password, const struct scram_keys *keys)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	bool fits = prepared(password, &b);

	fits &= scram_keys_match(keys, buf_view(&b));
	wipe(b.s, b.size);
	return fits;
}

/* Digests of both, so that the time does not tell how long the one in the file is. */
static bool fits_plain(struct str password, struct str plain)
{
	unsigned char a[HASH_MAX], b[HASH_MAX];

	hash_digest(HASH_SHA256, password, a);
	hash_digest(HASH_SHA256, plain, b);
	return hash_same(a, b, HASH_MAX);
}

static bool fits_crypt(struct str password, const char *setting)
{
	_cleanup_(data_free) struct crypt_data *d = must_alloc(sizeof *d);
	const char *made;

	memset(d, 0, sizeof *d);
	made = crypted(password, setting, d);
	return made && same(made, setting);
}

bool secret_check(struct str password, struct str hash)
{
	_cleanup_(form_release) struct form f;
	bool fits;

	form_of(hash, &f);
	if (f.kind == NO_FORM)
		return secret_check_nobody(password, (struct str){ 0 });
	fits = f.kind == CRYPTED ? fits_crypt(password, f.setting)
	       : f.kind == SCRAM ? fits_keys(password, &f.keys)
				 : fits_plain(password, buf_view(&f.plain));
	return fits && password.n > 0 && !memchr(password.s, '\0', password.n);
}

bool secret_check_nobody(struct str password, struct str like)
{
	_cleanup_(form_release) struct form f;

	form_of(like, &f);
	if (f.kind == CRYPTED || (f.kind == NO_FORM && crypt_gensalt_rn("$y$", 0, NULL, 0, f.setting, sizeof f.setting)))
		fits_crypt(password, f.setting);
	else if (f.kind == SCRAM)
		fits_keys(password, &f.keys);
	return false;
}

bool secret_plain(struct str hash, struct buf *ret)
{
	struct str word;

	if (secret_locked(hash))
		return false;
	while (next_word(&hash, &word))
		if (plain_of(word, ret))
			return true;
	return false;
}

/* Keys made of the password itself, which differ from stored ones in nothing that a client sees. */
static bool keys_of_plain(struct str hash, const struct scram_keys *like, struct scram_keys *ret)
{
	_cleanup_(buf_release) struct buf plain = { 0 }, b = { 0 };
	bool good = secret_plain(hash, &plain) && prepared(buf_view(&plain), &b) && b.n;

	if (good) {
		*ret = *like;
		scram_keys_derive(ret, buf_view(&b));
	}
	if (plain.s)
		wipe(plain.s, plain.size);
	if (b.s)
		wipe(b.s, b.size);
	return good;
}

bool secret_stored_keys(struct str hash, enum hash of, struct scram_keys *ret)
{
	struct scram_keys k;
	struct str word;

	if (secret_locked(hash))
		return false;
	while (next_word(&hash, &word))
		if (scram_keys_parse(word, &k) && k.hash == of) {
			*ret = k;
			return true;
		}
	return false;
}

bool secret_keys(struct str hash, const struct scram_keys *like, struct scram_keys *ret)
{
	return secret_stored_keys(hash, like->hash, ret) || keys_of_plain(hash, like, ret);
}

bool secret_scram(struct str hash)
{
	_cleanup_(buf_release) struct buf plain = { 0 };
	struct scram_keys k;
	const bool can = secret_stored_keys(hash, HASH_SHA256, &k) || secret_plain(hash, &plain);

	if (plain.s)
		wipe(plain.s, plain.size);
	return can;
}

static const struct method *method_find(const char *name)
{
	const struct method *m = methods;

	while (m->name && strcmp(m->name, name) != 0)
		m++;
	return m->name ? m : NULL;
}

static int by_crypt(struct str password, const char *prefix, unsigned long cost, struct buf *ret)
{
	_cleanup_(data_free) struct crypt_data *d = must_alloc(sizeof *d);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made;

	memset(d, 0, sizeof *d);
	if (!crypt_gensalt_rn(prefix, cost, NULL, 0, setting, sizeof setting))
		return errno ? -errno : -ENOTSUP;
	made = crypted(password, setting, d);
	if (!made)
		return errno ? -errno : -EINVAL;
	buf_z(ret, made);
	return 0;
}

static int by_scram(struct str password, const char *name, unsigned long iterations, struct buf *ret)
{
	struct scram_keys k = { .iterations = (uint32_t)iterations, .salt_n = SCRAM_SALT };
	_cleanup_(buf_release) struct buf b = { 0 };
	int r = 0;

	k.hash = strcmp(name, "{SCRAM-SHA-1}") == 0 ? HASH_SHA1 : HASH_SHA256;
	buf_reserve(&b, password.n + 1);
	if (getrandom(k.salt, k.salt_n, 0) != (ssize_t)k.salt_n)
		r = -EIO;
	else if (!saslprep(password, true, &b) || b.n == 0)
		r = -EILSEQ;
	if (r == 0) {
		scram_keys_derive(&k, buf_view(&b));
		scram_keys_write(&k, ret);
	}
	wipe(b.s, b.size);
	return r;
}

static int by_nothing(struct str password, const char *mark, unsigned long cost, struct buf *ret)
{
	(void)cost;
	buf_z(ret, mark);
	base64_encode(ret, password);
	return 0;
}

int secret_hash(struct str password, const char *method, struct buf *ret)
{
	const struct method *m = method_find(method ? method : methods[0].name);

	if (!m)
		return -ENOTSUP;
	if (password.n == 0 || password.n > CRYPT_MAX_PASSPHRASE_SIZE - 1 || memchr(password.s, '\0', password.n))
		return -EINVAL;
	return m->make(password, m->prefix, m->cost, ret);
}
