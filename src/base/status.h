/* base/status.h: what helpers and imapd say to the monitor, and how it reads that (doc/CHAIN.md) */
#pragma once
#include "base/buf.h"

/* The end of the status socket (SOCK_SEQPACKET) that is not the monitor's. -1: there is no monitor, and all
 * that is said becomes nothing.
 */
struct status {
	int fd; /* after status_ready() readable means: end now (the monitor stops the session, or is gone) */
};

struct status_counts {
	uint64_t rcvd, sent;	/* octets of plain text from and to the client */
	uint64_t headers, body; /* octets of messages that FETCH sent */
};

/* Why a session ended; the log's words for it are Courier's. */
enum status_end { STATUS_LOGOUT, STATUS_DISCONNECTED, STATUS_TIMEOUT, STATUS_SIGNAL, STATUS_UNAUTHENTICATED };

/* Takes the socket that IMAPSTATUSFD names and removes the variable. With keep it stays open over an exec
 * (helpers), and the variable with it; without, it is close-on-exec (imapd). Returns 0; -ENOENT if the
 * variable is not set; another negative errno if it names no such socket. ret->fd is -1 then.
 */
int status_open(bool keep, struct status *ret);

/* imapd: the session is able to serve; user is who it serves. Waits for the monitor to say GO: from then on
 * the client is ours alone. Returns 0, or -EPIPE if there will be no session: then exit without a word to the
 * client.
 */
int status_ready(const struct status *s, struct str user);

/* Helpers and imapd, before READY: the login is refused, and why, in words for the client. code is an RFC
 * 5530 code (EXPIRED, PRIVACYREQUIRED, AUTHORIZATIONFAILED, CONTACTADMIN, UNAVAILABLE, NOPERM, LIMIT) or "".
 * Then exit: 1 counts as a failed login of this client, anything else does not. A helper must know that the
 * password was right before it says so.
 */
void status_no(const struct status *s, const char *code, const char *text);

/* Helpers: whom a client claims to be, in a mechanism that only the helper understands; for the log of
 * failures. */
void status_user(const struct status *s, struct str name);

/* Helpers, imapd: the user has proved who he is, but his mail is on another host (RFC 2221): a name or an IPv4
 * address, with a colon and the port if it is not IMAP's. Then the process must exit. False, and nothing said, for
 * what is no such host, and without a monitor.
 */
bool status_refer(const struct status *s, struct str user, struct str host);

/* Helpers: one round of a mechanism (RFC 4422): sends the challenge, adds the client's response to ret.
 * Returns 0; -ECANCELED if the client cancelled or is gone.
 */
int status_challenge(const struct status *s, struct str challenge, struct buf *ret);

/* imapd: what it is doing, for systemctl status. Never blocks; shown by the monitor after the user and the
 * address. */
void status_say(const struct status *s, struct str text);

/* imapd: before it ends with STATUS_UNAUTHENTICATED: octets of the client, at most STATUS_UNREAD_MAX, that it has
 * read and that are for whoever has the connection next. */
enum { STATUS_UNREAD_MAX = 65536 };
void status_unread(const struct status *s, struct str octets);

/* imapd: adds such octets to ret, if there are any, from the pipe that IMAPEARLYFD names, and closes it. */
void status_early(struct buf *ret);

/* imapd: the last thing it says. */
void status_end(const struct status *s, enum status_end how, const struct status_counts *counts);

/* The monitor's half: one datagram, understood. */
struct status_message {
	enum status_kind {
		STATUS_READY, STATUS_USER, STATUS_NO, STATUS_REFER, STATUS_CHALLENGE, STATUS_SAY, STATUS_UNREAD, STATUS_END,
	} kind;
	struct str text; /* READY, USER: user; REFER: URL; NO: text; CHALLENGE, UNREAD: octets; SAY: text; points into the datagram */
	struct str code; /* NO */
	enum status_end how;	     /* END */
	struct status_counts counts; /* END */
};

/* False if it is none: control characters in text or code, unknown words, missing numbers. */
bool status_parse(struct str datagram, struct status_message *ret);
