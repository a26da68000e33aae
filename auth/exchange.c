/* auth/exchange.c: SCRAM and CRAM-MD5 with a client, through the monitor, for users in a file */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>
#include "auth/checkpassword.h"
#include "auth/exchange.h"
#include "auth/scram.h"
#include "auth/secret.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"

enum { NONCE = 18, LOOKED_AT = 100 };

struct talk {
	struct status status;
	struct str file;
	struct arena *arena;
};

/* The entry of a user. False for those that there are not, and those that must not come in. */
static bool find(const struct talk *t, struct str user, struct str *ret_name, struct users_entry *ret)
{
	struct str line = { 0 };
	enum users_fault fault;

	users_find_login(t->file, user, env_text("DEFDOMAIN", NULL), t->arena, ret_name, &line);
	fault = users_parse(line, ret);
	if (fault != USERS_OK && fault != USERS_COMMENT)
		log_line(LOG_ERR, "the line of %.*s is unusable: %s", (int)ret_name->n, ret_name->s,
			 users_fault_text(fault));
	return fault == USERS_OK && !secret_locked(ret->hash);
}

/* The file's own secret, or the machine's: a site with several nodes has the same file on all of them. */
static void salt_key(struct str file, unsigned char ret[static HASH_MAX])
{
	_cleanup_(buf_release) struct buf machine = { 0 };
	const struct str secret = users_secret(file);

	if (secret.n == 0)
		fd_slurp_at(AT_FDCWD, "/etc/machine-id", 4096, &machine);
	hash_digest(HASH_SHA256, secret.n ? secret : buf_view(&machine), ret);
}

void exchange_lookalike(struct str file, struct str name, enum hash hash, struct scram_keys *ret)
{
	unsigned char key[HASH_MAX];
	struct scram_keys k = { .hash = hash, .iterations = SCRAM_ITERATIONS, .salt_n = SCRAM_SALT }, usual;
	struct str rest = file, line;
	struct users_entry e;

	salt_key(file, key);
	hash_hmac(HASH_SHA256, (struct str){ (const char *)key, HASH_MAX }, name, k.salt);
	hash_hmac(hash, (struct str){ (const char *)key, HASH_MAX }, STR("no proof"), k.server);
	for (int i = 0; i < LOOKED_AT && str_cut(&rest, '\n', &line); i++)
		if (users_parse(line, &e) == USERS_OK && secret_stored_keys(e.hash, hash, &usual)) {
			k.iterations = usual.iterations;
			k.salt_n = MIN(usual.salt_n, (size_t)HASH_MAX);
			break;
		}
	*ret = k;
}

/* Printable, and never the same twice. False if there is no randomness to be had. */
static bool fresh(struct buf *ret)
{
	char octets[NONCE];

	if (getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets)
		return false;
	base64_encode(ret, (struct str){ octets, sizeof octets });
	return true;
}

/* Whoever has proved to be one user may not act for another. */
static bool as_oneself(const struct scram *s, struct str name)
{
	const struct str authzid = buf_view(&s->authzid);

	if (authzid.n == 0 || str_eq(authzid, buf_view(&s->user)) || str_eq(authzid, name))
		return true;
	refused_because("AUTHORIZATIONFAILED", "Only as yourself");
	return false;
}

/* Our two messages and the client's last one. Returns 0 or the exit code. */
static int scram_rounds(const struct talk *t, struct scram *s, const struct scram_keys *keys, struct str name)
{
	_cleanup_(buf_release) struct buf nonce = { 0 }, say = { 0 }, answer = { 0 };
	bool proved;

	if (!fresh(&nonce))
		return EXIT_TEMPORARY;
	scram_challenge(s, keys, buf_view(&nonce), &say);
	if (status_challenge(&t->status, buf_view(&say), &answer) < 0)
		return EXIT_REFUSED;
	buf_clear(&say);
	proved = scram_finish(s, buf_view(&answer), &say);
	if (!proved || !as_oneself(s, name))
		return EXIT_REFUSED;
	return status_challenge(&t->status, buf_view(&say), &answer) < 0 ? EXIT_REFUSED : 0;
}

static int by_scram(const struct talk *t, struct str mechanism, struct str message, struct users_entry *ret)
{
	const enum hash hash = str_starts(mechanism, STR("SCRAM-SHA-256")) ? HASH_SHA256 : HASH_SHA1;
	_cleanup_(scram_release) struct scram s = { 0 };
	struct scram_keys keys, real;
	struct str name;
	bool known;
	int r;

	if (!scram_begin(&s, message))
		return EXIT_REFUSED;
	status_user(&t->status, buf_view(&s.user));
	if (!scram_bind(&s, str_ends(mechanism, STR("-PLUS")), str_z(env_text("IMAPBINDINGS", NULL))))
		return EXIT_REFUSED;
	known = find(t, buf_view(&s.user), &name, ret);
	exchange_lookalike(t->file, name, hash, &keys);
	known = known && secret_keys(ret->hash, &keys, &real);
	if (!known) /* it may be work to make them */
		secret_keys(users_usual_hash(t->file), &keys, &real);
	r = scram_rounds(t, &s, known ? &real : &keys, name);
	wipe(&keys, sizeof keys);
	wipe(&real, sizeof real);
	return r == 0 && !known ? EXIT_REFUSED : r;
}

/* CRAM-MD5's challenge has the form of a message identifier (RFC 2195 2). */
static bool stamp(struct buf *ret)
{
	char host[256] = "";

	buf_c(ret, '<');
	if (!fresh(ret) || gethostname(host, sizeof host - 1) < 0)
		return false;
	buf_printf(ret, ".%llu@%s>", (unsigned long long)clock_unix(), *host ? host : "localhost");
	return true;
}

bool exchange_cram_md5(struct str secret, struct str challenge, struct str digest)
{
	unsigned char octets[HASH_MAX];
	char hex[2 * HASH_MAX + 1];

	hash_hmac(HASH_MD5, secret, challenge, octets);
	for (size_t i = 0; i < hash_size(HASH_MD5); i++)
		snprintf(hex + 2 * i, 3, "%02x", octets[i]);
	return digest.n == strlen(hex) && hash_same(hex, digest.s, digest.n);
}

/* user SP digest, where the user may have blanks. */
static int by_cram_md5(const struct talk *t, struct users_entry *ret)
{
	_cleanup_(buf_release) struct buf challenge = { 0 }, answer = { 0 }, secret = { 0 };
	struct str user, digest, name;
	bool known, right;

	if (!stamp(&challenge))
		return EXIT_TEMPORARY;
	if (status_challenge(&t->status, buf_view(&challenge), &answer) < 0)
		return EXIT_REFUSED;
	user = str_head(buf_view(&answer), str_rfind(buf_view(&answer), ' '));
	digest = str_from(buf_view(&answer), user.n + 1);
	status_user(&t->status, user);
	known = find(t, user, &name, ret) && secret_plain(ret->hash, &secret) && secret.n;
	right = exchange_cram_md5(buf_view(&secret), buf_view(&challenge), digest);
	if (secret.s)
		wipe(secret.s, secret.size);
	return known && right ? 0 : EXIT_REFUSED;
}

int exchange(struct str message, struct str file, struct arena *arena, struct users_entry *ret)
{
	const struct str mechanism = str_z(env_text("IMAPMECHANISM", ""));
	struct talk t = { .file = file, .arena = arena };

	if (status_open(true, &t.status) < 0)
		return EXIT_MISUSED;
	return str_eq(mechanism, STR("CRAM-MD5")) ? by_cram_md5(&t, ret) : by_scram(&t, mechanism, message, ret);
}
