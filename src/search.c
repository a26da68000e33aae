/* search.c: what a client looks for, and whether a message is it (RFC 9051 6.4.4) */
#include <stdlib.h>
#include "mail/charset.h"
#include "mail/fold.h"
#include "search.h"
#include "view.h"

static int by_value(const void *x, const void *y)
{
	const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

int search_match_set(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return bsearch(&f->uid, key->uids, key->nuids, sizeof *key->uids, by_value) != NULL;
}

/* "(" search-key *(SP search-key) ")" */
static int match_list(struct session *s, struct fetching *f, const struct search_key *key)
{
	return search_match(s, f, key->a);
}

static const struct search_row row_list = { .name = "(", .match = match_list };
static const struct search_row row_set = { .name = "sequence-set", .match = search_match_set };

/* Numbers past the end mean nothing here, as clients expect of a question. */
static bool parse_set(struct search_parse *p, struct search_key *key)
{
	struct seqset set;

	return p_sequence_set(p->cursor, &set) &&
	       view_resolve(p->session->view, set, BY_QUESTION, p->cursor->arena, &key->uids, &key->nuids);
}

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
	if (!key->row) {
		p_back(p->cursor, start);
		return p_expected(p->cursor, "a search key");
	}
	key->cost = key->row->cost;
	return !key->row->parse || key->row->parse(p, key) || p_back(p->cursor, start);
}

bool search_parse_key(struct search_parse *p, struct search_key **ret)
{
	struct search_key *key = arena_alloc(p->cursor->arena, sizeof *key);
	const char first = p->cursor->rest.n ? p->cursor->rest.s[0] : 0;
	bool ok;

	if (++p->keys > SEARCH_KEYS || p->levels >= SEARCH_DEPTH)
		return p_expected(p->cursor, "fewer search keys");
	p->levels++;
	if (first == '(') {
		key->row = &row_list;
		ok = parse_parenthesized(p, key);
	} else if (ascii_digit(first) || first == '*') {
		key->row = &row_set;
		ok = parse_set(p, key);
	} else {
		ok = parse_named(p, key);
	}
	p->levels--;
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
	fold_utf8(&folded, buf_view(&utf8));
	key->needle = arena_str(a, buf_view(&folded));
	return true;
}

bool search_prepare(struct search_key **list, struct str charset, struct arena *a)
{
	struct search_key *sorted = NULL, *next;

	for (struct search_key *key = *list; key; key = next) {
		next = key->next;
		key->next = NULL;
		if (key->text && !fold_needle(key, charset, a))
			return false;
		if (key->a && !search_prepare(&key->a, charset, a))
			return false;
		if (key->b && !search_prepare(&key->b, charset, a))
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

int search_match(struct session *s, struct fetching *f, const struct search_key *list)
{
	int r = 1;

	for (const struct search_key *key = list; key && r > 0; key = key->next)
		r = key->row->match(s, f, key);
	return r;
}

void search_run(struct session *s, const struct search_key *list, struct arena *a, uint32_t **ret, size_t *ret_n)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	uint32_t *uids = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s->view->uids.n; i++) {
		struct fetching f;
		int r = fetching_begin(&f, s->view->box, s->view->uids.v[i], &scratch);

		if (r < 0)
			continue;
		r = search_match(s, &f, list);
		fetching_end(&f);
		arena_reset(&scratch);
		if (r <= 0)
			continue;
		uids = arena_grow(a, uids, n + 1, sizeof *uids);
		uids[n++] = f.uid;
	}
	*ret = uids;
	*ret_n = n;
}
