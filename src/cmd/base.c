/* cmd/base.c: CAPABILITY, NOOP, LOGOUT, CHECK: for any time (RFC 9051 6.1) */
#include "command.h"
#include "session.h"

static enum verdict cmd_capability(struct session *s, struct command *cmd)
{
	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	w_untagged(&s->out);
	w_atom(&s->out, "CAPABILITY");
	session_capability(s);
	w_crlf(&s->out);
	return cmd_ok(cmd, "CAPABILITY completed");
}

/* What changed is told after every command; this one does nothing else. */
static enum verdict cmd_noop(struct session *s, struct command *cmd)
{
	(void)s;
	return p_end(&cmd->args) ? cmd_ok(cmd, "NOOP completed") : cmd_syntax(cmd);
}

static enum verdict cmd_check(struct session *s, struct command *cmd)
{
	(void)s;
	return p_end(&cmd->args) ? cmd_ok(cmd, "CHECK completed") : cmd_syntax(cmd);
}

static enum verdict cmd_logout(struct session *s, struct command *cmd)
{
	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	session_bye(s, STATUS_LOGOUT, NULL, "Server shutting down this session.");
	return cmd_ok(cmd, "LOGOUT completed");
}

static const struct command_row commands[] = {
	{ "CAPABILITY", ANY_STATE, LEAVES,	   cmd_capability },
	{ "NOOP",	ANY_STATE, LEAVES,	   cmd_noop	  },
	{ "LOGOUT",	ANY_STATE, LEAVES | QUIET, cmd_logout	  },
	{ "CHECK",	SELECTED,  0,		   cmd_check	  },
	{ 0 },
};
const struct extension ext_base = { .rfc = 3501, .capability = "IMAP4rev1", .commands = commands };
