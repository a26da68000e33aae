/* warm.h: facts of new mail, made while it is at hand, so that they are there when a client asks */
#pragma once
#include "session.h"

/* These have just come into a folder, uids ascending: this session has put them there, or was the first to find them. */
void warm_note(struct session *s, struct str folder, const struct maildir *box, const uint32_t *uids, size_t n);
/* When nothing else is to be done: makes of them what was asked for in their folder lately, and leaves it in the cache. Ends when the
 * client says something, and goes on the next time; but at the end of the session it goes on to its end.
 */
void warm_up(struct session *s, bool at_end);
void warm_free(struct session *s);
