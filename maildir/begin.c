/* maildir/begin.c: opening a folder's journal, or making one for a folder that has none */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "maildir/box.h"

int box_new_uidvalidity(struct maildir *m, uint32_t *ret)
{
	if (m->config->uidvalidity)
		return m->config->uidvalidity(m->config->data, ret);
	*ret = (uint32_t)clock_unix();
	return 0;
}

void box_new_mailboxid(struct index *ix)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char octets[16];

	if (getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets)
		memcpy(octets, &(uint64_t[2]){ clock_unix_ns(), (uint64_t)getpid() }, sizeof octets);
	ix->mailboxid[0] = 'F';
	for (size_t i = 0; i < sizeof octets; i++)
		ix->mailboxid[i + 1] = digits[octets[i] & 31];
	ix->mailboxid[1 + sizeof octets] = 0;
}

const struct boot *box_last_boot(const struct maildir *m)
{
	const struct boot *boots = (void *)m->index.boots.s;

	for (size_t i = 0; i < m->index.boots.n / sizeof *boots; i++)
		if (str_eq(boots[i].host, str_z(m->lock.hostname)))
			return &boots[i];
	return NULL;
}

/* After the journal was read: who is \Recent here. Seen by a handle that claims nothing: what nobody has
 * claimed. */
void box_mark_recent(struct maildir *m, uint32_t uidnext, uint32_t recent)
{
	struct index *ix = &m->index;
	const uint32_t from = m->claiming ? recent + 1 : MAX(uidnext, ix->recent + 1);
	struct md_event *events = (void *)ix->events.s;
	const size_t n = ix->events.n / sizeof *events;
	uint32_t told = UINT32_MAX, before;

	if (!m->claiming && !(m->mode & MD_READONLY))
		return;
	for (size_t i = 0; i < n; i++)
		if (events[i].what == MD_NEW) {
			told = MIN(told, events[i].uid);
			if (events[i].uid >= from)
				events[i].recent = true;
		}
	before = index_make_recent(ix, from);
	for (size_t i = index_position(ix, MAX(from, before + 1)); i < index_count(ix); i++)
		if (index_at(ix, i)->uid < told)
			index_tell(ix, MD_CHANGED, index_at(ix, i));
}

static void import_keywords(struct maildir *m, const struct md_import *import)
{
	for (size_t i = 0; i < 26; i++)
		if (import->letters[i].n)
			keyword_add(&m->keywords, import->letters[i], (char)('a' + i));
	for (size_t i = 0; i < import->nkeywords; i++) {
		uint16_t there;

		if (!keyword_find(&m->keywords, import->keywords[i], &there))
			keyword_add(&m->keywords, import->keywords[i],
				    str_ieq(import->keywords[i], STR("$Forwarded"))
					    ? 0
					    : keyword_next_letter(&m->keywords));
	}
}

/* The keywords of an entry by their numbers here. */
static uint32_t imported(struct maildir *m, const struct md_import *import,
				       const struct md_import_entry *entry)
{
	uint32_t k = KEYWORDS_NONE;

	for (size_t i = 0; i < entry->nkeywords; i++) {
		uint16_t number;

		if (keyword_find(&m->keywords, import->keywords[entry->keywords[i]], &number))
			k = keywords_with(&m->keywords, k, &number, 1);
	}
	return k;
}

uint32_t box_imported(struct maildir *m, struct str base)
{
	for (size_t i = m->import ? m->import->n : 0; i-- > 0 && m->import->entries[i].uid == 0;)
		if (str_eq(m->import->entries[i].base, base))
			return imported(m, m->import, &m->import->entries[i]);
	return KEYWORDS_NONE;
}

static void import_messages(struct maildir *m, const struct md_import *import, struct index *ix)
{
	for (size_t i = 0; i < import->n; i++) {
		const struct md_import_entry *entry = &import->entries[i];

		if (entry->uid == 0 || entry->base.n == 0 || entry->base.n > MDNAME_MAX ||
		    entry->base.s[0] == '.')
			continue;
		index_add(ix,
			  &(struct message){
				  .uid = entry->uid, .modseq = 1, .keywords = imported(m, import, entry) },
			  entry->base);
	}
	ix->uidnext = import->uidnext;
	ix->recent = ix->uidnext - 1;
}

/* The index of a folder that had no journal. */
static int begin(struct maildir *m, struct index *ix)
{
	struct md_import *import = arena_alloc(&m->arena, sizeof *import);
	int r = import_read(m->dir, &m->arena, import);

	if (r < 0)
		return r;
	if (r == 1) {
		log_line(LOG_INFO, "%zu messages of a folder are known from %s", import->n, import->from);
		m->import = import;
		m->importing = true;
		import_keywords(m, import);
		import_messages(m, import, ix);
		ix->uidvalidity = import->uidvalidity;
	}
	box_new_mailboxid(ix);
	if (ix->uidvalidity == 0)
		return box_new_uidvalidity(m, &ix->uidvalidity);
	if (m->config->uidvalidity_seen)
		return m->config->uidvalidity_seen(m->config->data, ix->uidvalidity);
	return 0;
}

static bool read_only(int r)
{
	return r == -EROFS || r == -EACCES || r == -EPERM || r == -ENOSPC || r == -EDQUOT;
}

/* Where nothing can be written, what can be known is kept in memory. */
static int go_without(struct maildir *m, int why)
{
	if (m->index.uidvalidity == 0) {
		const int r = begin(m, &m->index);

		if (r < 0 && m->index.uidvalidity == 0)
			m->index.uidvalidity = (uint32_t)clock_unix() - 1;	/* nobody is given one that is past */
	}
	if (why == -ETIMEDOUT && m->importing) /* its new messages would have other UIDs than whoever has the lock gives them */
		return why;
	log_line(LOG_WARNING, "a folder's journal can't be written: UIDs are of this session only");
	m->memory_only = true;
	m->unwritable = why;
	return 0;
}

/* Writes a journal without messages; who then looks at the folder adds them. It waits for the disk once for both. But what
 * another server has left is not read again once there is a journal, in whatever state a power cut leaves it.
 */
static int create_journal(struct maildir *m)
{
	char name[MDNAME_MAX + 1];
	int r = begin(m, &m->index);

	if (r >= 0)
		r = lock_check(&m->lock);
	if (r < 0)
		return r;
	box_unique(m, NULL, name);
	r = journal_write(m->dir, m->tmp, name, &m->index, m->importing && box_sync_all(m));
	m->unsettled = r >= 0 && !m->importing && box_sync_all(m);
	return r < 0 ? r : box_reload(m);
}

/* Whoever has the lock may be writing all of a big folder down, so it is waited for as long as it shows that it works. One that
 * hangs is not: nobody can read without a journal.
 */
static int lock_to_open(struct maildir *m)
{
	const uint64_t until = clock_ms() + box_write_wait(m);
	int r = lock_take(&m->lock, 0);

	for (bool works = r == -ETIMEDOUT; works;) {
		const int64_t touched = lock_touched(&m->lock);

		r = lock_take(&m->lock, box_read_wait(m));
		works = r == -ETIMEDOUT && lock_touched(&m->lock) != touched && clock_ms() < until;
	}
	m->locked = r >= 0;
	return r;
}

static int create(struct maildir *m)
{
	const int locked = lock_to_open(m);
	int r;

	if (!m->locked && locked != -ETIMEDOUT)
		return read_only(locked) ? go_without(m, locked) : locked;
	r = journal_open(m->dir, -1, &m->index, &m->journal); /* somebody was faster */
	if (!m->locked)
		return r == -ENOENT ? go_without(m, locked) : r;
	if (r == -ENOENT)
		r = create_journal(m);
	if (r == -EBADMSG)
		r = box_mend(m);
	if (r < 0 || !(m->mode & MD_UPDATE_NEXT) || !m->journal.writable)
		box_unlock(m);
	return read_only(r) || r == -ETIMEDOUT ? go_without(m, r) : r;	/* what times out is a UIDVALIDITY */
}

static int open_damaged(struct maildir *m)
{
	int r = lock_to_open(m);

	if (r < 0)
		return r;
	r = box_reload(m);
	if (r == -EBADMSG)
		r = box_mend(m);
	box_unlock(m);
	return r;
}

const char *box_boot(struct maildir *m)
{
	struct buf b = { 0 };

	if (m->boot[0])
		return m->boot;
	if (m->config->boot_id)
		snprintf(m->boot, sizeof m->boot, "%s", m->config->boot_id);
	else if (fd_slurp_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &b) == 0)
		snprintf(m->boot, sizeof m->boot, "%.*s", (int)str_trim(buf_view(&b)).n, b.s);
	buf_release(&b);
	return m->boot;
}

int box_open(struct maildir *m)
{
	const struct boot *last;
	int r = journal_open(m->dir, box_snapshots(m), &m->index, &m->journal);

	if (m->mode & MD_LOOK_ONLY)
		return r;
	if (r == -ENOENT)
		r = create(m);
	else if (r == -EBADMSG)
		r = open_damaged(m);
	if (r < 0)
		return r;
	m->written = m->journal.mtime;
	last = m->index.dirs_stale && !m->remote ? box_last_boot(m) : NULL;
	m->power_cut = last && *box_boot(m) && !str_eq(last->id, str_z(box_boot(m)));
	box_mark_recent(m, 0, m->index.recent);
	if (m->memory_only || m->unsettled)
		return 0;
	m->unsettled = !box_is_durable(m);	/* who has begun it may have come no farther */
	return box_settle(m);
}
