/* t/dialog/tls.c: the client's end of TLS */
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"
#include "t/dialog/tls.h"

enum { HANDSHAKE_MS = 60000 };

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
};

static bool handshake(struct tls *t, int fd)
{
	const uint64_t until = clock_ms() + HANDSHAKE_MS;
	int r;

	while ((r = gnutls_handshake(t->session)) < 0) {
		struct pollfd p = { fd, gnutls_record_get_direction(t->session) ? POLLOUT : POLLIN, 0 };

		if (gnutls_error_is_fatal(r) || clock_ms() > until) {
			printf("  no TLS: %s\n", gnutls_strerror(r));
			return false;
		}
		poll(&p, 1, 100);
	}
	return true;
}

struct tls *tls_open(int fd)
{
	struct tls *t = must_alloc(sizeof *t);

	gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	gnutls_certificate_allocate_credentials(&t->credentials);
	gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	gnutls_set_default_priority(t->session);
	gnutls_transport_set_int(t->session, fd);
	if (handshake(t, fd))
		return t;
	tls_free(t);
	return NULL;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	gnutls_deinit(t->session);
	gnutls_certificate_free_credentials(t->credentials);
	free(t);
}

static ssize_t result(ssize_t n)
{
	if (n >= 0)
		return n;
	errno = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? EAGAIN : EPROTO;
	return -1;
}

ssize_t tls_read(struct tls *t, void *p, size_t n)
{
	return result(gnutls_record_recv(t->session, p, n));
}

ssize_t tls_write(struct tls *t, struct str octets)
{
	return result(gnutls_record_send(t->session, octets.s, octets.n));
}

bool tls_pending(const struct tls *t)
{
	return gnutls_record_check_pending(t->session) > 0;
}

void tls_end(struct tls *t)
{
	gnutls_bye(t->session, GNUTLS_SHUT_WR);
}
