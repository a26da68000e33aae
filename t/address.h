/* t/address.h: address lists as text, for tests */
#pragma once
#include "base/buf.h"
#include "mail/address.h"

static inline void t_show(struct buf *b, struct str s)
{
	if (s.s)
		buf_str(b, s);
	else
		buf_z(b, "NIL");
}

/* name/route/mailbox/host; for each */
static inline void t_show_list(struct buf *b, const struct addresses *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct str strs[] = { list->v[i].name, list->v[i].route, list->v[i].mailbox, list->v[i].host };

		for (size_t k = 0; k < COUNT(strs); k++) {
			t_show(b, strs[k]);
			buf_c(b, k < 3 ? '/' : ';');
		}
	}
}
