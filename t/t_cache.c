/* t/t_cache.c: the cache's directory */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/resource.h>
#include "base/buf.h"
#include "maildir/cache.h"
#include "t/folder.h"

static mode_t mode_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(it_is_made_in_the_maildir_and_found_again)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();

	for (int i = 0; i < 2; i++) {
		_cleanup_(cache_closep) struct cache *c = NULL;

		ck_assert_int_eq(cache_open(f.fd, NULL, &c), 0);
		ck_assert_ptr_null(cache_path(c));
		ck_assert_uint_eq(mode_of(cache_dir(c)), 0700);
		ck_assert(t_has(&f, "imapd.cache"));
	}
}
END_TEST

START_TEST(what_is_not_ours_alone_is_not_used)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = NULL;

	t_put(&f, "imapd.cache", "");
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(unlinkat(f.fd, "imapd.cache", 0), 0);
	ck_assert_int_eq(mkdirat(f.fd, "elsewhere", 0700), 0);
	ck_assert_int_eq(symlinkat("elsewhere", f.fd, "imapd.cache"), 0);
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(unlinkat(f.fd, "imapd.cache", 0), 0);
	ck_assert_int_eq(mkdirat(f.fd, "imapd.cache", 0700), 0);
	ck_assert_int_eq(fchmodat(f.fd, "imapd.cache", 0720, 0), 0);
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(fchmodat(f.fd, "imapd.cache", 0700, 0), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(f.fd, "imapd.cache", 65534, 65534, 0), 0);
		ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	}
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(each_maildir_has_its_own_in_one_place)
{
	_cleanup_(t_folder_remove) struct t_folder where = t_folder_make(), a = t_folder_make(), b = t_folder_make();
	_cleanup_(cache_closep) struct cache *of_a = NULL, *of_b = NULL, *again = NULL;
	struct cache *none = NULL;
	char missing[96];

	ck_assert_int_eq(cache_open(a.fd, where.path, &of_a), 0);
	ck_assert_int_eq(cache_open(b.fd, where.path, &of_b), 0);
	ck_assert_int_eq(cache_open(a.fd, where.path, &again), 0);
	ck_assert_uint_eq(mode_of(cache_dir(of_a)), 0700);
	ck_assert_str_ne(cache_path(of_a), cache_path(of_b));
	ck_assert_str_eq(cache_path(of_a), cache_path(again));
	ck_assert_int_eq(strncmp(cache_path(of_a), where.path, strlen(where.path)), 0);
	ck_assert(!t_has(&a, "imapd.cache"));
	snprintf(missing, sizeof missing, "%s/none", where.path);
	ck_assert_int_eq(cache_open(a.fd, missing, &none), -ENOENT);
}
END_TEST

/* A fact of UID uid: "fact UID" so often that it has the size. */
static struct str fact(uint32_t uid, size_t size, struct buf *b)
{
	buf_clear(b);
	while (b->n < size)
		buf_printf(b, "fact %u ", (unsigned)uid);
	b->n = size;
	return buf_view(b);
}

static struct cache_key key_of(uint64_t folder, uint32_t uid)
{
	return (struct cache_key){ .folder = folder, .name = 77 + uid, .uid = uid, .kind = (uint8_t)(1 + uid % 3) };
}

static struct cache *opened(const struct t_folder *f)
{
	struct cache *c = NULL;

	ck_assert_int_eq(cache_open(f->fd, NULL, &c), 0);
	return c;
}

static void fill(struct cache *c, uint64_t folder, uint32_t n, size_t size)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (uint32_t uid = 1; uid <= n; uid++) {
		const struct cache_key key = key_of(folder, uid);

		cache_put(c, &key, fact(uid, size, &b));
		cache_commit(c, 1 << 16);
	}
	cache_commit(c, 0);
}

/* How many of UIDs 1 to n are known; what is known is right. */
static uint32_t known(struct cache *c, uint64_t folder, uint32_t n, size_t size)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	uint32_t found = 0;
	struct str got;

	for (uint32_t uid = 1; uid <= n; uid++) {
		const struct cache_key key = key_of(folder, uid);

		if (!cache_get(c, &key, &got))
			continue;
		t_str_eq(got, fact(uid, size, &b));
		found++;
	}
	cache_rest(c);
	return found;
}

/* The path of the file of facts in the cache; empty if there is none. */
static void file_of(const struct t_folder *f, char ret[128])
{
	char dir[96];
	DIR *d;
	const struct dirent *e;

	ret[0] = 0;
	snprintf(dir, sizeof dir, "%s/imapd.cache", f->path);
	d = opendir(dir);
	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, "facts.", 6) == 0 && !strchr(e->d_name, '-'))
			snprintf(ret, 128, "%s/%.24s", dir, e->d_name);
	if (d)
		closedir(d);
}

START_TEST(what_was_put_is_there_after_the_commit)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	const uint64_t folder = cache_folder(c, "Fabc", 1), other = cache_folder(c, "Fabc", 2);
	struct cache_key key = key_of(folder, 5);
	struct str got;

	ck_assert(!cache_get(c, &key, &got));
	fill(c, folder, 300, 50);
	fill(c, other, 10, 5000);
	ck_assert_uint_eq(known(c, folder, 400, 50), 300);
	ck_assert_uint_eq(known(c, other, 400, 5000), 10);
	cache_close(c);
	c = opened(&f);
	ck_assert_uint_eq(known(c, folder, 400, 50), 300);
	key.name++;
	ck_assert_msg(!cache_get(c, &key, &got), "a fact of another base name");
	cache_forget(c, folder, 7);
	cache_commit(c, 0);
	ck_assert_uint_eq(known(c, folder, 400, 50), 299);
	cache_close(c);
}
END_TEST

START_TEST(any_order_of_questions_is_answered)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	_cleanup_(cache_closep) struct cache *c = opened(&f);
	_cleanup_(buf_release) struct buf b = { 0 };
	uint32_t x = 1;

	for (uint32_t uid = 2; uid < 500; uid += 1 + uid % 7)
		cache_put(c, &(struct cache_key){ .folder = 9, .uid = uid, .kind = (uint8_t)(1 + uid % 2) }, fact(uid, 30, &b));
	cache_put(c, &(struct cache_key){ .folder = 9, .uid = UINT32_MAX, .kind = 1 }, fact(UINT32_MAX, 30, &b));
	cache_commit(c, 0);
	for (int i = 0; i < 20000; i++) {
		struct cache_key key = { .folder = 9, .uid = i % 3 ? key.uid + 1 : (x = x * 1103515245 + 12345) % 600 };
		bool there = key.uid == UINT32_MAX, got;
		struct str value;

		for (uint32_t uid = 2; uid < 500 && !there; uid += 1 + uid % 7)
			there = uid == key.uid;
		key.kind = (uint8_t)(1 + (i % 5 ? key.uid : key.uid + 1) % 2);
		got = cache_get(c, &key, &value);
		ck_assert_msg(got == (there && key.kind == 1 + key.uid % 2), "UID %u", (unsigned)key.uid);
		if (got)
			t_str_eq(value, fact(key.uid, 30, &b));
		if (i % 100 == 0)
			cache_rest(c);
	}
	ck_assert(cache_get(c, &(struct cache_key){ .folder = 9, .uid = UINT32_MAX, .kind = 1 }, &(struct str){ 0 }));
}
END_TEST

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
		p = memmem(page, sizeof page, "imapd-cache 1", 13);
		if (p)
			ck_assert_int_eq(pwrite(fd, "imapd-cache 2", 13, at + (p - page)), 13);
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
	known(c, 1, 1000, 300);
}

START_TEST(who_falls_over_the_file_leaves_a_mark)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	char before[128], mark[160];
	int status;

	fill(c, 1, 1000, 300);
	cache_close(c);
	file_of(&f, before);
	status = apart(is_cut_off_while_reading, &f);
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

static void writes_until_it_is_killed(const struct t_folder *f)
{
	struct cache *c = opened(f);

	for (uint64_t folder = 1;; folder++)
		fill(c, folder, 1000, 300);
}

START_TEST(who_is_killed_while_writing_harms_nobody)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	char before[128] = "", after[128];
	struct cache *c;

	for (int i = 0; i < 20; i++) {
		const pid_t pid = fork();
		uint32_t n = 0;

		if (pid == 0)
			writes_until_it_is_killed(&f);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 + i * 1700000 }, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		c = opened(&f);
		for (uint64_t folder = 1; folder < 40; folder++)
			n += known(c, folder, 1000, 300);
		fill(c, 1, 1000, 300);
		ck_assert_uint_eq(known(c, 1, 1000, 300), 1000);
		ck_assert_uint_ge(n, i ? 1000 : 0);
		cache_close(c);
		file_of(&f, after);
		ck_assert(!before[0] || strcmp(before, after) == 0);
		strcpy(before, after);
	}
}
END_TEST

static void fills_and_reads(const struct t_folder *f)
{
	struct cache *c = opened(f);

	for (int i = 0; i < 5; i++) {
		fill(c, (uint64_t)getpid(), 500, 400);
		known(c, (uint64_t)getppid(), 500, 400);
		known(c, (uint64_t)getpid(), 500, 400);
	}
	cache_close(c);
	c = opened(f);
	if (known(c, (uint64_t)getpid(), 500, 400) < 400)
		_exit(3);
	cache_close(c);
}

START_TEST(many_write_at_once)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	int status;

	for (int i = 0; i < 6; i++)
		if (fork() == 0) {
			fills_and_reads(&f);
			_exit(0);
		}
	for (int i = 0; i < 6; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

START_TEST(what_is_put_and_forgotten_at_once_does_no_harm)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	_cleanup_(buf_release) struct buf b = { 0 };
	struct cache *c = opened(&f);

	fill(c, 1, 100, 300);
	for (uint32_t uid = 1; uid <= 2000; uid++) {
		const struct cache_key key = key_of(2, uid);

		cache_put(c, &key, fact(uid, 1000, &b));
	}
	for (uint32_t uid = 1; uid <= 2000; uid++)
		cache_forget(c, 2, uid);
	cache_close(c);
	c = opened(&f);
	ck_assert_uint_eq(known(c, 1, 100, 300), 100);
	ck_assert_uint_eq(known(c, 2, 2000, 1000), 0);
	cache_close(c);
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

static void has_no_room(const struct t_folder *f)
{
	struct rlimit limit = { 3 << 16, 3 << 16 };
	struct cache *c = opened(f);

	setrlimit(RLIMIT_FSIZE, &limit);
	fill(c, 1, 3000, 300);
	known(c, 1, 3000, 300);
	cache_close(c);
}

static void has_no_addresses(const struct t_folder *f)
{
	struct rlimit limit = { 200 << 20, 200 << 20 };
	struct cache *c = opened(f);

	setrlimit(RLIMIT_AS, &limit);
	fill(c, 1, 100, 300);
	known(c, 1, 100, 300);
	cache_close(c);
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

static void (*const troubles[])(const struct t_folder *f) = { has_no_room, has_no_addresses, may_not_write };

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
	c = opened(&f);	/* more of one folder than there is room for */
	cache_limit(c, CACHE_SIZE_LEAST);
	cache_folder(c, "F1", 1);
	fill(c, folders[1], 30000, 300);
	cache_close(c);
	c = opened(&f);
	cache_limit(c, CACHE_SIZE_LEAST);
	cache_folder(c, "F1", 1);
	fill(c, folders[1], 2000, 300);
	ck_assert_uint_eq(known(c, folders[1], 2000, 300), 2000);
	cache_close(c);
}
END_TEST

T_SUITE("cache", T_TEST(it_is_made_in_the_maildir_and_found_again), T_TEST(what_is_not_ours_alone_is_not_used),
	T_TEST(each_maildir_has_its_own_in_one_place), T_TEST(what_was_put_is_there_after_the_commit),
	T_TEST(any_order_of_questions_is_answered), T_LOOP(a_file_that_is_not_fit_is_made_anew, spoils),
	T_TEST(who_falls_over_the_file_leaves_a_mark), T_TEST(who_is_killed_while_writing_harms_nobody),
	T_TEST(many_write_at_once), T_TEST(what_is_put_and_forgotten_at_once_does_no_harm), T_TEST(it_may_be_removed_under_a_session),
	T_LOOP(without_room_it_goes_on_without, troubles), T_TEST(what_was_used_longest_ago_makes_room))
