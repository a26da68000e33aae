/* cmd/enable.c: ENABLE (RFC 5161) */
#include "command.h"
#include "session.h"
#include "sync.h"

/* Turns on what is named, and says which of it was not on before. What nobody knows is passed over (RFC 5161 3.1). */
static void enable(struct session *s, const struct str *names, size_t n)
{
	unsigned bits = 0;

	w_untagged(&s->out);
	w_atom(&s->out, "ENABLED");
	for (const struct extension *const *e = extensions; *e; e++) {
		size_t i = 0;

		while ((*e)->enable && i < n && !str_ieq(names[i], str_z((*e)->enable)))
			i++;
		if (!(*e)->enable || i == n || !(~s->enabled & (*e)->enable_bit))
			continue;
		bits |= (*e)->enable_bit;
		w_atom(&s->out, (*e)->enable);
	}
	w_crlf(&s->out);
	sync_enable(s, bits);
}

static enum verdict cmd_enable(struct session *s, struct command *cmd)
{
	struct str *names = NULL;
	size_t n = 0;

	while (p_sp(&cmd->args)) {
		names = arena_grow(cmd->arena, names, n + 1, sizeof *names);
		if (!p_atom(&cmd->args, &names[n++]))
			return cmd_syntax(cmd);
	}
	if (n == 0 || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	enable(s, names, n);
	s->out.utf8 = s->enabled & (ON_UTF8 | ON_REV2);
	return cmd_ok(cmd, "Options enabled");
}

static const struct command_row enables[] = {
	{ "ENABLE", ANY_STATE, LEAVES, cmd_enable },
	{ 0 },
};
const struct extension ext_enable = { .rfc = 5161, .capability = "ENABLE", .commands = enables };
