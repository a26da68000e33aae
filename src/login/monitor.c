/* login/monitor.c: from the connection to the login */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "login/monitor.h"
#include "login/proxy.h"
#include "login/report.h"

enum { GRACE_MS = 2000 }; /* to write a last line to a client that may not read */

/* What the dialogue's end means for us. */
enum next {
	NEXT_GO_ON,
	NEXT_TLS, /* STARTTLS was answered */
	NEXT_SESSION,
	NEXT_END,
};

static enum next broken(const struct monitor *m)
{
	report_trouble(m, LOG_ERR, "BREAK-IN: the dialogue asks for what it can't want; the session ends");
	return NEXT_END;
}

static bool is_number(struct str s)
{
	uint64_t v;

	return str_u64(s, &v);
}

/* Waits for the dialogue to end by itself, which is when the client has all that it has to say. */
static void let_finish(struct monitor *m)
{
	const uint64_t deadline = clock_ms() + GRACE_MS;

	while (monitor_wait(m, -1, &m->dialogue, deadline) == EVENT_STOP)
		;
	dialogue_end(m);
}

static enum next take_giveup(struct monitor *m)
{
	struct str fields[3];

	if (!frame_fields(&m->frame, 3, fields) || !is_number(fields[1]) || !is_number(fields[2]))
		return broken(m);
	report_gone(m, str_eq(fields[0], STR("L")), fields[1], fields[2]);
	let_finish(m);
	return NEXT_END;
}

static enum next take_starttls(struct monitor *m)
{

	if (!m->settings.starttls || m->encrypted || m->frame.fields.n)
		return broken(m);
	if (tls_start(m) < 0) {
		frame_send(m->dialogue_fd, FRAME_NO, NULL, 0); /* it knows the words */
		let_finish(m);
		return NEXT_END;
	}
	frame_send(m->dialogue_fd, FRAME_OK, NULL, 0);
	let_finish(m);
	fd_closep(&m->early_fd); /* it was said in clear: nobody under TLS may read it */
	return NEXT_TLS;
}

static enum next say_bye(struct monitor *m, struct str text)
{
	frame_send(m->dialogue_fd, FRAME_BYE, &text, 1);
	let_finish(m);
	report_gone(m, false, (struct str){ 0 }, (struct str){ 0 });
	return NEXT_END;
}

/* In the middle of an attempt: the dialogue waits for our word, if it is still there. */
static enum next break_off(struct monitor *m)
{
	if (m->dialogue.pid && m->stop)
		return say_bye(m, STR("Server shutting down"));
	if (m->dialogue.pid && clock_ms() >= m->login_deadline)
		return say_bye(m, STR("Login took too long"));
	return NEXT_END;
}

static enum next take_try(struct monitor *m)
{
	switch (attempt(m)) {
	case ATTEMPT_SESSION:
		return NEXT_SESSION;
	case ATTEMPT_ANSWERED:
		break;
	case ATTEMPT_BROKEN:
		return broken(m);
	case ATTEMPT_STOPPED:
		return break_off(m);
	}
	if (m->failures < FAILURES_MAX)
		return NEXT_GO_ON;
	let_finish(m);
	return NEXT_END;
}

static enum next take_frame(struct monitor *m)
{
	const int r = frame_recv(m->dialogue_fd, &m->frame);

	if (r == 0) { /* its status tells whether that was in order */
		fd_closep(&m->dialogue_fd);
		return NEXT_GO_ON;
	}
	if (r < 0)
		return broken(m);
	switch (m->frame.kind) {
	case FRAME_TRY:
		return take_try(m);
	case FRAME_STARTTLS:
		return take_starttls(m);
	case FRAME_GIVEUP:
		return take_giveup(m);
	default:
		return broken(m);
	}
}

/* It ended without a word: the client sees the connection close. */
static enum next dialogue_died(const struct monitor *m)
{
	const int status = m->dialogue.status;

	if (WIFSIGNALED(status))
		report_trouble(m, LOG_ERR, "BREAK-IN? the dialogue was killed by signal %d",
			       WTERMSIG(status));
	else if (WEXITSTATUS(status) != EXIT_OK)
		report_trouble(m, LOG_ERR, "the dialogue ended with exit code %d", WEXITSTATUS(status));
	else
		report_gone(m, false, (struct str){ 0 }, (struct str){ 0 });
	return NEXT_END;
}

static enum next serve_dialogue(struct monitor *m)
{
	enum next next = NEXT_GO_ON;

	while (next == NEXT_GO_ON) {
		switch (monitor_wait(m, m->dialogue_fd, &m->dialogue, m->login_deadline)) {
		case EVENT_INPUT:
			next = take_frame(m);
			break;
		case EVENT_EXIT:
			next = dialogue_died(m);
			break;
		case EVENT_STOP:
			next = say_bye(m, STR("Server shutting down"));
			break;
		case EVENT_TIME:
			next = say_bye(m, STR("Login took too long"));
			break;
		}
	}
	frame_wipe(&m->frame);
	return next;
}

/* Whoever speaks through a listed proxy is who its header says (IMAPD_PROXY_FROM). False: there was no such
 * header. */
static bool through_proxy(struct monitor *m)
{
	struct address from, to;
	struct str octets;
	bool good = false;

	m->peer.trusted = true;
	if (proxy_start(m) < 0)
		return false;
	if (monitor_wait(m, m->dialogue_fd, &m->dialogue, m->login_deadline) == EVENT_INPUT &&
	    frame_recv(m->dialogue_fd, &m->frame) == 1 && m->frame.kind == FRAME_PROXY)
		good = frame_fields(&m->frame, 1, &octets) && (octets.n == 0 || octets.n == PROXY_OCTETS);
	if (good && octets.n) {
		proxy_unpack((const unsigned char *)octets.s, &from, &to);
		peer_replace(&m->peer, &from, &to);
		m->peer.inet = true;
		m->peer.trusted = false;
	}
	dialogue_end(m);
	if (!good)
		report_trouble(m, LOG_WARNING, "no header from a listed proxy");
	return good;
}

static void export_peer(const struct monitor *m)
{
	setenv("TCPREMOTEIP", m->peer.remote_ip, 1);
	setenv("TCPREMOTEPORT", m->peer.remote_port, 1);
	setenv("TCPLOCALIP", m->peer.local_ip, 1);
	setenv("TCPLOCALPORT", m->peer.local_port, 1);
	setenv("PROTOCOL", "IMAP", 1);
}

static enum next talk(struct monitor *m)
{
	enum next next;

	for (;;) {
		int r;

		mechanisms_offer(m);
		r = dialogue_start(m);
		if (r < 0) {
			report_trouble(m, LOG_ERR, "no dialogue can be started: %s", strerror(-r));
			return NEXT_END;
		}
		next = serve_dialogue(m);
		if (next == NEXT_SESSION)
			return next;
		dialogue_end(m);
		if (next != NEXT_TLS || tls_handshake(m) < 0)
			return NEXT_END;
	}
}

static int end_children(struct monitor *m)
{
	child_end(&m->session);
	dialogue_end(m);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (m->tls.pid) /* it sees the end of the plain socket, and has a moment to send what is left */
		monitor_wait(m, -1, &m->tls, clock_ms() + GRACE_MS);
	child_end(&m->tls);
	return EXIT_OK;
}

/* After UNAUTHENTICATE nothing is left of the user who was there (RFC 8437 3); his failures are the connection's. */
static void start_again(struct monitor *m)
{
	m->again = true;
	buf_clear(&m->user);
	m->started = clock_ms();
	m->login_deadline = m->started + m->settings.login_time;
	report_status(m, STR("logging in"));
}

int monitor_run(struct monitor *m)
{
	int listed;

	m->started = clock_ms();
	m->login_deadline = m->started + m->settings.login_time;
	listed = address_listed(&m->peer.remote, m->settings.proxies);
	if (listed < 0) {
		report_trouble(m, LOG_ERR, "IMAPD_PROXY_FROM=%s: not a list of networks",
			       m->settings.proxies);
		return EXIT_PERMANENT;
	}
	if (listed && m->peer.inet && !through_proxy(m))
		return end_children(m);
	export_peer(m);
	report_status(m, STR("logging in"));
	if (m->settings.tls && (tls_start(m) < 0 || tls_handshake(m) < 0))
		return end_children(m);
	while (talk(m) == NEXT_SESSION) {
		if (session_watch(m) == SESSION_OVER)
			return session_exit_code(m);
		start_again(m);
	}
	return end_children(m);
}
