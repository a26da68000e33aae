/* cmd/fuzzy.c: SEARCH=FUZZY: what is searched for need not be quite the same (RFC 6203) */
#include "results.h"
#include "search.h"

/* SP search-key; below it texts are compared by mail/fuzzy.h, and all else as ever. */
static bool parse_fuzzy(struct search_parse *p, struct search_key *key)
{
	bool ok;

	p->has_fuzzy = true;
	p->fuzzy++;
	ok = p_sp(p->cursor) && search_parse_key(p, &key->a);
	p->fuzzy--;
	return ok;
}

static int match_fuzzy(struct session *s, struct fetching *f, const struct search_key *key)
{
	return search_match(s, f, key->a);
}

static const struct search_row keys[] = {
	{ "FUZZY", COST_NONE, parse_fuzzy, match_fuzzy },
	{ 0 },
};

/* "RELEVANCY" SP score-list: of those that PARTIAL gives, or of all */
static void write_relevancy(struct session *s, const struct results *r, struct arena *a)
{
	size_t from = 0, to = r->n;

	(void)a;
	if (r->returns.options & RETURN_PARTIAL)
		range_of(r->returns.range, r->n, &from, &to);
	if (from == to)
		return;
	w_atom(&s->out, "RELEVANCY");
	w_open(&s->out);
	for (size_t i = from; i < to; i++)
		w_number(&s->out, r->scores[i]);
	w_close(&s->out);
}

static const struct return_row returns[] = {
	{ "RELEVANCY", RETURN_RELEVANCY, NULL, write_relevancy },
	{ 0 },
};

/* The highest score first. */
static int64_t relevancy(const struct fetching *f)
{
	return -(int64_t)search_score(f);
}

static const struct sort_row sort[] = {
	{ .name = "RELEVANCY", .number = relevancy, .by_score = true },
	{ 0 },
};
const struct extension ext_fuzzy = {
	.rfc = 6203,
	.capability = "SEARCH=FUZZY",
	.search = keys,
	.returns = returns,
	.sort = sort,
};
