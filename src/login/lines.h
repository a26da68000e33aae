/* login/lines.h: a client's lines, and not an octet more than them */
#pragma once
#include "base/buf.h"

/* What follows the last line taken is still in the descriptor, for the process that has it next. So a socket
 * is peeked at and then read up to the LF; a pipe is read octet by octet.
 */
struct lines {
	int fd;
	int early; /* a pipe that is read to its end before fd is; -1: none */
	int monitor; /* readable (a BYE, or its end) interrupts every wait for the client */
	bool socket;
	uint64_t rcvd; /* octets taken */
};

enum lines_result {
	LINES_OK,
	LINES_LONG,    /* longer than max: the rest of it was thrown away */
	LINES_END,     /* the client is gone, or sends a line without an end */
	LINES_MONITOR, /* the monitor has something to say */
};

void lines_init(struct lines *l, int fd, int monitor);

/* Adds a line of at most max octets to ret, without its CRLF or LF. */
enum lines_result lines_line(struct lines *l, size_t max, struct buf *ret);

/* Adds exactly n octets to ret; ret may be NULL: they are thrown away. Never LINES_LONG. */
enum lines_result lines_octets(struct lines *l, uint64_t n, struct buf *ret);
