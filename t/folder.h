/* t/folder.h: a Maildir folder of its own for a test, and what other programs do to it */
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "maildir/maildir.h"
#include "t/t.h"

struct t_folder {
	char path[64];
	int fd;
	struct maildir_config config;
};

static inline struct t_folder t_folder_make(void)
{
	struct t_folder f = {
		.config = {.hostname = "host",
			    .boot_id = "boot-one",
			    .read_wait_ms = 60000,
			    .write_wait_ms = 60000}
	};

	snprintf(f.path, sizeof f.path, "%s/t_folder.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(f.path));
	f.fd = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(f.fd, 0);
	return f;
}

static inline void t_remove_tree(int at, const char *name)
{
	const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    unlinkat(fd, e->d_name, 0) < 0)
			t_remove_tree(fd, e->d_name);
	if (d)
		closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

static inline void t_folder_remove(struct t_folder *f)
{
	close(f->fd);
	t_remove_tree(AT_FDCWD, f->path);
}

/* Writes a file, as "cur/1.a:2,S"; directories on the way to it have to be there. */
static inline void t_put(const struct t_folder *f, const char *name, const char *content)
{
	const int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %s", name, strerror(errno));
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

static inline void t_make_dirs(const struct t_folder *f)
{
	ck_assert_int_eq(mkdirat(f->fd, "cur", 0700), 0);
	ck_assert_int_eq(mkdirat(f->fd, "new", 0700), 0);
	ck_assert_int_eq(mkdirat(f->fd, "tmp", 0700), 0);
}

/* One with three messages, of which each has other flags. */
static inline struct t_folder t_folder_three(void)
{
	struct t_folder f = t_folder_make();

	t_make_dirs(&f);
	t_put(&f, "cur/1.a:2,", "a");
	t_put(&f, "cur/2.b:2,S", "bb");
	t_put(&f, "cur/3.c:2,F", "ccc");
	return f;
}

static inline bool t_has(const struct t_folder *f, const char *name)
{
	return faccessat(f->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void t_mv(const struct t_folder *f, const char *from, const char *to)
{
	ck_assert_msg(renameat(f->fd, from, f->fd, to) == 0, "%s to %s: %s", from, to, strerror(errno));
}

static inline void t_rm(const struct t_folder *f, const char *name)
{
	ck_assert_msg(unlinkat(f->fd, name, 0) == 0, "%s: %s", name, strerror(errno));
}

/* How many entries a directory has, without those with a dot. */
static inline size_t t_entries(const struct t_folder *f, const char *dir)
{
	const int fd = openat(f->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static inline struct maildir *t_open(const struct t_folder *f, unsigned mode)
{
	struct maildir *m = NULL;
	const int r = maildir_open(f->fd, mode, &f->config, &m);

	ck_assert_msg(r == 0, "open: %s", strerror(-r));
	return m;
}

/* Opened, looked at, and told of nothing. */
static inline struct maildir *t_select(const struct t_folder *f)
{
	struct maildir *m = t_open(f, MD_UPDATE_NEXT);

	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	return m;
}

/* All messages as "uid:flags(keywords) uid…", \Recent as *; in a buffer of the caller's. */
static inline const char *t_show(const struct maildir *m, char *ret, size_t size)
{
	static const struct {
		uint8_t flag;
		char letter;
	} letters[] = {
		{MD_DRAFT,	    'D'},
		{ MD_FLAGGED,  'F'},
		{ MD_ANSWERED, 'R'},
		{ MD_SEEN,	   'S'},
		{ MD_DELETED,  'T'}
	};
	size_t n = 0;

	ret[0] = 0;
	for (size_t i = 0; i < maildir_count(m) && n + 64 < size; i++) {
		const struct message *msg = maildir_at(m, i);

		n += (size_t)snprintf(ret + n, size - n, "%s%u:%s", i ? " " : "", msg->uid,
				      maildir_is_recent(m, msg) ? "*" : "");
		for (size_t j = 0; j < sizeof letters / sizeof *letters; j++)
			if (msg->flags & letters[j].flag)
				ret[n++] = letters[j].letter;
		for (size_t j = 0; j < maildir_keywords(m, msg)->n; j++)
			n += (size_t)snprintf(ret + n, size - n, "%c%s", j ? ',' : '(',
					      maildir_keyword_name(m, maildir_keywords(m, msg)->v[j]).s);
		if (maildir_keywords(m, msg)->n)
			ret[n++] = ')';
		ret[n] = 0;
	}
	return ret;
}

#define t_shows(m, want)                                                                                     \
	do {                                                                                                 \
		char got_[4096];                                                                             \
		ck_assert_str_eq(t_show(m, got_, sizeof got_), want);                                        \
	} while (0)

/* The events as "+uid fuid -uid", a new one that is \Recent with *; they are cleared. */
static inline const char *t_events(struct maildir *m, char *ret, size_t size)
{
	size_t count, n = 0;
	const struct md_event *v = maildir_events(m, &count);

	ret[0] = 0;
	for (size_t i = 0; i < count && n + 16 < size; i++)
		n += (size_t)snprintf(ret + n, size - n, "%s%c%u%s", i ? " " : "", "+f-"[v[i].what], v[i].uid,
				      v[i].recent && v[i].what != MD_EXPUNGED ? "*" : "");
	maildir_events_clear(m);
	return ret;
}

#define t_tells(m, want)                                                                                     \
	do {                                                                                                 \
		char got_[4096];                                                                             \
		ck_assert_str_eq(t_events(m, got_, sizeof got_), want);                                      \
	} while (0)

/* Long enough for a directory's time to differ from what it is now. */
static inline void t_tick(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 25000000 }, NULL);
}

static inline uint32_t t_append(struct maildir *m, const char *content, uint8_t flags)
{
	struct md_tmp tmp;
	uint32_t uid = 0;
	int r = maildir_tmp_open(m, &tmp);

	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(write(tmp.fd, content, strlen(content)), (ssize_t)strlen(content));
	tmp.flags = flags;
	r = maildir_deliver(m, &tmp, 1, &uid);
	maildir_tmp_discard(&tmp);
	ck_assert_msg(r == 0, "deliver: %s", strerror(-r));
	return uid;
}

/* Stores flags and one keyword (NULL: none) for one message. */
static inline int t_store(struct maildir *m, uint32_t uid, int op, uint8_t flags, const char *keyword)
{
	const struct str name = str_z(keyword);
	const struct md_change change = {
		.op = op, .flags = flags, .keywords = &name, .nkeywords = keyword != NULL
	};
	struct md_uids modified, gone;
	struct arena a = { 0 };
	const int r = maildir_store(m, (struct md_uids){ &uid, 1 }, &change, &a, &modified, &gone);

	arena_free(&a);
	return r;
}

/* What is in a message's file. */
static inline const char *t_read(struct maildir *m, uint32_t uid, char *ret, size_t size)
{
	int fd, r = maildir_message_fd(m, uid, &fd);
	ssize_t n;

	if (r < 0) {
		snprintf(ret, size, "%s", strerror(-r));
		return ret;
	}
	n = read(fd, ret, size - 1);
	close(fd);
	ret[n < 0 ? 0 : n] = 0;
	return ret;
}

#define t_reads(m, uid, want)                                                                                \
	do {                                                                                                 \
		char got_[4096];                                                                             \
		ck_assert_str_eq(t_read(m, uid, got_, sizeof got_), want);                                   \
	} while (0)
