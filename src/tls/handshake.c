/* tls/handshake.c: from a ClientHello to a session, and what the monitor hears of it */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include "base/clock.h"
#include "base/log.h"
#include "tls/control.h"
#include "tls/handshake.h"

enum { TIME_LIMIT_MS = 30 * 1000, MAX_PROTOCOLS = 8 };

bool material_read(struct material *ret, struct buf *why)
{
	_cleanup_(buf_release) struct buf warning = { 0 };

	if (!config_read(&ret->config, why) || !keys_read(&ret->config, &ret->keys, why) ||
	    !trust_read(&ret->config, &ret->trust, why))
		return false;
	if (!tickets_read(&ret->config, &ret->tickets, &warning))
		log_line(LOG_WARNING, "no session tickets: %s", buf_cstr(&warning));
	tickets_bind(&ret->tickets, &ret->config, buf_view(&ret->trust.authorities));
	return true;
}

void material_forget(struct material *m)
{
	keys_release(&m->keys);
	trust_release(&m->trust);
	tickets_wipe(&m->tickets);
	config_release(&m->config);
}

/* A name that can be shown and compared (RFC 6066 3: ASCII, without a final dot). */
static bool host_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ascii_alpha(s[i]) && !ascii_digit(s[i]) && !strchr("-._", s[i]))
			return false;
	return n > 0 && s[0] != '.' && s[0] != '-';
}

static void read_host(struct handshake *h)
{
	char name[sizeof h->host];
	size_t n = sizeof name;
	unsigned type;

	if (gnutls_server_name_get(h->session, name, &n, &type, 0) < 0 || type != GNUTLS_NAME_DNS)
		return;
	n = strnlen(name, MIN(n, sizeof name - 1));
	if (!host_name(name, n))
		return;
	memcpy(h->host, name, n);
	h->host[n] = '\0';
}

static bool use(struct handshake *h, gnutls_certificate_credentials_t creds)
{
	if (!creds)
		return false;
	if (h->creds)
		gnutls_certificate_free_credentials(h->creds);
	h->creds = creds;
	if (gnutls_credentials_set(h->session, GNUTLS_CRD_CERTIFICATE, creds) < 0)
		return false;
	return peer_ask(h->session, creds, &h->material->config, &h->material->trust, &h->why);
}

/* The server's name is known, nothing is decided yet: the certificates for it take the place of the usual
 * ones. */
static int choose(gnutls_session_t session)
{
	struct handshake *h = gnutls_session_get_ptr(session);
	const struct material *m = h->material;

	if (h->chosen)
		return 0;
	h->chosen = true;
	read_host(h);
	if (!h->host[0] || m->keys.n < 2 || use(h, keys_choose(&m->keys, h->host, &m->config, &h->why)))
		return 0;
	return GNUTLS_E_INTERNAL_ERROR;
}

static int before_hello(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
			const gnutls_datum_t *hello)
{
	struct handshake *h = gnutls_session_get_ptr(session);

	(void)type, (void)when;
	if (incoming)
		tickets_enable(&h->material->tickets, session, hello);
	return 0;
}

/* RFC 7301 3.2: a client that asks for other protocols only is refused; one that does not ask is not. */
static bool set_protocols(struct handshake *h)
{
	gnutls_datum_t names[MAX_PROTOCOLS];
	const char *s = h->material->config.alpn;
	unsigned n = 0;

	while (n < MAX_PROTOCOLS && *(s += strspn(s, " ,:"))) {
		const size_t length = strcspn(s, " ,:");

		names[n++] = (gnutls_datum_t){ (unsigned char *)(uintptr_t)s, (unsigned)length };
		s += length;
	}
	return n == 0 || gnutls_alpn_set_protocols(h->session, names, n, GNUTLS_ALPN_MANDATORY) >= 0;
}

static bool set_priority(struct handshake *h)
{
	const char *text = h->material->config.priority, *at;
	const int r = gnutls_priority_init(&h->priority, text, &at);

	if (r < 0) {
		buf_printf(&h->why, "TLS_PRIORITY=%s: %s at \"%s\"", text, gnutls_strerror(r), at);
		h->priority = NULL;
		return false;
	}
	return gnutls_priority_set(h->session, h->priority) >= 0;
}

bool handshake_open(struct handshake *ret, struct material *m)
{
	struct handshake *h = ret;
	gnutls_certificate_credentials_t creds;

	*h = (struct handshake){ .material = m };
	if (gnutls_init(&h->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
		out_of_memory();
	gnutls_session_set_ptr(h->session, h);
	gnutls_handshake_set_post_client_hello_function(h->session, choose);
	gnutls_handshake_set_hook_function(h->session, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
					   before_hello);
	creds = keys_choose(&m->keys, "", &m->config, &h->why);
	if (creds && h->why.n)
		log_line(LOG_WARNING, "%s", buf_cstr(&h->why));
	if (!creds || !set_priority(h) || !set_protocols(h))
		return false;
	buf_clear(&h->why);
	return use(h, creds);
}

void handshake_close(struct handshake *h)
{
	if (h->session)
		gnutls_deinit(h->session);
	if (h->creds)
		gnutls_certificate_free_credentials(h->creds);
	if (h->priority)
		gnutls_priority_deinit(h->priority);
	transport_release(&h->net);
	buf_release(&h->why);
	h->session = NULL;
	h->creds = NULL;
	h->priority = NULL;
}

/* Puts into words why there is no session, and tells the client by an alert. */
static bool fail(struct handshake *h, int r)
{
	const char *between = h->why.n ? ": " : "";

	buf_z(&h->why, between);
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED || r == GNUTLS_E_WARNING_ALERT_RECEIVED)
		buf_printf(&h->why, "the client says: %s",
			   gnutls_alert_get_name(gnutls_alert_get(h->session)));
	else if (r == GNUTLS_E_PREMATURE_TERMINATION || r == GNUTLS_E_PULL_ERROR)
		buf_z(&h->why, "the client went away");
	else if (r == GNUTLS_E_TIMEDOUT)
		buf_z(&h->why, "no handshake in time");
	else
		buf_z(&h->why, gnutls_strerror(r));
	gnutls_alert_send_appropriate(h->session, r);
	transport_flush(&h->net);
	return false;
}

/* Waits for what GnuTLS wants next. Returns 0 or one of its errors. */
static int wait_for(struct handshake *h, int control, uint64_t end)
{
	const uint64_t now = clock_ms();
	struct pollfd p[] = {
		{.fd = h->net.fd, .events = (short)(h->net.out.n ? POLLIN | POLLOUT : POLLIN)},
		{ .fd = control,	 .events = POLLIN						  },
	};

	if (now >= end)
		return GNUTLS_E_TIMEDOUT;
	if (transport_pending(&h->net))
		return 0;
	/* Many clients send their last flight in two pieces and hold the second back until the first is
	 * acknowledged. */
	setsockopt(h->net.fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
	if (poll(p, 2, (int)(end - now)) < 0)
		return errno == EINTR ? 0 : GNUTLS_E_PULL_ERROR;
	return p[1].revents && control_ended(control) ? GNUTLS_E_PULL_ERROR : 0;
}

bool handshake_run(struct handshake *h, int net, int control)
{
	const uint64_t end = clock_ms() + TIME_LIMIT_MS;
	int r;

	transport_init(&h->net, net, h->session);
	while ((r = gnutls_handshake(h->session)) < 0 && !gnutls_error_is_fatal(r)) {
		transport_flush(&h->net);
		r = wait_for(h, control, end);
		if (r < 0)
			break;
	}
	transport_flush(&h->net);
	if (r < 0)
		return fail(h, r);
	if (!peer_verify(h->session, &h->material->config, &h->known, &h->why))
		return fail(h, GNUTLS_E_CERTIFICATE_ERROR);
	return true;
}

static void report_binding(struct handshake *h, int control, const char *name, gnutls_channel_binding_t type)
{
	gnutls_datum_t octets;
	char hex[256];
	size_t n = sizeof hex;

	if (gnutls_session_channel_binding(h->session, type, &octets) < 0)
		return;
	if (gnutls_hex_encode(&octets, hex, &n) >= 0)
		control_say(control, "BINDING %s %s", name, hex);
	gnutls_free(octets.data);
}

/* Bindings are unique only with TLS 1.3 or the extended master secret (RFC 9266 4.2, RFC 7627). */
static void report_bindings(struct handshake *h, int control, gnutls_protocol_t version)
{
	if (version == GNUTLS_TLS1_3 || gnutls_session_ext_master_secret_status(h->session))
		report_binding(h, control, "tls-exporter", GNUTLS_CB_TLS_EXPORTER);
	if (version != GNUTLS_TLS1_3 && gnutls_session_ext_master_secret_status(h->session))
		report_binding(h, control, "tls-unique", GNUTLS_CB_TLS_UNIQUE);
	if (!gnutls_session_is_resumed(h->session))
		report_binding(h, control, "tls-server-end-point", GNUTLS_CB_TLS_SERVER_END_POINT);
}

static const char *version_name(gnutls_protocol_t version)
{
	return version == GNUTLS_TLS1_3	  ? "TLSv1.3"
	       : version == GNUTLS_TLS1_2 ? "TLSv1.2"
	       : version == GNUTLS_TLS1_1 ? "TLSv1.1"
	       : version == GNUTLS_TLS1_0 ? "TLSv1.0"
					  : "-";
}

void handshake_report(struct handshake *h, int control)
{
	const gnutls_protocol_t version = gnutls_protocol_get_version(h->session);
	_cleanup_(buf_release) struct buf identity = { 0 };
	gnutls_datum_t alpn = { 0 };

	if (h->known && peer_identity(h->session, &h->material->config, &identity))
		control_say(control, "IDENTITY %s", buf_cstr(&identity));
	report_bindings(h, control, version);
	if (gnutls_alpn_get_selected_protocol(h->session, &alpn) < 0 || alpn.size == 0)
		alpn = (gnutls_datum_t){ (unsigned char *)(uintptr_t) "-", 1 };
	control_say(control, "TLS %s %s %d %s %.*s", version_name(version),
		    gnutls_cipher_get_name(gnutls_cipher_get(h->session)),
		    gnutls_session_is_resumed(h->session), h->host[0] ? h->host : "-", (int)alpn.size,
		    (const char *)alpn.data);
}

void handshake_forget(struct handshake *h)
{
	gnutls_credentials_clear(h->session);
	gnutls_certificate_free_credentials(h->creds);
	h->creds = NULL;
	material_forget(h->material);
	*h->material = (struct material){ 0 };
	buf_release(&h->why);
}
