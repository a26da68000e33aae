/* section.h: what "[1.2.HEADER]" means of a message: octets of its file, or fields put together (RFC 9051 6.4.5.1) */
#pragma once
#include "fetch.h"

struct piece {
	off_t from, to;		/* stored octets of the file */
	bool body;		/* for the log; else it is of a header section */
	bool in_text;		/* it is this instead, as sent */
	struct buf text;
};

/* Opens and parses as much of the message as it takes. -ENOENT if it has no such section, or another negative errno. */
int section_find(struct fetching *f, const struct section *section, struct piece *ret);
/* Whether it is made of nothing but FACT_FIELDS. */
bool section_is_kept(const struct section *section);
void piece_release(struct piece *p);	/* for _cleanup_ */
