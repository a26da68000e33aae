/* t/t_words.c: encoded words in header fields */
#include "base/utf8.h"
#include "mail/words.h"
#include "t/t.h"

static const struct {
	const char *in, *out;
} values[] = {
	{ "plain", "plain" },
	{ " a\r\n b ", "a b" },
	{ "=?utf-8?Q?a=C3=A4?=", "a\xc3\xa4" },
	{ "=?UTF-8?q?a_b=5F?=", "a b_" },
	{ "=?utf-8?B?w6Q=?=", "\xc3\xa4" },
	{ "=?utf-8?b?w6Q?=", "\xc3\xa4" },
	{ "=?iso-8859-1?q?=E4?= x =?koi8-r?q?=F0?=", "\xc3\xa4 x \xd0\x9f" },
	{ "=?iso-8859-1*de?Q?=E4?=", "\xc3\xa4" },	/* RFC 2231 5 */

	/* RFC 2047 8 */
	{ "(=?ISO-8859-1?Q?a?=)", "(a)" },
	{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=\r\n     =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },

	/* a character cut in two */
	{ "=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "\xc3\xa4" },
	{ "=?utf-8?Q?=C3?= =?UTF-8?B?pA==?=", "\xc3\xa4" },
	{ "=?utf-8?Q?=C3?= =?utf-7?Q?x?=", "\xef\xbf\xbdx" },

	/* not quite */
	{ "=?utf-8?Q?a", "=?utf-8?Q?a" },
	{ "=?utf-8?X?a?=", "=?utf-8?X?a?=" },
	{ "=??Q?a?=", "=??Q?a?=" },
	{ "=?=?utf-8?Q?a?=", "=?a" },
	{ "=?", "=?" },
	{ "=?utf-8?Q?" "?=x", "x" },
	{ "a=?utf-8?Q?b?=c", "abc" },
	{ "\"=?utf-8?Q?b?=\" <x>", "\"b\" <x>" },
	{ "=?utf-8?Q?a b?=", "a b" },
	{ "=?no-such?Q?=E4?=", "\xc3\xa4" },

	/* 8 bit */
	{ "\xc3\xa4", "\xc3\xa4" },
	{ "\xe4 =?utf-8?Q?b?=", "\xc3\xa4 b" },
	{ "", "" },
};

START_TEST(values_are_decoded)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	words_decode(&b, str_z(values[_i].in));
	t_str_eq(buf_view(&b), str_z(values[_i].out));
	ck_assert(utf8_valid(buf_view(&b)));
}
END_TEST

static const char *const floods[] = { "=?", "=?a?q?", "=?utf-8?q?x?=", "=?utf-8?q?x?= ", "=?a?q?x?= =?b?q?x?= ", "?=" };

/* Linear: a quadratic one would not end here in the time that check gives it. */
START_TEST(a_megabyte_of_anything_ends)
{
	_cleanup_(buf_release) struct buf in = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };

	while (in.n < 1 << 20)
		buf_z(&in, floods[_i]);
	words_decode(&out, buf_view(&in));
	ck_assert_uint_gt(out.n, 0);
}
END_TEST

T_SUITE("words", T_LOOP(values_are_decoded, values), T_LOOP(a_megabyte_of_anything_ends, floods))
