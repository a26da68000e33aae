/* cmd/messagelimit.c: MESSAGELIMIT and SAVELIMIT (RFC 9738): what is announced, and the search keys that go with them */
#include "search.h"

static uint64_t message_limit(const struct session *s)
{
	return s->config.message_limit;
}

static uint64_t save_limit(const struct session *s)
{
	return s->config.save_limit;
}

/* SP uniqueid: what is above it, or below it, as one range; none if there can be nothing. */
static bool parse_range(struct search_parse *p, struct search_key *key, bool above)
{
	uint32_t uid;

	if (!p_sp(p->cursor) || !p_nz_number(p->cursor, &uid))
		return false;
	key->ranges = arena_alloc(p->cursor->arena, sizeof *key->ranges);
	*key->ranges = above ? (struct seq){ uid + 1, UINT32_MAX } : (struct seq){ 1, uid - 1 };
	key->nranges = uid != (above ? UINT32_MAX : 1);
	return true;
}

static bool parse_after(struct search_parse *p, struct search_key *key)
{
	return parse_range(p, key, true);
}

static bool parse_before(struct search_parse *p, struct search_key *key)
{
	return parse_range(p, key, false);
}

static const struct search_row keys[] = {
	{ "UIDAFTER",  COST_NONE, parse_after,  search_match_set },
	{ "UIDBEFORE", COST_NONE, parse_before, search_match_set },
	{ 0 },
};
const struct extension ext_messagelimit = {
	.rfc = 9738,
	.capability = "MESSAGELIMIT=",
	.limit = message_limit,
	.search = keys,
};
const struct extension ext_savelimit = { .rfc = 9738, .capability = "SAVELIMIT=", .limit = save_limit };
