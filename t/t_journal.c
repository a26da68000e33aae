/* t/t_journal.c: the journal: what is in it survives, and damage loses as little as it can */
#include "base/fd.h"
#include "maildir/journal.h"
#include "t/folder.h"

static struct buf journal(const struct t_folder *f)
{
	struct buf b = { 0 };

	ck_assert_int_eq(fd_slurp_at(f->fd, "imapd.journal", 1 << 24, &b), 0);
	return b;
}

static void write_journal(const struct t_folder *f, struct str s)
{
	const int fd = openat(f->fd, "imapd.journal", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_eq(fd_write_all(fd, s.s, s.n), 0);
	close(fd);
}

/* A folder with keywords, tombstones and a few hundred lines, and its journal. */
static struct t_folder lived_in(struct buf *ret)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);

	for (int i = 0; i < 10; i++)
		t_append(m, "message", (uint8_t)i & MD_FLAGS);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "work"), 0);
	ck_assert_int_eq(t_store(m, 5, MD_ADD, 0, "%odd\xc3\xa4"), 0);
	ck_assert_int_eq(maildir_expunge(m,
					 &(struct md_uids){
						 (uint32_t[]){4, 6, 13},
						   3
	     },
					 MD_FORCE),
			 0);
	maildir_close(m);
	*ret = journal(&f);
	return f;
}

START_TEST(what_was_known_is_known_again)
{
	struct buf b;
	struct t_folder f = lived_in(&b);
	struct maildir *m = t_open(&f, MD_READONLY);
	const uint64_t modseq = maildir_highestmodseq(m);
	const uint32_t uidvalidity = maildir_uidvalidity(m);

	ck_assert_uint_eq(maildir_count(m), 10);
	ck_assert_uint_eq(maildir_uidnext(m), 14);
	ck_assert_str_eq(maildir_keyword_name(m, 1).s, "%odd\xc3\xa4");
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_uidvalidity(m), uidvalidity);
	ck_assert_uint_ge(maildir_highestmodseq(m), modseq);
	maildir_close(m);
	buf_release(&b);
	t_folder_remove(&f);
}
END_TEST

/* Cut at every octet: whole transactions count, and nothing of the last one. UIDs that were given never come
 * back. */
START_TEST(a_torn_end_is_dropped)
{
	struct buf b;
	struct t_folder f = lived_in(&b);
	const size_t start = str_find(buf_view(&b), '\n') + 1;
	uint32_t uidvalidity = 0;
	struct maildir *m;

	for (size_t cut = start; cut < b.n; cut++) {
		write_journal(&f, str_head(buf_view(&b), cut));
		m = t_open(&f, 0);
		if (!uidvalidity)
			uidvalidity = maildir_uidvalidity(m);
		ck_assert_uint_eq(maildir_uidvalidity(m), uidvalidity);
		if (cut % 16 == 0) {
			ck_assert_int_eq(maildir_update(m, 0), 0);
			ck_assert_uint_eq(maildir_count(m), 10);
			const uint32_t uidnext = maildir_uidnext(m);

			ck_assert_uint_eq(t_append(m, "x", 0), uidnext);
			ck_assert_int_eq(
				maildir_expunge(m,
						&(struct md_uids){ &(uint32_t){ maildir_uidnext(m) - 1 }, 1 },
						MD_FORCE),
				0);
			ck_assert_int_eq(maildir_update(m, 0), 0);
			ck_assert_uint_eq(maildir_uidnext(m), uidnext + 1);	/* else it had to be mended */
		}
		maildir_close(m);
	}
	buf_release(&b);
	t_folder_remove(&f);
}
END_TEST

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What a new session finds: all messages, each with a UID of its own, none of them lower than one that was
 * given to another. */
static void is_sane(const struct t_folder *f, const struct maildir *before, uint64_t seed)
{
	struct maildir *m = NULL;
	uint32_t last = 0;
	int r = maildir_open(f->fd, 0, &f->config, &m);

	if (r == -EPROTONOSUPPORT) /* it may look like a later version's */
		return;
	ck_assert_msg(r == 0, "open: %s, seed %llu", strerror(-r), (unsigned long long)seed);
	r = maildir_update(m, 0);
	ck_assert_msg(r == 0, "update: %s, seed %llu", strerror(-r), (unsigned long long)seed);
	ck_assert_uint_eq(maildir_count(m), t_entries(f, "cur"));
	for (size_t i = 0; i < maildir_count(m); i++) {
		const struct message *msg = maildir_at(m, i), *was;

		ck_assert_uint_gt(msg->uid, last);
		last = msg->uid;
		ck_assert_uint_lt(msg->uid, maildir_uidnext(m));
		if (maildir_uidvalidity(m) != maildir_uidvalidity(before) ||
		    msg->uid >= maildir_uidnext(before))
			continue;
		was = maildir_message(before, msg->uid);
		ck_assert_msg(was && str_eq(maildir_base_name(before, was), maildir_base_name(m, msg)),
			      "UID %u is another message, seed %llu", msg->uid, (unsigned long long)seed);
	}
	maildir_close(m);
}

static int higher(void *data, uint32_t *ret)
{
	*ret = ++*(uint32_t *)data;
	return 0;
}

/* Octets are changed, removed, doubled or zeroed; the journal of before is the judge. */
START_TEST(random_damage_gives_no_uid_to_another_message)
{
	struct buf b;
	struct t_folder f = lived_in(&b);
	struct maildir *before = t_open(&f, MD_READONLY);
	uint64_t seed = 88172645463325252u + (uint64_t)_i;
	uint32_t uidvalidity = maildir_uidvalidity(before);

	f.config.uidvalidity = higher;
	f.config.data = &uidvalidity;
	for (int round = 0; round < 150; round++) {
		const uint64_t this = seed;
		struct buf c = { 0 };
		const size_t at = next(&seed) % b.n, most = next(&seed) % 40 + 1, n = MIN(most, b.n - at);

		buf_str(&c, buf_view(&b));
		switch (next(&seed) % 5) {
		case 0:
			c.s[at] = (char)next(&seed);
			break;
		case 1:
			memset(c.s + at, 0, n);
			break;
		case 2:
			memmove(c.s + at, c.s + at + n, c.n - at - n);
			c.n -= n;
			break;
		case 3:
			buf_str(&c, str_head(str_from(buf_view(&b), at), 200));
			break;
		default:
			for (size_t i = at; i < at + n; i++)
				c.s[i] = (char)next(&seed);
		}
		write_journal(&f, buf_view(&c));
		is_sane(&f, before, this);
		buf_release(&c);
	}
	maildir_close(before);
	buf_release(&b);
	t_folder_remove(&f);
}
END_TEST

/* Lines that nobody would write, in a transaction whose sum is right. */
static const char *const strange[] = {
	"+ 4294967295 2 - - 0 9.z\n",
	"+ 4294967294 2 - - 0 9.z\n",
	"+ 0 2 - - 0 9.z\n",
	"+ 14 2 - - 0 9.z\n+ 14 2 - - 0 9.y\n",
	"+ 15 2 - - 0 9.z\n+ 14 2 - - 0 9.y\n",
	"+ 14 2 - 0,0 0 9.z\n",
	"+ 14 2 - 999 0 9.z\n",
	"+ 14 2 - - 0 ../../../etc/passwd\n",
	"+ 14 2 - - 0 .hidden\n",
	"+ 14 2 - - 0 a%00b\n",
	"+ 14 2 - - 0 a%2Fb\n",
	"+ 14 2 - - 0 1.a\n",
	"+ 14 99999999999999999999 - - 0 9.z\n",
	"+ 14 2 - -\n",
	"+\n",
	"\n",
	"f 1:4294967295 99 S -\n",
	"f 3:1 99 S -\n",
	"- 1:4294967295 99 0\n",
	"- 0 99 0\n",
	"- 1:13 1 0\n",
	"r 4294967295\n",
	"k 7 - x\n",
	"k 0 - another\n",
	"d 1 2 3\n",
	"n 1 0 2.b\n",
	"x a line of a later version that may be passed over\n",
	"",	/* and an end whose numbers go back */
};

START_TEST(strange_lines_are_survived)
{
	struct buf b;
	struct t_folder f = lived_in(&b);
	struct maildir *before = t_open(&f, MD_READONLY);
	const size_t from = b.n;

	for (const char *line = strange[_i], *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		buf_add(&b, line, (size_t)(end - line));
		if (*line == '+' || *line == 'n')
			buf_z(&b, " 0000");
		buf_c(&b, '\n');
	}
	journal_end(&b, from, &(struct txn_end){ .uidnext = *strange[_i] ? 20 : 2, .modseq = *strange[_i] ? 100 : 1 });
	write_journal(&f, buf_view(&b));
	is_sane(&f, before, (uint64_t)_i);
	is_sane(&f, before, (uint64_t)_i);
	maildir_close(before);
	buf_release(&b);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_later_version_is_refused_and_not_touched)
{
	static const char *const what[] = { "imapd-journal 2 1 F 00000000\nwhatever\n", NULL };
	struct buf b, c;
	struct t_folder f = lived_in(&b);
	struct maildir *m = NULL;
	const size_t from = b.n;

	if (_i == 0) {
		buf_clear(&b);
		buf_z(&b, what[0]);
	} else {
		buf_z(&b, "Z a line that must be known\n");
		journal_end(&b, from, &(struct txn_end){ .uidnext = 20, .modseq = 100 });
	}
	write_journal(&f, buf_view(&b));
	ck_assert_int_eq(maildir_open(f.fd, 0, &f.config, &m), -EPROTONOSUPPORT);
	c = journal(&f);
	t_str_eq(buf_view(&c), buf_view(&b));
	buf_release(&b);
	buf_release(&c);
	t_folder_remove(&f);
}
END_TEST

START_TEST(used_up_uids_begin_anew_under_another_uidvalidity)
{
	struct buf b = { 0 };
	struct t_folder f = t_folder_three();
	struct maildir *m;
	size_t from;

	buf_z(&b, "imapd-journal 1 77 Fxyz ");
	buf_printf(&b, "%08x\n", journal_sum(buf_view(&b)));
	from = b.n;
	buf_z(&b, "+ 4294967293 2 S - 0 2.b 0000\n");
	journal_end(&b, from, &(struct txn_end){ .uidnext = 4294967294, .modseq = 100 });
	write_journal(&f, buf_view(&b));
	m = t_open(&f, 0);
	ck_assert_uint_eq(maildir_uidvalidity(m), 77);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), -ESTALE);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), -ESTALE);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_gt(maildir_uidvalidity(m), 77);
	t_shows(m, "1:S 2:* 3:*F");
	ck_assert_str_ne(maildir_mailboxid(m), "Fxyz");
	maildir_close(m);
	buf_release(&b);
	t_folder_remove(&f);
}
END_TEST

START_TEST(compaction_keeps_everything_and_other_sessions_follow)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	struct stat st, now;
	uint64_t modseq;

	f.config.sync = MD_SYNC_NEVER;
	ck_assert_int_eq(fstatat(f.fd, "imapd.journal", &st, 0), 0);
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ &(uint32_t){ 1 }, 1 }, MD_FORCE), 0);
	for (int i = 0; i < 800; i++)
		ck_assert_int_eq(t_store(m, 2, i % 2 ? MD_ADD : MD_REMOVE, MD_SEEN, NULL), 0);
	ck_assert_int_eq(t_store(m, 3, MD_ADD, 0, "work"), 0);
	ck_assert_int_eq(fstatat(f.fd, "imapd.journal", &now, 0), 0);
	ck_assert_uint_ne(st.st_ino, now.st_ino);
	ck_assert_int_lt(now.st_size, 40000);
	modseq = maildir_highestmodseq(m);
	ck_assert_int_eq(maildir_update(other, 0), 0);
	ck_assert_uint_eq(maildir_highestmodseq(other), modseq);
	t_shows(other, "2:S 3:F(work)");
	t_tells(other, "-1 f2 f3");
	maildir_close(m);
	maildir_close(other);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_highestmodseq(m), modseq);
	t_shows(m, "2:S 3:F(work)");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_journal_that_is_removed_under_a_session_is_written_again)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	const uint32_t uidvalidity = maildir_uidvalidity(m);

	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "work"), 0);
	t_rm(&f, "imapd.journal");
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(t_append(m, "x", 0), 4);
	maildir_close(m);
	m = t_select(&f);
	ck_assert_uint_eq(maildir_uidvalidity(m), uidvalidity);
	t_shows(m, "1: 2:S(work) 3:F 4:*");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* Cut off behind the back of a session that knows more. */
START_TEST(a_journal_that_is_cut_off_under_a_session_gives_no_uid_twice)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	const int fd = openat(f.fd, "imapd.journal", O_WRONLY | O_CLOEXEC);

	t_append(m, "four", 0);
	ck_assert_int_eq(ftruncate(fd, _i ? 0 : 60), 0);
	close(fd);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(t_append(m, "five", 0), 5);
	t_reads(m, 4, "four");
	maildir_close(m);
	m = t_select(&f);
	t_reads(m, 4, "four");
	t_reads(m, 5, "five");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* What was not synced is lost: that the directories are in order is written when a session ends. */
static void lose_directories(const struct t_folder *f)
{
	struct buf b = journal(f);
	const char *last = NULL;

	for (const char *next = buf_cstr(&b); (next = strstr(next, "\nd ")) != NULL; next++)
		last = next;
	if (last) {
		const int fd = openat(f->fd, "imapd.journal", O_WRONLY | O_CLOEXEC);

		ck_assert_int_eq(ftruncate(fd, last + 1 - b.s), 0);
		close(fd);
	}
	buf_release(&b);
}

/* The journal has what the names have lost: only a power cut does that, which shows by another boot. */
START_TEST(after_a_power_cut_names_get_the_flags_of_the_journal)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);

	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_FLAGGED, NULL), 0);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "work"), 0);
	maildir_close(m);
	lose_directories(&f);
	t_mv(&f, "cur/1.a:2,F", "cur/1.a:2,");
	t_mv(&f, "cur/2.b:2,Sa", "cur/2.b:2,S");
	{ /* the clock that files have is that of the journal, or older: put it after them */
		struct buf b = journal(&f);
		const int fd = openat(f.fd, "imapd.journal", O_WRONLY | O_CLOEXEC);

		ck_assert_int_eq(futimens(fd, NULL), 0);
		close(fd);
		buf_release(&b);
	}
	f.config.boot_id = _i ? "boot-two" : "boot-one";
	t_tick();
	t_mv(&f, "cur/3.c:2,F", "cur/3.c:2,R"); /* later than the journal: it wins */
	m = t_select(&f);
	t_shows(m, _i ? "1:F 2:S(work) 3:R" : "1: 2:S 3:R");
	ck_assert(t_has(&f, _i ? "cur/1.a:2,F" : "cur/1.a:2,"));
	ck_assert(t_has(&f, _i ? "cur/2.b:2,Sa" : "cur/2.b:2,S"));
	maildir_close(m);
	m = t_select(&f);
	t_tells(m, "");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(what_other_servers_told_their_clients_is_kept)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	if (_i == 0) {
		t_put(&f, "courierimapuiddb", "1 795420406 40\n7 2.b\n9 1.a\n12 gone\n");
	} else {
		t_put(&f, "dovecot-uidlist",
		      "3 V795420406 N40 G0123456789abcdef\n7 :2.b\n9 :1.a\n12 :gone\n");
		t_put(&f, "dovecot-keywords", "0 $Label1\n1 work\n");
		t_mv(&f, "cur/2.b:2,S", "cur/2.b:2,Sb");
	}
	m = t_select(&f);
	ck_assert_uint_eq(maildir_uidvalidity(m), 795420406);
	ck_assert_uint_eq(maildir_uidnext(m), 41);
	t_shows(m, _i ? "7:S(work) 9: 40:*F" : "7:S 9: 40:*F");
	ck_assert_uint_eq(maildir_keyword_count(m), _i ? 2 : 0);
	maildir_close(m);
	m = t_select(&f);
	t_tells(m, "");
	t_shows(m, _i ? "7:S(work) 9: 40:F" : "7:S 9: 40:F");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(couriers_keywords_are_kept_and_mirrored)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	t_put(&f, "courierimapuiddb", "1 795420406 40\n7 2.b\n9 1.a\n");
	ck_assert_int_eq(mkdirat(f.fd, "courierimapkeywords", 0700), 0);
	t_put(&f, "courierimapkeywords/:list", "work\nplay\n\n2.b:0 1\n3.c:1\n");
	m = t_select(&f);
	t_shows(m, "7:S(work,play) 9: 40:*F(play)");
	ck_assert(t_has(&f, "cur/2.b:2,Sab"));
	ck_assert(t_has(&f, "cur/3.c:2,Fb"));
	maildir_close(m);
	m = t_select(&f);
	t_tells(m, "");
	t_shows(m, "7:S(work,play) 9: 40:F(play)");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* As another user would: root may write anything, so the file system says no. */
START_TEST(without_a_journal_and_where_none_can_be_written_it_works_in_memory)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	ck_assert_int_eq(fchmodat(f.fd, "cur", 0755, 0) + fchmodat(f.fd, "new", 0755, 0), 0);
	ck_assert_int_eq(fchmodat(f.fd, "tmp", 0755, 0) + fchmod(f.fd, 0555), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	m = t_open(&f, MD_READONLY);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_shows(m, "1:* 2:*S 3:*F");
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), -EACCES);
	ck_assert(!t_has(&f, "imapd.journal"));
	maildir_close(m);
	ck_assert_int_eq(seteuid(getuid()) + fchmod(f.fd, 0700), 0);
	t_folder_remove(&f);
}
END_TEST

static const bool both[] = { false, true };

T_SUITE("journal", T_TEST(what_was_known_is_known_again), T_TEST(a_torn_end_is_dropped),
	T_LOOP(random_damage_gives_no_uid_to_another_message, both),
	T_LOOP(strange_lines_are_survived, strange), T_LOOP(a_later_version_is_refused_and_not_touched, both),
	T_TEST(used_up_uids_begin_anew_under_another_uidvalidity),
	T_TEST(compaction_keeps_everything_and_other_sessions_follow),
	T_TEST(a_journal_that_is_removed_under_a_session_is_written_again),
	T_LOOP(a_journal_that_is_cut_off_under_a_session_gives_no_uid_twice, both),
	T_LOOP(after_a_power_cut_names_get_the_flags_of_the_journal, both),
	T_LOOP(what_other_servers_told_their_clients_is_kept, both),
	T_TEST(couriers_keywords_are_kept_and_mirrored),
	T_TEST(without_a_journal_and_where_none_can_be_written_it_works_in_memory))
