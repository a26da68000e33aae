/* login/authenticate.c: LOGIN and AUTHENTICATE (RFC 3501 6.2.2): the client's part, and the monitor's word */
#include "base/base64.h"
#include "imap/write.h"
#include "login/dialogue_state.h"
#include "login/sasl.h"

/* continue-req = "+" SP base64; an empty challenge is "+ " (RFC 3501 7.5, RFC 4959 3) */
static void challenge(struct dialogue *d, struct str octets)
{
	buf_z(&d->text, "+ ");
	base64_encode(&d->text, octets);
	buf_z(&d->text, "\r\n");
	dialogue_flush(d);
}

/* Adds the octets that a line in base64 stands for to ret. False: the client has been told, or is gone. */
static bool response(struct dialogue *d, struct buf *ret)
{
	_cleanup_(buf_release) struct buf line = { 0 };
	enum lines_result r;
	bool good = false;

	buf_reserve(&line, LOGIN_LITERALS_MAX + 8);
	r = lines_line(&d->lines, LOGIN_LITERALS_MAX, &line);
	if (r == LINES_LONG)
		dialogue_bad(d, "TOOBIG", "That response is too long");
	else if (r != LINES_OK)
		dialogue_interrupted(d, r);
	else if (str_eq(buf_view(&line), STR("*")))
		dialogue_bad(d, "", "Authentication cancelled");
	else if (!base64_decode(ret, buf_view(&line)))
		dialogue_bad(d, "", "That is no base64");
	else
		good = true;
	wipe(line.s, line.size);
	return good;
}

/* One round for the monitor. False: the client cancelled or is gone, and the monitor knows. */
static bool round_trip(struct dialogue *d, struct str octets)
{
	_cleanup_(buf_release) struct buf answer = { 0 };
	struct str field;
	bool good;

	challenge(d, octets);
	buf_reserve(&answer, LOGIN_LITERALS_MAX);
	good = response(d, &answer);
	field = buf_view(&answer);
	if (good)
		frame_send(d->monitor, FRAME_RESPONSE, &field, 1);
	else if (!d->over)
		frame_send(d->monitor, FRAME_CANCEL, NULL, 0);
	wipe(answer.s, answer.size);
	return good;
}

static void end_if(struct dialogue *d, struct str bye)
{
	if (bye.n == 0)
		return;
	dialogue_bye(d, bye);
	d->over = true;
}

/* The monitor's answer to CANCEL is not for the client, who has been told, but for a BYE. */
static void swallow_answer(struct dialogue *d)
{
	struct str fields[3];

	if (d->over)
		return;
	if (frame_recv(d->monitor, &d->frame) == 1 && d->frame.kind == FRAME_NO &&
	    frame_fields(&d->frame, 3, fields))
		end_if(d, fields[2]);
	else
		d->over = true;
}

/* What the monitor says to a try. On success it says nothing: it ends this process. */
static void answer(struct dialogue *d)
{
	struct str fields[3];

	for (;;) {
		if (frame_recv(d->monitor, &d->frame) != 1) {
			d->over = true;
			return;
		}
		if (d->frame.kind == FRAME_NO && frame_fields(&d->frame, 3, fields)) {
			dialogue_tagged(d, "NO", fields[0], fields[1]);
			end_if(d, fields[2]);
			return;
		}
		if (d->frame.kind != FRAME_CHALLENGE || !frame_fields(&d->frame, 1, fields)) {
			if (d->frame.kind == FRAME_BYE && frame_fields(&d->frame, 1, fields))
				dialogue_bye(d, fields[0]);
			d->over = true;
			return;
		}
		if (!round_trip(d, fields[0])) {
			swallow_answer(d);
			return;
		}
	}
}

void dialogue_try(struct dialogue *d, struct str mechanism, struct str user, struct str secret)
{
	const struct str fields[] = { d->tag, mechanism, user, secret };
	const int r = frame_send(d->monitor, FRAME_TRY, fields, COUNT(fields));

	if (r == -EINVAL)
		dialogue_bad(d, "", "NUL is in no user's name");
	else if (r < 0)
		d->over = true;
	else
		answer(d);
}

/* The initial response, or if there is none what the client answers to prompt. */
static bool first_response(struct dialogue *d, const struct buf *initial, struct str prompt, struct buf *ret)
{
	if (initial) {
		buf_str(ret, buf_view(initial));
		return true;
	}
	challenge(d, prompt);
	return response(d, ret);
}

static void by_plain(struct dialogue *d, struct str name, const struct buf *initial)
{
	_cleanup_(buf_release) struct buf message = { 0 };
	struct str user, password;

	buf_reserve(&message, LOGIN_LITERALS_MAX);
	if (first_response(d, initial, STR(""), &message)) {
		const enum sasl_result r = sasl_plain(buf_view(&message), &user, &password);

		if (r == SASL_OK)
			dialogue_try(d, name, user, password);
		else if (r == SASL_OTHER)
			dialogue_tagged(d, "NO", STR("AUTHORIZATIONFAILED"), STR("Only as yourself"));
		else
			dialogue_bad(d, "", "That is no message of PLAIN");
	}
	wipe(message.s, message.size);
}

/* Two prompts, the words that all clients know; the initial response is the name. */
static void by_login(struct dialogue *d, struct str mechanism, const struct buf *initial)
{
	_cleanup_(buf_release) struct buf name = { 0 }, secret = { 0 };
	struct str user, password;

	buf_reserve(&secret, LOGIN_LITERALS_MAX);
	if (!first_response(d, initial, STR("Username:"), &name))
		return;
	if (sasl_word(buf_view(&name), &user) != SASL_OK) {
		dialogue_bad(d, "", "That is no name");
		return;
	}
	challenge(d, STR("Password:"));
	if (response(d, &secret)) {
		if (sasl_word(buf_view(&secret), &password) == SASL_OK)
			dialogue_try(d, mechanism, user, password);
		else
			dialogue_bad(d, "", "That is no password");
	}
	wipe(secret.s, secret.size);
}

/* The response is the authorization identity, or empty (RFC 4422 A). */
static void by_external(struct dialogue *d, struct str mechanism, const struct buf *initial)
{
	_cleanup_(buf_release) struct buf name = { 0 };

	if (!first_response(d, initial, STR(""), &name))
		return;
	if (name.n && str_find(buf_view(&name), '\0') < name.n)
		dialogue_bad(d, "", "That is no name");
	else
		dialogue_try(d, mechanism, buf_view(&name), (struct str){ 0 });
}

/* The client's first message is for a helper to understand. */
static void by_message(struct dialogue *d, struct str mechanism, const struct buf *initial)
{
	_cleanup_(buf_release) struct buf message = { 0 };

	buf_reserve(&message, LOGIN_LITERALS_MAX);
	if (first_response(d, initial, STR(""), &message))
		dialogue_try(d, mechanism, (struct str){ 0 }, buf_view(&message));
	wipe(message.s, message.size);
}

/* The server speaks first, so there is no initial response (RFC 4959 3). */
static void by_challenge(struct dialogue *d, struct str mechanism, const struct buf *initial)
{
	if (initial)
		dialogue_bad(d, "", "That mechanism has no initial response");
	else
		dialogue_try(d, mechanism, (struct str){ 0 }, (struct str){ 0 });
}

/* Who speaks for a mechanism; for all others, and for the last row, that is a helper. */
/* clang-format off */
static const struct mechanism {
	const char *name;
	void (*run)(struct dialogue *d, struct str mechanism, const struct buf *initial);
} mechanisms[] = {
	{ "PLAIN",    by_plain },
	{ "LOGIN",    by_login },
	{ "EXTERNAL", by_external },
	{ "CRAM-MD5", by_challenge },
	{ NULL,       by_message },
};
/* clang-format on */

static void by_mechanism(struct dialogue *d, struct str name, const struct buf *initial)
{
	const struct mechanism *m = mechanisms;
	struct str mechanism;

	if (sasl_listed(d->terms->mechanisms, name, &mechanism)) {
		while (m->name && !str_eq(mechanism, str_z(m->name)))
			m++;
		m->run(d, mechanism, initial);
	} else if (!d->terms->passwords && (str_ieq(name, STR("PLAIN")) || str_ieq(name, STR("LOGIN")))) {
		dialogue_tagged(d, "NO", STR("PRIVACYREQUIRED"), STR("Not without TLS"));
	} else {
		dialogue_tagged(d, "NO", (struct str){ 0 }, STR("That mechanism is not offered"));
	}
}

/* authenticate = "AUTHENTICATE" SP auth-type [SP (base64 / "=")] *(CRLF base64) (RFC 4959 7) */
void dialogue_authenticate(struct dialogue *d, struct cursor *c)
{
	_cleanup_(buf_release) struct buf initial = { 0 };
	struct str name;

	if (!p_sp(c) || !p_atom(c, &name)) {
		dialogue_bad(d, "", parse_complaint(c));
		return;
	}
	if (p_end(c)) {
		by_mechanism(d, name, NULL);
		return;
	}
	buf_reserve(&initial, LOGIN_LINE_MAX);
	if (p_sp(c) && c->rest.n && (str_eq(c->rest, STR("=")) || base64_decode(&initial, c->rest)))
		by_mechanism(d, name, &initial);
	else
		dialogue_bad(d, "", "The initial response is no base64");
	wipe(initial.s, initial.size);
}
