/* mail/content.h: the fields that describe a part, from its header (RFC 2045, RFC 2183, RFC 3282) */
#pragma once
#include "mail/mime.h"

/* Whether line begins a field that content_parse() looks at. */
bool content_wants(struct str line);

/* Sets the fields of *ret that come from its header section, of which only the lines that content_wants() are
 * needed. Of fields that are there twice the first is taken. digest: the parent is a multipart/digest.
 * Strings point into a or into header.
 */
void content_parse(struct arena *a, struct str header, bool digest, struct part *ret);

/* What a part is that has no header. */
void content_default(struct arena *a, bool digest, struct part *ret);
