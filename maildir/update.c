/* maildir/update.c: catching up with the world */
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "maildir/box.h"

#define LINGER_MAX UINT64_C(100000000) /* ns; a time that far ahead is of another clock */

enum { TRIES = 8, TRUST_EVERY_MS = 5000, LINGER_TRIES = 3, PAUSE_MAX_MS = 5 };

/* Whether there is something to write, now or once the directories' times have settled. ret_now: their state. */
static bool trustworthy(struct maildir *m, struct dir_state ret_now[DIR_COUNT], uint64_t *ret_settles)
{
	const uint64_t now = clock_files_ns();

	if (m->memory_only || !m->journal.writable || m->must_look || look_state(m, ret_now) < 0)
		return false;
	*ret_settles = look_settles(m, ret_now, now);
	if (!m->exact && !(m->looked_ok && look_is_known(m, ret_now)))
		return false;
	return !m->index.dirs_known || m->index.dirs_stale || m->index.dirs_unmoved != m->unmoved ||
	       memcmp(ret_now, m->index.dirs, sizeof m->index.dirs) != 0;
}

static bool durable(const struct maildir *m)
{
	struct stat st;

	return box_sync_all(m) && fstat(m->journal.fd, &st) == 0 && journal_durable(&m->journal, &st);
}

/* Under the lock. The state is taken first: what happens after it, in the directories, gives them another. A power cut may take
 * back what is written here.
 */
static void trust(struct maildir *m)
{
	_cleanup_(txn_release) struct txn t = { 0 };
	_cleanup_(look_release) struct look look = { 0 };
	struct dir_state now[DIR_COUNT];
	bool was_durable;
	uint64_t settles;

	look_begin(m, &look);
	if (!trustworthy(m, now, &settles) || settles)
		return;
	look_events(m, &look);
	if (m->must_look || look_differs(m, &look)) {
		m->must_look = true;
		return;
	}
	txn_begin(&t, &m->index);
	t.modseq = m->index.modseq;
	txn_add(&t, line_dirs(now, m->unmoved));
	was_durable = durable(m);
	if (box_commit(m, &t, false) >= 0 && was_durable)
		journal_mark_durable(&m->journal, m->journal.at);
}

void update_trust(struct maildir *m)
{
	struct dir_state now[DIR_COUNT];
	uint64_t settles;

	if (!trustworthy(m, now, &settles) || settles || box_lock(m, 0) < 0)
		return;
	trust(m);
	box_unlock(m);
}

/* Whether there is something that this session could make its own. All that was seen is in the journal. */
static bool claimable(struct maildir *m, unsigned how)
{
	return how & MD_CLAIM_RECENT && (look_unmoved(m) || m->index.recent + 1 < m->index.uidnext);
}

int update_locked(struct maildir *m, struct look *look, unsigned how)
{
	int r;

	if (!m->must_look && m->exact)
		look_events(m, look);
	if (m->must_look || m->power_cut || m->importing || (!m->exact && !look_unchanged(m)) ||
	    (how & MD_CLAIM_RECENT && m->unplaced)) {
		r = look_everywhere(m, look);
		if (r < 0)
			return r;
	}
	if (!look_differs(m, look) && !claimable(m, how) && !m->power_cut && !m->importing)
		return 0;
	r = settle(m, look, how);
	m->must_look = m->must_look || r < 0;
	return r;
}

/* Whether the lock is needed: there is something to journal, or to look for. */
static bool needed(struct maildir *m, struct look *look, unsigned how)
{
	if (m->damaged || m->must_look || m->power_cut || m->importing)
		return true;
	if (!m->exact)
		return !look_unchanged(m) || claimable(m, how);
	look_events(m, look);
	return m->must_look || look_differs(m, look) || claimable(m, how);
}

/* Nothing is known of a folder before somebody has looked at it for the first time: who does is waited for as long as he shows that he works. */
static bool first_look_goes_on(struct maildir *m, int64_t *touched)
{
	const int64_t before = *touched;

	*touched = lock_touched(&m->lock);
	return m->index.uidnext == 1 && *touched != before;
}

/* Takes the lock, as long as it is needed: what the one who has it writes into the journal is mostly what all others in the folder
 * have seen, too. If it is not needed any more, m->locked is false.
 */
static int lock_if_needed(struct maildir *m, struct look *look, unsigned how)
{
	const uint64_t last = clock_ms() + box_write_wait(m);
	uint64_t until = clock_ms() + box_read_wait(m);
	int64_t touched = m->index.uidnext == 1 ? lock_touched(&m->lock) : 0;
	int r;

	for (long ms = 1; (r = box_lock(m, 0)) == -ETIMEDOUT; ms = MIN(2 * ms, (long)PAUSE_MAX_MS)) {
		if (clock_ms() >= until) {
			if (until >= last || !first_look_goes_on(m, &touched))
				break;
			until = MIN(clock_ms() + box_read_wait(m), last);
		}
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
		r = box_catch_up(m);
		if (r < 0 || !needed(m, look, how))
			return r;
	}
	if (r == -ETIMEDOUT)
		box_impatient(m);
	return r;
}

/* Once in a while, if it takes no waiting: who opens the folder while we have changed it need not read all of it. */
static void trust_on_the_way(struct maildir *m)
{
	const uint64_t now = clock_ms();

	if (!m->exact || !m->changed || !m->index.dirs_stale || now < m->trusted_at + TRUST_EVERY_MS)
		return;
	m->trusted_at = now;
	update_trust(m);
}

static bool can_wait(int r)
{
	return r == -ETIMEDOUT || r == -EROFS || r == -EACCES || r == -EPERM;
}

static int update_once(struct maildir *m, unsigned how)
{
	_cleanup_(look_release) struct look look = { 0 };
	const bool begun = m->locked; /* and nothing was written since but by us */
	int r = begun ? 0 : box_catch_up(m);

	if (r < 0)
		return r;
	if (m->mode & MD_READONLY)
		how &= ~(unsigned)MD_CLAIM_RECENT;
	if (how & MD_CLAIM_RECENT) /* a session that will be here for long */
		look_arm(m);
	look_begin(m, &look);
	if (!begun && !needed(m, &look, how)) {
		trust_on_the_way(m);
		return 0;
	}
	if (!begun)
		r = lock_if_needed(m, &look, how);
	if (r < 0) {
		m->must_look = true; /* events that were taken are not there a second time */
		return can_wait(r) ? 1 : r;
	}
	if (!m->locked)
		return 0;
	r = update_locked(m, &look, how);
	if (r >= 0 && (look.full || look.new_only))
		trust(m);
	box_unlock(m);
	return r;
}

/* With a watch, events that came while we were at work have been taken, and will not wake anybody again: what
 * they were about is looked at before we return. Whatever fails in a folder that is gone fails because of that.
 */
int maildir_update(struct maildir *m, unsigned how)
{
	int r = 0, settled;

	for (int i = 0; i < TRIES; i++) {
		r = update_once(m, how);
		if (r < 0 && box_gone(m))
			r = -ENOENT;
		if (r != 0 || m->watch.fd < 0 || !(m->must_look || m->top_stirs))
			break;
		r = 1;
	}
	if (r >= 0 && box_check_snapshot(m) < 0)
		return -ESTALE;
	settled = box_settle(m);
	return r < 0 || settled == 0 ? r : settled;
}

/* What comes while we wait would leave nothing to trust; it is taken in, and waited for in its turn. */
void maildir_linger(struct maildir *m)
{
	struct dir_state now[DIR_COUNT];
	uint64_t settles;

	for (int i = 0; i < LINGER_TRIES; i++) {
		if (!m->exact || m->remote || maildir_update(m, 0) < 0 || !trustworthy(m, now, &settles) || settles > LINGER_MAX)
			return;
		if (settles == 0)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = (long)settles }, NULL);
	}
	update_trust(m);
}

int maildir_watch(struct maildir *m, int *ret_fd)
{
	int r;

	if (m->config->no_inotify)
		return -ENOSYS;
	if (m->watch.fd < 0) {
		r = watch_arm(&m->watch, &m->arena, m->dir, m->cur, m->new, m->config->spare_watch);
		if (r < 0)
			return r;
		m->exact = !m->remote && !m->must_look && look_unchanged(m);
	}
	*ret_fd = m->watch.fd;
	return 0;
}
