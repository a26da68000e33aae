/* t/t_index.c: messages in memory, and the holes that expunged ones leave */
#include "maildir/index.h"
#include "t/t.h"

/* What is there by a simpler way of keeping it: whether UID i + 1 is, and its flags. */
enum { UIDS = 6000 };
struct model {
	bool there[UIDS];
	uint8_t flags[UIDS];
	size_t n;
};

static uint32_t dice(uint64_t *state, uint32_t sides)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*state >> 33) % sides;
}

static void check(struct index *ix, const struct model *m)
{
	size_t position = 0, unseen = 0, deleted = 0, first = SIZE_MAX;

	for (uint32_t i = 0; i < UIDS; i++) {
		const struct message *msg = index_find(ix, i + 1);

		ck_assert_uint_eq(index_position(ix, i + 1), position);
		ck_assert_int_eq(msg != NULL, m->there[i]);
		if (!msg)
			continue;
		ck_assert_ptr_eq(index_at(ix, position), msg);
		ck_assert_uint_eq(msg->uid, i + 1);
		ck_assert_uint_eq(msg->flags, m->flags[i]);
		if (!(msg->flags & MD_SEEN)) {
			unseen++;
			first = MIN(first, position);
		}
		deleted += !!(msg->flags & MD_DELETED);
		position++;
	}
	ck_assert_uint_eq(index_count(ix), position);
	ck_assert_uint_eq(ix->unseen, unseen);
	ck_assert_uint_eq(ix->deleted, deleted);
	ck_assert_uint_eq(index_first_unseen(ix), MIN(first, position));
}

static void add(struct index *ix, struct model *m, uint8_t flags)
{
	const struct message as = { .uid = (uint32_t)m->n + 1, .modseq = 1, .flags = flags };
	char base[32];

	snprintf(base, sizeof base, "%zu.host", m->n + 1);
	index_add(ix, &as, str_z(base));
	m->there[m->n] = true;
	m->flags[m->n++] = flags;
}

static void expunge(struct index *ix, struct model *m, uint32_t lo, uint32_t hi)
{
	hi = MIN(hi, (uint32_t)m->n);
	if (lo > hi)
		return;
	index_expunge(ix, &(struct tomb){ .lo = lo, .hi = hi, .modseq = 2 });
	for (uint32_t uid = lo; uid <= hi; uid++)
		m->there[uid - 1] = false;
}

static const uint32_t runs[] = { 1, 3, 40, 700 };	/* how many are expunged at once */

START_TEST(positions_count_what_is_there)
{
	struct keyword_table keywords;
	struct index ix;
	struct model m = { .n = 0 };
	uint64_t random = (uint64_t)_i + 1;

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	while (m.n < UIDS) {
		const uint32_t what = dice(&random, 10), uid = dice(&random, (uint32_t)m.n + 1) + 1;
		struct message *msg;

		if (what < 8) {
			for (uint32_t n = dice(&random, 60); n-- && m.n < UIDS;)
				add(&ix, &m, (uint8_t)(dice(&random, 4) ? MD_SEEN : MD_DELETED));
		} else if (what == 8) {
			expunge(&ix, &m, uid, uid + dice(&random, runs[_i]));
		} else if ((msg = index_find(&ix, uid)) != NULL) {
			m.flags[uid - 1] ^= MD_SEEN;
			index_change(&ix, msg, m.flags[uid - 1], 0, 3);
		}
		if (dice(&random, 40) == 0)
			check(&ix, &m);
	}
	check(&ix, &m);
	index_release(&ix);
	keywords_release(&keywords);
}
END_TEST

START_TEST(who_is_expunged_is_not_found_by_name)
{
	struct keyword_table keywords;
	struct index ix;
	struct model m = { .n = 0 };

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	for (int i = 0; i < 10; i++)
		add(&ix, &m, 0);
	ck_assert_uint_eq(index_find_base(&ix, STR("4.host"))->uid, 4);
	expunge(&ix, &m, 4, 4);
	ck_assert_ptr_null(index_find_base(&ix, STR("4.host")));
	ck_assert_uint_eq(index_find_base(&ix, STR("5.host"))->uid, 5);
	index_release(&ix);
	keywords_release(&keywords);
}
END_TEST

static void rename_it(struct index *ix, uint32_t uid, const char *suffix)
{
	char base[48];

	snprintf(base, sizeof base, "%u.host%s", uid, suffix);
	index_rename(ix, index_find(ix, uid), str_z(base));
}

static void check_named(struct index *ix, const struct model *m, const bool *renamed, uint32_t uid)
{
	char base[48], other[48];
	const struct message *found;

	snprintf(base, sizeof base, "%u.host%s", uid, renamed[uid - 1] ? ",S=1" : "");
	snprintf(other, sizeof other, "%u.host%s", uid, renamed[uid - 1] ? "" : ",S=1");
	found = index_find_base(ix, str_z(base));
	ck_assert_uint_eq(found ? found->uid : 0, m->there[uid - 1] ? uid : 0);
	ck_assert_ptr_null(index_find_base(ix, str_z(other)));
}

/* Some names are looked for at once, others after many more have come. */
START_TEST(who_has_come_or_was_renamed_since_is_found_by_name)
{
	struct keyword_table keywords;
	struct index ix;
	struct model m = { .n = 0 };
	bool renamed[UIDS] = { 0 };
	uint64_t state = (uint64_t)_i;

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	while (m.n < UIDS) {
		const uint32_t what = dice(&state, 100), uid = dice(&state, (uint32_t)m.n + 1) + 1;

		if (what < 80 || uid > m.n || !m.there[uid - 1]) {
			add(&ix, &m, 0);
		} else if (what < 85) {
			expunge(&ix, &m, uid, uid + dice(&state, 3));
		} else if (what < 95) {
			rename_it(&ix, uid, renamed[uid - 1] ? "" : ",S=1");
			renamed[uid - 1] = !renamed[uid - 1];
		} else if (what < 96) {
			check_named(&ix, &m, renamed, uid);
		}
	}
	for (uint32_t uid = 1; uid <= UIDS; uid++)
		check_named(&ix, &m, renamed, uid);
	index_release(&ix);
	keywords_release(&keywords);
}
END_TEST

T_SUITE("index", T_LOOP(positions_count_what_is_there, runs), T_TEST(who_is_expunged_is_not_found_by_name),
	{ who_has_come_or_was_renamed_since_is_found_by_name, 5 })
