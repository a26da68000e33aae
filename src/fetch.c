/* fetch.c: one message that is being fetched or searched, and the FETCH line about it */
#include <stdlib.h>
#include <string.h>
#include "base/fd.h"
#include "fetch.h"
#include "fetching.h"
#include "mail/decode.h"
#include "mail/header.h"
#include "mail/sent.h"
#include "sync.h"
#include "view.h"

/* Up to this many octets of a text go through memory at once; of a longer one the size is counted first, and it is streamed. */
enum { PIECE = 64 * 1024 };

void fetching_of(struct fetching *f, struct maildir *box, const struct message *message, struct arena *arena)
{
	*f = (struct fetching){ .box = box, .uid = message->uid, .message = message, .arena = arena, .fd = -1 };
}

int fetching_begin(struct fetching *f, struct maildir *box, uint32_t uid, struct arena *arena)
{
	const struct message *message = maildir_message(box, uid);

	fetching_of(f, box, message ? message : &(struct message){ .uid = uid }, arena);
	f->message = message;
	return message ? 0 : -ENOENT;
}

void fetching_end(struct fetching *f)
{
	fd_closep(&f->fd);
	if (!f->unasked)
		cache_ask(f->cache, f->key.folder, f->have >> 16);
	cache_commit(f->cache, COMMIT_FROM);
}

static int need_file(struct fetching *f)
{
	struct md_file file;
	const int r = maildir_message_file(f->box, f->uid, &file);

	f->message = maildir_message(f->box, f->uid);
	if (r < 0)	/* what has another's place now, a link or a directory, is no message to read */
		return r == -ELOOP || r == -EINVAL ? -EIO : r;
	f->fd = file.fd;
	f->file_size = file.size;
	f->file_date = file.mtime;
	return f->message ? 0 : -ENOENT;
}

/* Whether the last line is empty, which is where a header section ends. */
static bool ends_empty(struct str header)
{
	if (!str_ends(header, STR("\n")))
		return false;
	header.n -= str_ends(header, STR("\r\n")) ? 2 : 1;
	return header.n == 0 || str_ends(header, STR("\n"));
}

bool fetching_is_small(const struct fetching *f)
{
	return f->file_size <= START_MAX;
}

int fetching_start(struct fetching *f)
{
	const size_t n = (size_t)MIN(f->file_size, (off_t)START_MAX);
	char *p;
	ssize_t r;

	if (f->start.s)
		return 0;
	p = arena_room(f->arena, n + 1);
	r = fd_pread_all(f->fd, p, n, 0);
	if (r < 0)
		return (int)r;
	f->start = (struct str){ p, (size_t)r };
	return 0;
}

/* The header is in the start. */
static int short_header(struct fetching *f, size_t n)
{
	f->header = str_head(f->start, n);
	f->body = (off_t)n;
	if (str_find(f->header, 0) < n) {
		f->header = arena_str(f->arena, f->header);
		sent_no_nul((char *)(uintptr_t)f->header.s, n);
	}
	return 0;
}

static int need_header(struct fetching *f)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	int r = fetching_start(f);
	const size_t n = header_length(f->start);

	if (r == 0 && (n || fetching_is_small(f)))
		return short_header(f, n ? n : f->start.n);
	if (r == 0)
		r = header_read(f->fd, 0, f->file_size, HEADER_MAX, &b);
	if (r < 0)
		return r;
	f->header = arena_str(f->arena, buf_view(&b));
	if ((off_t)b.n == f->file_size || ends_empty(f->header)) {	/* so this is all of it */
		f->body = (off_t)b.n;
		return 0;
	}
	return header_end(f->fd, 0, -1, &f->body);
}

static int need_parts(struct fetching *f)
{
	const int r = fetching_is_small(f) ? fetching_start(f) : mime_parse(f->fd, f->arena, &mime_limits, &f->parts);

	if (r == 0 && fetching_is_small(f))
		mime_parse_str(f->start, f->arena, &mime_limits, &f->parts);
	return r;
}

int fetching_need(struct fetching *f, unsigned needs)
{
	int r = 0;

	needs &= ~f->have;
	if (needs & (NEEDS_HEADER | NEEDS_PARTS))
		needs |= NEEDS_FILE & ~f->have;
	if (needs & NEEDS_FILE)
		r = need_file(f);
	if (r == 0 && needs & NEEDS_HEADER)
		r = need_header(f);
	if (r == 0 && needs & NEEDS_PARTS)
		r = need_parts(f);
	if (r == 0)
		f->have |= needs & (NEEDS_FILE | NEEDS_HEADER | NEEDS_PARTS);
	for (unsigned facts = needs >> 16; r == 0 && facts; facts &= facts - 1)
		r = fact_need(f, (enum fact)__builtin_ctz(facts));
	return r;
}

int fetching_places(struct fetching *f)
{
	const int r = fetching_need(f, NEEDS_FILE);

	if (r < 0 || f->have & NEEDS_PARTS)
		return r;
	return fetching_need(f, f->file_size < PLACES_FROM ? NEEDS_PARTS : NEEDS_PLACES);
}

/* All of a macro's items (RFC 9051 6.4.5). */
static const struct macro {
	const char *name, *items;
} macros[] = {
	{ "ALL",  "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"	   },
	{ "FAST", "(FLAGS INTERNALDATE RFC822.SIZE)"		   },
	{ "FULL", "(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)" },
	{ NULL,	  NULL						   },
};

static bool parse_item(struct cursor *c, struct fetch_item **v, size_t *n)
{
	const struct str start = c->rest;
	struct fetch_item item = { .row = fetch_row_find(c->rest) };

	if (!item.row)
		return p_expected(c, "a FETCH item");
	item.needs = item.row->needs;
	/* What opens a section is its rule's to take. */
	c->rest = str_from(c->rest, str_find(str_z(item.row->name), '['));
	if (item.row->parse && !item.row->parse(c, &item))
		return p_back(c, start);
	if (c->rest.n && c->rest.s[0] != ' ' && c->rest.s[0] != ')')
		return p_unknown(c, start, "a FETCH item");
	*v = arena_grow(c->arena, *v, *n + 1, sizeof **v);
	(*v)[(*n)++] = item;
	return true;
}

/* "(" fetch-att *(SP fetch-att) ")" / fetch-att */
static bool parse_items(struct cursor *c, struct fetch_item **ret, size_t *ret_n)
{
	struct fetch_item *v = NULL;
	size_t n = 0;

	if (p_char(c, '(')) {
		do {
			if (!parse_item(c, &v, &n))
				return false;
		} while (p_sp(c));
		if (!p_char(c, ')'))
			return false;
	} else if (!parse_item(c, &v, &n)) {
		return false;
	}
	*ret = v;
	*ret_n = n;
	return true;
}

bool fetch_parse(struct cursor *c, struct fetch_item **ret, size_t *ret_n)
{
	for (const struct macro *m = macros; m->name; m++) {
		struct cursor inner;

		if (!p_word(c, m->name))
			continue;
		cursor_init(&inner, c->arena, str_z(m->items));
		return parse_items(&inner, ret, ret_n);
	}
	return parse_items(c, ret, ret_n);
}

/* One modifier; each kind once. */
static bool parse_modifier(struct cursor *c, struct fetch_request *f)
{
	const struct str start = c->rest;
	const struct fetch_modifier_row *row;
	struct str name;

	if (!p_atom(c, &name))
		return false;
	row = fetch_modifier_find(name);
	for (size_t i = 0; i < f->nmodifiers; i++)
		if (f->modifiers[i] == row)
			row = NULL;
	if (!row || f->nmodifiers == FETCH_MODIFIERS)
		return p_unknown(c, start, "a FETCH modifier");
	f->modifiers[f->nmodifiers++] = row;
	return !row->parse || row->parse(c, f) || p_back(c, start);
}

static bool parse_modifiers(struct cursor *c, struct fetch_request *f)
{
	if (p_end(c))
		return true;
	if (!p_sp(c) || !p_char(c, '('))
		return false;
	do {
		if (!parse_modifier(c, f))
			return false;
	} while (p_sp(c));
	return p_char(c, ')') && p_end(c);
}

bool fetch_parse_request(struct session *s, struct cursor *c, struct fetch_request *ret)
{
	struct fetch_request f = { .by_uid = ret->by_uid };

	if (!(p_sp(c) && p_sequence_set(c, &f.set) && p_sp(c) && fetch_parse(c, &f.items, &f.nitems) && parse_modifiers(c, &f)))
		return false;
	if (f.by_uid)	/* with QRESYNC that has both */
		f.also |= TELLS_UID | (s->enabled & ON_QRESYNC ? TELLS_MODSEQ : 0);
	*ret = f;
	return true;
}

static bool is_asked(const struct fetch_request *f, const struct fetch_modifier_row *row)
{
	for (size_t i = 0; i < f->nmodifiers; i++)
		if (f->modifiers[i] == row)
			return true;
	return false;
}

/* Few have changed, as a rule, of many. But PARTIAL counts all. */
static bool find_messages(struct session *s, struct arena *a, struct fetch_request *f)
{
	const enum resolve how = f->by_uid ? BY_UIDS : BY_NUMBER;

	if (!f->since || f->range.a)
		return view_resolve(s->view, f->set, how, a, &f->uids, &f->n);
	return view_resolve_changed(s->view, f->set, how, f->changedsince, a, &f->uids, &f->n);
}

const char *fetch_prepare(struct session *s, struct arena *a, struct fetch_request *f)
{
	unsigned enables = 0;
	const char *why = NULL;

	if (!find_messages(s, a, f))
		return "No message has that number.";
	for (size_t i = 0; i < f->nitems; i++)
		enables |= row_enables(f->items[i].row);
	for (size_t i = 0; i < f->nmodifiers; i++)
		enables |= row_enables(f->modifiers[i]);
	sync_enable(s, enables);
	for (const struct extension *const *e = extensions; *e; e++)
		for (const struct fetch_modifier_row *row = (*e)->fetch_modifiers; !why && row && row->name; row++)
			if (row->apply && is_asked(f, row))
				why = row->apply(s, a, f);
	return why;
}

static unsigned all_needs(const struct fetch_item *items, size_t n)
{
	unsigned needs = 0;

	for (size_t i = 0; i < n; i++)
		needs |= items[i].needs & (items[i].peek ? ~(unsigned)SETS_SEEN : ~0u);
	return needs;
}

unsigned fetch_needs(const struct fetch_request *f)
{
	return all_needs(f->items, f->nitems);
}

bool fetch_sets_seen(const struct fetch_item *items, size_t n)
{
	return all_needs(items, n) & SETS_SEEN;
}

/* Whether the section of an item can be decoded (RFC 3516 4.3; RFC 9051 6.4.5). */
static int decodable(struct fetching *f, const struct section *section)
{
	const int r = section->parts ? fetching_places(f) : 0;
	const struct part *part = r == 0 && section->parts ? mime_find(f->parts, section->part, section->parts) : NULL;

	if (r < 0 || !part)
		return r;
	if (part->kind != PART_LEAF)
		return -EPROTOTYPE;
	return encoding_of(part->encoding) == ENCODING_UNKNOWN ? -EPROTONOSUPPORT : 0;
}

int fetch_tell(struct session *s, struct fetching *f, const struct fetch_item *items, size_t n, unsigned also)
{
	const unsigned needs = all_needs(items, n);
	const bool anew = s->enabled & ON_CONDSTORE;	/* flags it gets are told again, with their MODSEQ */
	int r;

	f->utf8 = s->out.utf8;
	f->keep = true;
	r = fetching_need(f, needs);
	for (size_t i = 0; needs & NEEDS_DECODING && r == 0 && i < n; i++)
		if (items[i].needs & NEEDS_DECODING)
			r = decodable(f, &items[i].section);
	if (r < 0)
		return r;
	f->becomes_seen = needs & SETS_SEEN && !s->view->readonly && !(f->message->flags & MD_SEEN);
	f->more_flags = f->becomes_seen && !anew ? MD_SEEN : 0;
	sync_begin_fetch(s, f->uid, also & ~needs & TELLS_UID);
	if (also & ~needs & TELLS_MODSEQ)
		sync_write_modseq(s, f->message);
	/* First, since there are clients that want the end of a literal to be the end of the answer. */
	if (f->more_flags && !(needs & TELLS_FLAGS))
		sync_write_flags(s, f->message, f->more_flags);
	for (size_t i = 0; i < n; i++) {
		const int one = items[i].row->write(s, f, &items[i]);

		r = r < 0 ? r : one;
		conn_flush_some(&s->conn, PIECE);	/* a line may have thousands of them */
	}
	w_close(&s->out);
	w_crlf(&s->out);
	conn_flush_lines(&s->conn, PIECE);
	return r;
}

void fetch_forget(struct session *s)
{
	s->resume = (struct resume){ 0 };
	free(s->decoding);
	s->decoding = NULL;
}

void fetch_pad(struct session *s, uint64_t octets)
{
	char blanks[256];

	memset(blanks, ' ', sizeof blanks);
	for (; octets && !s->conn.error; octets -= MIN(octets, sizeof blanks))
		conn_write(&s->conn, blanks, MIN(octets, sizeof blanks));
}

static int stream(struct session *s, struct sent *in, uint64_t octets)
{
	char piece[PIECE];

	while (octets && !s->conn.error) {
		const ssize_t got = sent_read(in, piece, MIN(octets, sizeof piece));

		if (got <= 0) {
			fetch_pad(s, octets);
			return got < 0 ? (int)got : -EIO;
		}
		conn_write(&s->conn, piece, (size_t)got);
		octets -= (uint64_t)got;
	}
	return 0;
}

void fetch_string(struct session *s, struct str text)
{
	if (text.n == 0) {
		w_string(&s->out, text);
		return;
	}
	w_literal(&s->out, text.n);
	buf_str(s->out.out, text);
}

static int small_literal(struct session *s, struct fetching *f, off_t from, off_t to)
{
	_cleanup_(buf_release) struct buf stored = { 0 }, sent = { 0 };
	const ssize_t got = fd_pread_all(f->fd, buf_reserve(&stored, (size_t)(to - from) + 1), (size_t)(to - from), from);

	if (got < 0) {
		w_nil(&s->out);
		return (int)got;
	}
	stored.n = (size_t)got;
	buf_reserve(&sent, stored.n + stored.n / 16);
	sent_str(&sent, buf_view(&stored));
	fetch_string(s, buf_view(&sent));
	return 0;
}

/* The size of a range, remembered since clients fetch big texts in pieces. */
static int range_size(struct session *s, const struct fetching *f, off_t from, off_t to)
{
	uint64_t size;
	int r;

	if (s->resume.uid == f->uid && s->resume.from == from && s->resume.to == to)
		return 0;
	r = sent_size(f->fd, from, to, &size, NULL);
	if (r == 0)
		s->resume = (struct resume){ .uid = f->uid, .from = from, .to = to, .size = size, .mark.at = from };
	return r;
}

/* Puts in at octet first of the range that s->resume is about. */
static int seek(struct session *s, struct fetching *f, struct sent *in, uint64_t first)
{
	if (s->resume.mark.octets <= first) {
		sent_open_at(in, f->fd, s->resume.mark, s->resume.to);
		return sent_skip(in, first - s->resume.mark.octets);
	}
	return sent_open_skip(in, f->fd, s->resume.from, s->resume.to, s->resume.size, first);
}

int fetch_literal(struct session *s, struct fetching *f, off_t from, off_t to, const struct partial *partial)
{
	uint64_t first = 0, count;
	struct sent in;
	int r;

	if (!partial && to - from <= PIECE)
		return small_literal(s, f, from, to);
	r = range_size(s, f, from, to);
	if (r < 0) {
		w_nil(&s->out);
		return r;
	}
	count = s->resume.size;
	if (partial) {
		first = MIN(partial->first, s->resume.size);
		count = MIN(partial->count, s->resume.size - first);
	}
	if (count == 0) {
		fetch_string(s, STR(""));
		return 0;
	}
	r = seek(s, f, &in, first);
	w_literal(&s->out, count);
	if (r < 0) {
		fetch_pad(s, count);
		return r;
	}
	r = stream(s, &in, count);
	s->resume.mark = sent_tell(&in);
	return r;
}
