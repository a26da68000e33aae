/* mail/subject.h: the base subject, for sorting and threading (RFC 5256 2.1) */
#pragma once
#include "base/arena.h"

/* The base subject of a Subject field's value (raw or unfolded), as UTF-8 in a, not folded. *ret_reply, if
 * not NULL: whether it was that of a reply or a forward (RFC 5256 2.1, last paragraph).
 */
struct str subject_base(struct arena *a, struct str value, bool *ret_reply);
