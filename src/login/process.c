/* login/process.c: the monitor's children, their descriptors, and the one place where it waits */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "login/monitor.h"

enum { PLACES = 8, ABOVE = 16 };

static void taken_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGCHLD);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
}

int signals_open(void)
{
	sigset_t set;
	int fd;

	taken_signals(&set);
	signal(SIGCHLD, SIG_DFL); /* ignored it would be reaped by the kernel, its exit code lost */
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void signals_default(void)
{
	sigset_t set;

	taken_signals(&set);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool descriptors_place(const int *fds, size_t n, bool close_rest)
{
	int high[PLACES];

	for (size_t i = 0; i < n; i++) {
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, ABOVE);
		if (fds[i] >= 0 && high[i] < 0)
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (high[i] < 0)
			close((int)i);
		else if (dup2(high[i], (int)i) < 0)
			return false;
	}
	return close_range((unsigned)n, ~0u, close_rest ? 0 : CLOSE_RANGE_CLOEXEC) == 0;
}

int pair_open(int type, int *ret_ours, int *ret_theirs)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	*ret_ours = fds[0];
	*ret_theirs = fds[1];
	return 0;
}

void child_end(struct child *c)
{
	if (c->pid == 0)
		return;
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &c->status, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

static void reap(struct monitor *m)
{
	struct child *const children[] = { &m->dialogue, &m->tls, &m->session };
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < COUNT(children); i++)
			if (children[i]->pid == pid)
				*children[i] = (struct child){ .status = status };
}

/* Takes all signals that came. True if one of them tells us to end. */
static bool take_signals(struct monitor *m)
{
	struct signalfd_siginfo info;
	bool stop = false;

	while (read(m->signals, &info, sizeof info) == sizeof info)
		stop |= info.ssi_signo != SIGCHLD;
	reap(m);
	m->stop |= stop;
	return stop;
}

static int milliseconds(uint64_t deadline, uint64_t now)
{
	if (deadline == NEVER)
		return -1;
	return deadline <= now ? 0 : (int)MIN(deadline - now, 3600000u);
}

enum event monitor_wait(struct monitor *m, int fd, const struct child *child, uint64_t deadline)
{
	for (;;) {
		const uint64_t now = clock_ms();
		const bool gone = child && child->pid == 0;
		struct pollfd p[] = {
			{fd,	      POLLIN, 0},
			   { m->signals, POLLIN, 0}
		};
		const int n = poll(p, COUNT(p), gone ? 0 : milliseconds(deadline, now));

		if (n < 0 && errno != EINTR)
			return EVENT_STOP;
		if (n > 0 && p[1].revents && take_signals(m))
			return EVENT_STOP;
		if (n > 0 && p[0].revents)
			return EVENT_INPUT;
		if (gone)
			return EVENT_EXIT;
		if (deadline != NEVER && clock_ms() >= deadline)
			return EVENT_TIME;
	}
}
