/* t/t_glimpse.c: tests of mail/glimpse.c, glimpse_plain.c, glimpse_html.c and entity.c */
#include "mail/glimpse.h"
#include "t/t.h"

static const struct row {
	const char *in, *want;
	bool all;
} plain[] = {
	{ "Hello\r\n  Bert,\r\n\r\nhow\tare you?\r\n", "Hello Bert, how are you?", false },
	{ "", "", false },
	{ " \r\n\r\n", "", false },
	{ "Yes.\n-- \nAnna\n", "Yes.", false },
	{ "-- \nonly a signature", "only a signature", false },
	{ "> quoted\nMine\n> more\n", "Mine", false },
	{ "> quoted\n>> more\n", "", false },
	{ "> quoted\n>> more\n", "quoted more", true },
	{ "On Monday, Anna wrote:\n> x\nNo.", "No.", false },
	{ "On Monday, 1 January,\nAnna <a@example.org> wrote:\n\n> x\nNo.", "No.", false },
	{ "List:\n- one\n- two", "List: - one - two", false },
	{ "Sure. See:\n\nhere", "Sure. See: here", false },
	{ "=====\nTitle\n=====\n* * *\ntext", "Title text", false },
	{ "-----BEGIN PGP MESSAGE-----\n\nabc", "", false },
	{ "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSigned text\n-----BEGIN PGP SIGNATURE-----\nabc", "Signed text", false },
	{ "a\x01\x7f" "b", "a b", false },
	{ "\xe2\x80\x8b\xef\xbb\xbfzero\xc2\xadwidth\xc2\xa0non\xe3\x80\x80\xe2\x80\xaf" "break", "zerowidth non break", false },
	{ "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb ok", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb ok", false },
	{ "\xe2\x80\x8c \xe2\x80\x8c \xe2\x80\x8c start", "start", false },
	{ "bad \xff\xc3( utf8", "bad ( utf8", false },
};

static const struct row html[] = {
	{ "<p>Hello <b>B</b>ert</p><p>next</p>", "Hello Bert next", false },
	{ "one<br>two<div>three</div>four", "one two three four", false },
	{ "<html><head><title>T</title><style>p { color: red }</style></head><body>x</body></html>", "x", false },
	{ "<script>if (a < b) document.write('</p>')</script>x", "x", false },
	{ "<STYLE type='a'>x</style >y", "y", false },
	{ "<style>never ended", "", false },
	{ "a<!-- <p>no</p> -->b<!--[if mso]>no<![endif]-->c", "abc", false },
	{ "<!DOCTYPE html><?xml version=\"1.0\"?>x", "x", false },
	{ "a<!-- never ended", "a", false },
	{ "<a title=\"a > b\" href='>'>link</a>", "link", false },
	{ "<p title=\"never ended>shown", "shown", false },
	{ "1 < 2 &amp; 3 > 2 &lt;b&gt; &nbsp; &euro;5 &#8364;6 &#x20AC;7 &#150; &bogus; &", "1 < 2 & 3 > 2 <b> \xe2\x82\xac" "5 \xe2\x82\xac" "6 \xe2\x82\xac" "7 \xe2\x80\x93 &bogus; &", false },
	{ "Gr&uuml;&szlig;e &Auml; &yuml; &nbsp;&quot;x&apos;", "Gr\xc3\xbc\xc3\x9f" "e \xc3\x84 \xc3\xbf \"x'", false },
	{ "&#0;&#xd800;&#1114112;&#99999999999;&#xffffffffffff;x", "", false },
	{ "Yes<blockquote>quoted<blockquote>q</blockquote>q</blockquote>. No</blockquote>.", "Yes . No .", false },
	{ "<blockquote>quoted</blockquote>", "", false },
	{ "<blockquote>quoted</blockquote>", "quoted", true },
	{ "Mine<div class=\"gmail_quote\">On Monday wrote:<blockquote>x</blockquote></div>", "Mine", false },
	{ "<div class=\"gmail_quote\">all of it</div>", "all of it", true },
	{ "a &zwnj;&nbsp;&#847;&zwnj;&nbsp; b", "a b", false },
	{ "", "", false },
	{ "<", "<", false },
	{ "</", "</", false },
	{ "<a", "", false },
	{ "a</p", "a", false },
};

static void check(const struct row *row, void (*f)(struct glimpse *, struct str, bool))
{
	_cleanup_(buf_release) struct buf got = { 0 };
	struct glimpse g;

	glimpse_init(&g, &got);
	f(&g, str_z(row->in), row->all);
	glimpse_end(&g);
	if (str_starts(str_z(row->in), STR("&#0;"))) /* numbers of no character are shown as they are, or not at all */
		ck_assert_uint_lt(got.n, 80);
	else
		t_str_eq(buf_view(&got), str_z(row->want));
}

START_TEST(plain_text_is_shown)
{
	check(&plain[_i], glimpse_plain);
}
END_TEST

START_TEST(html_is_shown_without_markup)
{
	check(&html[_i], glimpse_html);
}
END_TEST

START_TEST(words_are_whole_and_200_characters_enough)
{
	_cleanup_(buf_release) struct buf text = { 0 }, got = { 0 };
	struct glimpse g;
	const char *word = _i ? "\xc3\xa9t\xc3\xa9" : "abc";

	for (int i = 0; i < 100; i++)
		buf_printf(&text, "%s%s", i ? " " : "", word);
	glimpse_init(&g, &got);
	glimpse_plain(&g, buf_view(&text), false);
	glimpse_end(&g);
	ck_assert(g.full);
	ck_assert_uint_eq(got.n, 50 * str_z(word).n + 49);
}
END_TEST

START_TEST(one_long_word_is_cut)
{
	_cleanup_(buf_release) struct buf text = { 0 }, got = { 0 };
	struct glimpse g;

	for (int i = 0; i < 1000; i++)
		buf_z(&text, "\xe6\xbc\xa2");
	glimpse_init(&g, &got);
	glimpse_plain(&g, buf_view(&text), false);
	glimpse_end(&g);
	ck_assert_uint_eq(got.n, 600);
}
END_TEST

/* What takes long where each tag is looked for to the end of the text: a quarter of a megabyte of each. */
static const char *const hostile[] = { "<a=\"", "<a=\">", "<", "</", "<!--", "&", "&#", "<style>", "<blockquote>", "<a '", "</style", "<a class=\"gmail_" };

START_TEST(hostile_html_is_read_once)
{
	_cleanup_(buf_release) struct buf text = { 0 }, got = { 0 };
	struct glimpse g;

	while (text.n < 256 * 1024)
		buf_z(&text, hostile[_i]);
	glimpse_init(&g, &got);
	glimpse_html(&g, buf_view(&text), false);
	ck_assert_uint_le(g.chars, GLIMPSE_MAX);
}
END_TEST

static const struct {
	const char *name;
	uint32_t c;
} entities[] = { { "nbsp", 0xa0 }, { "yuml", 0xff }, { "Agrave", 0xc0 }, { "divide", 0xf7 }, { "szlig", 0xdf }, { "euro", 0x20ac },
		 { "amp", '&' },   { "", 0 },	     { "AMPx", 0 },	 { "copy", 0xa9 } };

START_TEST(entities_have_their_characters)
{
	ck_assert_uint_eq(html_entity(str_z(entities[_i].name)), entities[_i].c);
}
END_TEST

static const int widths[] = { 0, 1 };

T_SUITE("glimpse", T_LOOP(plain_text_is_shown, plain), T_LOOP(html_is_shown_without_markup, html),
	T_LOOP(words_are_whole_and_200_characters_enough, widths), T_TEST(one_long_word_is_cut),
	T_LOOP(hostile_html_is_read_once, hostile), T_LOOP(entities_have_their_characters, entities))
