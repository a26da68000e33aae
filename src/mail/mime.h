/* mail/mime.h: the parts of a message, as places in its file (RFC 2045, RFC 2046) */
#pragma once
#include <sys/types.h>
#include "base/arena.h"
#include "mail/param.h"

/* One part, or the message itself, which is the root. Offsets are of stored octets in the file:
 *
 *	header..body	its header section, with the empty line
 *	body..end	its body; the line end before a boundary is the boundary's (RFC 2046 5.1.1)
 *
 * Sizes are as sent (mail/sent.h). Strings are as in the message, comments taken out; have no CR, LF or NUL;
 * one whose s is NULL is a field that is missing, except where a default is named.
 *
 * A multipart always has a child: when it has no part, an empty text/plain one. A message/rfc822 or
 * message/global has just one: the root of the message in it, whose header begins where the body of its
 * parent does. No other part has any.
 */
struct part {
	struct part *parent, *child, *next;
	enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE } kind;
	off_t header, body, end;
	uint64_t header_size, body_size;   /* octets */
	uint64_t header_lines, body_lines; /* LFs */
	struct str type, subtype; /* text/plain if missing (RFC 2045 5.2; message/rfc822 in a digest: RFC
				   * 2046 5.1.5), application/octet-stream if it does not parse */
	struct params params;	  /* of the type; charset=us-ascii if there is no Content-Type */
	struct str encoding;	  /* RFC 2045 6; "7bit" if missing or no token */
	struct str id, description, md5, location;
	struct str disposition; /* RFC 2183 */
	struct params disposition_params;
	struct str *languages; /* RFC 3282 */
	size_t nlanguages;
};

/* Beyond depth a multipart or a message is a leaf, of type application/octet-stream; beyond parts, the last
 * one goes to the end of its multipart; beyond header octets (of Content- fields that are kept, of the whole
 * message) fields are taken as missing.
 */
struct mime_limits {
	size_t depth, parts, header;
};
extern const struct mime_limits mime_limits; /* 64 deep, 10,000 parts, 4 MiB */

/* Reads the message that is the whole of fd, once, from its beginning to its end, with pread(). Everything is
 * in a. Returns 0 or a negative errno.
 */
int mime_parse(int fd, struct arena *a, const struct mime_limits *limits, struct part **ret);
/* The same of a message that is in memory. */
void mime_parse_str(struct str message, struct arena *a, const struct mime_limits *limits, struct part **ret);

/* The part that IMAP calls path[0].path[1]... (RFC 9051 6.4.5.1); n == 0 is the root. "1" of what is no
 * multipart is that itself, and the numbers behind a message part's are those of the message in it. NULL if
 * there is none.
 */
struct part *mime_find(struct part *root, const uint32_t *path, size_t n);

/* Types in any case; subtype NULL is any. */
bool part_is(const struct part *p, const char *type, const char *subtype);
