/* maildir/box.c: an open folder's journal and lock: catching up, writing, mending */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/snapshot.h"

/* A dirty page may wait this long before the kernel writes it (dirty_expire_centisecs is 30 s). */
enum { WRITTEN_BACK_S = 35 };

void box_unique(struct maildir *m, const struct stat *st, char ret[MDNAME_MAX + 1])
{
	mdname_unique(st, m->serial++, m->config->hostname, ret);
}

enum { IMPATIENT_MS = 60000 };

void box_impatient(struct maildir *m)
{
	m->impatient_until = clock_ms() + IMPATIENT_MS;
}

unsigned box_read_wait(const struct maildir *m)
{
	if (clock_ms() < m->impatient_until)
		return 0;
	return m->config->read_wait_ms ? m->config->read_wait_ms : 5000;
}

unsigned box_write_wait(const struct maildir *m)
{
	return m->config->write_wait_ms ? m->config->write_wait_ms : 30000;
}

void box_working(const struct maildir *m, size_t done, size_t goal)
{
	enum { EVERY = 16 };

	if (m->config->working && done % EVERY == 0)
		m->config->working(m->config->working_data, done, goal);
}

int box_keep_lock(struct maildir *m)
{
	return m->locked ? lock_refresh(&m->lock) : 0;
}

bool box_sync_mail(const struct maildir *m)
{
	return m->config->sync != MD_SYNC_NEVER;
}

bool box_sync_all(const struct maildir *m)
{
	return m->config->sync == MD_SYNC_FULL && !(m->mode & MD_LOOK_ONLY);
}

int box_sync_dir(const struct maildir *m, int dir)
{
	return box_sync_mail(m) && fsync(dir) < 0 ? -errno : 0;
}

int box_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return renameat(from_dir, from, to_dir, to) < 0 ? -errno : 0;
}

int box_snapshots(const struct maildir *m)
{
	return m->config->cache ? cache_dir(m->config->cache) : -1;
}

/* The directory itself is the last to go, and of that no event tells while it is open here. */
bool box_gone(const struct maildir *m)
{
	const int dirs[] = { m->dir, m->cur, m->new, m->tmp };
	struct stat st;

	for (size_t i = 0; i < COUNT(dirs); i++)
		if (fstat(dirs[i], &st) < 0 ? errno == ESTALE || errno == ENOENT : st.st_nlink == 0)
			return true;	/* by another host, or this one; a disk that fails says nothing of it */
	return false;
}

/* Reads the file that is there now. What ix has is replaced, if it can be. */
int box_reload(struct maildir *m)
{
	struct journal j;
	struct index now;
	int r;

	index_init(&now, &m->keywords);
	if (m->index.telling)
		now.uidvalidity = m->index.uidvalidity;
	r = journal_open(m->dir, -1, &now, &j);
	if (r < 0) {
		index_release(&now);
		return r;
	}
	journal_close(&m->journal);
	m->journal = j;
	index_replace(&m->index, &now);
	return 1;
}

int box_rewrite(struct maildir *m, const struct index *ix)
{
	char name[MDNAME_MAX + 1];
	const int r = lock_check(&m->lock);

	if (r < 0)
		return r;
	box_unique(m, NULL, name);
	return journal_write(m->dir, m->tmp, name, ix, box_sync_all(m));
}

static int renumber(struct maildir *m, struct index *ix)
{
	const uint32_t old = MAX(ix->uidvalidity, m->index.uidvalidity);
	uint32_t uidvalidity;
	const int r = box_new_uidvalidity(m, &uidvalidity);

	if (r < 0)
		return r;
	if (uidvalidity <= old)
		uidvalidity = old < UINT32_MAX ? old + 1 : 1;
	log_line(LOG_WARNING, "a folder's UIDs begin anew, with UIDVALIDITY %" PRIu32, uidvalidity);
	index_renumber(ix, uidvalidity);
	box_new_mailboxid(ix); /* RFC 8474 4: it does not outlive the UIDVALIDITY */
	return 0;
}

int box_renumber(struct maildir *m)
{
	int r = renumber(m, &m->index);

	m->stale = true;
	if (r >= 0 && !m->memory_only)
		r = box_rewrite(m, &m->index);
	return r < 0 ? r : -ESTALE;
}

/* Under the lock: what makes no sense now never will. */
int box_mend(struct maildir *m)
{
	struct index saved;
	int r;

	index_init(&saved, &m->keywords);
	r = journal_salvage(m->dir, &saved);
	if (r >= 0 && saved.uidvalidity == m->index.uidvalidity) {
		saved.uidnext = MAX(saved.uidnext, m->index.uidnext);
		saved.modseq = MAX(saved.modseq, m->index.modseq);
	}
	if (r >= 0) {
		log_line(LOG_ERR, "a folder's journal is damaged; %zu messages could be read",
			 index_count(&saved));
		if (saved.mailboxid[0] == 0)
			box_new_mailboxid(&saved);
		r = saved.uidvalidity ? 0 : renumber(m, &saved);
	}
	if (r >= 0)
		r = box_rewrite(m, &saved);
	index_release(&saved);
	m->must_look = true;
	return r < 0 ? r : box_reload(m);
}

/* Somebody has removed the journal, or cut it off, or removed the folder. What we know of it is all there is.
 */
static int lost_journal(struct maildir *m)
{
	int r;

	if (box_gone(m))
		return -ENOENT;
	if (!m->locked) {
		m->damaged = true;
		return 0;
	}
	log_line(LOG_ERR, "a folder's journal has been removed or cut off: written again");
	r = box_rewrite(m, &m->index);
	return r < 0 ? r : box_reload(m);
}

/* The mark comes last: whoever sees it waits for nothing any more, so the name has to be on disk, too. */
int box_sync_journal(struct maildir *m)
{
	if (fdatasync(m->journal.fd) < 0 || (m->unsettled && fsync(m->dir) < 0))
		return -errno;
	m->unsettled = false;
	if (!m->remote)
		journal_mark_durable(&m->journal, m->journal.at);
	return 0;
}

/* What was written a moment ago may not be on disk yet. Nobody is told of a UID that a power cut could take
 * back. */
bool box_is_durable(const struct maildir *m)
{
	struct stat st;

	return !box_sync_all(m) || fstat(m->journal.fd, &st) < 0 ||
	       st.st_mtim.tv_sec + WRITTEN_BACK_S < (time_t)clock_unix() || journal_durable(&m->journal, &st);
}

int box_settle(struct maildir *m)
{
	return m->unsettled ? box_sync_journal(m) : 0;
}

/* The index is not what the journal says. */
static int lost_snapshot(struct maildir *m)
{
	m->stale = true;
	cache_lost(m->config->cache);
	return -ESTALE;
}

int box_check_snapshot(struct maildir *m)
{
	return snapshot_is_whole(&m->index) ? 0 : lost_snapshot(m);
}

int box_catch_up(struct maildir *m)
{
	const uint32_t uidnext = m->index.uidnext, recent = m->index.recent;
	int r;

	m->top_stirs = false;
	if (m->stale)
		return -ESTALE;
	if (m->memory_only)
		return box_gone(m) ? -ENOENT : 0;
	r = m->remote ? journal_reopen(&m->journal, m->dir) : journal_replaced(&m->journal, m->dir);
	if (r == -ENOENT)
		return lost_journal(m);
	if (r == 0)
		r = journal_tail(&m->journal, &m->index);
	else if (r == 1)
		r = box_reload(m);
	if (r == -EBADMSG && journal_cut_off(&m->journal))
		return lost_journal(m);
	if (r == -EBADMSG && m->locked)
		r = box_mend(m);
	m->damaged = r == -EBADMSG;
	if (m->damaged)
		return 0;
	if (r < 0)
		return r;
	box_mark_recent(m, uidnext, recent);
	return r == 1 && !box_is_durable(m) ? box_sync_journal(m) : 0;
}

int box_lock(struct maildir *m, unsigned wait_ms)
{
	int r = 0;

	assert(!m->locked);
	if (m->mode & MD_LOOK_ONLY || (!m->memory_only && !m->journal.writable))
		return -EROFS;
	if (!m->memory_only)
		r = lock_take(&m->lock, wait_ms);
	if (r < 0) {
		if (r == -ETIMEDOUT && wait_ms)
			box_impatient(m);
		return box_gone(m) ? -ENOENT : r;
	}
	m->impatient_until = 0;
	m->locked = true;
	r = box_check_snapshot(m);
	if (r == 0)
		r = box_catch_up(m);
	if (r < 0)
		box_unlock(m);
	return r;
}

void box_unlock(struct maildir *m)
{
	if (m->locked && !m->memory_only)
		lock_drop(&m->lock);
	m->locked = false;
}

static void put_boot(struct maildir *m, struct txn *t)
{
	const struct boot *last = box_last_boot(m);
	const struct boot now = { .host = str_z(m->lock.hostname), .id = str_z(box_boot(m)) };

	if (now.id.n && (!last || !str_eq(last->id, now.id)))
		txn_add(t, line_boot(&now));
}

/* Only now and then, as each time costs as much as reading all of it. That is done first: what a snapshot says may be wrong, and would be the truth. */
static int compact(struct maildir *m)
{
	const uint64_t live = index_count(&m->index) + m->index.tombs.n / sizeof(struct tomb) + m->keywords.n;
	int r;

	if (m->memory_only || m->journal.lines < 2 * live + 1000)
		return 0;
	r = m->index.file >= 0 ? box_reload(m) : 0;
	if (r >= 0)
		r = box_rewrite(m, &m->index);
	return r < 0 ? r : box_reload(m);
}

int box_commit(struct maildir *m, struct txn *t, bool sync)
{
	const uint32_t uidnext = m->index.uidnext, recent = m->index.recent;
	const uint64_t modseq = m->index.modseq;
	int r;

	assert(m->locked);
	if (t->text.n == 0)
		return 0;
	put_boot(m, t);
	r = box_check_snapshot(m);
	if (r >= 0 && m->index.file >= 0 && !txn_is_readable(t, &m->index))	/* a failing disk */
		r = lost_snapshot(m);
	if (r >= 0 && !m->memory_only)
		r = lock_check(&m->lock);
	if (r >= 0 && !m->memory_only)
		r = journal_append(&m->journal, t, sync || m->remote); /* others read it at the server */
	if (r >= 0 && txn_apply(t, &m->index) < 0)	/* the same: it is in the journal, and not in the index */
		r = lost_snapshot(m);
	if (r >= 0 && sync && m->unsettled)
		r = fsync(m->dir) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	if (sync) {
		m->unsettled = false;
		journal_mark_durable(&m->journal, m->journal.at);
	}
	m->changed = m->index.dirs_stale && (m->changed || m->index.modseq > modseq);
	box_mark_recent(m, uidnext, recent);
	if (compact(m) < 0)
		log_line(LOG_WARNING, "a folder's journal could not be compacted");
	return 0;
}

int box_keyword(struct maildir *m, struct str name, uint16_t *ret)
{
	_cleanup_(txn_release) struct txn t = { 0 };
	int r = keyword_check(name);

	if (r < 0)
		return r;
	if (!keyword_find(&m->keywords, name, ret)) {
		const bool forwarded = str_ieq(name, STR("$Forwarded"));
		const struct keyword k = {
			.name = name,
			.letters = forwarded ? 0 : mdname_letter(keyword_next_letter(&m->keywords))
		};

		if (m->keywords.n >= MD_KEYWORDS_MAX)
			return -EOVERFLOW;
		txn_begin(&t, &m->index);
		t.modseq = m->index.modseq;
		txn_add(&t, line_keyword(m->keywords.n, &k));
		r = box_commit(m, &t, false);
		if (r >= 0 && !keyword_find(&m->keywords, name, ret))
			r = -EBADMSG;
	}
	return r;
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

int box_keywords(struct maildir *m, const struct str *names, size_t n, struct arena *a, uint16_t **ret,
		 size_t *ret_n)
{
	uint16_t *v = arena_alloc(a, n * sizeof *v), there;
	size_t count = 0, more = 0;

	for (size_t i = 0; i < n; i++) {
		const int r = keyword_check(names[i]);

		if (r < 0)
			return r;
		if (!keyword_find(&m->keywords, names[i], &there))
			more++;
	}
	if (m->keywords.n + more > MD_KEYWORDS_MAX)
		return -EOVERFLOW;
	for (size_t i = 0; i < n; i++) {
		const int r = box_keyword(m, names[i], &v[i]);

		if (r < 0)
			return r;
	}
	if (n)
		qsort(v, n, sizeof *v, compare_numbers);
	for (size_t i = 0; i < n; i++)
		if (count == 0 || v[count - 1] != v[i])
			v[count++] = v[i];
	*ret = v;
	*ret_n = count;
	return 0;
}
