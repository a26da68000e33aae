/* base/utf7.h: modified UTF-7, in which mailbox names went before UTF-8 (RFC 3501 5.1.3) */
#pragma once
#include "base/buf.h"

/* Adds in UTF-8 what s stands for. False, and nothing added, unless s is just what utf7_encode() writes: printable
 * US-ASCII is itself, "&-" is "&", and all else is in runs of base64 with no needless, unfinished or half character.
 */
bool utf7_decode(struct buf *b, struct str s);

/* The way back. False, and nothing added, unless s is UTF-8. */
bool utf7_encode(struct buf *b, struct str s);
