/* tls/pump.c: octets both ways between a TLS session and a plain socket */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include "tls/control.h"
#include "tls/pump.h"

enum {
	RECORD = 16 * 1024,	    /* the most that fits into one (RFC 8446 5.1) */
	BATCH = 4 * RECORD,	    /* read from plain at once */
	IDLE_MS = 1000,		    /* without traffic for so long, memory is given back */
	LAST_WORDS_MS = 120 * 1000, /* for a client to take what it has not read when the server ends */
	UNSENT = 1024 * 1024,	    /* a client that provokes answers of TLS itself and reads none */
};

struct pump {
	gnutls_session_t session;
	struct transport *net;
	int plain;
	struct buf up;	  /* for the server, not taken yet */
	size_t taken;	  /* of up */
	struct buf down;  /* room to read into */
	bool client_done; /* nothing more comes from the client */
	bool told;	  /* the server knows that */
	bool server_done; /* nothing more comes from the server */
	bool server_deaf; /* it takes nothing more */
	enum pump_end end;
};

static void client_ends(struct pump *p, enum pump_end end)
{
	p->client_done = true;
	p->end = end;
}

/* A client that wants to renegotiate (RFC 9325 3.5), or breaks the rules. */
static void refuse(struct pump *p, int r)
{
	if (r == GNUTLS_E_REHANDSHAKE)
		gnutls_alert_send(p->session, GNUTLS_AL_FATAL, GNUTLS_A_NO_RENEGOTIATION);
	else
		gnutls_alert_send_appropriate(p->session, r);
	client_ends(p, PUMP_FAILED);
}

/* One record, or the news that there is none now. */
static bool take_record(struct pump *p)
{
	const ssize_t n = gnutls_record_recv(p->session, buf_reserve(&p->up, RECORD), RECORD);

	if (n > 0)
		p->up.n += (size_t)n;
	else if (n == 0)
		client_ends(p, PUMP_CLOSED);
	else if (n == GNUTLS_E_AGAIN)
		return transport_pending(p->net); /* a record was there, but for GnuTLS itself */
	else if (n == GNUTLS_E_PREMATURE_TERMINATION)
		client_ends(p, PUMP_TRUNCATED);
	else if (n == GNUTLS_E_REHANDSHAKE || gnutls_error_is_fatal((int)n))
		refuse(p, (int)n);
	return true;
}

static bool wants_client(const struct pump *p)
{
	return !p->client_done && p->up.n < BATCH && p->net->out.n < UNSENT;
}

static void from_client(struct pump *p)
{
	while (wants_client(p) && take_record(p))
		;
}

static void to_server(struct pump *p)
{
	while (p->taken < p->up.n && !p->server_deaf) {
		const ssize_t n =
			send(p->plain, p->up.s + p->taken, p->up.n - p->taken, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			p->taken += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			p->server_deaf = true;
	}
	buf_clear(&p->up);
	p->taken = 0;
	if (p->client_done && !p->told) {
		shutdown(p->plain, SHUT_WR);
		p->told = true;
	}
}

static bool wants_server(const struct pump *p)
{
	return !p->server_done && p->net->out.n < BATCH;
}

static void seal(struct pump *p)
{
	for (size_t at = 0; at < p->down.n; at += RECORD)
		if (gnutls_record_send(p->session, p->down.s + at, MIN(RECORD, p->down.n - at)) < 0) {
			p->net->deaf = true; /* only memory can be out, or the session broken */
			return;
		}
}

static void from_server(struct pump *p)
{
	ssize_t n;

	if (!wants_server(p))
		return;
	buf_clear(&p->down);
	n = recv(p->plain, buf_reserve(&p->down, BATCH), BATCH, MSG_DONTWAIT);
	if (n > 0) {
		p->down.n = (size_t)n;
		seal(p);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		p->server_done = true;
		gnutls_bye(p->session, GNUTLS_SHUT_WR);
	}
}

static void trim(struct pump *p)
{
	transport_trim(p->net);
	buf_release(&p->down);
	if (p->up.n == 0)
		buf_release(&p->up);
	memory_rest();
}

/* Waits for what can be done next, unless that is to go on with what has been read already; false if the
 * monitor is gone. A descriptor of which nothing is wanted is left out, since its end would be told again and
 * again.
 */
static bool wait_for(struct pump *p, int control)
{
	const short net = (short)((wants_client(p) ? POLLIN : 0) | (p->net->out.n ? POLLOUT : 0));
	const short plain = (short)((wants_server(p) ? POLLIN : 0) | (p->up.n ? POLLOUT : 0));
	struct pollfd fds[] = {
		{.fd = net ? p->net->fd : -1,  .events = net   },
		{ .fd = plain ? p->plain : -1, .events = plain },
		{ .fd = control,		 .events = POLLIN},
	};
	int n;

	if (wants_client(p) && (transport_pending(p->net) || gnutls_record_check_pending(p->session)))
		return true;
	n = poll(fds, 3, IDLE_MS);

	if (n == 0) {
		trim(p);
		n = poll(fds, 3, -1);
	}
	return n < 0 ? errno == EINTR : !fds[2].revents || !control_ended(control);
}

/* The server has ended, or can be told nothing and tell nothing. */
static bool over(const struct pump *p)
{
	return p->server_done || (p->net->deaf && p->client_done && p->told);
}

enum pump_end pump_run(gnutls_session_t session, struct transport *net, int plain, int control)
{
	struct pump p = { .session = session, .net = net, .plain = plain };

	for (;;) {
		from_client(&p);
		to_server(&p);
		from_server(&p);
		transport_flush(net);
		if (over(&p))
			break;
		if (!wait_for(&p, control)) {
			p.end = PUMP_ORPHANED;
			break;
		}
	}
	if (p.end != PUMP_ORPHANED)
		transport_linger(net, LAST_WORDS_MS, LINGER_MS);
	buf_release(&p.up);
	buf_release(&p.down);
	return p.end;
}
