/* t/t_sent.c: a range of a message's file as it is sent */
#define _GNU_SOURCE
#include "base/fd.h"
#include "mail/sent.h"
#include "t/mail.h"

static struct sent sent;

/* The rule once more, an octet at a time. */
static void rule(struct str s, struct buf *ret)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == '\n' && (i == 0 || s.s[i - 1] != '\r'))
			buf_c(ret, '\r');
		buf_c(ret, s.s[i] ? s.s[i] : (char)0x80);
	}
}

static void read_all(size_t step, struct buf *ret)
{
	char some[4096];
	ssize_t r;

	while ((r = sent_read(&sent, some, MIN(step, sizeof some))) > 0)
		buf_add(ret, some, (size_t)r);
	ck_assert_int_eq((int)r, 0);
}

static const struct {
	struct str stored, sent;
	uint64_t lines;
} texts[] = {
	{ { "", 0 },                { "", 0 },                  0 },
	{ { "a\n", 2 },             { "a\r\n", 3 },             1 },
	{ { "a\r\n", 3 },           { "a\r\n", 3 },             1 },
	{ { "a\r\nb\nc\r\n", 8 },   { "a\r\nb\r\nc\r\n", 9 },   3 },
	{ { "no line end", 11 },    { "no line end", 11 },      0 },
	{ { "\n\n", 2 },            { "\r\n\r\n", 4 },          2 },
	{ { "\n\r\n", 3 },          { "\r\n\r\n", 4 },          2 },
	{ { "a\rb\r", 4 },          { "a\rb\r", 4 },            0 },
	{ { "a\r\r\nb", 5 },        { "a\r\r\nb", 5 },          1 },
	{ { "a\0b\n\0", 5 },        { "a\200b\r\n\200", 6 },    1 },
	{ { "\xe4\xff\n", 3 },      { "\xe4\xff\r\n", 4 },      1 },
};

START_TEST(lines_end_in_crlf_and_nul_is_0x80)
{
	_cleanup_(fd_closep) int fd = t_file(texts[_i].stored);
	_cleanup_(buf_release) struct buf got = { 0 };
	_cleanup_(buf_release) struct buf in_memory = { 0 };
	const off_t n = (off_t)texts[_i].stored.n;
	uint64_t octets, lines;

	sent_open(&sent, fd, 0, n);
	read_all(4096, &got);
	t_str_eq(buf_view(&got), texts[_i].sent);
	ck_assert_int_eq(sent_size(fd, 0, n, &octets, &lines), 0);
	ck_assert_uint_eq(octets, texts[_i].sent.n);
	ck_assert_uint_eq(lines, texts[_i].lines);
	sent_str(&in_memory, texts[_i].stored);
	t_str_eq(buf_view(&in_memory), texts[_i].sent);
	ck_assert_uint_eq(sent_str_size(texts[_i].stored), texts[_i].sent.n);
}
END_TEST

static const struct {
	struct str alphabet;
	size_t n;
} files[] = {
	{ { "\r\n", 2 },                40    },
	{ { "ab\r\n", 4 },              3000  },
	{ { "\0\r\nab", 5 },            3000  },
	{ { "\n", 1 },                  140000 },
	{ { "\r", 1 },                  140000 },
	{ { "abcdefghijklmnop\n", 17 }, 140000 },
	{ { "abcdefghijklmno\r\n", 17 }, 140000 },
};

/* From any octet on, in steps of any size, and resumed at a mark: always the same octets. */
START_TEST(every_way_to_read_gives_the_same)
{
	uint64_t seed = (uint64_t)_i + 1;

	for (int round = 0; round < 20; round++) {
		_cleanup_(buf_release) struct buf stored = { 0 };
		_cleanup_(buf_release) struct buf want = { 0 };
		_cleanup_(buf_release) struct buf got = { 0 };
		char some[997];
		struct sent_mark mark;
		uint64_t size, skip;
		ssize_t r;

		t_random_octets(&seed, files[_i].alphabet, files[_i].n, &stored);
		rule(buf_view(&stored), &want);
		_cleanup_(fd_closep) int fd = t_file(buf_view(&stored));
		ck_assert_int_eq(sent_size(fd, 0, (off_t)stored.n, &size, NULL), 0);
		ck_assert_uint_eq(size, want.n);

		skip = t_random(&seed) % (size + 1);
		ck_assert_int_eq(sent_open_skip(&sent, fd, 0, (off_t)stored.n, size, skip), 0);
		r = sent_read(&sent, some, t_random(&seed) % sizeof some);
		ck_assert_int_ge((int)r, 0);
		buf_add(&got, some, (size_t)r);
		mark = sent_tell(&sent);
		ck_assert_uint_eq(mark.octets, skip + (uint64_t)r);
		sent_open_at(&sent, fd, mark, (off_t)stored.n);
		read_all(1 + t_random(&seed) % 4096, &got);
		t_str_eq(buf_view(&got), str_from(buf_view(&want), skip));
		ck_assert_uint_eq(sent_tell(&sent).octets, size);
	}
}
END_TEST

START_TEST(a_range_of_crlf_lines_is_skipped_at_once_without_making_up_a_cr)
{
	_cleanup_(fd_closep) int fd = t_file(STR("ab\r\ncd\r\n"));
	_cleanup_(buf_release) struct buf got = { 0 };

	ck_assert_int_eq(sent_open_skip(&sent, fd, 0, 8, 8, 3), 0);
	ck_assert_int_eq((int)sent.at, 3); /* nothing was read to get there */
	read_all(100, &got);
	t_str_eq(buf_view(&got), STR("\ncd\r\n"));
}
END_TEST

START_TEST(a_file_that_has_shrunk_ends_where_it_ends)
{
	_cleanup_(fd_closep) int fd = t_file(STR("ab\n"));
	_cleanup_(buf_release) struct buf got = { 0 };
	uint64_t octets;

	sent_open(&sent, fd, 0, 1000);
	read_all(100, &got);
	t_str_eq(buf_view(&got), STR("ab\r\n"));
	ck_assert_int_eq(sent_size(fd, 0, 1000, &octets, NULL), 0);
	ck_assert_uint_eq(octets, 4);
	ck_assert_int_eq(sent_skip(&sent, 10), 0);
}
END_TEST

START_TEST(a_failure_to_read_is_told)
{
	uint64_t octets;
	char c;

	sent_open(&sent, -1, 0, 10);
	ck_assert_int_eq((int)sent_read(&sent, &c, 1), -EBADF);
	ck_assert_int_eq(sent_size(-1, 0, 10, &octets, NULL), -EBADF);
}
END_TEST

T_SUITE("sent", T_LOOP(lines_end_in_crlf_and_nul_is_0x80, texts),
	T_LOOP(every_way_to_read_gives_the_same, files),
	T_TEST(a_range_of_crlf_lines_is_skipped_at_once_without_making_up_a_cr),
	T_TEST(a_file_that_has_shrunk_ends_where_it_ends), T_TEST(a_failure_to_read_is_told))
