/* t/t_fold.c: text made comparable, and looking for it */
#define _GNU_SOURCE
#include "mail/fold.h"
#include "t/mail.h"

static const struct {
	struct str in, out;
} texts[] = {
	{ { "", 0 },                          { "", 0 } },
	{ { "Hello, World! [az]{AZ}@`", 24 }, { "HELLO, WORLD! [AZ]{AZ}@`", 24 } },
	{ { "tab\t\r\n\0x", 7 },              { "TAB\t\r\n\0X", 7 } },
	{ { "\xc3\xa4", 2 },                  { "A\xcc\x88", 3 } },		/* a, diaeresis: A, combining diaeresis */
	{ { "A\xcc\x88", 3 },                 { "A\xcc\x88", 3 } },
	{ { "\xc7\x84", 2 },                  { "Dz\xcc\x8c", 4 } },		/* the example of RFC 5051 2 */
	{ { "\xd1\x8f", 2 },                  { "\xd0\xaf", 2 } },		/* ya */
	{ { "\xe1\xba\xad", 3 },              { "A\xcc\xa3\xcc\x82", 5 } },	/* decomposes twice */
	{ { "\xef\xbc\xa1", 3 },              { "A", 1 } },			/* full width */
	{ { "\xea\xb0\x80", 3 },              { "\xe1\x84\x80\xe1\x85\xa1", 6 } },	/* Hangul */
	{ { "\xc3\x9f", 2 },                  { "\xc3\x9f", 2 } },		/* sharp s is itself */
	{ { "a\xff\xc3z", 4 },                { "A\xff\xc3Z", 4 } },		/* what is not UTF-8 */
	{ { "abcdefgh\xc3\xa4ijklmnop\xff", 19 }, { "ABCDEFGHA\xcc\x88IJKLMNOP\xff", 20 } },
};

START_TEST(text_is_folded_as_rfc_5051_says)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	fold_utf8(&b, texts[_i].in);
	t_str_eq(buf_view(&b), texts[_i].out);
}
END_TEST

static const struct {
	enum collation collation;
	const char *in, *out;
} ordered[] = {
	{ I_UNICODE_CASEMAP, "Ärger",	    "A\xcc\x88RGER"	 },
	{ I_ASCII_CASEMAP,   "\xc3\xa4rger", "\xc3\xa4RGER"	 },
	{ I_OCTET,	     "Ab\xc3\xa4",	    "Ab\xc3\xa4"	 },
	/* not UTF-8: behind all that is, and as it is */
	{ I_UNICODE_CASEMAP, "a\xe4z",	    "\xff" "a\xe4z"	 },
	{ I_ASCII_CASEMAP,   "a\xe4z",	    "\xff" "a\xe4z"	 },
	/* a character that would be cut is left out */
	{ I_OCTET,	     "0123456\xc3\xa4", "0123456"		 },
	{ I_OCTET,	     "01234567\xc3\xa4", "01234567"		 },
};

START_TEST(texts_are_made_for_each_order)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	fold_to_order(&b, ordered[_i].collation, str_z(ordered[_i].in), 8);
	ck_assert(str_eq(buf_view(&b), str_z(ordered[_i].out)));
}
END_TEST

START_TEST(every_octet_of_ascii_folds_the_same_wherever_it_is)
{
	for (int c = 0; c < 128; c++) {
		for (size_t at = 0; at < 20; at++) {
			_cleanup_(buf_release) struct buf b = { 0 };
			char s[20];

			memset(s, '~', sizeof s);
			s[at] = (char)c;
			fold_utf8(&b, (struct str){ s, sizeof s });
			ck_assert_uint_eq(b.n, sizeof s);
			ck_assert_int_eq(b.s[at], ascii_upper((char)c));
			ck_assert_int_eq(b.s[at ? at - 1 : 19], '~');
		}
	}
}
END_TEST

/* Each octet at each place, in lines of each length. */
START_TEST(a_line_is_folded_as_any_text_or_not_at_all)
{
	for (size_t n = 0; n < 28; n++) {
		for (int c = 0; c < 256 * (int)n; c++) {
			_cleanup_(buf_release) struct buf b = { 0 };
			const enum collation collation = (enum collation)(c % 3);
			const unsigned char octet = (unsigned char)(c / (int)n);
			char s[28], line[FOLD_LINE];
			const struct str in = { s, n }, out = { line, n };

			memset(s, 'm', sizeof s);
			s[c % (int)n] = (char)octet;
			fold(&b, collation, in);
			ck_assert_int_eq(fold_line(line, collation, in), n >= 8 && octet >= ' ' && octet <= 0x7f);
			if (fold_line(line, collation, in))
				t_str_eq(out, buf_view(&b));
		}
	}
}
END_TEST

START_TEST(a_line_is_not_folded_beyond_its_room)
{
	char line[FOLD_LINE], s[FOLD_LINE + 1];

	memset(s, 'x', sizeof s);
	ck_assert(fold_line(line, I_UNICODE_CASEMAP, (struct str){ s, FOLD_LINE }));
	ck_assert(!fold_line(line, I_UNICODE_CASEMAP, (struct str){ s, FOLD_LINE + 1 }));
}
END_TEST

static const struct {
	const char *in;
	size_t whole;
} cuts[] = {
	{ "", 0 }, { "ab", 2 }, { "a\xc3", 1 }, { "a\xc3\xa4", 3 }, { "\xe2\x82", 0 }, { "\xe2\x82\xac", 3 },
	{ "\xf0\x9f\x98", 0 }, { "x\xf0\x9f\x98\x80", 5 }, { "\xa4\xa4\xa4\xa4", 4 }, { "\xe2", 0 },
};

START_TEST(a_character_is_not_cut)
{
	ck_assert_uint_eq(fold_whole(str_z(cuts[_i].in)), cuts[_i].whole);
}
END_TEST

/* A matcher fed with pieces says what memmem() says of the whole. */
START_TEST(a_needle_is_found_in_pieces_as_in_the_whole)
{
	uint64_t seed = 11;

	for (unsigned round = 0; round < 20000; round++) {
		_cleanup_(buf_release) struct buf text = { 0 };
		_cleanup_(buf_release) struct buf needle = { 0 };
		_cleanup_(matcher_release) struct matcher m;
		struct str rest;

		t_random_octets(&seed, STR("ab"), t_random(&seed) % (round % 100 ? 40 : 1000), &text);
		t_random_octets(&seed, STR("ab"), 1 + t_random(&seed) % 7, &needle);
		matcher_init(&m, buf_view(&needle));
		for (rest = buf_view(&text); rest.n;) {
			const size_t n = t_random(&seed) % 9;

			matcher_feed(&m, str_head(rest, n));
			rest = str_from(rest, n);
		}
		ck_assert_int_eq(m.found, memmem(text.s ? text.s : "", text.n, needle.s, needle.n) != NULL);
	}
}
END_TEST

START_TEST(a_match_does_not_span_a_gap)
{
	_cleanup_(matcher_release) struct matcher m;

	matcher_init(&m, STR("AB"));
	ck_assert(!matcher_feed(&m, STR("xA")));
	matcher_gap(&m);
	ck_assert(!matcher_feed(&m, STR("BA")));
	ck_assert(matcher_feed(&m, STR("B")));
	matcher_gap(&m);
	ck_assert(m.found);
	matcher_reset(&m);
	ck_assert(!m.found);
	ck_assert(!matcher_feed(&m, STR("B")));
}
END_TEST

START_TEST(an_empty_needle_is_found_at_once)
{
	_cleanup_(matcher_release) struct matcher m;

	matcher_init(&m, STR(""));
	ck_assert(m.found);
	matcher_reset(&m);
	ck_assert(matcher_feed(&m, STR("")));
}
END_TEST

T_SUITE("fold", T_LOOP(text_is_folded_as_rfc_5051_says, texts),
	T_TEST(every_octet_of_ascii_folds_the_same_wherever_it_is),
	T_TEST(a_line_is_folded_as_any_text_or_not_at_all), T_TEST(a_line_is_not_folded_beyond_its_room),
	 T_LOOP(a_character_is_not_cut, cuts),
	T_LOOP(texts_are_made_for_each_order, ordered),
	T_TEST(a_needle_is_found_in_pieces_as_in_the_whole), T_TEST(a_match_does_not_span_a_gap),
	T_TEST(an_empty_needle_is_found_at_once))
