/* sort.c: the order of SORT (RFC 5256) */
#define _GNU_SOURCE
#include <stdlib.h>
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

struct sort_value *sorting_values(struct sorting *s, struct fetching *f)
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

bool sorting_add(void *sorting, struct fetching *f)
{
	struct sorting *s = sorting;

	s->v = arena_grow(s->arena, s->v, s->n + 1, sizeof *s->v);
	s->v[s->n++] = (struct sorted){ .uid = f->uid, .score = search_score(f), .values = sorting_values(s, f) };
	return true;
}

struct sort_value *sort_values_copy(const struct sort_order *order, const struct sort_value *values, struct arena *a)
{
	struct sort_value *copy = arena_alloc(a, order->n * sizeof *copy);

	for (size_t i = 0; i < order->n; i++)
		copy[i] = (struct sort_value){ .number = values[i].number, .text = arena_str(a, values[i].text) };
	return copy;
}

int sort_compare(const void *sorted, const void *other, void *data)
{
	const struct sorted *a = sorted, *b = other;
	const struct sort_order *order = data;

	for (size_t i = 0; i < order->n; i++) {
		const struct sort_value *v = &a->values[i], *w = &b->values[i];
		const bool text = order->v[i].row->text, backwards = text && order->comparator.backwards;
		const int r = text ? str_cmp(v->text, w->text) : (v->number > w->number) - (v->number < w->number);

		if (r)
			return order->v[i].reverse != backwards ? -r : r;
	}
	return (a->uid > b->uid) - (a->uid < b->uid);
}

uint32_t *sorting_finish(struct sorting *s)
{
	uint32_t *uids = arena_alloc(s->arena, s->n * sizeof *uids);

	if (s->n)
		qsort_r(s->v, s->n, sizeof *s->v, sort_compare, &s->order);
	for (size_t i = 0; i < s->n; i++)
		uids[i] = s->v[i].uid;
	return uids;
}
