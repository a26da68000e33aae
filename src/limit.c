/* limit.c: how many messages one command may work on (RFC 9738) */
#include "limit.h"
#include "view.h"

/* MESSAGELIMIT n uid: the lowest of those that were worked on, which are the last (RFC 9738 3.1.1). */
static void tell(struct session *s, struct command *cmd, uint32_t lowest)
{
	cmd->limited = arena_printf(cmd->arena, "MESSAGELIMIT %llu %u", (unsigned long long)s->config.message_limit, lowest);
}

/* Messages that are gone count for nothing. */
bool limit_messages(struct session *s, struct command *cmd, uint32_t **uids, size_t *n)
{
	const struct maildir *box = s->view->box;
	uint64_t left = s->config.message_limit;
	size_t first = *n, rest;

	if (left == 0 || *n <= left)
		return false;
	while (first && left)
		left -= maildir_message(box, (*uids)[--first]) != NULL;
	for (rest = first; rest && !maildir_message(box, (*uids)[rest - 1]); rest--)
		;
	if (rest == 0)
		return false;
	*uids += first;
	*n -= first;
	tell(s, cmd, **uids);
	return true;
}

static enum verdict refuse(struct command *cmd, uint64_t limit)
{
	cmd->limited = NULL;
	return cmd_no(cmd, arena_printf(cmd->arena, "MESSAGELIMIT %llu", (unsigned long long)limit),
		      "Too many messages for one command.");
}

enum verdict cmd_limit(struct session *s, struct command *cmd)
{
	return refuse(cmd, s->config.message_limit);
}

/* SAVELIMIT, where it is set, is the one for COPY and APPEND. */
static uint64_t save_limit(const struct session *s)
{
	return s->config.save_limit ? s->config.save_limit : s->config.message_limit;
}

bool limit_saves(const struct session *s, size_t n)
{
	return save_limit(s) && n > save_limit(s);
}

enum verdict cmd_save_limit(struct session *s, struct command *cmd)
{
	return refuse(cmd, save_limit(s));
}
