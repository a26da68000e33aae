/* cmd/auth.c: LOGIN, AUTHENTICATE, STARTTLS, for which it is too late here (RFC 9051 6.2), and what is known of them */
#include "command.h"
#include "session.h"

/* imaplogin has done these; a session never leaves the authenticated state but to end (unauthenticate.c too). */
static enum verdict cmd_too_late(struct session *s, struct command *cmd)
{
	(void)s;
	return cmd_bad(cmd, "Already logged in.");
}

static const struct command_row commands[] = {
	{ "LOGIN",	  ANY_STATE, LEAVES, cmd_too_late },
	{ "AUTHENTICATE", ANY_STATE, LEAVES, cmd_too_late },
	{ "STARTTLS",	  ANY_STATE, LEAVES, cmd_too_late },
	{ 0 },
};
const struct extension ext_auth = { .rfc = 3501, .commands = commands };
const struct extension ext_sasl_ir = { .rfc = 4959, .capability = "SASL-IR" };
/* Any literal may be announced as {n+} (wire/frame.c). */
const struct extension ext_literal_plus = { .rfc = 7888, .capability = "LITERAL+" };

/* Only a login can be referred (RFC 2221 4.1). */
static bool after_login(const struct session *s)
{
	return s->config.network;
}
const struct extension ext_login_referrals = { .rfc = 2221, .capability = "LOGIN-REFERRALS", .offered = after_login };
