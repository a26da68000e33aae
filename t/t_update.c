/* t/t_update.c: a folder and what other programs do to it */
#include <poll.h>
#include <sys/file.h>
#include "t/folder.h"

START_TEST(an_empty_directory_becomes_a_folder)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);

	ck_assert(t_has(&f, "cur"));
	ck_assert(t_has(&f, "new"));
	ck_assert(t_has(&f, "tmp"));
	ck_assert(t_has(&f, "imapd.journal"));
	ck_assert_uint_eq(maildir_count(m), 0);
	ck_assert_uint_eq(maildir_uidnext(m), 1);
	ck_assert_uint_gt(maildir_uidvalidity(m), 0);
	ck_assert_uint_ge(maildir_highestmodseq(m), 1);
	ck_assert_int_eq(maildir_mailboxid(m)[0], 'F');
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static bool is_locked(const struct t_folder *f)
{
	const int fd = openat(f->fd, "imapd.lock", O_RDWR | O_CLOEXEC);
	const bool locked = flock(fd, LOCK_EX | LOCK_NB) < 0;

	ck_assert_int_ge(fd, 0);
	close(fd);
	return locked;
}

START_TEST(the_lock_of_a_new_folder_is_kept_for_who_updates_next)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_open(&f, MD_UPDATE_NEXT);

	ck_assert(is_locked(&f));
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert(!is_locked(&f));
	maildir_close(m);
	t_rm(&f, "imapd.journal");
	m = t_open(&f, MD_UPDATE_NEXT);
	ck_assert(is_locked(&f));
	maildir_close(m);
	ck_assert(!is_locked(&f));
	m = t_open(&f, MD_UPDATE_NEXT);
	ck_assert(!is_locked(&f));
	maildir_close(m);
	t_rm(&f, "imapd.journal");
	m = t_open(&f, 0);
	ck_assert(!is_locked(&f));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(new_mail_is_moved_and_recent_for_who_claims_it_first)
{
	struct t_folder f = t_folder_make();
	struct maildir *a, *b;

	t_make_dirs(&f);
	t_put(&f, "new/20.b", "b");
	t_put(&f, "new/3.a", "a");
	t_put(&f, "cur/100.c:2,FS", "c");
	a = t_select(&f);
	t_shows(a, "1:* 2:* 3:*FS");
	ck_assert(t_has(&f, "cur/3.a:2,"));
	ck_assert(t_has(&f, "cur/20.b:2,"));
	ck_assert_uint_eq(t_entries(&f, "new"), 0);
	t_reads(a, 1, "a");
	t_reads(a, 2, "b");
	b = t_select(&f);
	t_shows(b, "1: 2: 3:FS");
	t_put(&f, "new/200.d", "d");
	ck_assert_int_eq(maildir_update(b, MD_CLAIM_RECENT), 0);
	t_tells(b, "+4*");
	ck_assert_int_eq(maildir_update(a, MD_CLAIM_RECENT), 0);
	t_tells(a, "+4");
	maildir_close(a);
	maildir_close(b);
	t_folder_remove(&f);
}
END_TEST

START_TEST(who_only_reads_moves_nothing_but_gives_uids_for_good)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "new/1.a", "a");
	m = t_open(&f, MD_READONLY);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_shows(m, "1:*");
	t_tells(m, "+1*");
	ck_assert(t_has(&f, "new/1.a"));
	t_reads(m, 1, "a");
	maildir_close(m);
	t_put(&f, "new/0.b", "b");
	m = t_select(&f);
	t_shows(m, "1:* 2:*");
	t_reads(m, 1, "a");
	t_reads(m, 2, "b");
	ck_assert_uint_eq(t_entries(&f, "new"), 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(mail_that_somebody_only_read_is_moved_by_the_next_even_if_nothing_changed)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "new/1.a", "a");
	t_tick();
	m = t_open(&f, MD_READONLY);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tick();
	maildir_close(m);
	m = t_select(&f);
	t_shows(m, "1:*");
	ck_assert(t_has(&f, "cur/1.a:2,"));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* What another program does, and what a session that knew 1:, 2:S and 3:F is told of it. */
static const struct {
	const char *from, *to, *tells, *shows;
} renames[] = {
	{"cur/1.a:2,",	"cur/1.a:2,S",     "f1", "1:S 2:S 3:F"	   },
	{ "cur/2.b:2,S", "cur/2.b:2,",      "f2", "1: 2: 3:F"		 },
	{ "cur/2.b:2,S", "cur/2.b:2,SDT",	  "f2", "1: 2:DST 3:F"	       },
	{ "cur/2.b:2,S", "cur/2.b:2,SX",	 "f2", "1: 2:S 3:F"	    },
	{ "cur/2.b:2,S", "cur/2.b",	    "f2", "1: 2: 3:F"	      },
	{ "cur/1.a:2,",	"new/1.a",	   "",   "1: 2:S 3:F"	    },
	{ "cur/1.a:2,",	"cur/1.a:1,x",     "",   "1: 2:S 3:F"		},
	{ "cur/1.a:2,",	"cur/1.a,S=1:2,",  "",   "1: 2:S 3:F"		   },
	{ "cur/1.a:2,",	"cur/1.a,S=1:2,R", "f1", "1:R 2:S 3:F"	       },
	{ "cur/1.a:2,",	"cur/999.zz:2,",	 "",   "1: 2:S 3:F"		  },
	{ "cur/1.a:2,",	"cur/.hidden",     "-1", "2:S 3:F"	       },
	{ "cur/1.a:2,",	"elsewhere",	     "-1", "2:S 3:F"		     },
	{ "cur/1.a:2,",	"cur/1.a:2,P",     "f1", "1:($Forwarded) 2:S 3:F"},
};

static void three(const struct t_folder *f)
{
	t_make_dirs(f);
	t_put(f, "cur/1.a:2,", "a");
	t_put(f, "cur/2.b:2,S", "bb");
	t_put(f, "cur/3.c:2,F", "ccc");
}

/* With a watch, by looking, and by who comes later. */
static void rename_is_told(size_t row, bool no_inotify, bool open)
{
	struct t_folder f = t_folder_make();
	struct maildir *m, *other;

	f.config.no_inotify = no_inotify;
	three(&f);
	m = t_open(&f, 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_close(m);
	other = open ? t_select(&f) : NULL;
	m = t_select(&f);
	t_shows(m, "1: 2:S 3:F");
	if (!open)
		maildir_close(m);
	t_tick();
	t_mv(&f, renames[row].from, renames[row].to);
	if (!open)
		m = t_open(&f, 0);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, renames[row].tells);
	t_shows(m, renames[row].shows);
	if (other) {
		ck_assert_int_eq(maildir_update(other, 0), 0);
		t_tells(other, renames[row].tells);
		t_shows(other, renames[row].shows);
	}
	for (size_t i = 0; i < maildir_count(m); i++) {
		static const char *const contents[] = { "a", "bb", "ccc" };
		const uint32_t uid = maildir_at(m, i)->uid;

		t_reads(m, uid, contents[uid - 1]);
	}
	maildir_close(m);
	maildir_close(other);
	m = t_open(&f, MD_READONLY);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}

START_TEST(a_foreign_rename_is_told_with_a_watch)
{
	rename_is_told((size_t)_i, false, true);
}
END_TEST

START_TEST(a_foreign_rename_is_told_without_inotify)
{
	rename_is_told((size_t)_i, true, true);
}
END_TEST

START_TEST(a_foreign_rename_is_told_to_who_comes_later)
{
	rename_is_told((size_t)_i, true, false);
}
END_TEST

START_TEST(removed_files_are_expunged_and_their_uids_never_come_back)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	three(&f);
	m = t_select(&f);
	t_rm(&f, "cur/2.b:2,S");
	t_rm(&f, "cur/3.c:2,F");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_tells(m, "-2 -3");
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_uidnext(m), 4);
	t_put(&f, "cur/2.b:2,S", "again");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_shows(m, "1: 4:S");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(what_is_no_message_is_passed_over)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	three(&f);
	ck_assert_int_eq(mkdirat(f.fd, "cur/directory", 0700), 0);
	ck_assert_int_eq(mkdirat(f.fd, "new/directory:2,S", 0700), 0);
	ck_assert_int_eq(mkfifoat(f.fd, "cur/fifo:2,", 0600), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", f.fd, "cur/link:2,"), 0);
	t_put(&f, "cur/.hidden", "x");
	m = t_select(&f);
	t_shows(m, "1:* 2:*S 3:*F");
	ck_assert_int_eq(mkfifoat(f.fd, "new/fifo", 0600), 0);
	ck_assert_int_eq(mkdirat(f.fd, "cur/another", 0700), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_message_that_becomes_a_fifo_or_a_link_is_not_opened)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;
	int fd;

	three(&f);
	f.config.no_inotify = true;
	m = t_select(&f);
	t_rm(&f, "cur/1.a:2,");
	ck_assert_int_eq(mkfifoat(f.fd, "cur/1.a:2,", 0600), 0);
	t_rm(&f, "cur/2.b:2,S");
	ck_assert_int_eq(symlinkat("/etc/passwd", f.fd, "cur/2.b:2,S"), 0);
	ck_assert_int_lt(maildir_message_fd(m, 1, &fd), 0);
	ck_assert_int_lt(maildir_message_fd(m, 2, &fd), 0);
	t_reads(m, 3, "ccc");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(names_may_be_any_octets)
{
	static const char *const names[] = { "new/1 \n.x",     "new/2.%41",	"new/3.\xff\xfe",
					     "new/4.\x01\x7f", "new/5.host:25", "new/6.a\\b\"c" };
	struct t_folder f = t_folder_make();
	char content[2] = "0";
	struct maildir *m;

	t_make_dirs(&f);
	for (size_t i = 0; i < COUNT(names); i++) {
		content[0] = (char)('1' + i);
		t_put(&f, names[i], content);
	}
	m = t_select(&f);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), COUNT(names));
	for (uint32_t i = 0; i < COUNT(names); i++) {
		content[0] = (char)('1' + i);
		t_reads(m, i + 1, content);
	}
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(two_files_with_one_base_name_become_two_messages)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "cur/1.a:2,", "one");
	t_put(&f, "cur/1.a:2,S", "two");
	t_put(&f, "new/1.a", "three");
	t_put(&f, "cur/:2,F", "no base name");
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 4);
	t_put(&f, "new/1.a", "four");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(m), 5);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 5);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(ten_thousand_messages_that_differ_by_flags_only)
{
	struct t_folder f = t_folder_make();
	char name[64], letters[16];
	struct maildir *m;

	t_make_dirs(&f);
	for (int i = 0; i < 10000; i++) {
		int n = 0;

		for (int bit = 0; bit < 14; bit++)
			if (i >> bit & 1)
				letters[n++] = (char)('A' + bit);
		letters[n] = 0;
		snprintf(name, sizeof name, "cur/1.a:2,%s", letters);
		t_put(&f, name, letters);
	}
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 10000);
	ck_assert_uint_eq(t_entries(&f, "cur"), 10000);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 10000);
	ck_assert_uint_eq(maildir_uidnext(m), 10001);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_link_to_the_same_file_is_no_second_message)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	three(&f);
	m = t_select(&f);
	ck_assert_int_eq(linkat(f.fd, "cur/1.a:2,", f.fd, "cur/1.a:2,S", 0), 0);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(maildir_count(m), 3);
	t_rm(&f, "cur/1.a:2,");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_shows(m, "1:*S 2:*S 3:*F");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_folder_that_was_removed_is_gone_and_one_that_was_renamed_is_not)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	char other[80];

	snprintf(other, sizeof other, "%s.renamed", f.path);
	ck_assert_int_eq(rename(f.path, other), 0);
	ck_assert_uint_eq(t_append(m, "x", 0), 1);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+1*");
	t_remove_tree(AT_FDCWD, other);
	ck_assert_int_eq(maildir_update(m, 0), -ENOENT);
	maildir_close(m);
	close(f.fd);
}
END_TEST

START_TEST(keywords_in_letters_follow_foreign_programs)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	three(&f);
	m = t_select(&f);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, 0, "work"), 0);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "Home"), 0);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, 0, "HOME"), 0);
	t_shows(m, "1:*(work,Home) 2:*S(Home) 3:*F");
	ck_assert(t_has(&f, "cur/1.a:2,ab"));
	/* one letter off, and one more: meant */
	t_mv(&f, "cur/1.a:2,ab", "cur/1.a:2,b");
	t_mv(&f, "cur/3.c:2,F", "cur/3.c:2,Fa");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_shows(m, "1:*(Home) 2:*S(Home) 3:*F(work)");
	/* a program that sets a flag and knows no letters: not meant, and mended */
	t_mv(&f, "cur/2.b:2,Sb", "cur/2.b:2,RS");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_shows(m, "1:*(Home) 2:*RS(Home) 3:*F(work)");
	ck_assert(t_has(&f, "cur/2.b:2,RSb"));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(letters_that_mean_nothing_are_kept)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "cur/1.a:2,SXac", "a");
	m = t_select(&f);
	t_shows(m, "1:*S");
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_FLAGGED, "work"), 0);
	ck_assert(t_has(&f, "cur/1.a:2,FSXabc"));
	maildir_close(m);
	m = t_select(&f);
	t_shows(m, "1:FS(work)");
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* Of a lock that is held until the end of the test; it is not waited for by who uses no dot-locks. */
static void hold_dot_lock(const struct t_folder *f)
{
	t_put(f, "tmp/courier.lock", "1:elsewhere");
}

/* Whoever sees new mail when another has made it his own already, and still has the lock, has nothing to wait for. */
START_TEST(what_is_in_the_journal_needs_no_lock)
{
	struct t_folder f = t_folder_make();
	struct maildir_config locking = f.config;
	struct maildir *a, *m;

	three(&f);
	a = t_select(&f);
	locking.use_locks = true;
	ck_assert_int_eq(maildir_open(f.fd, 0, &locking, &m), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	t_put(&f, "new/4.d", "dddd");
	t_mv(&f, "cur/1.a:2,", "cur/1.a:2,F");
	ck_assert_int_eq(maildir_update(a, MD_CLAIM_RECENT), 0);
	hold_dot_lock(&f);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_shows(m, "1:F 2:S 3:F 4:");
	maildir_close(m);
	maildir_close(a);
	t_folder_remove(&f);
}
END_TEST

static _Noreturn void update_later(const struct t_folder *f)
{
	struct maildir *m;

	poll(NULL, 0, 100);
	_exit(maildir_open(f->fd, 0, &f->config, &m) != 0 || maildir_update(m, MD_CLAIM_RECENT) != 0);
}

/* And who waits for the lock stops when the other has journaled what it is wanted for. */
START_TEST(what_comes_into_the_journal_ends_the_wait_for_the_lock)
{
	struct t_folder f = t_folder_make();
	struct maildir_config locking = f.config;
	struct maildir *m;
	int status;
	pid_t pid;

	three(&f);
	locking.use_locks = true;
	ck_assert_int_eq(maildir_open(f.fd, 0, &locking, &m), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	hold_dot_lock(&f);
	t_put(&f, "new/4.d", "dddd");
	pid = fork();
	if (pid == 0)
		update_later(&f);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+4");
	t_shows(m, "1:* 2:*S 3:*F 4:");
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

T_SUITE("update", T_TEST(what_is_in_the_journal_needs_no_lock),
	T_TEST(what_comes_into_the_journal_ends_the_wait_for_the_lock), T_TEST(an_empty_directory_becomes_a_folder),
	T_TEST(the_lock_of_a_new_folder_is_kept_for_who_updates_next),
	T_TEST(new_mail_is_moved_and_recent_for_who_claims_it_first),
	T_TEST(who_only_reads_moves_nothing_but_gives_uids_for_good),
	T_TEST(mail_that_somebody_only_read_is_moved_by_the_next_even_if_nothing_changed),
	T_LOOP(a_foreign_rename_is_told_with_a_watch, renames),
	T_LOOP(a_foreign_rename_is_told_without_inotify, renames),
	T_LOOP(a_foreign_rename_is_told_to_who_comes_later, renames),
	T_TEST(removed_files_are_expunged_and_their_uids_never_come_back),
	T_TEST(what_is_no_message_is_passed_over),
	T_TEST(a_message_that_becomes_a_fifo_or_a_link_is_not_opened), T_TEST(names_may_be_any_octets),
	T_TEST(two_files_with_one_base_name_become_two_messages),
	T_TEST(ten_thousand_messages_that_differ_by_flags_only),
	T_TEST(a_link_to_the_same_file_is_no_second_message),
	T_TEST(a_folder_that_was_removed_is_gone_and_one_that_was_renamed_is_not),
	T_TEST(keywords_in_letters_follow_foreign_programs), T_TEST(letters_that_mean_nothing_are_kept))
