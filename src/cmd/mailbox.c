/* cmd/mailbox.c: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 6.3.4 to 6.3.8) */
#include "command.h"
#include "maildir/folders.h"
#include "maildir/metadata.h"
#include "maildir/subscribe.h"
#include "names.h"
#include "session.h"
#include "view.h"

/* The separator at the end of a name means that names below it will be made (RFC 9051 6.3.4); it is no part of the name. */
static struct str without_separator(const struct session *s, struct str name)
{
	const bool ends = name.n > 1 && name.s[name.n - 1] == s->store.separator;

	return str_head(name, name.n - ends);
}

/* SP mailbox */
static bool parse_name(struct session *s, struct command *cmd, struct str *ret)
{
	if (!p_sp(&cmd->args) || !p_mailbox(&cmd->args, ret))
		return false;
	*ret = without_separator(s, *ret);
	return true;
}

/* Why a name can't be made. */
static enum verdict cmd_fault(struct session *s, struct command *cmd, int r, struct str folder)
{
	const struct folder_fault *fault = r < 0 ? NULL : folder_name_fault(folder);

	if (r == -ENOENT && *s->store.prefix)
		return cmd_no(cmd, "CANNOT",
			      arena_printf(cmd->arena, "Mailbox names here begin with \"%s\".", s->store.prefix));
	if (r < 0)
		return cmd_no(cmd, "CANNOT", r == -EINVAL ? "A mailbox name can't have a \".\" in it here." : "A mailbox needs a name.");
	return fault ? cmd_no(cmd, "CANNOT", fault->text) : OK;
}

enum { PARAMETERS = 8 };	/* of one CREATE; none repeats */

struct parameters {
	struct parameter {
		const struct create_row *row;
		const void *args;
	} v[PARAMETERS];
	size_t n;
};

static bool p_parameter(struct cursor *c, struct parameters *ret)
{
	const struct str start = c->rest;
	struct parameter one = { 0 };
	struct str name;

	if (p_atom(c, &name))
		one.row = create_row_find(name);
	for (size_t i = 0; i < ret->n; i++)
		if (ret->v[i].row == one.row)
			one.row = NULL;
	if (!one.row || ret->n == PARAMETERS)
		return p_unknown(c, start, "a parameter of CREATE");
	if (!one.row->parse(c, &one.args))
		return false;
	ret->v[ret->n++] = one;
	return true;
}

/* [SP "(" create-param *(SP create-param) ")"], up to the end (RFC 4466 2.2) */
static bool p_parameters(struct cursor *c, struct parameters *ret)
{
	if (!p_sp(c))
		return p_end(c);
	if (!p_char(c, '('))
		return false;
	do {
		if (!p_parameter(c, ret))
			return false;
	} while (p_sp(c));
	return p_char(c, ')') && p_end(c);
}

/* The mailbox with all that was asked for, or none. */
static int create(struct session *s, struct str folder, const struct parameters *p)
{
	int r = folder_create(s->store.account, folder);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < p->n; i++)
		r = p->v[i].row->apply(s, folder, p->v[i].args);
	if (r < 0)
		folder_delete(s->store.account, folder);
	return r;
}

/* OK [MAILBOXID (id)] (RFC 8474 4.1): what was made, unless somebody else has removed it already. */
static enum verdict cmd_created(struct session *s, struct command *cmd, struct str folder)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL;
	const char *code = NULL;
	struct maildir *box;

	if (session_open(s, folder, 0, &opened, &box) == 0 && maildir_update(box, 0) >= 0)
		code = arena_printf(cmd->arena, "MAILBOXID (%s)", maildir_mailboxid(box));
	return cmd_ok_code(cmd, code, "CREATE completed");
}

static enum verdict cmd_create(struct session *s, struct command *cmd)
{
	struct parameters parameters = { .n = 0 };
	struct str written, name, folder;
	enum verdict verdict;
	int r;

	if (!p_sp(&cmd->args) || !p_mailbox(&cmd->args, &written) || !p_parameters(&cmd->args, &parameters))
		return cmd_syntax(cmd);
	name = without_separator(s, written);
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0 && folder.n == 0)
		return cmd_no(cmd, "ALREADYEXISTS", "INBOX is always there.");
	verdict = cmd_fault(s, cmd, r, folder);
	if (verdict != OK)
		return verdict;
	if (!store_name(&s->store, cmd->arena, folder).s)
		return cmd_no(cmd, "CANNOT", "That name is kept for INBOX.");
	for (size_t i = 0; i < parameters.n; i++) {
		verdict = parameters.v[i].row->check(s, cmd, parameters.v[i].args);
		if (verdict != OK)
			return verdict;
	}
	r = create(s, folder, &parameters);
	if (r < 0)
		return cmd_failed(cmd, r);
	if (s->enabled & ON_REV2 && written.n != name.n)	/* RFC 9051 6.3.4 */
		names_tell_plain(s, name, written);
	return cmd_created(s, cmd, folder);
}

/* Whether there are folders below. */
static bool has_children(struct session *s, struct arena *a, struct str folder)
{
	struct folder *v;
	size_t n;

	if (folder_list(s->store.account, a, false, &v, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (v[i].name.n > folder.n + 1 && str_starts(v[i].name, folder) && v[i].name.s[folder.n] == '.')
			return true;
	return false;
}

static enum verdict cmd_delete(struct session *s, struct command *cmd)
{
	struct str name, folder;
	bool selected = false;
	int r;

	if (!parse_name(s, cmd, &name) || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0 && folder.n == 0)
		return cmd_no(cmd, "CANNOT", "INBOX can't be deleted.");
	if (r == 0)
		selected = session_has_selected(s, folder);
	if (r == 0)
		r = folder_delete(s->store.account, folder);
	if (r == -ENOENT && has_children(s, cmd->arena, folder))
		return cmd_no(cmd, "HASCHILDREN", "There are only mailboxes below that name.");
	if (r == -EINVAL)
		r = -ENOENT;
	if (r < 0)
		return cmd_failed(cmd, r);
	if (selected)
		session_unselect(s);
	return cmd_ok(cmd, "DELETE completed");
}

/* What is written down about INBOX is written down about its new name, too, and stays (RFC 5464 4.1). */
static int copy_metadata(struct session *s, struct arena *a, struct str to)
{
	const struct str inbox = STR("");
	struct metadata *v;
	size_t n;
	const int r = metadata_read(s->store.account, &inbox, a, &v, &n);

	return r < 0 || n == 0 ? r : metadata_write(s->store.account, &to, v, n);
}

/* RENAME INBOX moves its messages into a new mailbox, and leaves it empty (RFC 9051 6.3.6). */
static int rename_inbox(struct session *s, struct command *cmd, struct str to)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL, *opened_target = NULL;
	struct md_uids all = { 0 }, from, moved;
	struct maildir *inbox, *target;
	int r = session_open(s, STR(""), 0, &opened, &inbox);

	if (r == 0)
		r = maildir_update(inbox, 0);
	if (r >= 0)
		r = folder_create(s->store.account, to);
	if (r >= 0)
		r = copy_metadata(s, cmd->arena, to);
	if (r >= 0)
		r = session_open(s, to, 0, &opened_target, &target);
	if (r < 0)
		return r;
	all.v = arena_alloc(cmd->arena, maildir_count(inbox) * sizeof *all.v);
	while (all.n < maildir_count(inbox)) {
		all.v[all.n] = maildir_at(inbox, all.n)->uid;
		all.n++;
	}
	r = maildir_move(inbox, all, target, cmd->arena, &from, &moved);
	return r == -ENOENT ? 0 : MIN(r, 0);
}

static enum verdict cmd_rename(struct session *s, struct command *cmd)
{
	struct str from_name, to_name, from, to;
	enum verdict verdict;
	int r;

	if (!parse_name(s, cmd, &from_name) || !parse_name(s, cmd, &to_name) || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, from_name, &from);
	if (r < 0)
		return cmd_failed(cmd, -ENOENT);
	r = store_folder(&s->store, cmd->arena, to_name, &to);
	if (r == 0 && to.n == 0)
		return cmd_no(cmd, "ALREADYEXISTS", "INBOX is always there.");
	verdict = cmd_fault(s, cmd, r, to);
	if (verdict != OK)
		return verdict;
	r = from.n ? folder_rename(s->store.account, from, to) : rename_inbox(s, cmd, to);
	if (r == -EINVAL)
		return cmd_no(cmd, "CANNOT", "A mailbox can't be renamed to one below itself.");
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "RENAME completed");
}

static enum verdict subscribe(struct session *s, struct command *cmd,
			      int (*change)(struct account *, struct str), const char *done)
{
	struct str name, folder;
	int r;

	if (!parse_name(s, cmd, &name) || !p_end(&cmd->args))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0)
		r = change(s->store.account, folder);
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, done);
}

/* Whether the mailbox exists is not asked: it may come back (RFC 9051 6.3.7). */
static enum verdict cmd_subscribe(struct session *s, struct command *cmd)
{
	return subscribe(s, cmd, subscribe_add, "SUBSCRIBE completed");
}

static enum verdict cmd_unsubscribe(struct session *s, struct command *cmd)
{
	return subscribe(s, cmd, subscribe_remove, "UNSUBSCRIBE completed");
}

static const struct command_row commands[] = {
	{ "CREATE",	 ANY_STATE, LEAVES | NAMES, cmd_create	    },
	{ "DELETE",	 ANY_STATE, LEAVES | NAMES, cmd_delete	    },
	{ "RENAME",	 ANY_STATE, LEAVES | NAMES, cmd_rename	    },
	{ "SUBSCRIBE",	 ANY_STATE, LEAVES | NAMES, cmd_subscribe   },
	{ "UNSUBSCRIBE", ANY_STATE, LEAVES | NAMES, cmd_unsubscribe },
	{ 0 },
};

const struct extension ext_mailbox = { .rfc = 3501, .commands = commands };
