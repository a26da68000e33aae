/* base/utf8.h: UTF-8 (RFC 3629), strictly: no surrogates, no overlong forms, nothing over U+10FFFF */
#pragma once
#include "base/buf.h"

/* Takes one character off *rest. False, and nothing taken, if *rest is empty or does not begin with one. */
bool utf8_next(struct str *rest, uint32_t *ret);
bool utf8_valid(struct str s);
void utf8_put(struct buf *b, uint32_t character);	/* U+FFFD for what is none */
