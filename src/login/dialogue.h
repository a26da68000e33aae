/* login/dialogue.h: the not-authenticated state (RFC 9051 3.1), in a process that can do nothing else */
#pragma once
#include "base/str.h"

/* Limits on what a client may send before login; in octets, but for the last. */
enum {
	LOGIN_LINE_MAX = 8192,	    /* of a command, without its literals */
	LOGIN_LITERALS_MAX = 16384, /* of a command's literals together; of a SASL response too */
	LOGIN_SKIP_MAX = 1 << 20,   /* a literal that is refused but on its way already */
	LOGIN_BAD_MAX = 20,	    /* lines that make no sense */
};

/* What this client may do, decided by the monitor. */
struct terms {
	bool greeted;		/* the same client goes on, after STARTTLS or UNAUTHENTICATE */
	int early;		/* a pipe of what he has said before; 0 or -1: nothing */
	bool starttls;		/* offered */
	bool passwords;		/* may be sent: there is TLS, or it is not asked for */
	const char *mechanisms; /* SASL's, that are offered, one blank between */
	const char *capability; /* IMAP_CAPABILITY: what may be announced; NULL: all there is */
};

/* Speaks with the client until there is nothing left to say: he gave up, or STARTTLS was answered. After a
 * login that succeeds the monitor ends the process while it waits here. Returns the exit code.
 */
int dialogue_run(int in, int out, int monitor, const struct terms *terms);
