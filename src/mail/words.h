/* mail/words.h: encoded words in header fields (RFC 2047) */
#pragma once
#include "base/buf.h"

/* Adds a field's value as UTF-8: unfolded, encoded words decoded; blanks between two of them are gone, and
 * characters that were cut in two by neighbours of one charset are joined. Octets over 127 are UTF-8 if they
 * are valid, else windows-1252. What is not quite an encoded word stays as it is. Takes words anywhere, also
 * in quoted strings and inside other words, as mail has them.
 */
void words_decode(struct buf *b, struct str value);

/* Whether there may be encoded words in text: an "=?". */
bool words_any(struct str text);
