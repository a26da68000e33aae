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

/* What is compared of a message, for which the row's needs are met; its text until the next call. */
static struct sort_value value_of(struct sorting *s, const struct sort_row *row, struct fetching *f)
{
	if (!row->text)
		return (struct sort_value){ .number = row->number(f) };
	buf_clear(&s->text);
	buf_clear(&s->folded);
	row->text(f, &s->text);
	if (row->unfolded)
		return (struct sort_value){ .text = buf_view(&s->text) };
	fold_to_order(&s->folded, s->order.comparator.collation, buf_view(&s->text), SORT_TEXT);
	return (struct sort_value){ .text = str_head(buf_view(&s->folded), SORT_TEXT) };
}

static int compare_value(const struct sort_value *v, const struct sort_value *w)
{
	return v->number == w->number ? str_cmp(v->text, w->text) : v->number > w->number ? 1 : -1;
}

static struct sort_value *no_values(const struct sorting *s)
{
	return arena_alloc(s->arena, s->order.n * sizeof(struct sort_value));
}

/* The value for the criterion of that number; what can't be read is as if it were empty. */
static struct sort_value read_value(struct sorting *s, struct fetching *f, size_t i)
{
	const struct sort_row *row = row_for(&s->order, i);
	struct sort_value value = { 0 };

	if (fetching_need(f, row->needs) < 0) {
		s->unread = true;
		return value;
	}
	value = value_of(s, row, f);
	value.text = arena_str(s->arena, value.text);
	return value;
}

/* For the criteria from the one of that number on; for others none. */
static struct sort_value *values_of(struct sorting *s, struct fetching *f, size_t from)
{
	struct sort_value *values = no_values(s);

	for (size_t i = from; i < s->order.n; i++)
		values[i] = read_value(s, f, i);
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
	struct sort_value *values = values_of(s, f, 0);

	return (struct sorted){ .key = key_of(&s->order, values), .uid = f->uid, .score = search_score(f), .values = values };
}

void sorting_rank(struct sorting *s, struct maildir *box)
{
	const struct sort_row *row = s->order.v[0].row;

	if (!row->ranked || (row->text && s->order.comparator.collation != I_UNICODE_CASEMAP) || !maildir_cache(box) ||
	    maildir_count(box) < RANKS_FROM)
		return;
	s->box = box;
	s->ranks = ranks_read(box, row, s->arena);
}

/* Ranks have gaps between them for those that have none. */
static struct sorted ranked(struct sorting *s, struct fetching *f, uint32_t rank)
{
	const uint64_t key = 2 * ((uint64_t)rank + 1);

	return (struct sorted){ .key = is_reversed(&s->order, 0) ? ~key : key, .uid = f->uid, .score = search_score(f),
				.values = s->order.n > 1 ? values_of(s, f, 1) : NULL };
}

static void push(struct arena *a, struct sorted **v, size_t *n, struct sorted one)
{
	*v = arena_grow(a, *v, *n + 1, sizeof **v);
	(*v)[(*n)++] = one;
}

bool sorting_add(void *sorting, struct fetching *f)
{
	struct sorting *s = sorting;
	uint32_t rank;

	if (s->ranks.n == 0)
		push(s->arena, &s->v, &s->n, sorting_one(s, f));
	else if (ranks_find(&s->ranks, s->box, f->message, &rank))
		push(s->arena, &s->v, &s->n, ranked(s, f, rank));
	else
		push(s->arena, &s->late, &s->nlate, sorting_one(s, f));
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
	for (size_t i = 0; a->values && b->values && i < order->n; i++) {
		const int r = compare_value(&a->values[i], &b->values[i]);

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

/* Those without a rank may be so many that to look for their places, or to write all ranks anew, is less work. */
static bool are_many(size_t late, size_t n)
{
	return late > 16 + n / 64;
}

/* How the first value of the message uid compares with this one: less than 0, 0, or more. */
static int compare_first(struct sorting *s, uint32_t uid, const struct sort_value *value, int *ret)
{
	const struct sort_row *row = row_for(&s->order, 0);
	_cleanup_(arena_free) struct arena scratch = { 0 };
	struct sort_value first;
	struct fetching f;
	int r = fetching_begin(&f, s->box, uid, &scratch);

	if (r == 0)
		r = fetching_need(&f, row->needs);
	if (r == 0) {
		first = value_of(s, row, &f);
		*ret = compare_value(&first, value);
	}
	fetching_end(&f);
	return r;
}

/* Gives one that has no rank the key of those in v that have its value; else one between theirs, and its value tells it from others there. */
static int place(struct sorting *s, struct sorted *late)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		const size_t half = from + (to - from) / 2;
		int order, r = compare_first(s, s->v[half].uid, late->values, &order);

		if (r < 0)
			return r;
		if (order == 0) {
			late->values[0] = (struct sort_value){ 0 };
			late->key = s->v[half].key;
			return 0;
		}
		if (is_reversed(&s->order, 0) ? order > 0 : order < 0)
			from = half + 1;
		else
			to = half;
	}
	late->key = from < s->n ? s->v[from].key - 1 : s->v[from - 1].key + 1;
	return 0;
}

/* False: their places can't be told, or it is not worth it. */
static bool place_late(struct sorting *s)
{
	if (are_many(s->nlate, s->n))
		return false;
	for (size_t i = 0; i < s->nlate; i++)
		if (place(s, &s->late[i]) < 0)
			return false;
	return true;
}

/* Does without ranks after all. Values for other criteria are there. */
static void read_first(struct sorting *s)
{
	for (size_t i = 0; i < s->n; i++) {
		_cleanup_(arena_free) struct arena scratch = { 0 };
		struct sorted *one = &s->v[i];
		struct fetching f;

		if (!one->values)
			one->values = no_values(s);
		if (fetching_begin(&f, s->box, one->uid, &scratch) == 0)
			one->values[0] = read_value(s, &f, 0);
		one->key = key_of(&s->order, one->values);
		fetching_end(&f);
	}
}

/* Puts those that have no rank among the others, which are in order. */
static void take_late(struct sorting *s)
{
	const bool none = s->n == 0, placed = !none && place_late(s);
	struct sorted *v = (void *)arena_room(s->arena, (s->n + s->nlate) * sizeof *v);

	if (!none)
		memcpy(v, s->v, s->n * sizeof *v);
	memcpy(v + s->n, s->late, s->nlate * sizeof *v);
	s->v = v;
	s->n += s->nlate;
	if (!none && !placed)
		read_first(s);
	sort_all(s);
}

/* Whether the first values of two are the same. */
static bool same_first(const struct sorted *a, const struct sorted *b)
{
	return a->key == b->key && (!a->values || !b->values || compare_value(a->values, b->values) == 0);
}

/* Leaves the ranks of these messages for the next time, if too few of them have one, and if they are more than those that would lose theirs. */
static void leave_ranks(struct sorting *s)
{
	const size_t late = s->ranks.n ? s->nlate : s->n;
	const struct sorted *before = NULL;
	uint32_t rank = 0;
	struct rank *v;

	if (!s->box || s->unread || s->n < RANKS_FROM || !are_many(late, s->n) || s->n <= ranks_count(&s->ranks, s->box))
		return;
	v = (void *)arena_room(s->arena, s->n * sizeof *v);
	for (size_t i = 0; i < s->n; i++) {
		const struct sorted *one = &s->v[is_reversed(&s->order, 0) ? s->n - 1 - i : i];

		rank += before && !same_first(before, one);
		v[i] = (struct rank){ .uid = one->uid, .rank = rank };
		before = one;
	}
	ranks_leave(v, s->n, s->box, s->order.v[0].row);
}

uint32_t *sorting_finish(struct sorting *s)
{
	uint32_t *uids;

	sort_all(s);
	if (s->nlate)
		take_late(s);
	leave_ranks(s);
	uids = arena_alloc(s->arena, s->n * sizeof *uids);
	for (size_t i = 0; i < s->n; i++)
		uids[i] = s->v[i].uid;
	return uids;
}

bool sort_ranks_right(struct maildir *box, const struct sort_row *row)
{
	_cleanup_(arena_free) struct arena a = { 0 }, scratch = { 0 };
	_cleanup_(sorting_release) struct sorting s = { .order = { .v = { { .row = row } }, .n = 1 }, .arena = &a };
	bool right = true;
	uint32_t rank;

	s.ranks = ranks_read(box, row, &a);
	for (size_t i = 0; s.ranks.n && i < maildir_count(box); i++) {
		const struct message *message = maildir_at(box, i);
		struct fetching f;

		if (!ranks_find(&s.ranks, box, message, &rank))
			continue;
		fetching_of(&f, box, message, &scratch);
		fetching_uncached(&f);
		push(&a, &s.v, &s.n, (struct sorted){ .key = rank, .uid = f.uid, .values = values_of(&s, &f, 0) });
		fetching_end(&f);
		arena_reset(&scratch);
	}
	sort_all(&s);
	for (size_t i = 1; i < s.n && right; i++) {
		const int r = compare_value(s.v[i - 1].values, s.v[i].values);

		right = s.v[i - 1].key == s.v[i].key ? r == 0 : r < 0;
	}
	return right || s.unread;
}
