/* t/t_account.c: becoming the user */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/account.h"
#include "base/fd.h"
#include "t/t.h"

static const struct {
	const char *options, *name;
	bool on;
} options[] = {
	{NULL,			   "disableimap", false},
	{ "",			    "disableimap", false},
	{ "disableimap=1",		   "disableimap", true },
	{ "a=1,disableimap=yes",	 "disableimap", true },
	{ "disableimap=T,b=1",	       "disableimap", true },
	{ "disableimap=0",		   "disableimap", false},
	{ "disableimap=no",		    "disableimap", false},
	{ "disableimap=",		  "disableimap", false},
	{ "disableimap",		 "disableimap", false},
	{ "xdisableimap=1",		    "disableimap", false},
	{ "disableimapx=1",		    "disableimap", false},
	{ "disableimap=0,disableimap=1", "disableimap", false},
};

START_TEST(an_option_is_on_as_courier_has_it)
{
	ck_assert_int_eq(option_on(options[_i].options, options[_i].name), options[_i].on);
}
END_TEST

START_TEST(an_account_may_want_tls)
{
	const struct account a = { .login = "a", .options = "disableinsecureimap=1" };

	unsetenv("IMAP_TLS");
	ck_assert(!account_allowed(&a));
	setenv("IMAP_TLS", "1", 1);
	ck_assert(account_allowed(&a));
}
END_TEST

/* What the shell says after account_exec(), or its exit code in *ret_code. */
static void run(const struct account *a, const char *script, struct buf *ret, int *ret_code)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, strdup(script), NULL };
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		_exit(account_exec(a, argv));
	}
	close(ends[1]);
	ck_assert_int_eq(fd_slurp(ends[0], 65536, ret), 0);
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	free(argv[2]);
}

static struct account somebody(void)
{
	return (struct account){ .login = "a@b",
				 .name = "a@b",
				 .home = "/",
				 .shell = "/bin/sh",
				 .uid = getuid() ? getuid() : 54321,
				 .gid = getuid() ? getgid() : 12345 };
}

START_TEST(the_program_runs_as_the_user_in_their_home)
{
	_cleanup_(buf_release) struct buf out = { 0 }, want = { 0 };
	struct account a = somebody();
	int code;

	a.home = "/usr";
	run(&a, "id -u; id -ru; id -g; pwd", &out, &code);
	ck_assert_int_eq(code, 0);
	buf_printf(&want, "%u\n%u\n%u\n/usr\n", a.uid, a.uid, a.gid);
	t_str_eq(buf_view(&out), buf_view(&want));
}
END_TEST

START_TEST(root_keeps_no_group_and_no_way_back)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct account a = somebody();
	int code;

	if (getuid() != 0)
		return;
	ck_assert_int_eq(setgroups(2, (gid_t[]){ 0, 4 }), 0);
	run(&a, "id -G; grep '^[UG]id' /proc/self/status | tr -s '\\t' ' '; grep CapEff /proc/self/status",
	    &out, &code);
	t_str_eq(buf_view(&out), STR("12345\nUid: 54321 54321 54321 54321\nGid: 12345 12345 12345 12345\n"
				     "CapEff:\t0000000000000000\n"));
}
END_TEST

START_TEST(the_environment_says_what_is_known_and_no_more)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct account a = somebody();
	int code;

	setenv("MAILDIR", "somebody else's", 1);
	setenv("OPTIONS", "somebody else's", 1);
	a.fullname = "A. Person";
	a.quota = "10S";
	run(&a,
	    "echo "
	    "\"$USER,$HOME,$SHELL,$AUTHADDR,$AUTHFULLNAME,$MAILDIRQUOTA,${MAILDIR-none},${OPTIONS-none}\"",
	    &out, &code);
	t_str_eq(buf_view(&out), STR("a@b,/,/bin/sh,a@b,A. Person,10S,none,none\n"));
}
END_TEST

START_TEST(root_is_refused_unless_it_is_allowed)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct account a = somebody();
	int code;

	if (getuid() != 0)
		return;
	a.uid = a.gid = 0;
	unsetenv("IMAPD_ALLOW_ROOT");
	run(&a, "id -u", &out, &code);
	ck_assert_int_eq(code, EXIT_REFUSED);
	ck_assert_uint_eq(out.n, 0);
	setenv("IMAPD_ALLOW_ROOT", "1", 1);
	run(&a, "id -u", &out, &code);
	t_str_eq(buf_view(&out), STR("0\n"));
}
END_TEST

START_TEST(without_privilege_nobody_else_can_be_become)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct account a = somebody();
	int code;

	if (getuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	a.uid = 54321;
	run(&a, "echo in", &out, &code);
	ck_assert_int_eq(code, EXIT_PERMANENT);
	ck_assert_uint_eq(out.n, 0);
	a.uid = getuid();
	a.gid = getgid();
	run(&a, "echo in", &out, &code);
	t_str_eq(buf_view(&out), STR("in\n"));
}
END_TEST

START_TEST(a_missing_home_or_program_is_temporary)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	char missing[] = "/nonexistent/imapd", *argv[] = { missing, NULL };
	struct account a = somebody();
	int code, status;

	a.home = "/nonexistent";
	run(&a, "echo in", &out, &code);
	ck_assert_int_eq(code, EXIT_TEMPORARY);
	a.home = "/";
	if (fork() == 0)
		_exit(account_exec(&a, argv));
	wait(&status);
	ck_assert_int_eq(WEXITSTATUS(status), EXIT_TEMPORARY);
}
END_TEST

T_SUITE("account", T_LOOP(an_option_is_on_as_courier_has_it, options), T_TEST(an_account_may_want_tls),
	T_TEST(the_program_runs_as_the_user_in_their_home), T_TEST(root_keeps_no_group_and_no_way_back),
	T_TEST(the_environment_says_what_is_known_and_no_more), T_TEST(root_is_refused_unless_it_is_allowed),
	T_TEST(without_privilege_nobody_else_can_be_become), T_TEST(a_missing_home_or_program_is_temporary))
