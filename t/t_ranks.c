/* t/t_ranks.c: messages that are sorted by ranks out of the cache are in the order that they have without */
#include "ranks.h"
#include "sort.h"
#include "t/folder.h"

enum { MESSAGES = 700, ROUNDS = 80 };

static uint32_t dice(uint64_t *random, uint32_t sides)
{
	*random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*random >> 33) % sides;
}

/* Many are the same, or begin alike; some are not there, are not ASCII, or are no text at all. */
static void add_message(const struct t_folder *f, uint32_t number, uint64_t *random)
{
	static const char *const subjects[] = { "Invoice 2026-", "invoice ", "Re: Lunch", "\xc3\xa4", "=?utf-8?q?=C3=84?=", "\xff", "", "A" };
	static const char *const names[] = { "Anna <anna@example.org>", "bob@example.org", "=?utf-8?q?=C3=84nne?= <z@example.org>", "", "\"B\" <b@c>" };
	_cleanup_(buf_release) struct buf b = { 0 };
	char path[64];

	if (dice(random, 10))
		buf_printf(&b, "Subject: %s%u\n", subjects[dice(random, COUNT(subjects))], (unsigned)dice(random, 40));
	buf_printf(&b, "From: %s\nDate: %u Mar 2026 10:00:00 +0000\n", names[dice(random, COUNT(names))], 1 + (unsigned)dice(random, 28));
	buf_printf(&b, "\n%.*s\n", (int)dice(random, 9), "a longer");
	snprintf(path, sizeof path, "cur/17%08u.M%u.host:2,S", (unsigned)number, (unsigned)number);
	t_put(f, path, buf_cstr(&b));
}

static struct t_folder make_folder(uint64_t *random, struct cache **ret)
{
	struct t_folder f = t_folder_make();

	t_make_dirs(&f);
	ck_assert_int_eq(cache_open(f.fd, NULL, ret), 0);
	f.config.cache = *ret;
	for (uint32_t i = 0; i < MESSAGES; i++)
		add_message(&f, i, random);
	return f;
}

/* The messages that dice among so many, in order; by ranks, or without any. */
static uint32_t *sorted_by(struct maildir *m, const struct sort_order *order, uint32_t among, bool by_ranks, struct sorting *s, struct arena *a)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };

	*s = (struct sorting){ .order = *order, .arena = a };
	if (by_ranks)
		sorting_rank(s, m);
	for (size_t i = 0; i < maildir_count(m); i++) {
		uint64_t which = maildir_at(m, i)->uid * UINT64_C(77777) + among;
		struct fetching f;

		if (among && dice(&which, among) == 0)
			continue;
		ck_assert_int_eq(fetching_begin(&f, m, maildir_at(m, i)->uid, &scratch), 0);
		sorting_add(s, &f);
		fetching_end(&f);
		arena_reset(&scratch);
	}
	return sorting_finish(s);
}

static struct sort_order some_order(uint64_t *random)
{
	static const char *const keys[] = { "SUBJECT", "FROM", "DATE", "ARRIVAL", "SIZE", "TO", "CC", "DISPLAYFROM", "DISPLAYTO" };
	struct sort_order order = { .n = 1 + dice(random, 2), .comparator = { .collation = I_UNICODE_CASEMAP } };

	order.v[0].row = sort_row_find(str_z(keys[dice(random, 2) ? dice(random, 2) : dice(random, COUNT(keys))]));
	order.v[1].row = sort_row_find(STR("SIZE"));
	order.v[0].reverse = dice(random, 2);
	order.v[1].reverse = dice(random, 2);
	order.comparator.backwards = dice(random, 4) == 0;
	if (dice(random, 10) == 0)
		order.comparator.collation = I_OCTET;
	return order;
}

/* Removes some, and adds others. */
static void change(const struct t_folder *f, struct maildir *m, uint32_t *next, uint64_t *random)
{
	static const uint32_t few[] = { 0, 0, 2, 9, 60 };
	char path[64];

	for (uint32_t n = dice(random, few[dice(random, COUNT(few))] + 1); n && maildir_count(m); n--) {
		const struct str base = maildir_base_name(m, maildir_at(m, dice(random, (uint32_t)maildir_count(m))));

		snprintf(path, sizeof path, "cur/%.*s:2,S", (int)base.n, base.s);
		(void)unlinkat(f->fd, path, 0);
	}
	for (uint32_t n = dice(random, few[dice(random, COUNT(few))] + 1); n; n--)
		add_message(f, (*next)++, random);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
}

START_TEST(the_order_is_the_same_with_ranks)
{
	uint64_t random = (uint64_t)_i + 1;
	struct cache *cache;
	_cleanup_(t_folder_remove) struct t_folder f = make_folder(&random, &cache);
	struct maildir *m = t_select(&f);
	uint32_t next = MESSAGES;
	size_t with = 0, late = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const struct sort_order order = some_order(&random);
		const uint32_t among = dice(&random, 3) ? 0 : 2 + dice(&random, 20);
		_cleanup_(arena_free) struct arena a = { 0 };
		_cleanup_(sorting_release) struct sorting plain, ranked;
		const uint32_t *want = sorted_by(m, &order, among, false, &plain, &a);
		const uint32_t *got = sorted_by(m, &order, among, true, &ranked, &a);

		ck_assert_uint_eq(ranked.n, plain.n);
		for (size_t i = 0; i < plain.n; i++)
			ck_assert_msg(got[i] == want[i], "round %d, %s: place %zu", round, order.v[0].row->name, i);
		with += ranked.ranks.n > 0;
		late += ranked.nlate > 0;
		cache_commit(cache, 0);
		cache_rest(cache);
		change(&f, m, &next, &random);
	}
	ck_assert_uint_gt(with, ROUNDS / 4);
	ck_assert_uint_gt(late, ROUNDS / 8);
	maildir_close(m);
	cache_close(cache);
}
END_TEST

/* A folder that has been sorted by its subjects, what is in the cache of it, and its messages the other way round. */
struct sorted_folder {
	struct t_folder f;
	struct cache *cache;
	struct maildir *m;
	struct sort_order order;
	struct arena a;
	struct rank backwards[MESSAGES];
};

static struct ranks in_cache(struct sorted_folder *s)
{
	cache_commit(s->cache, 0);
	return ranks_read(s->m, s->order.v[0].row, &s->a);
}

static uint32_t *sort_again(struct sorted_folder *s)
{
	_cleanup_(sorting_release) struct sorting sorting;

	return sorted_by(s->m, &s->order, 0, true, &sorting, &s->a);
}

static struct sorted_folder make_sorted(void)
{
	uint64_t random = 1;
	struct sorted_folder s = { .order = { .n = 1, .comparator = { .collation = I_UNICODE_CASEMAP } } };
	const uint32_t *uids;

	s.f = make_folder(&random, &s.cache);
	s.m = t_select(&s.f);
	s.order.v[0].row = sort_row_find(STR("SUBJECT"));
	uids = sort_again(&s);
	for (uint32_t i = 0; i < MESSAGES; i++)
		s.backwards[i] = (struct rank){ .uid = uids[MESSAGES - 1 - i], .rank = i };
	return s;
}

static void end(struct sorted_folder *s)
{
	arena_free(&s->a);
	maildir_close(s->m);
	cache_close(s->cache);
	t_folder_remove(&s->f);
}

START_TEST(ranks_are_what_is_sorted_by)
{
	struct sorted_folder s = make_sorted();
	const uint32_t *got;

	ck_assert_uint_eq(in_cache(&s).n, MESSAGES);
	ck_assert(sort_ranks_right(s.m, s.order.v[0].row));
	ranks_leave(s.backwards, MESSAGES, s.m, s.order.v[0].row);
	cache_commit(s.cache, 0);
	ck_assert(!sort_ranks_right(s.m, s.order.v[0].row));
	got = sort_again(&s);
	for (struct ranks r = in_cache(&s); r.n; r.n--)	/* by UID, with the places that they were given */
		ck_assert_uint_eq(got[r.v[r.n - 1].rank], r.v[r.n - 1].uid);
	end(&s);
}
END_TEST

START_TEST(a_rank_is_of_one_message_alone)
{
	struct sorted_folder s = make_sorted();
	struct ranks r = in_cache(&s);
	uint32_t rank;

	ck_assert_uint_eq(r.n, MESSAGES);
	r.v[1].name ^= 1;
	ck_assert(ranks_find(&r, s.m, maildir_at(s.m, 0), &rank));
	ck_assert(!ranks_find(&r, s.m, maildir_at(s.m, 1), &rank));
	ck_assert(ranks_find(&r, s.m, maildir_at(s.m, 2), &rank));
	r.v[3].uid = UINT32_MAX;
	ck_assert(!ranks_find(&r, s.m, maildir_at(s.m, 3), &rank));
	end(&s);
}
END_TEST

START_TEST(what_can_not_be_is_no_rank)
{
	struct sorted_folder s = make_sorted();
	const struct cache_key key = { .folder = cache_folder(s.cache, maildir_mailboxid(s.m), maildir_uidvalidity(s.m)),
				       .name = cache_name(STR("SUBJECT")), .uid = s.order.v[0].row->ranked, .kind = RANKS_KIND };
	const struct cache_key alien = { .folder = key.folder, .name = key.name + 1, .uid = key.uid, .kind = key.kind };

	ck_assert_uint_eq(in_cache(&s).n, MESSAGES);
	cache_put(s.cache, &key, STR("twelve octets, and some"));
	ck_assert_uint_eq(in_cache(&s).n, 0);
	cache_put(s.cache, &key, STR("twelve octet"));
	ck_assert_uint_eq(in_cache(&s).n, 1);
	cache_put(s.cache, &alien, STR("twelve octet"));
	ck_assert_uint_eq(in_cache(&s).n, 0);
	sort_again(&s);
	ck_assert_uint_eq(in_cache(&s).n, MESSAGES);
	end(&s);
}
END_TEST

START_TEST(what_could_not_be_read_leaves_no_ranks)
{
	uint64_t random = 1;
	struct cache *cache;
	_cleanup_(t_folder_remove) struct t_folder f = make_folder(&random, &cache);
	struct maildir *m = t_select(&f);
	struct sorted_folder s = { .f = f, .cache = cache, .m = m, .order = { .n = 1, .comparator = { .collation = I_UNICODE_CASEMAP } } };

	s.order.v[0].row = sort_row_find(STR("SUBJECT"));
	t_rm(&f, "cur/1700000007.M7.host:2,S");
	ck_assert_int_eq(symlinkat("/dev/null", f.fd, "cur/1700000007.M7.host:2,S"), 0);
	sort_again(&s);
	ck_assert_uint_eq(in_cache(&s).n, 0);
	arena_free(&s.a);
	maildir_close(m);
	cache_close(cache);
}
END_TEST

START_TEST(a_part_of_a_folder_does_not_take_the_ranks_of_others)
{
	struct sorted_folder s = make_sorted();
	_cleanup_(sorting_release) struct sorting sorting;

	ck_assert_uint_eq(in_cache(&s).n, MESSAGES);
	sorted_by(s.m, &s.order, 20, true, &sorting, &s.a);
	ck_assert_uint_gt(sorting.n, RANKS_FROM);
	ck_assert_uint_eq(in_cache(&s).n, MESSAGES);
	end(&s);
}
END_TEST

static const int seeds[5];

T_SUITE("ranks", T_LOOP(the_order_is_the_same_with_ranks, seeds), T_TEST(ranks_are_what_is_sorted_by), T_TEST(a_rank_is_of_one_message_alone),
	T_TEST(what_can_not_be_is_no_rank), T_TEST(what_could_not_be_read_leaves_no_ranks),
	T_TEST(a_part_of_a_folder_does_not_take_the_ranks_of_others))
