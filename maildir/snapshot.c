/* maildir/snapshot.c: a folder's index as of some octet of its journal, in a file that is mapped instead of read
 *
 * The sections of the file are what an index has in memory, and a private mapping of them is an index: the kernel reads
 * what is looked at and copies what is changed. So a big folder opens as fast as a small one.
 *
 * To sum all of it up at each opening would take as long as reading it. But whoever else writes into it changes its time, which
 * we have set to one in the past, so only what a failing disk changes goes unnoticed; that may lead to wrong answers, never out of memory
 * that is ours. As long as it is mapped its time is looked at again and again (snapshot_is_whole()), and who falls over a page that is not
 * there any more is caught by cache_survive().
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "maildir/snapshot_head.h"

enum {
	PAGE = 4096,
	WRITE_AT_ONCE = 256 * 1024,
	TEXT_MAX = 16 * 1024 * 1024,
	DUE = 16 * 1024,	/* octets of the journal that are read as fast as a snapshot is opened */
	DUE_PART = 128,		/* nor is it worth writing for less than this part of it */
	LEFT_OVER_S = 600,	/* so old is no file that is being written */
	STAMP_AGE_S = 3600,
	RENEWED_S = 90 * 86400,	/* so old is written again, that none that is in use gets */
	KEPT_S = 180 * 86400,	/* so old: its folder is gone */
};

static const char magic[16] = "imapd-snapshot2";

/* MAILBOXIDs come from a file, and this makes a file's name of one. */
static bool name_for(const struct index *ix, const char *suffix, char ret[64])
{
	const struct str id = str_z(ix->mailboxid);

	for (size_t i = 0; i < id.n; i++)
		if (!ascii_alpha(id.s[i]) && !ascii_digit(id.s[i]))
			return false;
	snprintf(ret, 64, "%s.%s", ix->mailboxid, suffix);
	return id.n > 0;
}

/* Reading */

static uint32_t sum_of(struct head head, struct str text)
{
	head.sum = 0;
	return journal_sum((struct str){ (char *)&head, sizeof head }) ^ journal_sum(text);
}

/* mmap(2) itself refuses what does not begin with a page. */
static bool fits(const struct head *h, const struct section *s, size_t element)
{
	return s->n % element == 0 && s->n <= h->file_size && s->at <= h->file_size - s->n;
}

static bool makes_sense(const struct head *h)
{
	const uint64_t slots = h->slots.n / sizeof(uint32_t);

	return memcmp(h->magic, magic, sizeof magic) == 0 && h->message_size == sizeof(struct message) &&
	       h->tomb_size == sizeof(struct tomb) && h->journal_end == MIN(h->journal_at, (uint64_t)JOURNAL_END) &&
	       h->text_size <= TEXT_MAX &&
	       fits(h, &h->messages, sizeof(struct message)) && fits(h, &h->newest, sizeof(uint64_t)) &&
	       h->newest.n / sizeof(uint64_t) == changed_stretches(h->messages.n / sizeof(struct message)) && fits(h, &h->names, 1) &&
	       fits(h, &h->slots, sizeof(uint32_t)) && fits(h, &h->tombs, sizeof(struct tomb)) &&
	       (slots & (slots - 1)) == 0 && h->slots_used < slots;
}

static int read_head(int fd, struct head *ret, struct buf *ret_text, bool *ret_old)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid())
		return -EPERM;
	n = fd_pread_all(fd, ret, sizeof *ret, 0);
	if (n != sizeof *ret)
		return n < 0 ? (int)n : -EBADMSG;
	if (!makes_sense(ret) || ret->file_size != (uint64_t)st.st_size || ret->stamp != st.st_mtim.tv_sec)
		return -EBADMSG;
	n = fd_pread_all(fd, buf_reserve(ret_text, ret->text_size + 1), ret->text_size, sizeof *ret);
	if (n < 0)
		return (int)n;
	ret_text->n = (size_t)n;
	*ret_old = st.st_ctim.tv_sec + RENEWED_S < (time_t)clock_unix();
	return ret_text->n == ret->text_size && ret->sum == sum_of(*ret, buf_view(ret_text)) ? 0 : -EBADMSG;
}

/* Whether the journal is the one that the snapshot was made from, and has at least what it had then. */
static bool is_of(const struct head *h, const struct journal *j, const struct index *ix)
{
	char end[JOURNAL_END];

	return h->journal_ino == j->ino && h->uidvalidity == ix->uidvalidity &&
	       memcmp(h->mailboxid, ix->mailboxid, sizeof h->mailboxid) == 0 &&
	       fd_pread_all(j->fd, end, h->journal_end, (off_t)(h->journal_at - h->journal_end)) ==
		       (ssize_t)h->journal_end &&
	       memcmp(end, h->journal, h->journal_end) == 0;
}

/* A section with room behind it, so that messages can be added without copying what is there. */
static bool map(int fd, const struct section *s, struct buf *ret)
{
	const size_t pages = (s->n + PAGE - 1) / PAGE * PAGE, size = pages + pages / 4 + 64 * PAGE;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return false;
	if (pages && mmap(p, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, (off_t)s->at) == MAP_FAILED) {
		munmap(p, size);
		return false;
	}
	*ret = (struct buf){ .s = p, .n = s->n, .size = size, .mapped = size };
	return true;
}

static bool map_all(int fd, const struct head *h, struct index *ix)
{
	return map(fd, &h->messages, &ix->messages) && map(fd, &h->newest, &ix->newest) && map(fd, &h->names, &ix->names) &&
	       map(fd, &h->slots, &ix->slots) && map(fd, &h->tombs, &ix->tombs) && (ix->names.n == 0 || ix->names.s[ix->names.n - 1] == 0);
}

/* fd is the file that is mapped, and is ix's from here on. */
static void keep_file(struct index *ix, int fd, const struct head *h)
{
	ix->file = fd;
	ix->file_size = h->file_size;
	ix->file_stamp = h->stamp;
}

bool snapshot_is_whole(const struct index *ix)
{
	struct stat st;

	return ix->file < 0 || (fstat(ix->file, &st) == 0 && (uint64_t)st.st_size == ix->file_size &&
				st.st_mtim.tv_sec == ix->file_stamp && st.st_mtim.tv_nsec == 0);
}

/* The sets of keywords by their numbers here, each as its letters that are no keyword's, how many keywords, and those. */
static bool take_sets(struct index *ix, struct str s, uint64_t sets)
{
	for (uint64_t i = 0; i < sets; i++) {
		uint16_t v[MD_KEYWORDS_MAX], n;
		uint64_t strange;

		if (s.n < sizeof strange + sizeof n)
			return false;
		memcpy(&strange, s.s, sizeof strange);
		memcpy(&n, s.s + sizeof strange, sizeof n);
		s = str_from(s, sizeof strange + sizeof n);
		if (n > MD_KEYWORDS_MAX || s.n < n * sizeof *v)
			return false;
		memcpy(v, s.s, n * sizeof *v);
		s = str_from(s, n * sizeof *v);
		for (size_t k = 0; k < n; k++)
			if (v[k] >= ix->keywords->n || (k && v[k] <= v[k - 1]))
				return false;
		if (keywords_intern(ix->keywords, v, n, strange) != i)
			return false;
	}
	return true;
}

/* Keywords and boots as lines of a journal, an empty line, and the sets. */
static bool take_text(struct index *ix, struct str s, uint64_t sets)
{
	const struct line_bounds none = { .uid = 1, .modseq = 1 };
	struct str line;

	while (str_cut(&s, '\n', &line) && line.n)
		if (line_apply(ix, line, &none) != 0)
			return false;
	return take_sets(ix, s, sets);
}

static void take_rest(struct index *ix, const struct head *h)
{
	ix->slots_used = h->slots_used;
	ix->slots_last = h->uidnext - 1;
	ix->unseen = h->unseen;
	ix->deleted = h->deleted;
	ix->unseen_from = h->unseen_from;
	ix->new_from = h->new_from;
	ix->modseq = h->modseq;
	ix->floor = h->floor;
	ix->uidnext = h->uidnext;
	ix->recent = h->recent;
	memcpy(ix->dirs, h->dirs, sizeof ix->dirs);
	ix->dirs_uidnext = h->dirs_uidnext;
	ix->dirs_known = h->dirs_known;
	ix->dirs_stale = h->dirs_stale;
	ix->dirs_unmoved = h->dirs_unmoved;
	ix->unplaced = h->unplaced;
}

/* As it was: nothing but the journal's first line. */
static void forget(struct index *ix)
{
	struct keyword_table *keywords = ix->keywords;
	struct index empty;

	index_init(&empty, keywords);
	empty.uidvalidity = ix->uidvalidity;
	memcpy(empty.mailboxid, ix->mailboxid, sizeof empty.mailboxid);
	index_release(ix);
	*ix = empty;
	keywords_release(keywords);
	keywords_init(keywords);
}

int snapshot_load(int dir, struct journal *j, struct index *ix)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	_cleanup_(fd_closep) int fd = -1;
	struct head h;
	char name[64];
	bool old;
	int r;

	if (ix->keywords->nsets > 1 || ix->keywords->n || !name_for(ix, "index", name))
		return -EINVAL;
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	r = read_head(fd, &h, &text, &old);
	if (r < 0)
		return r;
	if (!is_of(&h, j, ix))
		return -ESTALE;
	if (!map_all(fd, &h, ix) || !take_text(ix, buf_view(&text), h.sets)) {
		forget(ix);
		return -EBADMSG;
	}
	take_rest(ix, &h);
	keep_file(ix, fd, &h);
	fd = -1;
	j->at = j->snapshot_at = h.journal_at;
	j->snapshot_old = old;
	j->lines = h.journal_lines;
	return 0;
}

/* Writing */

struct out {
	int fd, r;	/* r: the first failure; nothing more is written then */
	struct buf b;
	uint64_t at;	/* where in the file the next octet goes */
};

static void flush(struct out *o)
{
	if (o->r >= 0 && o->b.n)
		o->r = fd_write_all(o->fd, o->b.s, o->b.n);
	buf_clear(&o->b);
}

static void put(struct out *o, const void *p, size_t n)
{
	buf_add(&o->b, p, n);
	o->at += n;
	if (o->b.n >= WRITE_AT_ONCE)
		flush(o);
}

static void end_page(struct out *o)
{
	static const char zeros[PAGE];

	put(o, zeros, (PAGE - o->at % PAGE) % PAGE);
}

static void put_messages(struct out *o, const struct index *ix, struct head *h)
{
	_cleanup_(buf_release) struct buf newest = { 0 };
	size_t name = 0;

	h->messages.at = o->at;
	for (size_t i = 0; i < index_count(ix); i++) {
		struct message msg = *index_at(ix, i);

		msg.seen = 0;
		msg.state &= AT_NEW | AT_ODD;
		msg.name = (uint32_t)name;
		name += index_full_name(ix, index_at(ix, i)).n;
		put(o, &msg, sizeof msg);
		changed_note(&newest, i, msg.modseq);
	}
	h->messages.n = o->at - h->messages.at;
	end_page(o);
	h->newest = (struct section){ o->at, newest.n };
	put(o, newest.s, newest.n);
	end_page(o);
	h->names = (struct section){ o->at, name };
	for (size_t i = 0; i < index_count(ix); i++) {
		const struct str full = index_full_name(ix, index_at(ix, i));

		put(o, full.s, full.n);
	}
	end_page(o);
}

static void put_slots(struct out *o, const struct index *ix, struct head *h)
{
	_cleanup_(buf_release) struct buf slots = { 0 };

	index_make_slots(ix, &slots);
	h->slots = (struct section){ o->at, slots.n };
	h->slots_used = index_count(ix);
	put(o, slots.s, slots.n);
	end_page(o);
}

static void put_tombs(struct out *o, const struct index *ix, struct head *h)
{
	h->tombs = (struct section){ o->at, ix->tombs.n };
	put(o, ix->tombs.s, ix->tombs.n);
	end_page(o);
}

static void make_text(const struct index *ix, struct buf *ret)
{
	const struct boot *boots = (void *)ix->boots.s;
	const struct keyword_table *t = ix->keywords;

	for (size_t i = 0; i < t->n; i++)
		line_write(ret, t, line_keyword(i, &t->v[i]));
	for (size_t i = 0; i < ix->boots.n / sizeof *boots; i++)
		line_write(ret, t, line_boot(&boots[i]));
	buf_c(ret, '\n');
	for (size_t i = 0; i < t->nsets; i++) {
		const struct keywords *k = t->sets[i];
		const uint16_t n = (uint16_t)k->n;

		buf_add(ret, &(uint64_t){ keywords_strange(t, (uint32_t)i) }, sizeof(uint64_t));
		buf_add(ret, &n, sizeof n);
		buf_add(ret, k->v, n * sizeof *k->v);
	}
}

static int describe(const struct journal *j, const struct index *ix, struct head *h)
{
	*h = (struct head){ .message_size = sizeof(struct message),
			    .tomb_size = sizeof(struct tomb),
			    .journal_end = (uint32_t)MIN(j->at, (uint64_t)JOURNAL_END),
			    .journal_ino = j->ino,
			    .journal_at = j->at,
			    .journal_lines = j->lines,
			    .sets = ix->keywords->nsets,
			    .unseen = ix->unseen,
			    .deleted = ix->deleted,
			    .modseq = ix->modseq,
			    .floor = ix->floor,
			    .uidvalidity = ix->uidvalidity,
			    .uidnext = ix->uidnext,
			    .recent = ix->recent,
			    .dirs_uidnext = ix->dirs_uidnext,
			    .unseen_from = ix->unseen_from,
			    .new_from = ix->new_from,
			    .dirs_known = ix->dirs_known,
			    .dirs_stale = ix->dirs_stale,
			    .dirs_unmoved = ix->dirs_unmoved,
			    .unplaced = ix->unplaced };
	memcpy(h->magic, magic, sizeof magic);
	memcpy(h->dirs, ix->dirs, sizeof h->dirs);
	memcpy(h->mailboxid, ix->mailboxid, sizeof h->mailboxid);
	return fd_pread_all(j->fd, h->journal, h->journal_end, (off_t)(j->at - h->journal_end)) ==
			       (ssize_t)h->journal_end ?
		       0 :
		       -EIO;
}

static int write_all(int fd, const struct journal *j, const struct index *ix, struct head *ret)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };
	struct out o = { .fd = fd };
	struct head h;
	int r = describe(j, ix, &h);

	make_text(ix, &text);
	h.text_size = text.n;
	if (r < 0 || text.n > TEXT_MAX)
		return r < 0 ? r : -EFBIG;
	put(&o, &h, sizeof h);
	put(&o, text.s, text.n);
	end_page(&o);
	put_messages(&o, ix, &h);
	put_slots(&o, ix, &h);
	put_tombs(&o, ix, &h);
	flush(&o);
	buf_release(&o.b);
	h.file_size = o.at;
	times[1].tv_sec = h.stamp = (int64_t)(clock_unix() - STAMP_AGE_S) & ~INT64_C(1);	/* some file systems count by twos */
	h.sum = sum_of(h, buf_view(&text));
	if (o.r >= 0 && pwrite(fd, &h, sizeof h, 0) != (ssize_t)sizeof h)
		o.r = -EIO;
	if (o.r >= 0 && futimens(fd, times) < 0)
		o.r = -errno;
	*ret = h;
	/* Else a power cut could leave the name with other octets behind it. */
	return o.r >= 0 && fsync(fd) < 0 ? -errno : o.r;
}

/* Only one session at a time writes it. One that has died doing so is made way for. */
static int open_new(int dir, const char *name)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	struct stat st;
	int fd = openat(dir, name, flags, 0600);

	if (fd < 0 && errno == EEXIST && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtim.tv_sec + LEFT_OVER_S < (time_t)clock_unix() && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/* Removes the snapshots that were last written before that. */
static void sweep(int dir, int64_t before)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL) {
		struct stat st;

		if (str_ends(str_z(e->d_name), STR(".index")) &&
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_ctim.tv_sec < before)
			unlinkat(dir, e->d_name, 0);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

void snapshot_remove_all(int dir)
{
	sweep(dir, INT64_MAX);
}

/* What the file has of ix, which it was made from, takes the place of what ix has. Only doubts stand in memory alone. */
static void take_from(int *fd, const struct head *h, struct index *ix)
{
	struct index mapped;

	index_init(&mapped, NULL);
	if (!map_all(*fd, h, &mapped)) {
		index_release(&mapped);
		return;
	}
	for (size_t i = 0; i < index_count(ix); i++)
		if (index_at(ix, i)->state & AT_DOUBT)
			index_at(&mapped, i)->state |= AT_DOUBT;
	buf_release(&ix->messages);
	buf_release(&ix->holes);
	buf_release(&ix->newest);
	buf_release(&ix->names);
	buf_release(&ix->slots);
	buf_release(&ix->tombs);
	ix->messages = mapped.messages;
	ix->newest = mapped.newest;
	ix->names = mapped.names;
	ix->slots = mapped.slots;
	ix->tombs = mapped.tombs;
	ix->names_dead = 0;
	ix->slots_used = h->slots_used;
	ix->slots_last = h->uidnext - 1;
	fd_closep(&ix->file);
	keep_file(ix, *fd, h);
	*fd = -1;
}

int snapshot_save(int dir, struct journal *j, struct index *ix, bool swap)
{
	char name[64], new[64];
	struct head h;
	int fd, r;

	if (!name_for(ix, "index", name) || !name_for(ix, "new", new))
		return -EINVAL;
	fd = open_new(dir, new);
	if (fd < 0)
		return fd;
	r = write_all(fd, j, ix, &h);
	if (r >= 0 && !snapshot_is_whole(ix))
		r = -ESTALE;
	if (r >= 0 && renameat(dir, new, dir, name) < 0)
		r = -errno;
	if (r >= 0 && swap)
		take_from(&fd, &h, ix);
	fd_closep(&fd);
	if (r < 0) {
		unlinkat(dir, new, 0);
		return r;
	}
	j->snapshot_at = j->at;
	j->snapshot_old = false;
	sweep(dir, (int64_t)clock_unix() - KEPT_S);	/* nobody tells us of folders that were deleted */
	return 0;
}

bool snapshot_is_due(const struct journal *j)
{
	return j->snapshot_old || j->at - j->snapshot_at > DUE + j->snapshot_at / DUE_PART;
}
