/* t/t_rename.c: folders are renamed with all below them, or not at all */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include "maildir/foldername.h"
#include "maildir/inside.h"
#include "t/dir.h"

START_TEST(a_tree_is_renamed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;
	const struct account_config config = { 0 }; /* with fsync */
	struct account_use *uses;
	size_t n;

	ck_assert_int_eq(account_open("m", &config, &acc), 0);
	t_maildir("m/.A");
	t_maildir("m/.A.R&AOk-sum");
	t_maildir("m/.A.B.C");
	t_maildir("m/.AB");
	t_write("m/.A.B.C/cur/1.a:2,S", STR("x"));
	ck_assert_int_eq(account_set_use(acc, STR("A.B.C"), STR("\\Sent"), true), 0);
	ck_assert_int_eq(folder_rename(acc, STR("A"), STR("X.\u00fc")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;AB=.AB;X.\u00fc=.X.\u00fc;X.\u00fc.B.C=.X.\u00fc.B.C;X."
						 "\u00fc.R\u00e9sum=.X.\u00fc.R\u00e9sum;");
	ck_assert(t_exists("m/.X.\u00fc.B.C/cur/1.a:2,S") && !t_exists("m/imapd.rename"));
	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	ck_assert_uint_eq(n, 1);
	t_str_eq(uses[0].folder, STR("X.\u00fc.B.C"));

	/* a name that only has folders below it */
	ck_assert_int_eq(folder_rename(acc, STR("X"), STR("Y")), 0);
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;AB=.AB;Y.\u00fc=.Y.\u00fc;Y.\u00fc.B.C=.Y.\u00fc.B.C;Y."
						 "\u00fc.R\u00e9sum=.Y.\u00fc.R\u00e9sum;");
}
END_TEST

static const struct {
	const char *from, *to;
	int error;
} renames[] = {
	{"",      "X",	   -EPERM	  },
	{ "A",    "",	   -EPERM	  },
	{ "none", "X",       -ENOENT      },
	{ "A",    "A",	    -EEXIST	    },
	{ "A",    "C",	    -EEXIST	    },
	{ "A.B",	 "A",	      -EEXIST      },
	{ "V.W",	 "V",	      -EEXIST      },
	{ "A",    "A.X",     -EINVAL      },
	{ "A",    "A.B.C",	-EINVAL	},
	{ "A",    "x/y",     -EINVAL      },
	{ "A",    "X..Y",    -EINVAL      },
	{ "A",    "e\u0301", -EILSEQ	  },
	{ "A",    NAME_254,	 -ENAMETOOLONG}, /* A.B would be too long */
	{ "A",    "Z",	    -EEXIST	    }, /* Z.B is there */
	{ "V",    "T",	    -EEXIST	    }, /* .T.W is something else */
};

START_TEST(renames_that_are_refused_change_nothing)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf before = { 0 }, after = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_maildir("m/.A");
	t_maildir("m/.A.B");
	t_maildir("m/.C");
	t_maildir("m/.V.W");
	t_maildir("m/.Z.B");
	t_mkdir("m/.T.W");
	t_listed(acc, &before, false);
	ck_assert_int_eq(folder_rename(acc, str_z(renames[_i].from), str_z(renames[_i].to)),
			 renames[_i].error);
	ck_assert_str_eq(t_listed(acc, &after, false), buf_cstr(&before));
	ck_assert(!t_exists("m/imapd.rename"));
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
}
END_TEST

/* What is on disk when the process dies after the note and k of the moves; the next session does the rest. */
enum { MOVES = 3 };

START_TEST(a_rename_that_was_cut_off_is_finished)
{
	static const char *const from[] = { "m/.A", "m/.A.B", "m/.A.B.C" };
	static const char *const to[] = { "m/.X.Y", "m/.X.Y.B", "m/.X.Y.B.C" };
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m"), *next = NULL;
	const int done = _i % (MOVES + 1);
	struct account_use *uses;
	size_t n;

	ck_assert_int_eq(account_set_use(acc, STR("A.B"), STR("\\Sent"), true), 0);
	for (int i = 0; i < MOVES; i++)
		t_maildir(i < done ? to[i] : from[i]);
	t_write("m/imapd.rename", STR("imapd-rename 1\nfrom A\nto X.Y\nmove .A\t.X.Y\nmove .A.B\t.X.Y.B\n"
				      "move .A.B.C\t.X.Y.B.C\nend\n"));
	if (_i > MOVES) /* the session that is there goes on with a rename of its own */
		ck_assert_int_eq(folder_rename(acc, STR("none"), STR("other")), -ENOENT);
	else
		next = t_account("m");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;X.Y=.X.Y;X.Y.B=.X.Y.B;X.Y.B.C=.X.Y.B.C;");
	ck_assert(!t_exists("m/imapd.rename"));
	ck_assert_int_eq(account_uses(acc, &arena, &uses, &n), 0);
	t_str_eq(uses[0].folder, STR("X.Y.B"));
}
END_TEST

START_TEST(a_folder_that_has_both_names_by_now_keeps_both)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;

	t_maildir("m");
	t_maildir("m/.A");
	t_write("m/.A/new/1.late", STR("x"));
	t_maildir("m/.A.B");
	t_maildir("m/.X");
	t_write("m/imapd.rename", STR("imapd-rename 1\nfrom A\nto X\nmove .A\t.X\nmove .A.B\t.X.B\nend\n"));
	acc = t_account("m");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A=.A;X=.X;X.B=.X.B;");
	ck_assert(t_exists("m/.A/new/1.late") && !t_exists("m/imapd.rename"));
}
END_TEST

static const char *const notes[] = {
	"",
	"imapd-rename 1\nfrom A\nto X\nmove .A\t.X\n",
	"imapd-rename 1\nfrom A\nto X\nmove .A\t.X\nen",
	"imapd-rename 2\nfrom A\nto X\nmove .A\t.X\nend\n",
	"imapd-rename 1\nfrom A\nto X\nmove .A\t../../X\nend\n",
	"imapd-rename 1\nfrom A\nto X\nmove ..\t.X\nend\n",
	"imapd-rename 1\nfrom A\nto X\nmove cur\t.X\nend\n",
	"imapd-rename 1\nfrom A\nmove .A\t.X\nend\n",
	"imapd-rename 1\nfrom A\nto X\nmove .A .X\nend\n",
	"\377\377\377\n\n",
};

START_TEST(a_note_that_makes_no_sense_moves_nothing)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;

	t_maildir("m");
	t_maildir("m/.A");
	t_write("m/imapd.rename", str_z(notes[_i]));
	acc = t_account("m");
	ck_assert_str_eq(t_listed(acc, &b, false), "=.;A=.A;");
	ck_assert(t_exists("m/cur") && !t_exists("m/imapd.rename"));
}
END_TEST

/* Children rename a tree to and fro and are killed anywhere; the tree is always whole for the next session.
 */
START_TEST(a_tree_stays_whole_whenever_its_session_is_killed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	char path[64];

	t_maildir("m");
	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "m/.A.%d", i);
		t_maildir(path);
	}
	for (int round = 0; round < 60; round++) {
		const pid_t child = fork();
		int status;

		if (child == 0) {
			struct account *acc = t_account("m");

			for (;;) {
				folder_rename(acc, STR("A"), STR("B.C"));
				folder_rename(acc, STR("B.C"), STR("A"));
			}
		}
		usleep((useconds_t)(round * 700));
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);

		_cleanup_(account_closep) struct account *acc = t_account("m");
		_cleanup_(arena_free) struct arena arena = { 0 };
		struct folder *v;
		size_t n;

		ck_assert_int_eq(folder_list(acc, &arena, false, &v, &n), 0);
		ck_assert_uint_eq(n, 41);
		for (size_t i = 2; i < n; i++)
			ck_assert_int_eq(v[i].name.s[0], v[1].name.s[0]);
	}
}
END_TEST

static const char twice[2 * (MOVES + 1)];

T_SUITE("rename", T_TEST(a_tree_is_renamed), T_LOOP(renames_that_are_refused_change_nothing, renames),
	T_LOOP(a_rename_that_was_cut_off_is_finished, twice),
	T_TEST(a_folder_that_has_both_names_by_now_keeps_both),
	T_LOOP(a_note_that_makes_no_sense_moves_nothing, notes),
	T_TEST(a_tree_stays_whole_whenever_its_session_is_killed))
