/* t/t_forest.c: trees that are linked and cut */
#include <stdlib.h>
#include "forest.h"
#include "t/t.h"

enum { NODES = 60, STEPS = 100000, DEEP = 100000 };

static size_t plain_root(const size_t *parent, size_t x)
{
	while (parent[x] != NODES)
		x = parent[x];
	return x;
}

START_TEST(roots_are_what_walking_up_finds)
{
	struct tree trees[NODES] = { 0 };
	size_t parent[NODES];
	unsigned seed = 7;

	for (size_t i = 0; i < NODES; i++)
		parent[i] = NODES;
	for (size_t step = 0; step < STEPS; step++) {
		const size_t x = (size_t)rand_r(&seed) % NODES, y = (size_t)rand_r(&seed) % NODES;

		ck_assert_ptr_eq(tree_root(&trees[x]), &trees[plain_root(parent, x)]);
		if (parent[x] != NODES) {
			if (step % 3 == 0) {
				tree_cut(&trees[x]);
				parent[x] = NODES;
			}
		} else if (plain_root(parent, y) != x) {
			tree_link(&trees[x], &trees[y]);
			parent[x] = y;
		}
	}
}
END_TEST

START_TEST(a_chain_of_any_length_is_cheap_from_either_end)
{
	struct tree *trees = calloc(DEEP, sizeof *trees);

	for (size_t i = 1; i < DEEP; i++)
		tree_link(&trees[i], &trees[i - 1]);
	for (size_t i = 0; i < DEEP; i++)
		ck_assert_ptr_eq(tree_root(&trees[i]), trees);
	tree_cut(&trees[DEEP / 2]);
	ck_assert_ptr_eq(tree_root(&trees[DEEP - 1]), &trees[DEEP / 2]);
	for (size_t i = 1; i < DEEP; i++)
		if (i != DEEP / 2)
			tree_cut(&trees[i]);
	for (size_t i = DEEP - 1; i--;)
		tree_link(&trees[i], &trees[i + 1]);
	ck_assert_ptr_eq(tree_root(&trees[0]), &trees[DEEP - 1]);
	free(trees);
}
END_TEST

T_SUITE("forest", T_TEST(roots_are_what_walking_up_finds), T_TEST(a_chain_of_any_length_is_cheap_from_either_end))
