/* cmd/status.c: STATUS (RFC 9051 6.3.11), STATUS=SIZE (RFC 8438), LIST-STATUS (RFC 5819) */
#include "base/log.h"
#include "command.h"
#include "names.h"
#include "status_of.h"

static enum verdict cmd_status(struct session *s, struct command *cmd)
{
	struct folder folder = { 0 };
	struct status_items items;
	struct str name;
	int r;

	if (!(p_sp(&cmd->args) && p_mailbox(&cmd->args, &name) && p_sp(&cmd->args) &&
	      p_status_items(&cmd->args, &items) && p_end(&cmd->args)))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, name, &folder.name);
	if (r == 0)
		r = status_tell(s, name, &folder, &items);
	if (r < 0)
		return cmd_failed(cmd, r == -EINVAL ? -ENOENT : r);
	return cmd_ok(cmd, "STATUS completed");
}

static const struct command_row commands[] = {
	{"STATUS", ANY_STATE, LEAVES, cmd_status },
	{ 0 },
};

static const struct status_row items[] = {
	{"MESSAGES",     status_messages, NULL, NULL },
	{ "RECENT",	    status_recent, NULL, NULL },
	{ "UIDNEXT",	     status_uidnext, NULL, NULL },
	{ .name = "UIDVALIDITY",.value = status_uidvalidity },
	{ "UNSEEN",	    status_unseen, NULL, NULL },
	{ "DELETED",     status_deleted, NULL, NULL },
	{ 0	    },
};
const struct extension ext_status = { .rfc = 3501, .commands = commands, .status = items };

static const struct status_row sizes[] = {
	{.name = "SIZE",		  .value = status_size, .prepare = status_prepare_size },
	{ 0},
};
const struct extension ext_status_size = { .rfc = 8438, .capability = "STATUS=SIZE", .status = sizes };

/* "STATUS" SP "(" status-att *(SP status-att) ")" */
static bool parse_status(struct cursor *c, const void **ret)
{
	struct status_items *list = arena_alloc(c->arena, sizeof *list);

	*ret = list;
	return p_sp(c) && p_status_items(c, list);
}

/* A mailbox that can't be looked at has no STATUS line, and the command is OK all the same (RFC 5819 2). */
static void tell_status(struct session *s, struct arena *a, const struct name *name, const void *args)
{
	const int r = status_tell(s, name->name, name->folder, args);

	(void)a;
	if (r < 0 && r != -ENOENT)
		log_errno(r, "STATUS of a mailbox that is listed");
}

static const struct list_row returns[] = {
	{.name = "STATUS",	    .parse = parse_status, .tell = tell_status },
	{ 0},
};
const struct extension ext_list_status = { .rfc = 5819, .capability = "LIST-STATUS", .list = returns };
