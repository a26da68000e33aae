/* cmd/rev2.c: IMAP4rev2 (RFC 9051), beside IMAP4rev1 */
#include "extension.h"
#include "session.h"

/* All that it has is there for everybody. What differs for a client that has enabled it (RFC 9051 Appendix E)
 * is read from s->enabled: names and strings in UTF-8, ESEARCH as the answer to any SEARCH, LIST with SELECT,
 * UID in each FETCH that was not asked for; no \Recent, RECENT and UNSEEN.
 */
const struct extension ext_rev2 = {
	.rfc = 9051, .capability = "IMAP4rev2", .enable = "IMAP4rev2", .enable_bit = ON_REV2
};
