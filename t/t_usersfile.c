/* t/t_usersfile.c: the file of virtual users, to be changed */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/users.h"
#include "auth/usersfile.h"
#include "base/fd.h"
#include "t/t.h"

struct place {
	char dir[32], path[64];
};

static struct place setup(const char *text, mode_t mode)
{
	struct place p = { "/tmp/t_usersfile.XXXXXX", "" };
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(p.dir));
	snprintf(p.path, sizeof p.path, "%s/users", p.dir);
	if (!text)
		return p;
	fd = open(p.path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(fd_write_all(fd, text, strlen(text)), 0);
	close(fd);
	return p;
}

/* Nothing but the file is left in the directory. */
static void teardown(const struct place *p)
{
	unlink(p->path);
	ck_assert_int_eq(rmdir(p->dir), 0);
}

static void check_text(const char *path, const char *want)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert_int_eq(fd_slurp_at(AT_FDCWD, path, 4096, &b), 0);
	t_str_eq(buf_view(&b), str_z(want));
}

static const struct {
	const char *before, *name, *new, *after;
} changes[] = {
	{"a:1\nb:2\nc:3\n",	     "b", "b:9\n", "a:1\nb:9\nc:3\n"	     },
	{ "a:1\nb:2\nc:3\n",	     "a", "",      "b:2\nc:3\n"	   },
	{ "a:1\nb:2",	      "b", "b:9\n", "a:1\nb:9\n"		 },
	{ "a:1\nb:2",	      "b", "",      "a:1\n"		       },
	{ "a:1",		   "x", "x:1\n", "a:1\nx:1\n"	    },
	{ "",		      "x", "x:1\n", "x:1\n"		    },
	{ "# kept\n\n a:1\nb:2\n", "b", "b:3\n", "# kept\n\n a:1\nb:3\n"},
};

START_TEST(one_line_changes_and_the_rest_stays)
{
	const struct place p = setup(changes[_i].before, 0640);
	_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };
	struct str old = { 0 };
	struct stat st;

	ck_assert_int_eq(usersfile_open(p.path, false, &f), 0);
	users_find(buf_view(&f.text), str_z(changes[_i].name), &old);
	ck_assert_int_eq(usersfile_replace(&f, old, str_z(changes[_i].new)), 0);
	check_text(p.path, changes[_i].after);
	ck_assert_int_eq(stat(p.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	teardown(&p);
}
END_TEST

START_TEST(owner_and_group_stay)
{
	const struct place p = setup("a:1\n", 0600);
	_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };
	struct stat st;

	if (geteuid() == 0) {
		ck_assert_int_eq(chown(p.path, 12, 34), 0);
		ck_assert_int_eq(usersfile_open(p.path, false, &f), 0);
		ck_assert_int_eq(usersfile_replace(&f, (struct str){ 0 }, STR("b:1\n")), 0);
		ck_assert_int_eq(stat(p.path, &st), 0);
		ck_assert_uint_eq(st.st_uid, 12);
		ck_assert_uint_eq(st.st_gid, 34);
	}
	teardown(&p);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
	const struct place p = setup("a:1\n", 0600);
	_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };
	char link[80];
	struct stat st;

	snprintf(link, sizeof link, "%s/link", p.dir);
	ck_assert_int_eq(symlink("users", link), 0);
	ck_assert_int_eq(usersfile_open(link, false, &f), 0);
	ck_assert_int_eq(usersfile_replace(&f, (struct str){ 0 }, STR("b:1\n")), 0);
	ck_assert_int_eq(lstat(link, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	check_text(p.path, "a:1\nb:1\n");
	unlink(link);
	teardown(&p);
}
END_TEST

START_TEST(a_new_file_is_its_owners_only)
{
	const struct place p = setup(NULL, 0);
	_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };
	struct stat st;

	ck_assert_int_eq(usersfile_open(p.path, false, &f), -ENOENT);
	ck_assert_int_eq(usersfile_open(p.path, true, &f), 0);
	ck_assert_int_eq(stat(p.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	teardown(&p);
}
END_TEST

START_TEST(a_directory_is_refused)
{
	const struct place p = setup(NULL, 0);
	_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };

	ck_assert_int_eq(usersfile_open(p.dir, false, &f), -EINVAL);
	teardown(&p);
}
END_TEST

/* Adds ten lines of its own, each under the lock. */
static _noreturn_ void writer(const char *path, char who)
{
	char line[16];

	for (int i = 0; i < 10; i++) {
		_cleanup_(usersfile_release) struct usersfile f = { .fd = -1 };
		int r;

		snprintf(line, sizeof line, "%c%d:\n", who, i);
		do
			r = usersfile_open(path, false, &f);
		while (r == -EAGAIN); /* each of the others waits for the disk */
		if (r < 0 || usersfile_replace(&f, (struct str){ 0 }, str_z(line)) < 0)
			_exit(1);
	}
	_exit(0);
}

START_TEST(no_change_is_lost_among_many_writers)
{
	const struct place p = setup("", 0600);
	_cleanup_(buf_release) struct buf b = { 0 };
	size_t lines = 0;
	int status;

	for (char who = 'a'; who < 'e'; who++)
		if (fork() == 0)
			writer(p.path, who);
	while (wait(&status) > 0)
		ck_assert_int_eq(status, 0);
	ck_assert_int_eq(fd_slurp_at(AT_FDCWD, p.path, 4096, &b), 0);
	for (size_t i = 0; i < b.n; i++)
		lines += b.s[i] == '\n';
	ck_assert_uint_eq(lines, 40);
	teardown(&p);
}
END_TEST

T_SUITE("usersfile", T_LOOP(one_line_changes_and_the_rest_stays, changes), T_TEST(owner_and_group_stay),
	T_TEST(a_link_stays_a_link), T_TEST(a_new_file_is_its_owners_only), T_TEST(a_directory_is_refused),
	T_TEST(no_change_is_lost_among_many_writers))
