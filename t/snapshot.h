/* t/snapshot.h: a folder with a snapshot of its index, and what a session sees of it, for tests */
#pragma once
#include "base/fd.h"
#include "maildir/box.h"
#include "maildir/cache.h"
#include "maildir/snapshot.h"
#include "t/folder.h"

/* A folder with a cache, in which a session has left 300 messages, some expunged, some with keywords and strange names. */
struct fixture {
	struct t_folder f;
	struct cache *cache;
	char snapshot[300];	/* its path in the folder */
};

enum { MESSAGES = 300, SHOWN = 40000 };

static inline void change(struct maildir *m, uint32_t uid, uint8_t flags, const char *keyword)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct str word = str_z(keyword);
	const struct md_change c = { .op = MD_ADD, .flags = flags, .keywords = &word, .nkeywords = *keyword != 0 };
	struct md_uids modified, gone;

	ck_assert_int_eq(maildir_store(m, (struct md_uids){ &uid, 1 }, &c, &a, &modified, &gone), 0);
}

static inline struct fixture fixture(void)
{
	struct fixture x = { .f = t_folder_make() };
	uint32_t gone[] = { 7, 8, 9, 150, 299 };
	struct maildir *m;
	char name[80];

	t_make_dirs(&x.f);
	ck_assert_int_eq(cache_open(x.f.fd, NULL, &x.cache), 0);
	x.f.config.cache = x.cache;
	for (int i = 0; i < MESSAGES; i++) {
		snprintf(name, sizeof name, "cur/%d.a_rather_long_name_of_a_message.host:2,%s", 1000 + i,
			 i % 3 == 0 ? "S" : i % 7 == 0 ? "SF" : "");
		t_put(&x.f, name, "\n");
	}
	m = t_select(&x.f);
	change(m, 5, MD_SEEN, "blue");
	change(m, 6, MD_FLAGGED, "$Forwarded");
	change(m, 5, MD_DELETED, "green");
	ck_assert_int_eq(maildir_expunge(m, &(struct md_uids){ gone, COUNT(gone) }, MD_FORCE), 0);
	snprintf(x.snapshot, sizeof x.snapshot, "imapd.cache/%s.index", maildir_mailboxid(m));
	maildir_close(m);
	ck_assert(t_has(&x.f, x.snapshot));
	return x;
}

static inline void release(struct fixture *x)
{
	cache_close(x->cache);
	t_folder_remove(&x->f);
}

static inline int open_snapshot(const struct fixture *x)
{
	const int fd = openat(x->f.fd, x->snapshot, O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* As another program would. */
static inline void write_into(const struct fixture *x)
{
	const int fd = open_snapshot(x);

	ck_assert_int_eq(pwrite(fd, "x", 1, 9000), 1);
	close(fd);
}

/* All that a session sees, after it has looked, or without looking. */
static inline char *shown(struct fixture *x, bool look, char ret[SHOWN])
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct maildir *m = t_open(&x->f, MD_READONLY);
	struct md_range *ranges;
	size_t n, nranges;
	bool all;

	if (look)
		ck_assert_int_ge(maildir_update(m, 0), 0);
	maildir_vanished(m, 1, &a, &ranges, &nranges, &all);
	n = (size_t)snprintf(ret, SHOWN, "%u %u %lu %s %zu %zu %zu %zu; ", maildir_uidvalidity(m), maildir_uidnext(m),
			     (unsigned long)maildir_highestmodseq(m), maildir_mailboxid(m), maildir_unseen(m),
			     maildir_deleted(m), maildir_first_unseen(m), nranges);
	for (size_t i = 0; i < maildir_count(m); i++) {
		const struct message *msg = maildir_at(m, i);

		n += (size_t)snprintf(ret + n, SHOWN - n, "%lu %.*s ", (unsigned long)msg->modseq,
				      (int)maildir_base_name(m, msg).n, maildir_base_name(m, msg).s);
	}
	t_show(m, ret + n, SHOWN - n);
	maildir_close(m);
	return ret;
}

/* What the journal alone says. */
static inline char *without(struct fixture *x, bool look, char ret[SHOWN])
{
	x->f.config.cache = NULL;
	shown(x, look, ret);
	x->f.config.cache = x->cache;
	return ret;
}

static inline void check_same(struct fixture *x)
{
	static char with[SHOWN], alone[SHOWN];

	ck_assert_str_eq(shown(x, false, with), without(x, false, alone));
	ck_assert_str_eq(shown(x, true, with), without(x, true, alone));
}

static inline bool is_used(struct fixture *x)
{
	struct maildir *m = t_open(&x->f, MD_READONLY);
	const bool used = m->journal.snapshot_at > 0;

	maildir_close(m);
	return used;
}
