/* t/t_twins.c: two files with one base name: both are messages, or they are one file that is being moved */
#include "t/folder.h"
#include "t/later.h"

static const char *const places[] = { "cur/1.a:2,", "cur/1.a:2,S", "new/1.a" };

/* What somebody has put in two of these places, before or while a session has the folder open; and then which of the two keeps its name,
 * or, of two names of one file, which goes once it can't be a move any more.
 */
static const struct {
	unsigned first, second;	/* in places */
	bool open;		/* the second one comes while a session knows the first */
	unsigned keeps;
} twins[] = {
	{ 0, 1, false, 0 }, { 1, 0, false, 0 }, { 0, 2, false, 0 }, { 2, 0, false, 0 }, { 1, 2, false, 1 },
	{ 0, 1, true, 0 },  { 1, 0, true, 1 },	{ 0, 2, true, 0 },  { 1, 2, true, 1 },
};

static struct maildir *put_both(struct t_folder *f, size_t row, bool link)
{
	struct maildir *m = NULL;

	*f = t_folder_make();
	t_make_dirs(f);
	t_put(f, places[twins[row].first], "first");
	if (twins[row].open)
		m = t_select(f);
	if (link)
		ck_assert_int_eq(linkat(f->fd, places[twins[row].first], f->fd, places[twins[row].second], 0), 0);
	else
		t_put(f, places[twins[row].second], "second");
	if (!twins[row].open)
		m = t_select(f);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	return m;
}

/* Both are there, to all sessions, and each has the flags that its name has. */
START_TEST(two_files_are_two_messages)
{
	const size_t row = (size_t)_i;
	const unsigned keeps = twins[row].keeps, other = twins[row].first + twins[row].second - keeps;
	struct t_folder f;
	struct maildir *m = put_both(&f, row, false);
	char a[100], b[100];

	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(maildir_count(m), 2);
		t_read(m, 1, a, sizeof a);
		t_read(m, 2, b, sizeof b);
		ck_assert_str_ne(a, b);
		ck_assert_msg((strcmp(a, "first") == 0) == (keeps == twins[row].first), "%s is UID 1", a);
		ck_assert_uint_eq(maildir_at(m, 0)->flags, keeps == 1 ? MD_SEEN : 0);
		ck_assert_uint_eq(maildir_at(m, 1)->flags, other == 1 ? MD_SEEN : 0);
		t_str_eq(maildir_base_name(m, maildir_at(m, 0)), STR("1.a"));
		ck_assert(!str_eq(maildir_base_name(m, maildir_at(m, 1)), STR("1.a")));
		maildir_close(m);
		m = t_select(&f);
	}
	maildir_close(m);
	ck_assert(t_has(&f, places[keeps]));
	ck_assert(!t_has(&f, places[other]));
	ck_assert_uint_eq(t_entries(&f, "cur") + t_entries(&f, "new"), 2);
	t_folder_remove(&f);
}
END_TEST

/* While no session looks, another file comes under the base name of a message: the message is the one that it was. */
START_TEST(a_message_keeps_its_uid_whatever_comes_beside_it)
{
	const size_t row = (size_t)_i;
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, places[twins[row].first], "first");
	m = t_open(&f, MD_READONLY);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(maildir_count(m), 1);
	maildir_close(m);
	t_tick();
	t_put(&f, places[twins[row].second], "second");
	for (int i = 0; i < 2; i++) {
		m = t_select(&f);
		ck_assert_int_eq(maildir_update(m, 0), 0);
		ck_assert_uint_eq(maildir_count(m), 2);
		t_reads(m, 1, "first");
		t_reads(m, 2, "second");
		ck_assert_uint_eq(maildir_at(m, 0)->flags, twins[row].first == 1 ? MD_SEEN : 0);
		ck_assert_uint_eq(maildir_at(m, 1)->flags, twins[row].second == 1 ? MD_SEEN : 0);
		maildir_close(m);
	}
	t_folder_remove(&f);
}
END_TEST

/* Nothing is removed while it may be a move, which some programs make with link() and unlink(). */
START_TEST(two_names_of_a_file_are_one_message)
{
	struct t_folder f;
	struct maildir *m = put_both(&f, (size_t)_i, true);

	ck_assert_uint_eq(maildir_count(m), 1);
	t_reads(m, 1, "first");
	maildir_close(m);
	ck_assert(t_has(&f, "cur/1.a:2,") + t_has(&f, "cur/1.a:2,S") + t_has(&f, "new/1.a") == 2);
	t_later("60");
	for (int i = 0; i < 2; i++) {
		t_tick();	/* a change, so that somebody looks */
		t_put(&f, "cur/2.b", "other");
		t_rm(&f, "cur/2.b");
		m = t_select(&f);
		ck_assert_int_eq(maildir_update(m, 0), 0);
		ck_assert_uint_eq(maildir_count(m), 1);
		t_reads(m, 1, "first");
		maildir_close(m);
	}
	t_later(NULL);
	ck_assert_uint_eq(t_entries(&f, "cur"), 1);
	ck_assert_uint_eq(t_entries(&f, "new"), 0);
	t_folder_remove(&f);
}
END_TEST

/* Another program claims what a session has left in new/: it is seen in cur/, with its flags, before and after the old name goes. */
START_TEST(a_move_out_of_new_is_followed)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "new/1.a", "first");
	for (int i = 0; i < 3; i++) {
		t_tick();
		if (i == 1)
			ck_assert_int_eq(linkat(f.fd, "new/1.a", f.fd, "cur/1.a:2,S", 0), 0);
		if (i == 2)
			t_rm(&f, "new/1.a");
		m = t_open(&f, MD_READONLY);
		ck_assert_int_eq(maildir_update(m, 0), 0);
		ck_assert_uint_eq(maildir_count(m), 1);
		ck_assert_uint_eq(maildir_at(m, 0)->uid, 1);
		ck_assert_uint_eq(maildir_at(m, 0)->flags, i ? MD_SEEN : 0);
		t_reads(m, 1, "first");
		maildir_close(m);
	}
	t_folder_remove(&f);
}
END_TEST

START_TEST(three_of_a_name_are_three_messages)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	for (size_t i = 0; i < COUNT(places); i++)
		t_put(&f, places[i], places[i]);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 3);
	t_reads(m, 1, places[0]);
	ck_assert(t_has(&f, places[0]) && !t_has(&f, places[1]) && !t_has(&f, places[2]));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* Where a name has no room for what was behind its base, the flags in that are not lost. */
START_TEST(who_gets_a_new_name_keeps_its_flags)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;
	char name[256] = "cur/1.a:2,S";

	t_make_dirs(&f);
	t_put(&f, "cur/1.a:2,", "first");
	if (_i)
		snprintf(name, sizeof name, "cur/1.a:2,S%0*d", 235, 0);
	t_put(&f, name, "second");
	for (int i = 0; i < 2; i++) {
		m = t_select(&f);
		ck_assert_uint_eq(maildir_count(m), 2);
		t_reads(m, 2, "second");
		ck_assert_uint_eq(maildir_at(m, 1)->flags, MD_SEEN);
		maildir_close(m);
	}
	t_folder_remove(&f);
}
END_TEST

T_SUITE("twins", T_LOOP(two_files_are_two_messages, twins), T_LOOP(a_message_keeps_its_uid_whatever_comes_beside_it, twins),
	T_LOOP(two_names_of_a_file_are_one_message, twins),
	T_TEST(a_move_out_of_new_is_followed), T_TEST(three_of_a_name_are_three_messages), { who_gets_a_new_name_keeps_its_flags, 2 })
