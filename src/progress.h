/* progress.h: telling a client that has to wait that work goes on (RFC 9585) */
#pragma once
#include "session.h"

void progress_begin(struct progress *p, struct str tag, uint64_t goal);
/* "* OK [INPROGRESS (tag done goal)]", sent at once, if it is time. Only where a response may begin. done < goal. */
void progress_tell(struct session *s, struct progress *p, uint64_t done);
/* For maildir_config: the same of the command that is being done, with the session as data. The folder is locked, so nothing is
 * sent to a client that does not read.
 */
void progress_working(void *session, size_t done, size_t goal);
