/* cmd/notify.c: NOTIFY (RFC 5465) */
#include "base/buf.h"
#include "base/log.h"
#include "command.h"
#include "notify.h"
#include "sync.h"

static const struct event {
	const char *name;
	unsigned bit;
} events[] = {
	{"MessageNew",		0			  }, /* which has to come with the next */
	{ "MessageExpunge",	    0		      },
	{ "FlagChange",		NOTIFY_FLAGS	     },
	{ "MailboxName",		 NOTIFY_NAME	     },
	{ "SubscriptionChange",	NOTIFY_SUBSCRIPTION   },
	{ "MailboxMetadataChange", NOTIFY_METADATA	   },
	{ "ServerMetadataChange",  NOTIFY_SERVER_METADATA},
	{ NULL,		    0		     },
};
enum { MESSAGE_NEW, MESSAGE_EXPUNGE };

enum { GROUPS = 1000, MAILBOX_NAMES = 10000 }; /* in one command */

/* What has been read of the command. */
struct reading {
	struct session *session;
	struct cursor *c;
	struct notify_request *request;
	bool has_selected;
	bool unknown;	     /* there is an event that nobody here knows */
	const char *mistake; /* what is wrong though the syntax is right */
	size_t names;
};

static void mistake(struct reading *r, const char *what)
{
	r->mistake = r->mistake ? r->mistake : what;
}

/* [SP "(" fetch-att *(SP fetch-att) ")"]: of MessageNew; it marks nothing \Seen */
static bool p_items(struct reading *r, bool selected)
{
	struct notify_request *request = r->request;

	if (!(r->c->rest.n > 1 && str_starts(r->c->rest, STR(" ("))))
		return true;
	if (!p_sp(r->c) || !fetch_parse(r->c, &request->items, &request->nitems))
		return false;
	for (size_t i = 0; i < request->nitems; i++)
		request->items[i].peek = true;
	if (!selected)
		mistake(r, "FETCH items are for the selected mailbox only.");
	return true;
}

/* event *(SP event): the bits of all, of which those of messages go together. */
static bool p_event_list(struct reading *r, bool selected, unsigned *ret)
{
	unsigned seen = 0, bits = 0;
	struct str name;

	do {
		size_t i = 0;

		if (!p_atom(r->c, &name))
			return false;
		while (events[i].name && !str_ieq(name, str_z(events[i].name)))
			i++;
		r->unknown |= !events[i].name;
		seen |= 1u << i;
		bits |= events[i].bit;
		if (i == MESSAGE_NEW && !p_items(r, selected))
			return false;
	} while (p_sp(r->c));
	if (!(seen & 1u << MESSAGE_NEW) != !(seen & 1u << MESSAGE_EXPUNGE))
		mistake(r, "MessageNew and MessageExpunge go together.");
	else if (bits & NOTIFY_FLAGS && !(seen & 1u << MESSAGE_NEW))
		mistake(r, "FlagChange needs MessageNew and MessageExpunge.");
	if (seen & 1u << MESSAGE_NEW)
		bits |= NOTIFY_MESSAGES;
	*ret = bits;
	return true;
}

/* events = "(" event *(SP event) ")" / "NONE" */
static bool p_events(struct reading *r, bool selected, unsigned *ret)
{
	*ret = 0;
	if (p_word(r->c, "NONE"))
		return true;
	return p_char(r->c, '(') && p_event_list(r, selected, ret) && p_char(r->c, ')');
}

static bool p_selected(struct reading *r, bool delayed)
{
	unsigned bits;

	if (r->has_selected)
		mistake(r, "The selected mailbox can be meant only once.");
	r->has_selected = true;
	r->request->delayed = delayed;
	if (!p_sp(r->c) || !p_events(r, true, &bits))
		return false;
	if (bits & ~(unsigned)(NOTIFY_MESSAGES | NOTIFY_FLAGS))
		mistake(r, "Only events of messages are for the selected mailbox.");
	r->request->selected = bits;
	return true;
}

static bool p_others(struct reading *r, struct filter filter)
{
	struct notify_request *q = r->request;
	struct notify_group g = { .filter = filter };

	r->names += filter.names.n;
	if (r->names > MAILBOX_NAMES)
		return p_expected(r->c, "fewer mailboxes");
	if (!p_sp(r->c) || !p_events(r, false, &g.events))
		return false;
	if (q->ngroups == GROUPS)
		return p_expected(r->c, "fewer groups of events");
	q->groups = arena_grow(r->c->arena, q->groups, q->ngroups + 1, sizeof *q->groups);
	q->groups[q->ngroups++] = g;
	return true;
}

/* event-group = "(" filter-mailboxes SP events ")" */
static bool p_group(struct reading *r)
{
	struct filter filter;

	if (!p_char(r->c, '(') || !p_filter(r->c, &filter))
		return false;
	if (filter.kind == FILTER_SUBTREE_ONE)	/* RFC 7377 only */
		return p_expected(r->c, "\"subtree\"");
	if (filter.kind == FILTER_SELECTED || filter.kind == FILTER_SELECTED_DELAYED ?
		    !p_selected(r, filter.kind == FILTER_SELECTED_DELAYED) :
		    !p_others(r, filter))
		return false;
	return p_char(r->c, ')');
}

/* SP "SET" [SP "STATUS"] 1*(SP event-group) */
static bool p_set(struct reading *r)
{
	struct cursor *c = r->c;

	if (!p_sp(c) || !p_word(c, "SET") || !p_sp(c))
		return false;
	r->request->status = p_word(c, "STATUS");
	if (r->request->status && !p_sp(c))
		return false;
	do {
		if (!p_group(r))
			return false;
	} while (p_sp(c));
	return p_end(c);
}

static enum verdict cmd_badevent(struct command *cmd)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, "BADEVENT (");
	for (const struct event *e = events; e->name; e++) {
		buf_z(&b, e == events ? "" : " ");
		buf_z(&b, e->name);
	}
	buf_c(&b, ')');
	return cmd_no(cmd, arena_str(cmd->arena, buf_view(&b)).s,
		      "There is an event that is not known here.");
}

static void tell_gathered(struct session *s)
{
	int r = 0;

	if (s->view) {
		s->view->no_flags = false;
		r = sync_tell(s, false);
	}
	if (r < 0)
		log_errno(r, "looking at the mailbox");
}

static enum verdict set(struct session *s, struct command *cmd, struct notify_request *request, bool none)
{
	int r;

	/* RFC 5465 3.1: what has gathered in the selected mailbox until now is told as ever. */
	if (!none)
		tell_gathered(s);
	r = notify_set(s, request);
	if (r == -E2BIG)
		return cmd_no(cmd, "NOTIFICATIONOVERFLOW", "There are too many mailboxes to watch.");
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "NOTIFY completed");
}

static enum verdict cmd_notify(struct session *s, struct command *cmd)
{
	struct notify_request request = { 0 };
	struct cursor ahead = cmd->args, c;
	struct reading reading = { .session = s, .c = &c, .request = &request };
	enum verdict verdict;

	if (p_sp(&ahead) && p_word(&ahead, "NONE") && p_end(&ahead))
		return set(s, cmd, &request, true);
	/* What is asked for outlives the command. */
	cursor_init(&c, &request.arena, arena_str(&request.arena, cmd->args.rest));
	c.utf8 = cmd->args.utf8;
	c.separator = cmd->args.separator;
	if (!p_set(&reading))
		verdict = cmd_bad(cmd, arena_printf(cmd->arena, "%s", parse_complaint(&c)));
	else if (reading.mistake)
		verdict = cmd_bad(cmd, reading.mistake);
	else if (reading.unknown)
		verdict = cmd_badevent(cmd);
	else
		return set(s, cmd, &request, false);
	arena_free(&request.arena);
	return verdict;
}

static const struct command_row commands[] = {
	{"NOTIFY", ANY_STATE, LEAVES, cmd_notify },
	{ 0 },
};
const struct extension ext_notify = { .rfc = 5465, .capability = "NOTIFY", .commands = commands };
