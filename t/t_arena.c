/* t/t_arena.c: memory that goes all at once */
#include "base/arena.h"
#include "t/t.h"

static const size_t sizes[] = { 1, 3, 8, 16, 24, 100 };

/* Grows an array to n elements, of which each must be zero when it is new, and keeps what was written to it. */
static void grow(struct arena *a, size_t size, size_t n, bool alone)
{
	unsigned char *v = NULL;

	for (size_t i = 0; i < n; i++) {
		v = arena_grow(a, v, i + 1, size);
		for (size_t k = 0; k < size; k++)
			ck_assert_uint_eq(v[i * size + k], 0);
		memset(v + i * size, (int)(1 + i % 255), size);
		if (!alone)
			memset(arena_room(a, 1 + i % 40), 0xff, 1 + i % 40);
	}
	for (size_t i = 0; i < n * size; i++)
		ck_assert_uint_eq(v[i], 1 + i / size % 255);
}

START_TEST(an_array_grows_with_zeros_in_memory_that_was_used)
{
	_cleanup_(arena_free) struct arena a = { 0 };

	for (int round = 0; round < 4; round++) {
		memset(arena_room(&a, 4000), 0xff, 4000);
		arena_reset(&a);
		grow(&a, sizes[_i], round < 2 ? 40 : 3000, round % 2);
		arena_reset(&a);
	}
}
END_TEST

T_SUITE("arena", T_LOOP(an_array_grows_with_zeros_in_memory_that_was_used, sizes))
