/* sort.c: the order of SORT (RFC 5256) */
#define _GNU_SOURCE
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "mail/fold.h"
#include "search.h"
#include "sort.h"

struct sort_value {
	int64_t number;
	struct str text;	/* folded */
};

static bool p_criterion(struct cursor *c, struct sort_criterion *ret)
{
	const struct str start = c->rest;
	struct sort_criterion criterion = { .reverse = p_word(c, "REVERSE") };
	struct str name;

	if ((criterion.reverse && !p_sp(c)) || !p_atom(c, &name))
		return p_back(c, start);
	criterion.row = sort_row_find(name);
	if (!criterion.row)
		return p_unknown(c, start, "a sort criterion");
	*ret = criterion;
	return true;
}

static bool has(const struct sort_order *order, const struct sort_row *row)
{
	for (size_t i = 0; i < order->n; i++)
		if (order->v[i].row == row)
			return true;
	return false;
}

bool p_sort_order(const struct session *s, struct cursor *c, struct sort_order *ret)
{
	struct sort_order order = { .comparator = s->comparator };
	struct sort_criterion criterion;

	if (!p_char(c, '('))
		return false;
	do {
		if (!p_criterion(c, &criterion))
			return false;
		if (has(&order, criterion.row))
			continue;
		if (order.n == SORT_CRITERIA)
			return p_expected(c, "fewer sort criteria");
		order.v[order.n++] = criterion;
	} while (p_sp(c));
	if (!p_char(c, ')'))
		return false;
	*ret = order;
	return true;
}

void sorting_release(struct sorting *s)
{
	buf_release(&s->text);
	buf_release(&s->folded);
}

/* The row, or the one for comparators that its fact is not made for. */
static const struct sort_row *row_for(const struct sort_order *order, size_t i)
{
	const struct sort_row *row = order->v[i].row;

	return row->unfolded && order->comparator.collation != I_UNICODE_CASEMAP ? row->unfolded : row;
}

static struct str folded(struct sorting *s, const struct sort_row *row, struct fetching *f)
{
	buf_clear(&s->text);
	buf_clear(&s->folded);
	row->text(f, &s->text);
	if (row->unfolded)
		return arena_str(s->arena, buf_view(&s->text));
	fold_to_order(&s->folded, s->order.comparator.collation, buf_view(&s->text), SORT_TEXT);
	return arena_str(s->arena, str_head(buf_view(&s->folded), SORT_TEXT));
}

static struct sort_value *values_of(struct sorting *s, struct fetching *f)
{
	struct sort_value *values = arena_alloc(s->arena, s->order.n * sizeof *values);

	for (size_t i = 0; i < s->order.n; i++) {
		const struct sort_row *row = row_for(&s->order, i);

		if (fetching_need(f, row->needs) < 0)
			continue;
		if (row->text)
			values[i].text = folded(s, row, f);
		else
			values[i].number = row->number(f);
	}
	return values;
}

/* Whether greater values of a criterion come first. */
static bool is_reversed(const struct sort_order *order, size_t i)
{
	const struct sort_criterion *criterion = &order->v[i];

	return criterion->reverse != (criterion->row->text && order->comparator.backwards);
}

static uint64_t key_of(const struct sort_order *order, const struct sort_value *value)
{
	uint64_t key = 0;

	if (order->v[0].row->text) {
		if (value->text.n)
			memcpy(&key, value->text.s, MIN(value->text.n, sizeof key));
		key = be64toh(key);
	} else {
		key = (uint64_t)value->number ^ UINT64_C(1) << 63;
	}
	return is_reversed(order, 0) ? ~key : key;
}

struct sorted sorting_one(struct sorting *s, struct fetching *f)
{
	struct sort_value *values = values_of(s, f);

	return (struct sorted){ .key = key_of(&s->order, values), .uid = f->uid, .score = search_score(f), .values = values };
}

bool sorting_add(void *sorting, struct fetching *f)
{
	struct sorting *s = sorting;

	s->v = arena_grow(s->arena, s->v, s->n + 1, sizeof *s->v);
	s->v[s->n++] = sorting_one(s, f);
	return true;
}

struct sort_value *sort_values_copy(const struct sort_order *order, const struct sort_value *values, struct arena *a)
{
	struct sort_value *copy = arena_alloc(a, order->n * sizeof *copy);

	for (size_t i = 0; i < order->n; i++)
		copy[i] = (struct sort_value){ .number = values[i].number, .text = arena_str(a, values[i].text) };
	return copy;
}

static int compare_values(const struct sorted *a, const struct sorted *b, const struct sort_order *order)
{
	for (size_t i = 0; i < order->n; i++) {
		const struct sort_value *v = &a->values[i], *w = &b->values[i];
		const int r = order->v[i].row->text ? str_cmp(v->text, w->text) : (v->number > w->number) - (v->number < w->number);

		if (r)
			return is_reversed(order, i) ? -r : r;
	}
	return (a->uid > b->uid) - (a->uid < b->uid);
}

int sort_compare(const void *sorted, const void *other, void *order)
{
	const struct sorted *a = sorted, *b = other;

	return a->key == b->key ? compare_values(a, b, order) : a->key > b->key ? 1 : -1;
}

/* By one octet of their keys; those with the same one stay in the order in which they were. False: all have the same. */
static bool sort_by_octet(const struct sorted *v, size_t n, unsigned shift, struct sorted *ret)
{
	size_t places[257] = { 0 };	/* of the next one with that octet */

	for (size_t i = 0; i < n; i++)
		places[1 + (v[i].key >> shift & 0xff)]++;
	if (places[1 + (v[0].key >> shift & 0xff)] == n)
		return false;
	for (size_t octet = 1; octet < 256; octet++)
		places[octet] += places[octet - 1];
	for (size_t i = 0; i < n; i++)
		ret[places[v[i].key >> shift & 0xff]++] = v[i];
	return true;
}

/* By their keys, from the last octet to the first, which takes no comparing; then, by all values, those whose keys are the same. */
static void sort_all(struct sorting *s)
{
	struct sorted *other = (void *)arena_room(s->arena, s->n * sizeof *other), *v = s->v;

	for (unsigned shift = 0; s->n && shift < 64; shift += 8)
		if (sort_by_octet(v, s->n, shift, other)) {
			s->v = other;
			other = v;
			v = s->v;
		}
	for (size_t from = 0, to; from < s->n; from = to) {
		for (to = from + 1; to < s->n && v[to].key == v[from].key; to++)
			;
		if (to - from > 1)
			qsort_r(v + from, to - from, sizeof *v, sort_compare, &s->order);
	}
}

uint32_t *sorting_finish(struct sorting *s)
{
	uint32_t *uids = arena_alloc(s->arena, s->n * sizeof *uids);

	sort_all(s);
	for (size_t i = 0; i < s->n; i++)
		uids[i] = s->v[i].uid;
	return uids;
}
