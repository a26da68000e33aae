/* t/t_store.c: flags, keywords and removal, by several sessions */
#include "t/folder.h"

static const struct {
	int op;
	uint8_t flags;
	const char *keyword, *shows, *file;
} changes[] = {
	{MD_SET,	  0,		     NULL,	   "2:*",		  "cur/2.b:2,"     },
	{ MD_SET,	  MD_FLAGS,		    NULL,	  "2:*DFRST",	      "cur/2.b:2,DFRST"},
	{ MD_SET,	  MD_DRAFT,		    "work",	    "2:*D(work)",	  "cur/2.b:2,Da"	 },
	{ MD_ADD,	  MD_DELETED,	      NULL,	    "2:*ST",	     "cur/2.b:2,ST"   },
	{ MD_ADD,	  0,		     "$Forwarded", "2:*S($Forwarded)", "cur/2.b:2,PS"   },
	{ MD_ADD,	  0,		     NULL,	   "2:*S",		   "cur/2.b:2,S"	 },
	{ MD_REMOVE, MD_SEEN | MD_FLAGGED, NULL,	 "2:*",		"cur/2.b:2,"     },
	{ MD_REMOVE, 0,			"unknown",	   "2:*S",		   "cur/2.b:2,S"	 },
};

START_TEST(a_change_is_in_the_file_name_and_seen_by_others)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	const uint64_t before = maildir_highestmodseq(m);
	char shows[256];

	ck_assert_int_eq(t_store(m, 2, changes[_i].op, changes[_i].flags, changes[_i].keyword), 0);
	snprintf(shows, sizeof shows, "1:* %s 3:*F", changes[_i].shows);
	t_shows(m, shows);
	ck_assert(t_has(&f, changes[_i].file));
	if (strcmp(changes[_i].shows, "2:*S") == 0) { /* what changes nothing has no mod-sequence */
		t_tells(m, "");
		ck_assert_uint_eq(maildir_highestmodseq(m), before);
	} else {
		t_tells(m, "f2*");
		ck_assert_uint_gt(maildir_highestmodseq(m), before);
		ck_assert_uint_eq(maildir_message(m, 2)->modseq, maildir_highestmodseq(m));
	}
	ck_assert_int_eq(maildir_update(other, MD_CLAIM_RECENT), 0);
	t_tells(other, strcmp(changes[_i].shows, "2:*S") == 0 ? "" : "f2");
	ck_assert_uint_eq(maildir_highestmodseq(m), maildir_highestmodseq(other));
	ck_assert_uint_eq(maildir_message(m, 2)->flags, maildir_message(other, 2)->flags);
	t_reads(other, 2, "bb");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "");
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(all_messages_are_changed_at_once_under_one_modseq)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	uint32_t uids[] = { 1, 2, 3, 9 };
	const struct md_change change = { .op = MD_ADD, .flags = MD_SEEN };
	struct md_uids modified, gone;
	struct arena a = { 0 };

	ck_assert_int_eq(maildir_store(m, (struct md_uids){ uids, 4 }, &change, &a, &modified, &gone), 0);
	t_shows(m, "1:*S 2:*S 3:*FS");
	t_tells(m, "f1* f3*");
	ck_assert_uint_eq(modified.n, 0);
	ck_assert_uint_eq(gone.n, 1);
	ck_assert_uint_eq(gone.v[0], 9);
	ck_assert_uint_eq(maildir_message(m, 1)->modseq, maildir_message(m, 3)->modseq);
	ck_assert_uint_lt(maildir_message(m, 2)->modseq, maildir_message(m, 3)->modseq);
	arena_free(&a);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(unchangedsince_leaves_alone_what_has_changed_since)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	const uint64_t since = maildir_highestmodseq(m);
	uint32_t uids[] = { 1, 2, 3 };
	struct md_change change = {
		.op = MD_ADD, .flags = MD_ANSWERED, .conditional = true, .unchangedsince = since
	};
	struct md_uids modified, gone;
	struct arena a = { 0 };

	ck_assert_int_eq(t_store(other, 2, MD_ADD, MD_FLAGGED, NULL), 0);
	t_mv(&f, "cur/3.c:2,F", "cur/3.c:2,"); /* nobody has told the session yet */
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ uids, 3 }, &change, &a, &modified, &gone), 0);
	ck_assert_uint_eq(modified.n, 2);
	ck_assert_uint_eq(modified.v[0], 2);
	ck_assert_uint_eq(modified.v[1], 3);
	t_shows(m, "1:*R 2:*FS 3:*");
	change.unchangedsince = 0;
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ uids, 3 }, &change, &a, &modified, &gone), 0);
	ck_assert_uint_eq(modified.n, 3);
	arena_free(&a);
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_foreign_change_that_nobody_saw_is_not_undone)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	f.config.no_inotify = _i;
	m = t_select(&f);
	t_tick();
	t_mv(&f, "cur/1.a:2,", "cur/1.a:2,FR");
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), 0);
	t_shows(m, "1:*FRS 2:*S 3:*F");
	ck_assert(t_has(&f, "cur/1.a:2,FRS"));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(more_keywords_than_letters_live_in_the_journal)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	char name[32];

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "Keyword%d", i);
		ck_assert_int_eq(t_store(m, 1, MD_ADD, 0, name), 0);
	}
	ck_assert(t_has(&f, "cur/1.a:2,abcdefghijklmnopqrstuvwxyz"));
	ck_assert_uint_eq(maildir_keywords(m, maildir_message(m, 1))->n, 40);
	ck_assert_int_eq(t_store(m, 1, MD_REMOVE, 0, "kEYWORD39"), 0);
	maildir_close(m);
	m = t_select(&f);
	t_tells(m, "");
	ck_assert_uint_eq(maildir_keywords(m, maildir_message(m, 1))->n, 39);
	ck_assert_uint_eq(maildir_keyword_count(m), 40);
	ck_assert_str_eq(maildir_keyword_name(m, 39).s, "Keyword39");
	t_reads(m, 1, "a");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(keywords_have_limits)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	char name[300];
	struct str names[MD_KEYWORDS_MAX + 1];
	struct md_change change = { .op = MD_ADD, .keywords = names };
	struct md_uids modified, gone;
	struct arena a = { 0 };
	uint32_t uid = 1;

	memset(name, 'x', sizeof name);
	name[256] = 0;
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, name), -ENAMETOOLONG);
	name[255] = 0;
	ck_assert_int_eq(t_store(m, 1, MD_ADD, 0, name), 0);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, ""), -EINVAL);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, "a b"), -EINVAL);
	ck_assert_uint_eq(maildir_message(m, 1)->flags, 0);
	for (size_t i = 0; i < COUNT(names); i++)
		names[i] = str_z(arena_printf(&a, "k%zu", i));
	change.nkeywords = COUNT(names);
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &change, &a, &modified, &gone),
			 -EOVERFLOW);
	ck_assert_uint_eq(maildir_keyword_count(m), 1);
	change.nkeywords = MD_KEYWORDS_MAX - 1;
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &change, &a, &modified, &gone), 0);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, 0, "one-more"), -EOVERFLOW);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "k17"), 0);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_keywords(m, maildir_message(m, 1))->n, MD_KEYWORDS_MAX);
	arena_free(&a);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(long_names_keep_their_flags_in_the_journal)
{
	struct t_folder f = t_folder_make();
	char name[300] = "cur/1.";
	struct maildir *m;

	t_make_dirs(&f);
	memset(name + 6, 'n', 250);
	strcpy(name + 4 + 252, ":2,");
	t_put(&f, name, "long");
	m = t_select(&f);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN | MD_FLAGGED, "work"), 0);
	t_shows(m, "1:*FS(work)");
	ck_assert(t_has(&f, name));
	t_reads(m, 1, "long");
	maildir_close(m);
	m = t_select(&f);
	t_shows(m, "1:FS(work)");
	t_reads(m, 1, "long");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(expunge_removes_what_is_deleted_now)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	uint32_t uids[] = { 1, 2 };
	const struct md_uids some = { uids, 2 };

	ck_assert_int_eq(t_store(m, 2, MD_ADD, MD_DELETED, NULL), 0);
	ck_assert_int_eq(t_store(m, 3, MD_ADD, MD_DELETED, NULL), 0);
	maildir_events_clear(m);
	ck_assert_int_eq(maildir_expunge(m, &some, 0), 0);
	t_tells(m, "-2");
	t_shows(m, "1:* 3:*FT");
	ck_assert(!t_has(&f, "cur/2.b:2,ST"));
	ck_assert_int_eq(maildir_update(other, 0), 0);
	t_tells(other, "f2 f3 -2");
	/* taken back by another program before the second EXPUNGE */
	t_mv(&f, "cur/3.c:2,FT", "cur/3.c:2,F");
	ck_assert_int_eq(maildir_expunge(other, NULL, 0), 0);
	t_shows(other, "1: 3:F");
	ck_assert_int_eq(maildir_expunge(other, NULL, MD_FORCE), 0);
	ck_assert_uint_eq(maildir_count(other), 0);
	ck_assert_uint_eq(t_entries(&f, "cur"), 0);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, "f3* -1 -3");
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(expunged_elsewhere_is_enoent_and_nothing_else)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	uint32_t uid = 2;
	int fd;

	ck_assert_int_eq(maildir_expunge(other, &(struct md_uids){ &uid, 1 }, MD_FORCE), 0);
	ck_assert_int_eq(maildir_message_fd(m, 2, &fd), -ENOENT);
	ck_assert_int_eq(maildir_message_fd(m, 77, &fd), -ENOENT);
	t_reads(m, 1, "a");
	t_reads(m, 3, "ccc");
	t_rm(&f, "cur/1.a:2,");
	ck_assert_int_eq(maildir_message_fd(m, 1, &fd), -ENOENT);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, "-2 -1");
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(reading_a_message_does_not_change_its_file)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1100000000 } };
	struct md_file file;
	struct stat st;

	ck_assert_int_eq(maildir_message_file(m, 2, &file), 0);
	ck_assert_int_eq(futimens(file.fd, times), 0);
	close(file.fd);
	t_reads(m, 2, "bb");
	ck_assert_int_eq(maildir_message_file(m, 2, &file), 0);
	ck_assert(file.size == 2 && file.mtime == times[1].tv_sec);
	ck_assert_int_eq(fstat(file.fd, &st), 0);
	ck_assert_int_eq(st.st_atime, times[0].tv_sec);
	close(file.fd);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* As in a shared folder: the kernel leaves it to a file's owner whether its time of access is kept. */
START_TEST(messages_of_somebody_else_are_read_as_well)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd;

	ck_assert_int_eq(maildir_message_fd(m, 2, &fd), 0);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	close(fd);
	if (geteuid() == 0)
		ck_assert(fchmodat(f.fd, "cur", 0755, 0) == 0 && seteuid(65534) == 0);
	t_reads(m, 2, "bb");
	t_reads(m, 2, "bb");
	ck_assert_int_eq(seteuid(getuid()), 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(vanished_uids_are_remembered_as_ranges)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	struct arena a = { 0 };
	struct md_range *v;
	uint64_t since;
	uint32_t uids[] = { 2, 3, 4, 8 };
	uint32_t late[] = { 5, 9 };
	size_t n;
	bool all;

	for (int i = 0; i < 10; i++)
		t_append(m, "x", 0);
	since = maildir_highestmodseq(m);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ uids, 4 }, MD_FORCE), 0);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ late, 2 }, MD_FORCE), 0);
	maildir_close(m);
	m = t_select(&f);
	maildir_vanished(m, since, &a, &v, &n, &all);
	ck_assert(all);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(v[0].lo, 2);
	ck_assert_uint_eq(v[0].hi, 5);
	ck_assert_uint_eq(v[1].lo, 8);
	ck_assert_uint_eq(v[1].hi, 9);
	maildir_vanished(m, maildir_highestmodseq(m), &a, &v, &n, &all);
	ck_assert_uint_eq(n, 0);
	arena_free(&a);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static const bool both[] = { false, true };

T_SUITE("store", T_LOOP(a_change_is_in_the_file_name_and_seen_by_others, changes),
	T_TEST(all_messages_are_changed_at_once_under_one_modseq),
	T_TEST(unchangedsince_leaves_alone_what_has_changed_since),
	T_LOOP(a_foreign_change_that_nobody_saw_is_not_undone, both),
	T_TEST(more_keywords_than_letters_live_in_the_journal), T_TEST(keywords_have_limits),
	T_TEST(long_names_keep_their_flags_in_the_journal), T_TEST(expunge_removes_what_is_deleted_now),
	T_TEST(expunged_elsewhere_is_enoent_and_nothing_else), T_TEST(reading_a_message_does_not_change_its_file),
	T_TEST(messages_of_somebody_else_are_read_as_well), T_TEST(vanished_uids_are_remembered_as_ranges))
