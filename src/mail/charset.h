/* mail/charset.h: text in any charset to UTF-8 */
#pragma once
#include <iconv.h>
#include "base/buf.h"

/* Names come from whoever wrote the message. Only those on a list here are ever given to iconv, in the
 * spelling of the list.
 *
 * US-ASCII, no name, and names that are not on the list ("unknown-8bit") are guessed: characters of UTF-8,
 * and windows-1252 for each octet that belongs to none. ISO-8859-1 is read as windows-1252, which is what is
 * meant nearly always. What is not valid in its charset becomes U+FFFD.
 */
bool charset_known(struct str name); /* whether SEARCH may name it (RFC 9051 6.4.4); "" is not */

/* Adds text as UTF-8. False, and nothing added, if the name is not known or the text is not valid in that
 * charset: for text that a client sent.
 */
bool charset_to_utf8(struct buf *b, struct str name, struct str text);
/* The same for text out of a message: always adds something. */
void charset_guess_utf8(struct buf *b, struct str name, struct str text);

/* Text that arrives in pieces; characters may be cut anywhere. */
struct charset {
	enum charset_kind { CHARSET_UTF8, CHARSET_1252, CHARSET_GUESS, CHARSET_ICONV } kind;
	iconv_t cd;	    /* only for CHARSET_ICONV */
	unsigned char unit; /* octets to skip where it is invalid */
	bool invalid;	    /* something became U+FFFD */
	size_t nrest;
	char rest[16]; /* the beginning of a character */
};

void charset_open(struct charset *c, struct str name); /* any name, as charset_guess_utf8() */
void charset_close(struct charset *c);		       /* for _cleanup_ */
void charset_add(struct charset *c, struct str text, struct buf *ret);
void charset_end(struct charset *c, struct buf *ret); /* what is left of the last character */
