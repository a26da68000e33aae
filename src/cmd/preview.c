/* cmd/preview.c: PREVIEW (RFC 8970) */
#include "command.h"
#include "fetch.h"

enum { LAZY_MAX = 4 * 1024 * 1024 };	/* octets of a message whose parts are looked for without undue delay */

/* [SP "(" "LAZY" *(SP "LAZY") ")"]; another list in parentheses is not ours. */
static bool parse_preview(struct cursor *c, struct fetch_item *item)
{
	const struct str start = c->rest;

	item->lazy = false;
	if (!p_sp(c) || !p_char(c, '(') || !p_word(c, "LAZY")) {
		c->rest = start;
		return true;
	}
	while (p_sp(c))
		if (!p_word(c, "LAZY"))
			return p_back(c, start);
	item->lazy = true;
	item->needs = NEEDS_FILE;
	return p_char(c, ')') || p_back(c, start);
}

static int write_preview(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	int r;

	w_atom(&s->out, "PREVIEW");
	if (item->lazy && f->file_size > LAZY_MAX && !(f->have & NEEDS_PARTS) && !fetching_knows(f, FACT_PREVIEW)) {
		w_nil(&s->out);
		return 0;
	}
	r = fetching_need(f, NEEDS_PREVIEW);
	w_string(&s->out, f->facts[FACT_PREVIEW]);
	return r;
}

static const struct fetch_row items[] = {
	{ "PREVIEW", NEEDS_PREVIEW, parse_preview, write_preview },
	{ 0 },
};
const struct extension ext_preview = { .rfc = 8970, .capability = "PREVIEW", .fetch = items };
