/* t/t_numbers.c: what STATUS tells is remembered, and never wrong */
#define _GNU_SOURCE
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/folders.h"
#include "maildir/inside.h"
#include "maildir/numbers.h"
#include "t/dir.h"

/* An account with the folder "A", which has three messages. */
struct fixture {
	struct t_dir d;
	struct account *acc;
	struct maildir_config config;
};

static void open_cache(struct fixture *x)
{
	ck_assert_int_eq(cache_open(account_fd(x->acc), NULL, &x->config.cache), 0);
}

/* As the next session finds it. */
static void again(struct fixture *x)
{
	cache_close(x->config.cache);
	open_cache(x);
}

static void fill(const char *folder)
{
	static const char *const files[] = { "cur/1000.a.h:2,S", "cur/1001.b.h:2,", "new/1002.c.h" };
	char path[256];

	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof path, "m/%s/%s", folder, files[i]);
		t_write(path, STR("Subject: x\n\nx\n"));
	}
}

static struct fixture fixture(void)
{
	struct fixture x = {
		.d = t_dir_enter(), .config = { .hostname = "host", .boot_id = "boot-one", .read_wait_ms = 60000, .write_wait_ms = 60000 }
	};

	x.acc = t_account("m");
	t_maildir("m/.A");
	fill(".A");
	open_cache(&x);
	return x;
}

static void release(struct fixture *x)
{
	cache_close(x->config.cache);
	account_close(x->acc);
	t_dir_leave(&x->d);
}

static struct maildir *opened(struct fixture *x, const char *folder, unsigned mode)
{
	_cleanup_(fd_closep) int dir = -1;
	struct maildir *m;

	ck_assert_int_eq(folder_open_dir(x->acc, str_z(folder), &dir), 0);
	ck_assert_int_eq(maildir_open(dir, mode, &x->config, &m), 0);
	return m;
}

/* By opening it. */
static struct md_numbers looked(struct fixture *x, const char *folder)
{
	_cleanup_(maildir_closep) struct maildir *m = opened(x, folder, MD_READONLY);
	struct md_numbers n;

	ck_assert_int_eq(maildir_update(m, 0), 0);
	maildir_numbers(m, &n);
	return n;
}

static bool remembered(struct fixture *x, const char *folder, struct md_numbers *ret)
{
	return numbers_remembered(x->config.cache, x->acc, &(struct folder){ .name = str_z(folder) }, NULL, ret);
}

static void same(const struct md_numbers *a, const struct md_numbers *b)
{
	ck_assert_uint_eq(a->messages, b->messages);
	ck_assert_uint_eq(a->recent, b->recent);
	ck_assert_uint_eq(a->unseen, b->unseen);
	ck_assert_uint_eq(a->deleted, b->deleted);
	ck_assert_uint_eq(a->modseq, b->modseq);
	ck_assert_uint_eq(a->uidnext, b->uidnext);
	ck_assert_uint_eq(a->uidvalidity, b->uidvalidity);
	ck_assert_str_eq(a->mailboxid, b->mailboxid);
}

/* Asked as STATUS asks, until it is remembered. */
static struct md_numbers learn(struct fixture *x, const char *folder)
{
	struct md_numbers n = { 0 }, truth;

	for (int i = 0; i < 50 && !remembered(x, folder, &n); i++) {
		looked(x, folder);
		usleep(10000);
	}
	ck_assert(remembered(x, folder, &n));
	truth = looked(x, folder);
	same(&n, &truth);
	ck_assert(remembered(x, folder, &n));
	return n;
}

START_TEST(it_is_remembered_from_one_session_to_the_next)
{
	struct fixture x = fixture();
	struct md_numbers n;

	ck_assert(!remembered(&x, "A", &n));
	n = learn(&x, "A");
	ck_assert_uint_eq(n.messages, 3);
	ck_assert_uint_eq(n.unseen, 2);
	ck_assert_uint_eq(n.recent, 3);
	ck_assert(!n.size_known);
	again(&x);
	ck_assert(remembered(&x, "A", &n));
	ck_assert(!remembered(&x, "", &n));
	ck_assert(!remembered(&x, "B", &n));
	release(&x);
}
END_TEST

START_TEST(nothing_is_kept_for_who_does_not_ask)
{
	struct fixture x = fixture();

	looked(&x, "A");
	again(&x);
	ck_assert(!t_exists("m/imapd.cache/status"));
	release(&x);
}
END_TEST

START_TEST(a_size_is_remembered_while_nothing_has_changed)
{
	struct fixture x = fixture();
	struct md_numbers n = learn(&x, "A");
	struct maildir *m = opened(&x, "A", MD_READONLY);

	ck_assert_int_eq(maildir_update(m, 0), 0);
	maildir_numbers_size(m, 4711);
	maildir_close(m);
	looked(&x, "A");	/* who does not know it does not take it away */
	again(&x);
	ck_assert(remembered(&x, "A", &n) && n.size_known);
	ck_assert_uint_eq(n.size, 4711);
	t_write("m/.A/new/2000.n.h", STR("x\n"));
	n = learn(&x, "A");
	ck_assert(!n.size_known);
	release(&x);
}
END_TEST

/* What LIST has seen of it is not looked at again: then it is told as it was then, or not at all. */
START_TEST(one_that_was_listed_is_told_as_it_was_then)
{
	struct fixture x = fixture();
	const struct md_numbers before = learn(&x, "A");
	_cleanup_(arena_free) struct arena a = { 0 };
	struct md_numbers n;
	struct folder *v;
	size_t count;

	ck_assert_int_eq(folder_list(x.acc, &a, false, &v, &count), 0);
	ck_assert_uint_eq(count, 2);
	t_str_eq(v[1].name, STR("A"));
	ck_assert(numbers_remembered(x.config.cache, x.acc, &v[1], NULL, &n));
	same(&n, &before);
	t_write("m/.A/cur/2000.n.h:2,S", STR("x\n"));
	ck_assert(!remembered(&x, "A", &n));
	ck_assert(numbers_remembered(x.config.cache, x.acc, &v[1], NULL, &n));
	same(&n, &before);
	looked(&x, "A");	/* which journals it */
	ck_assert(!numbers_remembered(x.config.cache, x.acc, &v[1], NULL, &n));
	n = learn(&x, "A");
	ck_assert_uint_eq(n.messages, 4);
	ck_assert_int_eq(folder_list(x.acc, &a, false, &v, &count), 0);
	ck_assert(numbers_remembered(x.config.cache, x.acc, &v[1], NULL, &n));
	t_write("m/.A/new/2001.n.h", STR("x\n"));
	ck_assert(!numbers_remembered(x.config.cache, x.acc, &v[1], NULL, &n));
	learn(&x, "");
	ck_assert(numbers_remembered(x.config.cache, x.acc, &v[0], NULL, &n));
	t_write("m/cur/2002.n.h:2,", STR("x\n"));
	ck_assert(!numbers_remembered(x.config.cache, x.acc, &v[0], NULL, &n));	/* INBOX is not seen by LIST */
	release(&x);
}
END_TEST

/* The folder of that handle, whatever it is called, may have numbers that it alone knows. */
START_TEST(a_folder_that_is_selected_is_not_told_of)
{
	struct fixture x = fixture();
	struct md_numbers n = learn(&x, "A");
	struct maildir *m;

	t_maildir("m/.B");
	learn(&x, "B");
	m = opened(&x, "A", 0);
	ck_assert(!numbers_remembered(x.config.cache, x.acc, &(struct folder){ .name = STR("A") }, m, &n));
	ck_assert(numbers_remembered(x.config.cache, x.acc, &(struct folder){ .name = STR("B") }, m, &n));
	maildir_close(m);
	release(&x);
}
END_TEST

static void deliver(struct fixture *x)
{
	(void)x;
	t_write("m/.A/new/2000.n.h", STR("x\n"));
}

static void rename_file(struct fixture *x)
{
	(void)x;
	ck_assert_int_eq(rename("m/.A/cur/1001.b.h:2,", "m/.A/cur/1001.b.h:2,S"), 0);
}

static void remove_file(struct fixture *x)
{
	(void)x;
	ck_assert_int_eq(unlink("m/.A/cur/1000.a.h:2,S"), 0);
}

static void change(struct fixture *x, const struct md_change *c)
{
	_cleanup_(maildir_closep) struct maildir *m = opened(x, "A", 0);
	_cleanup_(arena_free) struct arena a = { 0 };
	struct md_uids modified, gone;
	uint32_t uid = 1;

	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, c, &a, &modified, &gone), 0);
}

static void store_flag(struct fixture *x)
{
	change(x, &(struct md_change){ .op = MD_ADD, .flags = MD_DELETED });
}

static void store_keyword(struct fixture *x)
{
	const struct str word = STR("blue");

	change(x, &(struct md_change){ .op = MD_ADD, .keywords = &word, .nkeywords = 1 });
}

static void claim(struct fixture *x)
{
	_cleanup_(maildir_closep) struct maildir *m = opened(x, "A", 0);

	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
}

/* Where two folders have one name that in UTF-8 counts, also if nothing is remembered of it. */
START_TEST(of_two_spellings_the_right_one_is_told_of)
{
	struct fixture x = fixture();
	struct md_numbers n;

	t_maildir("m/.&AOQ-");
	fill(".&AOQ-");
	n = learn(&x, "\303\244");
	ck_assert_uint_eq(n.messages, 3);
	t_maildir("m/.\303\244");
	ck_assert(!remembered(&x, "\303\244", &n));
	ck_assert_uint_eq(looked(&x, "\303\244").messages, 0);
	release(&x);
}
END_TEST

/* Names that can be no folder's lead nowhere. */
START_TEST(only_folders_are_told_of)
{
	static const char *const names[] = { ".", ".A", "A.", "../m/.A", "A/../.A" };
	struct fixture x = fixture();
	struct md_numbers n = learn(&x, "A");

	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert(!remembered(&x, names[i], &n));
	release(&x);
}
END_TEST

static void make_anew(struct fixture *x)
{
	ck_assert_int_eq(folder_delete(x->acc, STR("A")), 0);
	ck_assert_int_eq(folder_create(x->acc, STR("A")), 0);
	fill(".A");
}

static void lose_journal(struct fixture *x)
{
	(void)x;
	ck_assert_int_eq(unlink("m/.A/imapd.journal"), 0);
}

/* Another of the same size, as when it was compacted. */
static void replace_journal(struct fixture *x)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	(void)x;
	t_write("m/.A/tmp/j", t_read(&b, "m/.A/imapd.journal"));
	ck_assert_int_eq(rename("m/.A/tmp/j", "m/.A/imapd.journal"), 0);
}

static const struct {
	void (*make)(struct fixture *x);
	const char *what;
} changes[] = {
	{ deliver, "delivery" },	{ rename_file, "a flag" },	{ remove_file, "removal" },
	{ store_flag, "STORE" },	{ store_keyword, "a keyword" }, { claim, "a claim" },
	{ make_anew, "another folder" }, { lose_journal, "no journal" }, { replace_journal, "another journal" },
};

/* By a session of its own, with a cache or without, so that nothing of it is known to ours. */
START_TEST(what_has_changed_is_not_told)
{
	struct fixture x = fixture(), other;
	struct md_numbers n = { 0 }, truth;

	learn(&x, "A");
	other = x;
	other.config.cache = NULL;
	changes[_i].make(&other);
	ck_assert_msg(!remembered(&x, "A", &n), "%s", changes[_i].what);
	truth = looked(&other, "A");
	if (remembered(&x, "A", &n))
		same(&n, &truth);
	learn(&x, "A");
	release(&x);
}
END_TEST

START_TEST(it_goes_where_the_folder_goes)
{
	struct fixture x = fixture();
	const struct md_numbers before = learn(&x, "A");
	struct md_numbers n;

	ck_assert_int_eq(folder_rename(x.acc, STR("A"), STR("B")), 0);
	ck_assert(!remembered(&x, "A", &n));
	if (remembered(&x, "B", &n))
		same(&n, &before);
	n = learn(&x, "B");
	same(&n, &before);
	ck_assert_int_eq(folder_create(x.acc, STR("A")), 0);
	ck_assert(!remembered(&x, "A", &n));
	n = learn(&x, "A");
	ck_assert_uint_eq(n.messages, 0);
	release(&x);
}
END_TEST

/* Mail comes between the look and the closing; and right after it, maybe within the tick of the clock. */
START_TEST(a_change_at_the_last_moment_is_not_passed_over)
{
	struct fixture x = fixture();
	struct md_numbers n, truth;
	char path[64];

	learn(&x, "A");
	for (int i = 0; i < 30; i++) {
		struct maildir *m = opened(&x, "A", MD_READONLY);

		ck_assert_int_ge(maildir_update(m, 0), 0);
		snprintf(path, sizeof path, "m/.A/new/3%03d.n.h", i);
		if (i % 2)
			t_write(path, STR("x\n"));
		maildir_close(m);
		if (i % 2 == 0)
			t_write(path, STR("x\n"));
		ck_assert(!remembered(&x, "A", &n));
		truth = looked(&x, "A");
		ck_assert_uint_eq(truth.messages, 4 + (uint64_t)i);
	}
	release(&x);
}
END_TEST

static const char *const alien[] = { "", "imapd-status 1", "imapd-status 2\n", "imapd-status 1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0" };

START_TEST(a_damaged_file_is_none)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct fixture x = fixture();
	struct md_numbers n;
	struct str text;

	learn(&x, "A");
	again(&x);
	text = t_read(&b, "m/imapd.cache/status");
	ck_assert_uint_gt(text.n, 100);
	for (size_t i = 0; i < text.n; i += 5) {
		b.s[i] ^= 1;
		t_write("m/imapd.cache/status", text);
		b.s[i] ^= 1;
		again(&x);
		ck_assert(!remembered(&x, "A", &n));
		t_write("m/imapd.cache/status", str_head(text, i));
		again(&x);
		ck_assert(!remembered(&x, "A", &n));
	}
	for (size_t i = 0; i < COUNT(alien); i++) {
		t_write("m/imapd.cache/status", (struct str){ alien[i], i < 3 ? strlen(alien[i]) : 32 });
		again(&x);
		ck_assert(!remembered(&x, "A", &n));
	}
	learn(&x, "A");
	again(&x);
	ck_assert(remembered(&x, "A", &n));
	release(&x);
}
END_TEST

/* How the file begins, as doc/FORMATS.md has it; of n, one that with the size of a record makes 8 octets more, modulo 2^64. */
struct forged {
	char magic[16];
	uint32_t sum, record_size;
	uint64_t n;
};
enum { RECORD = 168 };
static const struct {
	struct forged head;
	size_t octets;	/* more of them than the records */
	bool fine;
} forgeries[] = {
	{ { "imapd-status 1", 0, RECORD, 1 }, 0, true },
	{ { "imapd-status 2", 0, RECORD, 1 }, 0, false },
	{ { "imapd-status 1", 0, RECORD + 8, 1 }, 0, false },
	{ { "imapd-status 1", 0, RECORD, 0 }, 0, false },
	{ { "imapd-status 1", 0, RECORD, 2 }, 0, false },
	{ { "imapd-status 1", 0, RECORD, 1 }, 8, false },
	{ { "imapd-status 1", 0, RECORD, UINT64_C(0xf3cf3cf3cf3cf3e) }, 8, false },
};

/* With a right sum, so that nothing else tells. */
START_TEST(what_cannot_be_meant_is_not_believed)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct forged h = forgeries[_i].head;
	struct fixture x = fixture();
	struct md_numbers n;
	struct str text;

	learn(&x, "A");
	again(&x);
	t_read(&b, "m/imapd.cache/status");
	ck_assert_uint_eq(b.n, sizeof h + RECORD);
	memset(buf_reserve(&b, 8), 0, 8);
	text = (struct str){ b.s, b.n + forgeries[_i].octets };
	h.sum = journal_sum((struct str){ (char *)&h, sizeof h }) ^ journal_sum(str_from(text, sizeof h));
	memcpy(b.s, &h, sizeof h);
	t_write("m/imapd.cache/status", text);
	again(&x);
	ck_assert(remembered(&x, "A", &n) == forgeries[_i].fine);
	release(&x);
}
END_TEST

START_TEST(many_folders_are_remembered)
{
	enum { FOLDERS = 200 };
	struct fixture x = fixture();
	struct md_numbers n;
	char path[64];

	for (int i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof path, "m/.F%d", i);
		t_maildir(path);
	}
	usleep(30000);
	ck_assert(!remembered(&x, "F0", &n));
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof path, "F%d", i);
		looked(&x, path);
	}
	again(&x);
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(path, sizeof path, "F%d", i);
		ck_assert_msg(remembered(&x, path, &n), "%s", path);
		ck_assert_uint_eq(n.messages, 0);
	}
	release(&x);
}
END_TEST

T_SUITE("numbers", T_TEST(it_is_remembered_from_one_session_to_the_next), T_TEST(nothing_is_kept_for_who_does_not_ask),
	T_TEST(a_size_is_remembered_while_nothing_has_changed), T_TEST(a_folder_that_is_selected_is_not_told_of),
	T_TEST(one_that_was_listed_is_told_as_it_was_then),
	T_LOOP(what_has_changed_is_not_told, changes), T_TEST(it_goes_where_the_folder_goes),
	T_TEST(a_change_at_the_last_moment_is_not_passed_over), T_TEST(a_damaged_file_is_none), T_LOOP(what_cannot_be_meant_is_not_believed, forgeries),
	T_TEST(of_two_spellings_the_right_one_is_told_of), T_TEST(only_folders_are_told_of), T_TEST(many_folders_are_remembered))
