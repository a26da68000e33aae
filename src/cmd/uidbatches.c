/* cmd/uidbatches.c: UIDBATCHES: ranges of UIDs with equally many messages each (RFC 10022) */
#include <stdio.h>
#include "command.h"
#include "session.h"
#include "view.h"

/* Smaller batches are refused, and so is asking for a part of them that has more messages. */
enum { LEAST = 500, MOST = 100000 };

/* What is asked for: batches of size messages, from the first to the last of them, counted from 1. */
struct batches {
	uint32_t size, first, last;
	bool some;	/* first and last were said */
};

/* SP nz-number [SP nz-number ":" nz-number], to the end */
static bool p_batches(struct cursor *c, struct batches *ret)
{
	struct batches b = { .first = 1, .last = UINT32_MAX };

	if (!p_sp(c) || !p_nz_number(c, &b.size))
		return false;
	b.some = p_sp(c);
	if (b.some && !(p_nz_number(c, &b.first) && p_char(c, ':') && p_nz_number(c, &b.last)))
		return false;
	*ret = b;
	return p_end(c);
}

/* From the last message downwards. Between two messages a range ends where the next begins, and the last one reaches 1, so
 * all UIDs up to the highest are in one.
 */
static void tell(struct session *s, struct str tag, const struct batches *b)
{
	const struct view *v = s->view;
	const char *comma = "";

	w_untagged(&s->out);
	w_atom(&s->out, "UIDBATCHES");
	w_open(&s->out);
	w_atom(&s->out, "TAG");
	w_string(&s->out, tag);
	w_close(&s->out);
	for (uint64_t k = b->first; k <= b->last && (k - 1) * b->size < v->n; k++) {
		const size_t high = v->n - (size_t)((k - 1) * b->size);
		const uint32_t low = high > b->size ? view_uid(v, high - b->size - 1) + 1 : 1;
		char range[32];

		snprintf(range, sizeof range, "%s%u:%u", comma, view_uid(v, high - 1), low);
		if (*comma)
			w_glue(&s->out);
		w_atom(&s->out, range);
		comma = ",";
		conn_flush_some(&s->conn, 65536);
	}
	w_crlf(&s->out);
}

static enum verdict cmd_uidbatches(struct session *s, struct command *cmd)
{
	const uint64_t limit = s->config.message_limit;
	struct batches b;

	if (!p_batches(&cmd->args, &b))
		return cmd_syntax(cmd);
	if (b.last < b.first)
		return cmd_bad_code(cmd, "CLIENTBUG", "The last batch comes before the first.");
	if (b.size < (limit ? MIN(limit, LEAST) : LEAST))
		return cmd_no(cmd, "TOOFEW", "Batches have 500 messages at least.");
	if ((limit && b.size > limit) || (b.some && (uint64_t)b.size * (b.last - b.first + UINT64_C(1)) > MOST))
		return cmd_no(cmd, "TOOMANY", "These are too many messages at once.");
	tell(s, cmd->tag, &b);
	return cmd_ok(cmd, "UIDBATCHES completed.");
}

static const struct command_row commands[] = {
	{ "UIDBATCHES", SELECTED, BY_UID, cmd_uidbatches },
	{ 0 },
};
const struct extension ext_uidbatches = { .rfc = 10022, .capability = "UIDBATCHES", .commands = commands };
