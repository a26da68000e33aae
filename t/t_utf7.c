/* t/t_utf7.c: modified UTF-7 */
#include "base/utf7.h"
#include "base/utf8.h"
#include "t/t.h"

static const struct {
	const char *utf7, *utf8;
} same[] = {
	{"",				 ""					   },
	{ "INBOX",			   "INBOX"				      },
	{ "a~b/c d-e+f,g",		   "a~b/c d-e+f,g"				   },
	{ "&-",			      "&"					  },
	{ "&-&-",			    "&&"					 },
	{ "&Jjo-",			   "\u263a"				     },
	{ "&Jjo-&-",			 "\u263a&"				    },
	{ "R&AOk-sum&AOk-",		    "R\u00e9sum\u00e9"			       },
	{ "&2D3cmA-",			"\U0001f498"				   },
	{ "&2AHcNw-",			"\U00010437"				   },
	{ "&AP8BAA-",			"\u00ff\u0100"				     },
	{ "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e"},
	{ "a&AAk-b",			 "a\tb"				       },
	{ "&AH8-",			   "\x7f"				       },
};

START_TEST(both_ways)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 }, utf7 = { 0 };

	ck_assert(utf7_decode(&utf8, str_z(same[_i].utf7)));
	t_str_eq(buf_view(&utf8), str_z(same[_i].utf8));
	ck_assert(utf7_encode(&utf7, str_z(same[_i].utf8)));
	t_str_eq(buf_view(&utf7), str_z(same[_i].utf7));
}
END_TEST

static const char *const wrong[] = {
	"&",
	"a&",
	"&Jjo",
	"&AGE-",
	"&Jjo-&Jjo-",
	"&Jj-",
	"&J-",
	"&2AE-",
	"&3Dc-",
	"&3DfYAQ-",
	"&Jjo=-",
	"&Jj/-",
	"&U/BTFw-",
	"R\u00e9sum\u00e9",
	"\xff",
	"a\tb",
	"a\x7f"
	"b",
	"&ACY-",
	"&Jjp-",
	"&JjoAYQ-",
	"& -",
	"&\xff-",
	"&Jjoa-",
	"&JjoAAAAAAA-x&",
	"&AGEA6Q-",
};

START_TEST(what_the_encoder_would_not_write_is_refused)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 };

	buf_z(&utf8, "before");
	ck_assert_msg(!utf7_decode(&utf8, str_z(wrong[_i])), "%s", wrong[_i]);
	t_str_eq(buf_view(&utf8), STR("before"));
}
END_TEST

START_TEST(octets_that_are_not_utf8_are_not_encoded)
{
	_cleanup_(buf_release) struct buf utf7 = { 0 };

	ck_assert(!utf7_encode(&utf7, STR("a\xff")));
	ck_assert(!utf7_encode(&utf7, STR("\xed\xa0\x80")));
	ck_assert_uint_eq(utf7.n, 0);
}
END_TEST

START_TEST(any_character_comes_back)
{
	_cleanup_(buf_release) struct buf all = { 0 }, utf7 = { 0 }, back = { 0 };

	for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 97)
		if (c < 0xd800 || c > 0xdfff)
			utf8_put(&all, c);
	ck_assert(utf7_encode(&utf7, buf_view(&all)));
	ck_assert(utf7_decode(&back, buf_view(&utf7)));
	t_str_eq(buf_view(&back), buf_view(&all));
}
END_TEST

/* Random text over the octets that matter: what is accepted must be what the encoder writes. */
START_TEST(one_name_has_one_spelling)
{
	static const char octets[] = "&&&&----AJjo,/a2DcU+ \xc3\xa9";
	uint32_t seed = 1;
	size_t accepted = 0;

	for (int round = 0; round < 200000; round++) {
		_cleanup_(buf_release) struct buf utf8 = { 0 }, again = { 0 };
		char in[10];

		for (size_t i = 0; i < sizeof in; i++) {
			seed = seed * 1664525 + 1013904223;
			in[i] = octets[(seed >> 16) % (sizeof octets - 1)];
		}
		const struct str s = { in, 1 + (seed >> 24) % sizeof in };

		if (!utf7_decode(&utf8, s))
			continue;
		accepted++;
		ck_assert(utf8_valid(buf_view(&utf8)));
		ck_assert(utf7_encode(&again, buf_view(&utf8)));
		t_str_eq(buf_view(&again), s);
	}
	ck_assert_uint_gt(accepted, 1000);
}
END_TEST

T_SUITE("utf7", T_LOOP(both_ways, same), T_LOOP(what_the_encoder_would_not_write_is_refused, wrong),
	T_TEST(octets_that_are_not_utf8_are_not_encoded), T_TEST(any_character_comes_back),
	T_TEST(one_name_has_one_spelling))
