/* t/fuzz_snapshot.c: any octets as a folder's snapshot, under a sum that is right: nothing is read or written that is not ours
 *
 * No disk makes such a file, but what protects from it is what a wrong sum alone does not: offsets, numbers and order. The input is
 * either the file itself, or what is changed in a real one: two octets for where, one for how many, and those.
 */
#include <assert.h>
#include <stdlib.h>
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/files.h"
#include "maildir/snapshot.c"	/* for its head */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES = 40 };

/* Of this process; what inputs have left in the folder is taken away before the next. */
struct place {
	char path[64], snapshot[64];
	int dir;
	struct maildir_config config;
	struct buf journal, original;
};

static void put_file(int dir, const char *name, struct str content)
{
	_cleanup_(fd_closep) int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, content.s, content.n) < 0)
		abort();
}

static struct maildir *open_folder(const struct place *p)
{
	struct maildir *m;

	return maildir_open(p->dir, 0, &p->config, &m) == 0 ? m : NULL;
}

static void clear(const struct place *p)
{
	static const char *const dirs[] = { "cur", "new", "tmp" };

	for (size_t i = 0; i < COUNT(dirs); i++) {
		files_remove_tree(p->dir, dirs[i]);
		assert(mkdirat(p->dir, dirs[i], 0700) == 0);
	}
	for (int i = 0; i < MESSAGES; i++) {
		char name[64];

		snprintf(name, sizeof name, "cur/%d.m.host:2,%s", 1000 + i, i % 3 ? "S" : i % 7 ? "" : "FSXa");
		put_file(p->dir, name, STR("\n"));
	}
}

/* A folder with keywords, tombs and odd names, and a session's snapshot of it. */
static void make(struct place *p)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct str word = STR("blue");
	const struct md_change change = { .op = MD_ADD, .flags = MD_DELETED, .keywords = &word, .nkeywords = 1 };
	uint32_t uids[] = { 3, 4, 5 };
	struct md_uids modified, gone;
	struct maildir *m;

	p->config = (struct maildir_config){ .hostname = "host", .boot_id = "boot", .no_inotify = true, .sync = MD_SYNC_NEVER };
	snprintf(p->path, sizeof p->path, "/dev/shm/fuzz_snapshot.XXXXXX");
	assert(mkdtemp(p->path));
	p->dir = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	clear(p);
	assert(cache_open(p->dir, NULL, &p->config.cache) == 0);
	m = open_folder(p);
	assert(m && maildir_update(m, MD_CLAIM_RECENT) == 0);
	assert(maildir_store(m, (struct md_uids){ uids, 3 }, &change, &a, &modified, &gone) == 0);
	assert(maildir_expunge(m, &(struct md_uids){ uids, 2 }, MD_FORCE) == 0);
	assert(snapshot_save(box_snapshots(m), &m->journal, &m->index, false) == 0);
	snprintf(p->snapshot, sizeof p->snapshot, "imapd.cache/%s.index", m->index.mailboxid);
	maildir_close(m);
	assert(fd_slurp_at(p->dir, p->snapshot, 1 << 20, &p->original) == 0);
	assert(fd_slurp_at(p->dir, JOURNAL_NAME, 1 << 20, &p->journal) == 0);
}

static struct place place;

static void leave(void)
{
	files_remove_tree(AT_FDCWD, place.path);
}

static void change(struct buf *b, const uint8_t *data, size_t size)
{
	while (size > 3) {
		const size_t at = (size_t)(data[0] | data[1] << 8), n = MIN((size_t)data[2], size - 3);

		if (at + n <= b->n)
			memcpy(b->s + at, data + 3, n);
		data += 3 + n;
		size -= 3 + n;
	}
}

/* What makes it pass for one of this folder. */
static void mend(const struct place *p, struct buf *b, time_t *ret_stamp)
{
	struct head is, *h = (void *)b->s;
	struct stat st;

	assert(fstatat(p->dir, JOURNAL_NAME, &st, 0) == 0);
	memcpy(&is, p->original.s, sizeof is);
	memcpy(h->magic, magic, sizeof magic);
	h->message_size = is.message_size;
	h->tomb_size = is.tomb_size;
	h->journal_ino = st.st_ino;
	h->journal_at = is.journal_at;
	h->journal_end = is.journal_end;
	memcpy(h->journal, is.journal, sizeof h->journal);
	memcpy(h->mailboxid, is.mailboxid, sizeof h->mailboxid);
	h->uidvalidity = is.uidvalidity;
	h->file_size = b->n;
	h->stamp = *ret_stamp = is.stamp;
	h->text_size = MIN(h->text_size, b->n - sizeof *h);
	h->sum = sum_of(*h, (struct str){ b->s + sizeof *h, h->text_size });
}

static void use(struct place *p)
{
	_cleanup_(maildir_closep) struct maildir *m = open_folder(p);
	struct md_range *ranges;
	struct arena a = { 0 };
	size_t n;
	bool all;

	for (int i = 0; m && i < 2; i++) {
		const size_t count = maildir_count(m);

		maildir_first_unseen(m);
		maildir_vanished(m, 1, &a, &ranges, &n, &all);
		for (size_t k = 0; k < count && k < 1000 && k < maildir_count(m); k++) {
			const uint32_t uid = maildir_at(m, k)->uid;
			int fd = -1;

			maildir_keywords(m, maildir_at(m, k));
			maildir_base_name(m, maildir_at(m, k));
			if (maildir_message_fd(m, uid, &fd) == 0)
				close(fd);
		}
		if (maildir_update(m, MD_CLAIM_RECENT) < 0)
			break;
	}
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct timespec times[2] = { { 0 } };
	struct buf b = { 0 };

	if (size < 1 || size > 65536)
		return 0;
	if (!place.path[0]) {
		make(&place);
		atexit(leave);
	}
	if (*data % 4 == 0 && size > sizeof(struct head)) {
		buf_add(&b, data, size);
	} else {
		buf_str(&b, buf_view(&place.original));
		change(&b, data + 1, size - 1);
	}
	clear(&place);
	put_file(place.dir, JOURNAL_NAME, buf_view(&place.journal));
	mend(&place, &b, &times[1].tv_sec);
	put_file(place.dir, place.snapshot, buf_view(&b));
	buf_release(&b);
	assert(utimensat(place.dir, place.snapshot, times, 0) == 0);
	use(&place);
	unlinkat(place.dir, place.snapshot, 0);
	use(&place);	/* what it has led to is in the journal by now, which is one all the same */
	return 0;
}
