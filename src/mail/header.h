/* mail/header.h: a header section and its fields (RFC 5322 2.2) */
#pragma once
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"

/* A header section goes up to its first empty line, or the end. Nothing that is in it ends it earlier: a line
 * that is no field is kept, without a name.
 */
struct field {
	struct str name;  /* without blanks at its end; empty if the line is no field */
	struct str value; /* behind the colon: blanks and folding as they are, without the last line end */
	struct str line;  /* all of it as stored, with its continuation lines and line ends */
};

enum {
	HEADER_MAX = 1 << 20
}; /* octets of a header section to look at, when there is no reason for another limit */

/* Adds the header section that begins at from, with the empty line that ends it. NUL becomes 0x80, as when it
 * is sent. Reads no more than to (stored offset; -1: the end of the file) and adds no more than max octets:
 * of a longer one the lines that fit. Returns 0 or a negative errno.
 */
int header_read(int fd, off_t from, off_t to, size_t max, struct buf *ret);

/* How many octets there are up to the empty line that ends it, and with that; 0 if text has none. */
size_t header_length(struct str text);

/* Where the body begins: behind the empty line, or at to (or the end of the file) if there is none. The
 * header may have any size. Returns 0 or a negative errno.
 */
int header_end(int fd, off_t from, off_t to, off_t *ret_body);

/* Takes one field off *rest, which is a header section. False at its empty line, which stays, or at the end.
 */
bool header_next(struct str *rest, struct field *ret);
/* The first field of that name, in any case. */
bool header_find(struct str header, struct str name, struct field *ret);

/* A value in one line: line ends go, and blanks at both ends (RFC 5322 2.2.3); has no CR, LF or NUL. Points
 * into value if there is nothing to change, else into a.
 */
struct str header_unfold(struct arena *a, struct str value);
