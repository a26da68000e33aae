/* t/t_changed.c: what has changed since a mod-sequence is found, whatever was added, changed, removed, and mapped before */
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/snapshot.h"
#include "t/folder.h"

enum { FIRST = 1500, ROUNDS = 60, MOST = 4096 };

static uint32_t next_random(uint32_t *state)
{
	return *state = *state * 1664525 + 1013904223;
}

static void put_mail(const struct t_folder *f, unsigned number)
{
	char name[40];

	snprintf(name, sizeof name, "cur/%u.a:2,", 100000 + number);
	t_put(f, name, "\n");
}

static void change(struct maildir *m, uint32_t uid, uint8_t flags)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct md_change c = { .op = MD_SET, .flags = flags };
	struct md_uids modified, gone;

	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &c, &a, &modified, &gone), 0);
}

static void expunge(struct maildir *m, size_t from, size_t n)
{
	uint32_t uids[MOST];
	size_t left = 0;

	for (size_t i = from; i < maildir_count(m) && left < n; i++)
		uids[left++] = maildir_at(m, i)->uid;
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ uids, left }, MD_FORCE), 0);
}

/* By looking at each. */
static void check_changed(struct maildir *m, uint64_t modseq, struct md_range among)
{
	_cleanup_(buf_release) struct buf changed = { 0 };
	const uint32_t *uids;
	size_t n, at = 0;

	maildir_changed(m, modseq, among, &changed);
	uids = (void *)changed.s;
	n = changed.n / sizeof *uids;
	for (size_t i = 0; i < maildir_count(m); i++)
		if (maildir_at(m, i)->modseq > modseq && maildir_at(m, i)->uid >= among.lo && maildir_at(m, i)->uid <= among.hi) {
			ck_assert_uint_lt(at, n);
			ck_assert_uint_eq(uids[at++], maildir_at(m, i)->uid);
		}
	ck_assert_uint_eq(at, n);
}

static void check_all(struct maildir *m, uint32_t *state)
{
	const uint64_t last = maildir_highestmodseq(m);

	const struct md_range all = { 1, UINT32_MAX };

	check_changed(m, 0, all);
	check_changed(m, last - 1, all);
	check_changed(m, last, all);
	for (int i = 0; i < 5; i++)
		check_changed(m, next_random(state) % last, all);
	for (int i = 0; i < 5; i++) {
		const uint32_t lo = next_random(state) % (maildir_uidnext(m) + 10), n = (next_random(state) >> 16) % 700;

		check_changed(m, next_random(state) % last, (struct md_range){ lo, lo + n });
	}
}

START_TEST(it_is_what_looking_at_each_message_says)
{
	struct t_folder f = t_folder_make();
	uint32_t state = (uint32_t)_i + 1;
	unsigned number = 0;
	struct cache *cache;
	struct maildir *m;

	t_make_dirs(&f);
	ck_assert_int_eq(cache_open(f.fd, NULL, &cache), 0);
	f.config.cache = cache;
	while (number < FIRST)
		put_mail(&f, number++);
	m = t_select(&f);
	for (int i = 0; i < ROUNDS; i++) {
		const size_t count = maildir_count(m), some = next_random(&state) % count;
		const unsigned what = next_random(&state) >> 16 & 15;

		if (what == 0) {
			expunge(m, some, 200);
		} else if (what < 4) {
			put_mail(&f, number++);
			ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
		} else if (what == 4) {
			maildir_close(m);
			m = t_select(&f);
		} else if (what == 5) {
			ck_assert_int_eq(snapshot_save(box_snapshots(m), &m->journal, &m->index, true), 0);
		} else {
			change(m, maildir_at(m, some)->uid, what & 1 ? MD_SEEN : MD_FLAGGED);
		}
		check_all(m, &state);
	}
	while (maildir_count(m) > 100) {	/* until there are so many holes that they are closed */
		expunge(m, 50, 150);
		change(m, maildir_at(m, 40)->uid, MD_DELETED);
		check_all(m, &state);
	}
	ck_assert_uint_lt(m->index.holes.n, 1024 * sizeof(uint32_t));
	maildir_close(m);
	cache_close(cache);
	t_folder_remove(&f);
}
END_TEST

T_SUITE("changed", { it_is_what_looking_at_each_message_says, 6 })
