/* t/t.h: the main() of a suite of check, and what tests share */
#pragma once
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

/* One START_TEST function; loops > 0 runs it with _i from 0, each row a test of its own. */
struct t_case {
	const TTest *test;
	size_t loops;
};

#define T_TEST(name)        { name, 0 }
#define T_LOOP(name, table) { name, sizeof(table) / sizeof *(table) }

/* T_SUITE("parse", T_TEST(a), T_LOOP(b, rows)): the last line of a t_FILE.c */
#define T_SUITE(name, ...)                                              \
	int main(void)                                                  \
	{                                                               \
		const struct t_case cases[] = { __VA_ARGS__ };          \
		return t_run(name, cases, sizeof cases / sizeof *cases); \
	}

static inline int t_run(const char *name, const struct t_case *cases, size_t n)
{
	Suite *suite = suite_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	for (size_t i = 0; i < n; i++) {
		TCase *tc = tcase_create(cases[i].test->name);

		tcase_set_timeout(tc, 600);
		if (cases[i].loops)
			tcase_add_loop_test(tc, cases[i].test, 0, (int)cases[i].loops);
		else
			tcase_add_test(tc, cases[i].test);
		suite_add_tcase(suite, tc);
	}
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* That a str has just these octets; the message shows both. */
#define t_str_eq(got, want)                                                                              \
	do {                                                                                             \
		const struct str got_ = (got), want_ = (want);                                           \
		ck_assert_msg(str_eq(got_, want_), "got \"%.*s\", want \"%.*s\"", (int)got_.n, got_.s,   \
			      (int)want_.n, want_.s);                                                    \
	} while (0)
