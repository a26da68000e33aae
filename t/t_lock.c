/* t/t_lock.c: one session at a time, and nobody waits for ever */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include "base/clock.h"
#include "base/fd.h"
#include "t/lock.h"

enum { PATIENCE_MS = 60000 }; /* for what comes, however slow the machine is */

START_TEST(one_holder_at_a_time)
{
	struct place p = place();
	struct lock a = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);
	struct lock b = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);

	ck_assert_int_eq(lock_take(&a, 0), 0);
	ck_assert_int_eq(t_has(&p.f, "tmp/courier.lock"), kinds[_i].use_dot);
	ck_assert_int_eq(lock_check(&a), 0);
	ck_assert_int_eq(lock_take(&b, 0), -ETIMEDOUT);
	ck_assert_int_eq(lock_take(&b, 60), -ETIMEDOUT);
	ck_assert_int_eq(lock_check(&a), 0);
	lock_drop(&a);
	ck_assert(!t_has(&p.f, "tmp/courier.lock"));
	ck_assert_int_eq(lock_take(&b, 0), 0);
	ck_assert_int_eq(lock_take(&a, 0), -ETIMEDOUT);
	lock_release(&b);
	ck_assert_int_eq(lock_take(&a, 0), 0);
	lock_release(&a);
	ck_assert_uint_eq(t_entries(&p.f, "tmp"), 0);
	leave(&p);
}
END_TEST

START_TEST(courier_finds_pid_and_host_in_it)
{
	struct place p = place();
	struct lock a = lock_of(&p, true, false);
	struct buf b = { 0 };
	char want[64];
	struct stat st;

	ck_assert_int_eq(lock_take(&a, 0), 0);
	ck_assert_int_eq(fd_slurp_at(p.f.fd, "tmp/courier.lock", 100, &b), 0);
	snprintf(want, sizeof want, "%d:host", (int)getpid());
	t_str_eq(buf_view(&b), str_z(want));
	ck_assert_int_eq(fstatat(p.f.fd, "tmp/courier.lock", &st, 0), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	lock_release(&a);
	buf_release(&b);
	leave(&p);
}
END_TEST

static void dead_pid(char ret[64])
{
	const pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(ret, 64, "%d:host", (int)pid);
}

/* What somebody else has left there, how old it is, and whether we get the lock in spite of it. */
static const struct {
	const char *content; /* NULL: of a process that is dead; "": of one that lives */
	int age;
	bool got;
} left[] = {
	{NULL,		0,   true },
	{ "",		 0,	 false},
	{ "",		 100, false},
	{ "",		 130, true },
	{ "1:elsewhere",	 0,   false},
	{ "1:elsewhere",	 100, false},
	{ "1:elsewhere",	 130, true },
	{ "garbage",	     0,	false},
	{ "garbage",	     130, true },
	{ "99999999999:host", 0,	 false},
	{ "0:host",	    0,   false},
	{ "-1:host",	     0,	false},
};

START_TEST(a_lock_is_broken_if_its_holder_is_dead_or_it_is_old)
{
	struct place p = place();
	struct lock a = lock_of(&p, true, false);
	struct timespec times[2];
	char content[64];
	int r;

	if (!left[_i].content)
		dead_pid(content);
	else
		snprintf(content, sizeof content, "%s", left[_i].content);
	if (left[_i].content && !*left[_i].content)
		snprintf(content, sizeof content, "%d:host", (int)getppid());
	t_put(&p.f, "tmp/courier.lock", content);
	times[0] = times[1] = (struct timespec){ .tv_sec = (time_t)clock_unix() - left[_i].age };
	ck_assert_int_eq(utimensat(p.f.fd, "tmp/courier.lock", times, 0), 0);
	r = lock_take(&a, left[_i].got ? PATIENCE_MS : 30);
	if (!left[_i].got && r == 0) /* this machine was started just now */
		ck_assert_uint_gt((uint64_t)left[_i].age, clock_uptime() - 2);
	else
		ck_assert_int_eq(r, left[_i].got ? 0 : -ETIMEDOUT);
	if (r < 0)
		ck_assert(t_has(&p.f, "tmp/courier.lock"));
	lock_release(&a);
	leave(&p);
}
END_TEST

/* What comes after this is a process of a machine that was started just now. Returns false where that takes more rights. */
static bool start_machine(void)
{
	int fd;

	if (unshare(CLONE_NEWTIME) < 0)
		return false;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dprintf(fd, "boottime -%llu 0", (unsigned long long)(clock_uptime() - 1)) < 0)
		return false;
	close(fd);
	return true;
}

/* What comes to be in the place of a lock while its process is asked for, which has ended then; NULL: nothing. */
static const char *const next[] = { NULL, "1:elsewhere" };
static const struct place *given_back;
static const char *comes;

int kill(pid_t pid, int sig)
{
	if (!given_back)
		return (int)syscall(SYS_kill, pid, sig);
	unlinkat(given_back->tmp, "courier.lock", 0);
	if (comes)
		t_put(&given_back->f, "tmp/courier.lock", comes);
	given_back = NULL;
	errno = ESRCH;
	return -1;
}

START_TEST(a_lock_that_is_given_back_while_we_look_is_not_stale)
{
	struct place p = place();
	struct lock a = lock_of(&p, true, true);
	_cleanup_(buf_release) struct buf now = { 0 };
	char dead[64];

	dead_pid(dead);
	comes = next[_i];
	for (int taking = 0; taking < 2; taking++) {
		t_put(&p.f, "tmp/courier.lock", dead);
		given_back = &p;
		if (taking)
			ck_assert_int_eq(lock_take(&a, 0), -ETIMEDOUT);
		else
			ck_assert(!lock_is_stale(&a));
		ck_assert_ptr_null(given_back);
		ck_assert_int_eq(t_has(&p.f, "tmp/courier.lock"), comes != NULL);
		buf_clear(&now);
		if (comes)
			ck_assert_int_ge(fd_slurp_at(p.tmp, "courier.lock", 64, &now), 0);
		ck_assert(str_eq(buf_view(&now), str_z(comes ? comes : "")));
		unlinkat(p.tmp, "courier.lock", 0);
	}
	lock_release(&a);
	leave(&p);
}
END_TEST

/* The process that is named is there, but it is another: its holder went with the power. Or the name went with it. */
static const struct {
	const char *content; /* NULL: a process that lives */
	bool remote, got;
} before[] = {
	{ NULL, false, true  },
	{ "",	 false, true  },
	{ NULL, true,	 false },
	{ "",	 true,	 false },
};

START_TEST(a_lock_from_before_this_machine_was_started_is_broken)
{
	struct place p = place();
	const time_t then = (time_t)clock_unix() - 100;
	const struct timespec times[2] = { { .tv_sec = then }, { .tv_sec = then } };
	char content[64] = "";
	int status;
	pid_t pid;

	if (!before[_i].content)
		snprintf(content, sizeof content, "%d:host", (int)getpid());
	t_put(&p.f, "tmp/courier.lock", content);
	ck_assert_int_eq(utimensat(p.f.fd, "tmp/courier.lock", times, 0), 0);
	pid = fork();
	if (pid == 0) {
		const bool started = start_machine();
		struct lock a = lock_of(&p, true, before[_i].remote);

		if (fork() == 0)
			_exit(started && (lock_take(&a, before[_i].got ? PATIENCE_MS : 30) == 0) != before[_i].got);
		_exit(wait(&status) < 0 || status != 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	leave(&p);
}
END_TEST

/* The holder lives, but has done nothing for longer than anybody may: it finds out when it wants to write. */
START_TEST(a_hung_holder_is_passed_by_and_finds_out)
{
	struct place p = place();
	struct lock a = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);
	struct lock b = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);
	const time_t then = (time_t)clock_unix() - 300;
	const struct timespec times[2] = { { .tv_sec = then }, { .tv_sec = then } };

	ck_assert_int_eq(lock_take(&a, 0), 0);
	if (a.flocked)
		ck_assert_int_eq(futimens(a.fd, times), 0);
	if (a.dotted)
		ck_assert_int_eq(utimensat(p.f.fd, "tmp/courier.lock", times, 0), 0);
	ck_assert_int_eq(lock_take(&b, PATIENCE_MS), 0);
	ck_assert_int_eq(lock_check(&a), -ENOLCK);
	ck_assert_int_eq(lock_check(&b), 0);
	lock_drop(&a); /* does no harm to the other */
	ck_assert_int_eq(lock_check(&b), 0);
	ck_assert_int_eq(lock_take(&a, 0), -ETIMEDOUT);
	lock_release(&b);
	ck_assert_int_eq(lock_take(&a, 0), 0);
	lock_release(&a);
	leave(&p);
}
END_TEST

START_TEST(a_holder_that_is_killed_is_no_obstacle)
{
	struct place p = place();
	struct lock a = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);
	int ready[2];
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (lock_take(&a, 0) == 0)
			(void)!write(ready[1], "x", 1);
		pause();
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(lock_take(&a, 20), -ETIMEDOUT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(lock_take(&a, PATIENCE_MS), 0);
	lock_release(&a);
	close(ready[0]);
	close(ready[1]);
	leave(&p);
}
END_TEST

/* A counter in a file, which each of several processes reads, adds one to and writes back. */
START_TEST(nobody_writes_while_another_does)
{
	struct place p = place();
	struct lock a = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote);
	struct buf b = { 0 };
	pid_t pids[4];

	t_put(&p.f, "counter", "0");
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		for (int j = 0; pids[i] == 0 && j < 50; j++) {
			char text[16];
			uint32_t v;

			if (lock_take(&a, PATIENCE_MS) < 0)
				_exit(1);
			buf_clear(&b);
			fd_slurp_at(p.f.fd, "counter", 16, &b);
			if (!str_u32(buf_view(&b), &v))
				_exit(2);
			snprintf(text, sizeof text, "%u", v + 1);
			t_put(&p.f, "counter", text);
			lock_drop(&a);
		}
		if (pids[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < 4; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(fd_slurp_at(p.f.fd, "counter", 16, &b), 0);
	t_str_eq(buf_view(&b), STR("200"));
	buf_release(&b);
	lock_release(&a);
	leave(&p);
}
END_TEST

START_TEST(while_another_holds_it_reading_goes_on_and_writing_says_so)
{
	struct place p = place();
	struct maildir *m, *other;

	p.f.config.use_locks = _i;
	p.f.config.read_wait_ms = 20;
	p.f.config.write_wait_ms = 40;
	t_put(&p.f, "cur/1.a:2,", "a");
	other = t_select(&p.f);
	m = t_select(&p.f);
	{
		struct lock a = lock_of(&p, _i, false);

		ck_assert_int_eq(lock_take(&a, 0), 0);
		t_put(&p.f, "new/2.b", "b");
		ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 1);
		t_tells(m, "");
		t_reads(m, 1, "a");
		ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), -ETIMEDOUT);
		lock_release(&a);
	}
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+2*");
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), 0);
	maildir_close(m);
	maildir_close(other);
	leave(&p);
}
END_TEST

static const bool both[] = { false, true };

/* Another session, which has the lock for some minutes and shows all the time that it works. Time is what is slept here and, where
 * the disk is slow, what it takes to ask for the lock: a test that it does not pass for could not tell who works from who hangs.
 */
static struct {
	struct lock lock;	/* held: it works */
	uint64_t ns, end_ns;	/* that have passed, and by when it is done */
	bool slow;
	bool busy;		/* it gives it back for 6 ms of each 200, and has no end */
} worker;

enum { MINUTE_MS = 60000 };
static const struct {
	bool use_dot, slow;
} works[] = { { false, false }, { true, false }, { false, true }, { true, true } };

static void pass(uint64_t ns)
{
	const uint64_t now = clock_unix_ns() + (worker.ns += ns);
	const struct timespec t = { .tv_sec = (time_t)(now / 1000000000), .tv_nsec = (long)(now % 1000000000) }, times[2] = { t, t };

	ck_assert_int_eq(futimens(worker.lock.fd, times), 0);
	if (worker.lock.dotted)
		ck_assert_int_eq(utimensat(worker.lock.tmp, LOCK_DOT, times, 0), 0);
	if (worker.busy ? worker.ns / 1000000 % 200 < 6 : worker.ns >= worker.end_ns)
		lock_drop(&worker.lock);
	else if (!worker.lock.held)
		ck_assert_int_eq(lock_take(&worker.lock, 0), 0);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	const int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (id == CLOCK_MONOTONIC)
		ret->tv_sec += (time_t)(worker.ns / 1000000000);
	return r;
}

int nanosleep(const struct timespec *t, struct timespec *ret_left)
{
	if (!worker.lock.held && !worker.busy)
		return (int)syscall(SYS_nanosleep, t, ret_left);
	pass((uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec);
	return 0;
}

int flock(int fd, int how)
{
	const int r = (int)syscall(SYS_flock, fd, how);

	if (r < 0 && worker.lock.held && worker.slow)
		pass(UINT64_C(1000000) * (MINUTE_MS + 1000));
	return r;
}

static void work(const struct place *p, int row)
{
	worker.lock = lock_of(p, works[row].use_dot, false);
	worker.slow = works[row].slow;
	worker.end_ns = worker.ns + UINT64_C(1000000) * 5 / 2 * MINUTE_MS;
	ck_assert_int_eq(lock_take(&worker.lock, 0), 0);
}

START_TEST(who_opens_a_new_folder_waits_for_one_that_works)
{
	struct place p = place();
	struct maildir *m;

	p.f.config.use_locks = works[_i].use_dot;
	p.f.config.read_wait_ms = MINUTE_MS;
	p.f.config.write_wait_ms = 60 * MINUTE_MS;
	t_put(&p.f, "cur/1.a:2,", "a");
	work(&p, _i);
	m = t_select(&p.f);
	ck_assert_uint_ge(worker.ns, worker.end_ns);
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), 0);
	maildir_close(m);
	leave(&p);
}
END_TEST

/* The journal is there, and whoever made it has not written the messages down yet. */
START_TEST(so_does_who_finds_a_journal_with_nothing_in_it)
{
	struct place p = place();
	struct maildir *m;

	ck_assert_int_eq(maildir_open(p.f.fd, 0, &p.f.config, &m), 0);
	maildir_close(m);
	p.f.config.use_locks = works[_i].use_dot;
	p.f.config.read_wait_ms = MINUTE_MS;
	p.f.config.write_wait_ms = 60 * MINUTE_MS;
	t_put(&p.f, "cur/1.a:2,", "a");
	work(&p, _i);
	m = t_select(&p.f);
	ck_assert_uint_ge(worker.ns, worker.end_ns);
	ck_assert_uint_eq(maildir_count(m), 1);
	maildir_close(m);
	leave(&p);
}
END_TEST

START_TEST(who_has_it_nearly_always_keeps_nobody_out)
{
	struct place p = place();
	struct lock l = lock_of(&p, _i, false);
	struct maildir *m;

	p.f.config.use_locks = _i;
	m = t_select(&p.f);
	t_put(&p.f, "new/1.a", "a");
	worker.lock = lock_of(&p, _i, false);
	worker.ns = 6000000;
	ck_assert_int_eq(lock_take(&worker.lock, 0), 0);
	worker.busy = true;
	ck_assert_int_eq(lock_take(&l, MINUTE_MS), 0);
	ck_assert_uint_lt(worker.ns, 1000000000);
	lock_release(&l);
	nanosleep(&(struct timespec){ .tv_nsec = 6000000 }, NULL);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+1*");
	ck_assert_uint_lt(worker.ns, 1000000000);
	worker.busy = false;
	lock_release(&worker.lock);
	maildir_close(m);
	leave(&p);
}
END_TEST

/* Nor for an hour, which is how long a writer would wait. */
START_TEST(who_opens_a_new_folder_waits_for_none_that_hangs)
{
	struct place p = place();
	struct lock hung = lock_of(&p, _i, false);
	struct maildir *m;

	p.f.config.use_locks = _i;
	p.f.config.read_wait_ms = 20;
	p.f.config.write_wait_ms = 3600 * 1000;
	t_put(&p.f, "cur/1.a:2,", "a");
	ck_assert_int_eq(lock_take(&hung, 0), 0);
	m = t_select(&p.f);
	t_reads(m, 1, "a");
	ck_assert_int_eq(t_store(m, 1, MD_ADD, MD_SEEN, NULL), -ETIMEDOUT);
	maildir_close(m);
	lock_release(&hung);
	leave(&p);
}
END_TEST

/* The second wait would be longer than a test may take. */
START_TEST(a_lock_that_hangs_is_waited_for_once)
{
	struct place p = place();
	struct lock hung = lock_of(&p, true, false);
	struct maildir_config config = { .hostname = "host", .use_locks = true, .read_wait_ms = 20 };
	struct maildir *m;

	ck_assert_int_eq(maildir_open(p.f.fd, 0, &config, &m), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_int_eq(lock_take(&hung, 0), 0);
	t_put(&p.f, "new/1.a", "a");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 1);
	config.read_wait_ms = 3600 * 1000;
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 1);
	lock_drop(&hung);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(m), 1);
	maildir_close(m);
	leave(&p);
}
END_TEST

T_SUITE("lock", T_LOOP(who_opens_a_new_folder_waits_for_one_that_works, works), T_LOOP(so_does_who_finds_a_journal_with_nothing_in_it, works),
	T_LOOP(who_has_it_nearly_always_keeps_nobody_out, both), T_LOOP(who_opens_a_new_folder_waits_for_none_that_hangs, both),
	T_TEST(a_lock_that_hangs_is_waited_for_once), T_LOOP(one_holder_at_a_time, kinds), T_TEST(courier_finds_pid_and_host_in_it),
	T_LOOP(a_lock_is_broken_if_its_holder_is_dead_or_it_is_old, left),
	T_LOOP(a_lock_that_is_given_back_while_we_look_is_not_stale, next),
	T_LOOP(a_lock_from_before_this_machine_was_started_is_broken, before),
	T_LOOP(a_hung_holder_is_passed_by_and_finds_out, kinds),
	T_LOOP(a_holder_that_is_killed_is_no_obstacle, kinds),
	T_LOOP(nobody_writes_while_another_does, kinds),
	T_LOOP(while_another_holds_it_reading_goes_on_and_writing_says_so, both))
