/* urls.h: URLs of messages in this session: where they are, and who may have them (RFC 5092, RFC 4467) */
#pragma once
#include "imap/url.h"
#include "section.h"
#include "session.h"

/* The folders that URLs are of: the one that is open for something else, too, and the last one, which stays open for the next. */
struct url_source {
	struct maildir *target;
	struct str target_folder;	/* s is NULL: there is none */
	struct maildir *opened;
	struct str folder;
};

void url_source_release(struct url_source *source);	/* for _cleanup_; not the target */

/* The message, opened, and what of it is meant. text is relative to the selected mailbox, or has a URLAUTH that lets this
 * session have it. -ENOENT: it is of nothing here, or not for this session. Everything is in a, which must outlive f.
 */
int url_find(struct session *s, struct url_source *source, struct arena *a, struct str text, struct url *ret,
	     struct fetching *f, struct piece *piece);

/* Adds ":internal:" and the token to a rump. -EINVAL: it is no such URL; -EPERM: of another user; -ENOENT: of no mailbox. */
int url_sign(struct session *s, struct arena *a, struct str rump, struct str *ret);
