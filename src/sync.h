/* sync.h: the view against the folder, as untagged responses */
#pragma once
#include "session.h"

/* Looks at the folder, and tells what changed since the client was last told: EXPUNGE (unless keeps_numbers), FLAGS
 * and PERMANENTFLAGS for new keywords, EXISTS and RECENT, FETCH (FLAGS). A folder that is no more makes the view
 * removed. A negative errno: it could not be looked at; what was known before has been told.
 */
int sync_tell(struct session *s, bool keeps_numbers);
/* The same without a look at the folder. */
void sync_tell_known(struct session *s, bool keeps_numbers);

/* "* FLAGS" and "* OK [PERMANENTFLAGS]": at SELECT, and when keywords appear. */
void sync_flags(struct session *s);
/* "* n EXISTS" and "* n RECENT". */
void sync_counts(struct session *s);

/* "* n FETCH (FLAGS (...))" as STORE answers; with_uid as UID STORE does. Nothing if the message is gone. */
void sync_fetch_flags(struct session *s, uint32_t uid, bool with_uid);
/* "* n FETCH (", and the UID if it is wanted. */
void sync_begin_fetch(struct session *s, uint32_t uid, bool with_uid);
/* "FLAGS (...)", the item alone; more are flags that the message is about to get. */
void sync_write_flags(struct session *s, const struct message *m, unsigned more);
