/* cmd/expunge.c: EXPUNGE (RFC 9051 6.4.3) and UID EXPUNGE (RFC 4315) */
#include "command.h"
#include "expunge.h"
#include "session.h"

static enum verdict cmd_expunge(struct session *s, struct command *cmd)
{
	int r;

	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	r = expunge_deleted(s, cmd, NULL);
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "EXPUNGE completed");
}

static enum verdict cmd_uid_expunge(struct session *s, struct command *cmd)
{
	struct md_uids uids;
	struct seqset set;
	int r;

	if (!p_sp(&cmd->args) || !p_sequence_set(&cmd->args, &set) || !p_end(&cmd->args) ||
	    !view_resolve(s->view, set, BY_UIDS, cmd->arena, &uids.v, &uids.n))
		return cmd_syntax(cmd);
	r = expunge_deleted(s, cmd, &uids);
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "EXPUNGE completed");
}

static const struct command_row commands[] = {
	{ "EXPUNGE", SELECTED, WRITES, cmd_expunge },
	{ 0 },
};
const struct extension ext_expunge = { .rfc = 3501, .commands = commands };

static const struct command_row uidplus[] = {
	{ "UID EXPUNGE", SELECTED, WRITES | BY_UID, cmd_uid_expunge },
	{ 0 },
};
const struct extension ext_uidplus = { .rfc = 4315, .capability = "UIDPLUS", .commands = uidplus };
