/* sync.c: the view against the folder, as untagged responses */
#include <assert.h>
#include <stdlib.h>
#include "context.h"
#include "sync.h"
#include "view.h"
#include "warm.h"

static_assert((int)MD_ANSWERED == FLAG_ANSWERED && (int)MD_FLAGGED == FLAG_FLAGGED && (int)MD_DELETED == FLAG_DELETED &&
		      (int)MD_SEEN == FLAG_SEEN && (int)MD_DRAFT == FLAG_DRAFT,
	      "flags are the same bits in both rooms");

void sync_write_flags(struct session *s, const struct message *m, unsigned more)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str few[16];	/* nearly always enough, and FETCH asks for many messages */
	const struct keywords *k = maildir_keywords(s->view->box, m);
	struct str *names = k->n <= COUNT(few) ? few : arena_alloc(&a, k->n * sizeof *names);
	unsigned system = m->flags | more;

	for (size_t i = 0; i < k->n; i++)
		names[i] = maildir_keyword_name(s->view->box, k->v[i]);
	if (view_recent(s->view, m->uid) && !(s->enabled & ON_REV2))
		system |= FLAG_RECENT;
	w_atom(&s->out, "FLAGS");
	w_flags(&s->out, system, names, k->n);
}

void sync_write_modseq(struct session *s, const struct message *m)
{
	w_atom(&s->out, "MODSEQ");
	w_open(&s->out);
	w_number(&s->out, m->modseq);
	w_close(&s->out);
	s->view->client_modseq = MAX(s->view->client_modseq, m->modseq);
}

void sync_begin_fetch(struct session *s, uint32_t uid, bool with_uid)
{
	if (s->enabled & ON_UIDONLY)
		w_fetch(&s->out, true, uid, 0);
	else
		w_fetch(&s->out, false, view_number(s->view, uid), with_uid ? uid : 0);
}

static void fetch_changed(struct session *s, uint32_t uid, bool flags, bool with_uid)
{
	const struct message *m = maildir_message(s->view->box, uid);

	if (!m)
		return;
	sync_begin_fetch(s, uid, with_uid || s->enabled & (ON_CONDSTORE | ON_REV2));	/* RFC 9051 7.5.2 */
	if (flags)
		sync_write_flags(s, m, 0);
	if (s->enabled & ON_CONDSTORE)
		sync_write_modseq(s, m);
	w_close(&s->out);
	w_crlf(&s->out);
}

void sync_fetch_flags(struct session *s, uint32_t uid, bool with_uid)
{
	fetch_changed(s, uid, true, with_uid);
}

void sync_fetch_modseq(struct session *s, uint32_t uid)
{
	fetch_changed(s, uid, false, true);
}

void sync_number(struct session *s, const char *code, uint64_t n, const char *text)
{
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, code);
	w_number(&s->out, n);
	w_code_close(&s->out);
	w_text(&s->out, str_z(text));
	w_crlf(&s->out);
}

void sync_enable(struct session *s, unsigned bits)
{
	const unsigned new = bits & ~s->enabled;

	s->enabled |= bits;
	if (!(new & ON_CONDSTORE) || s->state != SELECTED)
		return;
	sync_number(s, "HIGHESTMODSEQ", s->view->told_modseq, "Highest");
	s->view->client_modseq = s->view->told_modseq;
	s->view->told_gone = false;
}

uint64_t sync_correction(struct session *s)
{
	struct view *v = s->view;

	if (!(s->enabled & ON_CONDSTORE) || (!v->told_gone && v->client_modseq <= v->told_modseq))
		return 0;
	v->told_gone = false;
	v->client_modseq = v->told_modseq;
	return v->told_modseq;
}

void sync_flags(struct session *s)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct view *v = s->view;
	const size_t n = maildir_keyword_count(v->box);
	struct str *keywords = arena_alloc(&a, n * sizeof *keywords);

	for (size_t i = 0; i < n; i++)
		keywords[i] = maildir_keyword_name(v->box, i);
	w_untagged(&s->out);
	w_atom(&s->out, "FLAGS");
	w_flags(&s->out, MD_FLAGS, keywords, n);
	w_crlf(&s->out);

	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, "PERMANENTFLAGS");
	if (v->readonly)
		w_flags(&s->out, 0, NULL, 0);
	else
		w_flags(&s->out, MD_FLAGS | FLAG_ANY, keywords, n);
	w_code_close(&s->out);
	w_text(&s->out, v->readonly ? STR("No permanent flags permitted") : STR("Limited"));
	w_crlf(&s->out);
	v->keywords = n;
}

void sync_counts(struct session *s)
{
	w_untagged(&s->out);
	w_number(&s->out, s->view->n);
	w_atom(&s->out, "EXISTS");
	w_crlf(&s->out);
	s->view->told = s->view->n;
	if (s->enabled & ON_REV2)
		return;
	w_untagged(&s->out);
	w_number(&s->out, s->view->recent.n);
	w_atom(&s->out, "RECENT");
	w_crlf(&s->out);
}

void sync_vanished(struct session *s, bool earlier, struct uidset *uids)
{
	enum { RUNS = 512 };	/* in a line: some 8 KB, as RFC 7162 4 has it for the client's */

	uidset_settle(uids);
	for (size_t i = 0; i < uids->n; i += RUNS) {
		struct uidset some = { .v = uids->v + i, .n = MIN(uids->n - i, (size_t)RUNS) };

		w_untagged(&s->out);
		w_atom(&s->out, "VANISHED");
		if (earlier) {
			w_open(&s->out);
			w_atom(&s->out, "EARLIER");
			w_close(&s->out);
		}
		w_uid_set(&s->out, &some);
		w_crlf(&s->out);
	}
}

/* VANISHED (RFC 7162 3.2.10), or an EXPUNGE for each. */
static void tell_gone(struct session *s, struct arena *a, const uint32_t *numbers, const uint32_t *uids, size_t n)
{
	struct uidset set;

	if (s->enabled & (ON_QRESYNC | ON_UIDONLY)) {
		uidset_init(&set, a);
		for (size_t i = 0; i < n; i++)
			uidset_add(&set, uids[i]);
		sync_vanished(s, false, &set);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		w_untagged(&s->out);
		w_number(&s->out, numbers[i]);
		w_atom(&s->out, "EXPUNGE");
		w_crlf(&s->out);
	}
}

/* Each message whose flags changed, once, in order. */
static void tell_changed(struct session *s)
{
	struct uids *c = &s->view->changed;

	c->n = uids_sort(c->v, c->n);
	for (size_t i = 0; i < c->n; i++)
		if (!s->view->no_flags && view_number(s->view, c->v[i]))
			sync_fetch_flags(s, c->v[i], s->notify);	/* RFC 5465 5.1 */
	c->n = 0;
}

/* New mail is for the session to warm up that has made it its own: \Recent is in just one. */
static void note_new(struct session *s)
{
	struct view *v = s->view;
	size_t from = v->recent.n;

	if (v->readonly || v->last <= v->warmed)
		return;
	while (from && v->recent.v[from - 1] > v->warmed)
		from--;
	warm_note(s, buf_view(&s->folder), v->box, v->recent.v + from, v->recent.n - from);
	v->warmed = v->last;
}

/* The order is Courier's (the manual page's procedure shows it): EXPUNGE, FLAGS, EXISTS, RECENT, FETCH. */
void sync_tell_known(struct session *s, bool keeps_numbers)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct view *v = s->view;
	uint32_t *numbers, *uids;
	size_t gone = 0;

	view_absorb(v, 0);
	if (s->contexts && v->gone.n)
		contexts_tell_gone(s);
	if (v->gone.n && !keeps_numbers) {
		v->told_gone = true;
		view_forget_gone(v, &a, &numbers, &uids, &gone);
		facts_forget(v->box, uids, gone);
		tell_gone(s, &a, numbers, uids, gone);
	}
	if (maildir_keyword_count(v->box) != v->keywords)
		sync_flags(s);
	if (gone || v->told != v->n)
		sync_counts(s);
	tell_changed(s);
	if (s->contexts)
		contexts_tell(s);
	note_new(s);
	v->told_modseq = MIN(maildir_highestmodseq(v->box), v->gone_modseq - 1);
}

int sync_tell(struct session *s, bool keeps_numbers)
{
	int r;

	if (s->view->removed)
		return 0;
	r = maildir_update(s->view->box, s->view->readonly ? 0 : MD_CLAIM_RECENT);
	if (r != -ESTALE)	/* then its UIDs are others */
		sync_tell_known(s, keeps_numbers);
	if (r == -ENOENT || r == -ESTALE) {
		s->view->removed = true;
		return 0;
	}
	return r == 0 && s->view->touched.n ? 1 : r;
}
