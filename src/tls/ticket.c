/* tls/ticket.c: session tickets that one process issues and another takes */
#define _GNU_SOURCE
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/fd.h"
#include "tls/ticket.h"

static bool unfit(const char *path, const char *what, struct buf *why)
{
	buf_printf(why, "%s: %s", path, what);
	return false;
}

bool tickets_read(const struct config *c, struct tickets *ret, struct buf *why)
{
	_cleanup_(fd_closep) int fd = open(c->tickets, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct tickets t = { .n = 0 };
	struct stat st;
	ssize_t n;

	if (fd < 0 && !c->tickets_wanted) {
		*ret = t;
		return true;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return unfit(c->tickets, strerror(errno), why);
	if (st.st_mode & 0007)
		return unfit(c->tickets, "others may read the key of session tickets", why);
	n = fd_read_all(fd, t.keys, sizeof t.keys);
	if ((n != TICKET_KEY && n != 2 * TICKET_KEY) || st.st_size != n)
		return unfit(c->tickets, "is no key of session tickets (64 or 128 octets)", why);
	t.n = (size_t)n / TICKET_KEY;
	*ret = t;
	tickets_wipe(&t);
	return true;
}

void tickets_wipe(struct tickets *t)
{
	wipe(t, sizeof *t);
}

void tickets_bind(struct tickets *t, const struct config *c, struct str trust)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	buf_printf(&text, "imaptls tickets %d\n", (int)c->verify);
	buf_str(&text, trust);
	for (size_t i = 0; i < t->n; i++) {
		unsigned char key[TICKET_KEY];

		if (gnutls_hmac_fast(GNUTLS_MAC_SHA512, t->keys[i], TICKET_KEY, text.s, text.n, key) < 0)
			out_of_memory();
		memcpy(t->keys[i], key, sizeof key);
		wipe(key, sizeof key);
	}
}

/* The names that GnuTLS gives to tickets of a key now: it derives from it a key for each period, which is
 * three times a ticket's life, and takes the period before, too. If a version of GnuTLS does it otherwise,
 * tickets of yesterday's key are not known and their owners make a full handshake: no harm.
 */
enum { NAME = 16, PERIOD = 3 * TICKET_LIFE };

static bool is_of(const unsigned char *key, const unsigned char *name)
{
	const uint64_t now = (uint64_t)time(NULL) / PERIOD;

	for (uint64_t period = now - 1; period <= now; period++) {
		unsigned char text[8 + TICKET_KEY], derived[64];
		bool same;

		for (unsigned i = 0; i < 8; i++)
			text[i] = (unsigned char)(period >> (56 - 8 * i));
		memcpy(text + 8, key, TICKET_KEY);
		if (gnutls_hash_fast(GNUTLS_DIG_SHA3_512, text, sizeof text, derived) < 0)
			return false;
		same = memcmp(derived, name, NAME) == 0;
		wipe(text, sizeof text);
		wipe(derived, sizeof derived);
		if (same)
			return true;
	}
	return false;
}

/* What a ClientHello brings: a ticket of TLS 1.2 (RFC 5077 3.2), or of TLS 1.3 as the first identity of its
 * keys (RFC 8446 4.2.11).
 */
enum { SESSION_TICKET = 35, PRE_SHARED_KEY = 41 };

static int find_name(void *ret, unsigned extension, const unsigned char *data, unsigned n)
{
	const unsigned char **name = ret;
	const unsigned head = extension == PRE_SHARED_KEY ? 4 : 0; /* two lengths */

	if ((extension == SESSION_TICKET || extension == PRE_SHARED_KEY) && n >= head + NAME)
		*name = data + head;
	return 0;
}

void tickets_enable(struct tickets *t, gnutls_session_t session, const gnutls_datum_t *hello)
{
	const unsigned char *name = NULL;
	gnutls_datum_t key = { t->keys[0], TICKET_KEY };

	if (t->n == 0 || t->enabled)
		return;
	if (t->n == 2 &&
	    gnutls_ext_raw_parse(&name, find_name, hello, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO) >= 0 &&
	    name && is_of(t->keys[1], name))
		key.data = t->keys[1];
	gnutls_db_set_cache_expiration(session, TICKET_LIFE);
	t->enabled = gnutls_session_ticket_enable_server(session, &key) >= 0;
}

/* The key of today, so that it is yesterday's. Returns how many octets. */
static size_t read_newest(const char *path, unsigned char *ret)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const ssize_t n = fd < 0 ? 0 : fd_read_all(fd, ret, TICKET_KEY);

	return n == TICKET_KEY ? TICKET_KEY : 0;
}

static int write_whole(const char *path, const unsigned char *keys, size_t n)
{
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, keys, n);
	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

int tickets_renew(const char *path)
{
	_cleanup_(buf_release) struct buf temporary = { 0 };
	unsigned char keys[2 * TICKET_KEY];
	size_t n = TICKET_KEY;
	int r;

	if (getrandom(keys, TICKET_KEY, 0) != TICKET_KEY)
		return -errno;
	n += read_newest(path, keys + TICKET_KEY);
	buf_printf(&temporary, "%s.new", path);
	r = write_whole(buf_cstr(&temporary), keys, n);
	wipe(keys, sizeof keys);
	if (r == 0 && rename(buf_cstr(&temporary), path) < 0)
		r = -errno;
	if (r < 0)
		unlink(buf_cstr(&temporary));
	return r;
}
