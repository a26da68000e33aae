/* t/t_snapshot_trouble.c: snapshots that are damaged, changed, or somebody else's */
#include "t/snapshot.h"

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

/* Every 97th octet behind the first part, from that one on: the rest may be anything. */
static void spoil(const struct fixture *x, int from)
{
	const int fd = open_snapshot(x);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t at = 4096 + from; at < st.st_size; at += 97)
		ck_assert_int_eq(pwrite(fd, &(unsigned char){ (unsigned char)(at * 31 >> 3) }, 1, at), 1);
	put_time_back(fd, &st);
}

START_TEST(a_damaged_part_behind_the_first_harms_nobody)
{
	struct fixture x = fixture();
	char text[SHOWN];
	struct maildir *m;

	spoil(&x, _i);
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
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct md_change seen = { .op = MD_ADD, .flags = MD_FLAGGED };
	struct keyword_table keywords;
	struct journal j = { .fd = -1 };
	struct md_uids modified, gone;
	struct index ix;
	struct maildir *m;

	spoil(&x, _i);
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

static off_t journal_size(const struct fixture *x)
{
	struct stat st;

	return fstatat(x->f.fd, "imapd.journal", &st, 0) == 0 ? st.st_size : -1;
}

/* Between the look at the world and what is written of it. */
START_TEST(nothing_is_journaled_once_it_was_written_to)
{
	struct fixture x = fixture();
	struct maildir *m = t_open(&x.f, 0);
	_cleanup_(txn_release) struct txn t = { 0 };
	off_t size;

	ck_assert_int_ge(maildir_update(m, 0), 0);
	ck_assert_int_ge(box_lock(m, 0), 0);
	size = journal_size(&x);
	write_into(&x);
	txn_begin(&t, &m->index);
	txn_add(&t, line_recent(1));
	ck_assert_int_eq(box_commit(m, &t, false), -ESTALE);
	box_unlock(m);
	ck_assert_int_eq(journal_size(&x), size);
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
	const int fd = open_snapshot(x);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	if (at < 0)
		at += (st.st_size - 1) / 4096 * 4096 + 4096;
	ck_assert_int_eq(pwrite(fd, &v, n, at), (ssize_t)n);
	put_time_back(fd, &st);
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

T_SUITE("snapshot_trouble", T_TEST(one_that_somebody_has_written_to_is_not_used), T_LOOP(a_damaged_one_is_not_used, damages),
	{ a_damaged_part_behind_the_first_harms_nobody, 97 }, { nothing_is_journaled_that_nobody_can_read, 97 },
	T_TEST(what_the_journal_says_is_what_is_compacted), T_TEST(who_sees_what_the_journal_cannot_have_said_stops),
	T_TEST(one_of_another_user_is_not_used), T_TEST(nothing_is_journaled_once_it_was_written_to),
	T_TEST(none_is_made_of_one_that_was_written_to))
