/* t/t_trash.c: old messages removed from some folders */
#include "base/clock.h"
#include "maildir/trash.h"
#include "t/dir.h"

static const struct {
	const char *value, *rules; /* rules: NULL if it can't be meant */
} values[] = {
	{"",			    ""		 },
	{ "Trash:7",		     "Trash=7;"	},
	{ "Trash:7,Sent:30",	     "Trash=7;Sent=30;"},
	{ " Trash : 7 , A.B c:1 ",	   "Trash=7;A.B c=1;"},
	{ "14",			 "Bin=14;"	  },
	{ "Trash:0,Junk:-3",	     "Trash=1;Junk=1;" },
	{ "INBOX.Trash:7",		   "Trash=7;"	      },
	{ "a:b:3",		      "a:b=3;"	    },
	{ "Trash",		      NULL		},
	{ "Trash:",		     NULL		 },
	{ "Trash:x",		     NULL		  },
	{ ":7",			 NULL		     },
	{ "Trash:7days",		 NULL	      },
	{ "../x:7",		     NULL		 },
	{ "Trash:99999999999999999999", NULL		     },
	{ "Trash:18446744073709551615", NULL		     },
};

START_TEST(what_the_setting_means)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct trash_rule *v = NULL;
	size_t n = 77;

	ck_assert_int_eq(trash_rules(values[_i].value, "Bin", &arena, &v, &n), values[_i].rules != NULL);
	if (!values[_i].rules) {
		ck_assert_uint_eq(n, 77);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_str(&b, v[i].folder);
		buf_printf(&b, "=%u;", (unsigned)v[i].days);
	}
	ck_assert_str_eq(buf_cstr(&b), values[_i].rules);
}
END_TEST

START_TEST(old_messages_go_and_only_they)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	const struct trash_rule rules[] = {
		{STR("Trash"),	7 },
		     { STR("none"),	    1 },
		 { STR("R\u00e9sum"), 20}
	};
	const uint64_t now = clock_unix(), day = 24 * 60 * 60;
	size_t removed = 0;

	t_maildir("m/.Trash");
	t_maildir("m/.R&AOk-sum");
	t_maildir("m/.Other");
	t_write("m/.Trash/cur/1.a:2,S", STR("x"));
	t_write("m/.Trash/new/2.a", STR("x"));
	t_write("m/.Trash/cur/.hidden", STR("x"));
	t_write("m/.Trash/imapd.journal", STR("x"));
	t_mkdir("m/.Trash/cur/dir");
	t_write("m/.R&AOk-sum/cur/1.a:2,S", STR("x"));
	t_write("m/.Other/cur/1.a:2,S", STR("x"));
	t_write("m/cur/1.a:2,S", STR("x"));

	ck_assert_int_eq(trash_purge(acc, rules, 3, now + 6 * day, &removed), 0);
	ck_assert_uint_eq(removed, 0);
	ck_assert_int_eq(trash_purge(acc, rules, 3, now + 8 * day, &removed), 0);
	ck_assert_uint_eq(removed, 2);
	ck_assert(t_exists("m/.Trash/cur/.hidden") && t_exists("m/.Trash/cur/dir"));
	ck_assert(t_exists("m/.Trash/imapd.journal") && t_exists("m/.R&AOk-sum/cur/1.a:2,S"));
	ck_assert_int_eq(trash_purge(acc, rules, 3, now + 22 * day, &removed), 0);
	ck_assert_uint_eq(removed, 1);
	ck_assert(!t_exists("m/.R&AOk-sum/cur/1.a:2,S"));
	ck_assert(t_exists("m/.Other/cur/1.a:2,S") && t_exists("m/cur/1.a:2,S"));
	ck_assert_int_eq(trash_purge(acc, rules, 3, 0, &removed), 0);
	ck_assert_uint_eq(removed, 0);
}
END_TEST

T_SUITE("trash", T_LOOP(what_the_setting_means, values), T_TEST(old_messages_go_and_only_they))
