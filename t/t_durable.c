/* t/t_durable.c: the mark that says that a journal is on disk: it is made when that is so, and not before */
#include <sys/syscall.h>
#include "base/fd.h"
#include "maildir/journal.h"
#include "t/folder.h"

static const char no_names[] = "T_DURABLE_NO_NAMES";

/* In the place of the C library's: with this in the environment no name gets to the disk. */
int fsync(int fd)
{
	struct stat st;

	if (getenv(no_names) && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Whether it is known of f's journal that it is on disk. */
static bool durable(const struct t_folder *f)
{
	struct journal j = { 0 };
	struct stat st;

	ck_assert_int_eq(fstatat(f->fd, "imapd.journal", &st, 0), 0);
	j.at = (uint64_t)st.st_size;
	return journal_durable(&j, &st);
}

/* Another session's change, synced or not, right after the last one. */
static void change(const struct t_folder *f, bool sync)
{
	struct keyword_table keywords;
	struct index ix;
	struct journal j;
	struct txn t = { 0 };

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	ck_assert_int_eq(journal_open(f->fd, -1, &ix, &j), 0);
	txn_begin(&t, &ix);
	txn_add(&t, line_floor(1));
	ck_assert_int_eq(journal_append(&j, &t, sync), 0);
	if (sync)
		journal_mark_durable(&j, j.at);
	txn_release(&t);
	journal_close(&j);
	index_release(&ix);
	keywords_release(&keywords);
}

/* So that who opens the folder does not wait for the disk again. */
START_TEST(what_is_on_disk_is_known_to_be_until_something_is_written)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);	/* which begins it */

	ck_assert(durable(&f));
	t_append(m, "message", 0);
	ck_assert(durable(&f));
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_FLAGGED, NULL), 0);
	ck_assert(durable(&f));
	for (int i = 0; i < 20; i++) {	/* many of them with the same time */
		change(&f, false);
		ck_assert(!durable(&f));
		change(&f, true);
		ck_assert(durable(&f));
	}
	maildir_close(m);	/* which writes down the directories' state */
	ck_assert(durable(&f));
	change(&f, false);
	m = t_select(&f);
	ck_assert(durable(&f));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(who_does_not_wait_for_the_disk_says_nothing_of_it)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	f.config.sync = _i ? MD_SYNC_MAIL : MD_SYNC_NEVER;
	m = t_select(&f);
	t_append(m, "message", 0);
	ck_assert(!durable(&f));
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_FLAGGED, NULL), 0);
	maildir_close(m);
	ck_assert(!durable(&f));
	t_folder_remove(&f);
}
END_TEST

/* Else others would tell their clients of UIDs that a power cut takes back, with all of the journal. */
START_TEST(a_new_journal_is_not_called_so_before_its_name_is)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_open(&f, MD_UPDATE_NEXT), *other;

	setenv(no_names, "1", 1);
	ck_assert_int_eq(maildir_update(m, 0), -EIO);
	ck_assert(t_has(&f, "imapd.journal"));
	ck_assert(!durable(&f));
	unsetenv(no_names);
	other = t_select(&f);
	ck_assert(durable(&f));
	maildir_close(other);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(nor_by_who_opens_what_another_has_just_begun)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_open(&f, 0), *other = NULL;

	ck_assert(t_has(&f, "imapd.journal"));
	setenv(no_names, "1", 1);
	ck_assert_int_eq(maildir_open(f.fd, 0, &f.config, &other), -EIO);
	ck_assert(!durable(&f));
	unsetenv(no_names);
	other = t_open(&f, 0);
	ck_assert(durable(&f));
	maildir_close(other);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static const bool both[] = { false, true };

T_SUITE("durable", T_TEST(what_is_on_disk_is_known_to_be_until_something_is_written),
	T_LOOP(who_does_not_wait_for_the_disk_says_nothing_of_it, both), T_TEST(a_new_journal_is_not_called_so_before_its_name_is),
	T_TEST(nor_by_who_opens_what_another_has_just_begun))
