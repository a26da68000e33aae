/* cmd/compress.c: COMPRESS=DEFLATE (RFC 4978) */
#include "command.h"
#include "session.h"
#include "wire/deflate.h"

/* The tagged OK is the last that goes as it is, and this line was the last that came so. */
static void begin(struct session *s)
{
	conn_deflate(&s->conn);
}

static enum verdict cmd_compress(struct session *s, struct command *cmd)
{
	if (!p_sp(&cmd->args) || !p_word(&cmd->args, "DEFLATE") || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	if (conn_deflated(&s->conn))
		return cmd_no(cmd, "COMPRESSIONACTIVE", "DEFLATE is active already.");
	cmd->then = begin;
	return cmd_ok(cmd, "DEFLATE active.");
}

static const struct command_row commands[] = {
	{ "COMPRESS", ANY_STATE, LEAVES, cmd_compress },
	{ 0 },
};
const struct extension ext_compress = { .rfc = 4978, .capability = "COMPRESS=DEFLATE", .commands = commands };
