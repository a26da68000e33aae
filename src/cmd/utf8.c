/* cmd/utf8.c: UTF8=ACCEPT (RFC 6855, RFC 9755) */
#include "extension.h"
#include "session.h"

/* What it changes is read from s->enabled: names and quoted strings by cursor and writer, "UTF8 (~{n}" by
 * upload.c, CHARSET by search.c.
 */
const struct extension ext_utf8 = {
	.rfc = 6855, .capability = "UTF8=ACCEPT", .enable = "UTF8=ACCEPT", .enable_bit = ON_UTF8
};
