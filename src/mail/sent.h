/* mail/sent.h: a range of a message's file as it is sent: every line ends in CRLF */
#pragma once
#include <sys/types.h>
#include "base/buf.h"

/* A message is stored as it came: its lines end in LF, in CRLF, or some in each. It is sent like this:
 *
 *	LF with no CR before it		CR LF
 *	CR LF, and a CR alone		as it is
 *	NUL				0x80, since a literal can't hold NUL (RFC 9051 4.3)
 *	all else			as it is
 *
 * Sizes "as sent" count what comes out. Every function returns a negative errno on failure. A file that is
 * shorter than the range says ends where it ends.
 */

/* A place to go on from later, in the same range of the same file. */
struct sent_mark {
	off_t at;	 /* the next stored octet */
	uint64_t octets; /* as sent, from the beginning of the range up to here */
	bool cr;	 /* the octet before is a CR, stored or made up: a LF here gets none */
};

struct sent {
	int fd;
	off_t at, to;	 /* stored octets: the next one to read from the file, and the end of the range */
	uint64_t octets; /* given so far, counted from the beginning of the range */
	bool cr;	 /* the last octet given was a CR */
	bool keep_nul;	 /* set behind sent_open(): NUL stays NUL, for what is no literal */
	size_t i, n;	 /* of buf: the next octet, and how many there are */
	char buf[65536];
};

/* The range from..to (stored offsets; to is not in it). Reads nothing yet; fd stays the caller's. A LF at
 * from is taken as a line end of its own.
 */
void sent_open(struct sent *s, int fd, off_t from, off_t to);
/* The same, going on at a mark that sent_tell() gave. */
void sent_open_at(struct sent *s, int fd, struct sent_mark mark, off_t to);
/* The same, without the first octets (as sent) of the range, whose size as sent is known: at once if that is
 * to - from, since then nothing was made up; else what is skipped is read. Past the end there is nothing to
 * read.
 */
int sent_open_skip(struct sent *s, int fd, off_t from, off_t to, uint64_t size, uint64_t octets);

/* Up to n octets, fewer only at the end of the range. Returns how many. */
ssize_t sent_read(struct sent *s, void *p, size_t n);
/* Goes past octets (as sent), or to the end. */
int sent_skip(struct sent *s, uint64_t octets);
struct sent_mark sent_tell(const struct sent *s);

/* How many octets, as sent, and how many LFs the range has. Either ret may be NULL. */
int sent_size(int fd, off_t from, off_t to, uint64_t *ret_octets, uint64_t *ret_lines);

/* Adds stored octets that are in memory, as sent. */
void sent_str(struct buf *b, struct str stored);
/* And how many that are. */
uint64_t sent_str_size(struct str stored);
/* Only the last row but one of the table above: NUL becomes 0x80. */
void sent_no_nul(char *p, size_t n);
