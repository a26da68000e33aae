/* t/t_snapshot.c: snapshots of an index, and what makes them void */
#define _GNU_SOURCE
#include "base/fd.h"
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/snapshot.h"
#include "t/folder.h"

/* A folder with a cache, in which a session has left 300 messages, some expunged, some with keywords and strange names. */
struct fixture {
	struct t_folder f;
	struct cache *cache;
	char snapshot[300];	/* its path in the folder */
};

enum { MESSAGES = 300, SHOWN = 40000 };

static void change(struct maildir *m, uint32_t uid, uint8_t flags, const char *keyword)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct str word = str_z(keyword);
	const struct md_change c = { .op = MD_ADD, .flags = flags, .keywords = &word, .nkeywords = *keyword != 0 };
	struct md_uids modified, gone;

	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &c, &a, &modified, &gone), 0);
}

static struct fixture fixture(void)
{
	struct fixture x = { .f = t_folder_make() };
	uint32_t gone[] = { 7, 8, 9, 150, 299 };
	struct maildir *m;
	char name[80];

	t_make_dirs(&x.f);
	ck_assert_int_eq(cache_open(x.f.fd, NULL, &x.cache), 0);
	x.f.config.cache = x.cache;
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(name, sizeof name, "cur/%d.a_rather_long_name_of_a_message.host:2,%s", 1000 + i,
			 i % 3 == 0 ? "S" : i % 7 == 0 ? "SF" : "");
		t_put(&x.f, name, "\n");
	}
	m = t_select(&x.f);
	change(m, 5, MD_SEEN, "blue");
	change(m, 6, MD_FLAGGED, "$Forwarded");
	change(m, 5, MD_DELETED, "green");
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ gone, COUNT(gone) }, MD_FORCE), 0);
	snprintf(x.snapshot, sizeof x.snapshot, "imapd.cache/%s.index", maildir_mailboxid(m));
	maildir_close(m);
	ck_assert(t_has(&x.f, x.snapshot));
	return x;
}

static void release(struct fixture *x)
{
	cache_close(x->cache);
	t_folder_remove(&x->f);
}

static int open_snapshot(const struct fixture *x)
{
	const int fd = openat(x->f.fd, x->snapshot, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* As another program would. */
static void write_into(const struct fixture *x)
{
	const int fd = open_snapshot(x);

	ck_assert_int_eq(pwrite(fd, "x", 1, 9000), 1);
	close(fd);
}

/* All that a session sees, after it has looked, or without looking. */
static char *shown(struct fixture *x, bool look, char ret[SHOWN])
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct maildir *m = t_open(&x->f, MD_READONLY);
	struct md_range *ranges;
	size_t n, nranges;
	bool all;

	if (look)
		ck_assert_int_ge(maildir_update(m, 0), 0);
	maildir_vanished(m, 1, &a, &ranges, &nranges, &all);
	n = (size_t)snprintf(ret, SHOWN, "%u %u %lu %s %zu %zu %zu %zu; ", maildir_uidvalidity(m), maildir_uidnext(m),
			     (unsigned long)maildir_highestmodseq(m), maildir_mailboxid(m), maildir_unseen(m),
			     maildir_deleted(m), maildir_first_unseen(m), nranges);
	for (size_t i = 0; i < maildir_count(m); i++) {
		const struct message *msg = maildir_at(m, i);

		n += (size_t)snprintf(ret + n, SHOWN - n, "%lu %.*s ", (unsigned long)msg->modseq,
				      (int)maildir_base_name(m, msg).n, maildir_base_name(m, msg).s);
	}
	t_show(m, ret + n, SHOWN - n);
	maildir_close(m);
	return ret;
}

/* What the journal alone says. */
static char *without(struct fixture *x, bool look, char ret[SHOWN])
{
	x->f.config.cache = NULL;
	shown(x, look, ret);
	x->f.config.cache = x->cache;
	return ret;
}

static void check_same(struct fixture *x)
{
	static char with[SHOWN], alone[SHOWN];

	ck_assert_str_eq(shown(x, false, with), without(x, false, alone));
	ck_assert_str_eq(shown(x, true, with), without(x, true, alone));
}

static bool is_used(struct fixture *x)
{
	struct maildir *m = t_open(&x->f, MD_READONLY);
	const bool used = m->journal.snapshot_at > 0;

	maildir_close(m);
	return used;
}

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

/* As if a disk had done it. */
static void put_time_back(int fd, const struct stat *st)
{
	ck_assert_int_eq(futimens(fd, (struct timespec[2]){ st->st_atim, st->st_mtim }), 0);
	close(fd);
}

START_TEST(one_that_somebody_has_written_to_is_not_used)
{
	struct fixture x = fixture();

	write_into(&x);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

/* Whatever is in the file, nothing but time is lost where its first part shows that it is damaged. */
static const struct {
	long from, octets;	/* from the end where negative; these become others */
	long size;		/* then it is cut off to this; -1: not */
} damages[] = {
	{ 0, 1, -1 },	  { 20, 1, -1 },  { 224, 8, -1 },   { 240, 8, -1 },  { 100, 4, -1 },   { 200, 8, -1 }, { 400, 8, -1 }, { 0, 4096, -1 },
	{ 0, 1000000, -1 }, { 0, 0, 0 },  { 0, 0, 10 },	    { 0, 0, 4096 }, { 0, 0, 20000 },
};

START_TEST(a_damaged_one_is_not_used)
{
	struct fixture x = fixture();
	const int fd = open_snapshot(&x);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (long at = damages[_i].from; at < damages[_i].from + damages[_i].octets && at < st.st_size; at++) {
		unsigned char c;

		ck_assert_int_eq(pread(fd, &c, 1, at), 1);
		c = (unsigned char)(c * 7 + 13 + at);
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	}
	if (damages[_i].size >= 0)
		ck_assert_int_eq(ftruncate(fd, damages[_i].size), 0);
	put_time_back(fd, &st);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(a_damaged_part_behind_the_first_harms_nobody)
{
	struct fixture x = fixture();
	const int fd = open_snapshot(&x);
	char text[SHOWN];
	struct maildir *m;
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 4096 + _i; at < st.st_size; at += 97)	/* the rest may be anything */
		ck_assert_int_eq(pwrite(fd, &(unsigned char){ (unsigned char)(at * 31 >> 3) }, 1, at), 1);
	put_time_back(fd, &st);
	shown(&x, false, text);
	m = t_open(&x.f, 0);
	maildir_update(m, MD_CLAIM_RECENT);
	for (uint32_t uid = 0; uid < MESSAGES; uid++) {
		int file = -1;

		if (maildir_message_fd(m, uid, &file) == 0)
			close(file);
	}
	maildir_close(m);
	release(&x);
}
END_TEST

static bool has_renames(const struct t_folder *f)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	return fd_slurp_at(f->fd, "imapd.journal", 1 << 20, &b) == 0 && strstr(buf_cstr(&b), "\nn ");
}

/* What a failing disk has changed is not written on. But that a file has been renamed is believed, and who reads that of the wrong message
 * has to mend the journal.
 */
START_TEST(nothing_is_journaled_that_nobody_can_read)
{
	struct fixture x = fixture();
	const int fd = open_snapshot(&x);
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct md_change seen = { .op = MD_ADD, .flags = MD_FLAGGED };
	struct keyword_table keywords;
	struct journal j = { .fd = -1 };
	struct md_uids modified, gone;
	struct index ix;
	struct maildir *m;
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 4096 + _i; at < st.st_size; at += 97)
		ck_assert_int_eq(pwrite(fd, &(unsigned char){ (unsigned char)(at * 31 >> 3) }, 1, at), 1);
	put_time_back(fd, &st);
	m = t_open(&x.f, 0);
	for (size_t i = 0; i < maildir_count(m); i++) {
		uint32_t uid = maildir_at(m, i)->uid;

		maildir_store(m, (struct md_uids){ &uid, 1 }, &seen, &a, &modified, &gone);
		if (i % 7 == 0)
			maildir_expunge(m, &(struct md_uids){ &uid, 1 }, MD_FORCE);
	}
	maildir_update(m, MD_CLAIM_RECENT);
	maildir_close(m);
	keywords_init(&keywords);
	index_init(&ix, &keywords);
	if (!has_renames(&x.f))
		ck_assert_int_eq(journal_open(x.f.fd, -1, &ix, &j), 0);
	journal_close(&j);
	index_release(&ix);
	keywords_release(&keywords);
	release(&x);
}
END_TEST

/* Between the look at the world and what is written of it. */
START_TEST(nothing_is_journaled_once_it_was_written_to)
{
	struct fixture x = fixture();
	struct maildir *m = t_open(&x.f, 0);
	_cleanup_(txn_release) struct txn t = { 0 };
	struct stat before, after;

	ck_assert_int_ge(maildir_update(m, 0), 0);
	ck_assert_int_ge(box_lock(m, 0), 0);
	ck_assert_int_eq(fstatat(x.f.fd, "imapd.journal", &before, 0), 0);
	write_into(&x);
	txn_begin(&t, &m->index);
	txn_add(&t, line_recent(1));
	ck_assert_int_eq(box_commit(m, &t, false), -ESTALE);
	box_unlock(m);
	ck_assert_int_eq(fstatat(x.f.fd, "imapd.journal", &after, 0), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
	ck_assert_int_eq(box_lock(m, 0), -ESTALE);
	ck_assert_int_eq(maildir_update(m, 0), -ESTALE);
	maildir_close(m);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

/* Nor is it made anew from what is mapped. */
START_TEST(none_is_made_of_one_that_was_written_to)
{
	struct fixture x = fixture();
	struct maildir *m = t_open(&x.f, 0);

	ck_assert_int_ge(maildir_update(m, 0), 0);
	write_into(&x);
	ck_assert_int_eq(snapshot_save(box_snapshots(m), &m->journal, &m->index, false), -ESTALE);
	ck_assert_int_eq(box_lock(m, 0), -ESTALE);
	maildir_close(m);
	ck_assert(!is_used(&x));
	release(&x);
}
END_TEST

static void change_octets(struct fixture *x, off_t at, uint64_t v, size_t n)
{
	const int fd = openat(x->f.fd, x->snapshot, O_RDWR | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	if (at < 0)
		at += (st.st_size - 1) / 4096 * 4096 + 4096;
	ck_assert_int_eq(pwrite(fd, &v, n, at), (ssize_t)n);
	put_time_back(fd, &st);
}

static off_t journal_size(const struct fixture *x)
{
	struct stat st;

	return fstatat(x->f.fd, "imapd.journal", &st, 0) == 0 ? st.st_size : -1;
}

/* A message has a UID that nobody has been given; an expunge is of later than all that is known. */
START_TEST(who_sees_what_the_journal_cannot_have_said_stops)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct md_change flagged = { .op = MD_ADD, .flags = MD_FLAGGED };
	struct md_uids modified, gone;
	struct fixture x = fixture();
	uint32_t uid = 1000000, other = 20;
	const off_t size = journal_size(&x);
	struct maildir *m;

	change_octets(&x, 4096 + 294 * (off_t)sizeof(struct message) + (off_t)offsetof(struct message, uid), uid, sizeof uid);
	m = t_open(&x.f, 0);
	ck_assert_uint_eq(maildir_at(m, 294)->uid, uid);
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &flagged, &a, &modified, &gone), -ESTALE);
	ck_assert_int_eq(journal_size(&x), size);
	maildir_close(m);
	release(&x);
	x = fixture();
	change_octets(&x, -4096 + 2 * (off_t)sizeof(struct tomb) + (off_t)offsetof(struct tomb, modseq), 1000000, sizeof(uint64_t));
	m = t_open(&x.f, 0);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ &other, 1 }, MD_FORCE), -ESTALE);
	ck_assert_int_eq(maildir_update(m, 0), -ESTALE);
	maildir_close(m);
	release(&x);
}
END_TEST

START_TEST(one_of_another_user_is_not_used)
{
	struct fixture x = fixture();

	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(x.f.fd, x.snapshot, 65534, 65534, 0), 0);
		ck_assert(!is_used(&x));
		check_same(&x);
	}
	release(&x);
}
END_TEST

static uint64_t modseq_of_100th(struct fixture *x)
{
	struct maildir *m = t_open(&x->f, MD_READONLY);
	const uint64_t modseq = maildir_at(m, 100)->modseq;

	maildir_close(m);
	return modseq;
}

/* Not what a session has of the snapshot. */
START_TEST(what_the_journal_says_is_what_is_compacted)
{
	struct fixture x = fixture();
	struct stat old, new;
	struct maildir *m;
	uint64_t modseq;

	ck_assert_int_eq(fstatat(x.f.fd, "imapd.journal", &old, 0), 0);
	x.f.config.cache = NULL;
	modseq = modseq_of_100th(&x);
	x.f.config.cache = x.cache;
	change_octets(&x, 4096 + 100 * (off_t)sizeof(struct message), modseq + 1, sizeof modseq);
	ck_assert_uint_eq(modseq_of_100th(&x), modseq + 1);
	m = t_select(&x.f);
	for (uint32_t i = 0; i < 2000; i++)
		maildir_store(m, (struct md_uids){ &(uint32_t){ 290 }, 1 }, &(struct md_change){ .op = MD_SET, .flags = i % 2 ? MD_SEEN : 0 },
			      &m->arena, &(struct md_uids){ 0 }, &(struct md_uids){ 0 });
	maildir_close(m);
	ck_assert_int_eq(fstatat(x.f.fd, "imapd.journal", &new, 0), 0);
	ck_assert_uint_ne(old.st_ino, new.st_ino);
	x.f.config.cache = NULL;
	ck_assert_uint_eq(modseq_of_100th(&x), modseq);
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
	T_TEST(one_that_somebody_has_written_to_is_not_used), T_LOOP(a_damaged_one_is_not_used, damages), { a_damaged_part_behind_the_first_harms_nobody, 97 },
	{ nothing_is_journaled_that_nobody_can_read, 97 }, T_TEST(what_the_journal_says_is_what_is_compacted),
	T_TEST(who_sees_what_the_journal_cannot_have_said_stops), T_TEST(one_of_another_user_is_not_used),
	T_TEST(nothing_is_journaled_once_it_was_written_to), T_TEST(none_is_made_of_one_that_was_written_to),
	T_TEST(who_rests_sees_the_same), T_TEST(without_a_place_for_it_all_is_well))
