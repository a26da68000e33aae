/* auth/saslprep.h: names and passwords in the one form in which they are compared (SASLprep, RFC 4013) */
#pragma once
#include "base/buf.h"

/* Adds text in that form to ret: blanks of every kind are SP, what can't be seen is left out, NFKC. With stored,
 * characters that are not assigned yet are refused, too (RFC 3454 7); a query may have them. Characters are those of the
 * Unicode that libunistring knows, where the RFC has 3.2.
 *
 * False, and nothing added: text is no UTF-8, or has characters that nobody can type, or mixes directions.
 */
bool saslprep(struct str text, bool stored, struct buf *ret);
