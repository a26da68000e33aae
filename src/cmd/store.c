/* cmd/store.c: STORE and UID STORE (RFC 9051 6.4.6) */
#include "command.h"
#include "limit.h"
#include "session.h"
#include "sync.h"
#include "view.h"

enum { STORE_MODIFIERS = 4 };	/* in one command */

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

/* ["(" modifier *(SP modifier) ")" SP], each kind once */
static bool p_modifiers(struct cursor *c, struct md_change *change, unsigned *enables)
{
	const struct store_modifier_row *rows[STORE_MODIFIERS];
	size_t n = 0;
	struct str name;

	if (!p_char(c, '('))
		return true;
	do {
		if (n == STORE_MODIFIERS || !p_atom(c, &name))
			return false;
		rows[n] = store_modifier_find(name);
		for (size_t i = 0; i < n; i++)
			if (rows[i] == rows[n])
				rows[n] = NULL;
		if (!rows[n])
			return p_expected(c, "a STORE modifier");
		if (rows[n]->parse && !rows[n]->parse(c, change))
			return false;
		*enables |= row_enables(rows[n++]);
	} while (p_sp(c));
	return p_char(c, ')') && p_sp(c);
}

/* What was asked for, and what came of it. */
struct storing {
	struct md_uids uids, modified, gone;
	struct md_change change;
	bool silent;
};

/* Mod-sequences change silently, too; they are told where a client knows of them (RFC 7162 3.1.3). */
static void tell_modseqs(struct session *s, const struct storing *st, uint64_t own)
{
	for (size_t i = 0, left_alone = 0; i < st->uids.n; i++) {
		const uint32_t uid = st->uids.v[i];
		const struct message *m = maildir_message(s->view->box, uid);

		if (left_alone < st->modified.n && st->modified.v[left_alone] == uid)
			left_alone++;
		else if (m && (st->change.conditional || m->modseq == own))
			sync_fetch_modseq(s, uid);
		conn_flush_some(&s->conn, 65536);
	}
}

static void tell_flags(struct session *s, struct command *cmd, struct md_uids uids)
{
	for (size_t i = 0; i < uids.n; i++) {
		sync_fetch_flags(s, uids.v[i], cmd->row->flags & BY_UID);
		conn_flush_some(&s->conn, 65536);
	}
	view_told(s->view, uids.v, uids.n);
}

/* What failed the test for UNCHANGEDSINCE is told, too, so that the client need not ask (RFC 7162 3.1.3). */
static void tell(struct session *s, struct command *cmd, const struct storing *st)
{
	const uint64_t own = maildir_own_modseq(s->view->box);

	view_absorb(s->view, st->silent ? own : 0);
	if (maildir_keyword_count(s->view->box) != s->view->keywords)
		sync_flags(s);
	if (!st->silent) {
		tell_flags(s, cmd, st->uids);
		return;
	}
	if (s->enabled & ON_CONDSTORE)
		tell_modseqs(s, st, own);
	tell_flags(s, cmd, st->modified);
}

/* "MODIFIED set": of UIDs in UID STORE, else of numbers. */
static const char *modified_code(struct session *s, struct command *cmd, struct md_uids uids)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct uidset set;
	struct writer w;

	uidset_init(&set, cmd->arena);
	for (size_t i = 0; i < uids.n; i++)
		uidset_add(&set, cmd->row->flags & BY_UID ? uids.v[i] : view_number(s->view, uids.v[i]));
	buf_z(&text, "MODIFIED");
	writer_init(&w, &text);
	w.spaced = true;
	w_uid_set(&w, &set);
	return arena_str(cmd->arena, buf_view(&text)).s;
}

/* SP sequence-set SP [modifiers] change, up to the end. */
static bool parse(struct cursor *c, struct seqset *set, struct storing *st, unsigned *enables)
{
	return p_sp(c) && p_sequence_set(c, set) && p_sp(c) && p_modifiers(c, &st->change, enables) &&
	       p_change(c, &st->change, &st->silent) && p_end(c);
}

static enum verdict cmd_store(struct session *s, struct command *cmd)
{
	struct storing st = { 0 };
	struct seqset set;
	unsigned enables = 0;
	const char *code = NULL;
	int r;

	if (!parse(&cmd->args, &set, &st, &enables))
		return cmd_syntax(cmd);
	if (!view_resolve(s->view, set, cmd->row->flags & BY_UID ? BY_UIDS : BY_NUMBER, cmd->arena, &st.uids.v, &st.uids.n))
		return cmd_bad(cmd, "No message has that number.");
	sync_enable(s, enables);
	limit_messages(s, cmd, &st.uids.v, &st.uids.n);
	if (st.uids.n == 0)
		return cmd_ok(cmd, "STORE completed.");
	r = maildir_store(s->view->box, st.uids, &st.change, cmd->arena, &st.modified, &st.gone);
	if (r == -EINVAL || r == -ENAMETOOLONG)
		return cmd_no(cmd, "CANNOT", "That is no keyword, or too long for one.");
	if (r < 0)
		return cmd_failed(cmd, r);
	tell(s, cmd, &st);
	if (st.modified.n)
		code = modified_code(s, cmd, st.modified);
	if (st.gone.n)	/* RFC 2180 4.2.1 */
		return cmd_no(cmd, code ? code : "EXPUNGEISSUED", "Some of the messages no longer exist.");
	return cmd_ok_code(cmd, code, code ? "Some messages have changed, and are left as they are." : "STORE completed.");
}

static const struct command_row commands[] = {
	{ "STORE",     SELECTED, WRITES | NUMBERED | KEEPS_NUMBERS, cmd_store },
	{ "UID STORE", SELECTED, WRITES | BY_UID,		   cmd_store },
	{ 0 },
};
const struct extension ext_store = { .rfc = 3501, .commands = commands };
