/* tls/transport.c: records to and from the network, without ever waiting in GnuTLS */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "tls/transport.h"

enum { AHEAD = 32 * 1024 }; /* two records */

static ssize_t receive(struct transport *t)
{
	ssize_t n;

	buf_clear(&t->in);
	t->taken = 0;
	do
		n = recv(t->fd, buf_reserve(&t->in, AHEAD), AHEAD, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		t->in.n = (size_t)n;
	return n;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *ret, size_t n)
{
	struct transport *t = ptr;

	if (!transport_pending(t)) {
		const ssize_t had = receive(t);

		if (had <= 0)
			return had; /* errno is what GnuTLS looks at */
	}
	n = MIN(n, t->in.n - t->taken);
	memcpy(ret, t->in.s + t->taken, n);
	t->taken += n;
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
	const struct transport *t = ptr;
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	return transport_pending(t) ? 1 : poll(&p, 1, (int)MIN(ms, 60000));
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *p, size_t n)
{
	struct transport *t = ptr;

	if (!t->deaf)
		buf_add(&t->out, p, n);
	return (ssize_t)n;
}

void transport_init(struct transport *t, int fd, gnutls_session_t session)
{
	*t = (struct transport){ .fd = fd };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 },
		   sizeof(int)); /* records are as large as they can be */
	gnutls_transport_set_ptr(session, t);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
	gnutls_transport_set_push_function(session, push);
}

void transport_release(struct transport *t)
{
	buf_release(&t->in);
	buf_release(&t->out);
}

bool transport_pending(const struct transport *t)
{
	return t->taken < t->in.n;
}

void transport_flush(struct transport *t)
{
	size_t sent = 0;

	while (sent < t->out.n && !t->deaf) {
		const ssize_t n = send(t->fd, t->out.s + sent, t->out.n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			t->deaf = true;
	}
	buf_drop(&t->out, t->deaf ? t->out.n : sent);
}

void transport_trim(struct transport *t)
{
	if (!transport_pending(t)) {
		buf_release(&t->in);
		t->taken = 0;
	}
	if (t->out.n == 0)
		buf_release(&t->out);
}

/* Nothing more is to be sent, and it has been said. */
static bool all_sent(struct transport *t, bool before)
{
	transport_flush(t);
	if (!before && t->out.n == 0)
		shutdown(t->fd, SHUT_WR);
	return t->out.n == 0;
}

/* Takes what the peer still says. */
static bool ended(int fd)
{
	char junk[4096];
	const ssize_t n = recv(fd, junk, sizeof junk, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void transport_linger(struct transport *t, int send_ms, int wait_ms)
{
	uint64_t end = clock_ms() + (uint64_t)send_ms;
	bool sent = false, heard = false; /* all of ours, all of theirs */

	while (!t->deaf && !(sent && heard)) {
		const bool before = sent;
		const uint64_t now = clock_ms();
		struct pollfd p = { .fd = t->fd };

		sent = all_sent(t, before);
		if (sent && !before)
			end = now + (uint64_t)wait_ms;
		p.events = (short)((heard ? 0 : POLLIN) | (sent ? 0 : POLLOUT));
		if (now >= end || (poll(&p, 1, (int)(end - now)) < 0 && errno != EINTR))
			return;
		if (!heard && p.revents & ~POLLOUT)
			heard = ended(t->fd);
	}
}
