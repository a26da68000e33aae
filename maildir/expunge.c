/* maildir/expunge.c: messages leave a folder */
#define _GNU_SOURCE
#include <unistd.h>
#include "base/clock.h"
#include "maildir/box.h"

/* So often the whole folder is looked at for names that are not there. */
enum { LOOKS = 6 };

void expunge_lines(struct maildir *m, struct txn *t, const uint32_t *uids, size_t n)
{
	struct tomb tomb = { .modseq = t->modseq, .time = clock_unix() };
	size_t last = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t position = index_position(&m->index, uids[i]);

		if (!index_find(&m->index, uids[i]))
			continue;
		if (tomb.lo && position != last + 1) {
			txn_add(t, line_expunge(&tomb));
			tomb.lo = 0;
		}
		if (!tomb.lo)
			tomb.lo = uids[i];
		tomb.hi = uids[i];
		last = position;
	}
	if (tomb.lo)
		txn_add(t, line_expunge(&tomb));
}

int expunge_journal(struct maildir *m, const uint32_t *uids, size_t n)
{
	_cleanup_(txn_release) struct txn t = { 0 };

	txn_begin(&t, &m->index);
	expunge_lines(m, &t, uids, n);
	return box_commit(m, &t, box_sync_all(m));
}

static bool is_meant(const struct message *msg, unsigned how)
{
	return msg && (msg->flags & MD_DELETED || how & MD_FORCE);
}

/* Its file goes. 1: it is not there any more; it stays, as \Deleted was taken off; or other programs rename it faster
 * than we can look, and that it is gone can't be told. A name that is not there was changed by another program, to
 * other flags or to another base name, so what is there has to be looked at.
 */
static int remove_file(struct maildir *m, struct look *look, uint32_t uid, unsigned how, unsigned *looks)
{
	for (;;) {
		struct message *msg = index_find(&m->index, uid);
		char name[MDNAME_MAX + 1];
		int r;

		if (!is_meant(msg, how))
			return 1;
		index_name(&m->index, msg, name);
		if (unlinkat(msg->state & AT_NEW ? m->new : m->cur, name, 0) == 0)
			return 0;
		if (errno != ENOENT || (*looks)++ >= LOOKS)
			return errno == ENOENT ? 1 : -errno;
		m->must_look = true;
		look_release(look);
		look_begin(m, look);
		r = update_locked(m, look, 0);
		look_release(look);
		look_begin(m, look);
		if (r < 0 && r != -ENOSPC && r != -EDQUOT)
			return r;
	}
}

static int remove_files(struct maildir *m, struct look *look, const struct md_uids *uids, unsigned how,
			struct buf *gone)
{
	unsigned looks = 0;

	for (size_t i = 0; i < uids->n; i++) {
		int r = box_keep_lock(m);

		box_working(m, i, uids->n);
		if (i % LOOK_OWN_EVERY == 0)
			look_own(m, look, false);
		if (r >= 0)
			r = remove_file(m, look, uids->v[i], how, &looks);
		if (r < 0)
			return r;
		if (r == 0)
			buf_add(gone, &uids->v[i], sizeof *uids->v);
	}
	return 0;
}

/* How many of all are meant. */
static size_t meant(const struct index *ix, unsigned how)
{
	return how & MD_FORCE ? index_count(ix) : ix->deleted;
}

/* From the last one back: what is removed is mostly new, and how many there are is known. They come out ascending. */
static void add_all(const struct index *ix, unsigned how, struct buf *b)
{
	const struct message *v = (void *)ix->messages.s; /* with holes */
	size_t left = MIN(meant(ix, how), index_count(ix));
	uint32_t *uids = (void *)buf_reserve(b, left * sizeof *uids);

	b->n = left * sizeof *uids;
	for (size_t i = ix->messages.n / sizeof *v; i > 0 && left; i--)
		if (is_meant(&v[i - 1], how) && !(v[i - 1].state & GONE))
			uids[--left] = v[i - 1].uid;
	buf_drop(b, left * sizeof *uids); /* there are none, but a snapshot may be damaged */
}

/* A file is gone for good before the journal says so: else a power cut could bring it back, as a new message.
 */
static int expunge_locked(struct maildir *m, const struct md_uids *uids, unsigned how)
{
	_cleanup_(look_release) struct look look = { 0 };
	_cleanup_(buf_release) struct buf list = { 0 }, gone = { 0 };
	struct md_uids all;
	int r, failed;

	look_begin(m, &look);
	r = update_locked(m, &look, 0);
	if (r < 0 && r != -ENOSPC && r != -EDQUOT) /* this is how room is made */
		return r;
	if (!uids)
		add_all(&m->index, how, &list);
	all = (struct md_uids){ (void *)list.s, list.n / sizeof(uint32_t) };
	look_release(&look);
	look_begin(m, &look);
	failed = remove_files(m, &look, uids ? uids : &all, how, &gone);
	if (gone.n == 0)
		return failed;
	r = box_sync_dir(m, m->cur);
	if (r >= 0)
		r = expunge_journal(m, (void *)gone.s, gone.n / sizeof(uint32_t));
	look_own(m, &look, true);
	m->must_look = m->must_look || r < 0;
	if (r == -ENOLCK) /* they are gone for good, and whoever has the lock by now sees that */
		r = 0;
	return failed < 0 ? failed : r;
}

static bool any_meant(const struct maildir *m, const struct md_uids *uids, unsigned how)
{
	for (size_t i = 0; uids && i < uids->n; i++)
		if (is_meant(index_find(&m->index, uids->v[i]), how))
			return true;
	return !uids && meant(&m->index, how);
}

/* Where nothing is to be removed, nobody has to be waited for. */
int maildir_expunge(struct maildir *m, const struct md_uids *uids, unsigned how)
{
	int r;

	look_arm(m);
	r = maildir_update(m, 0);
	if (r < 0 && r != -ENOSPC && r != -EDQUOT)
		return r;
	if (!any_meant(m, uids, how))
		return 0;
	r = box_lock(m, box_write_wait(m));
	if (r < 0)
		return r;
	r = expunge_locked(m, uids, how);
	box_unlock(m);
	return r;
}
