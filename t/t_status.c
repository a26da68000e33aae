/* t/t_status.c: base/status: both halves of what is said to the monitor */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/status.h"
#include "t/t.h"

struct pair {
	int monitor;
	struct status s;
};

static void pair_release(struct pair *p)
{
	fd_closep(&p->monitor);
	fd_closep(&p->s.fd);
}

static void pair_init(struct pair *p)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	p->monitor = fds[0];
	p->s.fd = fds[1];
}

static struct str heard(const struct pair *p, char *room, size_t size)
{
	const ssize_t n = fd_recv(p->monitor, room, size, NULL, NULL);

	ck_assert_int_ge(n, 0);
	return (struct str){ room, (size_t)n };
}

START_TEST(opens_only_the_socket_that_is_named)
{
	_cleanup_(pair_release) struct pair p;
	struct status s = { 0 };
	char number[16];

	pair_init(&p);
	unsetenv("IMAPSTATUSFD");
	ck_assert_int_eq(status_open(false, &s), -ENOENT);
	ck_assert_int_eq(s.fd, -1);
	setenv("IMAPSTATUSFD", "x", 1);
	ck_assert_int_eq(status_open(true, &s), -EBADF);
	setenv("IMAPSTATUSFD", "999", 1);
	ck_assert_int_eq(status_open(true, &s), -EBADF);
	snprintf(number, sizeof number, "%d", p.s.fd);
	setenv("IMAPSTATUSFD", number, 1);
	ck_assert_int_eq(status_open(true, &s), 0);
	ck_assert_ptr_nonnull(getenv("IMAPSTATUSFD"));
	ck_assert_int_eq(fcntl(s.fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(status_open(false, &s), 0);
	ck_assert_int_eq(s.fd, p.s.fd);
	ck_assert_ptr_null(getenv("IMAPSTATUSFD"));
	ck_assert_int_ne(fcntl(s.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(a_file_is_no_status_socket)
{
	struct status s = { 0 };
	int fd = open("/dev/null", O_RDWR);
	char number[16];

	snprintf(number, sizeof number, "%d", fd);
	setenv("IMAPSTATUSFD", number, 1);
	ck_assert_int_lt(status_open(false, &s), 0);
	ck_assert_int_eq(s.fd, -1);
	fd_closep(&fd);
}
END_TEST

START_TEST(ready_waits_for_go)
{
	_cleanup_(pair_release) struct pair p;
	char room[128];
	struct status_message m = { 0 };

	pair_init(&p);
	ck_assert_int_eq(fd_send(p.monitor, "GO", 2, NULL, 0), 0);
	ck_assert_int_eq(status_ready(&p.s, STR("joe\nx")), 0);
	ck_assert(status_parse(heard(&p, room, sizeof room), &m));
	ck_assert_int_eq(m.kind, STATUS_READY);
	t_str_eq(m.text, STR("joe?x"));
}
END_TEST

START_TEST(ready_without_a_monitor_or_with_another_answer)
{
	_cleanup_(pair_release) struct pair p;
	const struct status none = { -1 };

	pair_init(&p);
	ck_assert_int_eq(status_ready(&none, STR("joe")), 0);
	ck_assert_int_eq(fd_send(p.monitor, "CANCEL", 6, NULL, 0), 0);
	ck_assert_int_eq(status_ready(&p.s, STR("joe")), -EPIPE);
	shutdown(p.monitor, SHUT_WR);
	ck_assert_int_eq(status_ready(&p.s, STR("joe")), -EPIPE);
	fd_closep(&p.monitor);
	ck_assert_int_eq(status_ready(&p.s, STR("joe")), -EPIPE);
}
END_TEST

START_TEST(no_carries_code_and_text)
{
	_cleanup_(pair_release) struct pair p;
	struct status_message m = { 0 };
	char room[128];

	pair_init(&p);
	status_no(&p.s, "EXPIRED", "change your\r\npassword");
	ck_assert(status_parse(heard(&p, room, sizeof room), &m));
	ck_assert_int_eq(m.kind, STATUS_NO);
	t_str_eq(m.code, STR("EXPIRED"));
	t_str_eq(m.text, STR("change your??password"));
	status_no(&p.s, "", "no");
	ck_assert(status_parse(heard(&p, room, sizeof room), &m));
	ck_assert_uint_eq(m.code.n, 0);
	t_str_eq(m.text, STR("no"));
}
END_TEST

START_TEST(end_carries_its_counts)
{
	_cleanup_(pair_release) struct pair p;
	const struct status_counts counts = { 1, 2, UINT64_MAX, 4 };
	struct status_message m = { 0 };
	char room[256];

	pair_init(&p);
	for (int how = STATUS_LOGOUT; how <= STATUS_SIGNAL; how++) {
		status_end(&p.s, (enum status_end)how, &counts);
		ck_assert(status_parse(heard(&p, room, sizeof room), &m));
		ck_assert_int_eq(m.kind, STATUS_END);
		ck_assert_int_eq((int)m.how, how);
		ck_assert_int_eq(memcmp(&m.counts, &counts, sizeof counts), 0);
	}
}
END_TEST

START_TEST(challenges_carry_any_octet_both_ways)
{
	_cleanup_(pair_release) struct pair p;
	_cleanup_(buf_release) struct buf answer = { 0 };
	struct status_message m = { 0 };
	char room[128];

	pair_init(&p);
	ck_assert_int_eq(fd_send(p.monitor, "RESPONSE \0\n", 11, NULL, 0), 0);
	ck_assert_int_eq(status_challenge(&p.s, STR("a\0b"), &answer), 0);
	t_str_eq(buf_view(&answer), STR("\0\n"));
	ck_assert(status_parse(heard(&p, room, sizeof room), &m));
	ck_assert_int_eq(m.kind, STATUS_CHALLENGE);
	t_str_eq(m.text, STR("a\0b"));
	ck_assert_int_eq(fd_send(p.monitor, "CANCEL", 6, NULL, 0), 0);
	ck_assert_int_eq(status_challenge(&p.s, STR(""), &answer), -ECANCELED);
}
END_TEST

START_TEST(user_is_shown_without_controls)
{
	_cleanup_(pair_release) struct pair p;
	struct status_message m = { 0 };
	char room[128];

	pair_init(&p);
	status_user(&p.s, STR("joe\r\nx"));
	ck_assert(status_parse(heard(&p, room, sizeof room), &m));
	ck_assert_int_eq(m.kind, STATUS_USER);
	t_str_eq(m.text, STR("joe??x"));
}
END_TEST

START_TEST(unread_octets_are_any)
{
	_cleanup_(pair_release) struct pair p;
	_cleanup_(buf_release) struct buf big = { 0 }, room = { 0 };
	struct status_message m = { 0 };
	char *at = buf_reserve(&room, STATUS_UNREAD_MAX + 64);

	pair_init(&p);
	while (big.n < STATUS_UNREAD_MAX)
		buf_add(&big, "\0\r\nx", 4);
	status_unread(&p.s, buf_view(&big));
	ck_assert(status_parse(heard(&p, at, STATUS_UNREAD_MAX + 64), &m));
	ck_assert_int_eq(m.kind, STATUS_UNREAD);
	ck_assert(str_eq(m.text, buf_view(&big)));
}
END_TEST

START_TEST(early_octets_come_from_the_pipe_that_is_named)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char number[16];
	int fds[2];

	unsetenv("IMAPEARLYFD");
	status_early(&b);
	setenv("IMAPEARLYFD", "x", 1);
	status_early(&b);
	ck_assert_uint_eq(b.n, 0);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "a\0b", 3), 3);
	close(fds[1]);
	snprintf(number, sizeof number, "%d", fds[0]);
	setenv("IMAPEARLYFD", number, 1);
	status_early(&b);
	t_str_eq(buf_view(&b), STR("a\0b"));
	ck_assert_ptr_null(getenv("IMAPEARLYFD"));
	ck_assert_int_lt(close(fds[0]), 0);
}
END_TEST

static const struct {
	const char *user, *host, *want; /* NULL: refused */
} referrals[] = {
	{ "joe", "mail2.example.org", "REFER imap://joe;AUTH=*@mail2.example.org/" },
	{ "j\303\266e@example.org", "192.0.2.1:1143", "REFER imap://j%C3%B6e%40example.org;AUTH=*@192.0.2.1:1143/" },
	{ "a b/c;d%e]", "h", "REFER imap://a%20b%2Fc%3Bd%25e%5D;AUTH=*@h/" },
	{ "joe", "", NULL },
	{ "joe", "h/x", NULL },
	{ "joe", "a@h", NULL },
	{ "joe", "[2001:db8::1]", NULL }, /* a bracket would end the response code */
	{ "joe", "h x", NULL },
};

START_TEST(refers)
{
	_cleanup_(pair_release) struct pair p;
	const struct status none = { -1 };
	struct status_message m = { 0 };
	char room[1024];
	struct str said;

	pair_init(&p);
	ck_assert(!status_refer(&none, STR("joe"), STR("h")));
	ck_assert_int_eq(status_refer(&p.s, str_z(referrals[_i].user), str_z(referrals[_i].host)), referrals[_i].want != NULL);
	if (!referrals[_i].want)
		return;
	said = heard(&p, room, sizeof room);
	t_str_eq(said, str_z(referrals[_i].want));
	ck_assert(status_parse(said, &m));
	ck_assert_int_eq(m.kind, STATUS_REFER);
}
END_TEST

START_TEST(saying_never_blocks)
{
	_cleanup_(pair_release) struct pair p;

	pair_init(&p);
	for (int i = 0; i < 100000; i++) /* nobody reads */
		status_say(&p.s, STR("reading INBOX"));
}
END_TEST

static const struct {
	const char *name;
	const char *datagram;
} bad[] = {
	{"nothing",		      ""							    },
	{ "unknown",		     "HELLO world"						 },
	{ "control character",	       "STATUS a\nb"						 },
	{ "control character in a user", "READY a\tb"						      },
	{ "bracket in a URL",		     "REFER imap://h/]"						      },
	{ "blank in a URL",		     "REFER imap://h/ x"					      },
	{ "another kind of URL",	     "REFER http://h/"						      },
	{ "control character in a claim", "USER a\nb"						      },
	{ "control character in a code", "NO A\x7f text"						 },
	{ "end without counts",		"END LOGOUT"						  },
	{ "end with a count missing",    "END LOGOUT rcvd=1 sent=2 headers=3"			   },
	{ "end with more",		   "END LOGOUT rcvd=1 sent=2 headers=3 body=4 x=5"		   },
	{ "end with a blank behind",     "END LOGOUT rcvd=1 sent=2 headers=3 body=4 "		  },
	{ "end out of order",	      "END LOGOUT sent=2 rcvd=1 headers=3 body=4"			  },
	{ "end that is none",	      "END BYE rcvd=1 sent=2 headers=3 body=4"		       },
	{ "number out of range",	 "END LOGOUT rcvd=18446744073709551616 sent=2 headers=3 body=4"},
};

START_TEST(refuses)
{
	struct status_message m = { .kind = STATUS_END };

	ck_assert_msg(!status_parse(str_z(bad[_i].datagram), &m), "%s", bad[_i].name);
	ck_assert_int_eq(m.kind, STATUS_END);
}
END_TEST

T_SUITE("status", T_TEST(opens_only_the_socket_that_is_named), T_TEST(a_file_is_no_status_socket),
	T_TEST(ready_waits_for_go), T_TEST(ready_without_a_monitor_or_with_another_answer),
	T_TEST(no_carries_code_and_text), T_TEST(end_carries_its_counts),
	T_LOOP(refers, referrals), T_TEST(unread_octets_are_any), T_TEST(early_octets_come_from_the_pipe_that_is_named),
	T_TEST(user_is_shown_without_controls), T_TEST(challenges_carry_any_octet_both_ways), T_TEST(saying_never_blocks), T_LOOP(refuses, bad))
