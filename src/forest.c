/* forest.c: trees that are linked and cut */
#include "forest.h"

/* Whether it is the top of its path: up is then the node in the path above. */
static bool is_top(const struct tree *t)
{
	return !t->up || (t->up->kids[0] != t && t->up->kids[1] != t);
}

static void rotate(struct tree *t)
{
	struct tree *up = t->up;
	const int side = up->kids[1] == t;

	t->up = up->up;
	if (!is_top(up))
		up->up->kids[up->up->kids[1] == up] = t;
	up->kids[side] = t->kids[!side];
	if (up->kids[side])
		up->kids[side]->up = up;
	t->kids[!side] = up;
	up->up = t;
}

static void splay(struct tree *t)
{
	while (!is_top(t)) {
		struct tree *up = t->up;

		if (!is_top(up))
			rotate((up->kids[1] == t) == (up->up->kids[1] == up) ? up : t);
		rotate(t);
	}
}

/* Makes the way from the root to t one path, that ends with t, with t at its top. */
static void expose(struct tree *t)
{
	struct tree *below = NULL;

	for (struct tree *at = t; at; at = at->up) {
		splay(at);
		at->kids[1] = below;
		below = at;
	}
	splay(t);
}

struct tree *tree_root(struct tree *t)
{
	expose(t);
	while (t->kids[0])
		t = t->kids[0];
	splay(t);
	return t;
}

void tree_link(struct tree *child, struct tree *parent)
{
	expose(child);
	child->up = parent;
}

void tree_cut(struct tree *child)
{
	expose(child);
	child->kids[0]->up = NULL;
	child->kids[0] = NULL;
}
