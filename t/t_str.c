/* t/t_str.c: borrowed bytes */
#include "base/buf.h"
#include "t/t.h"

START_TEST(cut_gives_empty_fields_and_the_last_one)
{
	struct str rest = STR("a,,b"), field;

	ck_assert(str_cut(&rest, ',', &field));
	t_str_eq(field, STR("a"));
	ck_assert(str_cut(&rest, ',', &field));
	t_str_eq(field, STR(""));
	ck_assert(str_cut(&rest, ',', &field));
	t_str_eq(field, STR("b"));
	ck_assert(!str_cut(&rest, ',', &field));
}
END_TEST

static const struct {
	const char *in;
	bool fits;
	uint32_t value;
} numbers[] = {
	{ "0",			true,  0		 },
	{ "4294967295",		true,  UINT32_MAX },
	{ "4294967296",		false, 0		 },
	{ "18446744073709551616", false, 0		     },
	{ "",			false, 0		 },
	{ "-1",			false, 0		 },
	{ "1 ",			false, 0		 },
};

START_TEST(numbers_fit_or_are_refused)
{
	uint32_t v = 0;

	ck_assert_int_eq(str_u32(str_z(numbers[_i].in), &v), numbers[_i].fits);
	ck_assert_uint_eq(v, numbers[_i].value);
}
END_TEST

START_TEST(comparing_in_any_case_is_for_ascii_letters_only)
{
	ck_assert(str_ieq(STR("INBOX"), STR("inbox")));
	ck_assert(!str_ieq(STR("["), STR("{")));
	ck_assert(str_istarts(STR("Fetch 1"), STR("FETCH")));
	ck_assert_int_lt(str_icmp(STR("a"), STR("B")), 0);
}
END_TEST

START_TEST(numbers_come_back)
{
	for (uint64_t v = 0, step = 1;; v += step) {
		_cleanup_(buf_release) struct buf b = { 0 };
		uint64_t got;

		buf_u64(&b, v);
		ck_assert(str_u64(buf_view(&b), &got) && got == v && (v == 0 || b.s[0] != '0'));
		step = MAX(step, v / 7);	/* each of the first, and then each length, often */
		if (v > UINT64_MAX - step)
			break;
	}
}
END_TEST

T_SUITE("str", T_TEST(cut_gives_empty_fields_and_the_last_one), T_LOOP(numbers_fit_or_are_refused, numbers),
	T_TEST(comparing_in_any_case_is_for_ascii_letters_only), T_TEST(numbers_come_back))
