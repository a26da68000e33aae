/* t/t_conn.c: the connection to one client, over sockets and pipes */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t/t.h"
#include "wire/conn.h"

/* The client's ends of a connection over a socket, or two pipes. */
struct ends {
	struct conn conn;
	int to, from; /* what the client writes to, and reads from */
	int in, out;
};

static void ends_open(struct ends *e, bool pipes)
{
	int up[2], down[2];

	if (pipes) {
		ck_assert_int_eq(pipe(up) | pipe(down), 0);
	} else {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, up), 0);
		down[0] = dup(up[1]);
		down[1] = dup(up[0]);
	}
	*e = (struct ends){ .to = up[1], .from = down[0], .in = up[0], .out = down[1] };
	conn_open(&e->conn, e->in, e->out);
}

static void ends_close(struct ends *e)
{
	const int fds[] = { e->to, e->from, e->in, e->out };

	conn_close(&e->conn);
	for (size_t i = 0; i < COUNT(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void say(struct ends *e, const char *text)
{
	ck_assert_int_eq(write(e->to, text, strlen(text)), (ssize_t)strlen(text));
}

/* Just n octets: 1, or as conn_read(). */
static int read_exact(struct conn *c, void *p, size_t n, int timeout_ms)
{
	for (size_t had = 0; had < n;) {
		const ssize_t r = conn_read(c, (char *)p + had, n - had, timeout_ms);

		if (r <= 0)
			return (int)r;
		had += (size_t)r;
	}
	return 1;
}

static const bool kinds[] = { false, true }; /* pipes? */

START_TEST(answers_travel_together_before_a_wait)
{
	char room[100];
	struct ends e;

	ends_open(&e, kinds[_i]);
	ck_assert_int_eq(fcntl(e.from, F_SETFL, O_NONBLOCK), 0);
	say(&e, "ab");
	buf_z(&e.conn.out, "one ");
	ck_assert_int_eq(conn_fill(&e.conn, 1000), 1);
	ck_assert_int_eq(read(e.from, room, sizeof room), -1); /* there was input: no need to hurry */
	t_str_eq(conn_buffered(&e.conn), STR("ab"));
	conn_consume(&e.conn, 1);
	ck_assert(conn_has_input(&e.conn));
	conn_consume(&e.conn, 1);
	ck_assert(!conn_has_input(&e.conn));
	buf_z(&e.conn.out, "two");
	ck_assert_int_eq(conn_fill(&e.conn, 10), -ETIMEDOUT);
	ck_assert_int_eq(read(e.from, room, sizeof room), 7);
	ck_assert_mem_eq(room, "one two", 7);
	ck_assert_uint_eq(e.conn.rcvd, 2);
	ck_assert_uint_eq(e.conn.sent, 7);
	ends_close(&e);
}
END_TEST

START_TEST(what_is_no_whole_line_yet_can_be_taken_back)
{
	struct ends e;

	ends_open(&e, false);
	buf_z(&e.conn.out, "whole\r\n");
	conn_mark(&e.conn);
	buf_z(&e.conn.out, "par");
	ck_assert(conn_take_back(&e.conn));
	t_str_eq(buf_view(&e.conn.out), STR("whole\r\n"));
	buf_z(&e.conn.out, "line\r\n");
	ck_assert_int_eq(conn_flush(&e.conn), 0);
	ck_assert(conn_take_back(&e.conn));
	buf_z(&e.conn.out, "a long line, ");
	ck_assert_int_eq(conn_flush_some(&e.conn, 1), 0);
	buf_z(&e.conn.out, "half of which has gone");
	ck_assert(!conn_take_back(&e.conn));
	buf_z(&e.conn.out, "\r\n");
	ck_assert_int_eq(conn_flush_lines(&e.conn, 1), 0);
	ck_assert(conn_take_back(&e.conn));
	ck_assert_uint_eq(e.conn.out.n, 0);
	ends_close(&e);
}
END_TEST

START_TEST(the_end_of_input_leaves_output_alive)
{
	char room[10];
	struct ends e;

	ends_open(&e, true);
	say(&e, "x");
	close(e.to);
	e.to = -1;
	ck_assert_int_eq(read_exact(&e.conn, room, 1, 1000), 1);
	ck_assert(conn_has_input(&e.conn));
	ck_assert_int_eq(conn_fill(&e.conn, 1000), 0);
	ck_assert_int_eq(conn_fill(&e.conn, 1000), 0);
	buf_z(&e.conn.out, "bye");
	ck_assert_int_eq(conn_flush(&e.conn), 0);
	ck_assert_int_eq(read(e.from, room, sizeof room), 3);
	ends_close(&e);
}
END_TEST

START_TEST(a_client_that_is_gone_makes_writes_nothing)
{
	char block[1000] = { 0 };
	struct ends e;
	int error;

	ends_open(&e, kinds[_i]);
	close(e.to);
	close(e.from);
	e.to = e.from = -1;
	buf_z(&e.conn.out, "x");
	error = conn_flush(&e.conn);
	ck_assert(error == -EPIPE || error == -ECONNRESET);
	for (int i = 0; i < 1000; i++)
		conn_write(&e.conn, block, sizeof block);
	ck_assert_int_eq(conn_flush(&e.conn), error);
	ck_assert_int_eq(conn_flush_some(&e.conn, 0), error);
	ck_assert_uint_eq(e.conn.sent, 0);
	ck_assert_uint_le(e.conn.out.n, 65536);
	ends_close(&e);
}
END_TEST

START_TEST(a_client_that_reads_nothing_is_given_up)
{
	_cleanup_(buf_release) struct buf big = { 0 };
	struct ends e;

	ends_open(&e, kinds[_i]);
	e.conn.write_ms = 20;
	buf_reserve(&big, 10 << 20);
	memset(big.s, 'x', 10 << 20);
	conn_write(&e.conn, big.s, 10 << 20);
	ck_assert_int_eq(e.conn.error, -ETIMEDOUT);
	ck_assert_int_eq(conn_fill(&e.conn, 1000), -ETIMEDOUT);
	ends_close(&e);
}
END_TEST

enum { BIG = 3 << 20 };

/* Octet i of the big transfer. */
static char octet(size_t i)
{
	return (char)(i * 2654435761u >> 13);
}

/* The client reads all, slowly at first, and tells by its exit code whether it was right. */
static pid_t reader(struct ends *e)
{
	const pid_t child = fork();
	size_t at = 0;
	char room[5000];
	ssize_t n;

	ck_assert_int_ge(child, 0);
	if (child)
		return child;
	close(e->out);
	close(e->in);
	usleep(20000);
	while ((n = read(e->from, room, sizeof room)) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (room[i] != octet(at++))
				_exit(1);
	_exit(at == BIG ? 0 : 2);
}

START_TEST(a_big_answer_arrives_whole)
{
	static const size_t pieces[] = { 1, 100, 70000, 5, 65535, 65536, 200000 };
	struct ends e;
	pid_t child;
	int status;
	size_t at = 0;

	ends_open(&e, kinds[_i]);
	child = reader(&e);
	for (size_t i = 0; at < BIG; i++) {
		char piece[200000];
		const size_t n = MIN(pieces[i % COUNT(pieces)], BIG - at);

		for (size_t j = 0; j < n; j++)
			piece[j] = octet(at + j);
		at += n;
		conn_write(&e.conn, piece, n);
		ck_assert_uint_le(e.conn.out.n, 2 * 65536);
	}
	ck_assert_int_eq(conn_flush(&e.conn), 0);
	ck_assert_uint_eq(e.conn.sent, BIG);
	ends_close(&e);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(reads_are_of_any_size)
{
	char room[100000];
	struct ends e;

	ends_open(&e, kinds[_i]);
	say(&e, "abcdef");
	ck_assert_int_eq(conn_read(&e.conn, room, 2, 1000), 2);
	ck_assert_int_eq(conn_read(&e.conn, room + 2, sizeof room - 2, 1000), 4);
	ck_assert_mem_eq(room, "abcdef", 6);
	say(&e, "ghi");
	ck_assert_int_eq(conn_read(&e.conn, room, sizeof room, 1000), 3);
	say(&e, "jkl");
	ck_assert_int_eq(read_exact(&e.conn, room, 3, 1000), 1);
	ck_assert_mem_eq(room, "jkl", 3);
	say(&e, "m");
	ck_assert_int_eq(read_exact(&e.conn, room, 2, 10), -ETIMEDOUT);
	ends_close(&e);
}
END_TEST

START_TEST(what_is_buffered_ends_a_wait)
{
	struct ends e;

	ends_open(&e, kinds[_i]);
	ck_assert_int_eq(conn_wait(&e.conn, WAIT_CLIENT_IN, 10), 0);
	say(&e, "xy");
	ck_assert_int_eq(conn_fill(&e.conn, 1000), 1);
	conn_consume(&e.conn, 1);
	ck_assert_int_eq(conn_wait(&e.conn, WAIT_CLIENT_IN, 10000), WAIT_CLIENT_IN);
	ck_assert_int_eq(conn_wait(&e.conn, WAIT_CLIENT_IN | WAIT_CLIENT_OUT, 10000),
			 WAIT_CLIENT_IN | WAIT_CLIENT_OUT);
	ends_close(&e);
}
END_TEST

START_TEST(descriptors_keep_their_modes)
{
	struct ends e;

	ends_open(&e, kinds[_i]);
	say(&e, "x");
	conn_fill(&e.conn, 10);
	conn_write(&e.conn, "y", 1);
	conn_flush(&e.conn);
	ck_assert_int_eq(fcntl(e.in, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(fcntl(e.out, F_GETFL) & O_NONBLOCK, 0);
	ends_close(&e);
}
END_TEST

START_TEST(a_script_and_a_file_do)
{
	FILE *in = tmpfile(), *out = tmpfile();
	char room[10] = "";
	struct conn c;

	ck_assert(in && out);
	fputs("abc", in);
	rewind(in);
	conn_open(&c, fileno(in), fileno(out));
	ck_assert_int_eq(read_exact(&c, room, 3, 1000), 1);
	ck_assert_int_eq(conn_wait(&c, WAIT_CLIENT_IN | WAIT_CLIENT_OUT, -1),
			 WAIT_CLIENT_IN | WAIT_CLIENT_OUT);
	ck_assert_int_eq(conn_fill(&c, -1), 0);
	conn_write(&c, "xyz", 3);
	ck_assert_int_eq(conn_flush(&c), 0);
	rewind(out);
	ck_assert_uint_eq(fread(room, 1, sizeof room, out), 3);
	ck_assert_mem_eq(room, "xyz", 3);
	conn_close(&c);
	fclose(in);
	fclose(out);
}
END_TEST

START_TEST(stop_ends_a_read)
{
	struct ends e;

	ends_open(&e, kinds[_i]);
	ck_assert_int_eq(wait_signals(&e.conn.wait), 0);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	say(&e, "x");
	ck_assert_int_eq(conn_fill(&e.conn, -1), 1); /* what has come is still read */
	conn_consume(&e.conn, 1);
	ck_assert_int_eq(conn_fill(&e.conn, -1), -EINTR);
	ends_close(&e);
}
END_TEST

/* A layer that turns letters round, keeps back what is written until it is pushed, and says so with a "!". */
struct turner {
	struct layer layer;
	struct buf held;
};

static void turn(char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s[i] = (char)(s[i] ^ 0x20);
}

static ssize_t turner_read(struct layer *l, void *p, size_t n)
{
	const ssize_t r = l->below->read(l->below, p, n);

	if (r > 0)
		turn(p, (size_t)r);
	return r;
}

static ssize_t turner_write(struct layer *l, const void *p, size_t n, bool more)
{
	struct turner *t = (struct turner *)l;

	buf_add(&t->held, p, n);
	turn(t->held.s + t->held.n - n, n);
	if (n == 0 && !more && t->held.n) {
		buf_c(&t->held, '!');
		ck_assert_int_eq(l->below->write(l->below, t->held.s, t->held.n, false), (ssize_t)t->held.n);
		buf_clear(&t->held);
	}
	return (ssize_t)n;
}

START_TEST(a_layer_begins_where_it_is_pushed)
{
	struct turner turner = {
		.layer = {.read = turner_read, .write = turner_write}
	};
	char room[200000] = "";
	struct ends e;

	ends_open(&e, kinds[_i]);
	say(&e, "onetwo");
	ck_assert_int_eq(read_exact(&e.conn, room, 3, 1000), 1);
	buf_z(&e.conn.out, "before");
	conn_push(&e.conn, &turner.layer);
	ck_assert_int_eq(read_exact(&e.conn, room, 3, 1000), 1);
	ck_assert_mem_eq(room, "TWO", 3);
	say(&e, "MORE");
	ck_assert_int_eq(read_exact(&e.conn, room, 4, 1000), 1);
	ck_assert_mem_eq(room, "more", 4);
	buf_z(&e.conn.out, "a");
	ck_assert_int_eq(conn_flush_some(&e.conn, 0), 0); /* more will come: it may be held back */
	ck_assert_int_eq(conn_flush(&e.conn), 0);	  /* no longer */
	ck_assert_int_eq(conn_flush(&e.conn), 0);	  /* nothing to push */
	ck_assert_int_eq(read(e.from, room, sizeof room), 8);
	ck_assert_mem_eq(room, "beforeA!", 8);
	buf_release(&turner.held);
	ends_close(&e);
}
END_TEST

START_TEST(the_debug_file_has_what_was_sent)
{
	FILE *file = tmpfile();
	char room[100] = "";
	struct ends e;

	ends_open(&e, kinds[_i]);
	ck_assert_ptr_nonnull(file);
	e.conn.debug_fd = fileno(file);
	conn_write(&e.conn, "* OK\r\n", 6);
	conn_flush(&e.conn);
	conn_debug(&e.conn, "READ: ", STR("a NOOP"));
	rewind(file);
	ck_assert_uint_gt(fread(room, 1, sizeof room - 1, file), 0);
	ck_assert_str_eq(room, "WRITE: * OK\r\nREAD: a NOOP\n");
	fclose(file);
	ends_close(&e);
}
END_TEST

START_TEST(what_was_read_by_another_comes_first)
{
	_cleanup_(buf_release) struct buf rest = { 0 };
	char room[8];
	struct ends e;

	ends_open(&e, kinds[_i]);
	conn_put_back(&e.conn, STR("early "));
	say(&e, "late");
	ck_assert_int_eq(read_exact(&e.conn, room, 8, 1000), 1);
	ck_assert_mem_eq(room, "early la", 8);
	conn_rest(&e.conn, &rest);
	t_str_eq(buf_view(&rest), STR("te"));
	ends_close(&e);
}
END_TEST

START_TEST(what_nobody_read_stays_in_its_order)
{
	_cleanup_(buf_release) struct buf rest = { 0 };
	_cleanup_(buf_release) struct buf early = { 0 };
	char room[8];
	struct ends e;

	ends_open(&e, kinds[_i]);
	for (int i = 0; i < 5000; i++)
		buf_printf(&early, "%07d ", i);
	conn_put_back(&e.conn, buf_view(&early));
	say(&e, "late");
	ck_assert_int_eq(read_exact(&e.conn, room, 8, 1000), 1);
	conn_rest(&e.conn, &rest);
	t_str_eq(buf_view(&rest), str_from(buf_view(&early), 8));
	ck_assert_int_eq(read(e.in, room, sizeof room), 4);
	ends_close(&e);
}
END_TEST

T_SUITE("conn", T_LOOP(answers_travel_together_before_a_wait, kinds),
	T_TEST(what_is_no_whole_line_yet_can_be_taken_back), T_TEST(the_end_of_input_leaves_output_alive),
	T_LOOP(a_client_that_is_gone_makes_writes_nothing, kinds),
	T_LOOP(a_client_that_reads_nothing_is_given_up, kinds), T_LOOP(a_big_answer_arrives_whole, kinds),
	T_LOOP(reads_are_of_any_size, kinds), T_LOOP(what_is_buffered_ends_a_wait, kinds),
	T_LOOP(descriptors_keep_their_modes, kinds), T_TEST(a_script_and_a_file_do),
	T_LOOP(stop_ends_a_read, kinds), T_LOOP(a_layer_begins_where_it_is_pushed, kinds),
	T_LOOP(what_was_read_by_another_comes_first, kinds), T_LOOP(what_nobody_read_stays_in_its_order, kinds),
	T_LOOP(the_debug_file_has_what_was_sent, kinds))
