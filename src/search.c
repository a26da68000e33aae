/* search.c: what a client looks for, and whether a message is it (RFC 9051 6.4.4) */
#include <stdlib.h>
#include "ahead.h"
#include "limit.h"
#include "maildir/metadata.h"
#include "mail/charset.h"
#include "mail/fold.h"
#include "mail/fuzzy.h"
#include "progress.h"
#include "search.h"
#include "sync.h"
#include "view.h"

static int by_range(const void *x, const void *y)
{
	const uint32_t uid = *(const uint32_t *)x;
	const struct seq *range = y;

	return (uid > range->b) - (uid < range->a);
}

int search_match_set(struct session *s, struct fetching *f, const struct search_key *key)
{
	if (key->saved)
		return view_is_saved(s->view, f->uid);
	return key->nranges && bsearch(&f->uid, key->ranges, key->nranges, sizeof *key->ranges, by_range) != NULL;
}

int search_match_unseen(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s, (void)key;
	return !(f->message->flags & MD_SEEN);
}

static void take_ranges(struct search_key *key, struct uidset *set)
{
	uidset_settle(set);
	key->saved = false;
	key->ranges = set->v;
	key->nranges = set->n;
}

/* What "$" means now, once for all keys: it may be long. */
static void lasting_saved(struct search_parse *p, struct search_key *key)
{
	const struct uids *saved = &p->view->saved;

	if (!p->now_saved) {
		p->now_saved = arena_alloc(p->cursor->arena, sizeof *p->now_saved);
		uidset_init(p->now_saved, p->cursor->arena);
		for (size_t i = 0; i < saved->n; i++)
			uidset_add(p->now_saved, saved->v[i]);
	}
	take_ranges(key, p->now_saved);
}

/* UIDs also of messages to come: "*" is the last one now, and any that will be. */
static void lasting_uids(struct search_parse *p, struct seqset set, struct search_key *key)
{
	struct uidset uids;

	uidset_init(&uids, p->cursor->arena);
	seqset_resolve(set, p->view->n ? view_uid(p->view, p->view->n - 1) : 0, &uids);
	seqset_resolve(set, UINT32_MAX, &uids);
	take_ranges(key, &uids);
}

bool search_parse_set(struct search_parse *p, struct search_key *key, enum resolve how)
{
	struct seqset set;

	if (!p_sequence_set(p->cursor, &set))
		return false;
	key->saved = set.saved;
	p->saved |= set.saved;
	p->numbers |= !set.saved && how != BY_UIDS;
	if (p->lasting && set.saved)
		lasting_saved(p, key);
	else if (p->lasting && how == BY_UIDS)
		lasting_uids(p, set, key);
	else if (!set.saved)
		key->ranges = view_ranges(p->view, set, how, p->cursor->arena, &key->nranges);
	return true;
}

/* "(" search-key *(SP search-key) ")" */
static int match_list(struct session *s, struct fetching *f, const struct search_key *key)
{
	return search_match(s, f, key->a);
}

static const struct search_row row_list = { .name = "(", .match = match_list };
static const struct search_row row_set = { .name = "sequence-set", .match = search_match_set };

static bool parse_parenthesized(struct search_parse *p, struct search_key *key)
{
	return p_char(p->cursor, '(') && search_parse_list(p, &key->a) && p_char(p->cursor, ')');
}

static bool parse_named(struct search_parse *p, struct search_key *key)
{
	const struct str start = p->cursor->rest;
	struct str name;

	if (!p_atom(p->cursor, &name))
		return false;
	key->row = search_row_find(name);
	if (!key->row)
		return p_unknown(p->cursor, start, "a search key");
	key->cost = key->row->cost;
	return !key->row->parse || key->row->parse(p, key) || p_back(p->cursor, start);
}

bool search_parse_key(struct search_parse *p, struct search_key **ret)
{
	struct search_key *key = arena_alloc(p->cursor->arena, sizeof *key);
	const char first = p->cursor->rest.n ? p->cursor->rest.s[0] : 0;
	bool ok;

	key->collation = p->fuzzy ? I_UNICODE_CASEMAP : p->session->comparator.collation;
	if (++p->keys > SEARCH_KEYS || p->levels >= SEARCH_DEPTH)
		return p_expected(p->cursor, "fewer search keys");
	p->levels++;
	if (first == '(') {
		key->row = &row_list;
		ok = parse_parenthesized(p, key);
	} else if (ascii_digit(first) || first == '*' || first == '$') {
		key->row = &row_set;
		/* Numbers past the end mean nothing here, as clients expect of a question. */
		ok = search_parse_set(p, key, BY_QUESTION);
	} else {
		ok = parse_named(p, key);
	}
	p->levels--;
	if (key->text && p->fuzzy)
		key->fuzzy = arena_alloc(p->cursor->arena, sizeof *key->fuzzy);
	if (ok)
		*ret = key;
	return ok;
}

bool search_parse_list(struct search_parse *p, struct search_key **ret)
{
	struct search_key *first = NULL, **last = &first;

	do {
		if (!search_parse_key(p, last))
			return false;
		last = &(*last)->next;
	} while (p_sp(p->cursor));
	*ret = first;
	return true;
}

/* Puts key into the list before the first one that costs more. */
static void insert(struct search_key **list, struct search_key *key)
{
	while (*list && (*list)->cost <= key->cost)
		list = &(*list)->next;
	key->next = *list;
	*list = key;
}

static bool fold_needle(struct search_key *key, struct str charset, struct arena *a)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 }, folded = { 0 };

	if (!charset_to_utf8(&utf8, charset, key->needle))
		return false;
	fold(&folded, key->collation, buf_view(&utf8));
	key->needle = arena_str(a, buf_view(&folded));
	if (key->fuzzy) {
		fuzzy_init(key->fuzzy, key->needle);
		key->fuzzy = key->fuzzy->n ? key->fuzzy : NULL;
	}
	return true;
}

/* Makes the needles comparable, and puts cheap keys before dear ones. False if a needle is not in that charset. */
static bool prepare(struct search_key **list, struct str charset, struct arena *a)
{
	struct search_key *sorted = NULL, *next;

	for (struct search_key *key = *list; key; key = next) {
		next = key->next;
		key->next = NULL;
		if (key->text && !fold_needle(key, charset, a))
			return false;
		if (key->a && !prepare(&key->a, charset, a))
			return false;
		if (key->b && !prepare(&key->b, charset, a))
			return false;
		for (const struct search_key *below = key->a; below; below = below->next)
			key->cost = MAX(key->cost, below->cost);
		for (const struct search_key *below = key->b; below; below = below->next)
			key->cost = MAX(key->cost, below->cost);
		insert(&sorted, key);
	}
	*list = sorted;
	return true;
}

static int match_until(struct session *s, struct fetching *f, const struct search_key *list, const struct search_key *end)
{
	int r = 1;

	for (const struct search_key *key = list; key != end && r > 0; key = key->next)
		r = key->row->match(s, f, key);
	return r;
}

int search_match(struct session *s, struct fetching *f, const struct search_key *list)
{
	return match_until(s, f, list, NULL);
}

static enum verdict cmd_undefined(struct command *cmd, struct str filter)
{
	return cmd_no(cmd, arena_printf(cmd->arena, "UNDEFINED-FILTER %.*s", (int)filter.n, filter.s),
		      "There is no such filter, or it is no search.");
}

static enum verdict read_keys(struct session *s, struct command *cmd, const struct view *v, bool charset_comes_first,
			      bool lasting, struct search *ret)
{
	struct search_parse parse = { .session = s, .view = v, .cursor = &cmd->args, .lasting = lasting };
	struct str charset = STR("UTF-8");
	struct cursor *c = &cmd->args;
	struct search_key *keys;

	if (!charset_comes_first && s->enabled & ON_UTF8 && p_word(c, "CHARSET"))	/* RFC 6855 3 */
		return cmd_bad(cmd, "With UTF8=ACCEPT enabled all text is UTF-8.");
	if ((charset_comes_first || (p_word(c, "CHARSET") && p_sp(c))) && !(p_astring(c, &charset) && p_sp(c)))
		return cmd_syntax(cmd);
	if (!charset_known(charset))
		return cmd_no(cmd, "BADCHARSET (US-ASCII UTF-8)", "That charset is not known here.");
	if (!search_parse_list(&parse, &keys) || !p_end(c))
		return parse.undefined.s ? cmd_undefined(cmd, parse.undefined) : cmd_syntax(cmd);
	if (parse.filtered) {	/* which are in UTF-8 (RFC 5466 3.1) */
		if (!str_ieq(charset, STR("UTF-8")) && !str_ieq(charset, STR("US-ASCII")))
			return cmd_bad_code(cmd, "BADCHARSET (US-ASCII UTF-8)", "Filters are in UTF-8.");
		charset = STR("UTF-8");
	}
	if (!prepare(&keys, charset, cmd->arena))
		return cmd_bad(cmd, "A text is not in the charset that was named.");
	if (parse.numbers && s->enabled & ON_UIDONLY)	/* RFC 9586 3.5 */
		return cmd_uidrequired(cmd);
	cmd->keeps_numbers = parse.numbers;	/* RFC 7162 3.2.10.2 */
	if (parse.modseq)
		sync_enable(s, ON_CONDSTORE);
	*ret = (struct search){ .keys = keys, .modseq = parse.modseq, .saved = parse.saved, .fuzzy = parse.has_fuzzy, .tag = cmd->tag };
	return OK;
}

bool search_is_filter(struct session *s, struct arena *a, struct str value, const struct metadata *changes, size_t n)
{
	static const struct view nothing;
	struct metadata *kept = NULL, *all;
	struct search_key *keys;
	struct cursor c;
	struct search_parse parse = { .session = s, .view = &nothing, .cursor = &c, .filtered = true, .checking = true };
	size_t nkept = 0;

	if (metadata_read(s->store.account, NULL, a, &kept, &nkept) < 0)
		nkept = 0;
	parse.entries = all = arena_alloc(a, (n + nkept) * sizeof *all);
	for (size_t i = 0; i < n; i++)
		all[parse.nentries++] = changes[n - 1 - i];	/* of which the last counts */
	for (size_t i = 0; i < nkept; i++)
		all[parse.nentries++] = kept[i];
	cursor_init(&c, a, value);
	c.utf8 = true;
	return search_parse_list(&parse, &keys) && p_end(&c) && prepare(&keys, STR("UTF-8"), a);
}

enum verdict search_read(struct session *s, struct command *cmd, const struct view *v, bool charset_comes_first,
			 struct search *ret)
{
	return read_keys(s, cmd, v, charset_comes_first, false, ret);
}

enum verdict search_read_lasting(struct session *s, struct command *cmd, const struct view *v, bool charset_comes_first,
				 struct search *ret)
{
	return read_keys(s, cmd, v, charset_comes_first, true, ret);
}

/* What is cheap to ask is about flags, but for sets and for keys that are made of others. */
bool search_changes(const struct search_key *list)
{
	for (const struct search_key *key = list; key; key = key->next) {
		if (key->a || key->b) {
			if (search_changes(key->a) || search_changes(key->b))
				return true;
		} else if (key->row->cost == COST_NONE && key->row->match != search_match_set) {
			return true;
		}
	}
	return false;
}

/* Whether all sets of the list have the message. */
static bool is_in_sets(struct session *s, struct fetching *f, const struct search_key *list)
{
	for (const struct search_key *key = list; key; key = key->next)
		if ((key->row == &row_list && !is_in_sets(s, f, key->a)) ||
		    (key->row->match == search_match_set && !search_match_set(s, f, key)))
			return false;
	return true;
}

bool search_limit(struct session *s, struct command *cmd, struct search *search)
{
	const struct view *all = s->view;
	uint32_t *uids;
	size_t n = 0;

	if (s->config.message_limit == 0 || all->n <= s->config.message_limit)
		return false;
	uids = arena_alloc(cmd->arena, all->n * sizeof *uids);
	for (size_t i = 0; i < all->n; i++) {
		struct fetching f = { .uid = view_uid(all, i) };

		if (is_in_sets(s, &f, search->keys))
			uids[n++] = f.uid;
	}
	if (!limit_messages(s, cmd, &uids, &n))
		return false;
	search->from = uids[0];
	return true;
}

/* Narrows the positions from *first up to *end to those between which all messages are that can match. */
static void narrow(const struct view *v, const struct search_key *list, size_t *first, size_t *end)
{
	for (const struct search_key *key = list; key; key = key->next) {
		const struct seq *set = key->row->match == search_match_set && !key->saved ? key->ranges : NULL;

		if (key->row == &row_list)
			narrow(v, key->a, first, end);
		if (key->row->match == search_match_unseen) {
			const size_t unseen = maildir_first_unseen(v->box);

			*first = MAX(*first, unseen < maildir_count(v->box) ? view_position(v, maildir_at(v->box, unseen)->uid) : v->n);
		}
		if (set && key->nranges) {
			const uint32_t last = set[key->nranges - 1].b;

			*first = MAX(*first, view_position(v, set[0].a));
			*end = last < UINT32_MAX ? MIN(*end, view_position(v, last + 1)) : *end;
		}
	}
}

unsigned search_needs(const struct search_key *list)
{
	unsigned needs = 0;

	for (const struct search_key *key = list; key; key = key->next)
		needs |= key->needs | (key->a ? search_needs(key->a) : 0) | (key->b ? search_needs(key->b) : 0);
	return needs;
}

/* Has facts made ahead of those of the n messages from position first that cheap keys, up to dear, find. */
static struct ahead *begin_ahead(struct session *s, const struct view *v, const struct search *search, const struct search_key *dear,
				 size_t first, size_t n, struct uids *ret)
{
	struct fetching glance = { .box = v->box, .fd = -1 };

	if (!ahead_pays(v->box, n, n ? view_uid(v, first + n / 2) : 0, search->needs, s->out.utf8))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		glance.message = view_message(v, first + i);
		glance.uid = glance.message ? glance.message->uid : 0;
		if (glance.message && match_until(s, &glance, search->keys, dear) > 0)
			uids_push(ret, glance.uid);
	}
	return ahead_begin(v->box, ret->v, ret->n, search->needs, s->out.utf8);
}

/* Which cheap keys find may have changed since: *next is the first candidate that may still come. */
static void take_ahead(struct ahead *ahead, const struct uids *candidates, size_t *next, struct fetching *f)
{
	while (ahead && *next < candidates->n && candidates->v[*next] < f->uid)
		++*next;
	if (ahead && *next < candidates->n && candidates->v[*next] == f->uid)
		ahead_take(ahead, *next, f);
}

/* bare: found wants no more than which message it is, so one that cheap keys have found needs no more. */
static void walk(struct session *s, const struct view *v, const struct search *search, bool backwards, bool bare,
		 bool (*found)(void *data, struct fetching *f), void *data)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	const struct search_key *dear = search->keys;
	size_t first = search->from ? view_position(v, search->from) : 0, end = v->n, n;
	struct fetching f, glance = { .box = v->box, .fd = -1 };
	struct progress progress;
	struct ahead *ahead = NULL;
	struct uids candidates = { 0 };
	size_t next = 0;
	bool more = true;

	while (dear && dear->cost == COST_NONE)
		dear = dear->next;
	if (v->n)
		narrow(v, search->keys, &first, &end);
	n = end > first ? end - first : 0;
	progress_begin(&progress, search->tag, search->part ? 0 : n);
	if (search->needs && !backwards)
		ahead = begin_ahead(s, v, search, dear, first, n, &candidates);
	for (size_t i = 0; i < n && more && !s->conn.error; i++) {
		const struct message *message = view_message(v, first + (backwards ? n - 1 - i : i));

		if (!message)
			continue;
		glance.uid = message->uid;
		glance.message = message;
		if (match_until(s, &glance, search->keys, dear) <= 0)
			continue;
		progress_tell(s, &progress, i);
		if (bare && !dear) {
			more = found(data, &glance);
			continue;
		}
		fetching_of(&f, v->box, message, &scratch);
		take_ahead(ahead, &candidates, &next, &f);
		if (match_until(s, &f, dear, NULL) > 0)
			more = found(data, &f);
		fetching_end(&f);
		arena_reset(&scratch);
	}
	ahead_end(ahead);
	free(candidates.v);
}

void search_each(struct session *s, const struct view *v, const struct search *search, bool backwards,
		 bool (*found)(void *data, struct fetching *f), void *data)
{
	walk(s, v, search, backwards, false, found, data);
}

struct collection {
	struct arena *arena;
	size_t enough;
	uint32_t *uids;
	bool fuzzy;
	uint8_t *scores;
	size_t n;
};

static bool collect(void *data, struct fetching *f)
{
	struct collection *all = data;

	all->uids = arena_grow(all->arena, all->uids, all->n + 1, sizeof *all->uids);
	if (all->fuzzy) {
		all->scores = arena_grow(all->arena, all->scores, all->n + 1, 1);
		all->scores[all->n] = search_score(f);
	}
	all->uids[all->n++] = f->uid;
	return all->n != all->enough;
}

uint8_t search_score(const struct fetching *f)
{
	return (uint8_t)(f->scores ? f->score / f->scores : 100);
}

enum verdict cmd_not_fuzzy(struct command *cmd)
{
	return cmd_bad(cmd, "RELEVANCY is for searches with FUZZY.");
}

void search_run(struct session *s, const struct view *v, struct search *search, size_t enough, bool backwards,
		struct arena *a, uint32_t **ret, size_t *ret_n)
{
	struct collection all = { .arena = a, .enough = enough, .fuzzy = search->fuzzy };

	search->needs = enough ? 0 : search_needs(search->keys);
	walk(s, v, search, backwards, true, collect, &all);
	for (size_t i = 0; backwards && i < all.n / 2; i++) {
		const uint32_t uid = all.uids[i];

		all.uids[i] = all.uids[all.n - 1 - i];
		all.uids[all.n - 1 - i] = uid;
	}
	search->scores = all.scores;
	*ret = all.uids;
	*ret_n = all.n;
}
