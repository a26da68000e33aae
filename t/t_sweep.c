/* t/t_sweep.c: what is left over in tmp/ is removed by who knows what is, and by nobody else */
#include "t/later.h"
#include "t/snapshot.h"

static const char two_days[] = "172800";

/* Closed two days later. */
static void leave(struct maildir *m)
{
	t_later(two_days);
	maildir_close(m);
	t_later(NULL);
}

START_TEST(what_a_crash_has_left_is_removed_and_what_is_journaled_is_not)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);

	t_append(m, "message", 0);
	maildir_close(m);
	t_put(&f, "tmp/1.left", "x");
	m = t_select(&f);
	t_put(&f, "tmp/2.left", "x");
	maildir_close(m);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 2);
	m = t_open(&f, 0);
	{	/* as if the delivery had come no farther */
		char from[MDNAME_MAX + 8], to[MDNAME_MAX + 8];
		const struct str base = maildir_base_name(m, maildir_at(m, 0));

		snprintf(from, sizeof from, "cur/%.*s:2,", (int)base.n, base.s);
		snprintf(to, sizeof to, "tmp/%.*s", (int)base.n, base.s);
		t_mv(&f, from, to);
		leave(m);
		ck_assert_uint_eq(t_entries(&f, "tmp"), 1);
		ck_assert(t_has(&f, to));
	}
	t_folder_remove(&f);
}
END_TEST

/* Then it is not known what is journaled. */
START_TEST(who_could_not_open_the_folder_removes_nothing)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = NULL;

	t_make_dirs(&f);
	t_put(&f, "tmp/1.left", "x");
	t_put(&f, "imapd.journal", "imapd-journal 2 whatever\n");
	t_later(two_days);
	ck_assert_int_eq(maildir_open(f.fd, 0, &f.config, &m), -EPROTONOSUPPORT);
	t_later(NULL);
	ck_assert(t_has(&f, "tmp/1.left"));
	t_folder_remove(&f);
}
END_TEST

START_TEST(who_only_reads_removes_nothing)
{
	struct t_folder f = t_folder_make();

	maildir_close(t_select(&f));
	t_put(&f, "tmp/1.left", "x");
	leave(t_open(&f, MD_READONLY));
	ck_assert(t_has(&f, "tmp/1.left"));
	leave(t_open(&f, 0));
	ck_assert(!t_has(&f, "tmp/1.left"));
	t_folder_remove(&f);
}
END_TEST

START_TEST(whose_uids_have_begun_anew_removes_nothing)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);

	ck_assert_int_eq(box_renumber(m), -ESTALE);
	t_put(&f, "tmp/1.left", "x");
	leave(m);
	ck_assert(t_has(&f, "tmp/1.left"));
	t_folder_remove(&f);
}
END_TEST

START_TEST(whose_snapshot_was_written_to_removes_nothing)
{
	struct fixture x = fixture();
	struct maildir *m = t_open(&x.f, 0);

	t_put(&x.f, "tmp/1.left", "x");
	write_into(&x);
	leave(m);
	ck_assert(t_has(&x.f, "tmp/1.left"));
	release(&x);
}
END_TEST

T_SUITE("sweep", T_TEST(what_a_crash_has_left_is_removed_and_what_is_journaled_is_not),
	T_TEST(who_could_not_open_the_folder_removes_nothing), T_TEST(who_only_reads_removes_nothing),
	T_TEST(whose_uids_have_begun_anew_removes_nothing), T_TEST(whose_snapshot_was_written_to_removes_nothing))
