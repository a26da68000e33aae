/* t/t_sets.c: sets of message numbers, against a plain array of which are in */
#include "imap/sets.h"
#include "t/t.h"

enum { SPACE = 200 };

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % n;
}

/* How many numbers are in it. */
static uint64_t count(struct uidset *s)
{
	uint64_t n = 0;

	uidset_settle(s);
	for (size_t i = 0; i < s->n; i++)
		n += (uint64_t)s->v[i].b - s->v[i].a + 1;
	return n;
}

static bool has(struct uidset *s, uint32_t number)
{
	uint32_t next = number - 1;

	return uidset_next(s, &next) && next == number;
}

/* That the runs are ascending, disjoint and apart, and hold just what in[] says. */
static void check_set(struct uidset *s, const bool in[SPACE])
{
	uint32_t number = 0;
	uint64_t all = 0;

	for (uint32_t i = 1; i < SPACE; i++) {
		if (has(s, i) != in[i] || (in[i] && (!uidset_next(s, &number) || number != i)))
			ck_abort_msg("%u is%s in", i, in[i] ? "" : " not");
		all += in[i];
	}
	ck_assert(!uidset_next(s, &number));
	ck_assert_uint_eq(count(s), all);
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].a > s->v[i].b || (i && s->v[i].a <= s->v[i - 1].b + 1))
			ck_abort_msg("run %zu is out of order", i);
	}
}

/* One random change to both. */
static void change(uint64_t *seed, struct uidset *s, bool in[SPACE])
{
	const uint32_t a = 1 + random_below(seed, SPACE - 1), b = a + random_below(seed, SPACE - a);
	const uint32_t what = random_below(seed, 20);

	if (what < 10) {
		uidset_add(s, a);
		in[a] = true;
	} else if (what < 13) {
		uidset_add_run(s, a, MIN(b, a + 5));
		memset(in + a, true, MIN(b, a + 5) - a + 1);
	} else if (what < 19) {
		uidset_remove_run(s, a, MIN(b, a + 5));
		memset(in + a, false, MIN(b, a + 5) - a + 1);
	} else {
		uidset_keep_run(s, a, b);
		memset(in, false, a);
		memset(in + b + 1, false, SPACE - b - 1);
	}
}

START_TEST(a_set_is_what_was_added_and_not_removed)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint64_t seed = (uint64_t)_i;
	bool in[SPACE] = { 0 };
	struct uidset s;

	uidset_init(&s, &arena);
	check_set(&s, in);
	for (int i = 0; i < 200; i++) {
		change(&seed, &s, in);
		if (i % 10 == 0)
			check_set(&s, in);
	}
	check_set(&s, in);
}
END_TEST

START_TEST(keeping_is_the_intersection)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint64_t seed = (uint64_t)_i;
	bool in_x[SPACE] = { 0 }, in_y[SPACE] = { 0 };
	struct uidset x, y;

	uidset_init(&x, &arena);
	uidset_init(&y, &arena);
	for (int i = 0; i < 60; i++) {
		change(&seed, &x, in_x);
		change(&seed, &y, in_y);
	}
	uidset_keep(&x, &y);
	for (size_t i = 0; i < SPACE; i++)
		in_x[i] = in_x[i] && in_y[i];
	check_set(&x, in_x);
	check_set(&y, in_y);
}
END_TEST

static const char seeds[60];

START_TEST(the_greatest_numbers_do_not_overflow)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint32_t number = UINT32_MAX - 1;
	struct uidset s;

	uidset_init(&s, &arena);
	uidset_add(&s, UINT32_MAX);
	uidset_add(&s, UINT32_MAX);
	uidset_add(&s, 1);
	ck_assert_uint_eq(count(&s), 2);
	ck_assert(uidset_next(&s, &number) && number == UINT32_MAX);
	ck_assert(!uidset_next(&s, &number));
	uidset_add_run(&s, 1, UINT32_MAX);
	ck_assert_uint_eq(count(&s), UINT32_MAX);
	uidset_settle(&s);
	ck_assert_uint_eq(s.n, 1);
	uidset_keep_run(&s, 1, UINT32_MAX);
	uidset_remove_run(&s, 2, UINT32_MAX);
	ck_assert_uint_eq(count(&s), 1);
	uidset_remove_run(&s, 1, UINT32_MAX);
	ck_assert_uint_eq(count(&s), 0);
}
END_TEST

START_TEST(a_million_entries_in_the_worst_order)
{
	enum { MILLION = 1000000 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint64_t seed = 1;
	struct uidset s, all;

	uidset_init(&s, &arena);
	for (uint32_t i = MILLION; i > 0; i--)
		uidset_add(&s, 2 * i);
	ck_assert_uint_eq(count(&s), MILLION);
	for (uint32_t i = 0; i < MILLION; i++)
		uidset_add(&s, 1 + random_below(&seed, 2 * MILLION));
	ck_assert(has(&s, 2 * MILLION) && !has(&s, 2 * MILLION + 1));
	uidset_init(&all, &arena);
	for (uint32_t i = 0; uidset_next(&s, &i);)
		uidset_add(&all, i);
	uidset_settle(&all);
	ck_assert_uint_eq(all.n, s.n);
	ck_assert_uint_eq(count(&all), count(&s));
}
END_TEST

static const struct {
	struct seq set[3];
	uint32_t star;
	uint64_t count;
	uint32_t min, max;
} resolved[] = {
	{{ { 1, 3 }, { 2, 5 }, { 9, 9 } }, 9,	       6, 1,	     9	       },
	{ { { 5, 1 } },			9,	   5, 1,		 5	   },
	{ { { 0, 0 } },			9,	   1, 9,		 9	   },
	{ { { 1, 0 } },			9,	   9, 1,		 9	   },
	{ { { 0, 4 } },			9,	   6, 4,		 9	   },
	{ { { 12, 0 } },			 9,	    4, 9,	  12	     }, /* n:* has the greatest, always */
	{ { { 0, 0 } },			0,	   0, 0,		 0	   },
	{ { { 1, 0 } },			0,	   1, 1,		 1	   },
	{ { { UINT32_MAX, 0 } },		 UINT32_MAX, 1, UINT32_MAX, UINT32_MAX},
};

START_TEST(stars_are_the_greatest_in_use)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct seq v[3];
	struct seqset set = { .v = v };
	struct uidset s;

	memcpy(v, resolved[_i].set, sizeof v);
	while (set.n < 3 && (set.n == 0 || v[set.n].a || v[set.n].b))
		set.n++;
	uidset_init(&s, &arena);
	seqset_resolve(set, resolved[_i].star, &s);
	ck_assert_uint_eq(count(&s), resolved[_i].count);
	ck_assert_uint_eq(s.n ? s.v[0].a : 0, resolved[_i].min);
	ck_assert_uint_eq(s.n ? s.v[s.n - 1].b : 0, resolved[_i].max);
}
END_TEST

T_SUITE("sets", T_LOOP(a_set_is_what_was_added_and_not_removed, seeds),
	T_LOOP(keeping_is_the_intersection, seeds), T_TEST(the_greatest_numbers_do_not_overflow),
	T_TEST(a_million_entries_in_the_worst_order), T_LOOP(stars_are_the_greatest_in_use, resolved))
