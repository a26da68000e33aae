/* t/t_wait.c: waiting for several things at once */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "t/t.h"
#include "wire/wait.h"

enum { ALL = WAIT_CLIENT_IN | WAIT_CLIENT_OUT | WAIT_MAILBOX | WAIT_STOP };

/* A wait on our end of a socket, and a pipe in the place of inotify. */
struct stage {
	struct wait wait;
	int peer, ours, mailbox[2];
};

static void stage_open(struct stage *s)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) | pipe(s->mailbox), 0);
	s->peer = fds[0];
	s->ours = fds[1];
	wait_open(&s->wait, s->ours, s->ours);
}

static void stage_close(struct stage *s)
{
	wait_close(&s->wait);
	close(s->peer);
	close(s->ours);
	close(s->mailbox[0]);
	close(s->mailbox[1]);
}

static void fill(int fd)
{
	char block[4096] = { 0 };

	while (send(fd, block, sizeof block, MSG_DONTWAIT) > 0)
		;
}

START_TEST(each_thing_holds_by_itself_and_together)
{
	struct stage s;

	stage_open(&s);
	wait_mailbox(&s.wait, s.mailbox[0]);
	ck_assert_int_eq(wait_signals(&s.wait), 0);
	ck_assert_int_eq(wait_for(&s.wait, ALL, 1000), WAIT_CLIENT_OUT);
	ck_assert_int_eq(wait_for(&s.wait, ALL & ~WAIT_CLIENT_OUT, 10), 0);
	ck_assert_int_eq(write(s.mailbox[1], "x", 1), 1);
	ck_assert_int_eq(wait_for(&s.wait, ALL & ~WAIT_CLIENT_OUT, 1000), WAIT_MAILBOX);
	ck_assert_int_eq(write(s.peer, "x", 1), 1);
	ck_assert_int_eq(wait_for(&s.wait, ALL, 1000), WAIT_CLIENT_IN | WAIT_CLIENT_OUT | WAIT_MAILBOX);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert(wait_for(&s.wait, ALL, 1000) & WAIT_STOP);
	fill(s.ours);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT, 10), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT | WAIT_MAILBOX, 1000), WAIT_MAILBOX);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, 1000), WAIT_CLIENT_IN);
	stage_close(&s);
}
END_TEST

START_TEST(sd_event_comes_with_a_mailbox)
{
	struct stage s;

	stage_open(&s);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, 10), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT, 10), WAIT_CLIENT_OUT);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP | WAIT_MAILBOX, 10),
			 0); /* none set up */
	ck_assert_int_eq(wait_signals(&s.wait), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_CLIENT_OUT | WAIT_STOP, 10), WAIT_CLIENT_OUT);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP, 10), 0);
	wait_mailbox(&s.wait, s.mailbox[0]);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 0), 0); /* a look is no wait */
	ck_assert_ptr_null(s.wait.loop);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 10), 0);
	ck_assert_ptr_nonnull(s.wait.loop);
	ck_assert(!s.wait.no_loop);
	stage_close(&s);
}
END_TEST

START_TEST(without_sd_event_a_mailbox_is_waited_for_all_the_same)
{
	struct stage s;

	stage_open(&s);
	s.wait.no_loop = true;
	wait_mailbox(&s.wait, s.mailbox[0]);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 10), 0);
	ck_assert_int_eq(write(s.mailbox[1], "x", 1), 1);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, -1), WAIT_MAILBOX);
	ck_assert_ptr_null(s.wait.loop);
	stage_close(&s);
}
END_TEST

static const int stop_signals[] = { SIGTERM, SIGHUP, SIGINT };

START_TEST(a_stop_stays_and_wakes_a_wait)
{
	const pid_t parent = getpid();
	struct stage s;
	pid_t child;

	stage_open(&s);
	ck_assert_int_eq(wait_signals(&s.wait), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		usleep(20000);
		_exit(kill(parent, stop_signals[_i]));
	}
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP, -1), WAIT_STOP);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_STOP, 0), WAIT_STOP);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT | WAIT_STOP, 1000) & WAIT_STOP, WAIT_STOP);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, 10), 0); /* of what was asked for only */
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	stage_close(&s);
}
END_TEST

START_TEST(a_word_or_the_end_of_whoever_started_us_is_a_stop)
{
	struct stage s;
	int pair[2];

	stage_open(&s);
	ck_assert_int_eq(pipe(pair), 0);
	wait_stop(&s.wait, pair[0]);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP, 10), 0);
	if (_i)
		ck_assert_int_eq(write(pair[1], "x", 1), 1);
	else
		ck_assert_int_eq(close(pair[1]), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP, -1), WAIT_STOP);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT | WAIT_CLIENT_IN, 1000), WAIT_CLIENT_OUT);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 10), 0); /* and does not spin */
	ck_assert_int_eq(wait_for(&s.wait, WAIT_STOP, 0), WAIT_STOP);
	stage_close(&s);
	close(pair[0]);
	if (_i)
		close(pair[1]);
}
END_TEST

static const bool words[] = { false, true };

START_TEST(a_signal_without_wait_signals_just_ends)
{
	const pid_t child = fork();
	struct stage s;
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		signal(stop_signals[_i], SIG_DFL); /* check has handlers of its own */
		stage_open(&s);
		kill(getpid(), stop_signals[_i]);
		wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_STOP, 1000);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == stop_signals[_i]);
}
END_TEST

START_TEST(an_inherited_mask_is_cleared)
{
	sigset_t set;
	struct stage s;

	stage_open(&s);
	sigfillset(&set);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, &set, NULL), 0);
	ck_assert_int_eq(wait_signals(&s.wait), 0);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &set), 0);
	ck_assert(sigismember(&set, SIGTERM) && !sigismember(&set, SIGALRM) && !sigismember(&set, SIGCHLD));
	stage_close(&s);
}
END_TEST

START_TEST(a_hang_up_wakes)
{
	struct stage s;

	stage_open(&s);
	wait_mailbox(&s.wait, s.mailbox[0]);
	ck_assert_int_eq(shutdown(s.peer, SHUT_RDWR), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, -1), WAIT_CLIENT_IN);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_OUT, -1), WAIT_CLIENT_OUT);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, -1), WAIT_CLIENT_IN);
	stage_close(&s);
}
END_TEST

static const char *const always[] = { "/dev/null", "/proc/self/exe" };

START_TEST(what_can_not_be_waited_for_is_ready)
{
	const int fd = open(always[_i], O_RDONLY | O_CLOEXEC);
	struct stage s;

	ck_assert_int_ge(fd, 0);
	stage_open(&s);
	wait_close(&s.wait);
	wait_open(&s.wait, fd, s.ours);
	wait_mailbox(&s.wait, s.mailbox[0]);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, -1), WAIT_CLIENT_IN);
	ck_assert_int_eq(write(s.mailbox[1], "x", 1), 1);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, -1), WAIT_CLIENT_IN | WAIT_MAILBOX);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, -1), WAIT_CLIENT_IN);
	stage_close(&s);
	close(fd);
}
END_TEST

START_TEST(mailboxes_come_and_go)
{
	char dir[] = "/tmp/t_wait.XXXXXX", path[40];
	struct stage s;
	int fd;

	stage_open(&s);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int i = 0; i < 3; i++) {
		fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		ck_assert_int_ge(inotify_add_watch(fd, dir, IN_CREATE), 0);
		wait_mailbox(&s.wait, fd);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 10), 0);
		snprintf(path, sizeof path, "%s/%d", dir, i);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, -1), WAIT_MAILBOX);
		ck_assert_int_eq(rmdir(path), 0);
		wait_mailbox(&s.wait, -1);
		close(fd);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 10), 0);
	}
	ck_assert_int_eq(rmdir(dir), 0);
	stage_close(&s);
}
END_TEST

START_TEST(time_is_up_not_before_and_not_by_other_signals)
{
	const pid_t parent = getpid();
	const uint64_t start = clock_ms();
	struct stage s;
	pid_t child;

	stage_open(&s);
	signal(SIGUSR1, SIG_IGN);
	wait_mailbox(&s.wait, s.mailbox[0]);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		for (int i = 0; i < 5; i++) {
			usleep(5000);
			kill(parent, SIGUSR1);
			kill(parent, SIGSTOP);
			kill(parent, SIGCONT);
		}
		_exit(0);
	}
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN, 60), 0);
	ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 60), 0);
	ck_assert_uint_ge(clock_ms() - start, 120);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	stage_close(&s);
}
END_TEST

START_TEST(what_has_been_read_meanwhile_holds_no_more)
{
	struct stage s;
	char c;

	stage_open(&s);
	wait_mailbox(&s.wait, s.mailbox[0]);
	for (int round = 0; round < 4; round++) {
		ck_assert_int_eq(write(s.mailbox[1], "x", 1), 1);
		ck_assert_int_eq(write(s.peer, "x", 1), 1);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 1000), WAIT_CLIENT_IN | WAIT_MAILBOX);
		ck_assert_int_eq(read(s.ours, &c, 1), 1);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 1000), WAIT_MAILBOX);
		ck_assert_int_eq(read(s.mailbox[0], &c, 1), 1);
		ck_assert_int_eq(wait_for(&s.wait, WAIT_CLIENT_IN | WAIT_MAILBOX, 1), 0);
	}
	stage_close(&s);
}
END_TEST

T_SUITE("wait", T_TEST(what_has_been_read_meanwhile_holds_no_more), T_TEST(each_thing_holds_by_itself_and_together), T_TEST(sd_event_comes_with_a_mailbox), T_TEST(without_sd_event_a_mailbox_is_waited_for_all_the_same),
	T_LOOP(a_stop_stays_and_wakes_a_wait, stop_signals),
	T_LOOP(a_word_or_the_end_of_whoever_started_us_is_a_stop, words),
	T_LOOP(a_signal_without_wait_signals_just_ends, stop_signals), T_TEST(an_inherited_mask_is_cleared),
	T_TEST(a_hang_up_wakes), T_LOOP(what_can_not_be_waited_for_is_ready, always),
	T_TEST(mailboxes_come_and_go), T_TEST(time_is_up_not_before_and_not_by_other_signals))
