/* cmd/namespace.c: NAMESPACE (RFC 2342) */
#include "command.h"
#include "session.h"

/* RFC 2342: one personal namespace, none of others, none shared. */
static enum verdict cmd_namespace(struct session *s, struct command *cmd)
{
	struct writer *w = &s->out;

	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	w_untagged(w);
	w_atom(w, "NAMESPACE");
	w_open(w);
	w_open(w);
	w_string(w, str_z(s->store.prefix));
	w_separator(w, s->store.separator);
	w_close(w);
	w_close(w);
	w_nil(w);
	w_nil(w);
	w_crlf(w);
	return cmd_ok(cmd, "NAMESPACE completed.");
}

static const struct command_row namespace[] = {
	{ "NAMESPACE", ANY_STATE, LEAVES, cmd_namespace },
	{ 0 },
};
const struct extension ext_namespace = { .rfc = 2342, .capability = "NAMESPACE", .commands = namespace };
