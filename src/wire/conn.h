/* wire/conn.h: the connection to one client: buffers, deadlines, counters, layers */
#pragma once
#include <sys/types.h>
#include "base/buf.h"
#include "wire/wait.h"

struct conn;

/* One of a stack: the lowest moves octets to and from the descriptors, one above it (deflate) changes them on
 * the way. */
struct layer {
	struct layer *below; /* set by conn_push() */
	/* As read(2), never blocking: > 0, 0 at the end, -EAGAIN, or another negative errno. */
	ssize_t (*read)(struct layer *l, void *p, size_t n);
	/* As write(2), the same way. more: other octets follow at once, so nothing needs to be pushed out
	 * yet. What a layer has kept back is pushed out by n == 0 without more: 0 when all of it is gone. */
	ssize_t (*write)(struct layer *l, const void *p, size_t n, bool more);
	/* Adds what it has of the client's octets but has not changed yet to ret, if it ends here: at once, or with -EAGAIN
	 * when it needs more of them to know where that is; 0 when it is known. NULL: there are none. */
	int (*rest)(struct layer *l, struct buf *ret);
	void (*close)(struct layer *l); /* frees it with the connection; NULL: nothing to do */
};

struct plain {
	struct layer layer; /* the first member */
	struct conn *conn;
	struct buf early; /* read already, but meant for a layer that came later */
	size_t early_at;
};

/* Reading and writing block, in wait_for() only, and not longer than the deadlines.
 *
 * Whatever is to be sent is appended to out, by the writer or conn_write(). It goes when it is large, when
 * conn_flush() says so, and before anything waits for the client; so answers to pipelined commands travel
 * together.
 *
 * error is sticky: once the client can't be reached (or took nothing for write_ms), what is written is
 * dropped. The end of the client's input is not such an error: what is in out is still sent.
 */
struct conn {
	int fd_in, fd_out;
	struct buf out;
	int error;	     /* 0 or a negative errno */
	bool ended;	     /* the client has sent its last octet */
	uint64_t rcvd, sent; /* octets on the wire, since conn_open() */
	uint64_t written;    /* the same as sent, but before layers changed them */
	uint64_t whole;	     /* of written and out, what ends with a whole line (conn_mark()) */
	int idle_ms;	     /* what a read may take while a command is awaited; 30 min at first */
	int literal_ms;	     /* and inside a literal, without any progress; 60 s at first */
	int write_ms;	     /* what a write may take without any progress; 60 s at first */
	int debug_fd;	     /* IMAPDEBUGFILE, or -1: gets "READ: " and "WRITE: " lines */

	struct wait wait;
	bool socket_in, socket_out;
	struct layer *top;
	struct plain plain;
	struct buf in; /* read, not consumed: from in_at on */
	size_t in_at;
	bool held; /* a layer may keep octets back until the next flush */
};

/* SIGPIPE is ignored from here on. */
void conn_open(struct conn *c, int fd_in, int fd_out);
void conn_close(struct conn *c); /* frees what is ours; the descriptors are the caller's; out is not sent */

/* Puts a layer over the others. What has been read and not consumed was meant for it; what is in out was not
 * and is sent first. l must outlive the connection, which closes it.
 */
void conn_push(struct conn *c, struct layer *l);

/* Sends all of out. Returns 0, or error. */
int conn_flush(struct conn *c);
/* The same if out has more than limit octets, for a handler that answers at length. */
int conn_flush_some(struct conn *c, size_t limit);
int conn_flush_lines(struct conn *c, size_t limit);	/* out ends with a whole line */
/* What is in out ends with a whole line. So it always does at conn_flush(). */
void conn_mark(struct conn *c);
/* Takes out of out what follows the last whole line that is known of, if nothing of that has been sent. */
bool conn_take_back(struct conn *c);
/* Adds to out, or sends at once if that is better; for bodies of any size. */
void conn_write(struct conn *c, const void *p, size_t n);

/* What somebody who had the connection before had read too much: it comes before all that is read. At the beginning. */
void conn_put_back(struct conn *c, struct str octets);
/* For somebody who has the connection next: all layers end here, and what was read and not consumed is added to ret, as it
 * is behind them. Nothing more may be read then. Waits only if a layer's end has not come yet.
 */
void conn_rest(struct conn *c, struct buf *ret);

/* The end of a session that has more input than it will read: sends out, then reads and drops for a moment, since closing a
 * socket with unread octets may take the last answer away from the client.
 */
void conn_linger(struct conn *c);

/* Whether there is something to read without waiting (the end of it too). */
bool conn_has_input(struct conn *c);
/* As wait_for(), after a flush: what has been read and not consumed counts as WAIT_CLIENT_IN. */
int conn_wait(struct conn *c, unsigned what, int timeout_ms);

/* Makes sure that there is at least one octet in the buffer; flushes before it waits. Returns 1; 0 at the end
 * of the input; -ETIMEDOUT; -EINTR if WAIT_STOP holds; or another negative errno.
 */
int conn_fill(struct conn *c, int timeout_ms);
struct str conn_buffered(const struct conn *c); /* borrowed until the next read */
void conn_consume(struct conn *c, size_t n);	/* n <= conn_buffered().n */
/* Between 1 and n octets; else as conn_fill(). */
ssize_t conn_read(struct conn *c, void *p, size_t n, int timeout_ms);

/* One line for IMAPDEBUGFILE, if there is one: heading, text as it is, and a line end if text has none. */
void conn_debug(struct conn *c, const char *heading, struct str text);
