/* cmd/multisearch.c: ESEARCH: a search in many mailboxes (RFC 7377) */
#include "base/log.h"
#include "command.h"
#include "context.h"
#include "filter.h"
#include "results.h"
#include "search.h"

enum { FILTERS = 64 };	/* in one command */

/* Where to search: the selected mailbox if n is 0. */
struct sources {
	struct filter v[FILTERS];
	size_t n;
};

/* "IN" SP "(" filter-mailboxes *(SP filter-mailboxes) ")" SP; of scope-options there are none */
static bool p_sources(struct cursor *c, struct sources *ret)
{
	if (!p_word(c, "IN"))
		return true;
	if (!p_sp(c) || !p_char(c, '('))
		return false;
	do {
		if (ret->n == FILTERS)
			return p_expected(c, "fewer sources");
		if (!p_filter(c, &ret->v[ret->n]))
			return false;
		if (ret->v[ret->n++].kind == FILTER_SELECTED_DELAYED)
			return p_expected(c, "\"selected\"");
	} while (p_sp(c));
	return p_char(c, ')') && p_sp(c);
}

/* Whether the selected mailbox is among them by that word; ret_only: and nothing else is. */
static bool names_selected(const struct sources *sources, bool *ret_only)
{
	bool selected = sources->n == 0;

	*ret_only = true;
	for (size_t i = 0; i < sources->n; i++) {
		selected |= sources->v[i].kind == FILTER_SELECTED;
		*ret_only &= sources->v[i].kind == FILTER_SELECTED;
	}
	return selected;
}

/* Searches one mailbox as the command says, with what it needs in a. The answer only if something is found (2.1). */
static void search_one(struct session *s, struct command cmd, const struct returns *returns, struct str name,
		       const struct view *v, struct arena *a)
{
	struct results r = { .view = v, .tag = cmd.tag, .mailbox = name, .returns = *returns, .by_uid = true };
	struct context *context = NULL;
	struct search search;
	uint32_t *uids;
	bool backwards;
	size_t enough;

	if (returns->options & RETURN_UPDATE && v == s->view)
		context = context_begin(s, &cmd, false, name);
	cmd.arena = cmd.args.arena = a;
	if (!returns_parse(&cmd.args, &r.returns) || search_read(s, &cmd, v, false, &search) != OK)
		return;
	search.part = true;
	enough = returns_enough(returns, &backwards);
	search_run(s, v, &search, context ? 0 : enough, backwards, a, &uids, &r.n);
	if (context)
		context_found(context, uids, r.n);
	r.uids = uids;
	r.scores = search.scores;
	r.modseq = search.modseq;
	if (r.n)
		results_tell(s, &r, a);
	else if (returns->options & RETURN_SAVE)
		view_save(s->view, NULL, 0);
	conn_flush_some(&s->conn, 65536);
}

/* A mailbox that is not the selected one is opened for it. One that can't be is passed over (2.2). */
static void search_mailbox(struct session *s, const struct command *cmd, const struct returns *returns, struct str name,
			   struct str folder, struct arena *a)
{
	struct maildir *opened = NULL, *box;
	int r = session_open(s, folder, MD_READONLY, &opened, &box);

	if (r == 0 && opened)
		r = maildir_update(opened, 0);
	if (r < 0) {
		if (r != -ENOENT)
			log_errno(r, "ESEARCH");
		maildir_close(opened);
		return;
	}
	if (opened) {
		struct view *v = view_new(opened, true);

		view_begin(v);
		search_one(s, *cmd, returns, name, v, a);
		view_free(v);
	} else {
		search_one(s, *cmd, returns, name, s->view, a);
	}
}

static bool is_meant(struct session *s, const struct sources *sources, bool selected, const struct name *name,
		     struct str folder)
{
	for (size_t i = 0; i < sources->n; i++)
		if (filter_matches(&sources->v[i], name, s->store.separator))
			return true;
	return selected && session_has_selected(s, folder);
}

/* Each mailbox once, by name. A negative errno if they can't be listed. */
static int search_all(struct session *s, const struct command *cmd, const struct sources *sources, bool selected,
		      const struct returns *returns)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	const struct patterns none = { 0 };
	struct name *v;
	size_t n;
	const int r = names_list(s, &none, cmd->arena, &v, &n);

	for (size_t i = 0; r == 0 && i < n && !s->conn.error; i++) {
		struct str folder;

		if (v[i].is & NAME_EXISTS && store_folder(&s->store, &scratch, v[i].name, &folder) == 0 &&
		    is_meant(s, sources, selected, &v[i], folder))
			search_mailbox(s, cmd, returns, v[i].name, folder, &scratch);
		arena_reset(&scratch);
	}
	return r;
}

static enum verdict cmd_esearch(struct session *s, struct command *cmd)
{
	static const struct view nothing;
	struct sources sources = { .n = 0 };
	struct returns returns;
	struct command program;
	enum verdict verdict;
	struct search search;
	bool selected, only;
	int r;

	if (!p_sp(&cmd->args) || !p_sources(&cmd->args, &sources))
		return cmd_syntax(cmd);
	program = *cmd;
	if (!returns_parse(&cmd->args, &returns))
		return cmd_syntax(cmd);
	selected = names_selected(&sources, &only);
	if (selected && !s->view)
		return cmd_bad(cmd, "No mailbox is selected.");
	if (returns.options & RETURN_SAVE && !only)
		return cmd_bad(cmd, "Only what is found in the selected mailbox can be saved.");
	if (returns.options & RETURN_UPDATE && !s->view)	/* RFC 7377 2.2 */
		return cmd_bad(cmd, "No mailbox is selected.");
	if (returns.options & RETURN_UPDATE && context_is(s, cmd->tag))
		return cmd_tag_reuse(cmd);
	verdict = search_read(s, cmd, &nothing, false, &search);	/* to know that it is right, wherever */
	if (verdict != OK)
		return results_failed(s, &returns, verdict);
	if (returns.options & RETURN_RELEVANCY && !search.fuzzy)
		return cmd_not_fuzzy(cmd);
	if (search.saved && !only)
		return cmd_bad(cmd, "\"$\" is about the selected mailbox.");
	if (selected && s->view->removed)
		return results_failed(s, &returns, cmd_failed(cmd, -ENOENT));
	r = search_all(s, &program, &sources, selected, &returns);
	context_tell_refused(s, &returns, cmd->tag);
	return r < 0 ? results_failed(s, &returns, cmd_failed(cmd, r)) : cmd_ok(cmd, "ESEARCH done.");
}

static const struct command_row commands[] = {
	{ "ESEARCH", ANY_STATE, LEAVES, cmd_esearch },
	{ 0 },
};
const struct extension ext_multisearch = { .rfc = 7377, .capability = "MULTISEARCH", .commands = commands };
