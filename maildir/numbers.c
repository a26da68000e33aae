/* maildir/numbers.c: what STATUS tells of folders, in one file of the cache
 *
 * A record is found by the inode of cur/, and means something only while three things have the state that it names: the journal, cur/ and
 * new/. It is made when the journal's last word on the directories (its line "d") says that all names in them are known. So what
 * would be found by opening the folder and looking is what was found then.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "maildir/box.h"
#include "maildir/caching.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"
#include "maildir/numbers.h"

#define FILE_NAME "status"
#define NEW_NAME  "status.new"

enum {
	RECORDS_MAX = 20000,
	LEFT_OVER_S = 600,	/* so old is no file that is being written */
	FEWEST_SLOTS = 64,
};

struct head {
	char magic[16];		/* with the version */
	uint32_t sum;		/* of this, with 0 here, and of the records */
	uint32_t record_size;	/* which has its octets in another order on other machines */
	uint64_t n;		/* records */
};
static const char magic[16] = "imapd-status 1";

struct state {
	struct dir_state dirs[DIR_COUNT], journal;
	uint64_t journal_size;
};

struct record {
	struct state state;
	uint64_t messages, recent, unseen, deleted, modseq, size;
	uint32_t uidnext, uidvalidity;
	char mailboxid[24];
	uint8_t size_known;
	uint8_t used;		/* in this session; 0 in the file */
	uint8_t zero[6];
};

struct numbers {
	struct buf records;	/* struct record */
	struct buf slots;	/* uint32_t: where in records, from 1; by the inode of cur/; 0 is free */
	struct arena paths;	/* of the folder that is looked at */
	bool changed;
};

static size_t count(const struct numbers *t)
{
	return t->records.n / sizeof(struct record);
}

static struct record *at(const struct numbers *t, size_t i)
{
	return (struct record *)(void *)t->records.s + i;
}

/* The slot of the record for this inode, or the free one where it belongs. */
static uint32_t *slot(const struct numbers *t, uint64_t ino)
{
	uint32_t *v = (void *)t->slots.s;
	const size_t mask = t->slots.n / sizeof *v - 1;
	size_t i = (size_t)((ino * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & mask;

	while (v[i] && at(t, v[i] - 1)->state.dirs[DIR_CUR].ino != ino)
		i = (i + 1) & mask;
	return &v[i];
}

/* So that less than half of the slots are in use, also with one more. */
static void make_slots(struct numbers *t)
{
	size_t n = FEWEST_SLOTS;

	while (n < 2 * (count(t) + 1))
		n *= 2;
	if (t->slots.n == n * sizeof(uint32_t))
		return;
	buf_clear(&t->slots);
	memset(buf_reserve(&t->slots, n * sizeof(uint32_t)), 0, n * sizeof(uint32_t));
	t->slots.n = n * sizeof(uint32_t);
	for (size_t i = 0; i < count(t); i++)
		*slot(t, at(t, i)->state.dirs[DIR_CUR].ino) = (uint32_t)i + 1;
}

static uint32_t sum_of(struct head head, struct str records)
{
	head.sum = 0;
	return journal_sum((struct str){ (char *)&head, sizeof head }) ^ journal_sum(records);
}

/* Takes the records of a file's text, if all of it makes sense. */
static void take(struct numbers *t, struct str text)
{
	struct head head;

	if (text.n < sizeof head)
		return;
	memcpy(&head, text.s, sizeof head);
	text = str_from(text, sizeof head);
	if (memcmp(head.magic, magic, sizeof magic) != 0 || head.record_size != sizeof(struct record) ||
	    head.n > RECORDS_MAX || text.n != head.n * sizeof(struct record) || sum_of(head, text) != head.sum)
		return;
	buf_str(&t->records, text);
	for (size_t i = 0; i < count(t); i++)
		at(t, i)->mailboxid[sizeof at(t, i)->mailboxid - 1] = 0;
}

static struct numbers *load(struct cache *c)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	if (c->numbers)
		return c->numbers;
	c->numbers = must_alloc(sizeof *c->numbers);
	*c->numbers = (struct numbers){ 0 };
	if (files_read(c->dir, FILE_NAME, sizeof(struct head) + RECORDS_MAX * sizeof(struct record), &text) >= 0)
		take(c->numbers, buf_view(&text));
	make_slots(c->numbers);
	return c->numbers;
}

/* When there are too many, those of folders that were not asked for are left out: they may be gone for long. */
static void write_records(const struct numbers *t, struct buf *b)
{
	struct head head = { .record_size = sizeof(struct record) };

	memcpy(head.magic, magic, sizeof magic);
	buf_add(b, &head, sizeof head);
	for (size_t i = 0; i < count(t); i++) {
		struct record r = *at(t, i);

		if (count(t) >= RECORDS_MAX && !r.used)
			continue;
		r.used = 0;
		buf_add(b, &r, sizeof r);
		head.n++;
	}
	head.sum = sum_of(head, str_from(buf_view(b), sizeof head));
	memcpy(b->s, &head, sizeof head);
}

/* Nothing is synced: a file that is not whole has another sum. */
static void save(int dir, const struct numbers *t)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(fd_closep) int fd = openat(dir, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0) { /* another session writes its own, or has died of it */
		if (errno == EEXIST && fstatat(dir, NEW_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (uint64_t)st.st_mtime + LEFT_OVER_S < clock_unix())
			unlinkat(dir, NEW_NAME, 0);
		return;
	}
	write_records(t, &b);
	if (fd_write_all(fd, b.s, b.n) < 0 || renameat(dir, NEW_NAME, dir, FILE_NAME) < 0)
		unlinkat(dir, NEW_NAME, 0);
}

void numbers_close(struct cache *c)
{
	struct numbers *t = c->numbers;

	if (!t)
		return;
	if (t->changed)
		save(c->dir, t);
	buf_release(&t->records);
	buf_release(&t->slots);
	arena_free(&t->paths);
	free(t);
	c->numbers = NULL;
}

static bool state_of(int fd, struct str dir, const char *name, struct dir_state *ret, uint64_t *ret_size)
{
	char path[2 * NAME_MAX];
	const size_t n = strlen(name) + 1;
	struct stat st;

	if (dir.n + 1 + n > sizeof path)
		return false;
	memcpy(path, dir.s, dir.n);
	path[dir.n] = '/';
	memcpy(path + dir.n + 1, name, n);
	if (fstatat(fd, path, &st, 0) < 0)
		return false;
	*ret = dir_state_of(&st);
	*ret_size = (uint64_t)st.st_size;
	return true;
}

/* The state of the folder dir (a path below fd) but for cur/. The journal's ctime is also that of its mark (journal_mark_durable()). */
static bool take_rest(int fd, struct str dir, struct state *ret)
{
	uint64_t size;
	const bool whole = state_of(fd, dir, "new", &ret->dirs[DIR_NEW], &size) &&
			   state_of(fd, dir, JOURNAL_NAME, &ret->journal, &ret->journal_size);

	ret->journal.ctime = 0;
	return whole;
}

/* All of it. *ret_exists: it has cur/. */
static bool take_state(int fd, struct str dir, struct state *ret, bool *ret_exists)
{
	uint64_t size;

	*ret_exists = state_of(fd, dir, "cur", &ret->dirs[DIR_CUR], &size);
	return *ret_exists && take_rest(fd, dir, ret);
}

/* The same of a folder by its name, found as folder_find() does, but not whether a link leads to what is ours: of what does not,
 * nothing is remembered.
 */
static bool take_folder(struct numbers *t, struct account *acc, const struct folder *f, struct state *ret)
{
	bool exists = false, whole = false;

	if (f->name.n == 0)
		return take_state(acc->fd, STR("."), ret, &exists);
	if (f->dir.n) {
		ret->dirs[DIR_CUR] = f->cur;
		return take_rest(acc->fd, f->dir, ret);
	}
	if (!folder_name_possible(f->name))
		return false;
	for (int utf7 = 0; !exists && utf7 < 2; utf7++) {
		const char *dir = folder_name_dir(f->name, utf7, &t->paths);

		whole = dir && take_state(acc->fd, str_z(dir), ret, &exists);
	}
	return whole;
}

bool numbers_remembered(struct cache *c, struct account *acc, const struct folder *folder, const struct maildir *but, struct md_numbers *ret)
{
	struct numbers *t;
	struct state now;
	struct record *r;
	uint32_t place;
	struct stat st;

	if (!c)
		return false;
	t = load(c);
	arena_reset(&t->paths);
	if (!take_folder(t, acc, folder, &now))
		return false;
	place = *slot(t, now.dirs[DIR_CUR].ino);
	if (!place || (but && (fstat(but->cur, &st) < 0 || st.st_ino == now.dirs[DIR_CUR].ino)))
		return false;
	r = at(t, place - 1);
	if (memcmp(&r->state, &now, sizeof now) != 0)
		return false;
	r->used = 1;
	*ret = (struct md_numbers){ .messages = r->messages, .recent = r->recent, .unseen = r->unseen, .deleted = r->deleted,
				    .modseq = r->modseq, .size = r->size, .size_known = r->size_known,
				    .uidnext = r->uidnext, .uidvalidity = r->uidvalidity };
	memcpy(ret->mailboxid, r->mailboxid, sizeof ret->mailboxid);
	return true;
}

static uint64_t recent(const struct maildir *m)
{
	uint64_t n = 0;

	for (size_t i = maildir_first_recent(m); i < maildir_count(m); i++)
		n += maildir_is_recent(m, maildir_at(m, i));
	return n;
}

static bool size_known(const struct maildir *m)
{
	return m->size_uidnext == m->index.uidnext && m->size_modseq == m->index.modseq;
}

void maildir_numbers(const struct maildir *m, struct md_numbers *ret)
{
	*ret = (struct md_numbers){ .messages = maildir_count(m), .recent = recent(m), .unseen = maildir_unseen(m),
				    .deleted = maildir_deleted(m), .modseq = m->index.modseq,
				    .size = m->size, .size_known = size_known(m),
				    .uidnext = m->index.uidnext, .uidvalidity = m->index.uidvalidity };
	memcpy(ret->mailboxid, m->index.mailboxid, sizeof ret->mailboxid);
}

void maildir_numbers_size(struct maildir *m, uint64_t size)
{
	m->size = size;
	m->size_uidnext = m->index.uidnext;
	m->size_modseq = m->index.modseq;
}

/* Whether all that is in the folder, in this state, is what the journal says. On remote file systems states may be old. */
static bool certain(const struct maildir *m, const struct state *now)
{
	const struct index *ix = &m->index;

	return !(m->memory_only || m->remote || m->damaged || m->stale || m->must_look || m->power_cut || m->importing ||
		 m->journal.torn) &&
	       ix->dirs_known && !ix->dirs_stale && ix->dirs_uidnext == ix->uidnext &&
	       memcmp(now->dirs, ix->dirs, sizeof now->dirs) == 0 && now->journal.ino == m->journal.ino &&
	       now->journal_size == m->journal.at;
}

static void put(struct numbers *t, const struct record *r)
{
	uint32_t *place = slot(t, r->state.dirs[DIR_CUR].ino);

	if (*place) {
		*at(t, *place - 1) = *r;
	} else if (count(t) < RECORDS_MAX) {
		buf_add(&t->records, r, sizeof *r);
		*place = (uint32_t)count(t);
		make_slots(t);
	}
	t->changed = true;
}

void numbers_keep(struct maildir *m)
{
	struct numbers *t = m->config->cache ? m->config->cache->numbers : NULL;
	const struct index *ix = &m->index;
	struct record r = { .used = 1 };
	uint32_t place;
	bool exists;

	if (!t || !take_state(m->dir, STR("."), &r.state, &exists) || !certain(m, &r.state))
		return;
	place = *slot(t, r.state.dirs[DIR_CUR].ino);
	if (place && !size_known(m) && memcmp(&at(t, place - 1)->state, &r.state, sizeof r.state) == 0)
		return; /* it may know more */
	r.messages = index_count(ix);
	r.recent = r.messages - index_position(ix, ix->recent + 1);
	r.unseen = ix->unseen;
	r.deleted = ix->deleted;
	r.modseq = ix->modseq;
	r.size_known = size_known(m);
	r.size = r.size_known ? m->size : 0;
	r.uidnext = ix->uidnext;
	r.uidvalidity = ix->uidvalidity;
	memcpy(r.mailboxid, ix->mailboxid, sizeof r.mailboxid);
	put(t, &r);
}
