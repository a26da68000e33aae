/* cmd/condstore.c: CONDSTORE: mod-sequences of messages (RFC 7162 3.1) */
#include "command.h"
#include "fetch.h"
#include "search.h"
#include "status_of.h"
#include "sync.h"
#include "view.h"

static int write_modseq(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	sync_write_modseq(s, f->message);
	return 0;
}

static const struct fetch_row items[] = {
	{ "MODSEQ", TELLS_MODSEQ, NULL, write_modseq },
	{ 0 },
};

/* SP mod-sequence-value; 0 is taken, too, and is before all changes. */
static bool parse_changedsince(struct cursor *c, struct fetch_request *f)
{
	f->since = true;
	f->also |= TELLS_MODSEQ;
	return p_sp(c) && p_number64(c, &f->changedsince);
}

static const char *apply_changedsince(struct session *s, struct arena *a, struct fetch_request *f)
{
	size_t left = 0;

	(void)a;
	for (size_t i = 0; i < f->n; i++) {
		const struct message *m = maildir_message(s->view->box, f->uids[i]);

		if (m && m->modseq > f->changedsince)
			f->uids[left++] = f->uids[i];
	}
	f->n = left;
	return NULL;
}

static const struct fetch_modifier_row fetch_modifiers[] = {
	{ "CHANGEDSINCE", parse_changedsince, apply_changedsince },
	{ 0 },
};

/* SP mod-sequence-valzer */
static bool parse_unchangedsince(struct cursor *c, struct md_change *change)
{
	change->conditional = true;
	return p_sp(c) && p_number64(c, &change->unchangedsince);
}

static const struct store_modifier_row store_modifiers[] = {
	{ "UNCHANGEDSINCE", parse_unchangedsince },
	{ 0 },
};

/* entry-name SP entry-type-req SP: a flag, and whose. Both mean nothing here, since there is one mod-sequence for all that
 * is known of a message (RFC 7162 3.1.5).
 */
static bool p_entry(struct cursor *c)
{
	static const char *const types[] = { "priv", "shared", "all", NULL };
	struct str name;
	size_t type;

	if (!p_quoted(c, &name))
		return false;
	if (!str_istarts(name, STR("/flags/")) || name.n == STR("/flags/").n)
		return p_expected(c, "\"/flags/...\"");
	return p_sp(c) && p_one_of(c, types, &type) && p_sp(c);
}

static bool parse_modseq(struct search_parse *p, struct search_key *key)
{
	struct cursor *c = p->cursor;

	if (!p_sp(c) || (c->rest.n && c->rest.s[0] == '"' && !p_entry(c)))
		return false;
	p->modseq = true;
	return p_number64(c, &key->number);
}

static int match_modseq(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return f->message->modseq >= key->number;
}

static const struct search_row keys[] = {
	{ "MODSEQ", COST_NONE, parse_modseq, match_modseq },
	{ 0 },
};

static uint64_t highestmodseq(const struct status_of *of)
{
	return of->numbers.modseq;
}

static const struct status_row status[] = {
	{ .name = "HIGHESTMODSEQ", .value = highestmodseq },
	{ 0 },
};

static const struct select_row parameters[] = {
	{ "CONDSTORE", NULL, NULL },
	{ 0 },
};

const struct extension ext_condstore = {
	.rfc = 7162,
	.capability = "CONDSTORE",
	.enable = "CONDSTORE",
	.enable_bit = ON_CONDSTORE,
	.asking_enables = true,
	.fetch = items,
	.status = status,
	.search = keys,
	.select = parameters,
	.fetch_modifiers = fetch_modifiers,
	.store_modifiers = store_modifiers,
};
