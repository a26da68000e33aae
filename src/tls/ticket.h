/* tls/ticket.h: session tickets that one process issues and another takes */
#pragma once
#include <gnutls/gnutls.h>
#include "tls/config.h"

enum { TICKET_KEY = 64 };

/* The keys of the file: 64 octets, the newest first, and 64 of the one before, if there was one. Renewing
 * once a day makes a ticket good for one day at least and two at most.
 */
struct tickets {
	unsigned char keys[2][TICKET_KEY];
	size_t n;     /* 0: no resumption */
	bool enabled; /* for the session: a second ClientHello changes nothing */
};

/* Seconds that a client may keep a ticket. */
enum { TICKET_LIFE = 24 * 60 * 60 };

/* Reads the file of c; that there is none is no mistake unless it was named. A file that all may read is not
 * used, nor one of another size: false, and why says so. Without tickets TLS works, only slower.
 */
bool tickets_read(const struct config *c, struct tickets *ret, struct buf *why);
void tickets_wipe(struct tickets *t); /* for _cleanup_ */

/* Makes the keys those of this way to ask for client certificates (trust: the authorities, in PEM). A ticket
 * from a place that asks for none must not open one that does.
 */
void tickets_bind(struct tickets *t, const struct config *c, struct str trust);

/* In the hook before a ClientHello is understood: picks the key that the client's ticket is from. */
void tickets_enable(struct tickets *t, gnutls_session_t session, const gnutls_datum_t *hello);

/* Makes a new key and keeps the newest one as the one before. The file is replaced at once and is its owner's
 * alone. Returns 0 or a negative errno.
 */
int tickets_renew(const char *path);
