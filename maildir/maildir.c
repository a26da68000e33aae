/* maildir/maildir.c: opening and closing a folder, and what is known of it */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "maildir/box.h"
#include "maildir/snapshot.h"
#include "maildir/files.h"

enum { SWEEP_AFTER_S = 36 * 3600, RESTS_WITH = 256 * 1024 };

static int open_dir(const struct maildir *m, const char *name, int *ret)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, at = m->dir;
	int fd = openat(at, name, flags);

	if (fd < 0 && errno == ENOENT && !(m->mode & MD_LOOK_ONLY) && (mkdirat(at, name, 0700) == 0 || errno == EEXIST))
		fd = openat(at, name, flags);
	if (fd < 0)
		return -errno;
	*ret = fd;
	return 0;
}

static int open_dirs(struct maildir *m, int dir_fd)
{
	int r;

	m->dir = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dir < 0)
		return -errno;
	r = open_dir(m, "tmp", &m->tmp);
	if (r >= 0)
		r = open_dir(m, "new", &m->new);
	return r >= 0 ? open_dir(m, "cur", &m->cur) : r;
}

int maildir_open(int dir_fd, unsigned mode, const struct maildir_config *config, struct maildir **ret)
{
	_cleanup_(maildir_closep) struct maildir *m = NULL;
	struct arena arena = { 0 };
	int r;

	m = arena_alloc(&arena, sizeof *m);
	*m = (struct maildir){ .arena = arena,
			       .config = config,
			       .mode = mode,
			       .dir = -1,
			       .cur = -1,
			       .new = -1,
			       .tmp = -1,
			       .lock.fd = -1,
			       .journal.fd = -1 };
	watch_init(&m->watch);
	keywords_init(&m->keywords);
	index_init(&m->index, &m->keywords);
	r = open_dirs(m, dir_fd);
	if (r < 0)
		return r;
	m->remote = files_remote(m->dir);
	lock_init(&m->lock, m->dir, m->tmp, config->hostname, config->use_locks, m->remote);
	r = box_open(m);
	if (r < 0)
		return r;
	m->unmoved = m->index.dirs_unmoved || m->index.new_from != UINT32_MAX;
	m->unplaced = m->index.unplaced;
	m->index.telling = true;
	*ret = m;
	m = NULL;
	return 0;
}

/* What a crash has left in tmp/. The change time counts: the others are set to dates of messages. A delivery
 * that is journaled is no left-over, but has to be finished.
 */
static void sweep(struct maildir *m)
{
	const int fd = openat(m->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const time_t old = (time_t)clock_unix() - SWEEP_AFTER_S;
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(m->tmp, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && st.st_ctim.tv_sec < old &&
		    !index_find_base(&m->index, str_z(e->d_name)))
			unlinkat(m->tmp, e->d_name, 0);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

/* For the next one who opens this. */
static void save_snapshot(struct maildir *m, bool swap)
{
	if (m->memory_only || m->damaged || m->stale || m->must_look || m->importing ||
	    box_snapshots(m) < 0 || !snapshot_is_due(&m->journal))
		return;
	m->index.unplaced = m->unplaced;
	snapshot_save(box_snapshots(m), &m->journal, &m->index, swap);
}

void maildir_rest(struct maildir *m)
{
	if (!m->index.messages.mapped && m->index.messages.n + m->index.names.n > RESTS_WITH)
		save_snapshot(m, true);
	if (m->index.events.n == 0)
		buf_release(&m->index.events);
}

void maildir_close(struct maildir *m)
{
	struct arena arena;
	bool sure;

	if (!m)
		return;
	box_unlock(m);	/* MD_UPDATE_NEXT, and no update came */
	sure = !(m->mode & MD_LOOK_ONLY) && m->index.telling && !m->stale && snapshot_is_whole(&m->index);
	if (sure) {
		update_trust(m);
		numbers_keep(m);
	}
	if (sure && !(m->mode & MD_READONLY))
		sweep(m);
	if (sure)
		save_snapshot(m, false);
	watch_close(&m->watch, m->config->spare_watch);
	journal_close(&m->journal);
	lock_release(&m->lock);
	index_release(&m->index);
	keywords_release(&m->keywords);
	fd_closep(&m->cur);
	fd_closep(&m->new);
	fd_closep(&m->tmp);
	fd_closep(&m->dir);
	arena = m->arena;
	arena_free(&arena);
}

void maildir_closep(struct maildir **m)
{
	maildir_close(*m);
	*m = NULL;
}

uint32_t maildir_uidvalidity(const struct maildir *m)
{
	return m->index.uidvalidity;
}

uint32_t maildir_uidnext(const struct maildir *m)
{
	return m->index.uidnext;
}

uint64_t maildir_highestmodseq(const struct maildir *m)
{
	return m->index.modseq;
}

uint64_t maildir_own_modseq(const struct maildir *m)
{
	return m->own_modseq;
}

const char *maildir_mailboxid(const struct maildir *m)
{
	return m->index.mailboxid;
}

size_t maildir_count(const struct maildir *m)
{
	return index_count(&m->index);
}

size_t maildir_unseen(const struct maildir *m)
{
	return m->index.unseen;
}

size_t maildir_deleted(const struct maildir *m)
{
	return m->index.deleted;
}

size_t maildir_first_unseen(struct maildir *m)
{
	return index_first_unseen(&m->index);
}

bool maildir_is_recent(const struct maildir *m, const struct message *msg)
{
	return index_is_recent(&m->index, msg->uid);
}

size_t maildir_first_recent(const struct maildir *m)
{
	return index_position(&m->index, index_recent_from(&m->index));
}

const struct message *maildir_at(const struct maildir *m, size_t i)
{
	return index_at(&m->index, i);
}

const struct message *maildir_message(const struct maildir *m, uint32_t uid)
{
	return index_find(&m->index, uid);
}

size_t maildir_position(const struct maildir *m, uint32_t uid)
{
	return index_position(&m->index, uid);
}

struct str maildir_base_name(const struct maildir *m, const struct message *msg)
{
	return index_base(&m->index, msg);
}

const struct keywords *maildir_keywords(const struct maildir *m, const struct message *msg)
{
	return keywords_set(&m->keywords, msg->keywords);
}

size_t maildir_keyword_count(const struct maildir *m)
{
	return m->keywords.n;
}

struct str maildir_keyword_name(const struct maildir *m, size_t number)
{
	return m->keywords.v[number].name;
}

bool maildir_keyword_find(const struct maildir *m, struct str name, uint16_t *ret)
{
	return keyword_find(&m->keywords, name, ret);
}

bool maildir_remote(const struct maildir *m)
{
	return m->remote;
}

struct cache *maildir_cache(const struct maildir *m)
{
	return m->memory_only ? NULL : m->config->cache;
}

size_t maildir_events_count(const struct maildir *m)
{
	return m->index.events.n / sizeof(struct md_event);
}

const struct md_event *maildir_events(const struct maildir *m, size_t *ret_n)
{
	*ret_n = maildir_events_count(m);
	return (void *)m->index.events.s;
}

void maildir_events_clear(struct maildir *m)
{
	buf_clear(&m->index.events);
}
