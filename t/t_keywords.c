/* t/t_keywords.c: keywords of a folder, sets of them, and their letters */
#include "maildir/keywords.h"
#include "maildir/mdname.h"
#include "t/t.h"

static struct keyword_table table(void)
{
	struct keyword_table t;

	keywords_init(&t);
	ck_assert_int_eq(keyword_add(&t, STR("work"), 'a'), 0);
	ck_assert_int_eq(keyword_add(&t, STR("$Forwarded"), 0), 0);
	ck_assert_int_eq(keyword_add(&t, STR("play"), 'b'), 0);
	ck_assert_int_eq(keyword_add(&t, STR("silent"), 0), 0);
	return t;
}

START_TEST(the_first_spelling_is_kept_and_any_case_finds_it)
{
	struct keyword_table t = table();
	uint16_t number;

	ck_assert(keyword_find(&t, STR("WORK"), &number));
	ck_assert_uint_eq(number, 0);
	t_str_eq(t.v[0].name, STR("work"));
	ck_assert(!keyword_find(&t, STR("wor"), &number));
	ck_assert_int_eq(keyword_add(&t, STR("Work"), 'c'), -EEXIST);
	ck_assert_int_eq(keyword_add(&t, STR(""), 0), -EINVAL);
	ck_assert_int_eq(keyword_add(&t, STR("a\nb"), 0), -EINVAL);
	keywords_release(&t);
}
END_TEST

START_TEST(the_same_set_is_the_same_number)
{
	struct keyword_table t = table();
	const uint16_t both[] = { 0, 2 };
	const uint32_t k = keywords_intern(&t, both, 2, 0);

	ck_assert_uint_eq(k, keywords_intern(&t, both, 2, 0));
	ck_assert_uint_ne(k, keywords_intern(&t, both, 2, mdname_letter('X')));
	ck_assert_uint_eq(keywords_with(&t, keywords_intern(&t, both, 1, 0), both + 1, 1), k);
	ck_assert_uint_eq(keywords_without(&t, k, both, 2), KEYWORDS_NONE);
	ck_assert_uint_eq(keywords_without(&t, k, (uint16_t[]){ 1, 3 }, 2), k);
	ck_assert(keywords_have(keywords_set(&t, k), 2));
	ck_assert(!keywords_have(keywords_set(&t, k), 1));
	ck_assert_uint_eq(keywords_set(&t, k)->letters, mdname_letters(STR("ab")));
	for (uint16_t i = 0; i < 1000; i++) /* many sets, each once */
		keywords_intern(&t, both, 0, (uint64_t)i << 26);
	ck_assert_uint_eq(k, keywords_intern(&t, both, 2, 0));
	keywords_release(&t);
}
END_TEST

static const struct {
	const char *has, *added, *removed, *letters;
	size_t n;
} changes[] = {
	{"",     "a",  "",   "a",   1},
	     { "a",   "b",	 "a",  "b",   1},
	  { "ab",  "P",  "",   "Pab", 3},
	{ "Pab", "",   "P",  "ab",	2},
	     { "a",   "xX", "",   "Xax", 1},
	  { "Xax", "",   "ax", "X",	  0},
	{ "",    "",	  "ab", "",    0},
};

START_TEST(letters_add_and_remove_what_they_stand_for)
{
	struct keyword_table t = table();
	uint32_t k;
	char letters[53];

	k = keywords_by_letters(&t, KEYWORDS_NONE, mdname_letters(str_z(changes[_i].has)), 0);
	k = keywords_by_letters(&t, k, mdname_letters(str_z(changes[_i].added)),
				mdname_letters(str_z(changes[_i].removed)));
	letters[mdname_put_letters(keywords_set(&t, k)->letters, letters)] = 0;
	ck_assert_str_eq(letters, changes[_i].letters);
	ck_assert_uint_eq(keywords_set(&t, k)->n, changes[_i].n);
	keywords_release(&t);
}
END_TEST

START_TEST(a_letter_that_was_seen_is_given_to_nobody)
{
	struct keyword_table t = table();

	ck_assert_int_eq(keyword_next_letter(&t), 'c');
	keywords_intern(&t, NULL, 0, mdname_letters(STR("cd")));
	ck_assert_int_eq(keyword_next_letter(&t), 'e');
	keywords_intern(&t, NULL, 0, MDNAME_LOWER & ~t.mirrored);
	ck_assert_int_eq(keyword_next_letter(&t), 0);
	keywords_release(&t);
}
END_TEST

T_SUITE("keywords", T_TEST(the_first_spelling_is_kept_and_any_case_finds_it),
	T_TEST(the_same_set_is_the_same_number), T_LOOP(letters_add_and_remove_what_they_stand_for, changes),
	T_TEST(a_letter_that_was_seen_is_given_to_nobody))
