/* login/tls.c: imaptls, from the monitor's side */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "login/monitor.h"
#include "login/report.h"

enum { START_MS = 20000, MESSAGE_MAX = 4096 };

/* A site that comes from Courier has a COURIERTLS in its configuration: another program, so it is not asked.
 */
static _noreturn_ void run(int network, int plain, int control)
{
	const int fds[] = { network, plain, STDERR_FILENO, control };

	signals_default();
	if (descriptors_place(fds, COUNT(fds), false))
		execlp("imaptls", "imaptls", (char *)NULL);
	_exit(EXIT_TEMPORARY);
}

/* One datagram as a C string. False at the end, or if it is too long. */
static bool hear(struct monitor *m, char *room)
{
	const ssize_t n = fd_recv(m->tls_fd, room, MESSAGE_MAX - 1, NULL, NULL);

	if (n <= 0)
		return false;
	room[n] = 0;
	return true;
}

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7f)
			return false;
	return true;
}

/* "TLS" SP version SP cipher SP ... */
static bool take_tls(struct monitor *m, struct str rest)
{
	struct str version, cipher;

	if (!is_text(rest) || !str_cut(&rest, ' ', &version) || !str_cut(&rest, ' ', &cipher))
		return false;
	buf_clear(&m->tls_version);
	buf_clear(&m->tls_cipher);
	buf_str(&m->tls_version, version);
	buf_str(&m->tls_cipher, cipher);
	return true;
}

/* "BINDING" SP type SP hex */
static void take_binding(struct monitor *m, struct str rest)
{
	struct str type;

	if (!is_text(rest) || !str_cut(&rest, ' ', &type) || str_find(type, '=') < type.n || str_find(rest, ' ') < rest.n)
		return;
	if (m->bindings.n)
		buf_c(&m->bindings, ' ');
	buf_str(&m->bindings, type);
	buf_c(&m->bindings, '=');
	buf_str(&m->bindings, rest);
}

/* What imaptls says until want comes. 0 or a negative errno; the log has been told. */
static int expect(struct monitor *m, struct str want, uint64_t deadline)
{
	char room[MESSAGE_MAX];

	for (;;) {
		const enum event e = monitor_wait(m, m->tls_fd, &m->tls, deadline);
		struct str rest, word = { 0 };

		if (e == EVENT_STOP)
			return -ECANCELED;
		if (e == EVENT_TIME)
			report_trouble(m, LOG_INFO, "TLS took too long");
		if (e != EVENT_INPUT || !hear(m, room)) {
			if (e != EVENT_TIME)
				report_trouble(m, LOG_ERR, "imaptls ended without a word");
			return -EPROTO;
		}
		rest = str_z(room);
		str_cut(&rest, ' ', &word);
		if (str_eq(word, STR("FAIL")) && is_text(rest)) {
			report_trouble(m, str_eq(want, STR("READY")) ? LOG_ERR : LOG_INFO, "TLS: %.*s",
				       (int)rest.n, rest.n ? rest.s : "");
			return -EPROTO;
		}
		if (str_eq(word, STR("IDENTITY")) && is_text(rest) && rest.n) {
			buf_clear(&m->identity);
			buf_str(&m->identity, rest);
		}
		if (str_eq(word, STR("BINDING")))
			take_binding(m, rest);
		if (str_eq(word, want))
			return !str_eq(word, STR("TLS")) || take_tls(m, rest) ? 0 : -EPROTO;
	}
}

static void give_up(struct monitor *m)
{
	child_end(&m->tls);
	fd_closep(&m->tls_fd);
	fd_closep(&m->plain_fd);
}

/* Starts it, with the other ends of the sockets that m has then. */
static int start(struct monitor *m)
{
	_cleanup_(fd_closep) int theirs = -1, plain = -1;
	int r;

	if ((r = pair_open(SOCK_SEQPACKET, &m->tls_fd, &theirs)) < 0 ||
	    (r = pair_open(SOCK_STREAM, &m->plain_fd, &plain)) < 0)
		return r;
	m->tls.pid = fork();
	if (m->tls.pid == 0)
		run(STDIN_FILENO, plain, theirs);
	if (m->tls.pid > 0)
		return 0;
	m->tls.pid = 0;
	return -errno;
}

int tls_start(struct monitor *m)
{
	int r = start(m);

	if (r < 0)
		report_trouble(m, LOG_ERR, "imaptls can't be started: %s", strerror(-r));
	else
		r = expect(m, STR("READY"), clock_ms() + START_MS);
	if (r < 0)
		give_up(m);
	return r;
}

/* For helpers and imapd */
static void tell_others(const struct monitor *m)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	buf_str(&text, buf_view(&m->tls_version));
	buf_c(&text, ' ');
	buf_str(&text, buf_view(&m->tls_cipher));
	setenv("IMAP_TLS", "1", 1);
	setenv("TLS_CONNECTED_PROTOCOL", buf_cstr(&text), 1);
}

int tls_handshake(struct monitor *m)
{
	int r;

	if (dup2(m->plain_fd, STDIN_FILENO) < 0 || dup2(m->plain_fd, STDOUT_FILENO) < 0)
		return -errno;
	fd_closep(&m->plain_fd);
	r = fd_send(m->tls_fd, "GO", 2, NULL, 0);
	if (r == 0)
		r = expect(m, STR("TLS"), m->login_deadline);
	if (r < 0)
		return r;
	m->encrypted = true;
	tell_others(m);
	return 0;
}
