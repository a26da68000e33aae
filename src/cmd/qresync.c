/* cmd/qresync.c: QRESYNC: what changed and what went while a client was away (RFC 7162 3.2) */
#include "command.h"
#include "fetch.h"
#include "sync.h"
#include "view.h"

/* QRESYNC's arguments: what the client knew when it left. */
struct known {
	uint32_t uidvalidity;
	uint64_t modseq;
	bool some;			/* only these UIDs are meant, else all */
	struct seqset uids;
	struct seqset match_numbers, match_uids;	/* equally many, ascending; n is 0 if there are none */
};

static bool is_ascending(struct seqset set)
{
	for (size_t i = 0; i < set.n; i++)
		if (set.v[i].a > set.v[i].b || (i && set.v[i].a <= set.v[i - 1].b))
			return false;
	return true;
}

static uint64_t count(struct seqset set)
{
	uint64_t n = 0;

	for (size_t i = 0; i < set.n; i++)
		n += (uint64_t)set.v[i].b - set.v[i].a + 1;
	return n;
}

/* seq-match-data = "(" known-sequence-set SP known-uid-set ")" */
static bool p_match(struct cursor *c, struct known *k)
{
	if (!p_char(c, '(') || !p_uid_set(c, &k->match_numbers) || !p_sp(c) || !p_uid_set(c, &k->match_uids) ||
	    !p_char(c, ')'))
		return false;
	if (!is_ascending(k->match_numbers) || !is_ascending(k->match_uids) ||
	    count(k->match_numbers) != count(k->match_uids))
		return p_expected(c, "two ascending sets of one length");
	return true;
}

static bool p_modseq(struct cursor *c, uint64_t *ret)
{
	const struct str start = c->rest;
	uint64_t n;

	if (!p_number64(c, &n))
		return false;
	if (n == 0)
		return p_unknown(c, start, "a mod-sequence");
	*ret = n;
	return true;
}

/* SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")" */
static bool parse_known(struct session *s, struct cursor *c, const void **ret)
{
	struct known *k = arena_alloc(c->arena, sizeof *k);

	if (!(s->enabled & ON_QRESYNC))
		return p_expected(c, "ENABLE QRESYNC before");
	if (!p_sp(c) || !p_char(c, '(') || !p_nz_number(c, &k->uidvalidity) || !p_sp(c) || !p_modseq(c, &k->modseq))
		return false;
	if (p_sp(c)) {
		k->some = p_uid_set(c, &k->uids);
		if ((!k->some || p_sp(c)) && !p_match(c, k))
			return false;
		if (k->match_uids.n && s->enabled & ON_UIDONLY)	/* RFC 9586 3.7 */
			return p_expected(c, "no message numbers");
	}
	if (!p_char(c, ')'))
		return false;
	*ret = k;
	return true;
}

/* Adds to ret what of the UIDs from a to b the view does not have. */
static void add_missing(const struct view *v, uint32_t a, uint32_t b, struct uidset *ret)
{
	uint64_t next = a;

	for (size_t i = view_position(v, a); i < v->n; i++) {
		const uint32_t uid = view_uid(v, i);

		if (uid > b)
			break;
		if (uid > next)
			uidset_add_run(ret, (uint32_t)next, uid - 1);
		next = (uint64_t)uid + 1;
	}
	if (next <= b)
		uidset_add_run(ret, (uint32_t)next, b);
}

/* Which of wanted have been expunged since modseq. What the client has not been told of yet is left to VANISHED without
 * EARLIER; where the tombstones do not reach that far back, all that is not there may be meant (RFC 7162 3.2.6).
 */
static void tell_vanished(struct session *s, struct arena *a, uint64_t modseq, struct uidset *wanted)
{
	struct md_range *ranges;
	struct uidset vanished;
	bool all;
	size_t n;

	uidset_init(&vanished, a);
	maildir_vanished(s->view->box, modseq, a, &ranges, &n, &all);
	if (all) {
		for (size_t i = 0; i < n; i++)
			add_missing(s->view, ranges[i].lo, ranges[i].hi, &vanished);
		uidset_keep(&vanished, wanted);
	} else {
		uidset_settle(wanted);
		for (size_t i = 0; i < wanted->n; i++)
			add_missing(s->view, wanted->v[i].a, wanted->v[i].b, &vanished);
	}
	sync_vanished(s, true, &vanished);
}

/* UIDs that have been given: up to the last before UIDNEXT, which is what "*" means, since the last message may have gone. */
static void resolve(const struct session *s, struct seqset set, struct arena *a, struct uidset *ret)
{
	const uint32_t next = maildir_uidnext(s->view->box);

	uidset_init(ret, a);
	seqset_resolve(set, next - 1, ret);
	uidset_keep_run(ret, 1, MAX(next, 2u) - 1);
}

/* The greatest UID up to which the client knows of all expunges: pairs of number and UID are right up to there. Who has
 * a wrong one is not believed in the next (RFC 7162 3.2.5.2).
 */
static uint32_t matching(const struct view *v, const struct known *k)
{
	const struct seqset numbers = k->match_numbers, uids = k->match_uids;
	uint32_t number = 0, uid = 0, last = 0;

	for (size_t i = 0, j = 0; i < numbers.n && j < uids.n;) {
		number = number ? number : numbers.v[i].a;
		uid = uid ? uid : uids.v[j].a;
		if (number > v->n || view_uid(v, number - 1) != uid)
			break;
		last = uid;
		if (number++ == numbers.v[i].b) {
			number = 0;
			i++;
		}
		if (uid++ == uids.v[j].b) {
			uid = 0;
			j++;
		}
	}
	return last;
}

/* As UID FETCH known (FLAGS) (CHANGEDSINCE modseq VANISHED) would (RFC 7162 3.2.5.1). */
static void tell_known(struct session *s, struct arena *a, const void *args)
{
	struct seq all = { 1, UINT32_MAX };
	const struct known *k = args;
	const struct seqset known = k->some ? k->uids : (struct seqset){ .v = &all, .n = 1 };
	const uint32_t matched = matching(s->view, k);
	_cleanup_(buf_release) struct buf changed = { 0 };
	struct uidset wanted, vanished;
	const uint32_t *uids;
	size_t n;

	if (k->uidvalidity != maildir_uidvalidity(s->view->box))
		return;
	resolve(s, known, a, &wanted);
	uidset_settle(&wanted);
	resolve(s, known, a, &vanished);
	if (matched)
		uidset_remove_run(&vanished, 1, matched);
	tell_vanished(s, a, k->modseq, &vanished);
	maildir_changed(s->view->box, k->modseq, (struct md_range){ 1, UINT32_MAX }, &changed);
	uids = (void *)changed.s;
	n = changed.n / sizeof *uids;
	for (size_t i = 0, at = 0; i < n && at < wanted.n; i++) {
		while (at < wanted.n && wanted.v[at].b < uids[i])
			at++;
		if (at < wanted.n && wanted.v[at].a <= uids[i])
			sync_fetch_flags(s, uids[i], true);
		conn_flush_some(&s->conn, 65536);
	}
}

static const struct select_row parameters[] = {
	{ "QRESYNC", parse_known, tell_known },
	{ 0 },
};

static const char *apply_vanished(struct session *s, struct arena *a, struct fetch_request *f)
{
	struct uidset wanted;

	if (!(s->enabled & ON_QRESYNC))
		return "VANISHED needs ENABLE QRESYNC.";
	if (!f->by_uid || !f->since)
		return "VANISHED needs UID FETCH and CHANGEDSINCE.";
	if (f->set.saved)
		return NULL;
	resolve(s, f->set, a, &wanted);
	tell_vanished(s, a, f->changedsince, &wanted);
	return NULL;
}

static const struct fetch_modifier_row fetch_modifiers[] = {
	{ "VANISHED", NULL, apply_vanished },
	{ 0 },
};

const struct extension ext_qresync = {
	.rfc = 7162,
	.capability = "QRESYNC",
	.enable = "QRESYNC",
	.enable_bit = ON_QRESYNC | ON_CONDSTORE,
	.select = parameters,
	.fetch_modifiers = fetch_modifiers,
};
