/* forest.h: trees that are linked and cut */
#pragma once
#include "base/base.h"

/* A node, to be put into what it stands for. All zero is a tree of its own. Each function costs the logarithm of the number of
 * nodes, on average over all calls, however deep the trees are (link-cut trees of Sleator and Tarjan). None recurses.
 */
struct tree {
	struct tree *up, *kids[2];	/* of paths, kept as splay trees by depth */
};

struct tree *tree_root(struct tree *t);
/* Makes child, which is a root, a child of parent, which is in another tree. */
void tree_link(struct tree *child, struct tree *parent);
/* Takes child, which is no root, from its parent. */
void tree_cut(struct tree *child);
