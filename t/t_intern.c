/* t/t_intern.c: numbers for strings */
#include "base/intern.h"
#include "t/t.h"

START_TEST(the_same_octets_have_the_same_number)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct intern in = { .arena = &a };

	ck_assert_uint_eq(intern(&in, STR("")), 0);
	ck_assert_uint_eq(intern(&in, STR("a")), 1);
	ck_assert_uint_eq(intern(&in, STR("A")), 2);
	ck_assert_uint_eq(intern(&in, STR("a\0")), 3);
	ck_assert_uint_eq(intern(&in, STR("12345678")), 4);
	ck_assert_uint_eq(intern(&in, STR("a")), 1);
	ck_assert_uint_eq(intern(&in, STR("12345678")), 4);
	ck_assert_uint_eq(intern(&in, STR("a\0")), 3);
}
END_TEST

START_TEST(a_hundred_thousand_keep_theirs)
{
	enum { MANY = 100000 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct intern in = { .arena = &a };
	char text[32];

	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < MANY; i++) {
			const int n = snprintf(text, sizeof text, "<%u@example.org>", i);

			ck_assert_uint_eq(intern(&in, (struct str){ text, (size_t)n }), i + 1);
		}
	ck_assert_uint_eq(in.n, MANY);
}
END_TEST

T_SUITE("intern", T_TEST(the_same_octets_have_the_same_number), T_TEST(a_hundred_thousand_keep_theirs))
