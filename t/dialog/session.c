/* t/dialog/session.c: one server process under test, and the client's end of it */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include "base/clock.h"
#include "base/fd.h"
#include "t/dialog/session.h"

enum { PATIENCE_MS = 180000 };	/* a bound for what hangs; never an expectation */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(EXIT_TEMPORARY);
}

/* Both ends of two pipes or of a socket pair: theirs[0] is what the server reads. */
static void connect_ends(enum mode mode, int ours[2], int theirs[2])
{
	int fds[2];

	if (mode == MODE_PIPE) {
		must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
		theirs[0] = fds[0];
		ours[1] = fds[1];
		must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
		ours[0] = fds[0];
		theirs[1] = fds[1];
	} else {
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0, "socketpair");
		ours[0] = ours[1] = fds[0];
		theirs[0] = theirs[1] = fds[1];
	}
	for (int i = 0; i < 2; i++)
		must(fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK) == 0, "fcntl");
}

/* The environment of a server that is started by nobody in particular. */
static void set_environment(const struct server *server)
{
	static const char *const plain[] = {
		"PATH=/usr/bin:/bin", "TZ=UTC0", "SHELL=/bin/sh", "IMAPD_ALLOW_ROOT=1",
		"ASAN_OPTIONS=detect_leaks=1:exitcode=99:handle_abort=1:allocator_may_return_null=0",
		"UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=99", NULL,
	};
	char *here = getcwd(NULL, 0);

	clearenv();
	for (size_t i = 0; plain[i]; i++)
		putenv(strdup(plain[i]));
	must(here && setenv("HOME", here, 1) == 0, "HOME");
	if (server->mode == MODE_TLS) {
		must(setenv("IMAP_TLS", "1", 1) == 0, "IMAP_TLS");
		must(setenv("TLS_CERTFILE", server->certificate, 1) == 0, "TLS_CERTFILE");
	}
	for (size_t i = 0; i < server->script->nenv; i++)
		putenv(strndup(server->script->env[i].s, server->script->env[i].n));
}

static char *program(const char *dir, const char *name)
{
	char *path = NULL;

	must(asprintf(&path, "%s/%s", dir, name) > 0, "asprintf");
	return path;
}

static void exec_server(const struct server *server)
{
	const struct str arg = server->script->arg;
	char *maildir = str_eq(arg, STR("-")) ? NULL : strndup(arg.s, arg.n);
	const struct str other = server->script->helper;
	char *imapd = program(server->dir, "imapd"), *helper = NULL, *words[6] = { 0 };
	size_t n = 0;

	if (server->mode != MODE_LOGIN && server->mode != MODE_TLS) {
		execl(imapd, "imapd", maildir, NULL);
		must(false, imapd);
	}
	must(asprintf(&helper, "%s/auth-file %s/users", server->dir, getenv("HOME")) > 0, "asprintf");
	words[n++] = must_strdup("imaplogin");
	if (other.n)
		must(asprintf(&words[n++], "%s/chain/%.*s", server->tests_dir, (int)other.n, other.s) > 0, "asprintf");
	words[n++] = helper;
	words[n++] = imapd;
	words[n++] = maildir;
	execv(program(server->dir, "imaplogin"), words);
	must(false, "imaplogin");
}

bool session_start(struct session *s, unsigned n, const struct server *server)
{
	int ours[2], theirs[2], err;
	char name[32];

	connect_ends(server->mode, ours, theirs);
	snprintf(name, sizeof name, "stderr.%u", n);
	must((err = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) >= 0, name);
	*s = (struct session){ .n = n, .in = ours[0], .out = ours[1], .mode = server->mode };
	must((s->pid = fork()) >= 0, "fork");
	if (s->pid == 0) {
		setpgid(0, 0);
		must(dup2(theirs[0], 0) >= 0 && dup2(theirs[1], 1) >= 0 && dup2(err, 2) >= 0, "dup2");
		signal(SIGPIPE, SIG_DFL);
		set_environment(server);
		exec_server(server);
	}
	setpgid(s->pid, s->pid);
	close(err);
	close(theirs[0]);
	if (theirs[1] != theirs[0])
		close(theirs[1]);
	if (server->mode == MODE_TLS)
		s->tls = tls_open(s->in);
	return server->mode != MODE_TLS || s->tls;
}

struct session_deflate {
	z_stream in, out;
};

void session_deflate(struct session *s)
{
	s->deflate = must_alloc(sizeof *s->deflate);
	*s->deflate = (struct session_deflate){ 0 };
	must(inflateInit2(&s->deflate->in, -15) == Z_OK &&
	     deflateInit2(&s->deflate->out, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
}

/* All that octets stand for goes to got. */
static void inflate_all(struct session *s, char *octets, size_t n)
{
	z_stream *z = &s->deflate->in;
	int r = Z_OK;

	z->next_in = (Bytef *)octets;
	z->avail_in = (uInt)n;
	while (r == Z_OK) {
		z->next_out = (Bytef *)buf_reserve(&s->got, 65536);
		z->avail_out = 65536;
		r = inflate(z, Z_SYNC_FLUSH);
		s->got.n += 65536 - z->avail_out;
	}
	if (r != Z_BUF_ERROR)
		s->eof = true;	/* no good stream: as if the server had gone */
}

/* Takes what is there to be read. */
static void receive(struct session *s)
{
	char piece[65536];
	char *to = s->deflate ? piece : buf_reserve(&s->got, sizeof piece);
	const ssize_t n = s->tls ? tls_read(s->tls, to, sizeof piece) : read(s->in, to, sizeof piece);

	if (n > 0 && s->deflate)
		inflate_all(s, piece, (size_t)n);
	else if (n > 0)
		s->got.n += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		s->eof = true;
}

/* Waits until the server says something, or, with write, can be sent something. False when time is up. */
static bool await(struct session *s, bool write, uint64_t until)
{
	const uint64_t now = clock_ms();
	struct pollfd p[2] = { { .fd = s->eof ? -1 : s->in, .events = POLLIN },
			       { .fd = write ? s->out : -1, .events = POLLOUT } };

	if (now >= until || (s->eof && !write))
		return false;
	if (s->tls && !s->eof && tls_pending(s->tls))
		return receive(s), true;
	if (poll(p, 2, (int)(until - now)) > 0 && p[0].revents)
		receive(s);
	return true;
}

/* Octets as they travel, with a flush behind them. */
static struct str deflated(struct session *s, struct str octets, struct buf *b)
{
	z_stream *z = &s->deflate->out;

	z->next_in = (Bytef *)(uintptr_t)octets.s;
	z->avail_in = (uInt)octets.n;
	do {
		z->next_out = (Bytef *)buf_reserve(b, 65536);
		z->avail_out = 65536;
		deflate(z, Z_SYNC_FLUSH);
		b->n += 65536 - z->avail_out;
	} while (z->avail_out == 0);
	return buf_view(b);
}

void session_send(struct session *s, struct str octets)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	const uint64_t until = clock_ms() + PATIENCE_MS;

	if (s->deflate && octets.n)
		octets = deflated(s, octets, &b);
	while (octets.n && s->out >= 0) {
		const size_t most = s->mode == MODE_OCTETS ? 1 : octets.n;
		const ssize_t n = s->tls ? tls_write(s->tls, octets) : write(s->out, octets.s, most);

		if (n > 0)
			octets = str_from(octets, (size_t)n);
		else if (errno != EAGAIN || !await(s, true, until))
			return;	/* the steps that follow will find out */
	}
}

void session_send_eof(struct session *s)
{
	if (s->tls && s->out >= 0)
		tls_end(s->tls);
	if (s->out == s->in)
		shutdown(s->out, SHUT_WR);
	else if (s->out >= 0)
		close(s->out);
	s->out = -1;
}

/* The octets that a line announces as a literal at its end; false if it announces none. */
static bool literal_at_end(struct str line, uint32_t *ret)
{
	const size_t open = str_rfind(line, '{');

	return str_ends(line, STR("}")) && open < line.n &&
	       str_u32((struct str){ line.s + open + 1, line.n - open - 2 }, ret);
}

/* Whether a whole response is there. */
static bool whole_line(struct str got, struct str *ret)
{
	size_t at = 0;

	for (;;) {
		const struct str rest = str_from(got, at);
		const size_t n = str_search(rest, STR("\r\n"));
		uint32_t octets;

		if (n == rest.n)
			return false;
		if (!literal_at_end(str_head(rest, n), &octets))
			return *ret = str_head(got, at + n), true;
		at += n + 2 + octets;
		if (at > got.n)
			return false;
	}
}

bool session_line(struct session *s, struct str *ret, const char **ret_why)
{
	const uint64_t until = clock_ms() + PATIENCE_MS;

	while (!whole_line(buf_view(&s->got), ret))
		if (!await(s, false, until))
			return *ret_why = s->eof ? "the server has hung up" : "nothing comes", false;
	return true;
}

void session_take(struct session *s, struct str line)
{
	buf_drop(&s->got, line.n + 2);
}

bool session_closed(struct session *s)
{
	const uint64_t until = clock_ms() + PATIENCE_MS;

	while (s->got.n == 0 && await(s, false, until))
		;
	return s->eof && s->got.n == 0;
}

static void release(struct session *s)
{
	close(s->in);
	if (s->out >= 0 && s->out != s->in)
		close(s->out);
	buf_release(&s->got);
	tls_free(s->tls);
	s->tls = NULL;
	if (s->deflate) {
		inflateEnd(&s->deflate->in);
		deflateEnd(&s->deflate->out);
		free(s->deflate);
		s->deflate = NULL;
	}
	s->n = 0;
}

int session_end(struct session *s)
{
	const uint64_t until = clock_ms() + PATIENCE_MS;
	const pid_t pid = s->pid;
	int status = -1;

	release(s);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_ms() > until)
			kill(-pid, SIGKILL);
		usleep(500);
	}
	return status;
}

void session_abort(struct session *s)
{
	if (s->n == 0)
		return;
	kill(-s->pid, SIGKILL);
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	release(s);
}
