/* t/t_decode.c: a part's body without its transfer encoding */
#define _GNU_SOURCE
#include "base/base64.h"
#include "base/fd.h"
#include "mail/decode.h"
#include "t/mail.h"

static struct decoder decoder;

static void decode(struct str stored, enum encoding encoding, size_t step, struct buf *ret)
{
	_cleanup_(fd_closep) int fd = t_file(stored);
	char some[4096];
	ssize_t r;

	decode_open(&decoder, fd, 0, (off_t)stored.n, encoding);
	while ((r = decode_read(&decoder, some, MIN(step, sizeof some))) > 0)
		buf_add(ret, some, (size_t)r);
	ck_assert_int_eq((int)r, 0);
}

static const struct {
	enum encoding encoding;
	struct str in, out;
} bodies[] = {
	{ ENCODING_NONE,    { "a\nb\0c\r\n", 7 },         { "a\r\nb\0c\r\n", 8 } },
	{ ENCODING_UNKNOWN, { "a\n", 2 },                 { "a\r\n", 3 } },
	{ ENCODING_BASE64,  { "aGVsbG8=\n", 9 },          { "hello", 5 } },
	{ ENCODING_BASE64,  { "aGVs\r\nbG8", 9 },         { "hello", 5 } },	/* no padding */
	{ ENCODING_BASE64,  { "a G-V*s b\tG 8 = =", 17 }, { "hello", 5 } },	/* what is no digit */
	{ ENCODING_BASE64,  { "aGVs bG8=aGk=", 13 },      { "hellohi", 7 } },	/* padding in the middle */
	{ ENCODING_BASE64,  { "AAEC/w==", 8 },            { "\0\1\2\xff", 4 } },
	{ ENCODING_BASE64,  { "", 0 },                    { "", 0 } },
	{ ENCODING_BASE64,  { "=", 1 },                   { "", 0 } },
	{ ENCODING_BASE64,  { "a", 1 },                   { "", 0 } },
	{ ENCODING_QP,      { "a=3Db=20\nc", 10 },        { "a=b \r\nc", 7 } },
	{ ENCODING_QP,      { "so=\r\nft=  \nline", 15 }, { "softline", 8 } },
	{ ENCODING_QP,      { "blanks  \t\r\nx \n", 14 }, { "blanks\r\nx\r\n", 11 } },
	{ ENCODING_QP,      { "=e4=E4=eG=4", 11 },        { "\xe4\xe4=eG=4", 7 } },
	{ ENCODING_QP,      { "end=", 4 },                { "end", 3 } },
	{ ENCODING_QP,      { "end ", 4 },                { "end", 3 } },
	{ ENCODING_QP,      { "==3D=", 5 },               { "==", 2 } },
	{ ENCODING_QP,      { "\n\n", 2 },                { "\r\n\r\n", 4 } },
	{ ENCODING_QP,      { "=00\xe4", 4 },             { "\0\xe4", 2 } },
	{ ENCODING_UUENCODE, { "text\nbegin 644 f\n#86%T\n`\nend\nmore\n", 35 }, { "aat", 3 } },
	{ ENCODING_UUENCODE, { "begin 644 f\nM", 13 },    { "", 0 } },
	{ ENCODING_UUENCODE, { "no begin\n#86%T\n", 15 }, { "", 0 } },
};

START_TEST(encodings_are_undone)
{
	for (size_t step = 1; step < 12; step += 5) {
		_cleanup_(buf_release) struct buf got = { 0 };

		decode(bodies[_i].in, bodies[_i].encoding, step, &got);
		t_str_eq(buf_view(&got), bodies[_i].out);
	}
}
END_TEST

static const struct {
	const char *name;
	enum encoding encoding;
} names[] = {
	{ "7bit", ENCODING_NONE },	 { "8BIT", ENCODING_NONE },	 { "binary", ENCODING_NONE },
	{ "", ENCODING_NONE },		 { "BASE64", ENCODING_BASE64 },	 { "Quoted-Printable", ENCODING_QP },
	{ "x-uuencode", ENCODING_UUENCODE }, { "gzip", ENCODING_UNKNOWN }, { "base64x", ENCODING_UNKNOWN },
};

START_TEST(encodings_have_names)
{
	ck_assert_int_eq(encoding_of(str_z(names[_i].name)), names[_i].encoding);
}
END_TEST

/* Quoted-printable as RFC 2045 6.7 has it, of octets that are no line ends. */
static void encode_qp(struct str s, struct buf *ret)
{
	size_t column = 0;

	for (size_t i = 0; i < s.n; i++, column += 3) {
		if (column > 70) {
			buf_z(ret, "=\n");
			column = 0;
		}
		if (s.s[i] > ' ' && s.s[i] < 127 && s.s[i] != '=')
			buf_c(ret, s.s[i]);
		else
			buf_printf(ret, "=%02X", (unsigned char)s.s[i]);
	}
}

START_TEST(what_was_encoded_is_decoded)
{
	uint64_t seed = 3;

	for (unsigned round = 0; round < 60; round++) {
		_cleanup_(buf_release) struct buf want = { 0 };
		_cleanup_(buf_release) struct buf whole = { 0 };
		_cleanup_(buf_release) struct buf in = { 0 };
		_cleanup_(buf_release) struct buf got = { 0 };
		const size_t n = t_random(&seed) % (round % 4 ? 300 : 40000);

		for (size_t i = 0; i < n; i++)
			buf_c(&want, (char)t_random(&seed));
		if (round % 2) {
			encode_qp(buf_view(&want), &in);
			decode(buf_view(&in), ENCODING_QP, 1 + t_random(&seed) % 4096, &got);
		} else {
			base64_encode(&whole, buf_view(&want));
			for (size_t i = 0; i < whole.n; i += 76) {
				buf_str(&in, str_head(str_from(buf_view(&whole), i), 76));
				buf_z(&in, round % 3 ? "\n" : "\r\n");
			}
			decode(buf_view(&in), ENCODING_BASE64, 1 + t_random(&seed) % 4096, &got);
		}
		t_str_eq(buf_view(&got), buf_view(&want));
	}
}
END_TEST

static const struct {
	const char *piece;
	size_t times, octets;	/* what comes out */
} lines[] = {
	{ "a",     100000, 100000 },
	{ "=41",   100000, 100000 },
	{ " ",     100000, 98304  },	/* blanks that fill the buffer are kept, those at the very end go */
	{ "x   ",  50000,  199997 },
	{ "=",     100000, 99999  },
	{ "=4",    100000, 200000 },
};

START_TEST(a_line_longer_than_any_buffer_is_decoded)
{
	_cleanup_(buf_release) struct buf in = { 0 };
	_cleanup_(buf_release) struct buf got = { 0 };

	for (size_t i = 0; i < lines[_i].times; i++)
		buf_z(&in, lines[_i].piece);
	decode(buf_view(&in), ENCODING_QP, 4096, &got);
	ck_assert_uint_eq(got.n, lines[_i].octets);
}
END_TEST

START_TEST(uuencoded_lines_do_not_claim_more_than_they_have)
{
	_cleanup_(buf_release) struct buf in = { 0 };
	_cleanup_(buf_release) struct buf got = { 0 };

	buf_z(&in, "begin 644 f\n");
	for (size_t i = 0; i < 20000; i++)
		buf_z(&in, "_\n");
	decode(buf_view(&in), ENCODING_UUENCODE, 4096, &got);
	ck_assert_uint_le(got.n, in.n);
}
END_TEST

static const struct {
	const char *in, *q, *b;	/* decoded in both ways */
} words[] = {
	{ "a_b=5F=20", "a b_ ", NULL },
	{ "_",	       " ",	NULL },
	{ "=",	       "=",	""   },
	{ "",	       "",	""   },
	{ "aGk",       "aGk",	"hi" },
	{ "aGk=aGk=",  "aGk=aGk=", "hihi" },
};

START_TEST(words_are_decoded_in_memory)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	decode_q(&b, str_z(words[_i].in));
	t_str_eq(buf_view(&b), str_z(words[_i].q));
	buf_clear(&b);
	decode_b(&b, str_z(words[_i].in));
	if (words[_i].b)
		t_str_eq(buf_view(&b), str_z(words[_i].b));
}
END_TEST

T_SUITE("decode", T_LOOP(encodings_are_undone, bodies), T_LOOP(encodings_have_names, names),
	T_TEST(what_was_encoded_is_decoded), T_LOOP(a_line_longer_than_any_buffer_is_decoded, lines),
	T_TEST(uuencoded_lines_do_not_claim_more_than_they_have), T_LOOP(words_are_decoded_in_memory, words))
