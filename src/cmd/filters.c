/* cmd/filters.c: FILTERS: searches by name, kept as metadata of the account (RFC 5466) */
#include "maildir/metadata.h"
#include "search.h"

/* What is kept under that name: one's own before the one for all. */
static bool find(const struct search_parse *p, struct str name, struct str *ret)
{
	static const char *const places[] = { "/private/filters/values/", "/shared/filters/values/" };

	for (size_t place = 0; place < COUNT(places); place++)
		for (size_t i = 0; i < p->nentries; i++) {
			const struct str entry = p->entries[i].name, top = str_z(places[place]);

			if (!str_starts(entry, top) || !str_ieq(str_from(entry, top.n), name))
				continue;
			if (!p->entries[i].value.s)	/* about to be removed */
				break;
			*ret = p->entries[i].value;
			return true;
		}
	return false;
}

/* The keys of a value, all of it. Filters in filters are bounded by SEARCH_DEPTH and SEARCH_KEYS, also those in a circle. */
static bool parse_value(struct search_parse *p, struct str value, struct search_key **ret)
{
	struct cursor *outer = p->cursor, inner;
	bool ok;

	cursor_init(&inner, outer->arena, value);
	inner.utf8 = true;
	p->cursor = &inner;
	ok = search_parse_list(p, ret) && p_end(&inner);
	p->cursor = outer;
	return ok;
}

/* SP filter-name; stands for the keys as if in parentheses, so that it is one key also behind NOT and OR */
static bool parse_filter(struct search_parse *p, struct search_key *key)
{
	struct str name, value;

	if (!p_sp(p->cursor) || !p_atom(p->cursor, &name))
		return false;
	if (!p->filtered && metadata_read(p->session->store.account, NULL, p->cursor->arena, &p->entries, &p->nentries) < 0)
		p->nentries = 0;
	p->filtered = true;
	if (find(p, name, &value) ? parse_value(p, value, &key->a) : p->checking)
		return true;
	if (!p->undefined.s)
		p->undefined = name;
	return false;
}

static int match_filter(struct session *s, struct fetching *f, const struct search_key *key)
{
	return search_match(s, f, key->a);
}

static const struct search_row keys[] = {
	{ "FILTER", COST_NONE, parse_filter, match_filter },
	{ 0 },
};
const struct extension ext_filters = { .rfc = 5466, .capability = "FILTERS", .search = keys };
