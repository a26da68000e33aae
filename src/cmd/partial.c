/* cmd/partial.c: PARTIAL: some of the results of SEARCH and SORT, some messages of FETCH (RFC 9394) */
#include "fetch.h"
#include "results.h"

static bool parse_option(struct cursor *c, struct returns *r)
{
	return p_sp(c) && p_partial_range(c, &r->range);
}

/* "PARTIAL" SP "(" partial-range SP partial-results ")" */
static void write_partial(struct session *s, const struct results *r, struct arena *a)
{
	const struct range range = r->returns.range;
	const char *minus = range.from_end ? "-" : "";
	size_t from, to;

	range_of(range, r->n, &from, &to);
	w_atom(&s->out, "PARTIAL");
	w_open(&s->out);
	w_atom(&s->out, arena_printf(a, "%s%u:%s%u", minus, range.a, minus, range.b));
	if (from < to)
		w_sequence_set(&s->out, results_set(r, from, to, a));
	else
		w_nil(&s->out);
	w_close(&s->out);
}

static const struct return_row partial[] = {
	{ "PARTIAL", RETURN_PARTIAL, parse_option, write_partial },
	{ 0 },
};
static bool parse_modifier(struct cursor *c, struct fetch_request *f)
{
	return p_sp(c) && p_partial_range(c, &f->range);
}

/* Comes before CHANGEDSINCE (RFC 9394 3.4), since its extension does. */
static const char *apply(struct session *s, struct arena *a, struct fetch_request *f)
{
	size_t from, to;

	(void)s, (void)a;
	range_of(f->range, f->n, &from, &to);
	f->uids += from;
	f->n = to - from;
	return NULL;
}

static const struct fetch_modifier_row fetch_modifiers[] = {
	{ "PARTIAL", parse_modifier, apply },
	{ 0 },
};
const struct extension ext_partial = {
	.rfc = 9394,
	.capability = "PARTIAL",
	.returns = partial,
	.fetch_modifiers = fetch_modifiers,
};
