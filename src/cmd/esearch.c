/* cmd/esearch.c: what SEARCH can be asked to return (RFC 4731, RFC 5182); the keys of WITHIN (RFC 5032) */
#include "base/clock.h"
#include "results.h"
#include "search.h"

static void write_min(struct session *s, const struct results *r, struct arena *a)
{
	(void)a;
	if (r->n == 0)
		return;
	w_atom(&s->out, "MIN");
	w_number(&s->out, results_number(r, 0));
}

static void write_max(struct session *s, const struct results *r, struct arena *a)
{
	(void)a;
	if (r->n == 0)
		return;
	w_atom(&s->out, "MAX");
	w_number(&s->out, results_number(r, r->n - 1));
}

static void write_all(struct session *s, const struct results *r, struct arena *a)
{
	if (r->n == 0)
		return;
	w_atom(&s->out, "ALL");
	w_sequence_set(&s->out, results_set(r, 0, r->n, a));
}

static void write_count(struct session *s, const struct results *r, struct arena *a)
{
	(void)a;
	w_atom(&s->out, "COUNT");
	w_number(&s->out, r->n);
}

static const struct return_row esearch[] = {
	{ "MIN",   RETURN_MIN,	 NULL, write_min   },
	{ "MAX",   RETURN_MAX,	 NULL, write_max   },
	{ "COUNT", RETURN_COUNT, NULL, write_count },
	{ "ALL",   RETURN_ALL,	 NULL, write_all   },
	{ 0 },
};
const struct extension ext_esearch = { .rfc = 4731, .capability = "ESEARCH", .returns = esearch };

static const struct return_row searchres[] = {
	{ "SAVE", RETURN_SAVE, NULL, NULL },
	{ 0 },
};
const struct extension ext_searchres = { .rfc = 5182, .capability = "SEARCHRES", .returns = searchres };

/* SP nz-number: seconds, as the moment that many seconds ago. */
static bool parse_interval(struct search_parse *p, struct search_key *key)
{
	uint32_t seconds;

	if (!p_sp(p->cursor) || !p_nz_number(p->cursor, &seconds))
		return false;
	key->moment = (int64_t)clock_unix() - seconds;
	return true;
}

static int match_older(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = fetching_need(f, NEEDS_DATE);

	(void)s;
	return r < 0 ? r : f->date <= key->moment;
}

static int match_younger(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = fetching_need(f, NEEDS_DATE);

	(void)s;
	return r < 0 ? r : f->date >= key->moment;
}

static const struct search_row within[] = {
	{ "OLDER",   COST_STAT, parse_interval, match_older   },
	{ "YOUNGER", COST_STAT, parse_interval, match_younger },
	{ 0 },
};
const struct extension ext_within = { .rfc = 5032, .capability = "WITHIN", .search = within };
