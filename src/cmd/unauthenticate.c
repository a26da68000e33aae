/* cmd/unauthenticate.c: UNAUTHENTICATE (RFC 8437): the connection goes on with another process, that of before the login */
#include "command.h"
#include "session.h"

/* Only the monitor has somebody who could take the connection. */
static bool offered(const struct session *s)
{
	return s->config.network && s->config.unauthenticate;
}

/* The OK is the last that this process says, and it is compressed if anything is. */
static enum verdict cmd_unauthenticate(struct session *s, struct command *cmd)
{
	if (!offered(s))
		return cmd_bad(cmd, "Not in this state.");
	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	session_end(s, STATUS_UNAUTHENTICATED);
	return cmd_ok(cmd, "Not authenticated now.");
}

static const struct command_row commands[] = {
	{ "UNAUTHENTICATE", ANY_STATE, LEAVES | QUIET, cmd_unauthenticate },
	{ 0 },
};
const struct extension ext_unauthenticate = {
	.rfc = 8437, .capability = "UNAUTHENTICATE", .offered = offered, .commands = commands,
};
