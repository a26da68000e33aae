/* login/session.c: from imapd's READY to its end */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "login/monitor.h"
#include "login/report.h"

enum { FLUSH_MS = 30000, MESSAGE_MAX = STATUS_UNREAD_MAX + 64 };
enum { REST_MS = 1000 }; /* who has logged in for so long stays */

/* The client sees the connection's end when nobody has it any more. */
static void let_go_of_client(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0) {
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		return;
	}
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

struct ending {
	bool told;
	enum status_end how;
	struct status_counts counts;
};

/* What the client said behind UNAUTHENTICATE waits in a pipe, of which each process takes its part. It fits in there:
 * a pipe has room for STATUS_UNREAD_MAX octets.
 */
static void keep_early(struct monitor *m, struct str octets)
{
	_cleanup_(fd_closep) int in = -1;
	int fds[2];

	fd_closep(&m->early_fd);
	if (octets.n == 0 || pipe2(fds, O_CLOEXEC) < 0)
		return;
	m->early_fd = fds[0];
	in = fds[1];
	fcntl(in, F_SETFL, O_NONBLOCK);
	if (write(in, octets.s, octets.n) != (ssize_t)octets.n)
		fd_closep(&m->early_fd);
}

static void listen_to(struct monitor *m, struct ending *e)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char *room = buf_reserve(&b, MESSAGE_MAX);
	const ssize_t n = fd_recv(m->status_fd, room, MESSAGE_MAX, NULL, NULL);
	struct status_message said;

	if (n == 0 || (n < 0 && n != -EMSGSIZE)) {
		fd_closep(&m->status_fd);
	} else if (n > 0 && status_parse((struct str){ room, (size_t)n }, &said)) {
		if (said.kind == STATUS_SAY)
			report_status(m, said.text);
		if (said.kind == STATUS_UNREAD)
			keep_early(m, said.text);
		if (said.kind == STATUS_END)
			*e = (struct ending){ true, said.how, said.counts };
	}
	if (n > 0)
		wipe(room, (size_t)n);
}

/* imapd sees the end of the status socket and says BYE. One that has no more such socket gets the signal. */
static void stop_session(struct monitor *m)
{
	if (m->status_fd >= 0)
		shutdown(m->status_fd, SHUT_WR);
	else if (m->session.pid)
		kill(m->session.pid, SIGTERM);
}

/* imaptls may have to send what imapd has said last, to a slow client. */
static void wait_for_tls(struct monitor *m)
{
	const uint64_t deadline = clock_ms() + FLUSH_MS;
	enum event e = EVENT_STOP;

	while (m->tls.pid && e == EVENT_STOP)
		e = monitor_wait(m, -1, &m->tls, deadline);
	child_end(&m->tls);
}

int session_exit_code(const struct monitor *m)
{
	if (WIFSIGNALED(m->session.status)) {
		report_trouble(m, LOG_ERR, "imapd was killed by signal %d", WTERMSIG(m->session.status));
		return EXIT_TEMPORARY;
	}
	return WEXITSTATUS(m->session.status);
}

/* Whether imapd has left the client to us, and we are to go on. */
static bool goes_on(const struct monitor *m, const struct ending *e)
{
	return e->told && e->how == STATUS_UNAUTHENTICATED && !m->stop && WIFEXITED(m->session.status) &&
	       WEXITSTATUS(m->session.status) == EXIT_OK;
}

static void session_begin(struct monitor *m)
{
	dialogue_end(m);
	fd_closep(&m->early_fd);
	penalties_close(&m->penalties);
	report_login(m);
	report_status(m, STR("logged in"));
	if (fd_send(m->status_fd, "GO", 2, NULL, 0) < 0)
		fd_closep(&m->status_fd);
	if (m->stop)
		stop_session(m);
}

enum ended session_watch(struct monitor *m)
{
	struct ending ending = { .how = STATUS_DISCONNECTED };
	uint64_t rest = clock_ms() + REST_MS;
	enum event e;

	session_begin(m);
	while ((e = monitor_wait(m, m->status_fd, &m->session, rest)) != EVENT_EXIT) {
		if (e == EVENT_INPUT) {
			listen_to(m, &ending);
		} else if (e == EVENT_STOP) {
			stop_session(m);
		} else {
			memory_rest();
			rest = NEVER;
		}
	}
	fd_closep(&m->status_fd);
	report_end(m, ending.how, ending.told ? &ending.counts : NULL);
	if (goes_on(m, &ending))
		return SESSION_UNAUTHENTICATED;
	let_go_of_client();
	wait_for_tls(m);
	return SESSION_OVER;
}
