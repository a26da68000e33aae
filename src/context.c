/* context.c: searches whose results are kept, and told when they change (RFC 5267 4.3) */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "context.h"

struct context {
	struct context *next;
	struct arena arena;		/* of what was asked for */
	struct str tag, mailbox;
	bool by_uid;
	struct returns returns;
	struct search_key *keys;
	bool changes;			/* flags matter */
	uint32_t looked;		/* messages up to this UID have been compared */
	struct uids uids;		/* what the client has been told, ascending */
	bool sorted;
	struct sorting sorting;		/* the same in its order, with values in memory of their own; not if !sorted */
	struct arena values;
	size_t settled;			/* octets of values when they were last without gaps */
	/* Since the client was told: */
	struct uids leaving, joining;	/* ascending */
	struct uids fresh;		/* those of joining that are new in the mailbox */
	struct sorted *sorted_joining;
};

bool context_is(const struct session *s, struct str tag)
{
	for (const struct context *c = s->contexts; c; c = c->next)
		if (str_eq(c->tag, tag))
			return true;
	return false;
}

enum verdict cmd_tag_reuse(struct command *cmd)
{
	return cmd_bad(cmd, "Tag reuse: changes of another search are being told with it.");
}

static void context_free(struct context *c)
{
	arena_free(&c->arena);
	arena_free(&c->values);
	sorting_release(&c->sorting);
	free(c->uids.v);
	free(c->leaving.v);
	free(c->joining.v);
	free(c->fresh.v);
	free(c->sorted_joining);
	if (c->sorted)
		free(c->sorting.v);
	free(c);
}

void context_tell_refused(struct session *s, const struct returns *returns, struct str tag)
{
	if (!(returns->options & RETURN_UPDATE) || context_is(s, tag))
		return;
	w_untagged(&s->out);
	w_atom(&s->out, "NO");
	w_code_open(&s->out, "NOUPDATE");
	w_string(&s->out, tag);
	w_code_close(&s->out);
	w_text(&s->out, STR("Changes of this search will not be told"));
	w_crlf(&s->out);
}

static bool has_room(const struct session *s, bool sorted)
{
	size_t all = 0, with_order = 0;

	for (const struct context *c = s->contexts; c; c = c->next) {
		all++;
		with_order += c->sorted;
	}
	return all < CONTEXTS && (!sorted || with_order < CONTEXTS_SORTED);
}

/* [RETURN] [sort-criteria SP] the keys, into c's memory. */
static bool read_program(struct session *s, struct command program, struct context *c)
{
	struct search search;
	struct cursor *args = &program.args;

	args->arena = program.arena = &c->arena;
	args->rest = arena_str(&c->arena, args->rest);
	args->text = args->rest;
	if (!returns_parse(args, &c->returns) || (c->sorted && !(p_sort_order(s, args, &c->sorting.order) && p_sp(args))) ||
	    search_read_lasting(s, &program, s->view, c->sorted, &search) != OK)
		return false;
	c->keys = search.keys;
	c->changes = search_changes(c->keys);
	return true;
}

struct context *context_begin(struct session *s, const struct command *program, bool sorted, struct str mailbox)
{
	struct context **end = &s->contexts, *c = must_alloc(sizeof *c);

	*c = (struct context){ .sorted = sorted, .by_uid = mailbox.s || program->row->flags & BY_UID };
	c->sorting.arena = &c->values;
	if (!has_room(s, sorted) || !read_program(s, *program, c)) {
		context_free(c);
		return NULL;
	}
	c->tag = arena_str(&c->arena, program->tag);
	if (mailbox.s)
		c->mailbox = arena_str(&c->arena, mailbox);
	c->looked = s->view->last;
	while (*end)
		end = &(*end)->next;
	*end = c;
	s->view->follows = true;
	return c;
}

void context_found(struct context *c, const uint32_t *uids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		uids_push(&c->uids, uids[i]);
}

struct arena *context_arena(struct context *c)
{
	return &c->values;
}

void context_sorted(struct context *c, const struct sorting *sorting)
{
	c->sorting.n = sorting->n;
	c->sorting.v = must_alloc((sorting->n + 1) * sizeof *sorting->v);
	for (size_t i = 0; i < sorting->n; i++) {
		c->sorting.v[i] = sorting->v[i];
		uids_push(&c->uids, sorting->v[i].uid);
	}
	c->uids.n = uids_sort(c->uids.v, c->uids.n);
	c->settled = arena_used(&c->values);
}

bool context_cancel(struct session *s, struct strs tags)
{
	for (size_t i = 0; i < tags.n; i++)
		if (!context_is(s, tags.v[i]))
			return false;
	for (struct context **at = &s->contexts; *at;) {
		struct context *c = *at;
		size_t i = 0;

		while (i < tags.n && !str_eq(tags.v[i], c->tag))
			i++;
		if (i == tags.n) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		context_free(c);
	}
	if (!s->contexts) {
		s->view->follows = false;
		s->view->touched.n = 0;
	}
	return true;
}

void contexts_free(struct session *s)
{
	while (s->contexts) {
		struct context *c = s->contexts;

		s->contexts = c->next;
		context_free(c);
	}
}

/* ---- telling ---- */

/* "(" position SP set *(SP position SP set) ")" of those of r that change has. Each pair is done before the next, so what is to be
 * removed has moved down by then (4.3.3, 4.3.4).
 */
static void write_pairs(struct session *s, const struct results *r, const struct uids *change, bool removing, struct arena *a)
{
	size_t done = 0, to;

	w_open(&s->out);
	for (size_t i = 0; i < r->n; i = to + 1) {
		for (to = i; to < r->n && uids_have(change, r->uids[to]); to++)
			;
		if (to == i)
			continue;
		w_number(&s->out, i + 1 - (removing ? done : 0));
		w_sequence_set(&s->out, results_set(r, i, to, a));
		done += to - i;
	}
	w_close(&s->out);
}

/* Without an order of its own, 0 is position enough. */
static void write_set(struct session *s, struct results *r, const struct uids *change, struct arena *a)
{
	r->uids = change->v;
	w_open(&s->out);
	w_number(&s->out, 0);
	w_sequence_set(&s->out, results_set(r, 0, change->n, a));
	w_close(&s->out);
}

static void write_change(struct session *s, struct context *c, struct results *r, const struct uids *change, bool removing,
			 struct arena *a)
{
	uint32_t *uids;

	if (change->n == 0)
		return;
	w_atom(&s->out, removing ? "REMOVEFROM" : "ADDTO");
	if (!c->sorted) {
		write_set(s, r, change, a);
		return;
	}
	r->n = c->sorting.n;
	r->uids = uids = arena_alloc(a, r->n * sizeof *uids);
	for (size_t i = 0; i < r->n; i++)
		uids[i] = c->sorting.v[i].uid;
	write_pairs(s, r, change, removing, a);
}

/* Values of messages that have left are garbage, which goes when there is as much of it as of the others. */
static void settle_values(struct context *c)
{
	struct arena values = { 0 };

	if (arena_used(&c->values) < 2 * c->settled + 65536)
		return;
	for (size_t i = 0; i < c->sorting.n; i++)
		c->sorting.v[i].values = sort_values_copy(&c->sorting.order, c->sorting.v[i].values, &values);
	arena_free(&c->values);
	c->values = values;
	c->settled = arena_used(&c->values);
}

static void remove_leaving(struct context *c)
{
	size_t left = 0;

	uids_remove(&c->uids, c->leaving.v, c->leaving.n);
	for (size_t i = 0; i < c->sorting.n; i++)
		if (!uids_have(&c->leaving, c->sorting.v[i].uid))
			c->sorting.v[left++] = c->sorting.v[i];
	c->sorting.n = left;
}

static void add_joining(struct context *c)
{
	const size_t new = c->joining.n, old = c->sorting.n;
	struct sorting *s = &c->sorting;
	size_t i = 0, j = 0;
	struct sorted *both;

	uids_add(&c->uids, &c->joining);
	if (!c->sorted || new == 0)
		return;
	qsort_r(c->sorted_joining, new, sizeof *c->sorted_joining, sort_compare, &s->order);
	both = must_alloc((old + new) * sizeof *both);
	while (i < old || j < new)
		if (j == new || (i < old && sort_compare(&s->v[i], &c->sorted_joining[j], &s->order) < 0)) {
			both[i + j] = s->v[i];
			i++;
		} else {
			both[i + j] = c->sorted_joining[j];
			j++;
		}
	free(s->v);
	s->v = both;
	s->n = old + new;
}

/* RFC 5465 7: what UPDATE asks for of each new message. */
static void tell_items(struct session *s, const struct context *c, struct arena *a)
{
	for (size_t i = 0; c->returns.nitems && i < c->fresh.n && !s->conn.error; i++) {
		struct fetching f;

		if (fetching_begin(&f, s->view->box, c->fresh.v[i], a) == 0)
			fetch_tell(s, &f, c->returns.items, c->returns.nitems, TELLS_UID);
		fetching_end(&f);
	}
}

static void tell(struct session *s, struct context *c)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct results r = { .view = s->view, .tag = c->tag, .mailbox = c->mailbox, .by_uid = c->by_uid || s->enabled & ON_UIDONLY };

	if (c->leaving.n + c->joining.n == 0)
		return;
	tell_items(s, c, &a);
	results_begin(s, &r);
	write_change(s, c, &r, &c->leaving, true, &a);
	remove_leaving(c);
	add_joining(c);
	write_change(s, c, &r, &c->joining, false, &a);
	w_crlf(&s->out);
	c->leaving.n = c->joining.n = c->fresh.n = 0;
	settle_values(c);
	conn_flush_some(&s->conn, 65536);
}

void contexts_tell_gone(struct session *s)
{
	const struct uids *gone = &s->view->gone;

	for (struct context *c = s->contexts; c; c = c->next) {
		for (size_t i = 0; i < gone->n; i++)
			if (uids_have(&c->uids, gone->v[i]))
				uids_push(&c->leaving, gone->v[i]);
		tell(s, c);
	}
}

/* ---- comparing ---- */

static void join(struct context *c, struct fetching *f)
{
	if (c->sorted) {
		c->sorted_joining = must_realloc(c->sorted_joining, (c->joining.n + 1) * sizeof *c->sorted_joining);
		c->sorted_joining[c->joining.n] = sorting_one(&c->sorting, f);
	}
	uids_push(&c->joining, f->uid);
	if (f->uid > c->looked)
		uids_push(&c->fresh, f->uid);
}

/* One whose file can't be read stays what it was. */
static void compare(struct session *s, struct context *c, struct fetching *f)
{
	const bool was = uids_have(&c->uids, f->uid);
	int r;

	if (f->uid <= c->looked && !c->changes)
		return;
	f->score = f->scores = 0;
	r = search_match(s, f, c->keys);
	if (r > 0 && !was)
		join(c, f);
	else if (r == 0 && was)
		uids_push(&c->leaving, f->uid);
	c->looked = MAX(c->looked, f->uid);
}

/* What it has cost to compare a message, in octets. */
static uint64_t cost(const struct fetching *f)
{
	enum { OPEN = 16384 };

	if (!(f->have & NEEDS_FILE))
		return 0;
	return OPEN + (f->have & (NEEDS_PARTS | NEEDS_SIZE | NEEDS_DIGEST) ? (uint64_t)f->file_size : 0);
}

void contexts_tell(struct session *s)
{
	enum { AT_ONCE = 64 << 20 };	/* the client waits no longer than for so much to be read; the rest can be told later */
	_cleanup_(arena_free) struct arena a = { 0 };
	struct uids *touched = &s->view->touched;
	uint64_t spent = 0;
	size_t done = 0;

	touched->n = uids_sort(touched->v, touched->n);
	for (; done < touched->n && spent < AT_ONCE; done++) {
		struct fetching f;

		if (fetching_begin(&f, s->view->box, touched->v[done], &a) == 0)
			for (struct context *c = s->contexts; c; c = c->next)
				compare(s, c, &f);
		spent += cost(&f);
		fetching_end(&f);
		arena_reset(&a);
	}
	if (done)
		memmove(touched->v, touched->v + done, (touched->n - done) * sizeof *touched->v);
	touched->n -= done;
	for (struct context *c = s->contexts; c; c = c->next)
		tell(s, c);
}
