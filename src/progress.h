/* progress.h: telling a client that has to wait that work goes on (RFC 9585) */
#pragma once
#include "session.h"

struct progress {
	struct str tag;		/* of the command */
	uint64_t goal;		/* how much there is to do; 0: that is not known */
	uint64_t told_ms;	/* when it was told last, or began */
};

void progress_begin(struct progress *p, struct str tag, uint64_t goal);
/* "* OK [INPROGRESS (tag done goal)]", sent at once, if it is time. Only where a response may begin. done < goal. */
void progress_tell(struct session *s, struct progress *p, uint64_t done);
