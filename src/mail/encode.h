/* mail/encode.h: a message without binary parts (RFC 2045 6, RFC 3516 6) */
#pragma once
#include "mail/mime.h"

/* Gives the message that is the whole of fd, whose parts are root, to put() in pieces, as it is but for those parts that are
 * "binary" and not made of lines (they hold a NUL, or a CR or a LF alone): these are in base64, and say so. Returns 0, a
 * negative errno, or what put() returned other than 0.
 */
int encode_binary(int fd, const struct part *root, int (*put)(void *data, struct str octets), void *data);
