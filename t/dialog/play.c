/* t/dialog/play.c: one case, played against the server in one mode */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "t/dialog/match.h"
#include "t/dialog/play.h"
#include "t/dialog/prepare.h"
#include "t/dialog/session.h"

enum { SHOWN = 600, TAIL = 12000 };

struct play {
	const struct script *script;
	struct server server;
	struct session sessions[SESSIONS];	/* [0] is not used */
	struct captures captures;
	struct buf transcript;
	struct str last;	/* the line that matched last */
	bool *done;		/* steps that were sent ahead, in one packet with an earlier one */
};

static void show(struct buf *b, struct str octets)
{
	for (size_t i = 0; i < octets.n && i < SHOWN; i++) {
		const unsigned char c = (unsigned char)octets.s[i];

		if (c == '\n' && i && octets.s[i - 1] == '\r')
			buf_z(b, "\\r\\n");
		else if (c < 0x20 || c >= 0x7f)
			c == '\r' && i + 1 < octets.n && octets.s[i + 1] == '\n' ? (void)0
										: buf_printf(b, "\\x%02x", c);
		else
			buf_c(b, (char)c);
	}
	if (octets.n > SHOWN)
		buf_printf(b, "... (%zu octets)", octets.n);
}

static void note(struct play *p, const char *who, unsigned session, struct str octets)
{
	buf_printf(&p->transcript, "    %s%u: ", who, session);
	show(&p->transcript, octets);
	buf_c(&p->transcript, '\n');
}

/* Says what is wrong, and at which step. Always false. */
static bool fail(struct play *p, const struct step *step, const char *what, struct str got)
{
	_cleanup_(buf_release) struct buf b = {0};

	show(&b, got);
	printf("  %s:%u: %s\n", p->script->path, step->line, what);
	if (step->text.n)
		printf("    expected: %.*s\n", (int)step->text.n, step->text.s);
	if (got.n)
		printf("    got:      %s\n", buf_cstr(&b));
	return false;
}

/* What a mode says before the case does, and the answer to it. False when that is another one. */
static bool say_first(struct play *p, const struct step *step, struct session *s, struct str command, struct str answer)
{
	struct str line = {0};
	const char *why = "another answer than it should be";

	session_send(s, command);
	if (!session_line(s, &line, &why) || !match(&p->captures, answer, line))
		return fail(p, step, why, line);
	session_take(s, line);
	return true;
}

/* The session of that number, started and greeted if it is not there yet. NULL when it does not greet. */
static struct session *session_of(struct play *p, const struct step *step)
{
	struct session *s = &p->sessions[step->session % SESSIONS];
	const bool login = p->server.mode == MODE_LOGIN || p->server.mode == MODE_TLS;
	const struct str pattern = login ? STR("* OK *") : STR("* PREAUTH *");
	struct str line = {0};
	const char *why = "another greeting";

	if (s->n)
		return s;
	if (!session_start(s, step->session, &p->server))
		return fail(p, step, "no TLS", line), NULL;
	if (p->script->explicit_greeting)
		return s;
	if (!session_line(s, &line, &why) || !match(&p->captures, pattern, line))
		return fail(p, step, why, line), NULL;
	note(p, "S", s->n, line);
	session_take(s, line);
	if (login && !say_first(p, step, s, STR("login LOGIN userid password\r\n"), STR("login OK *")))
		return NULL;
	if (p->server.mode == MODE_COMPRESS) {
		if (!say_first(p, step, s, STR("c COMPRESS DEFLATE\r\n"), STR("c OK *")))
			return NULL;
		session_deflate(s);
	}
	return s;
}

static bool is_sending(const struct step *step)
{
	return step->kind == STEP_SEND || step->kind == STEP_OCTETS;
}

/* Whether a step has to be over before anything more is sent. */
static bool is_barrier(const struct step *step, const struct step *first)
{
	if (step->session != first->session)
		return true;
	switch (step->kind) {
	case STEP_SEND:
	case STEP_OCTETS:
	case STEP_OPTIONAL:
	case STEP_ANY_ORDER:
	case STEP_AND:
	case STEP_NOT:
	case STEP_IS:
		return false;
	case STEP_EXPECT:
	case STEP_SKIP_TO:
		return str_starts(step->text, STR("+"));
	default:
		return true;
	}
}

/* Adds what a step sends. */
static void add_octets(struct play *p, const struct step *step, struct buf *b)
{
	const struct str octets = expand(&p->captures, step->text);

	note(p, "C", step->session, octets);
	buf_str(b, octets);
	if (step->kind == STEP_SEND)
		buf_z(b, "\r\n");
}

static void send_step(struct play *p, struct session *s, size_t i)
{
	_cleanup_(buf_release) struct buf b = {0};
	const struct script *script = p->script;
	const struct step *first = &script->steps[i];

	add_octets(p, first, &b);
	for (size_t k = i + 1; p->server.mode == MODE_PACKED && k < script->nsteps; k++) {
		const struct step *step = &script->steps[k];

		if (is_barrier(step, first) || (is_sending(step) && expand_waits(&p->captures, step->text)))
			break;
		if (is_sending(step)) {
			add_octets(p, step, &b);
			p->done[k] = true;
		}
	}
	session_send(s, buf_view(&b));
}

static bool repeat(struct play *p, struct session *s, const struct step *step)
{
	_cleanup_(buf_release) struct buf b = {0};
	struct str rest = step->text, number, octets;
	uint32_t n;

	if (!str_cut(&rest, ' ', &number) || !str_u32(number, &n))
		return fail(p, step, "C* N TEXT", step->text);
	octets = expand(&p->captures, rest);
	while (n--)
		buf_str(&b, octets);
	note(p, "C", s->n, buf_view(&b));
	session_send(s, buf_view(&b));
	return true;
}

/* A line has matched: it is taken. */
static bool accept(struct play *p, struct session *s, struct str line)
{
	p->last = arena_str(p->captures.arena, line);
	note(p, "S", s->n, line);
	session_take(s, line);
	return true;
}

static bool expect(struct play *p, struct session *s, const struct step *step)
{
	const bool skips = step->kind == STEP_SKIP_TO;
	struct str line = {0};
	const char *why = NULL;

	for (;;) {
		if (!session_line(s, &line, &why))
			return fail(p, step, why, buf_view(&s->got));
		if (match(&p->captures, step->text, line))
			return accept(p, s, line);
		if (step->kind == STEP_OPTIONAL)
			return true;
		if (!skips || !str_starts(line, STR("* ")))
			return fail(p, step, "another response", line);
		accept(p, s, line);
	}
}

/* A block of S~ from step i on, whose lines come in any order. */
static bool expect_block(struct play *p, struct session *s, size_t i)
{
	const struct step *steps = p->script->steps;
	size_t end = i, left;
	struct str line = {0};
	const char *why = NULL;

	while (end < p->script->nsteps && steps[end].kind == STEP_ANY_ORDER && steps[end].session == s->n)
		end++;
	for (left = end - i; left; left--) {
		size_t k = i;

		if (!session_line(s, &line, &why))
			return fail(p, &steps[i], why, buf_view(&s->got));
		while (k < end && (p->done[k] || !match(&p->captures, steps[k].text, line)))
			k++;
		if (k == end)
			return fail(p, &steps[i], "none of the block", line);
		p->done[k] = true;
		accept(p, s, line);
	}
	return true;
}

/* Takes "A" or "A + B + C", numbers, and the sign behind it. */
static bool take_sum(struct str *rest, uint64_t *ret, struct str *ret_sign)
{
	struct str word;
	uint64_t n;

	*ret = 0;
	do {
		if (!str_cut(rest, ' ', &word) || !str_u64(word, &n))
			return false;
		*ret += n;
	} while (str_cut(rest, ' ', ret_sign) && str_eq(*ret_sign, STR("+")));
	return true;
}

/* "A = B", octet by octet; "A + B = C" and "A < B" of numbers. */
static bool compare(struct play *p, const struct step *step)
{
	const struct str text = expand(&p->captures, step->text);
	struct str rest = text, a = {0}, sign = {0};
	uint64_t x, y;

	if (str_cut(&rest, ' ', &a) && str_cut(&rest, ' ', &sign) && str_eq(sign, STR("=")) && str_eq(a, rest))
		return true;
	rest = text;
	if (take_sum(&rest, &x, &sign) && str_u64(rest, &y) && (str_eq(sign, STR("<")) ? x < y : x == y))
		return true;
	return fail(p, step, "is not so", text);
}

/* Whether a server ended as the script says. */
static bool ended_well(struct play *p, const struct step *step, int status)
{
	char why[64];

	if (p->script->exit >= 128 ? WIFSIGNALED(status)
				   : WIFEXITED(status) && WEXITSTATUS(status) == p->script->exit)
		return true;
	snprintf(why, sizeof why, "ended with wait status 0x%x", (unsigned)status);
	return fail(p, step, why, (struct str){0});
}

static bool say(struct play *p, struct session *s, size_t i)
{
	const struct step *step = &p->script->steps[i];

	switch (step->kind) {
	case STEP_SEND:
	case STEP_OCTETS:
		return send_step(p, s, i), true;
	case STEP_REPEAT:
		return repeat(p, s, step);
	case STEP_EOF:
		return session_send_eof(s), true;
	case STEP_CLOSE:
		return ended_well(p, step, session_end(s));
	case STEP_KILL:
		return kill(s->pid, SIGKILL), true;
	case STEP_TERM:
		return kill(s->pid, SIGTERM), true;
	case STEP_WHATEVER:
		return s->loose = true;
	case STEP_CLOSED:
		return session_closed(s) || fail(p, step, "the server has not hung up", buf_view(&s->got));
	case STEP_ANY_ORDER:
		return expect_block(p, s, i);
	default:
		return expect(p, s, step);
	}
}

static bool play_step(struct play *p, size_t i)
{
	const struct step *step = &p->script->steps[i];
	struct session *s;

	if (p->done[i])
		return true;
	switch (step->kind) {
	case STEP_SHELL:
		note(p, "!", 0, expand(&p->captures, step->text));
		return prepare_shell(expand(&p->captures, step->text)) || fail(p, step, "failed", p->last);
	case STEP_IS:
		return compare(p, step);
	case STEP_AND:
		return match(&p->captures, step->text, p->last) || fail(p, step, "is not so", p->last);
	case STEP_NOT:
		return !match(&p->captures, step->text, p->last) || fail(p, step, "should not be", p->last);
	default:
		s = session_of(p, step);
		return s && say(p, s, i);
	}
}

/* Hangs up on a session: it has to end as it should, having said no more. */
static bool finish(struct play *p, struct session *s)
{
	const struct step end = { .line = p->script->steps[p->script->nsteps - 1].line };
	struct str line;
	bool ok = true;

	session_send_eof(s);
	while (s->loose && session_line(s, &line, &(const char *){ NULL }))
		session_take(s, line);
	if (!session_closed(s))
		ok = fail(p, &end, s->eof ? "more than expected" : "does not end", buf_view(&s->got));
	if (!s->eof)
		return session_abort(s), false;
	return ended_well(p, &end, session_end(s)) && ok;
}

/* What the servers have written to stderr. True if there is a sanitizer's report among it. */
static bool show_stderr(bool always)
{
	bool report = false;

	for (unsigned n = 0; n < SESSIONS; n++) {
		_cleanup_(buf_release) struct buf b = {0};
		char name[32];

		snprintf(name, sizeof name, "stderr.%u", n);
		if (fd_slurp_at(AT_FDCWD, name, 1 << 22, &b) < 0 || b.n == 0)
			continue;
		if (str_search(buf_view(&b), STR("Sanitizer")) < b.n ||
		    str_search(buf_view(&b), STR("runtime error")) < b.n)
			report = true;
		if (report || always)
			printf("  stderr of %u:\n%.*s\n", n, (int)MIN(b.n, (size_t)TAIL), b.s);
	}
	return report;
}

static bool play_all(struct play *p)
{
	bool ok = true;

	if (!p->script->explicit_greeting || p->script->nsteps == 0)
		ok = session_of(p, &(struct step){ .session = 1, .line = 1 }) != NULL;
	for (size_t i = 0; i < p->script->nsteps && ok; i++)
		ok = play_step(p, i);
	for (size_t i = 0; i < SESSIONS; i++) {
		if (p->sessions[i].n && ok)
			ok = finish(p, &p->sessions[i]);
		else
			session_abort(&p->sessions[i]);
	}
	return ok;
}

bool play(const struct script *script, const struct stage *stage)
{
	_cleanup_(arena_free) struct arena arena = {0};
	struct play p = {
		.script = script,
		.server = { .dir = stage->server_dir, .tests_dir = stage->tests_dir, .mode = stage->mode, .certificate = stage->certificate,
			    .script = script },
		.captures = { .arena = &arena },
		.done = arena_alloc(&arena, script->nsteps),
	};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	ok = prepare(script, stage) && play_all(&p);
	if (show_stderr(!ok))
		ok = false;
	if (!ok)
		printf("%s", p.transcript.n ? buf_cstr(&p.transcript) : "");
	buf_release(&p.transcript);
	return ok;
}
