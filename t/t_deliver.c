/* t/t_deliver.c: messages come in, whole or not at all */
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include "base/clock.h"
#include "t/folder.h"

START_TEST(a_message_gets_the_next_uid_its_flags_and_its_date)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	const struct str keywords[] = { STR("b"), STR("a"), STR("B") };
	struct md_tmp tmp;
	struct stat st;
	uint32_t uid;
	int fd;

	ck_assert_int_eq(maildir_tmp_open(m, &tmp), 0);
	ck_assert_int_eq(write(tmp.fd, "hello", 5), 5);
	tmp.flags = MD_SEEN | MD_DRAFT;
	tmp.keywords = keywords;
	tmp.nkeywords = 3;
	tmp.dated = true;
	tmp.date = 1000000000;
	ck_assert_int_eq(maildir_deliver(m, &tmp, 1, &uid), 0);
	maildir_tmp_discard(&tmp);
	ck_assert_uint_eq(uid, 1);
	t_shows(m, "1:DS(b,a)");
	t_tells(m, "+1");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_shows(m, "1:*DS(b,a)");
	t_tells(m, "f1*");
	t_reads(m, 1, "hello");
	ck_assert_int_eq(maildir_message_fd(m, 1, &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	close(fd);
	ck_assert_int_eq(maildir_update(other, MD_CLAIM_RECENT), 0);
	t_shows(other, "1:DS(b,a)");
	t_tells(other, "+1");
	ck_assert_uint_eq(t_entries(&f, "tmp"), 0);
	ck_assert_uint_eq(t_entries(&f, "cur"), 1);
	ck_assert(str_ends(maildir_base_name(m, maildir_at(m, 0)), STR(",S=5")));
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(dates_may_be_before_1970_or_far_away)
{
	static const time_t dates[] = { -100000, 0, 4102444800 };
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);

	for (uint32_t i = 0; i < COUNT(dates); i++) {
		struct md_tmp tmp;
		struct stat st;
		uint32_t uid;
		int fd;

		ck_assert_int_eq(maildir_tmp_open(m, &tmp), 0);
		tmp.dated = true;
		tmp.date = dates[i];
		ck_assert_int_eq(maildir_deliver(m, &tmp, 1, &uid), 0);
		maildir_tmp_discard(&tmp);
		ck_assert_int_eq(maildir_message_fd(m, uid, &fd), 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_eq(st.st_size, 0);
		ck_assert_int_eq(st.st_mtim.tv_sec, dates[i]);
		close(fd);
	}
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* As for who takes more of them than there are descriptors. */
START_TEST(some_are_synced_before_the_others_come)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	struct md_tmp tmp[5];
	uint32_t uids[5];

	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(maildir_tmp_open(m, &tmp[i]), 0);
		ck_assert_int_eq(write(tmp[i].fd, "abcde" + i, 1), 1);
		if (i < 4)
			ck_assert_int_eq(maildir_tmp_finish(m, &tmp[i]), 0);
		if (i == 2)
			ck_assert_int_eq(maildir_tmp_sync(m, tmp, 2), 0);
	}
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(tmp[i].fd < 0, i < 2);
	maildir_tmp_discard(&tmp[1]);
	maildir_tmp_discard(&tmp[3]);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 3);
	tmp[1] = tmp[4];
	ck_assert_int_eq(maildir_deliver(m, tmp, 3, uids), 0);
	t_reads(m, uids[0], "a");
	t_reads(m, uids[1], "e");
	t_reads(m, uids[2], "c");
	for (int i = 0; i < 3; i++)
		maildir_tmp_discard(&tmp[i]);
	ck_assert_uint_eq(maildir_count(m), 3);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(several_come_in_together_and_in_order)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	struct md_tmp tmp[20];
	uint32_t uids[20];
	char content[3] = "";

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(maildir_tmp_open(m, &tmp[i]), 0);
		content[0] = (char)('a' + i);
		ck_assert_int_eq(write(tmp[i].fd, content, 1), 1);
	}
	ck_assert_int_eq(maildir_deliver(m, tmp, 20, uids), 0);
	for (int i = 0; i < 20; i++) {
		maildir_tmp_discard(&tmp[i]);
		ck_assert_uint_eq(uids[i], (uint32_t)i + 1);
		content[0] = (char)('a' + i);
		t_reads(m, uids[i], content);
	}
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(what_is_discarded_was_never_there)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	struct md_tmp tmp;

	ck_assert_int_eq(maildir_tmp_open(m, &tmp), 0);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 1);
	maildir_tmp_discard(&tmp);
	maildir_tmp_discard(&tmp);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_bad_keyword_delivers_none)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	const struct str bad = STR("a b");
	struct md_tmp tmp[2];
	uint32_t uids[2];

	ck_assert_int_eq(maildir_tmp_open(m, &tmp[0]), 0);
	ck_assert_int_eq(maildir_tmp_open(m, &tmp[1]), 0);
	tmp[1].keywords = &bad;
	tmp[1].nkeywords = 1;
	ck_assert_int_eq(maildir_deliver(m, tmp, 2, uids), -EINVAL);
	maildir_tmp_discard(&tmp[0]);
	maildir_tmp_discard(&tmp[1]);
	ck_assert_uint_eq(maildir_count(m), 0);
	ck_assert_uint_eq(t_entries(&f, "cur"), 0);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* As a crash between the journal and the move leaves it. */
START_TEST(a_delivery_that_is_journaled_is_finished_by_the_next_session)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	char name[300], to[300];
	struct str base;

	t_append(m, "first", 0);
	t_append(m, "second", MD_SEEN);
	base = maildir_base_name(m, maildir_at(m, 1));
	snprintf(name, sizeof name, "cur/%.*s:2,S", (int)base.n, base.s);
	snprintf(to, sizeof to, "tmp/%.*s", (int)base.n, base.s);
	maildir_close(m);
	t_mv(&f, name, to);
	m = t_select(&f);
	t_shows(m, "1:* 2:*S");
	t_reads(m, 2, "second");
	ck_assert(t_has(&f, name));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_file_in_tmp_whose_dates_only_look_old_is_kept)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	t_make_dirs(&f);
	t_put(&f, "tmp/being.written", "x");
	ck_assert_int_eq(utimensat(f.fd, "tmp/being.written", old, 0), 0);
	m = t_select(&f);
	maildir_close(m);
	ck_assert(t_has(&f, "tmp/being.written"));
	t_folder_remove(&f);
}
END_TEST

static const bool both[] = { false, true };

/* Everything that is in the folder: the messages' files, and what the journal gives of it to a new session.
 */
static void is_sane(const struct t_folder *f, size_t at_least)
{
	struct maildir *m = t_open(f, 0);
	uint32_t last = 0;

	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_ge(maildir_count(m), at_least);
	ck_assert_uint_eq(t_entries(f, "cur"), maildir_count(m));
	for (size_t i = 0; i < maildir_count(m); i++) {
		const struct message msg = *maildir_at(m, i);
		char got[64];

		ck_assert_uint_gt(msg.uid, last);
		ck_assert_uint_lt(msg.uid, maildir_uidnext(m));
		ck_assert_uint_le(msg.modseq, maildir_highestmodseq(m));
		last = msg.uid;
		ck_assert_str_eq(t_read(m, msg.uid, got, sizeof got), "message");
	}
	maildir_close(m);
}

/* What a child does until it is killed: each acknowledged delivery is one octet in the pipe. On a busy machine that may be
 * late: there is an end to how much mail it makes, and most of it is removed, since all is looked at after each round.
 */
static void busy(const struct t_folder *f, int pipe_fd)
{
	struct maildir *m = t_open(f, 0);

	for (int i = 0; i < 100; i++) {
		uint32_t uid = t_append(m, "message", (uint8_t)(i & MD_FLAGS));
		const uint32_t old = uid - 1;

		(void)!write(pipe_fd, "x", 1);
		maildir_update(m, MD_CLAIM_RECENT);
		t_store(m, uid, MD_ADD, MD_SEEN, i % 3 ? "work" : "play");
		t_store(m, uid, MD_REMOVE, MD_FLAGGED, NULL);
		if (i % 5) {
			if (maildir_expunge(m, &(struct md_uids){ &(uint32_t){ old }, 1 }, MD_FORCE) == 0)
				(void)!write(pipe_fd, "-", 1);
		}
		maildir_events_clear(m);
	}
}

START_TEST(a_session_killed_at_any_moment_leaves_a_sane_folder)
{
	struct t_folder f = t_folder_make();
	size_t there = 0;

	f.config.use_locks = _i;
	f.config.sync = MD_SYNC_NEVER;
	for (int round = 0; round < 60; round++) {
		int fds[2];
		char octets[4096];
		ssize_t n;
		pid_t pid;

		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			busy(&f, fds[1]);
			pause();
		}
		close(fds[1]);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 + round * 377000 }, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		n = read(fds[0], octets, sizeof octets);
		for (ssize_t i = 0; i < n; i++)
			there = octets[i] == 'x' ? there + 1 : there - 1;
		close(fds[0]);
		/* one expunge may have been done and not been told */
		is_sane(&f, there > 0 ? there - 1 : 0);
		{
			struct maildir *m = t_open(&f, MD_READONLY);

			ck_assert_int_eq(maildir_update(m, 0), 0);
			there = maildir_count(m);
			maildir_close(m);
		}
	}
	t_folder_remove(&f);
}
END_TEST

START_TEST(two_sessions_at_once_share_the_uids)
{
	struct t_folder f = t_folder_make();
	pid_t pids[3];
	struct maildir *m;

	f.config.use_locks = _i;
	f.config.sync = MD_SYNC_NEVER;
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			uint32_t last = 0;

			m = t_open(&f, 0);
			for (int j = 0; j < 40; j++) {
				const uint32_t uid = t_append(m, "message", 0);

				if (uid <= last || t_store(m, uid, MD_ADD, MD_SEEN, NULL) < 0)
					_exit(1);
				last = uid;
				if (maildir_update(m, j % 2 ? MD_CLAIM_RECENT : 0) < 0)
					_exit(2);
			}
			maildir_close(m);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), 120);
	ck_assert_uint_eq(maildir_uidnext(m), 121);
	for (size_t i = 0; i < 120; i++)
		ck_assert_uint_eq(maildir_at(m, i)->flags, MD_SEEN);
	maildir_close(m);
	is_sane(&f, 120);
	t_folder_remove(&f);
}
END_TEST

/* A file system of 256 KB. False if this is not to be had here. */
static bool small_disk(struct t_folder *f)
{
	if (mount("tmpfs", f->path, "tmpfs", 0, "size=256k,nr_inodes=200") < 0)
		return false;
	close(f->fd);
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

START_TEST(a_full_disk_refuses_and_leaves_the_mail_as_it_was)
{
	struct t_folder f = t_folder_make();
	char filler[4096];
	struct maildir *m;
	struct md_tmp tmp;
	uint32_t uid, uids[100];
	size_t before, n = 0;
	ssize_t w;
	int fd, r;

	if (!small_disk(&f)) {
		t_folder_remove(&f);
		return;
	}
	f.config.use_locks = _i;
	m = t_select(&f);
	for (int i = 0; i < 20; i++)
		uids[n++] = t_append(m, "message", 0);
	fd = openat(f.fd, "filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	memset(filler, 'x', sizeof filler);
	while ((w = write(fd, filler, sizeof filler)) > 0)
		;
	close(fd);
	before = maildir_count(m);
	/* no room for the message, or for the journal */
	do {
		r = maildir_tmp_open(m, &tmp);
		if (r < 0)
			break;
		r = write(tmp.fd, "message", 7) < 0 ? -errno : maildir_deliver(m, &tmp, 1, &uid);
		maildir_tmp_discard(&tmp);
		before += r == 0;
	} while (r == 0);
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_uint_eq(t_entries(&f, "tmp"), 0);
	r = 0;
	for (int i = 0; r == 0 && i < 1000; i++)
		r = t_store(m, uids[i % 20], i / 20 % 2 ? MD_REMOVE : MD_ADD, MD_FLAGGED | MD_SEEN, NULL);
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_uint_eq(maildir_count(m), before);
	t_reads(m, uids[0], "message");
	/* room is made by removing */
	ck_assert_int_eq(unlinkat(f.fd, "filler", 0), 0);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ uids, 5 }, MD_FORCE), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(m), before - 5);
	maildir_close(m);
	is_sane(&f, before - 5);
	close(f.fd);
	ck_assert_int_eq(umount(f.path), 0);
	rmdir(f.path);
}
END_TEST

START_TEST(without_descriptors_nothing_is_half_done)
{
	struct t_folder f = t_folder_make();
	struct maildir *m = t_select(&f);
	struct rlimit limit;
	struct md_tmp tmp;
	int fd, taken;

	t_append(m, "message", 0);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	taken = dup(0);
	limit.rlim_cur = (rlim_t)taken; /* the first that is free */
	close(taken);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(maildir_tmp_open(m, &tmp), -EMFILE);
	ck_assert_int_eq(maildir_message_fd(m, 1, &fd), -EMFILE);
	ck_assert_uint_eq(maildir_count(m), 1);
	limit.rlim_cur = 256;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	t_reads(m, 1, "message");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(maildir_count(m), 1);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

T_SUITE("deliver", T_TEST(a_message_gets_the_next_uid_its_flags_and_its_date),
	T_TEST(dates_may_be_before_1970_or_far_away), T_TEST(several_come_in_together_and_in_order),
	T_TEST(some_are_synced_before_the_others_come),
	T_TEST(what_is_discarded_was_never_there), T_TEST(a_bad_keyword_delivers_none),
	T_TEST(a_delivery_that_is_journaled_is_finished_by_the_next_session),
	T_TEST(a_file_in_tmp_whose_dates_only_look_old_is_kept),
	T_LOOP(a_session_killed_at_any_moment_leaves_a_sane_folder, both),
	T_LOOP(two_sessions_at_once_share_the_uids, both),
	T_LOOP(a_full_disk_refuses_and_leaves_the_mail_as_it_was, both),
	T_TEST(without_descriptors_nothing_is_half_done))
