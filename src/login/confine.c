/* login/confine.c: the two forks that read the network before login, and the door that closes behind them */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/sandbox.h"
#include "base/user.h"
#include "login/dialogue.h"
#include "login/monitor.h"
#include "login/proxy.h"

/* What stderr is in there: not the log, which only the monitor writes. A sanitizer's last words must get out.
 */
static int stderr_of_child(void)
{
#ifdef __SANITIZE_ADDRESS__
	return STDERR_FILENO;
#else
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
#endif
}

/* In the child: nothing is left but the client on 0 and 1, the monitor on 3 and perhaps what the client said before
 * on 4; no user, no file, no other process. */
bool confine(int sock, int early)
{
	const int fds[] = { STDIN_FILENO, STDOUT_FILENO, stderr_of_child(), sock, early };

	signals_default();
	if (user_become("imapd-login") < 0 || !descriptors_place(fds, COUNT(fds), true))
		return false;
	return sandbox_enter(SANDBOX_DIALOGUE, NULL, 0) >= 0;
}

enum { CHILD_SOCKET = 3, CHILD_EARLY = 4 };

static void terms_of(struct monitor *m, struct terms *ret)
{
	*ret = (struct terms){
		.greeted = m->again || (m->encrypted && !m->settings.tls),
		.starttls = m->settings.starttls && !m->encrypted,
		.early = m->early_fd < 0 ? -1 : CHILD_EARLY,
		.passwords = secrets_allowed(m),
		.mechanisms = buf_cstr(&m->offered),
		.capability = m->encrypted ? m->settings.capability_tls : m->settings.capability,
	};
}

static int start(struct monitor *m, bool proxy)
{
	_cleanup_(fd_closep) int theirs = -1;
	struct terms terms;
	int r;

	r = pair_open(SOCK_SEQPACKET, &m->dialogue_fd, &theirs);
	if (r < 0)
		return r;
	terms_of(m, &terms);
	m->dialogue.pid = fork();
	if (m->dialogue.pid == 0) {
		if (!confine(theirs, m->early_fd))
			_exit(EXIT_PERMANENT);
		_exit(proxy ? proxy_read(STDIN_FILENO, CHILD_SOCKET)
			    : dialogue_run(STDIN_FILENO, STDOUT_FILENO, CHILD_SOCKET, &terms));
	}
	if (m->dialogue.pid > 0)
		return 0;
	m->dialogue.pid = 0;
	return -errno;
}

int dialogue_start(struct monitor *m)
{
	return start(m, false);
}

int proxy_start(struct monitor *m)
{
	return start(m, true);
}

void dialogue_end(struct monitor *m)
{
	child_end(&m->dialogue);
	fd_closep(&m->dialogue_fd);
}
