/* results.c: what was found, and what of it the client wants to be told (RFC 4731, RFC 4466 2.6.2) */
#include <stdlib.h>
#include "results.h"
#include "view.h"

bool p_partial_range(struct cursor *c, struct range *ret)
{
	const struct str start = c->rest;
	struct range range = { .from_end = p_char(c, '-') };

	if (!(p_nz_number(c, &range.a) && p_char(c, ':') && (!range.from_end || p_char(c, '-')) &&
	      p_nz_number(c, &range.b)))
		return p_back(c, start);
	*ret = range;
	return true;
}

void range_of(struct range range, size_t n, size_t *ret_from, size_t *ret_to)
{
	const size_t from = MIN((size_t)MIN(range.a, range.b) - 1, n), to = MIN((size_t)MAX(range.a, range.b), n);

	*ret_from = from == n ? n : range.from_end ? n - to : from;
	*ret_to = from == n ? n : range.from_end ? n - from : to;
}

/* search-return-opt */
static bool p_option(struct cursor *c, struct returns *r)
{
	const struct str start = c->rest;
	const struct return_row *row;
	struct str name;

	if (!p_atom(c, &name))
		return false;
	row = return_row_find(name);
	/* One ALL or one PARTIAL, not both (RFC 9394 3.1). */
	if (!row || (row->option == RETURN_PARTIAL && r->options & (RETURN_PARTIAL | RETURN_ALL)) ||
	    (row->option == RETURN_ALL && r->options & RETURN_PARTIAL)) {
		return p_unknown(c, start, "a result option");
	}
	if (row->parse && !row->parse(c, r))
		return p_back(c, start);
	r->options |= row->option;
	return true;
}

bool returns_parse(struct cursor *c, struct returns *ret)
{
	struct returns r = { 0 };

	if (p_word(c, "RETURN")) {
		r.extended = true;
		if (!p_sp(c) || !p_char(c, '('))
			return false;
		if (!p_char(c, ')')) {
			do {
				if (!p_option(c, &r))
					return false;
			} while (p_sp(c));
			if (!p_char(c, ')'))
				return false;
		}
		if (!p_sp(c))
			return false;
	}
	if (r.options == 0)
		r.options = RETURN_ALL;
	*ret = r;
	return true;
}

size_t returns_enough(const struct returns *r, bool *ret_backwards)
{
	const unsigned items = r->options & RETURN_ITEMS;

	*ret_backwards = items == RETURN_MAX || (items == RETURN_PARTIAL && r->range.from_end);
	if (items == RETURN_MIN || items == RETURN_MAX)
		return 1;
	return items == RETURN_PARTIAL ? MAX(r->range.a, r->range.b) : 0;
}

uint32_t results_number(const struct results *r, size_t i)
{
	return r->by_uid ? r->uids[i] : view_number(r->view, r->uids[i]);
}

struct seqset results_set(const struct results *r, size_t from, size_t to, struct arena *a)
{
	struct seqset set = { 0 };

	for (size_t i = from; i < to; i++) {
		const uint32_t number = results_number(r, i);

		if (set.n && set.v[set.n - 1].b == number - 1) {
			set.v[set.n - 1].b = number;
			continue;
		}
		set.v = arena_grow(a, set.v, set.n + 1, sizeof *set.v);
		set.v[set.n++] = (struct seq){ number, number };
	}
	return set;
}

/* The UIDs that the answer speaks of: what SAVE keeps (RFC 5182 2.4, RFC 9394 3.2), and what MODSEQ is the highest of (RFC
 * 4731 3.2). With COUNT, ALL or nothing to be told that is all; else what PARTIAL, MIN and MAX give. Ascending.
 */
static uint32_t *spoken_of(const struct results *r, struct arena *a, size_t *ret_n)
{
	const unsigned items = r->returns.options & RETURN_ITEMS & ~(unsigned)RETURN_RELEVANCY;
	uint32_t *uids = arena_alloc(a, (r->n + 2) * sizeof *uids);
	size_t from = 0, to = r->n, n = 0;

	if (items && !(items & (RETURN_ALL | RETURN_COUNT))) {
		to = 0;
		if (items & RETURN_PARTIAL)
			range_of(r->returns.range, r->n, &from, &to);
		if (items & RETURN_MIN && r->n)
			uids[n++] = r->uids[0];
		if (items & RETURN_MAX && r->n)
			uids[n++] = r->uids[r->n - 1];
	}
	for (size_t i = from; i < to; i++)
		uids[n++] = r->uids[i];
	*ret_n = uids_sort(uids, n);
	return uids;
}

/* The highest mod-sequence of what is told, or 0. */
static uint64_t modseq_of(const struct results *r, struct arena *a)
{
	uint64_t highest = 0;
	size_t n;
	const uint32_t *uids = spoken_of(r, a, &n);

	for (size_t i = 0; i < n; i++) {
		const struct message *m = maildir_message(r->view->box, uids[i]);

		highest = m ? MAX(highest, m->modseq) : highest;
	}
	return highest;
}

/* "(" "TAG" SP string [SP "MAILBOX" SP astring SP "UIDVALIDITY" SP nz-number] ")" */
static void write_correlator(struct session *s, const struct results *r)
{
	w_open(&s->out);
	w_atom(&s->out, "TAG");
	w_string(&s->out, r->tag);
	if (r->mailbox.s) {
		w_atom(&s->out, "MAILBOX");
		w_mailbox(&s->out, r->mailbox);
		w_atom(&s->out, "UIDVALIDITY");
		w_number(&s->out, maildir_uidvalidity(r->view->box));
	}
	w_close(&s->out);
}

void results_begin(struct session *s, const struct results *r)
{
	w_untagged(&s->out);
	w_atom(&s->out, "ESEARCH");
	write_correlator(s, r);
	if (r->by_uid)
		w_atom(&s->out, "UID");
}

void results_tell(struct session *s, const struct results *r, struct arena *a)
{
	const uint64_t modseq = r->modseq ? modseq_of(r, a) : 0;

	if (r->returns.options & RETURN_SAVE) {
		size_t n;
		const uint32_t *uids = spoken_of(r, a, &n);

		view_save(s->view, uids, n);
	}
	if (r->returns.options == RETURN_SAVE)
		return;
	results_begin(s, r);
	for (const struct extension *const *e = extensions; *e; e++)
		for (const struct return_row *row = (*e)->returns; row && row->name; row++)
			if (r->returns.options & row->option && row->write)
				row->write(s, r, a);
	if (modseq) {
		w_atom(&s->out, "MODSEQ");
		w_number(&s->out, modseq);
	}
	w_crlf(&s->out);
}

void results_tell_plainly(struct session *s, const struct results *r, const char *word, struct arena *a)
{
	const uint64_t modseq = r->modseq ? modseq_of(r, a) : 0;

	w_untagged(&s->out);
	w_atom(&s->out, word);
	for (size_t i = 0; i < r->n; i++)
		w_number(&s->out, results_number(r, i));
	if (modseq) {
		w_open(&s->out);
		w_atom(&s->out, "MODSEQ");
		w_number(&s->out, modseq);
		w_close(&s->out);
	}
	w_crlf(&s->out);
}

enum verdict results_failed(struct session *s, const struct returns *r, enum verdict verdict)
{
	if (verdict == NO && r->options & RETURN_SAVE && s->view)
		view_save(s->view, NULL, 0);
	return verdict;
}
