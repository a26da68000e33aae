/* t/t_fuzzy.c: how well a text answers to words that are searched for */
#include "mail/fold.h"
#include "mail/fuzzy.h"
#include "t/t.h"

static const struct {
	const char *needle, *text;
	unsigned score;
} rows[] = {
	{ "hello", "Hello", 100 },
	{ "hello", "well, hello there", 100 },
	{ "hell", "hello", 67 },
	/* one letter: left out, added, another, in the wrong order; at any place */
	{ "Helo", "hello", 34 },
	{ "Helo", "help", 34 },
	{ "helllo", "hello", 34 },
	{ "hallo", "hello", 34 },
	{ "ehllo", "hello", 34 },
	{ "helol", "hello", 34 },
	{ "ello", "hello", 34 },
	{ "hell0", "hello", 34 },
	/* not two, nor one of a short word */
	{ "heyyo", "hello", 0 },
	{ "holle", "hello", 0 },
	{ "cat", "cut", 0 },
	{ "helloworld", "hello", 0 },
	/* whatever a search that is not fuzzy finds */
	{ "ell", "hello", 1 },
	{ "ello wor", "hello world", 50 },
	{ "l", "hello", 1 },
	/* several words: the average */
	{ "IMAP break", "IMAP is broken", 17 },
	{ "imap hello", "Hello, IMAP", 100 },
	{ "one two three", "three", 0 },
	/* accents and case do not matter */
	{ "cafe", "Caf\xc3\xa9", 100 },
	{ "\xc3\x89T\xc3\x89", "ete", 100 },
	{ "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "\xd0\x9f\xd0\xa0\xd0\x98\xd0\x92\xd0\x95\xd0\xa2!", 100 },
	{ "\xd0\xbf\xd1\x80\xd0\xb5\xd0\xb2\xd0\xb5\xd1\x82", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", 34 },
	/* no words */
	{ "...", "...", 0 },
	{ "", "x", 0 },
	/* broken octets are between words */
	{ "hello", "\xff" "hello\xc3", 100 },
};

static unsigned score(const char *needle, const char *text, size_t piece)
{
	_cleanup_(buf_release) struct buf n = { 0 }, t = { 0 };
	struct fuzzy f;
	struct str rest;

	fold_utf8(&n, str_z(needle));
	fold_utf8(&t, str_z(text));
	fuzzy_init(&f, buf_view(&n));
	for (rest = buf_view(&t); rest.n; rest = str_from(rest, MIN(piece, rest.n)))
		fuzzy_feed(&f, str_head(rest, piece));
	fuzzy_gap(&f);
	return fuzzy_score(&f);
}

START_TEST(a_text_is_scored)
{
	ck_assert_uint_eq(score(rows[_i].needle, rows[_i].text, 1000), rows[_i].score);
}
END_TEST

START_TEST(words_may_come_in_pieces)
{
	ck_assert_uint_eq(score("hello", "well, hello there", 1), 100);
	ck_assert_uint_eq(score("Helo", "well, hello there", 2), 34);
}
END_TEST

START_TEST(a_text_does_not_go_on_behind_a_gap)
{
	struct fuzzy f;

	fuzzy_init(&f, STR("HELLO"));
	fuzzy_feed(&f, STR("HEL"));
	fuzzy_gap(&f);
	fuzzy_feed(&f, STR("LO"));
	fuzzy_gap(&f);
	ck_assert_uint_eq(fuzzy_score(&f), 0);
	ck_assert(fuzzy_feed(&f, STR("HELLO ")));
	fuzzy_reset(&f);
	ck_assert_uint_eq(fuzzy_score(&f), 0);
}
END_TEST

/* What is inside of a word is found wherever it is, however long the word is. */
START_TEST(words_without_end)
{
	for (size_t at = 0; at < 300; at++) {
		char text[400];

		memset(text, 'x', sizeof text);
		memcpy(text + at, "needle", 6);
		text[sizeof text - 1] = 0;
		ck_assert_uint_gt(score("needle", text, 7), 0);
	}
}
END_TEST

START_TEST(no_more_words_than_count)
{
	_cleanup_(buf_release) struct buf many = { 0 };
	struct fuzzy f;

	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&many, "WORD%u ", i);
	for (unsigned i = 0; i < 1000; i++)
		buf_c(&many, 'X');
	fuzzy_init(&f, buf_view(&many));
	ck_assert_uint_eq(f.n, FUZZY_WORDS);
	ck_assert(fuzzy_feed(&f, buf_view(&many)));
}
END_TEST

T_SUITE("fuzzy", T_LOOP(a_text_is_scored, rows), T_TEST(words_may_come_in_pieces),
	T_TEST(a_text_does_not_go_on_behind_a_gap), T_TEST(words_without_end), T_TEST(no_more_words_than_count))
