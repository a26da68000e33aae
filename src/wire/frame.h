/* wire/frame.h: bytes to one whole command, with limits and continuations */
#pragma once
#include "wire/conn.h"

enum frame_status {
	FRAME_COMPLETE, /* text is a whole command, without its line end; it may be empty */
	FRAME_LITERAL,	/* text ends with the announcement of a literal ("{5}" CRLF); see literal */
	FRAME_TOO_LONG, /* a limit was exceeded; answer BAD or NO [TOOBIG] or [LIMIT] */
	FRAME_GONE,	/* the client has gone, or the connection can't be brought in step again */
	FRAME_TIMEOUT,
	FRAME_STOP, /* SIGTERM and the like (wait_signals()) */
};

enum { FRAME_LINE = 65536, FRAME_LITERALS = 1000 };

/* Where the connection is compressed: lines of all commands may have so many octets, and so many for each that came over the
 * wire; a client that goes beyond is FRAME_GONE, since commands are dear and a thousand of them may be in ten octets.
 * Literals have limits of their own.
 */
enum { FRAME_FREE = 4 << 20, FRAME_RATIO = 64 };

/* How it is used: frame_begin(), frame_line(); on FRAME_LITERAL one of
 *
 *   frame_literal(f)	takes the literal into text; then frame_line() for what follows
 *   frame_accept(f)	for a handler that wants the octets itself: frame_octets() until 0, then frame_line()
 *
 *   frame_refuse(f)	the command will be refused: the stream is brought to its end, and nothing is kept
 *
 * Line ends may be a bare LF. A client that waits for "+" is sent it by frame_literal() and frame_accept()
 * only, so it can be refused before it has sent a single octet of a message.
 */
struct frame {
	struct conn *conn;
	struct buf text; /* of the command; reused for each */
	struct {
		uint64_t octets; /* UINT64_MAX if the number is greater than that, too */
		bool sync;	 /* the client waits for "+": it was not "{5+}" */
		bool binary;	 /* "~{5}" */
		bool open;	 /* announced and not taken, refused or read to its end yet */
	} literal;
	bool nul;	      /* a line (not a literal) of this command has a NUL: answer BAD */
	unsigned literals;    /* taken so far */
	uint64_t literal_sum; /* octets of these */

	size_t max_line;       /* octets of all lines of a command together; FRAME_LINE at first */
	uint64_t max_literal;  /* of one, and */
	uint64_t max_literals; /* of all in one command that are taken into text; 1 MiB both at first */
	uint64_t max_drop;     /* what is read to be dropped, per command, before it is FRAME_GONE; 256 MiB */
	uint64_t dropped;
	size_t line_octets;
	bool more;		/* a literal has been read, and the rest of its command not */
	uint64_t lines;		/* octets of all lines of all commands */
	enum frame_status over; /* GONE, TIMEOUT or STOP have come, and stay */
};

void frame_init(struct frame *f, struct conn *conn);
void frame_release(struct frame *f);

/* Begins a command: empties text. */
void frame_begin(struct frame *f);

/* Appends the next line to text: FRAME_COMPLETE or FRAME_LITERAL. FRAME_TOO_LONG: the line has been dropped
 * up to its end, with all that belongs to the command, as by frame_refuse(); text has its beginning, for the
 * tag.
 */
enum frame_status frame_line(struct frame *f);

/* Takes the announced literal into text, after "+ OK" if the client waits for it: FRAME_COMPLETE means that
 * it is in. FRAME_TOO_LONG: it is over a limit, nothing was read or sent, and frame_refuse() must follow.
 */
enum frame_status frame_literal(struct frame *f);

/* Sends "+ OK" if the client waits for it. Limits are the caller's. FRAME_COMPLETE: frame_octets() begins. */
enum frame_status frame_accept(struct frame *f);
/* The next octets of the accepted literal, between 1 and n; 0 when it is used up; -EPIPE if the client has
 * gone, -ETIMEDOUT, -EINTR if it is to stop. After an error frame_refuse() gives the status to end with.
 */
ssize_t frame_octets(struct frame *f, void *p, size_t n);

/* After a literal that frame_octets() gave: what text holds has been used. It and the limit on lines begin anew, for what
 * follows of the same command.
 */
void frame_forget(struct frame *f);

/* After FRAME_LITERAL, or in the middle of frame_octets(), or when frame_line() has only begun the command:
 * drops what remains of it. A client that waits for "+" sends nothing more, so nothing is read.
 * FRAME_COMPLETE: in step, at the next command.
 */
enum frame_status frame_refuse(struct frame *f);
