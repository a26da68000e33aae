/* t/t_snapshot_head.c: snapshots whose first part is not what it should be, and has a right sum all the same */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include "maildir/snapshot_head.h"
#include "t/snapshot.h"

enum { PAGE = 4096 };

#define AT(member) offsetof(struct head, member), sizeof ((struct head *)NULL)->member

/* One number in the head is another. */
static const struct {
	size_t at, size;
	enum { SET, ADD, BEYOND } how; /* BEYOND: where the file ends */
	uint64_t number;
} forgeries[] = {
	{ AT(message_size), ADD, 8 },
	{ AT(tomb_size), ADD, 8 },
	{ AT(journal_end), SET, JOURNAL_END + 1 },
	{ AT(journal_end), SET, 0 },
	{ AT(journal_ino), ADD, 1 },
	{ AT(journal_at), ADD, 100000 },
	{ AT(journal_at), SET, 10 },
	{ AT(journal), ADD, 1 },
	{ AT(file_size), ADD, PAGE },
	{ AT(text_size), SET, UINT64_C(1) << 60 },
	{ AT(text_size), SET, 8 << 20 },
	{ AT(sets), ADD, 1000 },
	{ AT(stamp), ADD, 1 },
	{ AT(messages.n), ADD, 1 },
	{ AT(newest.n), ADD, 1 },
	{ AT(slots.n), ADD, 1 },
	{ AT(tombs.n), ADD, 1 },
	{ AT(messages.at), ADD, 1 },
	{ AT(messages.at), BEYOND, 0 },
	{ AT(newest.at), BEYOND, 0 },
	{ AT(names.at), BEYOND, 0 },
	{ AT(slots.at), BEYOND, 0 },
	{ AT(tombs.at), BEYOND, 0 },
	{ AT(messages.n), SET, 0 },
	{ AT(newest.n), ADD, 8 },
	{ AT(names.n), ADD, UINT64_MAX },
	{ AT(names.n), SET, UINT64_MAX },
	{ AT(tombs.n), SET, UINT64_MAX / sizeof(struct tomb) * sizeof(struct tomb) },
	{ AT(slots.n), SET, 0 },
	{ AT(slots.n), ADD, UINT64_MAX - 3 },
	{ AT(slots_used), SET, 1 << 20 },
	{ AT(uidvalidity), ADD, 1 },
	{ AT(mailboxid), ADD, 1 },
	{ AT(magic), ADD, 1 },
};

/* As whoever writes one does; the text may be said to be longer than the file. */
static uint32_t sum_of(int fd, struct head h)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const size_t most = (size_t)MIN(h.text_size, (uint64_t)16 << 20);
	const ssize_t n = fd_pread_all(fd, buf_reserve(&text, most), most, sizeof h);

	h.sum = 0;
	return journal_sum((struct str){ (char *)&h, sizeof h }) ^ journal_sum((struct str){ text.s, n > 0 ? (size_t)n : 0 });
}

static void forge(const struct fixture *x, size_t row)
{
	const int fd = open_snapshot(x);
	struct stat st;
	struct head h;
	uint64_t v = 0;

	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(pread(fd, &h, sizeof h, 0), (ssize_t)sizeof h);
	ck_assert_uint_eq(sum_of(fd, h), h.sum);
	memcpy(&v, (char *)&h + forgeries[row].at, MIN(forgeries[row].size, sizeof v));
	v = forgeries[row].how == SET ? forgeries[row].number : v + forgeries[row].number;
	if (forgeries[row].how == BEYOND)
		v = ((uint64_t)st.st_size + PAGE - 1) / PAGE * PAGE;
	memcpy((char *)&h + forgeries[row].at, &v, MIN(forgeries[row].size, sizeof v));
	h.sum = sum_of(fd, h);
	ck_assert_int_eq(pwrite(fd, &h, sizeof h, 0), (ssize_t)sizeof h);
	ck_assert_int_eq(futimens(fd, (struct timespec[2]){ st.st_atim, st.st_mtim }), 0);
	close(fd);
}

START_TEST(what_cannot_be_meant_is_not_used)
{
	struct fixture x = fixture();

	forge(&x, (size_t)_i);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

static void make_fifo(const struct t_folder *f, const char *name)
{
	ck_assert_int_eq(mkfifoat(f->fd, name, 0600), 0);
}

static void make_dir(const struct t_folder *f, const char *name)
{
	ck_assert_int_eq(mkdirat(f->fd, name, 0700), 0);
}

static void make_socket(const struct t_folder *f, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof a.sun_path, "%s/s", f->path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	close(fd);
	t_mv(f, "s", name);
}

/* Endless zeros, where this may be made. */
static void make_device(const struct t_folder *f, const char *name)
{
	if (mknodat(f->fd, name, S_IFCHR | 0600, makedev(1, 5)) < 0)
		make_fifo(f, name);
}

static void make_link(const struct t_folder *f, const char *name)
{
	t_put(f, "elsewhere", "x");
	ck_assert_int_eq(symlinkat("elsewhere", f->fd, name), 0);
}

static void (*const no_files[])(const struct t_folder *f, const char *name) = { make_fifo, make_dir, make_socket, make_device, make_link };

/* And nobody waits for it. */
START_TEST(what_is_no_file_is_not_used)
{
	struct fixture x = fixture();

	t_mv(&x.f, x.snapshot, "was");
	no_files[_i](&x.f, x.snapshot);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

START_TEST(a_link_to_a_right_one_is_not_used)
{
	struct fixture x = fixture();

	t_mv(&x.f, x.snapshot, "was");
	ck_assert_int_eq(symlinkat("../was", x.f.fd, x.snapshot), 0);
	ck_assert(!is_used(&x));
	check_same(&x);
	release(&x);
}
END_TEST

/* It stays, and the folder is not opened: what it is there for, somebody knows. */
START_TEST(a_journal_that_is_no_file_is_left_alone)
{
	static const int failures[COUNT(no_files)] = { -EINVAL, -EISDIR, -ENXIO, -EINVAL, -ELOOP };
	struct t_folder f = t_folder_make();
	struct maildir *m = NULL;
	struct stat before, after;

	no_files[_i](&f, "imapd.journal");
	ck_assert_int_eq(fstatat(f.fd, "imapd.journal", &before, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(maildir_open(f.fd, 0, &f.config, &m), failures[_i]);
	ck_assert_int_eq(fstatat(f.fd, "imapd.journal", &after, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	t_folder_remove(&f);
}
END_TEST

T_SUITE("snapshot_head", T_LOOP(what_cannot_be_meant_is_not_used, forgeries), T_LOOP(what_is_no_file_is_not_used, no_files),
	T_TEST(a_link_to_a_right_one_is_not_used), T_LOOP(a_journal_that_is_no_file_is_left_alone, no_files))
