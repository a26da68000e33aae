/* tls/handshake.h: from a ClientHello to a session, and what the monitor hears of it */
#pragma once
#include "tls/keys.h"
#include "tls/peer.h"
#include "tls/ticket.h"
#include "tls/transport.h"

/* Everything that was read while files could be opened. All zero is nothing. */
struct material {
	struct config config;
	struct keys keys;
	struct trust trust;
	struct tickets tickets;
};

/* False: it can't be read, and why says so. What is wrong with the tickets alone goes to the log. */
bool material_read(struct material *ret, struct buf *why);
void material_forget(struct material *m); /* wipes; for _cleanup_ */

struct handshake {
	struct material *material;
	gnutls_priority_t priority;
	gnutls_certificate_credentials_t creds;
	gnutls_session_t session;
	struct transport net;
	char host[256]; /* server name that the client asked for, or "" */
	bool chosen;	/* creds are those for host */
	bool known;	/* the client has a certificate, and it is good */
	struct buf why; /* it can't be */
};

/* Everything that can be wrong with certificates and settings is found here, before the client sends a byte:
 * false, and ret->why says what. ret is to be released in either case; m lives longer.
 */
bool handshake_open(struct handshake *ret, struct material *m);
void handshake_close(struct handshake *h); /* for _cleanup_ */

/* Speaks with the client until there is a session or h->why says why there is none: then the client has been
 * sent an alert. Ends also after 30 s, and when the monitor is gone.
 */
bool handshake_run(struct handshake *h, int net, int control);

/* Tells the monitor IDENTITY, BINDING and TLS. */
void handshake_report(struct handshake *h, int control);

/* No key is needed any more: whoever breaks in now finds none. */
void handshake_forget(struct handshake *h);
