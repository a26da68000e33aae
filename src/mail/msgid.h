/* mail/msgid.h: message identifiers (RFC 5322 3.6.4) */
#pragma once
#include "base/arena.h"

/* Takes the next msg-id off *rest, the value of Message-ID, References or In-Reply-To: what is between "<" and ">", without
 * quoting and blanks, so that equal ones are the same octets (RFC 5256 3, REFERENCES). Passes over all that is none; one has an
 * "@" with something on both sides. False when there is no more. In a. Linear, whatever is in it.
 */
bool msgid_next(struct arena *a, struct str *rest, struct str *ret);
