/* t/t_header.c: a header section and its fields */
#define _GNU_SOURCE
#include "base/fd.h"
#include "mail/header.h"
#include "t/mail.h"

static const struct {
	const char *in;
	size_t body;	/* where it begins */
} ends[] = {
	{ "",                         0  },
	{ "\n",                       1  },
	{ "\r\n",                     2  },
	{ "\r\nbody",                 2  },
	{ "A: b\r\n\r\nbody",         8  },
	{ "A: b\n\nbody",             6  },
	{ "A: b\r\n\nbody",           7  },
	{ "A: b\n",                   5  },	/* headers only, without a blank line */
	{ "A: b",                     4  },
	{ "just text\nno fields\n",   20 },	/* a body only */
	{ "A: b\n \nC: d\n\nx",       13 },	/* a line of blanks is no empty line */
	{ "A: b\r\r\nC: d\r\n\r\nx",  15 },	/* nor is one with two CR */
	{ "\rA: b\n\nx",              7  },
	{ "\r",                       1  },
};

START_TEST(a_header_ends_at_its_first_empty_line)
{
	const struct str in = str_z(ends[_i].in);
	_cleanup_(fd_closep) int fd = t_file(in);
	_cleanup_(buf_release) struct buf got = { 0 };
	off_t body = -1;

	ck_assert_int_eq(header_end(fd, 0, -1, &body), 0);
	ck_assert_int_eq((int)body, (int)ends[_i].body);
	ck_assert_int_eq(header_read(fd, 0, -1, HEADER_MAX, &got), 0);
	t_str_eq(buf_view(&got), str_head(in, ends[_i].body));
	for (size_t n = 0; n <= in.n; n++) {
		const size_t length = header_length(str_head(in, n));

		ck_assert_uint_eq(length, n < ends[_i].body || length == 0 ? 0 : ends[_i].body);
		ck_assert(length || n < ends[_i].body || ends[_i].body == in.n);
	}
}
END_TEST

START_TEST(a_header_may_end_anywhere_in_a_block)
{
	for (size_t pad = 8150; pad < 8230; pad++) {
		_cleanup_(buf_release) struct buf b = { 0 };
		_cleanup_(buf_release) struct buf got = { 0 };
		off_t body;
		size_t want;

		buf_z(&b, "A: ");
		memset(buf_reserve(&b, pad), 'x', pad);
		b.n += pad;
		buf_z(&b, "\r\n\r\n");
		want = b.n;
		buf_z(&b, "body\n\n");
		_cleanup_(fd_closep) int fd = t_file(buf_view(&b));
		ck_assert_int_eq(header_read(fd, 0, -1, HEADER_MAX, &got), 0);
		ck_assert_uint_eq(got.n, want);
		ck_assert_int_eq(header_end(fd, 0, -1, &body), 0);
		ck_assert_uint_eq((size_t)body, want);
	}
}
END_TEST

START_TEST(of_a_header_over_the_limit_the_lines_that_fit_are_read)
{
	static const char in[] = "A: 1\nB: 2\nC: 3\n\n";
	_cleanup_(fd_closep) int fd = t_file(str_z(in));

	for (size_t max = 0; max < sizeof in; max++) {
		_cleanup_(buf_release) struct buf got = { 0 };

		buf_z(&got, "kept");
		ck_assert_int_eq(header_read(fd, 0, -1, max, &got), 0);
		ck_assert_uint_eq(got.n, 4 + (max >= 16 ? 16 : max / 5 * 5));
		t_str_eq(str_from(buf_view(&got), 4), str_head(str_z(in), got.n - 4));
	}
}
END_TEST

START_TEST(a_header_is_read_no_further_than_it_is_told)
{
	_cleanup_(fd_closep) int fd = t_file(STR("xxA: 1\nB: 2\n\n"));
	_cleanup_(buf_release) struct buf got = { 0 };
	off_t body;

	ck_assert_int_eq(header_read(fd, 2, 7, HEADER_MAX, &got), 0);
	t_str_eq(buf_view(&got), STR("A: 1\n"));
	ck_assert_int_eq(header_end(fd, 2, 7, &body), 0);
	ck_assert_int_eq((int)body, 7);
	ck_assert_int_eq(header_read(-1, 0, -1, HEADER_MAX, &got), -EBADF);
	t_str_eq(buf_view(&got), STR("A: 1\n"));
}
END_TEST

START_TEST(nul_is_read_as_it_is_sent)
{
	_cleanup_(fd_closep) int fd = t_file((struct str){ "A: a\0b\n\n", 8 });
	_cleanup_(buf_release) struct buf got = { 0 };

	ck_assert_int_eq(header_read(fd, 0, -1, HEADER_MAX, &got), 0);
	t_str_eq(buf_view(&got), STR("A: a\200b\n\n"));
}
END_TEST

static const struct {
	const char *in, *names, *values;	/* of all fields, each ended by a "|" */
} headers[] = {
	{ "Subject: hello\r\nTo: joe\r\n\r\nx",	 "Subject|To|",	 " hello| joe|"		},
	{ "A: one\n two\n\tthree\nB:\n",	 "A|B|",	 " one\n two\n\tthree||" },
	{ "A : b\nC\t: d\n",			 "A|C|",	 " b| d|"		},	/* RFC 5322 4.5 */
	{ "From joe Mon Jan  1\nA: b\n",	 "|A|",		 "| b|"			},	/* mbox */
	{ " lead: in\nA: b\n",			 "|A|",		 "| b|"			},
	{ "junk\nmore junk\nA:b\n",		 "||A|",	 "||b|"			},
	{ ": none\nA: b",			 "|A|",		 "| b|"			},
	{ "a b: c\n\xe4: d\nA: b\n",		 "||A|",	 "|| b|"		},
	{ "X:a:b\nX:\n",			 "X|X|",	 "a:b||"		},
	{ "A: b\r\n\r\nC: d\r\n",		 "A|",		 " b|"			},
	{ "",					 "",		 ""			},
	{ "\n",					 "",		 ""			},
};

START_TEST(fields_come_in_order_and_junk_has_no_name)
{
	_cleanup_(buf_release) struct buf names = { 0 };
	_cleanup_(buf_release) struct buf values = { 0 };
	_cleanup_(buf_release) struct buf lines = { 0 };
	struct str rest = str_z(headers[_i].in);
	struct field f;

	while (header_next(&rest, &f)) {
		buf_str(&names, f.name);
		buf_c(&names, '|');
		buf_str(&values, f.value);
		buf_c(&values, '|');
		buf_str(&lines, f.line);
	}
	t_str_eq(buf_view(&names), str_z(headers[_i].names));
	t_str_eq(buf_view(&values), str_z(headers[_i].values));
	buf_str(&lines, rest); /* nothing gets lost */
	t_str_eq(buf_view(&lines), str_z(headers[_i].in));
}
END_TEST

START_TEST(a_field_is_found_in_any_case_and_the_first_of_them)
{
	const struct str header = STR("To: a\nSUBJECT: one\nSubject: two\n\nCc: b\n");
	struct field f;

	ck_assert(header_find(header, STR("subject"), &f));
	t_str_eq(f.value, STR(" one"));
	ck_assert(!header_find(header, STR("Cc"), &f));
	t_str_eq(f.value, STR(" one"));
}
END_TEST

static const struct {
	struct str in, out;
} folded[] = {
	{ { " plain ", 7 },           { "plain", 5 }       },
	{ { " a\r\n b", 6 },          { "a b", 3 }         },
	{ { "a\n\t b\n c", 8 },       { "a\t b c", 6 }     },
	{ { "a\rb", 3 },              { "a b", 3 }         },
	{ { "a\0b", 3 },              { "a\200b", 3 }      },
	{ { "\r\n \r\n", 5 },         { "", 0 }            },
	{ { "", 0 },                  { "", 0 }            },
	{ { "a\r\r\n b", 6 },         { "a  b", 4 }        },
};

START_TEST(unfolding_leaves_one_line)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct str got = header_unfold(&a, folded[_i].in);

	t_str_eq(got, folded[_i].out);
	ck_assert_ptr_nonnull(got.s);
}
END_TEST

T_SUITE("header", T_LOOP(a_header_ends_at_its_first_empty_line, ends), T_TEST(a_header_may_end_anywhere_in_a_block),
	T_TEST(of_a_header_over_the_limit_the_lines_that_fit_are_read),
	T_TEST(a_header_is_read_no_further_than_it_is_told), T_TEST(nul_is_read_as_it_is_sent),
	T_LOOP(fields_come_in_order_and_junk_has_no_name, headers),
	T_TEST(a_field_is_found_in_any_case_and_the_first_of_them), T_LOOP(unfolding_leaves_one_line, folded))
