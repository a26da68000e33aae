/* tls/pump.h: octets both ways between a TLS session and a plain socket */
#pragma once
#include "tls/transport.h"

enum pump_end {
	PUMP_CLOSED,	/* the server ended first, or the client by close_notify (RFC 8446 6.1) */
	PUMP_TRUNCATED, /* the client's stream ended without it: it may have been cut */
	PUMP_FAILED,	/* what came was no TLS record of this session, or the connection broke */
	PUMP_ORPHANED,	/* the monitor is gone */
};

/* Runs until both ways are at their end. Each way stops reading when the other end does not take what was
 * read, and holds 128 KiB at most. One way can end before the other: the client's close_notify is
 * shutdown(SHUT_WR) of plain. When the server ends, all it has written reaches the client before the
 * close_notify.
 */
enum pump_end pump_run(gnutls_session_t session, struct transport *net, int plain, int control);
