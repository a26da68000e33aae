/* t/t_subscribe.c: courierimapsubscribed, and Dovecot's subscriptions */
#include <sys/wait.h>
#include "maildir/subscribe.h"
#include "t/dir.h"

#define FILE_NAME "m/courierimapsubscribed"

static const char *listed(struct account *acc, struct buf *b)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str *v;
	size_t n;

	buf_clear(b);
	ck_assert_int_eq(subscribe_list(acc, &arena, &v, &n), 0);
	for (size_t i = 0; i < n; i++) {
		buf_str(b, v[i]);
		buf_c(b, ';');
	}
	return buf_cstr(b);
}

static const struct {
	const char *file, *list;
} files[] = {
	{"",										   ""		    },
	{ "INBOX\nINBOX.Sent\nINBOX.A.B\n",						    ";A.B;Sent;"		 },
	{ "inbox\nInbox.Sent\nINBOX.Sent\nSent\n",						   ";Sent;"		    },
	{ "INBOX.Foo\r\nBar\r\n",							      "Bar;Foo;"	     },
	{ "INBOX.last",									"last;"		},
	{ "INBOX.R&AOk-sum\nINBOX.R\u00e9sum\nINBOX.A&-B\nINBOX.A&B\n",			"A&-B;A&B;R\u00e9sum;"},
	{ "#shared.bob.Pub\nINBOX.#x\n",						       "#shared.bob.Pub;#x;" },
	{ "\n\nINBOX.\nINBOX..\n..\nINBOX.a/b\nINBOX.a\x01\nINBOX.\xff\n\xff\xfe\nINBOX.ok\n", "ok;"		     },
	{ "INBOX.INBOX\nINBOX.INBOX.x\n",						      "INBOX;INBOX.x;"	   },
	{ "INBOX. spaced \n",								  " spaced ;"		  },
};

START_TEST(what_is_read)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_write(FILE_NAME, str_z(files[_i].file));
	ck_assert_str_eq(listed(acc, &b), files[_i].list);
}
END_TEST

START_TEST(no_file_is_no_subscription)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	ck_assert_str_eq(listed(acc, &b), "");
	ck_assert_int_eq(subscribe_remove(acc, STR("A")), 0);
	ck_assert(!t_exists(FILE_NAME));
}
END_TEST

START_TEST(names_are_written_as_courier_does)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 }, file = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	ck_assert_int_eq(subscribe_add(acc, STR("")), 1);
	ck_assert_int_eq(subscribe_add(acc, STR("A.\u00fc")), 1);
	ck_assert_int_eq(subscribe_add(acc, STR("A.\u00fc")), 0);
	ck_assert_int_eq(subscribe_add(acc, STR("#shared.bob")), 1);
	ck_assert_int_eq(subscribe_add(acc, STR("#x")), 1);
	ck_assert_int_eq(subscribe_add(acc, STR("INBOX")), 1);
	t_str_eq(t_read(&file, FILE_NAME),
		 STR("INBOX\nINBOX.A.\u00fc\n#shared.bob\nINBOX.#x\nINBOX.INBOX\n"));
	ck_assert_str_eq(listed(acc, &b), ";#shared.bob;#x;A.\u00fc;INBOX;");
	ck_assert_uint_eq(t_entries("m/tmp"), 0);
}
END_TEST

START_TEST(removing_takes_every_spelling_and_leaves_the_rest)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf file = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_write(FILE_NAME, STR("junk//\nINBOX.R&AOk-sum\r\nR\u00e9sum\nINBOX.B\n\nINBOX.Gone"));
	ck_assert_int_eq(subscribe_remove(acc, STR("R\u00e9sum")), 1);
	ck_assert_int_eq(subscribe_remove(acc, STR("R\u00e9sum")), 0);
	ck_assert_int_eq(subscribe_add(acc, STR("Z")), 1);
	t_str_eq(t_read(&file, FILE_NAME), STR("junk//\nINBOX.B\n\nINBOX.Gone\nINBOX.Z\n"));
}
END_TEST

static const char *const unfit[] = { ".",   "a..b", "a/b",	    "a\nINBOX.b",
				     "a\r", "\xff", "#shared.a\nb", "R&AOk-sum" };

START_TEST(what_cannot_be_a_line_is_refused)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");

	ck_assert_int_eq(subscribe_add(acc, str_z(unfit[_i])), -EINVAL);
	ck_assert_int_eq(subscribe_remove(acc, str_z(unfit[_i])), 0);
	ck_assert(!t_exists(FILE_NAME));
}
END_TEST

START_TEST(no_subscription_is_lost_among_processes)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	enum { PROCESSES = 4, EACH = 50 };
	struct str *v;
	size_t n;

	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0) {
			struct account *mine = t_account("m");
			char name[32];

			for (int j = 0; j < EACH; j++) {
				snprintf(name, sizeof name, "A%d.%d", i, j);
				if (subscribe_add(mine, str_z(name)) != 1)
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(subscribe_list(acc, &arena, &v, &n), 0);
	ck_assert_uint_eq(n, PROCESSES * EACH);
}
END_TEST

static const struct {
	const char *dovecot, *list;
} imports[] = {
	{"INBOX\nSent\nA.B\nR&AOk-sum\n",	   ";A.B;R\u00e9sum;Sent;"},
	{ "V\t2\n\nINBOX\nSent\nA\tB\nR&AOk-sum\n", ";A.B;R\u00e9sum;Sent;"},
	{ "V\t2\n\nodd\001tname\nR\u00e9sum\n",	"R\u00e9sum;"	      },
	{ "INBOX.Sent\nINBOX.there\n",	       "INBOX.there;Sent;"	   },
	{ "\xff\n\n..\na/b\n",		       ""			  },
};

START_TEST(dovecots_subscriptions_are_taken_over)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL, *again = NULL;

	t_maildir("m");
	t_maildir("m/.INBOX.there");
	t_write("m/subscriptions", str_z(imports[_i].dovecot));
	acc = t_account("m");
	ck_assert_str_eq(listed(acc, &b), imports[_i].list);

	/* once: what the user does later stays */
	ck_assert_int_eq(subscribe_add(acc, STR("New")), 1);
	ck_assert_int_eq(subscribe_remove(acc, STR("Sent")), _i == 0 || _i == 1 || _i == 3);
	listed(acc, &b);
	again = t_account("m");

	_cleanup_(buf_release) struct buf now = { 0 };

	ck_assert_str_eq(listed(again, &now), buf_cstr(&b));
}
END_TEST

START_TEST(couriers_subscriptions_win)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;

	t_maildir("m");
	t_write("m/subscriptions", STR("Dovecot\n"));
	t_write(FILE_NAME, STR("INBOX.Courier\n"));
	acc = t_account("m");
	ck_assert_str_eq(listed(acc, &b), "Courier;");
}
END_TEST

T_SUITE("subscribe", T_LOOP(what_is_read, files), T_TEST(no_file_is_no_subscription),
	T_TEST(names_are_written_as_courier_does), T_TEST(removing_takes_every_spelling_and_leaves_the_rest),
	T_LOOP(what_cannot_be_a_line_is_refused, unfit), T_TEST(no_subscription_is_lost_among_processes),
	T_LOOP(dovecots_subscriptions_are_taken_over, imports), T_TEST(couriers_subscriptions_win))
