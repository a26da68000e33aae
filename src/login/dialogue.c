/* login/dialogue.c: the not-authenticated state: lines in, one answer each */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "imap/parse.h"
#include "imap/write.h"
#include "login/dialogue_state.h"

enum { LINGER_MS = 1000, LINGER_READS = 256 };

void dialogue_flush(struct dialogue *d)
{
	if (!d->over && fd_write_all(d->out, d->text.s, d->text.n) < 0)
		d->over = true;
	d->sent += d->text.n;
	buf_clear(&d->text);
}

static void put_text(struct dialogue *d, struct writer *w, struct str code, struct str text)
{
	if (code.n) {
		_cleanup_(buf_release) struct buf word = { 0 };

		buf_str(&word, code);
		w_code_open(w, buf_cstr(&word));
		w_code_close(w);
	}
	w_text(w, text.n ? text : STR("no"));
	w_crlf(w);
	dialogue_flush(d);
}

void dialogue_tagged(struct dialogue *d, const char *condition, struct str code, struct str text)
{
	struct writer w;

	writer_init(&w, &d->text);
	if (d->tag.n)
		w_tagged(&w, d->tag);
	else
		w_untagged(&w);
	w_atom(&w, condition);
	put_text(d, &w, code, text);
}

void dialogue_bye(struct dialogue *d, struct str text)
{
	struct writer w;

	writer_init(&w, &d->text);
	w_untagged(&w);
	w_atom(&w, "BYE");
	put_text(d, &w, (struct str){ 0 }, text);
	d->linger = true;
}

void dialogue_bad(struct dialogue *d, const char *code, const char *text)
{
	dialogue_tagged(d, "BAD", str_z(code), str_z(text));
	if (++d->bad < LOGIN_BAD_MAX)
		return;
	dialogue_bye(d, STR("Too many commands that make no sense"));
	dialogue_giveup(d, "D");
}

void dialogue_giveup(struct dialogue *d, const char *how)
{
	char rcvd[24], sent[24];
	struct str fields[3] = { str_z(how) };

	snprintf(rcvd, sizeof rcvd, "%" PRIu64, d->lines.rcvd);
	snprintf(sent, sizeof sent, "%" PRIu64, d->sent);
	fields[1] = str_z(rcvd);
	fields[2] = str_z(sent);
	frame_send(d->monitor, FRAME_GIVEUP, fields, COUNT(fields));
	d->over = true;
}

void dialogue_interrupted(struct dialogue *d, enum lines_result why)
{
	struct str text;

	if (why == LINES_END) {
		dialogue_giveup(d, "D");
		return;
	}
	if (frame_recv(d->monitor, &d->frame) == 1 && d->frame.kind == FRAME_BYE &&
	    frame_fields(&d->frame, 1, &text))
		dialogue_bye(d, text);
	d->over = true;
}

/* Reading: a whole command, its literals inline */

static const struct refusal {
	const char *condition, *code, *text;
} not_now = { "BAD", "", "Unknown command, or not before login" },
  too_big = { "BAD", "TOOBIG", "That is more than a login takes" },
  privacy = { "NO", "PRIVACYREQUIRED", "Not without TLS" };

/* Whether the line that begins at start ends with the announcement of a literal; if so it keeps a CRLF
 * behind. */
static bool announced(struct dialogue *d, size_t start, struct announcement *ret)
{
	struct str line;
	struct cursor c;

	buf_z(&d->command, "\r\n");
	line = str_from(buf_view(&d->command), start);
	cursor_init(&c, &d->arena, str_from(line, str_rfind(line, '{')));
	if (p_announcement(&c, ret) && p_end(&c))
		return true;
	d->command.n -= 2;
	return false;
}

/* Why a literal at the end of before, which is the command up to its "{", is not wanted; or NULL. */
static const struct refusal *unwanted(struct dialogue *d, struct str before, uint64_t octets)
{
	struct str tag, name, user;
	struct cursor c;

	cursor_init(&c, &d->arena, before);
	if (!p_tag(&c, &tag) || !p_sp(&c) || !p_command_name(&c, &name) || !p_sp(&c))
		return &not_now;
	if (str_ieq(name, STR("LOGIN"))) {
		if (!d->terms->passwords)
			return &privacy;
		if (!p_end(&c) && !(p_astring(&c, &user) && p_sp(&c) && p_end(&c)))
			return &not_now;
	} else if (!str_ieq(name, STR("ID"))) {
		return &not_now;
	}
	return octets > LOGIN_LITERALS_MAX - d->literals ? &too_big : NULL;
}

static enum lines_result read_literal(struct dialogue *d, uint64_t octets, bool sync)
{
	struct writer w;

	if (sync) {
		writer_init(&w, &d->text);
		w_continue(&w);
		w_text(&w, STR("go on"));
		w_crlf(&w);
		dialogue_flush(d);
	}
	d->literals += octets;
	return lines_octets(&d->lines, octets, &d->command);
}

/* Reads one whole command. With a refusal it is to be answered so; the stream is in step all the same, but
 * for a literal so long that we won't wait for its end: then the dialogue is over.
 */
static enum lines_result read_command(struct dialogue *d, const struct refusal **ret_refusal)
{
	enum lines_result r = LINES_OK;

	*ret_refusal = NULL;
	for (;;) {
		const size_t start = d->command.n;
		struct announcement a;
		const struct refusal *why;

		r = lines_line(&d->lines, LOGIN_LINE_MAX - (start - d->literals), &d->command);
		if (r == LINES_LONG)
			*ret_refusal = &too_big;
		if (r != LINES_OK)
			return r == LINES_LONG ? LINES_OK : r;
		if (!announced(d, start, &a))
			return LINES_OK;
		why = *ret_refusal ? *ret_refusal
				   : unwanted(d,
					      str_head(buf_view(&d->command),
						       str_rfind(buf_view(&d->command), '{')),
					      a.octets);
		*ret_refusal = why;
		if (why && a.sync)
			return LINES_OK;
		if (why && a.octets > LOGIN_SKIP_MAX) {
			dialogue_bye(d, STR("That literal is longer than we wait for"));
			return LINES_END;
		}
		r = why ? lines_octets(&d->lines, a.octets, NULL) : read_literal(d, a.octets, a.sync);
		if (r != LINES_OK)
			return r;
	}
}

static void forget_command(struct dialogue *d)
{
	wipe(d->command.s, d->command.size);
	buf_clear(&d->command);
	arena_wipe(&d->arena);
	d->literals = 0;
	d->tag = (struct str){ 0 };
}

/* command = tag SP name ... (RFC 3501 9) */
static void obey(struct dialogue *d, const struct refusal *refusal)
{
	struct cursor c;
	struct str name;

	cursor_init(&c, &d->arena, buf_view(&d->command));
	if (!p_tag(&c, &d->tag) || (c.rest.n && c.rest.s[0] != ' ' && !refusal)) {
		d->tag = (struct str){ 0 };
		dialogue_bad(d, "", "Every command begins with a tag");
		return;
	}
	if (refusal) {
		if (strcmp(refusal->condition, "BAD") == 0)
			dialogue_bad(d, refusal->code, refusal->text);
		else
			dialogue_tagged(d, refusal->condition, str_z(refusal->code), str_z(refusal->text));
		return;
	}
	if (!p_sp(&c) || !p_command_name(&c, &name)) {
		dialogue_bad(d, "", "After the tag comes a command");
		return;
	}
	for (const struct dialogue_command *cmd = dialogue_commands; cmd->name; cmd++)
		if (str_ieq(name, str_z(cmd->name))) {
			cmd->run(d, &c);
			return;
		}
	dialogue_bad(d, not_now.code, not_now.text);
}

static void greet(struct dialogue *d)
{
	buf_z(&d->text, "* OK [CAPABILITY");
	dialogue_capabilities(d, &d->text);
	buf_z(&d->text, "] IMAP server ready.\r\n");
	dialogue_flush(d);
}

static void dialogue_init(struct dialogue *d, int out, int monitor, const struct terms *terms)
{
	d->terms = terms;
	d->out = out;
	d->monitor = monitor;
	d->tag = (struct str){ 0 };
	d->command = d->text = (struct buf){ 0 };
	d->arena = (struct arena){ 0 };
	d->literals = 0;
	d->sent = 0;
	d->bad = 0;
	d->over = d->linger = false;
	d->frame.fields = (struct str){ 0 };
	/* room for all that there can be, so that growing leaves no secret behind */
	buf_reserve(&d->command, LOGIN_LINE_MAX + 2 * LOGIN_LITERALS_MAX);
}

static void dialogue_release(struct dialogue *d)
{
	forget_command(d);
	frame_wipe(&d->frame);
	buf_release(&d->command);
	buf_release(&d->text);
	arena_free(&d->arena);
}

/* Closing a connection that has unread octets takes back what was sent last. So the client is told that there
 * is no more, and has a moment to end.
 */
static void linger(struct dialogue *d)
{
	const uint64_t deadline = clock_ms() + LINGER_MS;
	char octets[4096];
	struct pollfd p = { .fd = d->lines.fd, .events = POLLIN };

	shutdown(d->out, SHUT_WR);
	for (size_t n = 0; n < LINGER_READS; n++) {
		const uint64_t now = clock_ms();

		if (now >= deadline || poll(&p, 1, (int)(deadline - now)) <= 0 ||
		    read(d->lines.fd, octets, sizeof octets) <= 0)
			return;
	}
}

int dialogue_run(int in, int out, int monitor, const struct terms *terms)
{
	_cleanup_(dialogue_release) struct dialogue d;

	dialogue_init(&d, out, monitor, terms);
	lines_init(&d.lines, in, monitor);
	if (terms->early > 0)
		d.lines.early = terms->early;
	if (!terms->greeted)
		greet(&d);
	while (!d.over) {
		const struct refusal *refusal;
		const enum lines_result r = read_command(&d, &refusal);

		if (r == LINES_OK)
			obey(&d, refusal);
		else
			dialogue_interrupted(&d, r);
		forget_command(&d);
	}
	if (d.linger)
		linger(&d);
	return EXIT_OK;
}
