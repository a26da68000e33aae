/* view.c: what this client has been told of the folder it has selected */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "view.h"

struct view *view_new(struct maildir *box, bool readonly)
{
	struct view *v = must_alloc(sizeof *v);

	*v = (struct view){ .box = box, .readonly = readonly, .gone_modseq = UINT64_MAX };
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	maildir_close(v->box);
	free(v->uids.v);
	free(v->gone.v);
	free(v->changed.v);
	free(v->recent.v);
	free(v->saved.v);
	free(v);
}

/* Where uid is, or would be, in an ascending array. */
static size_t place(const uint32_t *uids, size_t n, uint32_t uid)
{
	size_t from = 0;

	while (n) {
		const size_t half = n / 2;

		if (uids[from + half] < uid) {
			from += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return from;
}

static bool is_in(const uint32_t *uids, size_t n, uint32_t uid)
{
	const size_t at = place(uids, n, uid);

	return at < n && uids[at] == uid;
}

static void push(struct uids *u, uint32_t uid)
{
	if (u->n == u->size) {
		u->size = MAX(u->size * 2, (size_t)64);
		u->v = must_realloc(u->v, u->size * sizeof *u->v);
	}
	u->v[u->n++] = uid;
}

/* Keeps u ascending, and uid in it once. False if it was there already. */
static bool insert(struct uids *u, uint32_t uid)
{
	const size_t at = place(u->v, u->n, uid);

	if (at < u->n && u->v[at] == uid)
		return false;
	push(u, uid);
	memmove(u->v + at + 1, u->v + at, (u->n - 1 - at) * sizeof *u->v);
	u->v[at] = uid;
	return true;
}

uint32_t view_number(const struct view *v, uint32_t uid)
{
	const size_t at = place(v->uids.v, v->uids.n, uid);

	return at < v->uids.n && v->uids.v[at] == uid ? (uint32_t)at + 1 : 0;
}

size_t view_position(const struct view *v, uint32_t uid)
{
	return place(v->uids.v, v->uids.n, uid);
}

bool view_recent(const struct view *v, uint32_t uid)
{
	return is_in(v->recent.v, v->recent.n, uid);
}

void view_begin(struct view *v)
{
	for (size_t i = 0; i < maildir_count(v->box); i++) {
		const struct message *m = maildir_at(v->box, i);

		push(&v->uids, m->uid);
		if (m->recent)
			push(&v->recent, m->uid);
	}
	maildir_events_clear(v->box);
	v->told_modseq = v->client_modseq = maildir_highestmodseq(v->box);
}

static void absorb_new(struct view *v, const struct md_event *e)
{
	if (!maildir_message(v->box, e->uid) || view_number(v, e->uid))
		return;
	assert(v->uids.n == 0 || e->uid > v->uids.v[v->uids.n - 1]);
	push(&v->uids, e->uid);
	if (v->idle)
		push(&v->changed, e->uid);
	if (e->recent)
		insert(&v->recent, e->uid);
}

static void absorb_change(struct view *v, const struct md_event *e, uint64_t silent)
{
	const bool became_recent = e->recent && insert(&v->recent, e->uid);

	if (e->modseq != silent || became_recent)
		push(&v->changed, e->uid);
}

void view_absorb(struct view *v, uint64_t silent)
{
	size_t n;
	const struct md_event *e = maildir_events(v->box, &n);

	for (; n--; e++) {
		if (e->what == MD_NEW)
			absorb_new(v, e);
		else if (e->what == MD_CHANGED)
			absorb_change(v, e, silent);
		else if (view_number(v, e->uid)) {
			push(&v->gone, e->uid);
			v->gone_modseq = MIN(v->gone_modseq, e->modseq);
		}
	}
	maildir_events_clear(v->box);
}

void view_told(struct view *v, const uint32_t *uids, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < v->changed.n; i++)
		if (!is_in(uids, n, v->changed.v[i]))
			v->changed.v[left++] = v->changed.v[i];
	v->changed.n = left;
}

static int by_value(const void *x, const void *y)
{
	const uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

size_t uids_sort(uint32_t *v, size_t n)
{
	size_t once = 0;

	if (n)
		qsort(v, n, sizeof *v, by_value);
	for (size_t i = 0; i < n; i++)
		if (once == 0 || v[i] != v[once - 1])
			v[once++] = v[i];
	return once;
}

/* Takes gone out of u; both ascending. */
static void remove_all(struct uids *u, const uint32_t *gone, size_t ngone)
{
	size_t from, to;

	if (ngone == 0 || u->n == 0)
		return;
	from = to = place(u->v, u->n, gone[0]);
	for (size_t g = 0; from < u->n; from++) {
		while (g < ngone && gone[g] < u->v[from])
			g++;
		if (g == ngone || gone[g] != u->v[from])
			u->v[to++] = u->v[from];
	}
	u->n = to;
}

void view_forget_gone(struct view *v, struct arena *a, uint32_t **ret_numbers, uint32_t **ret_uids, size_t *ret_n)
{
	uint32_t *numbers = arena_alloc(a, v->gone.n * sizeof *numbers);
	uint32_t *uids = arena_alloc(a, v->gone.n * sizeof *uids);
	size_t n = 0, told = 0;

	v->gone.n = uids_sort(v->gone.v, v->gone.n);
	for (size_t i = 0; i < v->gone.n; i++) {
		const uint32_t number = view_number(v, v->gone.v[i]);

		if (number == 0)
			continue;
		told += number <= v->told;
		uids[n] = v->gone.v[i];
		numbers[n] = number - (uint32_t)n;
		n++;
	}
	v->told -= told;
	remove_all(&v->uids, uids, n);
	remove_all(&v->recent, uids, n);
	remove_all(&v->saved, uids, n);
	v->gone.n = 0;
	v->gone_modseq = UINT64_MAX;
	*ret_numbers = numbers;
	*ret_uids = uids;
	*ret_n = told;
}

void view_save(struct view *v, const uint32_t *uids, size_t n)
{
	v->saved.n = 0;
	for (size_t i = 0; i < n; i++)
		push(&v->saved, uids[i]);
}

static void resolve_saved(const struct view *v, struct arena *a, uint32_t **ret_uids, size_t *ret_n)
{
	uint32_t *uids = arena_alloc(a, v->saved.n * sizeof *uids);
	size_t n = 0;

	for (size_t i = 0; i < v->saved.n; i++)
		if (maildir_message(v->box, v->saved.v[i]))
			uids[n++] = v->saved.v[i];
	*ret_uids = uids;
	*ret_n = n;
}

static int by_start(const void *x, const void *y)
{
	const struct seq *a = x, *b = y;

	return (a->a > b->a) - (a->a < b->a);
}

/* The ranges of a set in order, with the lower end first and last for "*". */
static struct seq *in_order(struct seqset set, uint32_t last, struct arena *a)
{
	struct seq *v = arena_alloc(a, set.n * sizeof *v);

	for (size_t i = 0; i < set.n; i++) {
		const uint32_t x = set.v[i].a ? set.v[i].a : last;
		const uint32_t y = set.v[i].b ? set.v[i].b : last;

		v[i] = (struct seq){ MIN(x, y), MAX(x, y) };
	}
	qsort(v, set.n, sizeof *v, by_start);
	return v;
}

/* Turns a range of numbers or UIDs into positions [a, b) in the view, none before done. */
static struct seq positions(const struct view *v, struct seq range, enum resolve how, uint32_t done)
{
	size_t from = range.a - (range.a > 0), to = MIN(range.b, v->uids.n);

	if (how == BY_UIDS) {
		from = place(v->uids.v, v->uids.n, range.a);
		to = place(v->uids.v, v->uids.n, range.b);
		to += to < v->uids.n && v->uids.v[to] == range.b;
	}
	from = MAX(from, done);
	return (struct seq){ (uint32_t)from, (uint32_t)MAX(from, to) };
}

/* Turns all ranges into positions, ascending and disjoint; NULL for a mistake. */
static struct seq *all_positions(const struct view *v, struct seqset set, enum resolve how, struct arena *a)
{
	const uint32_t last = v->uids.n == 0 ? 0 : how == BY_UIDS ? v->uids.v[v->uids.n - 1] : (uint32_t)v->uids.n;
	struct seq *ranges = in_order(set, last, a);
	uint32_t done = 0;

	for (size_t i = 0; i < set.n; i++) {
		if (how == BY_NUMBER && ranges[i].b > v->uids.n && (v->uids.n || ranges[i].a))
			return NULL;
		ranges[i] = positions(v, ranges[i], how, done);
		done = ranges[i].b;
	}
	return ranges;
}

bool view_resolve(const struct view *v, struct seqset set, enum resolve how, struct arena *a, uint32_t **ret_uids,
		  size_t *ret_n)
{
	const struct seq *ranges;
	uint32_t *uids;
	size_t n = 0;

	if (set.saved) {
		resolve_saved(v, a, ret_uids, ret_n);
		return true;
	}
	ranges = all_positions(v, set, how, a);
	if (!ranges)
		return false;
	for (size_t i = 0; i < set.n; i++)
		n += ranges[i].b - ranges[i].a;
	uids = arena_alloc(a, n * sizeof *uids);
	n = 0;
	for (size_t i = 0; i < set.n; i++) {
		if (ranges[i].b > ranges[i].a)
			memcpy(uids + n, v->uids.v + ranges[i].a, (ranges[i].b - ranges[i].a) * sizeof *uids);
		n += ranges[i].b - ranges[i].a;
	}
	*ret_uids = uids;
	*ret_n = n;
	return true;
}

struct seq *view_ranges(const struct view *v, struct seqset set, enum resolve how, struct arena *a, size_t *ret_n)
{
	struct seq *ranges = all_positions(v, set, how, a);
	size_t n = 0;

	assert(!set.saved && how != BY_NUMBER);
	for (size_t i = 0; i < set.n; i++)
		if (ranges[i].b > ranges[i].a)
			ranges[n++] = (struct seq){ v->uids.v[ranges[i].a], v->uids.v[ranges[i].b - 1] };
	*ret_n = n;
	return ranges;
}

bool view_is_saved(const struct view *v, uint32_t uid)
{
	return is_in(v->saved.v, v->saved.n, uid);
}
