/* maildir/deliver.c: messages enter a folder whole, or not at all
 *
 * A message is written in tmp/, gets its final base name there and is synced. Then the journal gives it a
 * UID: from that line on it is in the folder, whatever crashes, because who finds a journaled message in tmp/
 * moves it to where it belongs. Then it is moved to cur/.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "maildir/box.h"

static int add_lines(struct maildir *m, struct txn *t, const struct arrival *v, size_t n, uint32_t *ret_uids)
{
	if (n > UINT32_MAX - t->uidnext)
		return box_renumber(m);
	for (size_t i = 0; i < n; i++) {
		const struct message msg = {
			.uid = t->uidnext,
			.modseq = t->modseq,
			.flags = v[i].flags & MD_FLAGS,
			.keywords = v[i].keywords,
			.print = v[i].print,
		};

		txn_add(t, line_message(&msg, str_z(v[i].name)));
		ret_uids[i] = t->uidnext++;
	}
	return 0;
}

void arrival_name(const struct maildir *m, const struct arrival *v, char ret[MDNAME_MAX + MDNAME_SUFFIX])
{
	const size_t n = strlen(v->name);

	memcpy(ret, v->name, n);
	mdname_suffix(mdname_flag_letters(v->flags & MD_FLAGS) | keywords_set(&m->keywords, v->keywords)->letters, ret + n);
}

/* Back to tmp/, and out of the journal. Their UIDs are not given again. */
static void undo(struct maildir *m, const struct arrival *v, size_t moved, const uint32_t *uids, size_t n)
{
	for (size_t i = 0; i < moved; i++) {
		char name[MDNAME_MAX + MDNAME_SUFFIX];

		arrival_name(m, &v[i], name);
		renameat(m->cur, name, m->tmp, v[i].name);
	}
	if (expunge_journal(m, uids, n) < 0)
		m->must_look = true;
}

/* Whoever took the lock over while this process was stopped has done what the journal says (find_file()). */
static bool finished(struct maildir *m, uint32_t uid)
{
	struct message *msg;
	struct stat st;

	if (box_catch_up(m) < 0)
		return false;
	msg = index_find(&m->index, uid);
	return msg && find_file(m, msg, &st) >= 0;
}

int deliver_all(struct maildir *m, const struct arrival *v, size_t n, uint32_t *ret_uids)
{
	_cleanup_(txn_release) struct txn t = { 0 };
	const bool several = n > 1 && box_sync_all(m);
	size_t moved = 0;
	int r;

	if (m->memory_only)
		return m->unwritable;
	txn_begin(&t, &m->index);
	r = add_lines(m, &t, v, n, ret_uids);
	if (r >= 0 && several && fsync(m->tmp) < 0)
		r = -errno;
	if (r >= 0)
		r = box_commit(m, &t, several);
	if (r < 0)
		return r;
	for (; moved < n && r >= 0; moved += r >= 0) {
		char name[MDNAME_MAX + MDNAME_SUFFIX];

		arrival_name(m, &v[moved], name);
		box_keep_lock(m);	/* without it this is as right */
		r = box_rename(m->tmp, v[moved].name, m->cur, name);
		if (r == -ENOENT && finished(m, ret_uids[moved]))
			r = 0;
	}
	if (r >= 0 && box_sync_all(m))
		r = box_sync_journal(m);
	if (r >= 0)
		r = box_sync_dir(m, m->cur);
	if (r < 0)
		undo(m, v, moved, ret_uids, n);
	return r;
}

int maildir_tmp_open(struct maildir *m, struct md_tmp *ret)
{
	struct md_tmp tmp = { .fd = -1, .dir = m->tmp };

	for (int i = 0; i < 100 && tmp.fd < 0; i++) {
		box_unique(m, NULL, tmp.name);
		tmp.fd = openat(m->tmp, tmp.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (tmp.fd < 0 && errno != EEXIST)
			return -errno;
	}
	if (tmp.fd < 0)
		return -EEXIST;
	*ret = tmp;
	return 0;
}

void maildir_tmp_discard(struct md_tmp *tmp)
{
	if ((tmp->fd >= 0 || tmp->finished) && tmp->name[0])
		unlinkat(tmp->dir, tmp->name, 0);
	tmp->name[0] = 0;
	fd_closep(&tmp->fd);
}

/* Its date and its final base name. The kernel begins to write it to disk, so that syncing several finds it done. */
int maildir_tmp_finish(struct maildir *m, struct md_tmp *tmp)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = tmp->date } };
	char name[MDNAME_MAX + 1];
	struct stat st;

	if (tmp->finished)
		return 0;
	if ((tmp->dated && futimens(tmp->fd, times) < 0) || fstat(tmp->fd, &st) < 0)
		return -errno;
	box_unique(m, &st, name);
	if (renameat(m->tmp, tmp->name, m->tmp, name) < 0)
		return -errno;
	memcpy(tmp->name, name, sizeof name);
	tmp->print = mdname_print(&st);
	if (box_sync_mail(m))
		sync_file_range(tmp->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* fsync() will tell what went wrong */
	tmp->finished = true;
	return 0;
}

int maildir_tmp_sync(struct maildir *m, struct md_tmp *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].fd >= 0 && box_sync_mail(m) && fsync(v[i].fd) < 0)
			return -errno;
		fd_closep(&v[i].fd);
	}
	return 0;
}

/* All of them are on disk; and what the journal is told of them. */
static int prepare(struct maildir *m, struct md_tmp *v, size_t n, struct arrival *ret)
{
	int r = m->memory_only ? m->unwritable : 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = maildir_tmp_finish(m, &v[i]);
	if (r >= 0)
		r = maildir_tmp_sync(m, v, n);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		memcpy(ret[i].name, v[i].name, strlen(v[i].name) + 1);
		ret[i].flags = v[i].flags;
		ret[i].print = v[i].print;
	}
	return 0;
}

static int give_keywords(struct maildir *m, const struct md_tmp *tmp, struct arena *a, struct arrival *ret)
{
	uint16_t *numbers;
	size_t n;
	const int r = box_keywords(m, tmp->keywords, tmp->nkeywords, a, &numbers, &n);

	if (r < 0)
		return r;
	ret->keywords = keywords_intern(&m->keywords, numbers, n, 0);
	return 0;
}

int maildir_deliver(struct maildir *m, struct md_tmp *v, size_t n, uint32_t *ret_uids)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct arrival *arrivals = arena_alloc(&a, n * sizeof *arrivals);
	uint32_t *uids = arena_alloc(&a, n * sizeof *uids);
	int r = prepare(m, v, n, arrivals);

	if (r >= 0)
		r = box_lock(m, box_write_wait(m));
	if (r < 0)
		return r;
	for (size_t i = 0; i < n && r >= 0; i++)
		r = give_keywords(m, &v[i], &a, &arrivals[i]);
	if (r >= 0)
		r = deliver_all(m, arrivals, n, uids);
	box_unlock(m);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		v[i].name[0] = 0;
		ret_uids[i] = uids[i];
	}
	return 0;
}
