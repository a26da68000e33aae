/* login/helper.c: runs a checkpassword program, and understands how it ends (doc/CHAIN.md) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "login/monitor.h"
#include "login/report.h"

enum { FOREIGN_INPUT_MAX = 512, STATUS_FD = 4, MESSAGE_MAX = 65536, CHALLENGE_MAX = 16384 };

/* Our own: whoever prints names for --mechanisms, and nothing else. */
static void ask(struct helper *h)
{
	_cleanup_(fd_closep) int in = -1, out = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct child child = { 0 };
	int fds[2], status = 0;
	ssize_t n;

	h->kind = FOREIGN;
	if (null < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return;
	in = fds[0];
	out = fds[1];
	child.pid = fork();
	if (child.pid == 0) {
		const int places[] = { null, out, STDERR_FILENO, null };
		char *words[WORDS_MAX + 1] = { h->words[0], (char *)(uintptr_t) "--mechanisms", NULL };

		signals_default();
		alarm(10);
		if (descriptors_place(places, COUNT(places), false))
			execvp(words[0], words);
		_exit(EXIT_TEMPORARY);
	}
	fd_closep(&out);
	n = fd_read_all(in, h->mechanisms, sizeof h->mechanisms - 1);
	if (child.pid < 0)
		return;
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	h->mechanisms[n > 0 ? n : 0] = 0;
	h->mechanisms[strcspn(h->mechanisms, "\r\n")] = 0;
	if (h->mechanisms[0] && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		h->kind = OURS;
}

bool helper_knows(struct helper *h, struct str mechanism)
{
	struct str rest, word;

	if (h->kind == NOT_ASKED)
		ask(h);
	rest = str_z(h->mechanisms);
	while (h->kind == OURS && str_cut(&rest, ' ', &word))
		if (str_ieq(word, mechanism))
			return true;
	return false;
}

bool request_has_password(const struct request *r)
{
	return r->mechanism.n == 0 || str_ieq(r->mechanism, STR("PLAIN")) ||
	       str_ieq(r->mechanism, STR("LOGIN"));
}

/* user NUL password NUL timestamp NUL; or for another mechanism what doc/CHAIN.md says */
static void put_input(struct buf *b, const struct request *r)
{
	buf_reserve(b, r->user.n + r->secret.n + 32); /* once, so that growing leaves nothing behind */
	buf_str(b, r->user);
	buf_c(b, '\0');
	buf_str(b, r->secret);
	if (!request_has_password(r) && !str_ieq(r->mechanism, STR("EXTERNAL")))
		return;
	buf_c(b, '\0');
	buf_u64(b, clock_unix());
	buf_c(b, '\0');
}

/* A pipe with the input in it and no writer. Returns its reading end, or a negative errno. */
static int input_open(const struct request *r)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(fd_closep) int in = -1;
	int fds[2], reader;
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	reader = fds[0];
	in = fds[1];
	fcntl(in, F_SETFL, O_NONBLOCK);
	put_input(&b, r);
	n = write(in, b.s, b.n);
	wipe(b.s, b.n);
	if (n == (ssize_t)b.n)
		return reader;
	close(reader);
	return -ENOBUFS;
}

static void setenv_str(const char *name, struct str value)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_str(&b, value);
	setenv(name, buf_cstr(&b), 1);
}

static _noreturn_ void run(const struct monitor *m, const struct helper *h, const struct request *r, int input, int status)
{
	const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, input, status, m->early_fd };

	signals_default();
	setenv_str("AUTHENTICATED", r->user);
	setenv_str("IMAPLOGINTAG", r->tag);
	setenv_str("IMAPMECHANISM", request_has_password(r) ? STR("PLAIN") : r->mechanism);
	if (!request_has_password(r) && mechanisms_bind(m))
		setenv_str("IMAPBINDINGS", buf_view(&m->bindings));
	setenv("IMAPSTATUSFD", "4", 1);
	if (m->early_fd >= 0)
		setenv("IMAPEARLYFD", "5", 1);
	if (descriptors_place(fds, COUNT(fds), false))
		execvp(h->words[0], h->words);
	_exit(EXIT_TEMPORARY);
}

static int start(struct monitor *m, const struct helper *h, const struct request *r)
{
	_cleanup_(fd_closep) int theirs = -1, input = -1;
	int e = pair_open(SOCK_SEQPACKET, &m->status_fd, &theirs);

	if (e < 0)
		return e;
	input = input_open(r);
	if (input < 0)
		return input;
	m->session = (struct child){ .pid = fork() };
	if (m->session.pid == 0)
		run(m, h, r, input, theirs);
	if (m->session.pid > 0)
		return 0;
	m->session.pid = 0;
	return -errno;
}

/* The dialogue's answer to a challenge, for the helper; CANCEL if it has none, at once if it has had its last one.
 * False: it is gone, or its time is up. */
static bool ask_dialogue(struct monitor *m, const struct helper *h, struct request *r, struct str challenge,
			 struct buf *ret)
{
	struct str octets;

	r->rounds = true;
	if (challenge.n > CHALLENGE_MAX)
		report_trouble(m, LOG_ERR, "%s: a challenge of %zu octets", h->words[0], challenge.n);
	if (r->cancelled || challenge.n > CHALLENGE_MAX) {
		buf_z(ret, "CANCEL");
		return true;
	}
	if (frame_send(m->dialogue_fd, FRAME_CHALLENGE, &challenge, 1) < 0 ||
	    monitor_wait(m, m->dialogue_fd, &m->dialogue, m->login_deadline) != EVENT_INPUT ||
	    frame_recv(m->dialogue_fd, &m->frame) != 1)
		return false;
	r->began = clock_ms();
	r->cancelled = m->frame.kind != FRAME_RESPONSE || !frame_fields(&m->frame, 1, &octets);
	if (r->cancelled) {
		buf_z(ret, "CANCEL");
	} else {
		buf_reserve(ret, octets.n + 16);
		buf_z(ret, "RESPONSE ");
		buf_str(ret, octets);
	}
	frame_wipe(&m->frame);
	return true;
}

/* A round. False if the dialogue has no answer, and none is to be waited for. */
static bool relay(struct monitor *m, const struct helper *h, struct request *r, struct str challenge)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	const bool good = ask_dialogue(m, h, r, challenge, &b);

	if (good)
		fd_send(m->status_fd, b.s, b.n, NULL, 0);
	wipe(b.s, b.n);
	return good;
}

static enum outcome trouble(struct monitor *m, const struct helper *h, const char *what, int number)
{
	report_trouble(m, LOG_ERR, "%s: %s %d", h->words[0], what, number);
	return OUTCOME_TROUBLE;
}

/* The exit codes of checkpassword, and what the helper or imapd has said before. */
static enum outcome ended(struct monitor *m, const struct helper *h, const struct request *r, bool told)
{
	const int status = m->session.status;

	if (WIFSIGNALED(status))
		return trouble(m, h, "killed by signal", WTERMSIG(status));
	if (r->referral.n)
		return OUTCOME_REFERRED;
	if (WEXITSTATUS(status) == EXIT_REFUSED)
		return told ? OUTCOME_TOLD : OUTCOME_REFUSED;
	if (told) {
		report_trouble(m, LOG_ERR, "%s: %.*s", h->words[0], (int)MIN(r->text.n, (size_t)300),
			       r->text.s);
		return OUTCOME_UNABLE;
	}
	return trouble(m, h, "no login and no refusal: exit code", WEXITSTATUS(status));
}

static void take_no(const struct status_message *said, struct request *r)
{
	buf_clear(&r->code);
	buf_clear(&r->text);
	buf_str(&r->code, said->code);
	buf_str(&r->text, said->text);
}

static void take_user(struct monitor *m, const struct status_message *said, const struct request *r)
{
	buf_clear(&m->user);
	buf_str(&m->user, said->text.n ? said->text : r->user);
}

/* Keeps what one datagram says. False: it was a challenge, and the client will not answer. */
static bool heed(struct monitor *m, const struct helper *h, const struct status_message *said, struct request *r, bool *ret_told)
{
	if (said->kind == STATUS_CHALLENGE)
		return relay(m, h, r, said->text);
	if (said->kind == STATUS_NO) {
		*ret_told = true;
		take_no(said, r);
	}
	if (said->kind == STATUS_REFER) {
		buf_clear(&r->referral);
		buf_str(&r->referral, said->text);
	}
	if (said->kind == STATUS_USER) {
		buf_clear(&r->about);
		buf_str(&r->about, said->text);
	}
	return true;
}

/* Listens until imapd is READY or nobody is left to become it. *ret_told: there was a NO. After each round the helper
 * has all its time again: the client's is limited by that for a login. */
static enum event listen_to(struct monitor *m, const struct helper *h, struct request *r, bool *ret_told)
{
	uint64_t deadline = clock_ms() + m->settings.helper_time;
	_cleanup_(buf_release) struct buf room = { 0 };
	char *datagram = buf_reserve(&room, MESSAGE_MAX);

	for (;;) {
		const enum event e = monitor_wait(m, m->status_fd, &m->session, deadline);
		struct status_message said;
		ssize_t n;

		if (e != EVENT_INPUT)
			return e;
		n = fd_recv(m->status_fd, datagram, MESSAGE_MAX, NULL, NULL);
		if (n <= 0) {
			fd_closep(&m->status_fd); /* from now on only its end counts */
		} else if (status_parse((struct str){ datagram, (size_t)n }, &said)) {
			if (said.kind == STATUS_READY) {
				take_user(m, &said, r);
				return EVENT_INPUT;
			}
			if (!heed(m, h, &said, r, ret_told))
				return EVENT_STOP;
			if (said.kind == STATUS_CHALLENGE)
				deadline = clock_ms() + m->settings.helper_time;
		}
	}
}

static enum outcome wait_for_session(struct monitor *m, const struct helper *h, struct request *r)
{
	bool told = false;

	switch (listen_to(m, h, r, &told)) {
	case EVENT_INPUT:
		return OUTCOME_SESSION;
	case EVENT_EXIT:
		return ended(m, h, r, told);
	case EVENT_TIME:
		report_trouble(m, LOG_ERR, "%s: took too long", h->words[0]);
		return OUTCOME_TROUBLE;
	case EVENT_STOP:
		break;
	}
	return OUTCOME_STOPPED;
}

/* What a third party's program can't be asked: then it is as if it had said no. */
static bool within_reach(struct helper *h, const struct request *r)
{
	const size_t input = r->user.n + r->secret.n + 3 + 20;

	if (!request_has_password(r))
		return helper_knows(h, r->mechanism);
	return input <= FOREIGN_INPUT_MAX || helper_knows(h, STR("PLAIN"));
}

enum outcome helper_try(struct monitor *m, struct helper *h, struct request *r)
{
	enum outcome outcome;
	int e;

	if (!within_reach(h, r))
		return OUTCOME_REFUSED;
	e = start(m, h, r);
	if (e < 0) {
		report_trouble(m, LOG_ERR, "%s: %s", h->words[0], strerror(-e));
		outcome = OUTCOME_TROUBLE;
	} else {
		outcome = wait_for_session(m, h, r);
	}
	if (outcome != OUTCOME_SESSION) {
		child_end(&m->session);
		fd_closep(&m->status_fd);
	}
	return outcome;
}
