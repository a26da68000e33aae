/* mail/decode.h: a part's body without its transfer encoding (RFC 2045 6) */
#pragma once
#include "mail/sent.h"

enum encoding {
	ENCODING_NONE, /* 7bit, 8bit, binary, or "" */
	ENCODING_QP,
	ENCODING_BASE64,
	ENCODING_UUENCODE, /* x-uuencode, uuencode, x-uue */
	ENCODING_UNKNOWN,  /* any other name; decoded as ENCODING_NONE */
};

enum encoding encoding_of(struct str name); /* in any case */

/* Takes what mail has in it: in base64, octets that are no digits are left out, padding may be missing or in
 * the middle; in quoted-printable, a "=" that begins nothing stays as it is, blanks at line ends go. Line
 * ends of ENCODING_NONE and ENCODING_QP come out as CRLF, NUL as NUL (but not from BASE64 and UUENCODE: these
 * give what was encoded).
 */
struct decoder {
	enum encoding encoding;
	struct sent in;
	bool raw_end;  /* in has no more */
	uint32_t bits; /* base64: digits that wait for more */
	unsigned nbits;
	bool begun, ended; /* uuencode: "begin" and "end" were seen */
	size_t i, n;	   /* of out: the next octet, and how many there are */
	size_t nraw;	   /* octets in raw that are not decoded yet */
	char raw[8192], out[8192 + 64];
};

/* The range from..to of fd. Reads nothing yet. */
void decode_open(struct decoder *d, int fd, off_t from, off_t to, enum encoding encoding);
/* Up to n octets, fewer only at the end. Returns how many, or a negative errno. */
ssize_t decode_read(struct decoder *d, void *p, size_t n);

/* In memory, for encoded words: the "Q" and "B" of RFC 2047 4. Lenient in the same way. */
void decode_q(struct buf *b, struct str s);
void decode_b(struct buf *b, struct str s);

/* The value of a hexadecimal digit in any case, or -1. */
int decode_hex(char c);
