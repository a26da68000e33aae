/* mail/address.h: address lists (RFC 5322 3.4, 4.4) in the way ENVELOPE has them */
#pragma once
#include "base/arena.h"

/* A str whose s is NULL is NIL (RFC 9051 7.5.2). A group is an address with host NIL and its name as mailbox,
 * then its members, then one with all NIL. name is as it is in the message: unquoted and unfolded, encoded
 * words not decoded; when there is no phrase it is the comment, as in "joe@example.org (Joe)".
 */
struct address {
	struct str name, route, mailbox, host;
};

struct addresses {
	struct address *v;
	size_t n;
};

enum { ADDRESSES_MAX = 10000 }; /* in one list; what comes after is left out */

/* Adds the addresses of one field's value to *list, which is all zero at first. Whatever it is made of, value
 * gives something that a client can show: where there is no "@", host is "" (not NIL, which would open a
 * group), and what is no address at all is a mailbox. An opened group is always ended. Strings point into a
 * or into value.
 */
void address_parse(struct arena *a, struct str value, struct addresses *list);
