/* imap/url.h: URLs of messages and their parts, relative to a session (RFC 5092), or with a URLAUTH (RFC 4467) */
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

/* Who may use an URL with a URLAUTH (RFC 4467 3). */
enum url_access { URL_ANONYMOUS, URL_AUTHUSER, URL_USER, URL_SUBMIT };

/* "imap://user@host/mailbox/;UID=2;EXPIRE=2026-12-31T00:00:00Z;URLAUTH=user+who:INTERNAL:token" */
struct url_auth {
	struct url url;
	struct str user;		/* whose mailbox it is */
	bool expires;
	int64_t expire;			/* good until then, seconds since 1970 */
	enum url_access access;
	struct str who;			/* of URL_USER and URL_SUBMIT */
	struct str rump;		/* all of it up to the access, as it was written: what the token is for */
	struct str mechanism, token;	/* of a rump: empty */
};

/* authimapurlfull, or authimapurlrump if rump, where the token is still to be made (RFC 4467 9). */
bool url_auth_parse(struct arena *a, struct str text, char separator, bool rump, struct url_auth *ret);
