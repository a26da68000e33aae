/* t/t_deflate.c: tests of wire/deflate.c */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include "t/t.h"
#include "wire/deflate.h"
#include "wire/frame.h"

enum { ROOM = 1 << 20 };

/* The client's end: what it has been sent, inflated, and what it has sent, deflated. */
struct client {
	struct conn conn;
	int fd;
	z_stream in, out;
};

static void client_open(struct client *c)
{
	int fds[2];

	memset(c, 0, sizeof *c);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	conn_open(&c->conn, fds[0], fds[0]);
	c->fd = fds[1];
	ck_assert_int_eq(inflateInit2(&c->in, -15), Z_OK);
	ck_assert_int_eq(deflateInit2(&c->out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
}

static void client_close(struct client *c)
{
	inflateEnd(&c->in);
	deflateEnd(&c->out);
	close(c->conn.fd_in);
	conn_close(&c->conn);
	if (c->fd >= 0)
		close(c->fd);
}

/* n octets, deflated and flushed. */
static size_t deflated(struct client *c, const char *s, size_t n, char *room)
{
	c->out.next_in = (Bytef *)(uintptr_t)s;
	c->out.avail_in = (uInt)n;
	c->out.next_out = (Bytef *)room;
	c->out.avail_out = ROOM;
	ck_assert_int_eq(deflate(&c->out, Z_SYNC_FLUSH), Z_OK);
	ck_assert_uint_gt(c->out.avail_out, 0);
	return ROOM - c->out.avail_out;
}

static void say(struct client *c, const char *s, size_t n)
{
	char *room = must_alloc(ROOM);
	const size_t octets = deflated(c, s, n, room);

	ck_assert_int_eq(write(c->fd, room, octets), (ssize_t)octets);
	free(room);
}

/* What is there to be read by the client, inflated. */
static size_t hear(struct client *c, char *room, size_t size)
{
	char raw[65536];
	const ssize_t n = recv(c->fd, raw, sizeof raw, MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	c->in.next_in = (Bytef *)raw;
	c->in.avail_in = (uInt)n;
	c->in.next_out = (Bytef *)room;
	c->in.avail_out = (uInt)size;
	ck_assert_int_eq(inflate(&c->in, Z_SYNC_FLUSH), Z_OK);
	ck_assert_uint_eq(c->in.avail_in, 0);
	return size - c->in.avail_out;
}

START_TEST(what_was_read_ahead_belongs_to_the_stream)
{
	char stream[ROOM / 2], text[100];
	struct client c;
	size_t n;

	client_open(&c);
	memcpy(stream, "plain\r\n", 7);
	{
		char *room = must_alloc(ROOM);

		n = deflated(&c, "a NOOP\r\nb NOOP\r\n", 16, room);
		memcpy(stream + 7, room, n);
		free(room);
	}
	ck_assert_int_eq(write(c.fd, stream, n + 7), (ssize_t)n + 7);
	ck_assert_int_eq(conn_read(&c.conn, text, 7, 1000), 7);
	ck_assert_uint_gt(conn_buffered(&c.conn).n, 0);
	conn_deflate(&c.conn);
	ck_assert(conn_deflated(&c.conn));
	ck_assert(conn_has_input(&c.conn));
	ck_assert_int_eq(conn_read(&c.conn, text, 16, 1000), 16);
	ck_assert_mem_eq(text, "a NOOP\r\nb NOOP\r\n", 16);
	ck_assert(!conn_has_input(&c.conn));
	client_close(&c);
}
END_TEST

START_TEST(the_last_plain_octets_go_before_it)
{
	char text[100];
	struct client c;

	client_open(&c);
	buf_z(&c.conn.out, "a OK\r\n");
	conn_deflate(&c.conn);
	ck_assert_int_eq(recv(c.fd, text, sizeof text, MSG_DONTWAIT), 6);
	ck_assert_mem_eq(text, "a OK\r\n", 6);
	client_close(&c);
}
END_TEST

START_TEST(a_flush_sends_all_that_was_written)
{
	char text[1000];
	struct client c;

	client_open(&c);
	conn_deflate(&c.conn);
	for (int i = 0; i < 3; i++) {
		buf_z(&c.conn.out, "* 1 EXISTS\r\n");
		ck_assert_int_eq(conn_flush_some(&c.conn, 0), 0);
		ck_assert_int_eq(conn_flush(&c.conn), 0);
		ck_assert_uint_eq(hear(&c, text, sizeof text), 12);
		ck_assert_mem_eq(text, "* 1 EXISTS\r\n", 12);
	}
	ck_assert_int_eq(conn_flush(&c.conn), 0);
	ck_assert_int_eq(recv(c.fd, text, sizeof text, MSG_DONTWAIT), -1); /* nothing new, so not an octet */
	ck_assert_uint_eq(c.conn.written, 36);
	client_close(&c);
}
END_TEST

START_TEST(large_answers_are_whole)
{
	char *big = must_alloc(ROOM), *got = must_alloc(ROOM);
	char first;
	unsigned seed = 1;
	size_t had = 0;
	struct client c;
	pid_t child;

	for (size_t i = 0; i < ROOM; i++)
		big[i] = (char)((seed = seed * 1103515245 + 12345) >> 16);
	client_open(&c);
	conn_deflate(&c.conn);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		conn_write(&c.conn, big, ROOM / 2);
		conn_write(&c.conn, big + ROOM / 2, ROOM / 2);
		_exit(conn_flush(&c.conn) ? 1 : 0);
	}
	while (had < ROOM) {
		recv(c.fd, &first, 1, MSG_PEEK); /* waits */
		had += hear(&c, got + had, ROOM - had);
	}
	ck_assert(memcmp(big, got, ROOM) == 0);
	free(big);
	free(got);
	client_close(&c);
}
END_TEST

/* A stream that is none; one that ends; one that is cut off. */
static const struct {
	const char *octets;
	size_t n;
	int text;
} rows[] = {
	{ "\xff\xff\xff\xff", 4, 0 },
	{ "\x03\x00", 2, 0 },
	{ "\x4b\x04\x00\x4b\x04\x00", 6, 1 }, /* "a" in a last block, and more */
	{ "\x4a", 1, 0 },
};
START_TEST(a_stream_that_is_over_is_the_end_of_the_input)
{
	char text[100];
	struct client c;

	client_open(&c);
	conn_deflate(&c.conn);
	ck_assert_int_eq(write(c.fd, rows[_i].octets, rows[_i].n), (ssize_t)rows[_i].n);
	close(c.fd);
	c.fd = -1;
	for (int i = 0; i < rows[_i].text; i++)
		ck_assert_int_eq(conn_read(&c.conn, text, 1, 1000), 1);
	ck_assert_int_eq(conn_read(&c.conn, text, 1, 1000), 0);
	client_close(&c);
}
END_TEST

/* 64 MiB of zeros in 64 KiB: nothing of that is ever held at once. */
START_TEST(a_bomb_is_read_in_pieces)
{
	char *zeros = must_alloc(ROOM), *room = must_alloc(ROOM);
	size_t had = 0, n = 0;
	struct client c;

	memset(zeros, 0, ROOM);
	client_open(&c);
	conn_deflate(&c.conn);
	for (int i = 0; i < 64; i++) {
		n = deflated(&c, zeros, ROOM, room);
		ck_assert_int_eq(write(c.fd, room, n), (ssize_t)n);
		while (conn_has_input(&c.conn)) {
			had += conn_buffered(&c.conn).n;
			ck_assert_uint_le(c.conn.in.size, 65536);
			conn_consume(&c.conn, conn_buffered(&c.conn).n);
		}
	}
	ck_assert_uint_eq(had, 64 * (size_t)ROOM);
	ck_assert_uint_lt(c.conn.rcvd, 100000);
	free(zeros);
	free(room);
	client_close(&c);
}
END_TEST

START_TEST(lines_cost_what_the_client_pays)
{
	enum { LINES = 100000, LINE = 8 };
	char *lines = must_alloc(LINES * LINE);
	size_t commands = 0;
	enum frame_status status = FRAME_COMPLETE;
	struct frame f;
	struct client c;

	for (size_t i = 0; i < LINES; i++)
		memcpy(lines + i * LINE, "a NOOP\r\n", LINE);
	client_open(&c);
	conn_deflate(&c.conn);
	frame_init(&f, &c.conn);
	for (int i = 0; i < 20 && status == FRAME_COMPLETE; i++) {
		say(&c, lines, LINES * LINE);
		while (status == FRAME_COMPLETE && conn_has_input(&c.conn)) {
			frame_begin(&f);
			status = frame_line(&f);
			commands++;
		}
	}
	ck_assert_int_eq(status, FRAME_GONE);
	ck_assert_uint_ge(commands * LINE, FRAME_FREE);
	ck_assert_uint_le(commands * LINE, FRAME_FREE + FRAME_RATIO * (c.conn.rcvd + 2));
	frame_release(&f);
	free(lines);
	client_close(&c);
}
END_TEST

START_TEST(empty_blocks_are_not_an_octet)
{
	struct client c;
	char text[10], empty[50000];

	client_open(&c);
	conn_deflate(&c.conn);
	for (size_t i = 0; i < sizeof empty; i += 5)
		memcpy(empty + i, "\x00\x00\x00\xff\xff", 5);
	ck_assert_int_eq(write(c.fd, empty, sizeof empty), sizeof empty);
	ck_assert(!conn_has_input(&c.conn));
	ck_assert_int_eq(write(c.fd, "\x00\x01\x00\xfe\xff!", 6), 6);
	ck_assert_int_eq(conn_read(&c.conn, text, 10, 1000), 1);
	ck_assert_int_eq(text[0], '!');
	client_close(&c);
}
END_TEST

/* How a client ends its stream, and in how many pieces it arrives. */
static const struct {
	int flush, level;
	size_t piece;
} endings[] = {
	{ Z_SYNC_FLUSH, 9, 100000 }, { Z_SYNC_FLUSH, 9, 1 }, { Z_SYNC_FLUSH, 9, 3 },	{ Z_FULL_FLUSH, 9, 100000 },
	{ Z_SYNC_FLUSH, 0, 100000 }, { Z_FINISH, 9, 100000 }, { Z_FINISH, 9, 1 },
};

/* The last line is read while all of it, and what follows the stream, is there, or comes octet by octet. */
START_TEST(what_follows_the_stream_is_found)
{
	static const char lines[] = "a NOOP\r\nb UNAUTHENTICATE\r\n", plain[] = "c LOGIN joe secret\r\n";
	_cleanup_(buf_release) struct buf rest = { 0 };
	char stream[1000], text[sizeof lines];
	struct client c;
	size_t n, sent;

	client_open(&c);
	conn_deflate(&c.conn);
	deflateParams(&c.out, endings[_i].level, Z_DEFAULT_STRATEGY);
	c.out.next_in = (Bytef *)(uintptr_t)lines;
	c.out.avail_in = sizeof lines - 1;
	c.out.next_out = (Bytef *)stream;
	c.out.avail_out = sizeof stream;
	ck_assert_int_ge(deflate(&c.out, endings[_i].flush), Z_OK);
	n = sizeof stream - c.out.avail_out;
	memcpy(stream + n, plain, sizeof plain - 1);
	n += sizeof plain - 1;
	sent = MIN(endings[_i].piece, n);
	ck_assert_int_eq(write(c.fd, stream, sent), (ssize_t)sent);
	for (size_t had = 0; had < sizeof lines - 1;) {
		const ssize_t r = conn_read(&c.conn, text + had, sizeof lines - 1 - had, 0);

		had += r > 0 ? (size_t)r : 0;
		if (r <= 0 && sent < n)
			sent += (size_t)write(c.fd, stream + sent, MIN(endings[_i].piece, n - sent));
	}
	ck_assert_mem_eq(text, lines, sizeof lines - 1);
	ck_assert_int_eq(write(c.fd, stream + sent, n - sent), (ssize_t)(n - sent));
	conn_rest(&c.conn, &rest);
	if (rest.n < sizeof plain - 1) /* the end had been seen before that came */
		ck_assert_int_eq(read(c.conn.fd_in, buf_reserve(&rest, 100), 100), (ssize_t)(sizeof plain - 1 - rest.n));
	ck_assert_mem_eq(rest.s, plain, sizeof plain - 1);
	client_close(&c);
}
END_TEST

/* One that ends its stream in no way that can be seen is not waited for without end. */
START_TEST(a_stream_without_an_end_is_given_up)
{
	_cleanup_(buf_release) struct buf rest = { 0 };
	char *zeros = must_alloc(1 << 18);
	struct client c;

	client_open(&c);
	conn_deflate(&c.conn);
	c.conn.literal_ms = 10;
	conn_rest(&c.conn, &rest);
	ck_assert_uint_eq(rest.n, 0);
	memset(zeros, 0, 1 << 18);
	say(&c, zeros, 1 << 18);
	conn_rest(&c.conn, &rest);
	ck_assert_uint_lt(rest.n, 20000);
	free(zeros);
	client_close(&c);
}
END_TEST

T_SUITE("deflate", T_TEST(what_was_read_ahead_belongs_to_the_stream), T_TEST(the_last_plain_octets_go_before_it),
	T_TEST(a_flush_sends_all_that_was_written), T_TEST(large_answers_are_whole),
	T_LOOP(a_stream_that_is_over_is_the_end_of_the_input, rows), T_TEST(a_bomb_is_read_in_pieces),
	T_LOOP(what_follows_the_stream_is_found, endings), T_TEST(a_stream_without_an_end_is_given_up),
	T_TEST(lines_cost_what_the_client_pays), T_TEST(empty_blocks_are_not_an_octet))
