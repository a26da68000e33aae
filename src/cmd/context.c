/* cmd/context.c: CONTEXT=SEARCH and CONTEXT=SORT: results that are kept up to date (RFC 5267) */
#include "command.h"
#include "context.h"

/* [SP "(" fetch-att *(SP fetch-att) ")"]: told of new messages (RFC 5465 7); it marks nothing \Seen */
static bool parse_update(struct cursor *c, struct returns *r)
{
	if (!str_starts(c->rest, STR(" (")))
		return true;
	if (!p_sp(c) || !fetch_parse(c, &r->items, &r->nitems))
		return false;
	for (size_t i = 0; i < r->nitems; i++)
		r->items[i].peek = true;
	return true;
}

static const struct return_row returns[] = {
	{ "UPDATE",  RETURN_UPDATE,  parse_update, NULL },
	{ "CONTEXT", RETURN_CONTEXT, NULL,	   NULL },
	{ 0 },
};

/* 1*(SP quoted) */
static enum verdict cmd_cancelupdate(struct session *s, struct command *cmd)
{
	struct strs tags = { 0 };

	while (p_sp(&cmd->args)) {
		tags.v = arena_grow(cmd->arena, tags.v, tags.n + 1, sizeof *tags.v);
		if (!p_string(&cmd->args, &tags.v[tags.n]))
			return cmd_syntax(cmd);
		tags.n++;
	}
	if (tags.n == 0 || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	if (!context_cancel(s, tags))
		return cmd_bad(cmd, "No search of that tag is being updated.");
	return cmd_ok(cmd, "No further updates.");
}

static const struct command_row commands[] = {
	{ "CANCELUPDATE", SELECTED, 0, cmd_cancelupdate },
	{ 0 },
};
const struct extension ext_context = {
	.rfc = 5267,
	.capability = "CONTEXT=SEARCH CONTEXT=SORT",
	.commands = commands,
	.returns = returns,
};
