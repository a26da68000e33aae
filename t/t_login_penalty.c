/* t/t_login_penalty.c: login/penalty: who failed before waits, and nobody else */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/penalty.h"
#include "t/t.h"

static const uint64_t now = 1750000000;

struct place {
	char dir[32];
	struct penalties p;
};

static void place_release(struct place *w)
{
	char path[64];

	penalties_close(&w->p);
	snprintf(path, sizeof path, "%s/imapd.penalties", w->dir);
	unlink(path);
	rmdir(w->dir);
}

static void place_init(struct place *w)
{
	*w = (struct place){ .dir = "/tmp/t_penalty.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(w->dir));
	ck_assert_int_eq(penalties_open(w->dir, &w->p), 0);
}

static struct address address(const char *text)
{
	struct address a = { 0 };

	if (inet_pton(AF_INET, text, a.ip + 12) == 1)
		a.ip[10] = a.ip[11] = 0xff;
	else
		ck_assert_int_eq(inet_pton(AF_INET6, text, a.ip), 1);
	return a;
}

static void fails(const struct penalties *p, const char *who, unsigned times, uint64_t when)
{
	const struct address a = address(who);

	while (times--)
		penalty_add(p, &a, when);
}

static uint64_t wait_of(const struct penalties *p, const char *who, uint64_t when)
{
	const struct address a = address(who);

	return penalty_wait(p, &a, when);
}

START_TEST(grows_and_ends_growing)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < 300; i++) {
		const uint64_t ms = penalty_of(i);

		ck_assert_uint_ge(ms, last);
		ck_assert_uint_le(ms, PENALTY_MAX_MS);
		ck_assert_int_eq(ms == 0, i < PENALTY_FREE);
		last = ms;
	}
	ck_assert_uint_eq(last, PENALTY_MAX_MS);
}
END_TEST

START_TEST(each_address_for_itself)
{
	_cleanup_(place_release) struct place w;

	place_init(&w);
	fails(&w.p, "192.0.2.1", PENALTY_FREE - 1, now);
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), 0);
	fails(&w.p, "192.0.2.1", 1, now);
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), penalty_of(PENALTY_FREE));
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.2", now), 0);
}
END_TEST

START_TEST(ipv6_counts_by_64_bits)
{
	_cleanup_(place_release) struct place w;

	place_init(&w);
	fails(&w.p, "2001:db8:1:2::1", PENALTY_FREE, now);
	ck_assert_uint_gt(wait_of(&w.p, "2001:db8:1:2:ffff::9", now), 0);
	ck_assert_uint_eq(wait_of(&w.p, "2001:db8:1:3::1", now), 0);
}
END_TEST

START_TEST(is_forgotten)
{
	_cleanup_(place_release) struct place w;

	place_init(&w);
	fails(&w.p, "192.0.2.1", 10, now);
	ck_assert_uint_gt(wait_of(&w.p, "192.0.2.1", now + PENALTY_FORGET - 10), 0);
	ck_assert_uint_gt(wait_of(&w.p, "192.0.2.1", now - 5), 0); /* another clock */
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now + PENALTY_FORGET + 10), 0);
	fails(&w.p, "192.0.2.1", 1, now + PENALTY_FORGET + 10);
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now + PENALTY_FORGET + 10), 0);
}
END_TEST

START_TEST(survives_its_process)
{
	_cleanup_(place_release) struct place w;

	place_init(&w);
	fails(&w.p, "192.0.2.1", 5, now);
	penalties_close(&w.p);
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), 0);
	ck_assert_int_eq(penalties_open(w.dir, &w.p), 0);
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), penalty_of(5));
}
END_TEST

START_TEST(processes_at_once_lose_no_count)
{
	_cleanup_(place_release) struct place w;
	uint64_t most = penalty_of(2 * 3);

	place_init(&w);
	for (int i = 0; i < 2; i++)
		if (fork() == 0) {
			struct penalties mine = { 0 };

			_exit(penalties_open(w.dir, &mine) < 0 || (fails(&mine, "192.0.2.1", 3, now), 0));
		}
	for (int i = 0; i < 2; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), most);
}
END_TEST

START_TEST(a_flood_of_addresses_does_not_wash_out_the_worst)
{
	_cleanup_(place_release) struct place w;
	char text[64];

	place_init(&w);
	fails(&w.p, "192.0.2.1", 50, now);
	for (unsigned i = 0; i < 60000; i++) {
		snprintf(text, sizeof text, "2001:db8:%x:%x::1", i >> 8, i & 255);
		fails(&w.p, text, 1, now);
	}
	ck_assert_uint_eq(wait_of(&w.p, "192.0.2.1", now), PENALTY_MAX_MS);
}
END_TEST

START_TEST(a_fork_does_not_have_it)
{
	_cleanup_(place_release) struct place w;
	int status;
	pid_t pid;

	place_init(&w);
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit((int)*(const volatile char *)w.p.table);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
END_TEST

START_TEST(refuses_a_place_that_others_can_write_to)
{
	struct penalties p = { 0 };
	char dir[] = "/tmp/t_penalty.XXXXXX", link[64], file[64];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(penalties_open(dir, &p), -EPERM);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	snprintf(link, sizeof link, "%s.link", dir);
	ck_assert_int_eq(symlink(dir, link), 0);
	ck_assert_int_lt(penalties_open(link, &p), 0);
	unlink(link);
	snprintf(file, sizeof file, "%s/imapd.penalties", dir);
	ck_assert_int_eq(symlink("/tmp/t_penalty.target", file), 0);
	ck_assert_int_lt(penalties_open(dir, &p), 0);
	ck_assert_int_lt(access("/tmp/t_penalty.target", F_OK), 0);
	unlink(file);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	ck_assert_int_lt(penalties_open(dir, &p), 0);
	unlink(file);
	ck_assert_int_lt(penalties_open("/nonexistent", &p), 0);
	ck_assert_ptr_null(p.table);
	ck_assert_uint_eq(wait_of(&p, "192.0.2.1", now), 0);
	fails(&p, "192.0.2.1", 1, now);
	rmdir(dir);
}
END_TEST

T_SUITE("penalty", T_TEST(grows_and_ends_growing), T_TEST(each_address_for_itself),
	T_TEST(ipv6_counts_by_64_bits), T_TEST(is_forgotten), T_TEST(survives_its_process),
	T_TEST(processes_at_once_lose_no_count), T_TEST(a_flood_of_addresses_does_not_wash_out_the_worst),
	T_TEST(a_fork_does_not_have_it), T_TEST(refuses_a_place_that_others_can_write_to))
