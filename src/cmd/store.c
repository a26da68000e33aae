/* cmd/store.c: STORE and UID STORE (RFC 9051 6.4.6) */
#include "command.h"
#include "session.h"
#include "sync.h"
#include "view.h"

/* store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag))) */
static bool p_change(struct cursor *c, struct md_change *ret, bool *ret_silent)
{
	static const char *const words[] = { "FLAGS", "FLAGS.SILENT", NULL };
	struct flags flags = { 0 };
	size_t word;

	ret->op = p_char(c, '+') ? MD_ADD : p_char(c, '-') ? MD_REMOVE : MD_SET;
	if (!p_one_of(c, words, &word) || !p_sp(c) || !p_store_flags(c, &flags))
		return false;
	ret->flags = (uint8_t)flags.system;
	ret->keywords = flags.keywords.v;
	ret->nkeywords = flags.keywords.n;
	*ret_silent = word == 1;
	return true;
}

/* own is the mod-sequence of this change, or 0 if it changed nothing. */
static void tell(struct session *s, struct command *cmd, struct md_uids uids, bool silent, uint64_t own)
{
	view_absorb(s->view, silent ? own : 0);
	if (silent)
		return;
	if (maildir_keyword_count(s->view->box) != s->view->keywords)
		sync_flags(s);
	for (size_t i = 0; i < uids.n; i++) {
		sync_fetch_flags(s, uids.v[i], cmd->row->flags & BY_UID);
		conn_flush_some(&s->conn, 65536);
	}
	view_told(s->view, uids.v, uids.n);
}

static enum verdict cmd_store(struct session *s, struct command *cmd)
{
	struct md_uids uids, modified, gone;
	struct md_change change = { 0 };
	struct cursor *c = &cmd->args;
	uint64_t before, now;
	struct seqset set;
	bool silent;
	int r;

	if (!(p_sp(c) && p_sequence_set(c, &set) && p_sp(c) && p_change(c, &change, &silent) && p_end(c)))
		return cmd_syntax(cmd);
	if (!view_resolve(s->view, set, cmd->row->flags & BY_UID ? BY_UIDS : BY_NUMBER, cmd->arena, &uids.v, &uids.n))
		return cmd_bad(cmd, "No message has that number.");
	before = maildir_highestmodseq(s->view->box);
	r = uids.n ? maildir_store(s->view->box, uids, &change, cmd->arena, &modified, &gone) : 0;
	if (r == -EINVAL || r == -ENAMETOOLONG)
		return cmd_no(cmd, "CANNOT", "That is no keyword, or too long for one.");
	if (r < 0)
		return cmd_failed(cmd, r);
	if (uids.n == 0)
		return cmd_ok(cmd, "STORE completed.");
	now = maildir_highestmodseq(s->view->box);
	tell(s, cmd, uids, silent, now != before ? now : 0);
	if (gone.n)	/* RFC 2180 4.2.1 */
		return cmd_no(cmd, "EXPUNGEISSUED", "Some of the messages no longer exist.");
	return cmd_ok(cmd, "STORE completed.");
}

static const struct command_row commands[] = {
	{ "STORE",     SELECTED, WRITES | KEEPS_NUMBERS, cmd_store },
	{ "UID STORE", SELECTED, WRITES | BY_UID,	 cmd_store },
	{ 0 },
};
const struct extension ext_store = { .rfc = 3501, .commands = commands };
