/* cmd/sort.c: SORT and UID SORT (RFC 5256), by what is displayed (RFC 5957), and with result options (RFC 5267 3) */
#include "command.h"
#include "context.h"
#include "limit.h"
#include "mail/address.h"
#include "mail/words.h"
#include "results.h"
#include "search.h"
#include "sort.h"

static int64_t arrival(const struct fetching *f)
{
	return f->date;
}

static int64_t size(const struct fetching *f)
{
	return (int64_t)f->size;
}

/* What an order that can't be read leaves out is as if it were empty. */
static struct order order(const struct fetching *f)
{
	struct order o = { 0 };

	(void)order_read(f->facts[FACT_ORDER], &o);
	return o;
}

static int64_t sent(const struct fetching *f)
{
	return order(f).sent;
}

static void subject(struct fetching *f, struct buf *ret)
{
	buf_str(ret, order(f).subject);
}

static void base_subject(struct fetching *f, struct buf *ret)
{
	buf_str(ret, fields_base_subject(f->fields, f->arena));
}

static const struct sort_row plain_subject = { "SUBJECT", NEEDS_FIELDS, NULL, base_subject, false, NULL, 0 };

/* The first address of all fields of that number. */
static struct address first(struct fetching *f, unsigned number)
{
	struct fields fields = f->fields;
	struct addresses list = { 0 };
	struct str value;

	while (list.n == 0 && fields_value(&fields, number, &value))
		address_parse(f->arena, value, &list);
	return list.n ? list.v[0] : (struct address){ 0 };
}

static void cc(struct fetching *f, struct buf *ret)
{
	buf_str(ret, first(f, FIELD_CC).mailbox);
}

static void from(struct fetching *f, struct buf *ret)
{
	buf_str(ret, first(f, FIELD_FROM).mailbox);
}

static void to(struct fetching *f, struct buf *ret)
{
	buf_str(ret, first(f, FIELD_TO).mailbox);
}

static const struct sort_row sort_keys[] = {
	{ "ARRIVAL", NEEDS_DATE,   arrival, NULL,    false, NULL,	    7 },
	{ "CC",	     NEEDS_FIELDS, NULL,    cc,	     false, NULL,	    4 },
	{ "DATE",    NEEDS_ORDER,  sent,    NULL,    false, NULL,	    8 },
	{ "FROM",    NEEDS_FIELDS, NULL,    from,    false, NULL,	    2 },
	{ "SIZE",    NEEDS_SIZE,   size,    NULL,    false, NULL,	    9 },
	{ "SUBJECT", NEEDS_ORDER,  NULL,    subject, false, &plain_subject, 1 },
	{ "TO",	     NEEDS_FIELDS, NULL,    to,	     false, NULL,	    3 },
	{ 0 },
};

/* RFC 5957 3: the name, or else the address. */
static void display(struct address a, struct buf *ret)
{
	words_decode(ret, a.name);
	if (ret->n)
		return;
	buf_str(ret, a.mailbox);
	if (a.mailbox.s && a.host.s) {
		buf_c(ret, '@');
		buf_str(ret, a.host);
	}
}

static void display_from(struct fetching *f, struct buf *ret)
{
	display(first(f, FIELD_FROM), ret);
}

static void display_to(struct fetching *f, struct buf *ret)
{
	display(first(f, FIELD_TO), ret);
}

static const struct sort_row display_keys[] = {
	{ "DISPLAYFROM", NEEDS_FIELDS, NULL, display_from, false, NULL, 5 },
	{ "DISPLAYTO",	 NEEDS_FIELDS, NULL, display_to,   false, NULL, 6 },
	{ 0 },
};

static bool sorts_by_relevancy(const struct sort_order *order)
{
	for (size_t i = 0; i < order->n; i++)
		if (order->v[i].row->by_score)
			return true;
	return false;
}

/* As they are sorted, if they are wanted. */
static uint8_t *scores(const struct sorting *sorting, const struct results *r)
{
	uint8_t *v = NULL;

	if (r->returns.options & RETURN_RELEVANCY)
		v = arena_alloc(sorting->arena, sorting->n);
	for (size_t i = 0; v && i < sorting->n; i++)
		v[i] = sorting->v[i].score;
	return v;
}

static enum verdict cmd_sort(struct session *s, struct command *cmd)
{
	struct results r = { .view = s->view, .tag = cmd->tag, .by_uid = cmd->row->flags & BY_UID };
	_cleanup_(sorting_release) struct sorting sorting = { .arena = cmd->arena };
	struct context *context = NULL;
	struct command program;
	enum verdict verdict;
	struct search search;

	if (!p_sp(&cmd->args))
		return cmd_syntax(cmd);
	program = *cmd;
	if (!(returns_parse(&cmd->args, &r.returns) && p_sort_order(s, &cmd->args, &sorting.order) &&
	      p_sp(&cmd->args)))
		return cmd_syntax(cmd);
	if (r.returns.options & RETURN_UPDATE && context_is(s, cmd->tag))
		return cmd_tag_reuse(cmd);
	verdict = search_read(s, cmd, s->view, true, &search);
	if (verdict != OK)
		return results_failed(s, &r.returns, verdict);
	if (!search.fuzzy && (r.returns.options & RETURN_RELEVANCY || sorts_by_relevancy(&sorting.order)))
		return cmd_not_fuzzy(cmd);
	if (search_limit(s, cmd, &search))
		return results_failed(s, &r.returns, cmd_limit(s, cmd));
	if (r.returns.options & RETURN_UPDATE)
		context = context_begin(s, &program, true, (struct str){ 0 });
	if (context)
		sorting.arena = context_arena(context);
	else
		sorting_rank(&sorting, s->view->box);
	search.needs = search_needs(search.keys);
	for (size_t i = 0; i < sorting.order.n; i++)
		search.needs |= sorting.order.v[i].row->needs;
	search_each(s, s->view, &search, false, sorting_add, &sorting);
	r.uids = sorting_finish(&sorting);
	r.n = sorting.n;
	r.scores = scores(&sorting, &r);
	if (context)
		context_sorted(context, &sorting);
	r.modseq = search.modseq;
	if (r.returns.extended)
		results_tell(s, &r, cmd->arena);
	else
		results_tell_plainly(s, &r, "SORT", cmd->arena);
	context_tell_refused(s, &r.returns, cmd->tag);
	return cmd_ok(cmd, "SORT done.");
}

static const struct command_row commands[] = {
	{ "SORT",     SELECTED, NUMBERED | KEEPS_NUMBERS, cmd_sort },
	{ "UID SORT", SELECTED, BY_UID,		  cmd_sort },
	{ 0 },
};
const struct extension ext_sort = { .rfc = 5256, .capability = "SORT", .commands = commands, .sort = sort_keys };
const struct extension ext_sort_display = { .rfc = 5957, .capability = "SORT=DISPLAY", .sort = display_keys };
const struct extension ext_esort = { .rfc = 5267, .capability = "ESORT" };
