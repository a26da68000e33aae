/* maildir/settle.c: what a look has found becomes lines in the journal, under the lock */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "maildir/box.h"

/* With more new files than this at once, they are not looked at one by one, since what is known of files only helps to tell
 * that another program has changed their base names; fewer yet where a folder is seen for the first time. Nor are so many
 * missing ones.
 */
enum { FRESH_LOOKED_AT = 1000, FIRST_LOOKED_AT = 100, MISSING_LOOKED_AT = 20000 };

struct settling {
	struct maildir *m;
	struct look *look;
	struct txn t;
	struct buf missing; /* uint32_t */
	struct buf heal;    /* struct sighting: files whose names should be what the journal says */
	bool changes;	    /* something that has a mod-sequence */
	bool stale;	    /* the look is: nothing is missing by it */
};

static void release(struct settling *s)
{
	txn_release(&s->t);
	buf_release(&s->missing);
	buf_release(&s->heal);
}

static struct sighting *fresh(const struct settling *s, size_t *ret_n)
{
	*ret_n = s->look->fresh.n / sizeof(struct sighting);
	return (void *)s->look->fresh.s;
}

/* What is there no more, or is no file, is no message. A file that can't be looked at just now is one. One that has
 * gone since may have been a known message that another program renames again: then nothing is certain.
 */
static void inspect_fresh(struct settling *s)
{
	struct maildir *m = s->m;
	size_t n, left = 0;
	struct sighting *v = fresh(s, &n);
	const size_t few = index_count(&m->index) ? FRESH_LOOKED_AT : FIRST_LOOKED_AT;

	for (size_t i = 0; i < n; i++) {
		struct stat st;

		box_keep_lock(m);
		if (v[i].dropped || v[i].base.n == 0 || v[i].base.n > MDNAME_MAX)
			continue;
		if (n <= few) {
			const int r = fstatat(v[i].in_new ? m->new : m->cur, v[i].name.s, &st,
					      m->config->symlinks ? 0 : AT_SYMLINK_NOFOLLOW);

			if (r < 0 && errno == ENOENT)
				s->stale = m->must_look = true;
			if (r < 0 ? errno == ENOENT : !S_ISREG(st.st_mode))
				continue;
			v[i].print = r < 0 ? 0 : mdname_print(&st);
		}
		v[left++] = v[i];
	}
	s->look->fresh.n = left * sizeof *v;
}

/* A file that was seen under two names with one base, or in the directory and by an event, is one message. If
 * they are two files, the next look finds out. Sorted, they follow each other.
 */
static void drop_repeats(struct settling *s)
{
	size_t n, left = 0;
	struct sighting *v = fresh(s, &n);

	for (size_t i = 0; i + 1 < n; i++)
		if (v[i].order == v[i + 1].order && str_eq(v[i].base, v[i + 1].base)) {
			v[i].dropped = s->m->must_look = true;
			if (!v[i + 1].uid)
				v[i + 1].uid = v[i].uid;
		}
	for (size_t i = 0; i < n; i++)
		if (!v[i].dropped)
			v[left++] = v[i];
	s->look->fresh.n = left * sizeof *v;
}

static int compare_uids(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Each once, ascending. */
static void sort_uids(struct buf *b)
{
	uint32_t *v = (void *)b->s;
	const size_t n = b->n / sizeof *v;
	size_t left = 0;

	if (n == 0)
		return;
	qsort(v, n, sizeof *v, compare_uids);
	for (size_t i = 0; i < n; i++)
		if (left == 0 || v[left - 1] != v[i])
			v[left++] = v[i];
	b->n = left * sizeof *v;
}

static void miss(struct settling *s, struct message *msg)
{
	struct index *ix = &s->m->index;
	struct stat st;

	box_keep_lock(s->m);
	if (index_find_base(ix, index_base(ix, msg)) != msg) { /* its base name is another's */
		buf_add(&s->missing, &msg->uid, sizeof msg->uid);
		return;
	}
	if (s->missing.n / sizeof msg->uid < MISSING_LOOKED_AT && find_file(s->m, msg, &st) >= 0) {
		msg->seen = s->m->generation;
		msg->state &= (uint8_t)~AT_DOUBT;
	} else {
		buf_add(&s->missing, &msg->uid, sizeof msg->uid);
	}
}

static void collect_missing(struct settling *s)
{
	struct index *ix = &s->m->index;
	const uint32_t *touched;

	if (s->stale)
		return;
	if (s->look->full) {
		for (size_t i = 0; i < index_count(ix) && s->look->certain; i++)
			if (index_at(ix, i)->seen != s->m->generation)
				miss(s, index_at(ix, i));
		return;
	}
	if (s->look->new_only && !s->look->certain)
		return;
	sort_uids(&s->look->touched);
	touched = (void *)s->look->touched.s;
	for (size_t i = 0; i < s->look->touched.n / sizeof *touched; i++) {
		struct message *msg = index_find(ix, touched[i]);

		if (msg && msg->state & AT_DOUBT)
			miss(s, msg);
	}
}

/* The kernel tells of a rename in two events, and the second may come later. What has gone by the first alone, and has
 * not left the folder, is found by looking at everything, as the name is there already.
 */
static void spare_half_renamed(struct settling *s)
{
	uint32_t *v = (void *)s->missing.s;
	const uint32_t *half;
	size_t left = 0, n;

	sort_uids(&s->look->half);
	half = (void *)s->look->half.s;
	n = s->look->half.n / sizeof *half;
	for (size_t i = 0; i < s->missing.n / sizeof *v; i++) {
		const struct message *msg = index_find(&s->m->index, v[i]);

		if (n && msg && msg->seen != s->m->generation &&
		    (half[0] == 0 || bsearch(&v[i], half, n, sizeof *half, compare_uids)))
			s->stale = true;
		else
			v[left++] = v[i];
	}
	s->missing.n = left * sizeof *v;
	s->m->must_look = s->m->must_look || n;
}

/* Base names that have changed are journaled first; then the files are their messages'. */
static int rename_messages(struct settling *s)
{
	size_t n, left = 0, renamed = 0;
	struct sighting *v = fresh(s, &n);
	int r;

	pair_renamed(s->m, s->look, (void *)s->missing.s, s->missing.n / sizeof(uint32_t),
		     s->stale || (s->look->full && !s->look->certain));
	txn_begin(&s->t, &s->m->index);
	s->t.modseq = s->m->index.modseq;
	for (size_t i = 0; i < n; i++)
		if (v[i].uid) {
			txn_add(&s->t, line_rename(v[i].uid, v[i].print, v[i].base));
			renamed++;
		}
	if (renamed == 0)
		return 0;
	r = box_commit(s->m, &s->t, false);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct message *msg = v[i].uid ? index_find(&s->m->index, v[i].uid) : NULL;

		if (!msg) {
			v[left++] = v[i];
			continue;
		}
		msg->seen = s->m->generation;
		index_believe(&s->m->index, msg, mdname_split(v[i].name).suffix, v[i].in_new);
		if (!s->look->full)
			buf_add(&s->look->touched, &v[i].uid, sizeof v[i].uid);
	}
	s->look->fresh.n = left * sizeof *v;
	return 0;
}

static uint64_t letters_seen(const struct settling *s)
{
	const struct index *ix = &s->m->index;
	const uint32_t *touched = (void *)s->look->touched.s;
	uint64_t letters = 0;
	size_t n;
	const struct sighting *v = fresh(s, &n);

	for (size_t i = 0; i < n; i++)
		letters |= v[i].letters;
	for (size_t i = 0; s->look->full && i < index_count(ix); i++)
		letters |= index_believed_letters(ix, index_at(ix, i));
	for (size_t i = 0; i < s->look->touched.n / sizeof *touched; i++)
		if (index_find(ix, touched[i]))
			letters |= index_believed_letters(ix, index_find(ix, touched[i]));
	return letters;
}

/* P is $Forwarded, which has to be a keyword of the folder to be told. */
static int know_forwarded(struct settling *s)
{
	const uint64_t passed = mdname_letter('P');
	uint16_t number;

	if (s->m->keywords.mirrored & passed || s->m->keywords.n == MD_KEYWORDS_MAX ||
	    !(letters_seen(s) & passed))
		return 0;
	return box_keyword(s->m, STR("$Forwarded"), &number);
}

/* Moves a file from new/ to cur/. The name gets ":2," and the letters that it had. */
static int claim_file(struct maildir *m, struct str base, uint64_t letters, const char *from,
		      char ret[MDNAME_MAX + 1])
{
	char suffix[MDNAME_SUFFIX];
	const size_t n = mdname_suffix(letters, suffix);

	if (base.n + n > MDNAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret, base.s, base.n);
	memcpy(ret + base.n, suffix, n + 1);
	return box_rename(m->new, from, m->cur, ret);
}

static void claim_known(struct settling *s)
{
	struct maildir *m = s->m;

	uint32_t left = UINT32_MAX;

	for (size_t i = index_position(&m->index, m->index.new_from); i < index_count(&m->index); i++) {
		struct message *msg = index_at(&m->index, i);
		char from[MDNAME_MAX + 1], to[MDNAME_MAX + 1];

		box_keep_lock(m);
		if (!(msg->state & AT_NEW))
			continue;
		index_name(&m->index, msg, from);
		if (!(msg->state & AT_DOUBT) &&
		    claim_file(m, index_base(&m->index, msg), index_believed_letters(&m->index, msg), from,
			       to) >= 0)
			index_believe(&m->index, msg, mdname_split(str_z(to)).suffix, false);
		else
			left = MIN(left, msg->uid);
	}
	m->index.new_from = left;
}

static void claim_fresh(struct settling *s)
{
	size_t n;
	struct sighting *v = fresh(s, &n);

	for (size_t i = 0; i < n; i++) {
		char to[MDNAME_MAX + 1];

		box_keep_lock(s->m);
		if (!v[i].in_new || claim_file(s->m, v[i].base, v[i].letters, v[i].name.s, to) < 0)
			continue;
		v[i].name = arena_str(&s->look->arena, str_z(to));
		v[i].base = str_head(v[i].name, v[i].base.n);
		v[i].in_new = false;
	}
}

static int add_fresh(struct settling *s)
{
	struct maildir *m = s->m;
	const uint64_t flags = mdname_flag_letters(MD_FLAGS);
	size_t n;
	struct sighting *v = fresh(s, &n);

	if (n > UINT32_MAX - s->t.uidnext)
		return box_renumber(m);
	for (size_t i = 0; i < n; i++) {
		const uint32_t k = box_imported(m, v[i].base);
		const struct message msg = {
			.uid = s->t.uidnext++,
			.modseq = s->t.modseq,
			.flags = mdname_flags(v[i].letters),
			.keywords = keywords_by_letters(&m->keywords, k, v[i].letters & ~flags, 0),
			.print = v[i].print,
		};

		v[i].uid = msg.uid;
		if (i + STR_AHEAD < n)
			str_prefetch(v[i + STR_AHEAD].name);
		txn_add(&s->t, line_message(&msg, v[i].base));
		s->changes = true;
	}
	return 0;
}

/* The belief is taken down, as journaling the message's flags makes it what it should be. */
static void want_healed(struct settling *s, const struct message *msg)
{
	struct sighting file = { .uid = msg->uid, .in_new = msg->state & AT_NEW };
	char name[MDNAME_MAX + 1];

	index_name(&s->m->index, msg, name);
	file.name = arena_str(&s->look->arena, str_z(name));
	buf_add(&s->heal, &file, sizeof file);
}

/* Whether nobody has renamed the file since the journal was written: then, after a power cut, the journal is
 * right. */
static bool older_than_journal(const struct maildir *m, const struct message *msg)
{
	char name[MDNAME_MAX + 1];
	struct stat st;

	index_name(&m->index, msg, name);
	return fstatat(msg->state & AT_NEW ? m->new : m->cur, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_ctim.tv_sec < m->written.tv_sec ||
		(st.st_ctim.tv_sec == m->written.tv_sec && st.st_ctim.tv_nsec <= m->written.tv_nsec));
}

/* What msg should be by the name that its file was seen under. Returns whether it is something else in the
 * journal.
 *
 * A program that knows no letters for keywords drops all of them when it sets a flag: that is no wish to
 * remove keywords. Whoever removes some, or removes them and sets no flag, means it.
 */
static bool changed(struct settling *s, const struct message *msg, struct message *ret)
{
	struct maildir *m = s->m;
	const uint64_t is = index_believed_letters(&m->index, msg), was = index_letters(&m->index, msg);
	const uint64_t flags = mdname_flag_letters(MD_FLAGS), marks = m->keywords.mirrored;
	uint64_t added = is & ~was, removed = was & ~is;

	if (is == was || !mdname_fits(index_base(&m->index, msg), was))
		return false;
	if (m->power_cut && older_than_journal(m, msg)) {
		want_healed(s, msg);
		return false;
	}
	if (removed & marks && !(is & marks) && (m->importing || (added | removed) & flags)) {
		removed &= ~marks;
		want_healed(s, msg);
	}
	*ret = *msg;
	ret->flags = mdname_flags(is);
	ret->keywords = keywords_by_letters(&m->keywords, msg->keywords, added & ~flags, removed & ~flags);
	ret->modseq = s->t.modseq;
	return ret->flags != msg->flags || ret->keywords != msg->keywords;
}

static void change_one(struct settling *s, size_t position, struct txn_run *run)
{
	struct message as;

	if (!changed(s, index_at(&s->m->index, position), &as))
		return;
	txn_run_add(&s->t, run, &as, position);
	s->changes = true;
}

static void change_flags(struct settling *s)
{
	struct index *ix = &s->m->index;
	struct txn_run run = { 0 };
	const uint32_t *touched;

	if (s->look->full) {
		for (size_t i = 0; i < index_count(ix); i++)
			if (index_at(ix, i)->seen == s->m->generation)
				change_one(s, i, &run);
	} else {
		sort_uids(&s->look->touched);
		touched = (void *)s->look->touched.s;
		for (size_t i = 0; i < s->look->touched.n / sizeof *touched; i++) {
			const struct message *msg = index_find(ix, touched[i]);

			if (msg && !(msg->state & AT_DOUBT))
				change_one(s, index_position(ix, msg->uid), &run);
		}
	}
	txn_run_end(&s->t, &run);
}

static void expunge_missing(struct settling *s)
{
	uint32_t *v = (void *)s->missing.s;
	size_t left = 0;

	for (size_t i = 0; i < s->missing.n / sizeof *v; i++) {
		const struct message *msg = index_find(&s->m->index, v[i]);

		if (msg && msg->seen != s->m->generation)
			v[left++] = v[i];
	}
	expunge_lines(s->m, &s->t, v, left);
	s->changes = s->changes || left > 0;
}

/* Where the new messages' files are; and which should be called otherwise. */
static void believe_fresh(struct settling *s)
{
	size_t n;
	const struct sighting *v = fresh(s, &n);

	for (size_t i = 0; i < n; i++) {
		struct message *msg = index_find(&s->m->index, v[i].uid);

		if (i + STR_AHEAD < n)
			str_prefetch(v[i + STR_AHEAD].name);
		if (!msg)
			continue;
		msg->seen = s->m->generation;
		index_believe(&s->m->index, msg, str_from(v[i].name, v[i].base.n), v[i].in_new);
		if (!v[i].in_new && index_believed_letters(&s->m->index, msg) != index_letters(&s->m->index, msg))
			want_healed(s, msg);
	}
}

static void heal_names(struct settling *s)
{
	const struct sighting *v = (void *)s->heal.s;

	for (size_t i = 0; i < s->heal.n / sizeof *v; i++) {
		struct message *msg = index_find(&s->m->index, v[i].uid);

		box_keep_lock(s->m);
		if (!msg)
			continue;
		index_believe(&s->m->index, msg, mdname_split(v[i].name).suffix, v[i].in_new);
		find_rename(s->m, msg, index_letters(&s->m->index, msg));
	}
}

static int journal_all(struct settling *s, bool claim)
{
	struct index *ix = &s->m->index;
	int r;

	txn_begin(&s->t, ix);
	change_flags(s);
	expunge_missing(s);
	r = add_fresh(s);
	if (r < 0)
		return r;
	if (claim && ix->recent + 1 < s->t.uidnext)
		txn_add(&s->t, line_recent(s->t.uidnext - 1));
	if (!s->changes)
		s->t.modseq = ix->modseq;
	s->m->claiming = claim;
	r = box_commit(s->m, &s->t, box_sync_all(s->m));
	s->m->claiming = false;
	return r;
}

int settle(struct maildir *m, struct look *look, unsigned how)
{
	_cleanup_(release) struct settling s = { .m = m, .look = look };
	const bool claim = how & MD_CLAIM_RECENT && !(m->mode & MD_READONLY);
	int r;

	if (look->half.n)
		look_events(m, look);
	r = twins_part(m, look);
	if (r < 0)
		return r;
	inspect_fresh(&s);
	drop_repeats(&s);
	collect_missing(&s);
	if (look->half.n)
		spare_half_renamed(&s);
	r = rename_messages(&s);
	if (r >= 0)
		r = know_forwarded(&s);
	if (r < 0)
		return r;
	if (claim) {
		claim_known(&s);
		claim_fresh(&s);
		m->unmoved = false;
	}
	r = journal_all(&s, claim);
	if (r < 0)
		return r;
	believe_fresh(&s);
	heal_names(&s);
	if (look->full) {
		m->power_cut = m->importing = false;
		m->import = NULL;
	}
	return 0;
}
