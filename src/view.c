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
	free(v->gone.v);
	free(v->changed.v);
	free(v->recent.v);
	free(v->saved.v);
	free(v->touched.v);
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

void uids_push(struct uids *u, uint32_t uid)
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
	uids_push(u, uid);
	memmove(u->v + at + 1, u->v + at, (u->n - 1 - at) * sizeof *u->v);
	u->v[at] = uid;
	return true;
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

/* Looking for one message's file may show that others are gone, in the middle of a command. The client's numbers stay as they
 * are, so the view is the same; but what is not in the folder any more must be in gone.
 */
static void take_events(struct view *v)
{
	size_t n;
	const struct md_event *e = maildir_events(v->box, &n);
	bool in_order = true;

	for (; v->noticed < n; v->noticed++) {
		const uint32_t uid = e[v->noticed].uid;

		if (e[v->noticed].what != MD_EXPUNGED || uid > v->last)
			continue;
		in_order = in_order && (v->gone.n == 0 || v->gone.v[v->gone.n - 1] < uid);
		uids_push(&v->gone, uid);
		v->gone_modseq = MIN(v->gone_modseq, e[v->noticed].modseq);
	}
	if (!in_order)
		v->gone.n = uids_sort(v->gone.v, v->gone.n);
}

static void notice(const struct view *v)
{
	if (v->box && v->noticed < maildir_events_count(v->box))	/* without one it is a view of nothing at all */
		take_events((struct view *)(uintptr_t)v);
}

size_t view_position(const struct view *v, uint32_t uid)
{
	notice(v);
	return uid > v->last || v->n == 0 ? v->n : maildir_position(v->box, uid) + place(v->gone.v, v->gone.n, uid);
}

uint32_t view_number(const struct view *v, uint32_t uid)
{
	const size_t position = view_position(v, uid);

	if (uid > v->last || !(maildir_message(v->box, uid) || is_in(v->gone.v, v->gone.n, uid)))
		return 0;
	return (uint32_t)position + 1;
}

/* How many that are gone come before a position; *ret_gone: whether the one there is gone, too. */
static size_t gone_before(const struct view *v, size_t position, bool *ret_gone)
{
	size_t from = 0, to = v->gone.n;

	*ret_gone = false;
	while (from < to && !*ret_gone) {
		const size_t half = from + (to - from) / 2;
		const size_t at = maildir_position(v->box, v->gone.v[half]) + half;

		*ret_gone = at == position;
		if (at < position)
			from = half + 1;
		else
			to = half;
	}
	return *ret_gone ? to : from;
}

uint32_t view_uid(const struct view *v, size_t position)
{
	size_t before;
	bool gone;

	notice(v);
	before = gone_before(v, position, &gone);
	return gone ? v->gone.v[before] : maildir_at(v->box, position - before)->uid;
}

const struct message *view_message(const struct view *v, size_t position)
{
	size_t before;
	bool gone;

	notice(v);
	if (v->gone.n == 0)
		return maildir_at(v->box, position);
	before = gone_before(v, position, &gone);
	return gone ? NULL : maildir_at(v->box, position - before);
}

bool view_recent(const struct view *v, uint32_t uid)
{
	return is_in(v->recent.v, v->recent.n, uid);
}

void view_begin(struct view *v)
{
	const size_t n = maildir_count(v->box);

	for (size_t i = maildir_first_recent(v->box); i < n; i++)
		if (maildir_is_recent(v->box, maildir_at(v->box, i)))
			uids_push(&v->recent, maildir_at(v->box, i)->uid);
	v->n = n;
	v->last = n ? maildir_at(v->box, n - 1)->uid : 0;
	v->warmed = v->last;
	maildir_events_clear(v->box);
	v->noticed = 0;
	v->told_modseq = v->client_modseq = maildir_highestmodseq(v->box);
}

static void absorb_new(struct view *v, const struct md_event *e)
{
	if (e->uid <= v->last || !maildir_message(v->box, e->uid))
		return;
	v->n++;
	v->last = e->uid;
	if (v->idle)
		uids_push(&v->changed, e->uid);
	if (e->recent)
		insert(&v->recent, e->uid);
}

static void absorb_change(struct view *v, const struct md_event *e, uint64_t silent)
{
	const bool became_recent = e->recent && insert(&v->recent, e->uid);

	if (e->modseq != silent || became_recent)
		uids_push(&v->changed, e->uid);
}

void view_absorb(struct view *v, uint64_t silent)
{
	size_t n;
	const struct md_event *e = maildir_events(v->box, &n);

	notice(v);
	for (; n--; e++) {
		if (v->follows && e->what != MD_EXPUNGED)
			uids_push(&v->touched, e->uid);
		if (e->what == MD_NEW)
			absorb_new(v, e);
		else if (e->what == MD_CHANGED)
			absorb_change(v, e, silent);
	}
	maildir_events_clear(v->box);
	v->noticed = 0;
}

void view_told(struct view *v, const uint32_t *uids, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < v->changed.n; i++)
		if (!is_in(uids, n, v->changed.v[i]))
			v->changed.v[left++] = v->changed.v[i];
	v->changed.n = left;
}

bool uids_have(const struct uids *u, uint32_t uid)
{
	return is_in(u->v, u->n, uid);
}

/* From the end on, so that nothing is overwritten before it is read. */
void uids_add(struct uids *u, const struct uids *more)
{
	size_t old = u->n, new = more->n;

	for (size_t i = 0; i < new; i++)
		uids_push(u, 0);
	for (size_t to = u->n; new;)
		u->v[--to] = old && u->v[old - 1] > more->v[new - 1] ? u->v[--old] : more->v[--new];
}

void uids_remove(struct uids *u, const uint32_t *gone, size_t ngone)
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
	const size_t n = v->gone.n;
	uint32_t *numbers = arena_alloc(a, n * sizeof *numbers);
	uint32_t *uids = arena_alloc(a, n * sizeof *uids);
	size_t told = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t position = view_position(v, v->gone.v[i]);

		told += position < v->told;
		uids[i] = v->gone.v[i];
		numbers[i] = (uint32_t)(position + 1 - i);
	}
	v->told -= told;
	v->n -= n;
	uids_remove(&v->recent, uids, n);
	uids_remove(&v->saved, uids, n);
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
		uids_push(&v->saved, uids[i]);
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
	size_t from = range.a - (range.a > 0), to = MIN(range.b, v->n);

	if (how == BY_UIDS) {
		from = view_position(v, range.a);
		to = range.b < UINT32_MAX ? view_position(v, range.b + 1) : v->n;
	}
	from = MAX(from, done);
	return (struct seq){ (uint32_t)from, (uint32_t)MAX(from, to) };
}

/* Turns all ranges into positions, ascending and disjoint; NULL for a mistake. */
static struct seq *all_positions(const struct view *v, struct seqset set, enum resolve how, struct arena *a)
{
	const uint32_t last = v->n == 0 ? 0 : how == BY_UIDS ? view_uid(v, v->n - 1) : (uint32_t)v->n;
	struct seq *ranges = in_order(set, last, a);
	uint32_t done = 0;

	for (size_t i = 0; i < set.n; i++) {
		if (how == BY_NUMBER && ranges[i].b > v->n && (v->n || ranges[i].a))
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
	for (size_t i = 0; i < set.n; i++)
		for (size_t at = ranges[i].a; at < ranges[i].b; at++)
			uids[n++] = view_uid(v, at);
	*ret_uids = uids;
	*ret_n = n;
	return true;
}

/* Between two that the client has been told of there is none that it has not. */
bool view_resolve_changed(const struct view *v, struct seqset set, enum resolve how, uint64_t modseq, struct arena *a,
			  uint32_t **ret_uids, size_t *ret_n)
{
	_cleanup_(buf_release) struct buf uids = { 0 };
	const struct seq *ranges = set.saved ? NULL : all_positions(v, set, how, a);

	if (!ranges && !set.saved)
		return false;
	for (size_t i = 0; ranges && i < set.n; i++)
		if (ranges[i].b > ranges[i].a)
			maildir_changed(v->box, modseq, (struct md_range){ view_uid(v, ranges[i].a), view_uid(v, ranges[i].b - 1) }, &uids);
	for (size_t i = 0; set.saved && i < v->saved.n; i++)
		maildir_changed(v->box, modseq, (struct md_range){ v->saved.v[i], v->saved.v[i] }, &uids);
	*ret_n = uids.n / sizeof **ret_uids;
	*ret_uids = arena_alloc(a, uids.n);
	if (uids.n)
		memcpy(*ret_uids, uids.s, uids.n);
	return true;
}

struct seq *view_ranges(const struct view *v, struct seqset set, enum resolve how, struct arena *a, size_t *ret_n)
{
	struct seq *ranges = all_positions(v, set, how, a);
	size_t n = 0;

	assert(!set.saved && how != BY_NUMBER);
	for (size_t i = 0; i < set.n; i++)
		if (ranges[i].b > ranges[i].a)
			ranges[n++] = (struct seq){ view_uid(v, ranges[i].a), view_uid(v, ranges[i].b - 1) };
	*ret_n = n;
	return ranges;
}

bool view_is_saved(const struct view *v, uint32_t uid)
{
	return is_in(v->saved.v, v->saved.n, uid);
}
