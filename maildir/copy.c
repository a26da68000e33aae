/* maildir/copy.c: messages are copied to another folder, or moved */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/log.h"
#include "maildir/box.h"

struct copying {
	struct maildir *from, *to;
	struct arena *arena;
	struct arrival *v;
	uint32_t *uids, *ret; /* in from, and what they become */
	size_t n, made;	      /* made: so many are in tmp/ */
	uint16_t *numbers;    /* keywords of from, in to; UINT16_MAX: not asked yet */
};

/* Keywords by the numbers that they have in the other folder, which learns of them now. Its lock is held. */
static int translate(struct copying *c, uint32_t set, uint32_t *ret)
{
	const struct keywords *k = keywords_set(&c->from->keywords, set);
	uint16_t v[MD_KEYWORDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		uint16_t *number = &c->numbers[k->v[i]];
		const int r = *number != UINT16_MAX
				      ? 0
				      : box_keyword(c->to, c->from->keywords.v[k->v[i]].name, number);

		if (r < 0)
			return r;
		v[n++] = *number;
	}
	for (size_t i = 1; i < n; i++) /* few, and mostly in order */
		for (size_t j = i; j > 0 && v[j - 1] > v[j]; j--) {
			const uint16_t other = v[j];

			v[j] = v[j - 1];
			v[j - 1] = other;
		}
	*ret = keywords_intern(&c->to->keywords, v, n, 0);
	return 0;
}

static void begin(struct copying *c, struct md_uids uids)
{
	c->v = arena_alloc(c->arena, uids.n * sizeof *c->v);
	c->uids = arena_alloc(c->arena, uids.n * sizeof *c->uids);
	c->ret = arena_alloc(c->arena, uids.n * sizeof *c->ret);
	c->numbers = arena_alloc(c->arena, (MD_KEYWORDS_MAX + 1) * sizeof *c->numbers);
	memset(c->numbers, 0xff, (MD_KEYWORDS_MAX + 1) * sizeof *c->numbers);
}

static int copy_octets(int in, int out, off_t size)
{
	char buf[65536];
	ssize_t n;

	while (size > 0) {
		n = copy_file_range(in, NULL, out, NULL, (size_t)size, 0);
		if (n <= 0)
			break;
		size -= n;
	}
	while ((n = read(in, buf, sizeof buf)) > 0) {
		const int r = fd_write_all(out, buf, (size_t)n);

		if (r < 0)
			return r;
	}
	return n < 0 ? -errno : 0;
}

/* A file of its own, with the same date, under a name in tmp/ that is not yet the final one. */
static int copy_data(struct copying *c, int in, const char *name)
{
	_cleanup_(fd_closep) int out =
		openat(c->to->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	struct stat st;
	int r;

	if (out < 0 || fstat(in, &st) < 0)
		return -errno;
	r = copy_octets(in, out, st.st_size);
	if (r >= 0 && futimens(out, (struct timespec[]){ { .tv_nsec = UTIME_OMIT }, st.st_mtim }) < 0)
		r = -errno;
	if (r >= 0 && box_sync_mail(c->to) && fsync(out) < 0)
		r = -errno;
	return r;
}

/* A new base name with the size that the old one tells. False if it tells none: the file has to be asked. */
static bool name_like(struct copying *c, const struct message *msg, char ret[MDNAME_MAX + 1])
{
	enum { SIZE_MAX_LENGTH = 24 };
	const struct str size = mdname_size(index_base(&c->from->index, msg));
	size_t n;

	if (size.n == 0 || size.n > SIZE_MAX_LENGTH)
		return false;
	box_unique(c->to, NULL, ret);
	n = strlen(ret);
	memcpy(ret + n, size.s, size.n);
	ret[n + size.n] = 0;
	return true;
}

/* A second link to the same file does where there can be one: a message never changes. -ENOENT: it is not where it is
 * believed.
 */
static int link_one(struct copying *c, uint32_t uid, struct arrival *v)
{
	const struct maildir *m = c->from;
	const struct message *msg = index_find(&m->index, uid);
	const int dir = msg && msg->state & AT_NEW ? m->new : m->cur;
	char from[MDNAME_MAX + 1];
	struct stat st;

	if (!msg)
		return -ENOENT;
	index_name(&m->index, msg, from);
	if (!name_like(c, msg, v->name)) {
		if (fstatat(dir, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		box_unique(c->to, &st, v->name);
	}
	if (linkat(dir, from, c->to->tmp, v->name, 0) < 0)
		return -errno;
	if (fstatat(c->to->tmp, v->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode)) {
		unlinkat(c->to->tmp, v->name, 0);
		return -EINVAL;
	}
	v->print = mdname_print(&st);
	return 0;
}

static int copy_one(struct copying *c, int in, struct arrival *v)
{
	struct stat st;
	int r;

	if (fstat(in, &st) < 0)
		return -errno;
	box_unique(c->to, &st, v->name);
	r = copy_data(c, in, v->name);
	if (r >= 0 && fstatat(c->to->tmp, v->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(c->to->tmp, v->name, 0);
	else
		v->print = mdname_print(&st);
	return r;
}

/* -ENOENT means messages that are gone, which is no failure; that one of the folders is gone is one. */
static int folder_gone(int r)
{
	return r == -ENOENT ? -ESTALE : r;
}

/* One message's file comes to be in tmp/ of the other folder, under its final base name. */
static int make_one(struct copying *c, uint32_t uid)
{
	_cleanup_(fd_closep) int in = -1;
	struct arrival *v = &c->v[c->made];
	const struct message *msg;
	int r = link_one(c, uid, v);

	if (r < 0) {
		const bool astray = r == -ENOENT;

		r = maildir_message_fd(c->from, uid, &in); /* which looks for it */
		if (r < 0)
			return r;
		if (!astray || link_one(c, uid, v) < 0)
			r = folder_gone(copy_one(c, in, v));
	}
	msg = index_find(&c->from->index, uid);
	if (r < 0 || !msg) {
		if (r >= 0)
			unlinkat(c->to->tmp, v->name, 0);
		return r < 0 ? r : -ENOENT;
	}
	v->flags = msg->flags;
	v->keywords = msg->keywords; /* translated later, under the lock */
	c->uids[c->made++] = uid;
	return 0;
}

static int copy_all(struct copying *c, struct md_uids uids)
{
	int r = 0;

	for (size_t i = 0; i < uids.n && r >= 0; i++) {
		box_working(c->from, i, uids.n);
		r = make_one(c, uids.v[i]);
		if (r == -ENOENT) /* expunged meanwhile */
			r = 0;
	}
	if (r >= 0 && c->made == 0)
		return uids.n ? -ENOENT : 0;
	if (r < 0)
		return r;
	r = box_lock(c->to, box_write_wait(c->to));
	if (r < 0)
		return folder_gone(r);
	for (size_t i = 0; i < c->made && r >= 0; i++)
		r = translate(c, c->v[i].keywords, &c->v[i].keywords);
	if (r >= 0)
		r = deliver_all(c->to, c->v, c->made, c->ret);
	box_unlock(c->to);
	return folder_gone(r);
}

int maildir_copy(struct maildir *m, struct md_uids uids, struct maildir *dest, struct arena *a,
		 struct md_uids *ret_from, struct md_uids *ret_to)
{
	struct copying c = { .from = m, .to = dest, .arena = a };
	int r = dest->memory_only ? dest->unwritable : folder_gone(box_catch_up(m));

	if (r < 0)
		return r;
	begin(&c, uids);
	r = copy_all(&c, uids);
	for (size_t i = 0; r < 0 && i < c.made; i++)
		unlinkat(dest->tmp, c.v[i].name, 0);
	if (r < 0)
		return r;
	*ret_from = (struct md_uids){ c.uids, c.made };
	*ret_to = (struct md_uids){ c.ret, c.made };
	return 0;
}

/* A new base name, which says when the message came there (RFC 8514 3). */
static int choose_name(struct copying *c, struct message *msg, struct arrival *v)
{
	struct stat st;

	if (name_like(c, msg, v->name)) /* whether it is there will show */
		return 0;
	if (find_file(c->from, msg, &st) < 0)
		return folder_gone(-ENOENT); /* after the look that there was */
	box_unique(c->to, &st, v->name);
	return 0;
}

/* Whoever has taken a lock over while this process was stopped has expunged what was announced and not there yet. */
static int keep_both(struct copying *c)
{
	const int r = box_keep_lock(c->from);

	return r < 0 ? r : box_keep_lock(c->to);
}

static int plan_move(struct copying *c, struct md_uids uids)
{
	c->n = 0;
	for (size_t i = 0; i < uids.n; i++) {
		struct message *msg = index_find(&c->from->index, uids.v[i]);
		struct arrival *v = &c->v[c->n];
		int r = keep_both(c);

		if (r < 0)
			return r;
		if (!msg)
			continue;
		r = choose_name(c, msg, v);
		v->flags = msg->flags;
		v->print = msg->print;
		if (r >= 0)
			r = translate(c, msg->keywords, &v->keywords);
		if (r < 0)
			return r;
		c->uids[c->n++] = msg->uid;
	}
	return c->n || !uids.n ? 0 : -ENOENT;
}

static int rename_over(struct copying *c, const struct message *msg, const struct arrival *v, bool back)
{
	const int dir = msg->state & AT_NEW ? c->from->new : c->from->cur;
	char from[MDNAME_MAX + 1], to[MDNAME_MAX + MDNAME_SUFFIX];

	index_name(&c->from->index, msg, from);
	arrival_name(c->to, v, to);
	return back ? box_rename(c->to->cur, to, dir, from) : box_rename(dir, from, c->to->cur, to);
}

/* If the file is not where plan_move() has seen it, another program has changed its name since. */
static int move_file(struct copying *c, size_t i, bool back)
{
	struct message *msg = index_find(&c->from->index, c->uids[i]);
	struct stat st;
	int r = msg ? rename_over(c, msg, &c->v[i], back) : -ENOENT;

	if (r == -ENOENT && msg && !back && find_file(c->from, msg, &st) >= 0)
		r = rename_over(c, msg, &c->v[i], false);
	return r;
}

static int journal_moved(struct copying *c)
{
	_cleanup_(txn_release) struct txn t = { 0 };

	if (c->n > UINT32_MAX - c->to->index.uidnext)
		return box_renumber(c->to);
	txn_begin(&t, &c->to->index);
	for (size_t i = 0; i < c->n; i++) {
		const struct message msg = { .uid = t.uidnext,
					     .modseq = t.modseq,
					     .flags = c->v[i].flags,
					     .keywords = c->v[i].keywords,
					     .print = c->v[i].print };

		txn_add(&t, line_message(&msg, str_z(c->v[i].name)));
		c->ret[i] = t.uidnext++;
	}
	return box_commit(c->to, &t, box_sync_all(c->to));
}

/* Without the locks: whether nobody has expunged any of what was announced before all of it was there. */
static bool all_arrived(struct copying *c)
{
	bool known = box_catch_up(c->to) >= 0;

	for (size_t i = 0; i < c->n && known; i++)
		known = index_find(&c->to->index, c->ret[i]) != NULL;
	return known;
}

/* The other folder's journal first: what it announces and what a crash leaves here, it will find missing and
 * forget. Then the files go over, each at once. If one can't, all come back.
 */
static int move_all(struct copying *c)
{
	size_t moved = 0;
	int r = journal_moved(c);

	if (r < 0)
		return r;
	for (; moved < c->n && r >= 0; moved += r >= 0) {
		box_working(c->from, moved, c->n);
		r = keep_both(c);
		if (r >= 0)
			r = folder_gone(move_file(c, moved, false));
	}
	if (r >= 0 && keep_both(c) < 0 && !all_arrived(c))
		r = -ENOLCK;
	if (r >= 0)
		r = box_sync_dir(c->to, c->to->cur);
	if (r < 0) {
		for (size_t i = 0; i < moved; i++)
			move_file(c, i, true);
		if (expunge_journal(c->to, c->ret, c->n) < 0)
			c->to->must_look = true;
		return r;
	}
	if (box_sync_dir(c->from, c->from->cur) < 0 || expunge_journal(c->from, c->uids, c->n) < 0) {
		log_line(LOG_ERR, "messages were moved, and their old folder's journal could not be written");
		c->from->must_look = true;
	}
	return 0;
}

/* Both locks are held. */
static int move_locked(struct copying *c, struct md_uids uids)
{
	_cleanup_(look_release) struct look look = { 0 };
	int r;

	look_begin(c->from, &look);
	r = update_locked(c->from, &look, 0);
	if (r >= 0)
		r = plan_move(c, uids);
	if (r < 0 || c->n == 0)
		return r;
	r = move_all(c);
	if (r == -EEXIST) {
		r = plan_move(c, uids);
		if (r >= 0)
			r = move_all(c);
	}
	return r;
}

/* Two sessions that move in opposite directions lock in the same order. Within one folder, from does for both. -EXDEV:
 * files can't be moved over by renaming them.
 */
static int lock_both(struct copying *c)
{
	struct stat from, to;
	struct maildir *first, *second;
	int r;

	if (fstat(c->from->cur, &from) < 0 || fstat(c->to->cur, &to) < 0)
		return -errno;
	if (from.st_dev != to.st_dev)
		return -EXDEV;
	if (from.st_ino == to.st_ino)
		c->to = c->from;
	first = from.st_ino > to.st_ino ? c->to : c->from;
	second = from.st_ino > to.st_ino ? c->from : c->to;
	r = box_lock(first, box_write_wait(first));
	if (r >= 0 && second != first) {
		r = box_lock(second, box_write_wait(second));
		if (r < 0)
			box_unlock(first);
	}
	return folder_gone(r);
}

static int move_by_rename(struct copying *c, struct md_uids uids)
{
	int r = lock_both(c);

	if (r < 0)
		return r;
	r = move_locked(c, uids);
	box_unlock(c->from);
	box_unlock(c->to);
	return r;
}

int maildir_move(struct maildir *m, struct md_uids uids, struct maildir *dest, struct arena *a,
		 struct md_uids *ret_from, struct md_uids *ret_to)
{
	struct copying c = { .from = m, .to = dest, .arena = a };
	int r;

	if (m->memory_only || dest->memory_only)
		return m->memory_only ? m->unwritable : dest->unwritable;
	begin(&c, uids);
	look_arm(m);
	r = move_by_rename(&c, uids);
	if (r >= 0) {
		*ret_from = (struct md_uids){ c.uids, c.n };
		*ret_to = (struct md_uids){ c.ret, c.n };
		return 0;
	}
	if (r != -EXDEV)
		return r;
	r = maildir_copy(m, uids, dest, a, ret_from, ret_to);
	if (r >= 0)
		r = maildir_expunge(m, ret_from, MD_FORCE);
	return r;
}
