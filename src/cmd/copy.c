/* cmd/copy.c: COPY and UID COPY (RFC 9051 6.4.7), MOVE and UID MOVE (RFC 6851) */
#include "command.h"
#include "limit.h"
#include "notify.h"
#include "session.h"
#include "view.h"

/* "v from to" for COPYUID (RFC 4315 3). Both sets are in the same order, since UIDs are given in that of the sources. */
static const char *copyuid(struct arena *a, const struct maildir *target, struct md_uids from, struct md_uids to)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct uidset sets[2];
	struct writer w;

	writer_init(&w, &text);
	w_code_open(&w, "COPYUID");
	w_number(&w, maildir_uidvalidity(target));
	for (size_t k = 0; k < 2; k++) {
		const struct md_uids uids = k ? to : from;

		uidset_init(&sets[k], a);
		for (size_t i = 0; i < uids.n; i++)
			uidset_add(&sets[k], uids.v[i]);
		w_uid_set(&w, &sets[k]);
	}
	return arena_str(a, str_from(buf_view(&text), str_search(buf_view(&text), STR("COPYUID")))).s;
}

typedef int transfer(struct maildir *m, struct md_uids uids, struct maildir *dest, struct arena *a,
		     struct md_uids *ret_from, struct md_uids *ret_to);

/* Looks at the folder, since COPY is all or nothing. */
static bool all_there(struct session *s, struct md_uids uids)
{
	if (maildir_update(s->view->box, s->view->readonly ? 0 : MD_CLAIM_RECENT) < 0)
		return true;	/* then the copying will say what is wrong */
	for (size_t i = 0; i < uids.n; i++)
		if (!maildir_message(s->view->box, uids.v[i]))
			return false;
	return true;
}

/* Parses "SP sequence-set SP mailbox", and copies or moves. *ret_code is NULL if nothing was meant. */
static enum verdict run(struct session *s, struct command *cmd, transfer *how, const char **ret_code)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL;
	struct md_uids uids, from, to;
	struct facts_copy facts;
	struct cursor *c = &cmd->args;
	struct maildir *target;
	struct seqset set;
	struct str name, folder;
	int r;

	if (!(p_sp(c) && p_sequence_set(c, &set) && p_sp(c) && p_mailbox(c, &name) && p_end(c)))
		return cmd_syntax(cmd);
	if (!view_resolve(s->view, set, cmd->row->flags & BY_UID ? BY_UIDS : BY_NUMBER, cmd->arena, &uids.v, &uids.n))
		return cmd_bad(cmd, "No message has that number.");
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0)
		r = session_open(s, folder, 0, &opened, &target);
	if (r < 0)
		return cmd_failed_target(cmd, r == -EINVAL ? -ENOENT : r);
	*ret_code = NULL;
	if (uids.n == 0)
		return OK;
	if (how == maildir_copy && limit_saves(s, uids.n))	/* RFC 9051 6.4.7: all or none */
		return cmd_save_limit(s, cmd);
	if (how == maildir_move)
		limit_messages(s, cmd, &uids.v, &uids.n);
	if (!(cmd->row->flags & BY_UID) && !all_there(s, uids))	/* RFC 2180 4.4.1 */
		return cmd_no(cmd, "EXPUNGEISSUED", "Some of the messages no longer exist.");
	facts_gather(&facts, s->view->box, uids, cmd->arena);
	r = how(s->view->box, uids, target, cmd->arena, &from, &to);
	if (r == -ENOENT)	/* all of them have gone; UIDs that are not there are no mistake */
		return OK;
	if (r < 0)
		return cmd_failed(cmd, r);
	if (s->notify)
		notify_wrote(s, folder, target, to);
	facts_spread(&facts, from, target, to);
	if (from.n)
		*ret_code = copyuid(cmd->arena, target, from, to);
	return OK;
}

static enum verdict cmd_copy(struct session *s, struct command *cmd)
{
	const char *code = NULL;
	const enum verdict verdict = run(s, cmd, maildir_copy, &code);

	return verdict == OK ? cmd_ok_code(cmd, code, "COPY completed.") : verdict;
}

/* COPYUID should reach the client before the EXPUNGEs (RFC 6851 4.3), so it goes out here, untagged. These are left to
 * the sync after the command, which finds them as it would another session's.
 */
static enum verdict cmd_move(struct session *s, struct command *cmd)
{
	const char *code = NULL;
	const enum verdict verdict = run(s, cmd, maildir_move, &code);

	if (verdict == OK && code) {
		w_untagged(&s->out);
		w_atom(&s->out, "OK");
		w_code_open(&s->out, code);
		w_code_close(&s->out);
		w_text(&s->out, STR("Moved"));
		w_crlf(&s->out);
	}
	return verdict == OK ? cmd_ok(cmd, "MOVE completed.") : verdict;
}

static const struct command_row copy[] = {
	{ "COPY",     SELECTED, NUMBERED, cmd_copy },
	{ "UID COPY", SELECTED, BY_UID,	  cmd_copy },
	{ 0 },
};
const struct extension ext_copy = { .rfc = 3501, .commands = copy };

static const struct command_row move[] = {
	{ "MOVE",     SELECTED, WRITES | NUMBERED, cmd_move },
	{ "UID MOVE", SELECTED, WRITES | BY_UID,   cmd_move },
	{ 0 },
};
const struct extension ext_move = { .rfc = 6851, .capability = "MOVE", .commands = move };
