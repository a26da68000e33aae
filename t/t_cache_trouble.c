/* t/t_cache_trouble.c: a cache that is damaged, removed, too small or too large */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include "t/cache.h"

static void spoil_random(int fd, off_t size)
{
	for (off_t at = 0; at < size; at += 8) {
		const uint64_t x = (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15) + 1;

		ck_assert_int_eq(pwrite(fd, &x, sizeof x, at), sizeof x);
	}
}

static void spoil_cut(int fd, off_t size)
{
	ck_assert_int_eq(ftruncate(fd, size / 2 / 4096 * 4096), 0);
}

static void spoil_a_bit(int fd, off_t size)
{
	ck_assert_int_eq(ftruncate(fd, size - 8 * 4096), 0);
}

static void spoil_short(int fd, off_t size)
{
	(void)size;
	ck_assert_int_eq(ftruncate(fd, 100), 0);
}

static void spoil_empty(int fd, off_t size)
{
	(void)size;
	ck_assert_int_eq(ftruncate(fd, 0), 0);
}

static void spoil_version(int fd, off_t size)
{
	char page[4096], *p;

	for (off_t at = 0; at < size; at += 4096) {
		ck_assert_int_eq(pread(fd, page, sizeof page, at), sizeof page);
		p = memmem(page, sizeof page, "imapd-cache ", 12);
		if (p)
			ck_assert_int_eq(pwrite(fd, "x", 1, at + (p - page)), 1);
	}
}

static void spoil_mode(int fd, off_t size)
{
	(void)size;
	ck_assert_int_eq(fchmod(fd, 0666), 0);
}

static void spoil_owner(int fd, off_t size)
{
	(void)size;
	if (geteuid() == 0)
		ck_assert_int_eq(fchown(fd, 65534, 65534), 0);
	else
		spoil_mode(fd, size);
}

static void (*const spoils[])(int fd, off_t size) = {
	spoil_random, spoil_a_bit, spoil_cut, spoil_short, spoil_empty, spoil_version, spoil_mode, spoil_owner,
};

START_TEST(a_file_that_is_not_fit_is_made_anew)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	char before[128], after[128];
	struct stat st;
	int fd;

	fill(c, 1, 1000, 300);
	cache_close(c);
	file_of(&f, before);
	fd = open(before, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	spoils[_i](fd, st.st_size);
	close(fd);
	if (spoils[_i] == spoil_a_bit) {	/* is found out when that bit is come to */
		c = opened(&f);
		ck_assert_uint_lt(known(c, 1, 1000, 300), 1000);
		cache_close(c);
	}
	c = opened(&f);
	ck_assert_uint_eq(known(c, 1, 1000, 300), 0);
	fill(c, 1, 100, 300);
	ck_assert_uint_eq(known(c, 1, 1000, 300), 100);
	cache_close(c);
	file_of(&f, after);
	ck_assert_str_ne(after, "");
	ck_assert(spoils[_i] == spoil_empty || strcmp(before, after) != 0);
}
END_TEST

START_TEST(what_is_no_file_is_made_anew)
{
	static const mode_t kinds[] = { S_IFDIR, S_IFIFO, S_IFLNK };
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	char before[128], away[160];
	struct cache *c = opened(&f);

	fill(c, 1, 100, 300);
	cache_close(c);
	file_of(&f, before);
	snprintf(away, sizeof away, "%s/away", f.path);
	ck_assert_int_eq(rename(before, away), 0);
	ck_assert_int_eq(kinds[_i] == S_IFDIR ? mkdir(before, 0700) : kinds[_i] == S_IFIFO ? mkfifo(before, 0600) : symlink(away, before), 0);
	c = opened(&f);
	ck_assert_uint_eq(known(c, 1, 100, 300), 0);
	fill(c, 1, 50, 300);
	ck_assert_uint_eq(known(c, 1, 100, 300), 50);
	cache_close(c);
	ck_assert_int_eq(access(away, F_OK), 0);	/* whatever a link leads to is somebody's */
}
END_TEST

/* Runs what in a process of its own, and returns how that ended. */
static int apart(void (*what)(const struct t_folder *f), const struct t_folder *f)
{
	const pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		what(f);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void is_cut_off_while_reading(const struct t_folder *f)
{
	struct cache *c = opened(f);
	char path[128];

	signal(SIGBUS, SIG_DFL);
	if (known(c, 1, 1, 300) != 1)
		_exit(3);
	file_of(f, path);
	if (truncate(path, 2 * 4096) < 0)
		_exit(2);
	if (known(c, 1, 1000, 300) >= 1000)
		_exit(4);
	if (known(c, 1, 1000, 300) > 0)
		_exit(5);
	fill(c, 1, 10, 300);
	cache_close(c);
}

/* Parts of pages are said to be far behind them. */
static void is_led_astray(const struct t_folder *f)
{
	struct cache *c;
	char path[128];
	int fd;

	file_of(f, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	for (off_t page = 2; page < 100; page++)
		for (off_t at = 16; at < 128; at += 8)
			if (pwrite(fd, "\xff\xff\xfe\xff\xfd\xff\xfc\xff", 8, page * 4096 + at) != 8)
				_exit(2);
	close(fd);
	c = opened(f);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
	if (known(c, 1, 1000, 300) >= 1000)
		_exit(4);
	cache_close(c);
}

static void (*const falls[])(const struct t_folder *f) = { is_cut_off_while_reading, is_led_astray };

START_TEST(who_falls_over_the_file_goes_on_without_and_it_is_made_anew)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	char before[128];
	int status;

	fill(c, 1, 1000, 300);
	cache_close(c);
	file_of(&f, before);
	status = apart(falls[_i], &f);
	ck_assert_msg(status == 0, "status %x", (unsigned)status);
	c = opened(&f);
	fill(c, 1, 10, 300);
	ck_assert_uint_eq(known(c, 1, 1000, 300), 10);
	ck_assert_int_eq(access(before, F_OK), -1);
	cache_close(c);
}
END_TEST

static void crashes_elsewhere(const struct t_folder *f)
{
	struct cache *c = opened(f);

	signal(SIGSEGV, SIG_DFL);
	if (known(c, 1, 1, 300) != 1)
		_exit(3);
	raise(SIGSEGV);
}

START_TEST(a_crash_leaves_a_mark)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	char before[128], mark[160];
	int status;

	fill(c, 1, 1000, 300);
	cache_close(c);
	file_of(&f, before);
	status = apart(crashes_elsewhere, &f);
	ck_assert_msg(WIFSIGNALED(status), "status %x", (unsigned)status);
	snprintf(mark, sizeof mark, "%s-broken", before);
	ck_assert_int_eq(access(mark, F_OK), 0);
	c = opened(&f);
	fill(c, 1, 10, 300);
	ck_assert_uint_eq(known(c, 1, 1000, 300), 10);
	ck_assert_int_eq(access(before, F_OK), -1);
	ck_assert_int_eq(access(mark, F_OK), -1);
	cache_close(c);
}
END_TEST

static void raises_sigbus(void *data)
{
	(void)data;
	raise(SIGBUS);
}

static void is_lost(void *data)
{
	cache_lost(data);
}

static void does_not_fall(void *data)
{
	(void)data;
}

static void survives(const struct t_folder *f)
{
	struct cache *c = opened(f);

	signal(SIGBUS, SIG_DFL);
	t_put(f, "imapd.cache/Fa.index", "x");
	cache_lost(c);	/* nobody is there to survive */
	if (!cache_survive(c, does_not_fall, NULL) || !t_has(f, "imapd.cache/Fa.index"))
		_exit(3);
	if (cache_survive(c, is_lost, c) || t_has(f, "imapd.cache/Fa.index"))
		_exit(4);
	t_put(f, "imapd.cache/Fb.index", "x");
	if (cache_survive(c, raises_sigbus, NULL) || t_has(f, "imapd.cache/Fb.index"))
		_exit(5);
	if (known(c, 1, 1000, 300) != 1000)
		_exit(6);
	cache_close(c);
	if (!cache_survive(NULL, does_not_fall, NULL))
		_exit(7);
}

/* What has to do with snapshots does not make the facts worse. */
START_TEST(who_falls_over_a_snapshot_survives_and_snapshots_are_removed)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	int status;

	fill(c, 1, 1000, 300);
	cache_close(c);
	status = apart(survives, &f);
	ck_assert_msg(status == 0, "status %x", (unsigned)status);
}
END_TEST

START_TEST(it_may_be_removed_under_a_session)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f), *d;

	fill(c, 1, 100, 300);
	t_remove_tree(f.fd, "imapd.cache");
	ck_assert_uint_eq(known(c, 1, 100, 300), 100);
	fill(c, 2, 100, 300);
	d = opened(&f);
	ck_assert_uint_eq(known(d, 1, 100, 300), 0);
	fill(d, 1, 50, 300);
	ck_assert_uint_eq(known(d, 1, 100, 300), 50);
	ck_assert_uint_eq(known(c, 1, 100, 300), 100);
	cache_close(d);
	d = opened(&f);	/* and before it was ever used */
	t_remove_tree(f.fd, "imapd.cache");
	fill(d, 1, 50, 300);
	ck_assert_uint_eq(known(d, 1, 100, 300), 0);
	cache_close(d);
	cache_close(c);
}
END_TEST

/* Works with n facts under a limit of the system. */
static void limited(const struct t_folder *f, int what, rlim_t most, uint32_t n)
{
	struct cache *c = opened(f);

	setrlimit(what, &(struct rlimit){ most, most });
	fill(c, 1, n, 300);
	known(c, 1, n, 300);
	cache_close(c);
}

static void has_no_room(const struct t_folder *f)
{
	limited(f, RLIMIT_FSIZE, 3 << 16, 3000);
}

/* A write that has no room for its first octet is answered with a signal. */
static void has_no_room_for_one_octet(const struct t_folder *f)
{
	struct cache *c = opened(f);
	char path[128];
	struct stat st;

	signal(SIGXFSZ, SIG_DFL);
	fill(c, 1, 100, 300);
	file_of(f, path);
	if (stat(path, &st) < 0 || setrlimit(RLIMIT_FSIZE, &(struct rlimit){ (rlim_t)st.st_size, (rlim_t)st.st_size }) < 0)
		_exit(2);
	fill(c, 2, 3000, 300);
	if (known(c, 1, 100, 300) != 100)
		_exit(3);
	cache_close(c);
}

static void has_no_addresses(const struct t_folder *f)
{
	limited(f, RLIMIT_AS, 200 << 20, 100);
}

static void may_not_write(const struct t_folder *f)
{
	struct cache *c = opened(f);

	if (geteuid() == 0 && (fchown(cache_dir(c), 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
		_exit(2);
	fchmod(cache_dir(c), 0500);
	fill(c, 1, 100, 300);
	if (known(c, 1, 100, 300))
		_exit(3);
	cache_close(c);
}

static void (*const troubles[])(const struct t_folder *f) = { has_no_room, has_no_room_for_one_octet, has_no_addresses, may_not_write };

START_TEST(without_room_it_goes_on_without)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();

	ck_assert_int_eq(fchmod(f.fd, 0711), 0);
#ifdef __SANITIZE_ADDRESS__
	if (troubles[_i] == has_no_addresses)
		return;
#endif
	ck_assert_int_eq(apart(troubles[_i], &f), 0);
}
END_TEST

START_TEST(what_was_used_longest_ago_makes_room)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	uint64_t folders[12];
	char path[128], name[16];
	struct stat st;
	uint32_t n = 0;

	cache_limit(c, CACHE_SIZE_LEAST);
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "F%d", i);
		folders[i] = cache_folder(c, name, 1);
		fill(c, folders[i], 2000, 300);
		ck_assert_uint_eq(known(c, folders[i], 2000, 300), 2000);
	}
	for (int i = 0; i < 12; i++)
		n += known(c, folders[i], 2000, 300);
	ck_assert_uint_ge(n, 4000);
	ck_assert_uint_le(n, 12000);
	cache_close(c);
	file_of(&f, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, CACHE_SIZE_LEAST);
}
END_TEST

START_TEST(of_one_big_folder_the_last_messages_stay)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	const uint64_t folder = cache_folder(c, "F1", 1);
	char before[128], after[128];
	struct stat st;
	uint32_t n;

	cache_limit(c, CACHE_SIZE_LEAST);
	fill(c, folder, 1000, 300);
	file_of(&f, before);
	fill(c, folder, 30000, 300);
	n = known(c, folder, 30000, 300);
	ck_assert_uint_ge(n, 3000);
	ck_assert_uint_eq(known(c, folder, 27000, 300), n - 3000);
	fill(c, folder, 1000, 300);	/* what is asked for is there as well */
	ck_assert_uint_eq(known(c, folder, 1000, 300), 1000);
	cache_close(c);
	c = opened(&f);
	cache_folder(c, "F1", 1);
	ck_assert_uint_eq(known(c, folder, 1000, 300), 1000);
	cache_close(c);
	file_of(&f, after);
	ck_assert_str_eq(before, after);
	ck_assert_int_eq(stat(after, &st), 0);
	ck_assert_int_le(st.st_size, CACHE_SIZE_LEAST);
}
END_TEST

/* One with little room, one with much: the latter's facts are seen, and are what has to go when there is no room. */
START_TEST(two_sessions_may_have_other_limits)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *small = opened(&f), *big = opened(&f);
	const uint64_t folder = cache_folder(big, "Fbig", 1), other = cache_folder(small, "Fsmall", 1);
	char path[128];
	struct stat st;

	cache_limit(small, CACHE_SIZE_LEAST);
	cache_limit(big, 16 * CACHE_SIZE_LEAST);
	fill(small, other, 100, 300);
	fill(big, folder, 30000, 300);
	ck_assert_uint_eq(known(big, folder, 30000, 300), 30000);
	ck_assert_uint_eq(known(small, folder, 30000, 300), 30000);
	fill(small, other, 200, 300);
	ck_assert_uint_ge(known(small, other, 200, 300), 100);
	fill(big, folder, 100, 300);
	ck_assert_uint_eq(known(big, folder, 100, 300), 100);
	cache_close(small);
	cache_close(big);
	small = opened(&f);	/* a file that is too big by now does not become smaller */
	cache_limit(small, CACHE_SIZE_LEAST);
	fill(small, other, 100, 300);
	file_of(&f, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_le(st.st_size, CACHE_SIZE_LEAST);
	cache_close(small);
}
END_TEST

T_SUITE("cache in trouble", T_LOOP(a_file_that_is_not_fit_is_made_anew, spoils), { what_is_no_file_is_made_anew, 3 },
	T_LOOP(who_falls_over_the_file_goes_on_without_and_it_is_made_anew, falls),
	T_TEST(a_crash_leaves_a_mark), T_TEST(who_falls_over_a_snapshot_survives_and_snapshots_are_removed),
	T_TEST(it_may_be_removed_under_a_session), T_LOOP(without_room_it_goes_on_without, troubles),
	T_TEST(what_was_used_longest_ago_makes_room), T_TEST(of_one_big_folder_the_last_messages_stay),
	T_TEST(two_sessions_may_have_other_limits))
