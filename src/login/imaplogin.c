/* login/imaplogin.c: main(): from whoever started us to a monitor with a client on 0 and 1 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "base/net.h"
#include "login/monitor.h"

static int refuse(const char *why, int code)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	log_line(LOG_ERR, "%s", why);
	buf_z(&b, "* BYE ");
	buf_z(&b, why);
	buf_z(&b, "\r\n");
	fd_write_all(STDOUT_FILENO, b.s, b.n);
	return code;
}

/* systemd may pass the client as descriptor 3 (sd_listen_fds(3)). Anyone else has put it on 0, and on 1 if it
 * is no pipe. */
static bool client_to_0_and_1(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	if (pid && n && strcmp(n, "1") == 0 && atol(pid) == (long)getpid())
		return dup2(3, STDIN_FILENO) >= 0 && dup2(3, STDOUT_FILENO) >= 0;
	if (fcntl(STDIN_FILENO, F_GETFD) < 0)
		return false;
	return fcntl(STDOUT_FILENO, F_GETFD) >= 0 || dup2(STDIN_FILENO, STDOUT_FILENO) >= 0;
}

/* systemd with StandardOutput=journal, or inherited: what a socket brings in it takes back out. */
static bool answers_go_back(void)
{
	int type;
	socklen_t n = sizeof type;

	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &n) < 0 ||
	    fd_same(STDIN_FILENO, STDOUT_FILENO))
		return true;
	return dup2(STDIN_FILENO, STDOUT_FILENO) >= 0;
}

/* Nobody after us must take the client for a place to log to, nor find 2 closed. */
static void useless_stderr_to_null(void)
{
	int null;

	if (fcntl(STDERR_FILENO, F_GETFD) >= 0 && !fd_same(STDERR_FILENO, STDIN_FILENO))
		return;
	null = open("/dev/null", O_RDWR);
	if (null >= 0 && null != STDERR_FILENO) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

/* A word of the command line: a helper and its arguments, with the server and its Maildir behind. */
static bool split(char *word, char **server, struct helper *ret)
{
	size_t n = 0;
	char *rest = NULL;

	*ret = (struct helper){ 0 };
	for (char *w = strtok_r(word, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
		if (n == WORDS_MAX - 3)
			return false;
		ret->words[n++] = w;
	}
	ret->words[n] = server[0];
	ret->words[n + 1] = server[1];
	return n > 0;
}

static bool take_words(struct monitor *m, int argc, char **argv)
{
	if (argc < 4 || argc - 3 > HELPERS_MAX)
		return false;
	for (int i = 1; i < argc - 2; i++)
		if (!split(argv[i], argv + argc - 2, &m->helpers[m->nhelpers++]))
			return false;
	return true;
}

/* All but the room for helpers and a frame: pages that are not touched cost nothing, and these would stay for the
 * session.
 */
static void monitor_init(struct monitor *m)
{
	memset(m, 0, offsetof(struct monitor, helpers));
	m->signals = m->dialogue_fd = m->tls_fd = m->plain_fd = m->status_fd = m->early_fd = -1;
}

static void monitor_release(struct monitor *m)
{
	penalties_close(&m->penalties);
	buf_release(&m->tls_version);
	buf_release(&m->tls_cipher);
	buf_release(&m->identity);
	buf_release(&m->bindings);
	buf_release(&m->offered);
	buf_release(&m->user);
}

int main(int argc, char **argv)
{
	_cleanup_(monitor_release) struct monitor m;
	int r;

	monitor_init(&m);
	if (!client_to_0_and_1() || !answers_go_back())
		return EXIT_MISUSED;
	log_open("imapd", STDIN_FILENO);
	useless_stderr_to_null();
	if (!take_words(&m, argc, argv))
		return refuse("usage: imaplogin helper... imapd ./Maildir", EXIT_MISUSED);
	if (!settings_read(&m.settings))
		return refuse("a setting can't be understood; the log says which", EXIT_PERMANENT);
	settings_clean_environment();
	r = peer_of(STDIN_FILENO, &m.peer);
	if (r < 0) /* gone already */
		return EXIT_OK;
	net_tune(STDIN_FILENO);
	m.signals = signals_open();
	if (m.signals < 0)
		return refuse("no signals to be had", EXIT_TEMPORARY);
	return monitor_run(&m);
}
