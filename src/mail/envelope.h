/* mail/envelope.h: what ENVELOPE tells of a message (RFC 9051 2.3.5, 7.5.2) */
#pragma once
#include "mail/address.h"

/* A str whose s is NULL is NIL; a list with n == 0 is NIL. Strings are unfolded, encoded words are left as
 * they are; all have no CR, LF or NUL if the header has no NUL (header_read() sees to it).
 */
struct envelope {
	struct str date, subject;
	struct addresses from, sender, reply_to, to, cc, bcc;
	struct str in_reply_to, message_id;
};

/* From a header section. Of fields that are there twice the first is taken, except those with addresses,
 * which are joined. Sender and Reply-To are From if they are missing or have no address. Strings point into a
 * or into header.
 */
void envelope_parse(struct arena *a, struct str header, struct envelope *ret);

/* The same field by field, in the order of the header: which counts from 0 for Date, in the order of the members above. All zero at
 * first, and whole after envelope_end().
 */
enum { ENVELOPE_FIELDS = 10 };
void envelope_add(struct arena *a, size_t which, struct str value, struct envelope *e);
void envelope_end(struct envelope *e);
