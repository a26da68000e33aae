/* sync.h: the view against the folder, as untagged responses */
#pragma once
#include "session.h"

/* Looks at the folder, and tells what changed since the client was last told: EXPUNGE (unless keeps_numbers), FLAGS
 * and PERMANENTFLAGS for new keywords, EXISTS and RECENT, FETCH (FLAGS). A folder that is no more makes the view
 * removed. 1: there may be
 * more, which should be looked at soon. A negative errno: it could not be looked at; what was known before has been told.
 */
int sync_tell(struct session *s, bool keeps_numbers);
/* The same without a look at the folder. */
void sync_tell_known(struct session *s, bool keeps_numbers);

/* "* FLAGS" and "* OK [PERMANENTFLAGS]": at SELECT, and when keywords appear. */
void sync_flags(struct session *s);
/* "* n EXISTS" and "* n RECENT". */
void sync_counts(struct session *s);

/* "* n FETCH (FLAGS (...))" as STORE answers; with_uid as UID STORE does. With CONDSTORE it has UID and MODSEQ anyway
 * (RFC 7162 3.2.4). Nothing if the message is gone.
 */
void sync_fetch_flags(struct session *s, uint32_t uid, bool with_uid);
/* The same without FLAGS: "* n FETCH (UID n MODSEQ (n))". */
void sync_fetch_modseq(struct session *s, uint32_t uid);
/* "* n FETCH (", and the UID if it is wanted. */
void sync_begin_fetch(struct session *s, uint32_t uid, bool with_uid);
/* "FLAGS (...)", the item alone; more are flags that the message is about to get. */
void sync_write_flags(struct session *s, const struct message *m, unsigned more);
/* "MODSEQ (n)", the item alone. */
void sync_write_modseq(struct session *s, const struct message *m);
/* "* VANISHED uids", and the like: in lines that are not too long. Nothing if uids is empty. */
void sync_vanished(struct session *s, bool earlier, struct uidset *uids);
/* "* OK [code n] text" */
void sync_number(struct session *s, const char *code, uint64_t n, const char *text);

/* Enables what using a row enables (row_enables()): to be called when the command's syntax is known to be right, and before
 * anything is done. The first time that CONDSTORE is enabled the selected folder's HIGHESTMODSEQ is told (RFC 7162 3.1).
 */
void sync_enable(struct session *s, unsigned bits);
/* What the client has to be told as HIGHESTMODSEQ at the end of a command, or 0 if it knows: after expunges; and a lower
 * one if it has seen a MODSEQ while expunges before that are held back (RFC 7162 3.2, 6).
 */
uint64_t sync_correction(struct session *s);
