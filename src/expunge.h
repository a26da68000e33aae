/* expunge.h: removing what is marked \Deleted, or moving it to Trash where the site wants that */
#pragma once
#include "session.h"
#include "view.h"

/* Of the selected folder: of uids, up to MESSAGELIMIT (limit.h), or of all if that is NULL. What is removed is told by the next
 * sync.
 */
int expunge_deleted(struct session *s, struct command *cmd, const struct md_uids *uids);
