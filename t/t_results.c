/* t/t_results.c: parts of what was found */
#include "results.h"
#include "t/t.h"

static const struct {
	const char *range;
	size_t n, from, to;
} ranges[] = {
	{ "1:2", 5, 0, 2 },	{ "2:1", 5, 0, 2 },	{ "5:5", 5, 4, 5 },	     { "4:9", 5, 3, 5 },
	{ "6:9", 5, 5, 5 },	{ "-1:-2", 5, 3, 5 },	{ "-2:-1", 5, 3, 5 },	     { "-5:-5", 5, 0, 1 },
	{ "-4:-9", 5, 0, 2 },	{ "-6:-9", 5, 5, 5 },	{ "1:4294967295", 5, 0, 5 }, { "-4294967295:-1", 5, 0, 5 },
	{ "1:1", 0, 0, 0 },	{ "-1:-1", 0, 0, 0 },	{ "3:3", 5, 2, 3 },	     { "-3:-3", 5, 2, 3 },
};

START_TEST(where_a_range_is)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct range range;
	struct cursor c;
	size_t from, to;

	cursor_init(&c, &a, str_z(ranges[_i].range));
	ck_assert(p_partial_range(&c, &range) && p_end(&c));
	range_of(range, ranges[_i].n, &from, &to);
	ck_assert_uint_eq(from, ranges[_i].from);
	ck_assert_uint_eq(to, ranges[_i].to);
}
END_TEST

static const char *const wrong[] = { "", "1", "1:", ":1", "0:1", "1:0", "1:*", "*:1", "-1:1", "1:-1", "--1:-1", "4294967296:1", "01:2" };

START_TEST(is_no_range)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct range range;
	struct cursor c;

	cursor_init(&c, &a, str_z(wrong[_i]));
	ck_assert(!p_partial_range(&c, &range));
	t_str_eq(c.rest, str_z(wrong[_i]));
}
END_TEST

START_TEST(how_many_are_enough)
{
	bool backwards;
	const struct returns max = { .options = RETURN_MAX | RETURN_SAVE }, both = { .options = RETURN_MIN | RETURN_MAX },
			     last = { .options = RETURN_PARTIAL, .range = { 3, 7, true } },
			     counted = { .options = RETURN_PARTIAL | RETURN_COUNT, .range = { 3, 7, true } };

	ck_assert_uint_eq(returns_enough(&max, &backwards), 1);
	ck_assert(backwards);
	ck_assert_uint_eq(returns_enough(&both, &backwards), 0);
	ck_assert(!backwards);
	ck_assert_uint_eq(returns_enough(&last, &backwards), 7);
	ck_assert(backwards);
	ck_assert_uint_eq(returns_enough(&counted, &backwards), 0);
	ck_assert(!backwards);
}
END_TEST

T_SUITE("results", T_LOOP(where_a_range_is, ranges), T_LOOP(is_no_range, wrong), T_TEST(how_many_are_enough))
