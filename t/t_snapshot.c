/* t/t_snapshot.c: snapshots of an index, and what makes them void */
#include "t/snapshot.h"

START_TEST(it_says_what_the_journal_does)
{
	struct fixture x = fixture();

	ck_assert(is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(what_came_after_it_counts)
{
	struct fixture x = fixture();
	uint32_t gone[] = { 1, 100 };
	struct maildir *m = t_select(&x.f);

	change(m, 20, MD_SEEN, "red");
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ gone, COUNT(gone) }, MD_FORCE), 0);
	t_put(&x.f, "new/2000.fresh.host", "\n");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_close(m);
	ck_assert(is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(what_others_did_meanwhile_is_found)
{
	struct fixture x = fixture();
	char text[SHOWN];

	t_mv(&x.f, "cur/1003.a_rather_long_name_of_a_message.host:2,S", "cur/1003.a_rather_long_name_of_a_message.host:2,FS");
	t_rm(&x.f, "cur/1010.a_rather_long_name_of_a_message.host:2,");
	t_put(&x.f, "new/2000.fresh.host", "\n");
	shown(&x, true, text);
	ck_assert_ptr_nonnull(strstr(text, " 4:FS "));
	ck_assert_ptr_null(strstr(text, " 11:"));
	ck_assert_ptr_nonnull(strstr(text, " 301:"));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(mail_in_new_is_claimed_without_reading_cur)
{
	struct fixture x = fixture();
	char text[SHOWN];
	struct maildir *m;

	t_put(&x.f, "new/2000.fresh.host", "\n");
	maildir_close(t_select(&x.f));
	ck_assert(t_has(&x.f, "cur/2000.fresh.host:2,"));
	t_put(&x.f, "new/2001.seen.host", "\n");
	shown(&x, true, text);	/* gets its UID, and stays in new/ */
	ck_assert(t_has(&x.f, "new/2001.seen.host"));
	t_rm(&x.f, "new/2001.seen.host");
	m = t_select(&x.f);
	ck_assert_uint_eq(maildir_count(m), MESSAGES - 5 + 1);
	maildir_close(m);
	check_same(&x);
	release(&x);
}
END_TEST

/* Of two messages that were left in new/, one goes: with the journal alone it is not known which messages were there. */
START_TEST(what_was_left_in_new_is_found_without_its_snapshot)
{
	struct fixture x = fixture();
	struct maildir *m;
	char text[SHOWN];

	t_put(&x.f, "new/2000.fresh.host", "\n");
	t_put(&x.f, "new/2001.fresh.host", "\n");
	shown(&x, true, text);
	if (_i)
		t_rm(&x.f, "new/2000.fresh.host");
	t_rm(&x.f, x.snapshot);
	m = t_select(&x.f);
	ck_assert_uint_eq(maildir_count(m), MESSAGES - 5 + 2 - (unsigned)_i);
	ck_assert(_i || t_has(&x.f, "cur/2000.fresh.host:2,"));
	ck_assert(t_has(&x.f, "cur/2001.fresh.host:2,"));
	maildir_close(m);
	check_same(&x);
	release(&x);
}
END_TEST

/* Who polls reads of one that another has left in new/, and that is gone when it looks itself. */
START_TEST(what_another_left_in_new_and_has_gone_is_gone)
{
	struct fixture x = fixture();
	struct maildir_config polls = x.f.config;
	struct maildir *m = t_select(&x.f), *other;

	polls.no_inotify = true;
	ck_assert_int_eq(maildir_open(x.f.fd, 0, &polls, &other), 0);
	ck_assert_int_eq(maildir_update(other, 0), 0);
	t_put(&x.f, "new/2000.fresh.host", "\n");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	change(m, 6, MD_SEEN, "");
	maildir_linger(m);
	maildir_close(m);
	t_rm(&x.f, "new/2000.fresh.host");
	ck_assert_int_eq(maildir_update(other, 0), 0);
	ck_assert_uint_eq(maildir_count(other), MESSAGES - 5);
	maildir_close(other);
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(who_leaves_takes_in_what_has_come_for_the_next_one)
{
	struct fixture x = fixture();
	struct maildir *m = t_select(&x.f);

	change(m, 6, MD_SEEN, "");
	t_put(&x.f, "new/2000.fresh.host", "\n");
	maildir_linger(m);
	maildir_close(m);
	ck_assert_int_eq(maildir_open(x.f.fd, 0, &x.f.config, &m), 0);
	ck_assert_uint_eq(maildir_count(m), MESSAGES - 5 + 1);
	ck_assert(look_unchanged(m));
	maildir_close(m);
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(a_journal_that_was_written_anew_makes_it_void)
{
	struct fixture x = fixture();
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert_int_eq(fd_slurp_at(x.f.fd, "imapd.journal", 1 << 20, &b), 0);
	t_mv(&x.f, "imapd.journal", "old");
	t_put(&x.f, "imapd.journal", buf_cstr(&b));
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(a_journal_that_has_lost_its_end_makes_it_void)
{
	struct fixture x = fixture();
	const int fd = openat(x.f.fd, "imapd.journal", O_RDWR | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(ftruncate(fd, st.st_size - 10), 0);
	close(fd);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

/* A session that rests swaps its memory for the file, and goes on as if nothing had been. */
START_TEST(who_rests_sees_the_same)
{
	struct fixture x = fixture();
	uint32_t gone[] = { 2, 200 };
	static char before[SHOWN], after[SHOWN];
	struct maildir *m;

	t_put(&x.f, "new/2000.fresh.host", "\n");
	m = t_select(&x.f);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ gone, COUNT(gone) }, MD_FORCE), 0);
	change(m, 30, MD_DELETED, "red");
	maildir_events_clear(m);
	t_show(m, before, sizeof before);
	ck_assert_ptr_nonnull(strstr(before, " 301:*"));
	ck_assert_int_eq(snapshot_save(box_snapshots(m), &m->journal, &m->index, true), 0);
	ck_assert_uint_gt(m->index.messages.mapped, 0);
	t_show(m, after, sizeof after);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(maildir_count(m), MESSAGES - 5 + 1 - 2);

	gone[0] = 30;
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ gone, 1 }, MD_FORCE), 0);
	change(m, 31, MD_FLAGGED, "black");
	t_put(&x.f, "new/2001.fresh.host", "\n");
	t_rm(&x.f, "cur/1010.a_rather_long_name_of_a_message.host:2,");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(m), MESSAGES - 5 + 1 - 2 - 1);
	t_show(m, before, sizeof before);
	ck_assert_ptr_nonnull(strstr(before, " 302:*"));
	ck_assert_ptr_nonnull(strstr(before, " 31:F"));
	maildir_close(m);
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(without_a_place_for_it_all_is_well)
{
	struct fixture x = fixture();

	ck_assert_int_eq(unlinkat(x.f.fd, x.snapshot, 0), 0);
	ck_assert_int_eq(unlinkat(x.f.fd, "imapd.cache", AT_REMOVEDIR), 0);
	ck_assert(!is_used(&x));
	check_same(&x);
	maildir_close(t_select(&x.f));
	release(&x);
}
END_TEST

T_SUITE("snapshot", T_TEST(it_says_what_the_journal_does), T_TEST(what_came_after_it_counts),
	T_TEST(what_others_did_meanwhile_is_found), T_TEST(mail_in_new_is_claimed_without_reading_cur),
	{ what_was_left_in_new_is_found_without_its_snapshot, 2 }, T_TEST(what_another_left_in_new_and_has_gone_is_gone),
	T_TEST(who_leaves_takes_in_what_has_come_for_the_next_one),
	T_TEST(a_journal_that_was_written_anew_makes_it_void), T_TEST(a_journal_that_has_lost_its_end_makes_it_void),
	T_TEST(who_rests_sees_the_same), T_TEST(without_a_place_for_it_all_is_well))
