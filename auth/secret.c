/* auth/secret.c: passwords and their hashes */
#define _GNU_SOURCE
#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include "auth/secret.h"

/* What a new hash begins with, for crypt_gensalt(); 0: the cost that libcrypt finds right. */
static const struct method {
	const char *name, *prefix;
	unsigned long cost;
} methods[] = {
	{ "yescrypt", "$y$",  0      },
	{ "sha512",   "$6$",  100000 },
	{ "sha256",   "$5$",  100000 },
	{ "bcrypt",   "$2b$", 12     },
	{ 0                          },
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

bool secret_usable(struct str hash)
{
	char setting[CRYPT_OUTPUT_SIZE];

	return setting_of(hash, setting);
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

bool secret_check(struct str password, struct str hash)
{
	_cleanup_(data_free) struct crypt_data *d = must_alloc(sizeof *d);
	char setting[CRYPT_OUTPUT_SIZE];
	const char *made;

	memset(d, 0, sizeof *d);
	if (!setting_of(hash, setting))
		return secret_check_nobody(password, (struct str){ 0 });
	made = crypted(password, setting, d);
	return made && same(made, setting) && password.n > 0;
}

bool secret_check_nobody(struct str password, struct str like)
{
	_cleanup_(data_free) struct crypt_data *d = must_alloc(sizeof *d);
	char setting[CRYPT_OUTPUT_SIZE];

	memset(d, 0, sizeof *d);
	if (setting_of(like, setting) || crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting))
		crypted(password, setting, d);
	return false;
}

static const struct method *method_find(const char *name)
{
	const struct method *m = methods;

	while (m->name && strcmp(m->name, name) != 0)
		m++;
	return m->name ? m : NULL;
}

int secret_hash(struct str password, const char *method, struct buf *ret)
{
	_cleanup_(data_free) struct crypt_data *d = must_alloc(sizeof *d);
	const struct method *m = method_find(method ? method : methods[0].name);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made;

	memset(d, 0, sizeof *d);
	if (!m)
		return -ENOTSUP;
	if (password.n == 0 || password.n > CRYPT_MAX_PASSPHRASE_SIZE - 1 ||
	    memchr(password.s, '\0', password.n))
		return -EINVAL;
	if (!crypt_gensalt_rn(m->prefix, m->cost, NULL, 0, setting, sizeof setting))
		return errno ? -errno : -ENOTSUP;
	made = crypted(password, setting, d);
	if (!made)
		return errno ? -errno : -EINVAL;
	buf_z(ret, made);
	return 0;
}
