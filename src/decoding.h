/* decoding.h: the content of a part without its transfer encoding (RFC 3516, RFC 5524) */
#pragma once
#include "fetch.h"
#include "mail/decode.h"

/* Where the last part was decoded to, since clients fetch large ones in pieces. Of one file only, so uid and place say which. */
struct decoding {
	uint32_t uid;
	off_t from, to;
	uint64_t size, at;	/* octets decoded: in all, and given by decoder so far */
	uint64_t lines;		/* LFs in all of them */
	bool nul;		/* one of them is NUL */
	struct decoder decoder;
};

/* s->decoding for octets [from, to) of the file: its size is known then. Reads all of it, unless it was the last one. */
int decoding_prepare(struct session *s, struct fetching *f, off_t from, off_t to, enum encoding encoding);

/* Writes what was prepared, or only partial of it, as a literal, or a literal8 if there is a NUL in it. A negative errno: what
 * could not be read is "", or blanks.
 */
int decoding_write(struct session *s, struct fetching *f, enum encoding encoding, const struct partial *partial);
