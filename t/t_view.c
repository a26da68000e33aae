/* t/t_view.c: what a client has been told, and what its numbers mean */
#include "imap/parse.h"
#include "t/dir.h"
#include "view.h"

static const struct maildir_config config = { .hostname = "host" };

/* The working directory becomes a folder of ten messages with UIDs 1 to 10. */
static struct view *fixture(struct t_dir *d)
{
	struct maildir *box;
	char name[64];

	*d = t_dir_enter();
	t_mkdir("cur");
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "cur/%d.x.host:2,", 1000 + i);
		t_write(name, STR("\n"));
	}
	ck_assert_int_eq(maildir_open(AT_FDCWD, 0, &config, &box), 0);
	ck_assert_int_eq(maildir_update(box, MD_CLAIM_RECENT), 0);
	return view_new(box, false);
}

static void release(struct view *v, struct t_dir *d)
{
	view_free(v);
	t_dir_leave(d);
}

/* Expunges the messages of these UIDs behind the client's back. */
static void expunge(struct view *v, uint32_t *uids, size_t n)
{
	const struct md_uids gone = { uids, n };

	ck_assert_int_eq(maildir_expunge(v->box, &gone, MD_FORCE), 0);
	view_absorb(v, 0);
}

static const struct {
	const char *set;
	enum resolve how;
	const char *uids;	/* NULL: a mistake */
} sets[] = {
	{ "1:3",	 BY_NUMBER,   "1 2 3"	      },
	{ "3:1",	 BY_NUMBER,   "1 2 3"	      },
	{ "*",		 BY_NUMBER,   "10"	      },
	{ "9:*",	 BY_NUMBER,   "9 10"	      },
	{ "2,2,1:2",	 BY_NUMBER,   "1 2"	      },
	{ "5,1:10,7",	 BY_NUMBER,   "1 2 3 4 5 6 7 8 9 10" },
	{ "11",		 BY_NUMBER,   NULL	      },
	{ "9:11",	 BY_NUMBER,   NULL	      },
	{ "9:11",	 BY_QUESTION, "9 10"	      },
	{ "4294967295",	 BY_QUESTION, ""	      },
	{ "500:*",	 BY_UIDS,     "10"	      },
	{ "9:4294967295", BY_UIDS,    "9 10"	      },
	{ "4000",	 BY_UIDS,     ""	      },
};

START_TEST(sets_mean_messages)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf got = { 0 };
	struct t_dir d;
	struct view *v = fixture(&d);
	struct cursor c;
	struct seqset set;
	uint32_t *uids;
	size_t n;

	view_begin(v);
	cursor_init(&c, &a, str_z(sets[_i].set));
	ck_assert(p_sequence_set(&c, &set));
	ck_assert_int_eq(view_resolve(v, set, sets[_i].how, &a, &uids, &n), sets[_i].uids != NULL);
	for (size_t i = 0; sets[_i].uids && i < n; i++)
		buf_printf(&got, "%s%u", i ? " " : "", uids[i]);
	if (sets[_i].uids)
		t_str_eq(buf_view(&got), str_z(sets[_i].uids));
	release(v, &d);
}
END_TEST

static void set_flags(struct view *v, uint32_t uid)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct md_change change = { .op = MD_ADD, .flags = MD_FLAGGED };
	struct md_uids modified, gone;

	ck_assert_int_eq(maildir_store(v->box, (struct md_uids){ &uid, 1 }, &change, &a, &modified, &gone), 0);
}

/* As it is for all, and then looking at each. */
static void check_changed(struct view *v, struct seqset set, enum resolve how, uint64_t modseq)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	uint32_t *all, *uids;
	size_t n_all, n, at = 0;

	if (!view_resolve(v, set, how, &a, &all, &n_all)) {
		ck_assert(!view_resolve_changed(v, set, how, modseq, &a, &uids, &n));
		return;
	}
	ck_assert(view_resolve_changed(v, set, how, modseq, &a, &uids, &n));
	for (size_t i = 0; i < n_all; i++) {
		const struct message *m = maildir_message(v->box, all[i]);

		if (m && m->modseq > modseq) {
			ck_assert_uint_lt(at, n);
			ck_assert_uint_eq(uids[at++], all[i]);
		}
	}
	ck_assert_uint_eq(at, n);
}

/* Some are gone and some are new, and the client has not been told. */
START_TEST(some_messages_of_a_set_have_changed)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	uint32_t saved[] = { 2, 4, 5, 8, 10 };
	struct t_dir d;
	struct view *v = fixture(&d);
	struct cursor c;
	struct seqset set;

	view_begin(v);
	for (uint32_t uid = 10; uid > 1; uid -= 2)
		set_flags(v, uid);
	set_flags(v, 3);
	view_save(v, saved, COUNT(saved));
	cursor_init(&c, &a, str_z(sets[_i].set));
	ck_assert(p_sequence_set(&c, &set));
	for (int told = 0; told < 4; told++) {
		for (uint64_t modseq = 0; modseq <= maildir_highestmodseq(v->box) + 1; modseq++) {
			check_changed(v, set, sets[_i].how, modseq);
			check_changed(v, (struct seqset){ .saved = true }, sets[_i].how, modseq);
		}
		if (told == 0)
			expunge(v, (uint32_t[]){ 1, 4, 10 }, 3);
		t_write("cur/2000.x.host:2,", STR("\n"));
		ck_assert_int_eq(maildir_update(v->box, 0), 0);
		if (told == 1)
			view_absorb(v, 0);
		set_flags(v, 9);
	}
	release(v, &d);
}
END_TEST

START_TEST(an_empty_folder_has_no_numbers)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct t_dir d;
	struct view *v = fixture(&d);
	struct seq star = { 0, 0 }, all = { 1, 0 }, one = { 1, 1 };
	uint32_t *uids;
	size_t n = 7;

	ck_assert(view_resolve(v, (struct seqset){ .v = &star, .n = 1 }, BY_NUMBER, &a, &uids, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(view_resolve(v, (struct seqset){ .v = &all, .n = 1 }, BY_NUMBER, &a, &uids, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(view_resolve(v, (struct seqset){ .v = &all, .n = 1 }, BY_UIDS, &a, &uids, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(!view_resolve(v, (struct seqset){ .v = &one, .n = 1 }, BY_NUMBER, &a, &uids, &n));
	release(v, &d);
}
END_TEST

START_TEST(numbers_stay_until_expunges_are_told)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct t_dir d;
	struct view *v = fixture(&d);
	uint32_t gone[] = { 2, 3, 9 }, *numbers, *uids;
	size_t n;

	view_begin(v);
	v->told = v->n;
	expunge(v, gone, COUNT(gone));
	ck_assert_uint_eq(view_number(v, 10), 10);
	view_forget_gone(v, &a, &numbers, &uids, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(numbers[0], 2);	/* each is counted after those before it are out */
	ck_assert_uint_eq(numbers[1], 2);
	ck_assert_uint_eq(numbers[2], 7);
	ck_assert_uint_eq(uids[2], 9);
	ck_assert_uint_eq(view_number(v, 10), 7);
	ck_assert_uint_eq(view_number(v, 9), 0);
	ck_assert_uint_eq(v->told, 7);
	release(v, &d);
}
END_TEST

START_TEST(what_was_never_counted_is_not_told_as_expunged)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct t_dir d;
	struct view *v = fixture(&d);
	uint32_t gone[] = { 5, 10 }, *numbers, *uids;
	size_t n;

	view_begin(v);
	v->told = 9;	/* EXISTS said 9 */
	expunge(v, gone, COUNT(gone));
	view_forget_gone(v, &a, &numbers, &uids, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(numbers[0], 5);
	ck_assert_uint_eq(v->n, 8);
	ck_assert_uint_eq(v->told, 8);
	release(v, &d);
}
END_TEST

START_TEST(recent_goes_with_its_message)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct t_dir d;
	struct view *v = fixture(&d);
	uint32_t gone[] = { 4 }, *numbers, *uids;
	size_t n;

	view_begin(v);
	v->told = v->n;
	ck_assert_uint_eq(v->recent.n, 10);
	ck_assert(view_recent(v, 4));
	expunge(v, gone, 1);
	view_forget_gone(v, &a, &numbers, &uids, &n);
	ck_assert_uint_eq(v->recent.n, 9);
	ck_assert(!view_recent(v, 4));
	release(v, &d);
}
END_TEST

START_TEST(a_silent_change_is_not_told_but_anothers_is)
{
	const struct md_change seen = { .op = MD_ADD, .flags = MD_SEEN }, flagged = { .op = MD_ADD, .flags = MD_FLAGGED };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct md_uids one, modified, absent;
	uint32_t uid = 6;
	struct t_dir d;
	struct view *v = fixture(&d);

	view_begin(v);
	one = (struct md_uids){ &uid, 1 };
	ck_assert_int_eq(maildir_store(v->box, one, &flagged, &a, &modified, &absent), 0);
	ck_assert_int_eq(maildir_store(v->box, one, &seen, &a, &modified, &absent), 0);
	view_absorb(v, maildir_highestmodseq(v->box));
	ck_assert_uint_eq(v->changed.n, 1);	/* the first one's */
	view_told(v, &uid, 1);
	ck_assert_uint_eq(v->changed.n, 0);
	release(v, &d);
}
END_TEST

T_SUITE("view", T_LOOP(sets_mean_messages, sets), T_LOOP(some_messages_of_a_set_have_changed, sets), T_TEST(an_empty_folder_has_no_numbers),
	T_TEST(numbers_stay_until_expunges_are_told), T_TEST(what_was_never_counted_is_not_told_as_expunged),
	T_TEST(recent_goes_with_its_message), T_TEST(a_silent_change_is_not_told_but_anothers_is))
