/* cmd/uidonly.c: UIDONLY (RFC 9586): no message numbers, neither way
 *
 * What it changes is where it happens: NUMBERED commands are refused (command.c), and so are message numbers in searches
 * (search.c) and in QRESYNC's match data (qresync.c); responses are UIDFETCH and VANISHED (sync.c).
 */
#include "extension.h"
#include "session.h"

const struct extension ext_uidonly = {
	.rfc = 9586,
	.capability = "UIDONLY",
	.enable = "UIDONLY",
	.enable_bit = ON_UIDONLY,
};
