/* t/t_folders.c: which folders there are; made, deleted, renamed */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "base/utf8.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"
#include "t/dir.h"

static const struct {
	const char *name;
	int error;
} names[] = {
	{"A",		 0		 },
	{ "A.B.C d",	     0	       },
	{ "R\u00e9sum\u00e9", 0		},
	{ "\U0001f498",	0		  },
	{ "%",		0		 },
	{ "*",		0		 },
	{ "~a\\b\"c(d)",	 0		   },
	{ "A&B",		 0		   },
	{ "A&-B",		  0	    },
	{ "INBOX",		   0	     },
	{ " a ",		 0		   },
	{ NAME_254,	    0	      },
	{ NAME_254 "x",	-ENAMETOOLONG},
	{ "",		 -EINVAL      },
	{ ".",		-EINVAL      },
	{ "..",		-EINVAL	},
	{ ".a",		-EINVAL	},
	{ "a.",		-EINVAL	},
	{ "a..b",		  -EINVAL	  },
	{ "a/b",		 -EINVAL	 },
	{ "/",		-EINVAL      },
	{ "a\tb",		  -EINVAL	  },
	{ "a\nb",		  -EINVAL	  },
	{ "a\x7f",		   -EINVAL	   },
	{ "a\xc2\x85",	       -EINVAL      },
	{ "a\u2028",	     -EINVAL	     },
	{ "a\u2029",	     -EINVAL	     },
	{ "R&AOk-sum",	       -EINVAL      },
	{ "a\xff",		   -EILSEQ	   },
	{ "\xc0\xae",	      -EILSEQ      },
	{ "e\u0301",	     -EILSEQ	     },
	{ "\u212a",	    -EILSEQ	    },
};

START_TEST(names_that_can_be_given_and_why_not)
{
	const struct folder_fault *fault = folder_name_fault(str_z(names[_i].name));

	ck_assert_int_eq(fault ? fault->error : 0, names[_i].error);
	ck_assert(!fault || strlen(fault->text) > 5);
}
END_TEST

START_TEST(a_nul_is_a_control_character)
{
	const struct folder_fault *fault = folder_name_fault(STR("a\0b"));

	ck_assert(fault && fault->error == -EINVAL);
}
END_TEST

START_TEST(only_folders_are_folders)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	int fd;

	t_mkdir("m/.git");
	t_write("m/.mailfilter", STR("x"));
	t_mkdir("m/.file");
	t_write("m/.file/cur", STR("x"));
	t_maildir("m/..A");
	t_maildir("m/.A.");
	t_maildir("m/.A..B");
	t_maildir("m/...");
	t_maildir("m/.bad\xff");
	t_maildir("m/.tab\there");
	t_maildir("m/visible");
	t_maildir("m/.Sent");
	t_maildir("m/.A.B");
	ck_assert_int_eq(mkfifo("m/.pipe", 0600), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A.B=.A.B;Sent=.Sent;");

	ck_assert_int_eq(folder_open_dir(acc, STR("A"), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR("git"), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR("."), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR("./cur/.."), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR("/../m"), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR("bad\xff"), &fd), -ENOENT);
	ck_assert_int_eq(folder_open_dir(acc, STR(NAME_254 "x"), &fd), -ENOENT);
	ck_assert_int_eq(folder_exists(acc, STR("A.B")), 1);
	ck_assert_int_eq(folder_open_dir(acc, STR(""), &fd), 0);
	ck_assert(fd_same(fd, account_fd(acc)));
	close(fd);
}
END_TEST

START_TEST(new_mail_marks_if_asked)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_maildir("m/.A");
	t_maildir("m/.B");
	t_write("m/new/1.a", STR("x"));
	t_write("m/.B/new/2.a", STR("x"));
	t_write("m/.A/new/.hidden", STR("x"));
	ck_assert_str_eq(t_listed(acc, &b, true), "=.*;A=.A;B=.B*;");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A=.A;B=.B;");
}
END_TEST

START_TEST(folders_in_utf7_go_by_what_that_means)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct stat x, y;
	int fd;

	t_maildir("m/.R&AOk-sum");
	t_maildir("m/.A&-B"); /* no sequence: this is its name */
	t_maildir("m/.A&B");
	t_maildir("m/.&AGE-");	  /* not canonical: this, too */
	t_maildir("m/.&AC8-etc"); /* would be "/etc" */
	t_maildir("m/.&JjoALg-"); /* has a dot in it that is no level */
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;&AC8-etc=.&AC8-etc;&AGE-=.&AGE-;&JjoALg-=.&JjoALg-;A&-B="
						 ".A&-B;A&B=.A&B;R\u00e9sum=.R&AOk-sum;");
	ck_assert_int_eq(folder_open_dir(acc, STR("R\u00e9sum"), &fd), 0);
	ck_assert(fstat(fd, &x) == 0 && stat("m/.R&AOk-sum", &y) == 0 && x.st_ino == y.st_ino);
	close(fd);
	ck_assert_int_eq(folder_open_dir(acc, STR("R&AOk-sum"), &fd), -ENOENT);
	ck_assert_int_eq(folder_exists(acc, STR("A&B")), 1);
	ck_assert_int_eq(folder_create(acc, STR("R\u00e9sum")), -EEXIST);
}
END_TEST

START_TEST(of_two_spellings_the_one_in_utf8_is_meant)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct stat x, y;
	int fd;

	t_maildir("m/.R&AOk-sum");
	t_maildir("m/.R\u00e9sum");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;R\u00e9sum=.R\u00e9sum;");
	ck_assert(acc->said_twins);
	ck_assert_int_eq(folder_open_dir(acc, STR("R\u00e9sum"), &fd), 0);
	ck_assert(fstat(fd, &x) == 0 && stat("m/.R\u00e9sum", &y) == 0 && x.st_ino == y.st_ino);
	close(fd);
	ck_assert_int_eq(folder_delete(acc, STR("R\u00e9sum")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;R\u00e9sum=.R&AOk-sum;");
}
END_TEST

START_TEST(a_link_to_a_directory_of_ours_is_a_folder)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_maildir("elsewhere");
	t_write("elsewhere/cur/1.a:2,", STR("x"));
	t_maildir("theirs");
	t_mkdir("nofolder");
	ck_assert_int_eq(symlink("../elsewhere", "m/.Link"), 0);
	ck_assert_int_eq(symlink("../nowhere", "m/.Dangling"), 0);
	ck_assert_int_eq(symlink("../nofolder", "m/.No"), 0);
	ck_assert_int_eq(symlink(".Loop", "m/.Loop"), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown("theirs", 1234, 1234), 0);
		ck_assert_int_eq(symlink("../theirs", "m/.Theirs"), 0);
	}
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;Link=.Link;");
	ck_assert_int_eq(folder_create(acc, STR("Dangling")), -EEXIST);
	ck_assert_int_eq(folder_rename(acc, STR("Link"), STR("New")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;New=.New;");
	ck_assert_int_eq(folder_delete(acc, STR("New")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;");
	ck_assert(t_exists("elsewhere/cur/1.a:2,"));
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
}
END_TEST

START_TEST(a_folder_is_made_whole)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = NULL;
	const struct account_config config = { 0 }; /* with fsync */
	struct stat st;

	ck_assert_int_eq(account_open("m", &config, &acc), 0);
	ck_assert_int_eq(folder_create(acc, STR("A.\u00fcber")), 0);
	ck_assert(stat("m/.A.\u00fcber", &st) == 0 && (st.st_mode & 07777) == 0700);
	ck_assert(stat("m/.A.\u00fcber/maildirfolder", &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0);
	ck_assert_uint_eq(t_entries("m/.A.\u00fcber"), 4);
	ck_assert(t_exists("m/.A.\u00fcber/cur") && t_exists("m/.A.\u00fcber/new") &&
		  t_exists("m/.A.\u00fcber/tmp"));
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
	ck_assert_int_eq(folder_exists(acc, STR("A")), 0);
	ck_assert_int_eq(folder_create(acc, STR("A.\u00fcber")), -EEXIST);
	ck_assert_int_eq(folder_create(acc, STR("A")), 0);
	ck_assert_int_eq(folder_create(acc, STR(NAME_254)), 0);
	ck_assert_int_eq(folder_create(acc, STR("")), -EEXIST);
	ck_assert_int_eq(folder_create(acc, STR("../x")), -EINVAL);
}
END_TEST

START_TEST(names_that_look_the_same_are_one)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_maildir("m/.cafe\u0301"); /* made by another program, as it is */
	t_maildir("m/.\u212a");	    /* KELVIN SIGN */
	t_maildir("m/.other");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;cafe\u0301=.cafe\u0301;other=.other;\u212a=.\u212a;");
	ck_assert_int_eq(folder_exists(acc, STR("cafe\u0301")), 1);
	ck_assert_int_eq(folder_create(acc, STR("caf\u00e9")), -EEXIST);
	ck_assert_int_eq(folder_create(acc, STR("cafe\u0301")), -EILSEQ);
	ck_assert_int_eq(folder_create(acc, STR("K")), -EEXIST);
	ck_assert_int_eq(folder_rename(acc, STR("other"), STR("caf\u00e9")), -EEXIST);
	ck_assert_int_eq(folder_create(acc, STR("caf\u00e9.x")), 0);
	ck_assert_int_eq(folder_rename(acc, STR("cafe\u0301"), STR("cafe")), 0);
	ck_assert_int_eq(folder_create(acc, STR("caf\u00e9")), 0);
}
END_TEST

START_TEST(what_is_no_folder_is_not_overwritten)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_mkdir("m/.git");
	t_write("m/.mailfilter", STR("x"));
	t_maildir("m/.A");
	ck_assert_int_eq(folder_create(acc, STR("git")), -EEXIST);
	ck_assert_int_eq(folder_create(acc, STR("mailfilter")), -EEXIST);
	ck_assert_int_eq(folder_rename(acc, STR("A"), STR("git")), -EEXIST);
	ck_assert_int_eq(folder_delete(acc, STR("git")), -ENOENT);
	ck_assert_int_eq(folder_rename(acc, STR("git"), STR("B")), -ENOENT);
	ck_assert(t_exists("m/.git") && t_exists("m/.A/cur"));
}
END_TEST

START_TEST(a_folder_is_deleted_with_all_in_it_and_no_other)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_mkdir("outside");
	t_write("outside/precious", STR("x"));
	t_maildir("m/.A");
	t_maildir("m/.A.B");
	t_maildir("m/.AB");
	t_mkdir("m/.A/cur/dir");
	t_mkdir("m/.A/cur/dir/deeper");
	t_write("m/.A/cur/dir/deeper/file", STR("x"));
	t_write("m/.A/cur/1.a:2,S", STR("x"));
	ck_assert_int_eq(symlink("../../../outside", "m/.A/cur/link"), 0);
	ck_assert_int_eq(mkfifo("m/.A/new/pipe", 0600), 0);
	ck_assert_int_eq(folder_delete(acc, STR("A")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A.B=.A.B;AB=.AB;");
	ck_assert(t_exists("outside/precious"));
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
	ck_assert_int_eq(folder_delete(acc, STR("A")), -ENOENT);
	ck_assert_int_eq(folder_delete(acc, STR("")), -EPERM);
	ck_assert_int_eq(folder_create(acc, STR("A")), 0);
	ck_assert_uint_eq(t_entries("m/.A/cur"), 0);
}
END_TEST

START_TEST(a_deleted_folder_is_for_nothing)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct account_use *uses;
	size_t n;

	t_maildir("m/.A");
	t_maildir("m/.A.B");
	t_maildir("m/.C");
	ck_assert_int_eq(account_set_use(acc, STR("A"), STR("\\Junk"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR("A.B"), STR("\\Sent"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR("A"), STR("\\Trash"), true), 0);
	ck_assert_int_eq(account_set_use(acc, STR("C"), STR("\\Drafts"), true), 0);
	ck_assert_int_eq(folder_delete(acc, STR("A")), 0);
	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	ck_assert_uint_eq(n, 2);
	t_str_eq(uses[0].folder, STR("A.B"));

	/* removed by another program; a new one is not for the same */
	ck_assert_int_eq(files_remove_tree(AT_FDCWD, "m/.C"), 0);
	ck_assert_int_eq(folder_create(acc, STR("C")), 0);
	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	ck_assert_uint_eq(n, 1);
}
END_TEST

/* Children make and delete a folder and are killed anywhere: it is whole or not there, and nothing stays behind. */
START_TEST(a_folder_is_whole_or_not_there_whenever_its_session_is_killed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();

	t_maildir("m");
	for (int round = 0; round < 60; round++) {
		const pid_t child = fork();
		int status;

		if (child == 0) {
			struct account *acc = t_account("m");

			for (;;) {
				folder_create(acc, STR("A"));
				t_write("m/.A/cur/1.a:2,", STR("x"));
				folder_delete(acc, STR("A"));
			}
		}
		usleep((useconds_t)(round * 300));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		account_close(t_account("m"));
		ck_assert(!t_exists("m/.A") || (t_exists("m/.A/cur") && t_exists("m/.A/maildirfolder")));

		_cleanup_(files_dir_closep) DIR *dir = files_dir(AT_FDCWD, "m/tmp");
		struct dirent *e;

		while ((e = readdir(dir)))
			ck_assert(!str_starts(str_z(e->d_name), STR("imapd.gone.")) &&
				  !str_starts(str_z(e->d_name), STR("imapd.new.")));
	}
}
END_TEST

/* No file can be written: like a full disk. */
START_TEST(a_failure_leaves_all_as_it_was)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	const struct rlimit none = { 0, RLIM_INFINITY }, any = { RLIM_INFINITY, RLIM_INFINITY };
	uint32_t v = 7;

	t_maildir("m/.A");
	t_maildir("m/.A.B");
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq(folder_rename(acc, STR("A"), STR("X")), -EFBIG);
	ck_assert_int_eq(account_uidvalidity(acc, &v), -EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &any), 0);
	ck_assert_uint_eq(v, 7);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A=.A;A.B=.A.B;");
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
	ck_assert(!t_exists("m/imapd.rename"));
}
END_TEST

/* A file system with room for so many files: wherever it ends, all is as before. Needs root. */
START_TEST(a_full_disk_leaves_all_as_it_was)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	char options[32];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	t_mkdir("m");
	snprintf(options, sizeof options, "nr_inodes=%d", 13 + _i);
	ck_assert_int_eq(mount("none", "m", "tmpfs", 0, options), 0);
	t_maildir("m/.A");
	t_maildir("m/.A.B");
	t_mkdir("m/cur");
	t_mkdir("m/new");
	t_mkdir("m/tmp");
	{
		_cleanup_(account_closep) struct account *acc = t_account("m");
		const int made = folder_create(acc, STR("N"));
		const int moved = folder_rename(acc, STR("A"), STR("X"));

		ck_assert(made == 0 || made == -ENOSPC);
		ck_assert(moved == 0 || moved == -ENOSPC);
		ck_assert_int_eq(folder_exists(acc, STR("N")), made == 0);
		ck_assert(made == 0 || !t_exists("m/.N"));
		ck_assert_int_eq(folder_exists(acc, STR("X.B")), moved == 0);
		ck_assert_int_eq(folder_exists(acc, STR("A")), moved != 0);
		ck_assert(!t_exists("m/imapd.rename"));
		ck_assert_uint_eq(t_entries("m/tmp"), 0);
		ck_assert_int_eq(folder_delete(acc, moved == 0 ? STR("X") : STR("A")), 0);
	}
	ck_assert_int_eq(umount2("m", MNT_DETACH), 0);
}
END_TEST

START_TEST(ten_thousand_folders)
{
	enum { MANY = 10000 };
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct folder *v;
	size_t n;
	char path[64];

	for (int i = 0; i < MANY; i++) {
		snprintf(path, sizeof path, "m/.Big.%05d", MANY - 1 - i);
		t_mkdir(path);
		strcat(path, "/cur");
		t_mkdir(path);
	}
	ck_assert_int_eq(folder_list(acc, &arena, true, &v, &n), 0);
	ck_assert_uint_eq(n, MANY + 1);
	for (size_t i = 1; i < n; i++) {
		snprintf(path, sizeof path, "Big.%05zu", i - 1);
		t_str_eq(v[i].name, str_z(path));
	}
	ck_assert_int_eq(folder_create(acc, STR("Big")), 0);
	ck_assert_int_eq(folder_rename(acc, STR("Big"), STR("Small")), 0);
	ck_assert_int_eq(folder_list(acc, &arena, false, &v, &n), 0);
	ck_assert_uint_eq(n, MANY + 2);
	t_str_eq(v[1].name, STR("Small"));
	t_str_eq(v[n - 1].name, STR("Small.09999"));
}
END_TEST

/* Whatever a directory is called: it is no folder, or its name leads back to it. */
START_TEST(a_listed_name_leads_back_to_its_directory)
{
	static const char *const pieces[] = { "&",	"-",	   "AOk",  "Jjo", ".",	   "a",
					      "\u00e9", "e\u0301", "\xff", "ALg", "2D3cmA" };
	uint32_t seed = 1;

	for (int round = 0; round < 100000; round++) {
		_cleanup_(arena_free) struct arena arena = { 0 };
		_cleanup_(buf_release) struct buf dir = { 0 };
		struct str name;
		const char *back;
		bool utf7;

		buf_c(&dir, '.');
		for (unsigned i = 0, n = 1 + seed % 5; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_z(&dir, pieces[(seed >> 16) % COUNT(pieces)]);
		}
		if (!folder_name_of_dir(buf_view(&dir), &arena, &name, &utf7))
			continue;
		ck_assert(utf8_valid(name));
		back = folder_name_dir(name, utf7, &arena);
		ck_assert_ptr_nonnull(back);
		t_str_eq(str_z(back), buf_view(&dir));
	}
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	size_t before;

	account_close(t_account("m"));
	before = t_entries("/proc/self/fd");
	for (int i = 0; i < 3; i++) {
		_cleanup_(arena_free) struct arena arena = { 0 };
		_cleanup_(account_closep) struct account *acc = t_account("m");
		struct folder *v;
		size_t n;
		int fd;

		ck_assert_int_eq(folder_create(acc, STR("A.B")), 0);
		ck_assert_int_eq(folder_create(acc, STR("A.B")), -EEXIST);
		ck_assert_int_eq(folder_create(acc, STR("A.C")), 0);
		ck_assert_int_eq(folder_rename(acc, STR("A"), STR("X")), 0);
		ck_assert_int_eq(folder_rename(acc, STR("X.B"), STR("X.C")), -EEXIST);
		ck_assert_int_eq(folder_list(acc, &arena, true, &v, &n), 0);
		ck_assert_int_eq(folder_open_dir(acc, STR("none"), &fd), -ENOENT);
		ck_assert_int_eq(folder_delete(acc, STR("X.B")), 0);
		ck_assert_int_eq(folder_delete(acc, STR("X.C")), 0);
		ck_assert_int_eq(folder_delete(acc, STR("X.C")), -ENOENT);
	}
	ck_assert_uint_eq(t_entries("/proc/self/fd"), before);
}
END_TEST

static const char inodes[12];

T_SUITE("folders", T_LOOP(names_that_can_be_given_and_why_not, names), T_TEST(a_nul_is_a_control_character),
	T_TEST(only_folders_are_folders), T_TEST(new_mail_marks_if_asked),
	T_TEST(folders_in_utf7_go_by_what_that_means), T_TEST(of_two_spellings_the_one_in_utf8_is_meant),
	T_TEST(a_link_to_a_directory_of_ours_is_a_folder), T_TEST(a_folder_is_made_whole),
	T_TEST(names_that_look_the_same_are_one), T_TEST(what_is_no_folder_is_not_overwritten),
	T_TEST(a_folder_is_deleted_with_all_in_it_and_no_other), T_TEST(a_deleted_folder_is_for_nothing),
	T_TEST(a_folder_is_whole_or_not_there_whenever_its_session_is_killed),
	T_TEST(a_failure_leaves_all_as_it_was), T_LOOP(a_full_disk_leaves_all_as_it_was, inodes),
	T_TEST(ten_thousand_folders), T_TEST(a_listed_name_leads_back_to_its_directory),
	T_TEST(no_descriptor_stays_open))
