/* wire/deflate.h: a connection that is compressed (RFC 4978) */
#pragma once
#include "wire/conn.h"

/* Everything from here on is a deflate stream (RFC 1951), both ways. What was in out goes before it as it is; what has been
 * read and not consumed belongs to it. For a connection that is not compressed yet.
 *
 * It takes 200 KiB. Nothing grows with what the client sends: an octet of its stream is a thousand at most here, which are read
 * piece by piece, and what lines may cost is bounded by frame.h. A stream that is none, or that its maker has ended, is the
 * end of the client's input.
 */
void conn_deflate(struct conn *c);
bool conn_deflated(const struct conn *c);
