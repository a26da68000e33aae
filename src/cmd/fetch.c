/* cmd/fetch.c: FETCH and UID FETCH (RFC 9051 6.4.5), and the items of the base protocol */
#include <time.h>
#include "ahead.h"
#include "command.h"
#include "fetch.h"
#include "limit.h"
#include "progress.h"
#include "section.h"
#include "sync.h"
#include "view.h"

static int write_flags(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	sync_write_flags(s, f->message, f->more_flags);
	return 0;
}

static int write_uid(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	w_atom(&s->out, "UID");
	w_number(&s->out, f->uid);
	return 0;
}

/* In the zone of this machine: which zone a message came in is not kept anywhere. */
static int write_internaldate(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	time_t date = (time_t)f->date;
	struct tm tm;

	(void)item;
	localtime_r(&date, &tm);
	w_atom(&s->out, "INTERNALDATE");
	w_date_time(&s->out, (struct date_time){ .unix_time = f->date, .zone = (int)(tm.tm_gmtoff / 60) });
	return 0;
}

static int write_size(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	w_atom(&s->out, "RFC822.SIZE");
	w_number(&s->out, f->size);
	return 0;
}

/* What was written when the fact was made. */
static int write_fact(struct session *s, const struct fetching *f, const char *name, enum fact fact)
{
	w_atom(&s->out, name);
	w_verbatim(&s->out, f->facts[fact]);
	return 0;
}

static int write_envelope(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	return write_fact(s, f, "ENVELOPE", FACT_ENVELOPE);
}

static int write_body(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	return write_fact(s, f, "BODY", FACT_BODY);
}

static int write_bodystructure(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	return write_fact(s, f, "BODYSTRUCTURE", FACT_STRUCTURE);
}

/* Serves a range, and counts it for the log. */
static int serve(struct session *s, struct fetching *f, off_t from, off_t to, bool body, const struct partial *partial)
{
	const uint64_t before = s->conn.written + s->conn.out.n;
	const int r = fetch_literal(s, f, from, to, partial);

	*(body ? &s->served.body : &s->served.header) += s->conn.written + s->conn.out.n - before;
	return r;
}

static int write_rfc822(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	w_atom(&s->out, "RFC822");
	return serve(s, f, 0, f->file_size, true, NULL);
}

static int write_rfc822_header(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	w_atom(&s->out, "RFC822.HEADER");
	return serve(s, f, 0, f->body, false, NULL);
}

static int write_rfc822_text(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	w_atom(&s->out, "RFC822.TEXT");
	return serve(s, f, f->body, f->file_size, true, NULL);
}

/* What struct fetch_item has them as; 0 if one has no number. */
static uint64_t numbers_of(const struct section *section)
{
	uint64_t all = 0;

	for (size_t i = 0; i < section->fields.n; i++) {
		const unsigned number = field_number(section->fields.v[i]);

		if (!number)
			return 0;
		all |= UINT64_C(1) << number;
	}
	return all;
}

/* The same for each message. */
static struct str make_label(struct arena *a, const struct fetch_item *item)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct writer w;

	writer_init(&w, &b);
	w_section(&w, "BODY", &item->section, item->partial.count ? &item->partial : NULL);
	return arena_str(a, buf_view(&b));
}

/* "[" section "]" ["<" number "." nz-number ">"] */
static bool parse_section(struct cursor *c, struct fetch_item *item)
{
	if (!p_section(c, &item->section))
		return false;
	item->partial = (struct partial){ 0 };
	if (c->rest.n && c->rest.s[0] == '<' && !p_partial(c, &item->partial))
		return false;
	if (section_is_kept(&item->section)) {
		item->needs = (item->needs & SETS_SEEN) | NEEDS_FIELDS;
		item->fields = numbers_of(&item->section);
	}
	if (item->fields)
		item->label = make_label(c->arena, item);
	return true;
}

static bool parse_peek(struct cursor *c, struct fetch_item *item)
{
	item->peek = true;
	return parse_section(c, item);
}

/* What is in memory already; so partial is easy. */
static void write_text(struct session *s, struct str text, const struct partial *partial)
{
	if (partial)
		text = str_head(str_from(text, MIN(partial->first, text.n)), MIN(partial->count, text.n));
	fetch_string(s, text);
	s->served.header += text.n;
}

/* Fields that have numbers, straight from what is known of the message. */
static int write_fields(struct session *s, const struct fetching *f, const struct fetch_item *item,
			const struct partial *partial)
{
	_cleanup_(buf_release) struct buf some = { 0 };
	struct buf *out = partial ? &some : s->out.out;
	struct fields fields = f->fields;
	struct str line;
	uint64_t octets = 2;
	unsigned number;

	while (fields_next(&fields, &number, &line))
		octets += item->fields >> number & 1 ? line.n : 0;
	w_verbatim(&s->out, item->label);
	if (!partial) {
		w_literal(&s->out, octets);
		s->served.header += octets;
	}
	fields = f->fields;
	while (fields_next(&fields, &number, &line))
		if (item->fields >> number & 1)
			buf_str(out, line);
	buf_str(out, STR("\r\n"));
	if (partial)
		write_text(s, buf_view(&some), partial);
	return 0;
}

/* BODY[...] and BODY.PEEK[...] are answered alike. */
static int write_section(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	_cleanup_(piece_release) struct piece piece = { 0 };
	const struct partial *partial = item->partial.count ? &item->partial : NULL;
	int r;

	if (item->fields)
		return write_fields(s, f, item, partial);
	r = section_find(f, &item->section, &piece);
	w_section(&s->out, "BODY", &item->section, partial);
	if (r < 0) {
		w_nil(&s->out);
		return r == -ENOENT ? 0 : r;
	}
	if (!piece.in_text)
		return serve(s, f, piece.from, piece.to, piece.body, partial);
	write_text(s, buf_view(&piece.text), partial);
	return 0;
}

static const struct fetch_row items[] = {
	{ "FLAGS",	   TELLS_FLAGS,		    NULL,	   write_flags	       },
	{ "UID",	   TELLS_UID,		    NULL,	   write_uid	       },
	{ "INTERNALDATE",  NEEDS_DATE,		    NULL,	   write_internaldate  },
	{ "RFC822.SIZE",   NEEDS_SIZE,		    NULL,	   write_size	       },
	{ "ENVELOPE",	   NEEDS_ENVELOPE,	    NULL,	   write_envelope      },
	{ "BODY",	   NEEDS_BODY,		    NULL,	   write_body	       },
	{ "BODYSTRUCTURE", NEEDS_STRUCTURE,	    NULL,	   write_bodystructure },
	{ "BODY[",	   NEEDS_FILE | SETS_SEEN,  parse_section, write_section       },
	{ "BODY.PEEK[",	   NEEDS_FILE,		    parse_peek,	   write_section       },
	{ "RFC822",	   NEEDS_FILE | SETS_SEEN,  NULL,	   write_rfc822	       },
	{ "RFC822.HEADER", NEEDS_HEADER,	    NULL,	   write_rfc822_header },
	{ "RFC822.TEXT",   NEEDS_HEADER | SETS_SEEN, NULL,	   write_rfc822_text   },
	{ 0 },
};

/* What became of the messages of one FETCH. */
struct outcome {
	uint32_t *seen;		/* told to be \Seen, and still to become it */
	size_t nseen;
	size_t gone;
	int error;		/* the first failure to read one */
};

static void fetch_all(struct session *s, const struct fetch_request *request, struct outcome *o)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	struct ahead *ahead = ahead_begin(s->view->box, request->uids, request->n, fetch_needs(request), s->out.utf8);

	s->working.goal = request->n;
	for (size_t i = 0; i < request->n && !s->conn.error; i++) {
		struct fetching f;
		int r;

		progress_tell(s, &s->working, i);
		r = fetching_begin(&f, s->view->box, request->uids[i], &scratch);
		if (r == 0 && ahead)
			ahead_take(ahead, i, &f);
		if (r == 0)
			r = fetch_tell(s, &f, request->items, request->nitems, request->also);
		fetching_end(&f);
		arena_reset(&scratch);
		if (r == -ENOENT)
			o->gone++;
		else if (r < 0)
			o->error = o->error ? o->error : r;
		else if (f.becomes_seen)
			o->seen[o->nseen++] = request->uids[i];
	}
	ahead_end(ahead);
}

/* Marks what was fetched \Seen, in one change for all of it. The client has been told already, unless it wants to know the
 * mod-sequence, too: then that is left to the sync after the command.
 */
static int mark_seen(struct session *s, struct command *cmd, const struct outcome *o)
{
	const struct md_change seen = { .op = MD_ADD, .flags = MD_SEEN };
	const struct md_uids uids = { o->seen, o->nseen };
	struct md_uids modified, gone;
	int r;

	if (uids.n == 0)
		return 0;
	r = maildir_store(s->view->box, uids, &seen, cmd->arena, &modified, &gone);
	view_absorb(s->view, r < 0 || s->enabled & ON_CONDSTORE ? 0 : maildir_own_modseq(s->view->box));
	for (size_t i = 0; r < 0 && i < uids.n; i++)
		sync_fetch_flags(s, uids.v[i], cmd->row->flags & BY_UID);
	return r;
}

static enum verdict cmd_fetch(struct session *s, struct command *cmd)
{
	struct fetch_request f = { .by_uid = cmd->row->flags & BY_UID };
	struct outcome o = { 0 };
	const char *why;
	int r;

	if (!fetch_parse_request(s, &cmd->args, &f))
		return cmd_syntax(cmd);
	why = fetch_prepare(s, cmd->arena, &f);
	if (why)
		return cmd_bad(cmd, why);
	limit_messages(s, cmd, &f.uids, &f.n);
	if (fetch_sets_seen(f.items, f.nitems))
		o.seen = arena_alloc(cmd->arena, f.n * sizeof *o.seen);
	fetch_all(s, &f, &o);
	r = mark_seen(s, cmd, &o);
	if (o.error || r < 0)
		return cmd_failed(cmd, o.error ? o.error : r);
	if (o.gone)	/* RFC 2180 4.1.2 */
		return cmd_no(cmd, "EXPUNGEISSUED", "Some of the messages no longer exist.");
	return cmd_ok(cmd, "FETCH completed.");
}

static const struct command_row commands[] = {
	{ "FETCH",     SELECTED, NUMBERED | KEEPS_NUMBERS, cmd_fetch },
	{ "UID FETCH", SELECTED, BY_UID,			cmd_fetch },
	{ 0 },
};
const struct extension ext_fetch = { .rfc = 3501, .commands = commands, .fetch = items };
