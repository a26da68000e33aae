/* t/t_lock_break.c: who breaks a lock harms no other, and whose lock was broken finds out */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "base/clock.h"
#include "t/lock.h"

/* File systems give the number of a file that is gone to the next one. */
START_TEST(a_lock_of_another_with_our_inode_is_not_ours)
{
	struct place p = place();
	struct lock a = lock_of(&p, true, true);
	const time_t later = (time_t)clock_unix() + LOCK_STALE_S + 2;
	const struct timespec times[2] = { { .tv_sec = later }, { .tv_sec = later } };

	ck_assert_int_eq(lock_take(&a, 0), 0);
	a.since -= 60000;
	ck_assert_int_eq(lock_refresh(&a), 0);
	ck_assert_int_eq(lock_check(&a), 0);
	ck_assert_int_eq(utimensat(p.f.fd, "tmp/courier.lock", times, 0), 0);
	ck_assert_int_eq(lock_check(&a), -ENOLCK);
	a.since -= 60000;
	ck_assert_int_eq(lock_refresh(&a), -ENOLCK);
	lock_release(&a);
	ck_assert(t_has(&p.f, "tmp/courier.lock"));
	leave(&p);
}
END_TEST

/* Who waits, too, when a lock that hangs is about to be put away. */
static struct lock *second;
static int second_got;

static void meanwhile(const char *name)
{
	struct lock *l = second;

	if (!l || (strcmp(name, LOCK_FILE) != 0 && strcmp(name, LOCK_DOT) != 0))
		return;
	second = NULL;
	second_got = lock_take(l, 100);
}

int unlinkat(int dir, const char *name, int flags)
{
	meanwhile(name);
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	meanwhile(from);
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

START_TEST(two_that_break_a_lock_do_not_break_each_others)
{
	struct place p = place(), other = p;
	struct lock hung = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote), mine = lock_of(&p, kinds[_i].use_dot, kinds[_i].remote), theirs;
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	other.f.fd = openat(p.f.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);	/* as in another session */
	theirs = lock_of(&other, kinds[_i].use_dot, kinds[_i].remote);
	ck_assert_int_eq(lock_take(&hung, 0), 0);
	if (hung.flocked)
		ck_assert_int_eq(futimens(hung.fd, times), 0);
	if (hung.dotted)
		ck_assert_int_eq(utimensat(p.f.fd, "tmp/courier.lock", times, 0), 0);
	second = &theirs;
	ck_assert_int_eq(lock_take(&mine, 200), 0);
	ck_assert_ptr_null(second);
	ck_assert_int_eq(second_got, -ETIMEDOUT);
	ck_assert_int_eq(lock_check(&mine), 0);
	lock_release(&mine);
	lock_release(&hung);
	close(other.f.fd);
	leave(&p);
}
END_TEST

T_SUITE("lock_break", T_TEST(a_lock_of_another_with_our_inode_is_not_ours),
	T_LOOP(two_that_break_a_lock_do_not_break_each_others, kinds))
