/* t/t_mdaccount.c: an account is opened, made, settled; what is remembered of it */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/wait.h>
#include "base/clock.h"
#include "maildir/folders.h"
#include "maildir/inside.h"
#include "t/dir.h"

START_TEST(a_missing_maildir_is_made)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("Maildir");
	struct stat st;

	ck_assert_int_eq(stat("Maildir/cur", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert(t_exists("Maildir/new") && t_exists("Maildir/tmp"));
	ck_assert_str_eq(account_prefix(acc), "");
	ck_assert(fstat(account_fd(acc), &st) == 0 && S_ISDIR(st.st_mode));
}
END_TEST

START_TEST(an_empty_directory_becomes_one_and_half_a_maildir_a_whole)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *a = NULL, *b = NULL, *c = NULL;

	t_mkdir("empty");
	t_mkdir("half");
	t_mkdir("half/new");
	t_write("half/new/1.a", STR("x"));
	t_write("half/other", STR("x"));
	t_mkdir("courier");
	t_write("courier/courierimapsubscribed", STR(""));
	a = t_account("empty");
	b = t_account("half");
	c = t_account("courier");
	ck_assert(t_exists("empty/cur") && t_exists("half/cur") && t_exists("half/new/1.a") &&
		  t_exists("courier/cur"));
}
END_TEST

START_TEST(something_else_is_not_touched)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	const struct account_config config = { 0 };
	struct account *acc = NULL;

	t_mkdir("home");
	t_write("home/.profile", STR("x"));
	ck_assert_int_eq(account_open("home", &config, &acc), -ENOTEMPTY);
	ck_assert_uint_eq(t_entries("home"), 1);
	t_write("file", STR("x"));
	ck_assert_int_eq(account_open("file", &config, &acc), -ENOTDIR);
	ck_assert_int_eq(account_open("no/such/path", &config, &acc), -ENOENT);
	t_mkdir("odd");
	t_mkdir("odd/new");
	t_write("odd/cur", STR("a file"));
	ck_assert_int_lt(account_open("odd", &config, &acc), 0);
	ck_assert_ptr_null(acc);
}
END_TEST

START_TEST(the_sanity_check_wants_our_uid_and_gid)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	const struct account_config config = { .check_owner = true };
	struct account *acc = NULL;

	ck_assert_int_eq(account_open("mine", &config, &acc), 0);
	account_close(acc);
	acc = NULL;
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown("mine", 1234, getegid()), 0);
	ck_assert_int_eq(account_open("mine", &config, &acc), -EPERM);
	ck_assert_int_eq(chown("mine", geteuid(), 1234), 0);
	ck_assert_int_eq(account_open("mine", &config, &acc), -EPERM);
	ck_assert_ptr_null(acc);
}
END_TEST

/* What Courier has served keeps its prefix, for good; what it comes to serve later does not get it. */
START_TEST(the_prefix_is_decided_once)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = NULL, *again = NULL, *new = NULL, *later = NULL;

	t_maildir("c");
	t_write("c/courierimapuiddb", STR("1 1 1\n"));
	acc = t_account("c");
	ck_assert_str_eq(account_prefix(acc), "INBOX.");
	ck_assert_int_eq(unlink("c/courierimapuiddb"), 0);
	again = t_account("c");
	ck_assert_str_eq(account_prefix(again), "INBOX.");

	new = t_account("n");
	t_write("n/courierimapuiddb", STR("1 1 1\n"));
	later = t_account("n");
	ck_assert_str_eq(account_prefix(later), "");
}
END_TEST

START_TEST(the_site_may_set_the_prefix)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = NULL, *without = NULL;
	const struct account_config config = { .prefix = "Mail.", .no_sync = true };

	ck_assert_int_eq(account_open("m", &config, &acc), 0);
	ck_assert_str_eq(account_prefix(acc), "Mail.");
	without = t_account("m");
	ck_assert_str_eq(account_prefix(without), "");
}
END_TEST

START_TEST(uidvalidity_grows_and_is_no_less_than_the_time)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m"), *other = t_account("m");
	const uint64_t now = clock_unix();
	uint32_t last = 0, v = 0;

	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(account_uidvalidity(i % 2 ? acc : other, &v), 0);
		ck_assert_uint_ge(v, now);
		ck_assert_uint_gt(v, last);
		last = v;
	}
	ck_assert_int_eq(account_uidvalidity_seen(acc, 4000000000), 0);
	ck_assert_int_eq(account_uidvalidity_seen(acc, 3999999999), 0);
	ck_assert_int_eq(account_uidvalidity_seen(acc, 12), 0);
	ck_assert_int_eq(account_uidvalidity(other, &v), 0);
	ck_assert_uint_eq(v, 4000000001);
	ck_assert_int_eq(account_uidvalidity_seen(acc, UINT32_MAX), 0);
	ck_assert_int_eq(account_uidvalidity(other, &v), 0);
	ck_assert(v >= now && v < 4000000000);
}
END_TEST

/* The digits are overwritten where that is safe, else the file is written anew; and all else in it stays. */
static const struct {
	int padding; /* octets of a line before */
	const char *lines;
	bool in_place;
} numbered[] = {
	{ 1, "uidvalidity 1000000000\n", true },
	{ 1, "uidvalidity 1000000000\nuse \\Junk J\n", true },
	{ 1, "uidvalidity 999999999\n", false },
	{ 1, "use \\Junk J\n", false },
	{ 1, "uidvalidity 1000000000\nuidvalidity 1000000000\n", false },
	{ 1, "uidvalidity 1000000001\nuidvalidity 1000000000\n", false },
	{ 453, "uidvalidity 1000000000\n", true }, /* the digits end where the first 512 octets do */
	{ 454, "uidvalidity 1000000000\n", false },
	{ 462, "uidvalidity 1000000000\n", false },
	{ 463, "uidvalidity 1000000000\n", true },
	{ 4000, "uidvalidity 1000000000\n", true },
	{ 4096, "uidvalidity 1000000000\n", false },
};

START_TEST(a_uidvalidity_that_is_the_time_is_overwritten_in_place)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf text = { 0 };
	const uint64_t now = clock_unix();
	struct account_use *uses;
	struct stat before, after;
	char line[40];
	uint32_t v;
	size_t n;

	buf_printf(&text, "imapd-account 1\nprefix \nuse \\Sent S\n%0*d\n%s", numbered[_i].padding, 0, numbered[_i].lines);
	t_write("m/imapd.account", buf_view(&text));
	ck_assert_int_eq(stat("m/imapd.account", &before), 0);
	ck_assert_int_eq(account_uidvalidity(acc, &v), 0);
	ck_assert_uint_ge(v, now);
	ck_assert_int_eq(stat("m/imapd.account", &after), 0);
	ck_assert_int_eq(before.st_ino == after.st_ino, numbered[_i].in_place);
	snprintf(line, sizeof line, "\nuidvalidity %u\n", v);
	ck_assert(str_search(t_read(&text, "m/imapd.account"), str_z(line)) < text.n);
	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	ck_assert_uint_ge(n, 1);
	t_str_eq(uses[0].folder, STR("S"));
	for (int i = 0; i < 5; i++) {
		const uint32_t last = v;

		ck_assert_int_eq(account_uidvalidity(acc, &v), 0);
		ck_assert_uint_gt(v, last);
	}
}
END_TEST

/* Who gives many waits for the disk a few times; who comes between them gets a higher one, and the next is higher again. */
START_TEST(uidvalidities_are_reserved_and_given_in_order)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m"), *other = t_account("m");
	uint32_t last = 0, v = 0;
	unsigned files = 0;
	struct stat st;
	ino_t ino = 0;

	for (int i = 0; i < 300; i++) {
		const uint64_t now = clock_unix();
		const bool others = i == 150 || i == 151 || i == 200;

		ck_assert_int_eq(account_uidvalidity(others ? other : acc, &v), 0);
		ck_assert_uint_gt(v, last);
		ck_assert_uint_ge(v, now);
		last = v;
		if (i == 220) /* of another kind */
			ck_assert_int_eq(account_set_use(other, STR("T"), STR("\\Trash"), true), 0);
		if (i == 240) { /* below what is reserved, and higher than what was given */
			ck_assert_int_eq(account_uidvalidity_seen(other, v + 3), 0);
			last = v + 3;
		}
		ck_assert_int_eq(stat("m/imapd.account", &st), 0);
		files += st.st_ino != ino;
		ino = st.st_ino;
	}
	ck_assert_uint_lt(files, 50);
}
END_TEST

START_TEST(uidvalidity_is_given_once_among_processes)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	enum { PROCESSES = 4, EACH = 25 };
	uint32_t all[PROCESSES * EACH];
	int fds[2];

	account_close(t_account("m"));
	ck_assert_int_eq(pipe(fds), 0);
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			struct account *acc = t_account("m");
			uint32_t v[EACH];

			for (int j = 0; j < EACH; j++)
				ck_assert_int_eq(account_uidvalidity(acc, &v[j]), 0);
			_exit(write(fds[1], v, sizeof v) != sizeof v);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(fd_read_all(fds[0], all, sizeof all), sizeof all);
	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(all[i], all[j]);
}
END_TEST

static void check_uses(struct account *acc, const char *want)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct account_use *uses;
	size_t n;

	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	for (size_t i = 0; i < n; i++) {
		buf_str(&b, uses[i].use);
		buf_c(&b, '=');
		buf_str(&b, uses[i].folder);
		buf_c(&b, ';');
	}
	ck_assert_str_eq(buf_cstr(&b), want);
}

START_TEST(special_uses_are_set_and_unset)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m"), *other = t_account("m");

	check_uses(acc, "");
	ck_assert_int_eq(account_set_use(acc, STR("A b.C"), STR("\\Trash"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR("A b.C"), STR("\\trash"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR("A b.C"), STR("\\Junk"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR(""), STR("\\Important"), true), 0);
	check_uses(other, "\\Trash=A b.C;\\Junk=A b.C;\\Important=;");
	ck_assert_int_eq(account_set_use(acc, STR("A b.C"), STR("\\Trash"), false), 0);
	ck_assert_int_eq(account_set_use(acc, STR("A b.C"), STR("\\Trash"), false), 0);
	check_uses(other, "\\Junk=A b.C;\\Important=;");
	ck_assert_int_eq(account_set_use(acc, STR("A"), STR("Trash"), true), -EINVAL);
	ck_assert_int_eq(account_set_use(acc, STR("A"), STR("\\a b"), true), -EINVAL);
	ck_assert_int_eq(account_set_use(acc, STR("A\nuse x"), STR("\\Trash"), true), -EINVAL);
}
END_TEST

START_TEST(lines_of_later_versions_are_kept)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;

	t_maildir("m");
	t_write("m/imapd.account", STR("imapd-account 1\nprefix X/\nfuture a b\nuse \\Bad\nuidvalidity "
				       "7x\nuidvalidity 4000000000\ntorn"));
	acc = t_account("m");
	ck_assert_str_eq(account_prefix(acc), "X/");
	ck_assert_int_eq(account_set_use(acc, STR("T"), STR("\\Trash"), true), 0);
	t_str_eq(t_read(&b, "m/imapd.account"), STR("imapd-account 1\nprefix X/\nuidvalidity 4000000000\nuse "
						    "\\Trash T\nfuture a b\nuse \\Bad\nuidvalidity 7x\n"));
}
END_TEST

static const char *const damaged[] = { "", "\n", "imapd-account 2\nprefix X\n", "\377\376\n\n\n",
				       "imapd-account 1" };

START_TEST(a_damaged_account_file_is_written_anew)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;
	uint32_t v;

	t_maildir("m");
	t_write("m/imapd.account", str_z(damaged[_i]));
	acc = t_account("m");
	ck_assert_str_eq(account_prefix(acc), "");
	ck_assert_int_eq(account_uidvalidity(acc, &v), 0);
	ck_assert(str_starts(t_read(&b, "m/imapd.account"), STR("imapd-account 1\nprefix \nuidvalidity ")));
}
END_TEST

START_TEST(what_a_crash_left_in_tmp_is_removed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = NULL;

	t_maildir("m");
	t_maildir("m/tmp/imapd.gone.1");
	t_write("m/tmp/imapd.gone.1/cur/1.a:2,S", STR("x"));
	t_maildir("m/tmp/imapd.new.2");
	t_write("m/tmp/1.delivered.just.now", STR("x"));
	t_mkdir("outside");
	t_write("outside/precious", STR("x"));
	ck_assert_int_eq(symlink("../../../outside", "m/tmp/imapd.gone.1/cur/link"), 0);
	ck_assert_int_eq(symlink("../../outside", "m/tmp/imapd.gone.3"), 0);
	acc = t_account("m");
	ck_assert_uint_eq(t_entries("m/tmp"), 1);
	ck_assert(t_exists("m/tmp/1.delivered.just.now") && t_exists("outside/precious"));
}
END_TEST

/* Runs as a user who may not write there, if that can be had. */
START_TEST(a_maildir_that_cannot_be_written_is_opened)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	int status;

	t_maildir("m");
	t_maildir("m/.A");
	t_write("m/courierimapuiddb", STR("1 1 1\n"));
	ck_assert_int_eq(chmod(d.path, 0755) | chmod("m", 0555) | chmod("m/cur", 0555) | chmod("m/.A", 0555),
			 0);
	if (fork() == 0) {
		_cleanup_(account_closep) struct account *acc = NULL;
		const struct account_config config = { 0 };
		uint32_t v = 1;

		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(0);
		if (account_open("m", &config, &acc) < 0)
			_exit(1);
		_exit(strcmp(account_prefix(acc), "INBOX.") != 0 || folder_exists(acc, STR("A")) != 1 ||
		      folder_create(acc, STR("B")) != -EACCES || account_uidvalidity(acc, &v) != -EACCES ||
		      v != 1);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(chmod("m", 0755), 0);
}
END_TEST

START_TEST(a_lock_ends_with_its_holder)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	_cleanup_(fd_closep) int lock = -1;
	int fds[2], status;
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct account *theirs = t_account("m");
		int held;

		if (account_lock(theirs, ACCOUNT_WRITE_MS, &held) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(fd_read_all(fds[0], &c, 1), 1);
	ck_assert_int_eq(account_trylock(acc, &lock), -EAGAIN);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(account_lock(acc, ACCOUNT_WRITE_MS, &lock), 0);
}
END_TEST

START_TEST(who_hangs_loses_the_lock_and_finds_out)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m"), *hung = t_account("m");
	_cleanup_(fd_closep) int theirs = -1, ours = -1, again = -1;
	const struct timespec old[2] = {
		{1000000000,  0},
		   { 1000000000, 0}
	};

	ck_assert_int_eq(account_lock(hung, ACCOUNT_WRITE_MS, &theirs), 0);
	ck_assert_int_eq(account_lock_check(hung, theirs), 0);
	ck_assert_int_eq(futimens(theirs, old), 0);
	ck_assert_int_eq(account_lock(acc, ACCOUNT_WRITE_MS, &ours), 0);
	ck_assert_int_eq(account_lock_check(acc, ours), 0);
	ck_assert_int_eq(account_lock_check(hung, theirs), -ENOLCK);
	ck_assert_int_eq(account_trylock(hung, &again), -EAGAIN);
	fd_closep(&theirs);
	ck_assert_int_eq(account_trylock(hung, &again), -EAGAIN);
	fd_closep(&ours);
	ck_assert_int_eq(account_trylock(hung, &again), 0);
}
END_TEST

/* Who waits, too, while the lock that hangs is put away; and what it has then. */
static struct account *second;
static int seconds;

int unlinkat(int dir, const char *name, int flags)
{
	struct account *acc = second;

	second = NULL;
	if (acc && (strcmp(name, ACCOUNT_LOCK) != 0 || account_lock(acc, 1200, &seconds) < 0))
		seconds = -1;
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

START_TEST(two_that_break_a_lock_do_not_break_each_others)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *hung = t_account("m"), *acc = t_account("m"), *other = t_account("m");
	_cleanup_(fd_closep) int theirs = -1, ours = -1;
	const struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	ck_assert_int_eq(account_lock(hung, ACCOUNT_WRITE_MS, &theirs), 0);
	ck_assert_int_eq(futimens(theirs, old), 0);
	second = other;
	ck_assert_int_eq(account_lock(acc, ACCOUNT_WRITE_MS, &ours), 0);
	ck_assert_ptr_null(second);
	ck_assert_int_eq(account_lock_check(acc, ours), 0);
	ck_assert_int_eq(seconds, -1);
}
END_TEST

T_SUITE("mdaccount", T_TEST(a_missing_maildir_is_made),
	T_TEST(an_empty_directory_becomes_one_and_half_a_maildir_a_whole),
	T_TEST(something_else_is_not_touched), T_TEST(the_sanity_check_wants_our_uid_and_gid),
	T_TEST(the_prefix_is_decided_once), T_TEST(the_site_may_set_the_prefix),
	T_TEST(uidvalidity_grows_and_is_no_less_than_the_time),
	T_LOOP(a_uidvalidity_that_is_the_time_is_overwritten_in_place, numbered),
	T_TEST(uidvalidities_are_reserved_and_given_in_order),
	T_TEST(uidvalidity_is_given_once_among_processes), T_TEST(special_uses_are_set_and_unset),
	T_TEST(lines_of_later_versions_are_kept), T_LOOP(a_damaged_account_file_is_written_anew, damaged),
	T_TEST(what_a_crash_left_in_tmp_is_removed), T_TEST(a_maildir_that_cannot_be_written_is_opened),
	T_TEST(a_lock_ends_with_its_holder), T_TEST(who_hangs_loses_the_lock_and_finds_out),
	T_TEST(two_that_break_a_lock_do_not_break_each_others))
