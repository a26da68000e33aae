/* imap/url.h: URLs of messages and their parts, relative to a session (RFC 5092) */
#pragma once
#include "imap/parse.h"

/* "/mailbox;UIDVALIDITY=1/;UID=2/;SECTION=1.2/;PARTIAL=0.10" */
struct url {
	struct str mailbox;	/* as p_mailbox() gives it */
	bool here;		/* it is the selected one, whatever that is called by now */
	uint32_t uidvalidity;	/* 0: not said */
	uint32_t uid;
	struct section section;
	uint64_t first, count;	/* octets of it; all from there on if count is 0 */
};

/* Understands text where mailbox is selected (s is NULL: none), as a path from the root, or from that mailbox: "other/;UID=2"
 * beside it, ";UID=2" in it. What has a host, or names no message, is none, and so is one with a URLAUTH. Strings are in a's
 * memory. separator as in struct cursor.
 */
bool url_parse(struct arena *a, struct str text, struct str mailbox, char separator, struct url *ret);
