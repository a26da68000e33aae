/* t/t_login_lines.c: login/lines: a line, and not an octet more */
#include <sys/socket.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/lines.h"
#include "t/t.h"

/* A client and a monitor, each with its other end; over a socket or a pipe. */
struct ends {
	int client, in, monitor, theirs;
};

static void ends_release(struct ends *e)
{
	fd_closep(&e->client);
	fd_closep(&e->in);
	fd_closep(&e->monitor);
	fd_closep(&e->theirs);
}

static void ends_init(struct ends *e, struct lines *l, bool piped)
{
	int fds[2];

	ck_assert_int_eq(piped ? pipe(fds) : socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	e->in = fds[0];
	e->client = fds[1];
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	e->theirs = fds[0];
	e->monitor = fds[1];
	lines_init(l, e->in, e->theirs);
}

static void send_str(const struct ends *e, struct str s)
{
	ck_assert_int_eq(fd_write_all(e->client, s.s, s.n), 0);
}

static const bool piped[] = { false, true };

START_TEST(what_follows_a_line_stays)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 };
	struct lines l;
	char rest[16];

	ends_init(&e, &l, piped[_i]);
	send_str(&e, STR("a NOOP\r\nb\n\r\n\x16\x03rest"));
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("a NOOP"));
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("a NOOPb"));
	buf_clear(&b);
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	ck_assert_uint_eq(b.n, 0);
	ck_assert_int_eq(read(e.in, rest, sizeof rest), 6);
	ck_assert_int_eq(memcmp(rest, "\x16\x03rest", 6), 0);
	ck_assert_uint_eq(l.rcvd, 12);
}
END_TEST

START_TEST(what_follows_a_literal_stays)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 };
	struct lines l;

	ends_init(&e, &l, piped[_i]);
	send_str(&e, STR("x\0\r\n next\r\n"));
	ck_assert_int_eq(lines_octets(&l, 4, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("x\0\r\n"));
	ck_assert_int_eq(lines_octets(&l, 1, NULL), LINES_OK);
	buf_clear(&b);
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("next"));
}
END_TEST

static const struct {
	size_t n;
	enum lines_result want;
} lengths[] = {
	{10,     LINES_OK  },
	  { 11,	LINES_LONG},
	      { 12,    LINES_LONG},
	  { 13,	LINES_LONG},
	      { 30000, LINES_LONG},
};

START_TEST(too_long_is_thrown_away_to_its_end)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 }, line = { 0 };
	struct lines l;

	ends_init(&e, &l, false);
	for (size_t i = 0; i < lengths[_i].n; i++)
		buf_c(&line, 'x');
	buf_z(&line, "\r\nnext\r\n");
	send_str(&e, buf_view(&line));
	ck_assert_int_eq(lines_line(&l, 10, &b), lengths[_i].want);
	ck_assert_uint_le(b.n, 12);
	buf_clear(&b);
	ck_assert_int_eq(lines_line(&l, 10, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("next"));
}
END_TEST

START_TEST(a_line_without_end_is_given_up)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 }, line = { 0 };
	struct lines l;

	ends_init(&e, &l, false);
	for (size_t i = 0; i < 70000; i++)
		buf_c(&line, 'x');
	send_str(&e, buf_view(&line));
	ck_assert_int_eq(lines_line(&l, 8192, &b), LINES_END);
	ck_assert_uint_le(b.n, 8194);
}
END_TEST

START_TEST(the_end_of_the_client)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 };
	struct lines l;

	ends_init(&e, &l, piped[_i]);
	send_str(&e, STR("half a li"));
	fd_closep(&e.client);
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_END);
	ck_assert_int_eq(lines_octets(&l, 1, NULL), LINES_END);
}
END_TEST

START_TEST(the_monitor_interrupts)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 };
	struct lines l;

	ends_init(&e, &l, piped[_i]);
	send_str(&e, STR("a NOOP\r\n"));
	ck_assert_int_eq(send(e.monitor, "B", 1, 0), 1);
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_MONITOR);
	ck_assert_int_eq(lines_octets(&l, 1, NULL), LINES_MONITOR);
	ck_assert_uint_eq(l.rcvd, 0);
}
END_TEST

START_TEST(what_was_said_before_comes_first_and_what_is_left_of_it_stays)
{
	_cleanup_(ends_release) struct ends e;
	_cleanup_(buf_release) struct buf b = { 0 };
	struct lines l;
	char rest[16];
	int early[2];

	ends_init(&e, &l, piped[_i]);
	ck_assert_int_eq(pipe(early), 0);
	ck_assert_int_eq(fd_write_all(early[1], "a NOOP\r\nb LOG", 13), 0);
	fd_closep(&early[1]);
	l.early = early[0];
	send_str(&e, STR("OUT\r\nc"));
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("a NOOP"));
	ck_assert_int_eq(read(early[0], rest, 2), 2);
	ck_assert_mem_eq(rest, "b ", 2);
	ck_assert_int_eq(lines_line(&l, 100, &b), LINES_OK);
	t_str_eq(buf_view(&b), STR("a NOOPLOGOUT"));
	ck_assert_int_eq(read(e.in, rest, sizeof rest), 1);
	fd_closep(&early[0]);
}
END_TEST

T_SUITE("lines", T_LOOP(what_follows_a_line_stays, piped), T_LOOP(what_follows_a_literal_stays, piped),
	T_LOOP(too_long_is_thrown_away_to_its_end, lengths), T_TEST(a_line_without_end_is_given_up),
	T_LOOP(what_was_said_before_comes_first_and_what_is_left_of_it_stays, piped),
	T_LOOP(the_end_of_the_client, piped), T_LOOP(the_monitor_interrupts, piped))
