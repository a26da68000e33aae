/* t/t_cache.c: the cache: its directory, and facts in it */
#define _GNU_SOURCE
#include <signal.h>
#include "t/cache.h"

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

START_TEST(what_is_of_a_folder_goes_with_no_message)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f);
	const struct cache_key key = { .folder = 1, .name = 2, .uid = 3, .kind = CACHE_OF_FOLDER };
	struct str got;

	cache_put(c, &key, STR("of all messages"));
	cache_commit(c, 0);
	cache_forget(c, 1, 3);
	cache_commit(c, 0);
	ck_assert(cache_get(c, &key, &got));
	ck_assert_int_eq(cache_drop_folder(c, 1), 0);
	ck_assert(!cache_get(c, &key, &got));
	cache_close(c);
}
END_TEST

START_TEST(no_value_takes_more_than_a_sixteenth)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	_cleanup_(buf_release) struct buf b = { 0 };
	struct cache *c = opened(&f);
	struct cache_key key = { .folder = 1, .name = 2, .uid = 3, .kind = 4 };
	struct str got;

	cache_limit(c, CACHE_SIZE_LEAST);
	cache_put(c, &key, fact(3, CACHE_SIZE_LEAST / 16, &b));
	key.uid++;
	cache_put(c, &key, fact(4, CACHE_SIZE_LEAST / 16 + 1, &b));
	cache_commit(c, 0);
	ck_assert(!cache_get(c, &key, &got));
	key.uid--;
	ck_assert(cache_get(c, &key, &got));
	cache_close(c);
}
END_TEST

/* What cache_each() tells. */
struct seen {
	uint64_t folder;
	struct cache_entry of_folder;
	size_t facts, of_today;
	time_t began;
};

/* Of the day on which the test began, or, at midnight, the next. */
static bool is_today(const struct seen *s, uint16_t day)
{
	return s->began / 86400 <= day && day <= time(NULL) / 86400;
}

static void see(void *data, const struct cache_entry *e)
{
	struct seen *s = data;

	if (e->folder != s->folder)
		return;
	if (e->kind == 0)
		s->of_folder = *e;
	s->facts += e->kind != 0;
	s->of_today += e->kind != 0 && is_today(s, e->days[0]);
}

START_TEST(what_is_asked_for_is_remembered_by_folder)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = opened(&f), *d;
	const uint64_t folder = cache_folder(c, "Fabc", 1);
	struct seen seen = { .folder = folder, .began = time(NULL) };

	cache_ask(c, folder, 1u << 3);
	cache_ask(c, folder, 1u << 3 | 1u << 7);
	cache_ask(c, folder + 1, 1u << 4);
	cache_commit(c, 0);
	ck_assert_uint_eq(cache_asked(c, "Fabc", 1), 1u << 3 | 1u << 7);
	cache_rest(c);
	d = opened(&f);
	ck_assert_uint_eq(cache_asked(d, "Fabc", 2), 0);
	cache_folder(d, "Fabc", 1);
	ck_assert_uint_eq(cache_asked(d, "Fabc", 1), 1u << 3 | 1u << 7);
	cache_ask(d, folder, 1u << 5);
	cache_commit(d, 0);
	ck_assert_msg(cache_asked(c, "Fabc", 1) & 1u << 5, "what another session was asked is seen");
	fill(c, folder, 10, 20);
	ck_assert_int_eq(cache_each(c, see, &seen), 0);
	ck_assert_uint_eq(seen.facts, 10);
	ck_assert_uint_eq(seen.of_today, 10);
	ck_assert(is_today(&seen, seen.of_folder.days[0]));
	ck_assert(is_today(&seen, seen.of_folder.days[7]));
	ck_assert_uint_eq(seen.of_folder.days[4], 0);
	cache_close(d);
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

_noreturn_ static void fills_and_reads(const struct t_folder *f)
{
	struct cache *c = opened(f);

	for (int i = 0; i < 5; i++) {
		fill(c, (uint64_t)getpid(), 500, 400);
		known(c, (uint64_t)getppid(), 500, 400);
		known(c, (uint64_t)getpid(), 500, 400);
	}
	cache_close(c);
	/* Who can't have the lock soon goes on without having written: that is asked for again. */
	for (int i = 0; i < 100; i++) {
		uint32_t n;

		c = opened(f);
		cache_patience(c, 60000);
		n = known(c, (uint64_t)getpid(), 500, 400);
		if (n < 400)
			fill(c, (uint64_t)getpid(), 500, 400);
		cache_close(c);
		if (n >= 400)
			_exit(0);
	}
	_exit(3);
}

START_TEST(many_write_at_once)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	int status;

	for (int i = 0; i < 6; i++)
		if (fork() == 0)
			fills_and_reads(&f);
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

T_SUITE("cache", T_TEST(it_is_made_in_the_maildir_and_found_again), T_TEST(what_is_not_ours_alone_is_not_used),
	T_TEST(each_maildir_has_its_own_in_one_place), T_TEST(what_was_put_is_there_after_the_commit),
	T_TEST(what_is_of_a_folder_goes_with_no_message), T_TEST(no_value_takes_more_than_a_sixteenth),
	T_TEST(what_is_asked_for_is_remembered_by_folder), T_TEST(any_order_of_questions_is_answered),
	T_TEST(who_is_killed_while_writing_harms_nobody), T_TEST(many_write_at_once),
	T_TEST(what_is_put_and_forgotten_at_once_does_no_harm))
