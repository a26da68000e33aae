/* cmd/replace.c: REPLACE and UID REPLACE (RFC 8508) */
#include "base/fd.h"
#include "upload.h"
#include "view.h"

/* The one message that "SP seq-number" means. A number that is not there is the client's mistake; a UID that is not, is none. */
static enum verdict which(struct session *s, struct command *cmd, uint32_t *ret)
{
	const bool by_uid = cmd->row->flags & BY_UID;
	struct cursor *c = &cmd->args;
	struct seq one = { 0 };	/* "*" */
	const struct seqset set = { .v = &one, .n = 1 };
	uint32_t *uids;
	size_t n;

	if (!p_sp(c) || (!p_char(c, '*') && !p_nz_number(c, &one.a)))
		return cmd_syntax(cmd);
	one.b = one.a;
	if (!view_resolve(s->view, set, by_uid ? BY_UIDS : BY_NUMBER, cmd->arena, &uids, &n) || (n == 0 && !by_uid))
		return cmd_bad(cmd, "No message has that number.");
	if (n == 0 || !maildir_message(s->view->box, uids[0]))
		return cmd_no(cmd, by_uid ? "NONEXISTENT" : "EXPUNGEISSUED", "There is no such message any more.");
	*ret = uids[0];
	return OK;
}

/* APPENDUID should reach the client before the EXPUNGE (RFC 8508 4.3), so it goes out here. */
static void tell(struct session *s, const char *code)
{
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, code);
	w_code_close(&s->out);
	w_text(&s->out, STR("Replacement message ready."));
	w_crlf(&s->out);
}

/* Whether the file of a message is certainly gone; if not, whether it is certainly there. */
static bool is_gone(struct maildir *box, uint32_t uid, bool *ret_there)
{
	_cleanup_(fd_closep) int fd = -1;
	const int r = maildir_message_fd(box, uid, &fd);

	*ret_there = r >= 0;
	return r == -ENOENT;
}

/* The new one in, then the old one out. A failure between the two takes the new one back, if the old one is still there: in
 * doubt both stay.
 */
static enum verdict exchange(struct upload *u, uint32_t old)
{
	struct session *s = u->s;
	struct md_uids out = { &old, 1 }, in = { .n = 1 };
	const char *code;
	enum verdict verdict;
	bool there;
	int r = maildir_update(s->view->box, 0);

	if (r < 0 && r != -ETIMEDOUT)
		return cmd_failed(u->cmd, r);
	if (!maildir_message(s->view->box, old))
		return cmd_no(u->cmd, "EXPUNGEISSUED", "The message is gone; nothing was appended.");
	verdict = upload_deliver(u, &code, &in.v);
	if (verdict != OK)
		return verdict;
	r = maildir_expunge(s->view->box, &out, MD_FORCE);
	if (r < 0 && !is_gone(s->view->box, old, &there)) {
		if (there)
			maildir_expunge(u->box, &in, MD_FORCE);
		return cmd_failed(u->cmd, r);
	}
	tell(s, code);
	return cmd_ok(u->cmd, "REPLACE completed.");
}

static enum verdict cmd_replace(struct session *s, struct command *cmd)
{
	_cleanup_(upload_release) struct upload u = { .s = s, .cmd = cmd };
	uint32_t old = 0;
	enum verdict verdict = which(s, cmd, &old);

	if (verdict == OK)
		verdict = upload_mailbox(&u);
	if (verdict == OK)
		verdict = upload_messages(&u, false);
	return verdict == OK ? exchange(&u, old) : verdict;
}

static const struct command_row commands[] = {
	{ "REPLACE",	 SELECTED, WRITES | STREAM | NUMBERED, cmd_replace },
	{ "UID REPLACE", SELECTED, WRITES | STREAM | BY_UID,   cmd_replace },
	{ 0 },
};
const struct extension ext_replace = { .rfc = 8508, .capability = "REPLACE", .commands = commands };
