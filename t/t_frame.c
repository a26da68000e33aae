/* t/t_frame.c: bytes to one whole command, whatever packets they come in */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t/t.h"
#include "wire/frame.h"

/* A connection to ourselves: what is written to peer is what the client sends. */
struct pair {
	struct conn conn;
	struct frame frame;
	int peer, ours;
};

static void pair_open(struct pair *p)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	p->peer = fds[0];
	p->ours = fds[1];
	conn_open(&p->conn, p->ours, p->ours);
	p->conn.idle_ms = p->conn.literal_ms = 10000;
	frame_init(&p->frame, &p->conn);
}

static void pair_close(struct pair *p)
{
	frame_release(&p->frame);
	conn_close(&p->conn);
	close(p->ours);
	if (p->peer >= 0)
		close(p->peer);
}

static void send_str(struct pair *p, struct str s)
{
	ck_assert_int_eq(write(p->peer, s.s, s.n), (ssize_t)s.n);
}

/* The client has sent all that it will. */
static void send_end(struct pair *p)
{
	ck_assert_int_eq(shutdown(p->peer, SHUT_WR), 0);
}

/* What the client has been sent up to now. */
static struct str answered(struct pair *p, char *room, size_t size)
{
	ssize_t n;

	conn_flush(&p->conn);
	n = recv(p->peer, room, size, MSG_DONTWAIT);
	return (struct str){ room, n < 0 ? 0 : (size_t)n };
}

/* Takes the whole next command as a session does, with its literals. */
static enum frame_status next(struct frame *f)
{
	enum frame_status status;

	frame_begin(f);
	while ((status = frame_line(f)) == FRAME_LITERAL) {
		status = frame_literal(f);
		if (status != FRAME_COMPLETE)
			return status;
	}
	return status;
}

#define S(literal)                                                                                           \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

static const struct {
	struct str in;
	const char *commands[6];
} streams[] = {
	{S("a NOOP\r\nb NOOP\r\n"),			     { "a NOOP", "b NOOP" }			    },
	{ S("a NOOP\nb NOOP\n"),				 { "a NOOP", "b NOOP" }			},
	{ S("\r\n\n\r\na\r\n"),				{ "", "", "", "a" }			    },
	{ S("a L {3}\r\nx y {1+}\r\nz\r\nb\r\n"),		  { "a L {3}\r\nx y {1+}\r\nz", "b" }	      },
	{ S("a {2}\n\r\n b\n"),				{ "a {2}\r\n\r\n b" }			      },
	{ S("a {5+}\r\n{9}\r\n{0}\r\n\r\nb\r\n"),		  { "a {5+}\r\n{9}\r\n{0}\r\n", "b" }	      },
	{ S("a ~{1+}\r\n\0\r\n"),				  { "a ~{1+}\r\n" }			    },
	{ S("a {x}\r\na {}\r\na {-1}\r\na {1 }\r\na {1+\r\n"),
	  { "a {x}", "a {}", "a {-1}", "a {1 }", "a {1+" }						   },
	{ S("a {+}\r\na {1}+\r\na 1}\r\n}\r\n+}\r\n{\r\n"),    { "a {+}", "a {1}+", "a 1}", "}", "+}", "{" }},
	{ S("a\rb\r\n\r\r\n"),				 { "a\rb", "\r" }				},
	{ S("unended"),					{ 0 }					},
	{ S("a {4}\r\ncut"),				   { 0 }					},
};

/* Sends in pieces of n octets, from a process of its own, so that each is a read of its own. */
static void check_stream(size_t row, size_t n)
{
	const struct str in = streams[row].in;
	struct pair p;
	pid_t child;

	pair_open(&p);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		for (size_t at = 0; at < in.n; at += n)
			if (send(p.peer, in.s + at, MIN(n, in.n - at), 0) < 0)
				_exit(1);
		shutdown(p.peer, SHUT_WR);
		_exit(0);
	}
	for (size_t i = 0; i < 6 && streams[row].commands[i]; i++) {
		const struct str want = str_z(streams[row].commands[i]);

		ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
		t_str_eq(str_head(buf_view(&p.frame.text), want.n), want);
	}
	ck_assert_int_eq(next(&p.frame), FRAME_GONE);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	pair_close(&p);
}

START_TEST(packets_make_no_difference)
{
	check_stream((size_t)_i, 1);
	check_stream((size_t)_i, 3);
	check_stream((size_t)_i, SIZE_MAX / 2);
}
END_TEST

START_TEST(only_a_client_that_waits_is_told_to_go_on)
{
	char room[200];
	struct pair p;

	pair_open(&p);
	send_str(&p, STR("a LOGIN {3}\r\n"));
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert(p.frame.literal.sync && !p.frame.literal.binary && p.frame.literal.octets == 3);
	t_str_eq(answered(&p, room, sizeof room), STR(""));
	send_str(&p, STR("joe {2+}\r\npw\r\n"));
	ck_assert_int_eq(frame_literal(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert(!p.frame.literal.sync);
	ck_assert_int_eq(frame_literal(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("a LOGIN {3}\r\njoe {2+}\r\npw"));
	t_str_eq(answered(&p, room, sizeof room), STR("+ OK\r\n"));
	pair_close(&p);
}
END_TEST

static const struct {
	const char *name, *in;
	const char *next; /* the command that comes after the refused one */
} refusals[] = {
	{"waits: nothing more comes", "a X {3}\r\nb NOOP\r\n",			"b NOOP"},
	{ "does not wait: all comes", "a X {3+}\r\nb\r\n tail\r\nb NOOP\r\n",     "b NOOP"},
	{ "two that do not wait",	  "a X {1+}\r\n{ {2+}\r\n\r\n\r\nb NOOP\r\n", "b NOOP"},
	{ "the second waits",	      "a X {1+}\r\nx {2}\r\nb NOOP\r\n",		 "b NOOP"},
	{ "empty",		    "a X {0+}\r\n\r\nb NOOP\r\n",		 "b NOOP"},
	{ "empty, and another",	"a X {0+}\r\n {0+}\r\n)\r\nb NOOP\r\n",	"b NOOP"},
};

START_TEST(a_refused_command_leaves_the_stream_in_step)
{
	char room[100];
	struct pair p;

	pair_open(&p);
	send_str(&p, str_z(refusals[_i].in));
	send_end(&p);
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	t_str_eq(str_head(buf_view(&p.frame.text), 3), STR("a X"));
	t_str_eq(answered(&p, room, sizeof room), STR(""));
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), str_z(refusals[_i].next));
	ck_assert_int_eq(next(&p.frame), FRAME_GONE);
	pair_close(&p);
}
END_TEST

START_TEST(a_handler_reads_octets_itself_and_then_the_rest)
{
	char room[100], octets[4];
	struct pair p;

	pair_open(&p);
	send_str(&p, STR("a APPEND x {6}\r\n12345\n)\r\nb\r\n"));
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_accept(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), 4);
	ck_assert_mem_eq(octets, "1234", 4);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), 2);
	ck_assert_mem_eq(octets, "5\n", 2);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), 0);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), 0);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("a APPEND x {6}\r\n)"));
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("b"));
	t_str_eq(answered(&p, room, sizeof room), STR("+ OK\r\n"));
	pair_close(&p);
}
END_TEST

/* How many octets of the accepted literal are read before it is refused. */
static const struct {
	const char *in;
	size_t read;
} midway[] = {
	{"a {6}\r\n123456 x\r\nb\r\n",			0},
	{ "a {6}\r\n123456 x\r\nb\r\n",		1},
	{ "a {6+}\r\n12\r\n56 {3+}\r\nb\r\n\r\nb\r\n", 4},
	{ "a {6}\r\n123456 {9}\r\nb\r\n",		  6},
	{ "a {0}\r\n\r\nb\r\n",			0},
};

START_TEST(a_handler_may_refuse_in_the_middle)
{
	char octets[10];
	struct pair p;

	pair_open(&p);
	send_str(&p, str_z(midway[_i].in));
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_accept(&p.frame), FRAME_COMPLETE);
	if (midway[_i].read)
		ck_assert_int_eq(frame_octets(&p.frame, octets, midway[_i].read), (ssize_t)midway[_i].read);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("b"));
	pair_close(&p);
}
END_TEST

START_TEST(a_client_that_goes_in_a_literal_is_gone)
{
	char octets[10];
	struct pair p;

	pair_open(&p);
	send_str(&p, STR("a {6}\r\n123"));
	send_end(&p);
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_accept(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), 3);
	ck_assert_int_eq(frame_octets(&p.frame, octets, sizeof octets), -EPIPE);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_GONE);
	ck_assert_int_eq(next(&p.frame), FRAME_GONE);
	pair_close(&p);
}
END_TEST

START_TEST(literals_announced_and_not_sent_time_out)
{
	struct pair p;

	pair_open(&p);
	p.conn.literal_ms = 20;
	send_str(&p, STR("a {6}\r\n123"));
	frame_begin(&p.frame);
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_literal(&p.frame), FRAME_TIMEOUT);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_TIMEOUT);
	pair_close(&p);
}
END_TEST

START_TEST(a_line_that_does_not_end_times_out)
{
	struct pair p;

	pair_open(&p);
	p.conn.idle_ms = 20;
	send_str(&p, STR("a NOOP"));
	ck_assert_int_eq(next(&p.frame), FRAME_TIMEOUT);
	pair_close(&p);
}
END_TEST

static const struct {
	const char *name;
	uint64_t one, sum;
	const char *in;
	int taken; /* literals, before one is too long */
} limits[] = {
	{"one is too long",	     10, 100, "a {11}\r\nb\r\n",					 0},
	{ "one is too long and comes", 10, 100, "a {11+}\r\n12345678901\r\nb\r\n",			   0},
	{ "one fits",		      10, 100, "a {10+}\r\n1234567890 {11}\r\nb\r\n",		      1},
	{ "the sum is too long",	 10, 15,	 "a {10+}\r\n1234567890 {6+}\r\n123456\r\nb\r\n",	  1},
	{ "the sum fits",		  10, 15,  "a {10+}\r\n1234567890 {5+}\r\n12345 {1+}\r\n1\r\nb\r\n", 2},
	{ "more than 64 bits",	       10, 15,  "a {18446744073709551617}\r\nb\r\n",			    0},
	{ "no literals at all",	0,  0,   "a {1}\r\nb\r\n",						0},
};

START_TEST(literals_over_a_limit_are_not_taken)
{
	char room[100];
	struct pair p;

	pair_open(&p);
	p.frame.max_literal = limits[_i].one;
	p.frame.max_literals = limits[_i].sum;
	send_str(&p, str_z(limits[_i].in));
	frame_begin(&p.frame);
	for (int i = 0; i < limits[_i].taken; i++) {
		ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
		ck_assert_int_eq(frame_literal(&p.frame), FRAME_COMPLETE);
	}
	ck_assert_int_eq(frame_line(&p.frame), FRAME_LITERAL);
	ck_assert_int_eq(frame_literal(&p.frame), FRAME_TOO_LONG);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	t_str_eq(answered(&p, room, sizeof room), STR(""));
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("b"));
	pair_close(&p);
}
END_TEST

START_TEST(a_thousand_literals_are_enough)
{
	_cleanup_(buf_release) struct buf all = { 0 };
	struct pair p;

	pair_open(&p);
	buf_c(&all, 'a');
	for (int i = 0; i < FRAME_LITERALS + 1; i++)
		buf_z(&all, " {0+}\r\n");
	buf_z(&all, "\r\nb\r\n");
	send_str(&p, buf_view(&all));
	ck_assert_int_eq(next(&p.frame), FRAME_TOO_LONG);
	ck_assert_uint_eq(p.frame.literals, FRAME_LITERALS);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_COMPLETE);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("b"));
	pair_close(&p);
}
END_TEST

START_TEST(too_much_to_drop_ends_the_connection)
{
	struct pair p;

	pair_open(&p);
	p.frame.max_literal = 1;
	p.frame.max_drop = 10;
	send_str(&p, STR("a {18446744073709551615+}\r\n01234567890123456789"));
	ck_assert_int_eq(next(&p.frame), FRAME_TOO_LONG);
	ck_assert_int_eq(frame_refuse(&p.frame), FRAME_GONE);
	pair_close(&p);
}
END_TEST

/* A line of n octets with its line end, from a process of its own since no socket holds it all; then "b". */
static void long_line(struct pair *p, size_t n, const char *end)
{
	const pid_t child = fork();
	char block[1000];

	ck_assert_int_ge(child, 0);
	if (child)
		return;
	memset(block, 'x', sizeof block);
	memcpy(block, "tag X ", 6);
	n -= strlen(end);
	while (n) {
		const ssize_t w = send(p->peer, block, MIN(n, sizeof block), 0);

		if (w <= 0)
			_exit(1);
		n -= (size_t)w;
	}
	if (send(p->peer, end, strlen(end), 0) < 0 || send(p->peer, "b\r\n", 3, 0) < 0)
		_exit(1);
	_exit(0);
}

static const struct {
	size_t n;
	const char *end;
	enum frame_status status;
} lines[] = {
	{FRAME_LINE,	      "\r\n",			      FRAME_COMPLETE},
	{ FRAME_LINE + 1,	  "\r\n",			  FRAME_TOO_LONG},
	{ FRAME_LINE + 1,	  "\n",				FRAME_TOO_LONG},
	{ FRAME_LINE + 70,   "\r\n",			   FRAME_TOO_LONG},
	{ 20 * FRAME_LINE,   "\r\n",			   FRAME_TOO_LONG},
	{ FRAME_LINE + 1,	  " {5}\r\n",		      FRAME_TOO_LONG},
	{ FRAME_LINE + 1000, " {5+}\r\nb\r\nb\r z\r\n",	FRAME_TOO_LONG},
	{ 20 * FRAME_LINE,   " ~{5+}\r\nb\r\nb\r z {3}\r\n", FRAME_TOO_LONG},
};

START_TEST(a_line_too_long_is_dropped_to_its_end)
{
	struct pair p;

	pair_open(&p);
	long_line(&p, lines[_i].n, lines[_i].end);
	ck_assert_int_eq(next(&p.frame), lines[_i].status);
	t_str_eq(str_head(buf_view(&p.frame.text), 7), STR("tag X x"));
	ck_assert_uint_le(p.frame.text.n, FRAME_LINE);
	ck_assert_uint_le(p.frame.text.size, 4 * FRAME_LINE);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	t_str_eq(buf_view(&p.frame.text), STR("b"));
	ck_assert_int_gt(wait(NULL), 0);
	pair_close(&p);
}
END_TEST

START_TEST(lines_of_one_command_have_one_limit)
{
	struct pair p;

	pair_open(&p);
	p.frame.max_line = 30;
	send_str(&p, STR("a 67890 {3+}\r\nxyz 678901234567890\r\nb 34567890123456789012345678\r\n"));
	ck_assert_int_eq(next(&p.frame), FRAME_TOO_LONG);
	t_str_eq(str_head(buf_view(&p.frame.text), 20), STR("a 67890 {3+}\r\nxyz 67"));
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	ck_assert_uint_eq(p.frame.text.n, 28);
	pair_close(&p);
}
END_TEST

START_TEST(a_nul_in_a_line_is_told_and_in_a_literal_not)
{
	struct pair p;

	pair_open(&p);
	send_str(&p, (struct str)S("a {1+}\r\n\0\r\nb\0\r\nc\r\n"));
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	ck_assert(!p.frame.nul);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	ck_assert(p.frame.nul);
	ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	ck_assert(!p.frame.nul);
	pair_close(&p);
}
END_TEST

START_TEST(the_debug_file_has_no_passwords)
{
	_cleanup_(buf_release) struct buf seen = { 0 };
	FILE *file = tmpfile();
	struct pair p;

	pair_open(&p);
	ck_assert_ptr_nonnull(file);
	p.conn.debug_fd = fileno(file);
	send_str(&p, STR("a login joe secret1\r\nb Authenticate PLAIN secret2\r\n"
			 "c LOGIN {3+}\r\njoe \"secret3\"\r\nd LOGIN joe {7+}\r\nsecret4\r\ne NOOP\r\n"));
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(next(&p.frame), FRAME_COMPLETE);
	rewind(file);
	buf_reserve(&seen, 1000);
	seen.n = fread(seen.s, 1, 1000, file);
	ck_assert_uint_eq(str_search(buf_view(&seen), STR("secret")), seen.n);
	ck_assert_uint_lt(str_search(buf_view(&seen), STR("READ: a login ")), seen.n);
	ck_assert_uint_lt(str_search(buf_view(&seen), STR("READ: e NOOP\n")), seen.n);
	fclose(file);
	pair_close(&p);
}
END_TEST

T_SUITE("frame", T_LOOP(packets_make_no_difference, streams),
	T_TEST(only_a_client_that_waits_is_told_to_go_on),
	T_LOOP(a_refused_command_leaves_the_stream_in_step, refusals),
	T_TEST(a_handler_reads_octets_itself_and_then_the_rest),
	T_LOOP(a_handler_may_refuse_in_the_middle, midway), T_TEST(a_client_that_goes_in_a_literal_is_gone),
	T_TEST(literals_announced_and_not_sent_time_out), T_TEST(a_line_that_does_not_end_times_out),
	T_LOOP(literals_over_a_limit_are_not_taken, limits), T_TEST(a_thousand_literals_are_enough),
	T_TEST(too_much_to_drop_ends_the_connection), T_LOOP(a_line_too_long_is_dropped_to_its_end, lines),
	T_TEST(lines_of_one_command_have_one_limit), T_TEST(a_nul_in_a_line_is_told_and_in_a_literal_not),
	T_TEST(the_debug_file_has_no_passwords))
