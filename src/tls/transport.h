/* tls/transport.h: records to and from the network, without ever waiting in GnuTLS */
#pragma once
#include <gnutls/gnutls.h>
#include "base/buf.h"

/* What GnuTLS writes is collected in out, and leaves in as few system calls as the network takes; so writing
 * never fails for GnuTLS, and only reading tells it to come again. The descriptor is a socket, and stays as
 * blocking as it is.
 */
struct transport {
	int fd;
	struct buf in;	/* read ahead: records, maybe half of one */
	size_t taken;	/* of in, by GnuTLS */
	struct buf out; /* not sent yet */
	bool deaf;	/* the peer takes nothing more: out is thrown away */
};

void transport_init(struct transport *t, int fd, gnutls_session_t session);
void transport_release(struct transport *t);

/* Octets have been read that GnuTLS has not taken: poll() does not know of them. */
bool transport_pending(const struct transport *t);

/* Sends what it can. */
void transport_flush(struct transport *t);

/* Gives memory back that an idle connection does not need. */
void transport_trim(struct transport *t);

/* Waits until all is sent, send_ms at most, and then until the peer has ended, wait_ms at most, throwing away
 * what it still says: closing a socket that has unread octets would take back what was sent last.
 */
enum { LINGER_MS = 2000 };
void transport_linger(struct transport *t, int send_ms, int wait_ms);
