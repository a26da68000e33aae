/* cmd/select.c: SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 6.3.2, 6.3.3, 6.4.1, RFC 3691) */
#include "command.h"
#include "expunge.h"
#include "names.h"
#include "session.h"
#include "sync.h"
#include "view.h"

enum { SELECT_PARAMETERS = 8 };	/* in one command, each of another kind */

struct parameter {
	const struct select_row *row;
	const void *args;
};

struct parameters {
	struct parameter v[SELECT_PARAMETERS];
	size_t n;
};

static bool p_parameter(struct session *s, struct cursor *c, struct parameters *p)
{
	struct parameter one = { 0 };
	struct str name;

	if (p->n == SELECT_PARAMETERS || !p_atom(c, &name))
		return false;
	one.row = select_row_find(name);
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].row == one.row)
			one.row = NULL;
	if (!one.row)
		return p_expected(c, "a SELECT parameter");
	if (one.row->parse && !one.row->parse(s, c, &one.args))
		return false;
	p->v[p->n++] = one;
	return true;
}

/* [SP "(" parameter *(SP parameter) ")"], up to the end (RFC 4466 2.1). */
static bool p_parameters(struct session *s, struct cursor *c, struct parameters *p)
{
	if (p_end(c))
		return true;
	if (!p_sp(c) || !p_char(c, '('))
		return false;
	do {
		if (!p_parameter(s, c, p))
			return false;
	} while (p_sp(c));
	return p_char(c, ')') && p_end(c);
}

/* "* OK [MAILBOXID (id)]" (RFC 8474 4.2) */
static void tell_mailboxid(struct session *s)
{
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, "MAILBOXID");
	w_open(&s->out);
	w_atom(&s->out, maildir_mailboxid(s->view->box));
	w_close(&s->out);
	w_code_close(&s->out);
	w_text(&s->out, STR("Ok"));
	w_crlf(&s->out);
}

/* RFC 4467 BASE.7.1.URLMECH */
static void tell_urlmech(struct session *s)
{
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, "URLMECH");
	w_atom(&s->out, "INTERNAL");
	w_code_close(&s->out);
	w_text(&s->out, STR("Ok"));
	w_crlf(&s->out);
}

/* What is there already becomes the view; later changes are told one by one. */
static void tell_selected(struct session *s)
{
	struct view *v = s->view;
	const size_t unseen = maildir_first_unseen(v->box);

	view_begin(v);
	sync_flags(s);
	sync_counts(s);
	sync_number(s, "UIDVALIDITY", maildir_uidvalidity(v->box), "Ok");
	sync_number(s, "UIDNEXT", maildir_uidnext(v->box), "Predicted next UID");
	tell_mailboxid(s);
	tell_urlmech(s);
	sync_number(s, "HIGHESTMODSEQ", v->told_modseq, "Highest");
	if (unseen < v->n && !(s->enabled & (ON_REV2 | ON_UIDONLY)))
		sync_number(s, "UNSEEN", unseen + 1, "First unseen message");
}

static enum verdict open_mailbox(struct session *s, struct command *cmd, bool readonly)
{
	struct parameters p = { .n = 0 };
	struct str name, folder;
	int r;

	if (!p_sp(&cmd->args) || !p_mailbox(&cmd->args, &name) || !p_parameters(s, &cmd->args, &p))
		return cmd_syntax(cmd);
	if (s->view) {
		session_unselect(s);
		w_untagged(&s->out);
		w_atom(&s->out, "OK");
		w_code_open(&s->out, "CLOSED");	/* RFC 7162 3.2.11, of use to everybody */
		w_code_close(&s->out);
		w_text(&s->out, STR("Previous mailbox closed"));
		w_crlf(&s->out);
	}
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0)
		r = session_select(s, folder, readonly);
	if (r < 0)
		return cmd_failed(cmd, r == -EINVAL ? -ENOENT : r);
	for (size_t i = 0; i < p.n; i++)
		s->enabled |= row_enables(p.v[i].row);	/* HIGHESTMODSEQ is told in any case */
	tell_selected(s);
	if (s->enabled & ON_REV2)	/* RFC 9051 6.3.2 */
		names_tell_plain(s, name, STR(""));
	for (size_t i = 0; i < p.n; i++)
		if (p.v[i].row->tell)
			p.v[i].row->tell(s, cmd->arena, p.v[i].args);
	session_doing(s, readonly ? "EXAMINE " : "SELECT ", name);
	return cmd_ok_code(cmd, readonly ? "READ-ONLY" : "READ-WRITE", "Ok");
}

static enum verdict cmd_select(struct session *s, struct command *cmd)
{
	return open_mailbox(s, cmd, false);
}

static enum verdict cmd_examine(struct session *s, struct command *cmd)
{
	return open_mailbox(s, cmd, true);
}

static enum verdict cmd_unselect(struct session *s, struct command *cmd)
{
	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	session_unselect(s);
	return cmd_ok(cmd, "mailbox closed.");
}

static enum verdict cmd_close(struct session *s, struct command *cmd)
{
	int r = 0;

	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	if (!s->view->readonly && !s->view->removed)
		r = expunge_deleted(s, cmd, NULL);
	session_unselect(s);
	return r < 0 && r != -ENOENT ? cmd_failed(cmd, r) : cmd_ok(cmd, "mailbox closed.");
}

static const struct command_row commands[] = {
	{ "SELECT",  ANY_STATE, LEAVES | QUIET, cmd_select  },
	{ "EXAMINE", ANY_STATE, LEAVES | QUIET, cmd_examine },
	{ "CLOSE",   SELECTED,	LEAVES,		cmd_close   },
	{ 0 },
};
const struct extension ext_select = { .rfc = 3501, .commands = commands };

static const struct command_row unselect[] = {
	{ "UNSELECT", SELECTED, LEAVES, cmd_unselect },
	{ 0 },
};
const struct extension ext_unselect = { .rfc = 3691, .capability = "UNSELECT", .commands = unselect };
