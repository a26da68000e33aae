/* cmd/thread.c: THREAD and UID THREAD (RFC 5256) */
#include "command.h"
#include "limit.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/msgid.h"
#include "mail/subject.h"
#include "search.h"
#include "sort.h"
#include "thread.h"
#include "view.h"

enum { REFERENCES = 1000 };	/* of one message; of more the last ones count */

/* A THREAD under way. */
struct gathering {
	struct threading threading;
	struct buf folded;	/* used again and again */
};

static void gathering_release(struct gathering *g)
{
	buf_release(&g->folded);
}

/* The Message-IDs in a field, interned, the last `most` of them. */
static size_t ids_in(struct gathering *g, struct fetching *f, struct str name, size_t most, uint32_t **ret)
{
	uint32_t *ids = NULL;
	struct field field;
	struct str id;
	size_t n = 0;

	if (!header_find(f->header, name, &field))
		return 0;
	while (msgid_next(f->arena, &field.value, &id)) {
		ids = arena_grow(f->arena, ids, n + 1, sizeof *ids);
		ids[n++] = intern(&g->threading.ids, id);
	}
	*ret = ids + (n > most ? n - most : 0);
	return MIN(n, most);
}

/* References, or else the first of In-Reply-To (RFC 5256 3, REFERENCES). */
static void references(struct gathering *g, struct fetching *f, struct thread_message *m)
{
	uint32_t *ids;
	size_t n = ids_in(g, f, STR("References"), REFERENCES, &ids);

	if (n == 0)
		n = MIN(ids_in(g, f, STR("In-Reply-To"), SIZE_MAX, &ids), (size_t)1);
	m->references = arena_alloc(g->threading.arena, n * sizeof *ids);
	for (; m->nreferences < n; m->nreferences++)
		m->references[m->nreferences] = ids[m->nreferences];
}

static bool gather(void *data, struct fetching *f)
{
	struct gathering *g = data;
	struct thread_message m = { .uid = f->uid };
	struct field field;
	uint32_t *ids;

	/* What can't be read is a message without a header. */
	if (fetching_need(f, NEEDS_HEADER) < 0)
		f->header = STR("");
	m.arrived = f->date;
	m.sent = sort_sent_date(f);
	if (header_find(f->header, STR("Subject"), &field)) {
		buf_clear(&g->folded);
		fold_utf8(&g->folded, str_head(subject_base(f->arena, field.value, &m.reply), SORT_TEXT));
		m.subject = intern(&g->threading.subjects, buf_view(&g->folded));
	}
	if (ids_in(g, f, STR("Message-ID"), SIZE_MAX, &ids))
		m.id = ids[0];
	references(g, f, &m);
	threading_add(&g->threading, m);
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
	p_back(c, start);
	return p_expected(c, "a threading algorithm");
}

static enum verdict cmd_thread(struct session *s, struct command *cmd)
{
	_cleanup_(gathering_release) struct gathering g = { 0 };
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
	g.threading.arena = g.threading.ids.arena = g.threading.subjects.arena = cmd->arena;
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
