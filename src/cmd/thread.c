/* cmd/thread.c: THREAD and UID THREAD (RFC 5256) */
#include "command.h"
#include "limit.h"
#include "search.h"
#include "thread.h"
#include "view.h"

/* A THREAD under way. */
struct gathering {
	struct threading threading;
	enum collation collation;
};

/* The base subject by another collation than the one that order_make() folds by. */
static struct str subject_by(struct fetching *f, enum collation collation)
{
	_cleanup_(buf_release) struct buf folded = { 0 };

	if (fetching_need(f, NEEDS_FIELDS) == 0)
		fold_to_order(&folded, collation, fields_base_subject(f->fields, f->arena), ORDER_TEXT);
	return arena_str(f->arena, buf_view(&folded));
}

static bool gather(void *data, struct fetching *f)
{
	struct gathering *g = data;
	struct threading *t = &g->threading;
	struct thread_message m = { .uid = f->uid };
	struct order o = { 0 };
	struct str id;

	/* What can't be read is a message without a header. */
	if (fetching_need(f, NEEDS_ORDER) == 0)
		(void)order_read(f->facts[FACT_ORDER], &o);
	if (g->collation != I_UNICODE_CASEMAP)
		o.subject = subject_by(f, g->collation);
	m.arrived = o.arrived;
	m.sent = o.sent;
	m.reply = o.reply;
	m.subject = intern(&t->subjects, o.subject);
	m.id = intern(&t->ids, o.id);
	m.references = arena_alloc(t->arena, o.nreferences * sizeof *m.references);
	while (order_reference(&o.references, &id))
		m.references[m.nreferences++] = intern(&t->ids, id);
	threading_add(t, m);
	return true;
}

/* Whether it has parentheses of its own: chains of only children share those of the first. */
static bool opens(const struct thread *x)
{
	return !x->parent || x->parent->child->next;
}

/* thread-list, one after the other: "(3 6 (4 23)(44 7 96))" */
static void write_threads(struct session *s, const struct view *v, const struct thread *x, bool by_uid)
{
	while (x) {
		if (opens(x))
			w_open(&s->out);
		if (x->message)
			w_number(&s->out, by_uid ? x->message->uid : view_number(v, x->message->uid));
		if (x->child) {
			x = x->child;
			continue;
		}
		for (; x && !(opens(x) && x->next); x = x->parent)
			if (opens(x))
				w_close(&s->out);
		if (x) {
			w_close(&s->out);
			w_glue(&s->out);
			x = x->next;
		}
	}
}

static bool p_algorithm(struct cursor *c, const struct thread_row **ret)
{
	const struct str start = c->rest;
	struct str name;

	if (!p_atom(c, &name))
		return false;
	*ret = thread_row_find(name);
	if (*ret)
		return true;
	return p_unknown(c, start, "a threading algorithm");
}

static enum verdict cmd_thread(struct session *s, struct command *cmd)
{
	struct gathering g = { .threading = { .arena = cmd->arena }, .collation = s->comparator.collation };
	const struct thread_row *algorithm;
	enum verdict verdict;
	struct search search;

	if (!p_sp(&cmd->args) || !p_algorithm(&cmd->args, &algorithm) || !p_sp(&cmd->args))
		return cmd_syntax(cmd);
	verdict = search_read(s, cmd, s->view, true, &search);
	if (verdict != OK)
		return verdict;
	if (search_limit(s, cmd, &search))
		return cmd_limit(s, cmd);
	g.threading.ids.arena = g.threading.subjects.arena = cmd->arena;
	search.needs = NEEDS_ORDER | search_needs(search.keys);
	search_each(s, s->view, &search, false, gather, &g);
	w_untagged(&s->out);
	w_atom(&s->out, "THREAD");
	write_threads(s, s->view, algorithm->build(&g.threading), cmd->row->flags & BY_UID);
	w_crlf(&s->out);
	return cmd_ok(cmd, "THREAD done.");
}

static const struct command_row commands[] = {
	{ "THREAD",	SELECTED, NUMBERED | KEEPS_NUMBERS, cmd_thread },
	{ "UID THREAD", SELECTED, BY_UID,		    cmd_thread },
	{ 0 },
};

static const struct thread_row algorithms[] = {
	{ "ORDEREDSUBJECT", thread_ordered_subject },
	{ "REFERENCES",	    thread_references	   },
	{ "REFS",	    thread_refs		   },
	{ 0 },
};
const struct extension ext_thread = { .rfc = 5256,
				      .capability = "THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS",
				      .commands = commands,
				      .thread = algorithms };
