/* t/t_text.c: looking for text in messages, as their readers see it */
#define _GNU_SOURCE
#include "base/fd.h"
#include "mail/text.h"
#include "mail/words.h"
#include "t/mail.h"

static const char message[] =
	"From: =?iso-8859-1?q?J=F6rg?= <joerg@example.org>\n"
	"Subject: =?utf-8?B?R3LDvMOfZQ==?=\n from =?utf-8?q?K=C3=B6?= =?utf-8?q?ln?=\n"
	"X-Empty:\n"
	"Content-Type: multipart/mixed; boundary=b\n"
	"\n"
	"preamble\n"
	"--b\n"
	"Content-Type: text/plain; charset=iso-8859-1\n"
	"Content-Transfer-Encoding: quoted-printable\n"
	"\n"
	"Stra=DFe nach M=FCn=\n"
	"chen\n"
	"--b\n"
	"Content-Type: text/html; charset=utf-8\n"
	"Content-Transfer-Encoding: base64\n"
	"\n"
	"PGI+VMO8cjwv\nYj4=\n"		/* <b>T(u umlaut)r</b> */
	"--b\n"
	"Content-Type: application/octet-stream; name=\"=?utf-8?q?f=C3=BCnf?=.bin\"\n"
	"\n"
	"attached octets\n"
	"--b\n"
	"Content-Type: message/rfc822\n"
	"Content-Description: wrapper\n"
	"\n"
	"Subject: =?utf-8?q?in_the_l=C3=BCft?=\n"
	"\n"
	"inner body\n"
	"--b\n"
	"Content-Type: message/rfc822\n"
	"Content-Transfer-Encoding: base64\n"
	"\n"
	"U3ViamVjdDogaGlkZGVu\n"		/* Subject: hidden */
	"--b--\n"
	"epilogue\n";

static void needle_init(struct text_search *s, const char *needle, unsigned where, struct buf *folded)
{
	fold_utf8(folded, str_z(needle));
	s->where = where;
	matcher_init(&s->matcher, buf_view(folded));
}

static bool found(struct str in, const char *needle, unsigned where)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf folded = { 0 };
	_cleanup_(fd_closep) int fd = t_file(in);
	struct text_search s;
	struct part *root;
	bool ret;

	ck_assert_int_eq(mime_parse(fd, &a, &mime_limits, &root), 0);
	needle_init(&s, needle, where, &folded);
	ck_assert_int_eq(text_search(fd, root, I_UNICODE_CASEMAP, &s, 1), 0);
	ret = s.matcher.found;
	matcher_release(&s.matcher);
	return ret;
}

static const struct {
	const char *needle;
	bool body, text;
} needles[] = {
	{ "",                      true,  true  },
	{ "subject: gr\xc3\xbc\xc3\x9f" "e from k\xc3\xb6ln", false, true },
	{ "J\xc3\x96RG <joerg@",   false, true  },
	{ "=?utf-8",               false, false },
	{ "STRA\xc3\x9f" "E NACH M\xc3\x9cNCHEN", true, true },
	{ "m\xc3\xbcn=",           false, false },
	{ "<b>t\xc3\xbcr</b>",     true,  true  },
	{ "VMO8cjwv",              false, false },
	{ "attached octets",       false, false },
	{ "f\xc3\xbcnf.bin",       false, true  },	/* in a MIME header */
	{ "wrapper",               false, true  },
	{ "in the l\xc3\xbc" "ft", true,  true  },	/* the header of a message within is in the body */
	{ "inner body",            true,  true  },
	{ "subject: hidden",       true,  true  },
	{ "preamble",              false, false },
	{ "no such text",          false, false },
	{ "inner bodysubject",     false, false },
};

START_TEST(text_is_found_as_it_is_read)
{
	ck_assert_int_eq(found(str_z(message), needles[_i].needle, TEXT_BODY), needles[_i].body);
	ck_assert_int_eq(found(str_z(message), needles[_i].needle, TEXT_HEADER | TEXT_BODY), needles[_i].text);
}
END_TEST

START_TEST(many_needles_are_found_in_one_reading)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(fd_closep) int fd = t_file(str_z(message));
	struct text_search s[2 * COUNT(needles)];
	struct buf folded[COUNT(s)] = { 0 };
	struct part *root;

	ck_assert_int_eq(mime_parse(fd, &a, &mime_limits, &root), 0);
	for (size_t i = 0; i < COUNT(s); i++)
		needle_init(&s[i], needles[i / 2].needle, i % 2 ? TEXT_HEADER | TEXT_BODY : TEXT_BODY, &folded[i]);
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(text_search(fd, root, I_UNICODE_CASEMAP, s, COUNT(s)), 0);
		for (size_t i = 0; i < COUNT(s); i++)
			ck_assert_int_eq(s[i].matcher.found, i % 2 ? needles[i / 2].text : needles[i / 2].body);
	}
	for (size_t i = 0; i < COUNT(s); i++) {
		matcher_release(&s[i].matcher);
		buf_release(&folded[i]);
	}
}
END_TEST

/* Wherever the blocks that are read end, and whatever octets a character has there. */
START_TEST(text_is_found_across_blocks)
{
	for (size_t pad = 32768 - 40; pad < 32768 + 4; pad++) {
		_cleanup_(buf_release) struct buf b = { 0 };

		buf_z(&b, "Content-Type: text/plain; charset=utf-8\n\n");
		for (size_t i = 0; i < pad; i++)
			buf_c(&b, i % 70 ? 'x' : '\n');
		buf_z(&b, "\xc3\xa4needle\xe2\x82\xac" "end");
		ck_assert(found(buf_view(&b), "\xc3\x84NEEDLE\xe2\x82\xac" "E", TEXT_BODY));
		ck_assert(!found(buf_view(&b), "needles", TEXT_BODY));
	}
}
END_TEST

static const struct {
	const char *name, *needle;
	bool found;
} fields[] = {
	{ "subject", "gr\xc3\x9c\xc3\x9f" "e", true  },
	{ "Subject", "e from k",              true  },
	{ "Subject", "joerg",                 false },
	{ "From",    "j\xc3\xb6rg",           true  },
	{ "From",    "",                      true  },
	{ "X-Empty", "",                      true  },
	{ "X-Empty", "x",                     false },
	{ "To",      "",                      false },
};

START_TEST(a_field_holds_what_it_shows)
{
	_cleanup_(buf_release) struct buf folded = { 0 };
	struct matcher m;

	fold_utf8(&folded, str_z(fields[_i].needle));
	matcher_init(&m, buf_view(&folded));
	ck_assert_int_eq(text_field(str_z(message), str_z(fields[_i].name), I_UNICODE_CASEMAP, &m), fields[_i].found);
	matcher_release(&m);
}
END_TEST

/* A value that is searched as it is gives what the same gives that goes through decoding and folding. */
START_TEST(a_value_holds_what_is_in_it_once_it_was_decoded_and_folded)
{
	static const char *const pieces[] = { "a", "B", "b ", " ", "=", "?", "=?", "=?utf-8?q?b?=", "=?utf-8?b?QWI=?=", "\r\n ", "\t",
					      "\xc3\xa4", "\xe4", "aBaBaBaB", "\x7f", "\r" };
	uint64_t seed = 5;

	for (unsigned round = 0; round < 30000; round++) {
		const enum collation collation = (enum collation)(round % 3);
		_cleanup_(buf_release) struct buf value = { 0 }, needle = { 0 }, utf8 = { 0 }, folded = { 0 }, sought = { 0 };
		struct matcher m;
		bool found;

		for (unsigned n = t_random(&seed) % 8; n--;)
			buf_z(&value, pieces[t_random(&seed) % (round % 2 ? 6 : COUNT(pieces))]);
		t_random_octets(&seed, STR("aB =?"), 1 + t_random(&seed) % 3, &needle);
		words_decode(&utf8, buf_view(&value));
		fold(&folded, collation, buf_view(&utf8));
		fold(&sought, collation, buf_view(&needle));
		matcher_init(&m, buf_view(&sought));
		found = text_value(buf_view(&value), collation, &m);
		ck_assert_int_eq(found, str_search(buf_view(&folded), buf_view(&sought)) < folded.n);
		ck_assert_int_eq(m.found, found);
		matcher_release(&m);
	}
}
END_TEST

START_TEST(a_failure_to_read_is_told)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(fd_closep) int fd = t_file(str_z(message));
	_cleanup_(buf_release) struct buf folded = { 0 };
	struct text_search s;
	struct part *root;

	ck_assert_int_eq(mime_parse(fd, &a, &mime_limits, &root), 0);
	needle_init(&s, "x", TEXT_BODY, &folded);
	ck_assert_int_eq(text_search(-1, root, I_UNICODE_CASEMAP, &s, 1), -EBADF);
	matcher_release(&s.matcher);
}
END_TEST

T_SUITE("text", T_LOOP(text_is_found_as_it_is_read, needles), T_TEST(many_needles_are_found_in_one_reading),
	T_TEST(text_is_found_across_blocks), T_LOOP(a_field_holds_what_it_shows, fields),
	T_TEST(a_value_holds_what_is_in_it_once_it_was_decoded_and_folded),
	T_TEST(a_failure_to_read_is_told))
