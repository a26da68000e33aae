/* thread.c: which message answers which (THREAD, RFC 5256 3) */
#include <assert.h>
#include "thread.h"

void threading_add(struct threading *t, struct thread_message message)
{
	struct thread_message *m = arena_alloc(t->arena, sizeof *m);

	*m = message;
	t->v = arena_grow(t->arena, t->v, t->n + 1, sizeof *t->v);
	t->v[t->n++] = m;
}

/* All nodes of a threading. */
struct nodes {
	struct threading *threading;
	struct thread **v;	/* of the messages in their order, then those that are not there */
	size_t n;
	struct thread **by_id;	/* by interned Message-ID */
};

static struct thread *new_node(struct nodes *nodes, const struct thread_message *message)
{
	struct arena *a = nodes->threading->arena;
	struct thread *x = arena_alloc(a, sizeof *x);

	x->message = message;
	x->place = nodes->n;
	nodes->v = arena_grow(a, nodes->v, nodes->n + 1, sizeof *nodes->v);
	return nodes->v[nodes->n++] = x;
}

/* The one with that Message-ID; made, if there is none (RFC 5256 3, (1)(A)). */
static struct thread *node_of(struct nodes *nodes, uint32_t id)
{
	if (!nodes->by_id[id])
		nodes->by_id[id] = new_node(nodes, NULL);
	return nodes->by_id[id];
}

/* Makes child, that has no parent, a child of parent; unless there would be a loop. */
static void link_to(struct thread *child, struct thread *parent)
{
	if (child == parent || (child->children && tree_root(&parent->tree) == &child->tree))
		return;
	tree_link(&child->tree, &parent->tree);
	child->parent = parent;
	parent->children++;
}

static void unlink_from_parent(struct thread *child)
{
	tree_cut(&child->tree);
	child->parent->children--;
	child->parent = NULL;
}

/* RFC 5256 3, REFERENCES (1). */
static void link_all(struct nodes *nodes)
{
	const struct threading *t = nodes->threading;

	for (size_t i = 0; i < t->n; i++) {
		struct thread *x = new_node(nodes, t->v[i]);
		const uint32_t id = t->v[i]->id;

		if (id && !nodes->by_id[id])
			nodes->by_id[id] = x;
	}
	for (size_t i = 0; i < t->n; i++) {
		struct thread *x = nodes->v[i], *before = NULL;

		for (size_t k = 0; k < t->v[i]->nreferences; k++) {
			struct thread *y = node_of(nodes, t->v[i]->references[k]);

			if (before && !y->parent)
				link_to(y, before);
			before = y;
		}
		if (x->parent)
			unlink_from_parent(x);
		if (before)
			link_to(x, before);
	}
}

static void adopt(struct thread *child, struct thread *parent)
{
	child->parent = parent;
	child->next = parent->child;
	parent->child = child;
	parent->children++;
}

/* Nodes in an order in which parents come before their children; their lists of children are made for it. */
static struct thread **from_the_top(struct nodes *nodes)
{
	struct thread **order = arena_alloc(nodes->threading->arena, nodes->n * sizeof *order);
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++) {
		struct thread *x = nodes->v[i];

		if (x->parent)
			adopt(x, x->parent);
		else
			order[n++] = x;
	}
	for (size_t i = 0; i < n; i++)
		for (struct thread *child = order[i]->child; child; child = child->next)
			order[n++] = child;
	assert(n == nodes->n);
	return order;
}

/* (3): those that are not there go, and their children take their place; but at the top only an only child does. */
static void prune(struct nodes *nodes, struct thread *const *order)
{
	for (size_t i = 0; i < nodes->n; i++) {
		struct thread *x = order[i];

		x->stays = x->message || !x->parent ? x : x->parent->stays;
		x->child = x->next = NULL;
		x->children = 0;
	}
	for (size_t i = 0; i < nodes->n; i++) {
		struct thread *x = nodes->v[i];

		if (x->message && x->parent)
			adopt(x, x->parent->stays);
	}
	for (size_t i = 0; i < nodes->n; i++) {
		struct thread *x = nodes->v[i];

		if (!x->message && !x->parent && x->children == 1) {
			x->child->parent = NULL;
			x->child = NULL;
			x->children = 0;
		}
	}
}

static bool comes_first(const struct thread *x, const struct thread *y)
{
	return x->date != y->date ? x->date < y->date : x->place < y->place;
}

/* Two lists that are in order, as one. */
static struct thread *merge(struct thread *x, struct thread *y)
{
	struct thread *first = NULL, **last = &first;

	while (x && y) {
		struct thread **from = comes_first(y, x) ? &y : &x;

		*last = *from;
		last = &(*last)->next;
		*from = *last;
	}
	*last = x ? x : y;
	return first;
}

static struct thread *sort(struct thread *list)
{
	struct thread *piles[64] = { 0 };	/* each twice as high as the one before, or empty */
	struct thread *next, *all = NULL;

	for (; list; list = next) {
		size_t i = 0;

		next = list->next;
		list->next = NULL;
		for (; piles[i]; i++) {
			list = merge(piles[i], list);
			piles[i] = NULL;
		}
		piles[i] = list;
	}
	for (size_t i = 0; i < COUNT(piles); i++)
		all = merge(piles[i], all);
	return all;
}

/* Sorts the children; what is not there is sorted as the first of them. */
static void sort_children(struct thread *x)
{
	if (x->child && x->child->next)
		x->child = sort(x->child);
	if (!x->message && x->child) {
		x->date = x->child->date;
		x->place = x->child->place;
	}
}

/* Those without parents, as a list in order. */
static struct thread *roots_of(const struct nodes *nodes)
{
	struct thread *list = NULL;

	for (size_t i = 0; i < nodes->n; i++) {
		struct thread *x = nodes->v[i];

		if (x->parent || (!x->message && !x->child))
			continue;
		x->next = list;
		list = x;
	}
	return sort(list);
}

/* (1) to (3) */
static struct thread **build(struct threading *t, struct nodes *nodes)
{
	struct thread **order;

	*nodes = (struct nodes){ .threading = t };
	nodes->by_id = arena_alloc(t->arena, ((size_t)t->ids.n + 1) * sizeof *nodes->by_id);
	link_all(nodes);
	for (size_t i = 0; i < nodes->n; i++)
		nodes->v[i]->children = 0;
	order = from_the_top(nodes);
	prune(nodes, order);
	return order;
}

static const struct thread_message *speaks_for(const struct thread *x)
{
	return x->message ? x->message : x->child->message;
}

/* (5)(B): for each subject the thread that the others of that subject are joined to. */
static struct thread **subject_table(struct threading *t, struct thread *roots)
{
	struct thread **table = arena_alloc(t->arena, ((size_t)t->subjects.n + 1) * sizeof *table);

	for (struct thread *x = roots; x; x = x->next) {
		struct thread **had = &table[speaks_for(x)->subject];

		if (speaks_for(x)->subject == 0)
			continue;
		if (!*had || ((*had)->message && (!x->message || ((*had)->message->reply && !x->message->reply))))
			*had = x;
	}
	return table;
}

/* (5)(C), for one thread and that of the table. What became someone's child is in no list of threads any more. */
static void join(struct nodes *nodes, struct thread **had, struct thread *x)
{
	struct thread *next;

	if (!(*had)->message && !x->message) {
		for (struct thread *child = x->child; child; child = next) {
			next = child->next;
			adopt(child, *had);
		}
		x->child = NULL;
	} else if (!(*had)->message || (x->message->reply && !(*had)->message->reply)) {
		adopt(x, *had);
	} else {
		struct thread *both = new_node(nodes, NULL);

		adopt(x, both);
		adopt(*had, both);
		*had = both;
	}
}

static void join_subjects(struct nodes *nodes, struct thread *roots)
{
	struct thread **table = subject_table(nodes->threading, roots), *next;

	for (struct thread *x = roots; x; x = next) {
		const uint32_t subject = speaks_for(x)->subject;

		next = x->next;
		if (subject && table[subject] != x)
			join(nodes, &table[subject], x);
	}
}

struct thread *thread_references(struct threading *t)
{
	struct nodes nodes;

	build(t, &nodes);
	for (size_t i = 0; i < t->n; i++)
		nodes.v[i]->date = t->v[i]->sent;
	for (size_t i = t->n; i < nodes.n; i++)	/* (4) */
		sort_children(nodes.v[i]);
	join_subjects(&nodes, roots_of(&nodes));
	for (size_t i = 0; i < nodes.n; i++)	/* (6) */
		sort_children(nodes.v[i]);
	return roots_of(&nodes);
}

struct thread *thread_refs(struct threading *t)
{
	struct nodes nodes;
	struct thread **order = build(t, &nodes), *x;

	for (size_t i = 0; i < t->n; i++)
		nodes.v[i]->date = t->v[i]->arrived;
	for (size_t i = 0; i < nodes.n; i++)
		sort_children(nodes.v[i]);
	for (size_t i = nodes.n; i--;) {	/* the newest of a thread is its date */
		x = order[i];
		if (x->message && x->parent)
			x->parent->date = MAX(x->parent->date, x->date);
	}
	return roots_of(&nodes);
}

struct thread *thread_ordered_subject(struct threading *t)
{
	struct nodes nodes = { .threading = t };
	struct thread **first = arena_alloc(t->arena, ((size_t)t->subjects.n + 1) * sizeof *first);
	struct thread *all, *next;

	for (size_t i = 0; i < t->n; i++)
		new_node(&nodes, t->v[i])->date = t->v[i]->sent;
	all = roots_of(&nodes);
	for (struct thread *x = all; x; x = next) {
		struct thread **head = &first[x->message->subject];

		next = x->next;
		if (*head)
			adopt(x, *head);
		else
			*head = x;
	}
	for (size_t i = 0; i < nodes.n; i++)
		sort_children(nodes.v[i]);
	return roots_of(&nodes);
}
