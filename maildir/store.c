/* maildir/store.c: flags and keywords of messages are changed
 *
 * First the files are renamed, then the journal is written: a crash between leaves what looks as if another
 * program had set the flags, which the next look journals. When the journal is on disk the command is done,
 * also if a power cut takes the names back: then the next session gives the files the names that the journal
 * wants.
 */
#include <string.h>
#include "maildir/box.h"

struct renamed { /* so that it can be undone */
	uint32_t uid;
	uint64_t letters;
};

struct storing {
	struct maildir *m;
	const struct md_change *change;
	const uint16_t *numbers;
	size_t nnumbers;
	struct txn t;
	struct txn_run run;
	struct buf renamed;
	bool looked; /* everywhere, since some file was not where it should be */
};

static void release(struct storing *s)
{
	txn_release(&s->t);
	buf_release(&s->renamed);
}

/* What a message that is now as it is in *msg shall be. */
static void apply(const struct storing *s, struct message *msg)
{
	struct keyword_table *t = &s->m->keywords;
	const struct md_change *c = s->change;
	const uint8_t flags = c->flags & MD_FLAGS;

	if (c->op == MD_SET) {
		msg->flags = flags;
		msg->keywords =
			keywords_intern(t, s->numbers, s->nnumbers, keywords_strange(t, msg->keywords));
	} else if (c->op == MD_ADD) {
		msg->flags |= flags;
		msg->keywords = keywords_with(t, msg->keywords, s->numbers, s->nnumbers);
	} else {
		msg->flags &= (uint8_t)~flags;
		msg->keywords = keywords_without(t, msg->keywords, s->numbers, s->nnumbers);
	}
	msg->modseq = s->t.modseq;
}

/* The file has another name than we thought: another program has just changed its flags. 0 if it is there. */
static int look_again(struct storing *s, const struct message *msg)
{
	_cleanup_(look_release) struct look look = { 0 };
	int r = 0;

	if (!s->looked)
		r = look_everywhere(s->m, &look);
	s->looked = true;
	s->m->must_look = true; /* nothing else that was found is journaled yet */
	if (r < 0)
		return r;
	return msg->seen == s->m->generation ? 0 : -ENOENT;
}

/* Gives the file its new name. *as is changed if the file is not what the journal says. -ENOENT: it is gone.
 */
static int rename_file(struct storing *s, struct message *msg, struct message *as)
{
	struct maildir *m = s->m;
	const uint64_t flags = mdname_flag_letters(MD_FLAGS);
	const struct renamed was = { msg->uid, index_letters(&m->index, msg) };
	const uint64_t wanted = index_letters(&m->index, as);
	uint64_t is, added, removed;
	int r = wanted == was.letters ? 0 : find_rename(m, msg, wanted);

	if (r == -ENOENT || r == -EEXIST) {
		r = look_again(s, msg);
		if (r < 0)
			return r;
		is = index_believed_letters(&m->index, msg);
		added = is & ~was.letters;
		removed = was.letters & ~is;
		*as = *msg;
		as->flags = mdname_flags(is);
		as->keywords =
			keywords_by_letters(&m->keywords, msg->keywords, added & ~flags, removed & ~flags);
		apply(s, as);
		r = find_rename(m, msg, index_letters(&m->index, as));
	}
	if (r >= 0 && index_letters(&m->index, as) != was.letters)
		buf_add(&s->renamed, &was, sizeof was);
	return r;
}

static void add_uid(struct arena *a, struct md_uids *list, uint32_t uid)
{
	list->v = arena_grow(a, list->v, list->n + 1, sizeof *list->v);
	list->v[list->n++] = uid;
}

static int store_one(struct storing *s, uint32_t uid, struct arena *a, struct md_uids *modified,
		     struct md_uids *gone)
{
	struct message *msg = index_find(&s->m->index, uid);
	struct message as;
	int r;

	if (!msg) {
		add_uid(a, gone, uid);
		return 0;
	}
	if (s->change->conditional && msg->modseq > s->change->unchangedsince) {
		add_uid(a, modified, uid);
		return 0;
	}
	as = *msg;
	apply(s, &as);
	if (as.flags == msg->flags && as.keywords == msg->keywords)
		return 0;
	r = rename_file(s, msg, &as);
	if (r == -ENOENT)
		add_uid(a, gone, uid);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	txn_run_add(&s->t, &s->run, &as, index_position(&s->m->index, uid));
	return 0;
}

/* Whoever has the lock by now may have seen the new names, and taken them for another program's. */
static void undo(struct storing *s)
{
	const struct renamed *v = (void *)s->renamed.s;
	const bool ours = lock_check(&s->m->lock) == 0;

	s->m->must_look = true;
	for (size_t i = 0; ours && i < s->renamed.n / sizeof *v; i++) {
		struct message *msg = index_find(&s->m->index, v[i].uid);

		if (msg)
			find_rename(s->m, msg, v[i].letters);
	}
}

/* The keywords that are meant, by number. To remove one that nobody knows is nothing. */
static int find_keywords(struct storing *s, struct arena *a)
{
	const struct md_change *c = s->change;
	struct str *known = arena_alloc(a, c->nkeywords * sizeof *known);
	uint16_t *numbers, there;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < c->nkeywords; i++) {
		r = keyword_check(c->keywords[i]);
		if (r < 0)
			return r;
		if (c->op != MD_REMOVE || keyword_find(&s->m->keywords, c->keywords[i], &there))
			known[n++] = c->keywords[i];
	}
	r = box_keywords(s->m, known, n, a, &numbers, &s->nnumbers);
	s->numbers = numbers;
	return r;
}

static int store_locked(struct storing *s, struct md_uids uids, struct arena *a, struct md_uids *modified,
			struct md_uids *gone)
{
	_cleanup_(look_release) struct look look = { 0 };
	struct maildir *m = s->m;
	bool changes;
	int r;

	look_begin(m, &look);
	r = update_locked(m, &look, 0);
	if (r >= 0)
		r = find_keywords(s, a);
	if (r < 0)
		return r;
	look_release(&look);
	look_begin(m, &look);
	txn_begin(&s->t, &m->index);
	for (size_t i = 0; i < uids.n && r >= 0; i++) {
		box_working(m, i, uids.n);
		r = box_keep_lock(m);
		if (i % LOOK_OWN_EVERY == 0)
			look_own(m, &look, false);
		if (r >= 0)
			r = store_one(s, uids.v[i], a, modified, gone);
	}
	txn_run_end(&s->t, &s->run);
	changes = s->t.text.n > 0;
	if (r >= 0)
		r = box_commit(m, &s->t, box_sync_all(m));
	if (r < 0)
		undo(s);
	else if (changes)
		m->own_modseq = s->t.modseq;
	look_own(m, &look, true);
	return r;
}

int maildir_store(struct maildir *m, struct md_uids uids, const struct md_change *change, struct arena *a,
		  struct md_uids *ret_modified, struct md_uids *ret_gone)
{
	_cleanup_(release) struct storing s = { .m = m, .change = change };
	struct md_uids modified = { 0 }, gone = { 0 };
	int r;

	m->own_modseq = 0;
	look_arm(m);
	r = m->memory_only ? m->unwritable : box_lock(m, box_write_wait(m));
	if (r < 0)
		return r;
	r = store_locked(&s, uids, a, &modified, &gone);
	box_unlock(m);
	if (r < 0)
		return r;
	*ret_modified = modified;
	*ret_gone = gone;
	return 0;
}
