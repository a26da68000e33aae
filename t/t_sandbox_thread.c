/* t/t_sandbox_thread.c: a session may make threads of its own, and nothing else */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/sandbox.h"
#include "t/t.h"

enum { THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
		CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID };

static void *say_so(void *said)
{
	*(bool *)said = true;
	return said;
}

static int make_a_thread(enum sandbox_profile profile)
{
	const struct sandbox_path here = { ".", true };
	bool said = false;
	pthread_t thread;

	if (sandbox_enter(profile, &here, profile == SANDBOX_SESSION) < 0)
		return 2;
	if (pthread_create(&thread, NULL, say_so, &said) != 0)
		return 1;
	return pthread_join(thread, NULL) == 0 && said ? 0 : 3;
}

static int in_a_child(int (*run)(enum sandbox_profile profile), enum sandbox_profile profile)
{
	int status;
	const pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(run(profile));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(a_session_can_make_a_thread)
{
	ck_assert_int_eq(in_a_child(make_a_thread, SANDBOX_SESSION), 0);
}
END_TEST

START_TEST(nobody_else_can)
{
	ck_assert_int_eq(in_a_child(make_a_thread, SANDBOX_DIALOGUE), 1);
	ck_assert_int_eq(in_a_child(make_a_thread, SANDBOX_TLS), 1);
}
END_TEST

/* Each bit that clone(2) has beside those, and each of those left out. */
static int make_more(enum sandbox_profile profile)
{
	const struct sandbox_path here = { ".", true };

	if (sandbox_enter(profile, &here, 1) < 0)
		return 2;
	for (unsigned bit = 0; bit < 32; bit++) {
		errno = 0;
		if (syscall(SYS_clone, (unsigned long)THREAD ^ 1u << bit, 0, 0, 0, 0) != -1 || errno != EPERM)
			return 1;
	}
	return 0;
}

START_TEST(a_session_can_make_nothing_but_that)
{
	ck_assert_int_eq(in_a_child(make_more, SANDBOX_SESSION), 0);
}
END_TEST

T_SUITE("sandbox_thread", T_TEST(a_session_can_make_a_thread), T_TEST(nobody_else_can), T_TEST(a_session_can_make_nothing_but_that))
