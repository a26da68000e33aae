/* t/t_charset.c: text in any charset to UTF-8 */
#include "base/utf8.h"
#include "mail/charset.h"
#include "t/t.h"

static const struct {
	const char *charset;
	struct str in;
	const char *out;
} texts[] = {
	{ "utf-8",          { "\xc3\xa4\xe2\x82\xac", 5 },    "\xc3\xa4\xe2\x82\xac" },
	{ "UTF-8",          { "a\xe4z", 3 },                  "a\xef\xbf\xbdz" },
	{ "utf-8",          { "\xc3", 1 },                    "\xef\xbf\xbd" },
	{ "utf-8",          { "\xed\xa0\x80", 3 },            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
	{ "us-ascii",       { "plain", 5 },                   "plain" },
	{ "us-ascii",       { "\xc3\xa4 \xe4", 4 },           "\xc3\xa4 \xc3\xa4" },	/* guessed */
	{ "",               { "\xe4\xc3", 2 },                "\xc3\xa4\xc3\x83" },
	{ "unknown-8bit",   { "\x80", 1 },                    "\xe2\x82\xac" },
	{ "../../etc/x",    { "\xe4", 1 },                    "\xc3\xa4" },
	{ "UTF-8//IGNORE",  { "\xe4", 1 },                    "\xc3\xa4" },
	{ "iso-8859-1",     { "\xe4\x80\x81", 3 },            "\xc3\xa4\xe2\x82\xac\xc2\x81" },
	{ "Latin1",         { "\xe4", 1 },                    "\xc3\xa4" },
	{ "iso-8859-15",    { "\xa4", 1 },                    "\xe2\x82\xac" },
	{ "koi8-r",         { "\xf0\xd2", 2 },                "\xd0\x9f\xd1\x80" },
	{ "windows-1251",   { "\xcf\xf0", 2 },                "\xd0\x9f\xd1\x80" },
	{ "iso-2022-jp",    { "\x1b$B$\"\x1b(Bx", 9 },        "\xe3\x81\x82x" },
	{ "shift_jis",      { "\x82\xa0", 2 },                "\xe3\x81\x82" },
	{ "euc-jp",         { "\xa4\xa2", 2 },                "\xe3\x81\x82" },
	{ "gb2312",         { "\xd6\xd0", 2 },                "\xe4\xb8\xad" },
	{ "big5",           { "\xa4\xa4", 2 },                "\xe4\xb8\xad" },
	{ "euc-kr",         { "\xc7\xd1", 2 },                "\xed\x95\x9c" },
	{ "utf-7",          { "+AOQ-x", 6 },                  "\xc3\xa4x" },
	{ "utf-16le",       { "a\0\xe4\0", 4 },               "a\xc3\xa4" },
	{ "utf-16be",       { "\xd8\x3d\xde\x00", 4 },        "\xf0\x9f\x98\x80" },
	{ "utf-16be",       { "\xde\x00\0a", 4 },             "\xef\xbf\xbd" "a" },	/* half a pair */
	{ "utf-16le",       { "a\0b", 3 },                    "a\xef\xbf\xbd" },
	{ "gb18030",        { "\xff\xffx", 3 },               "\xef\xbf\xbd\xef\xbf\xbdx" },
	{ "shift_jis",      { "\x82", 1 },                    "\xef\xbf\xbd" },
	{ "utf-8",          { "", 0 },                        "" },
};

START_TEST(text_becomes_utf_8)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	charset_guess_utf8(&b, str_z(texts[_i].charset), texts[_i].in);
	t_str_eq(buf_view(&b), str_z(texts[_i].out));
	ck_assert(utf8_valid(buf_view(&b)));
}
END_TEST

START_TEST(text_may_be_cut_anywhere)
{
	for (size_t cut = 0; cut <= texts[_i].in.n; cut++) {
		for (size_t second = cut; second <= texts[_i].in.n; second++) {
			_cleanup_(buf_release) struct buf b = { 0 };
			_cleanup_(charset_close) struct charset c;

			charset_open(&c, str_z(texts[_i].charset));
			charset_add(&c, str_head(texts[_i].in, cut), &b);
			charset_add(&c, str_from(str_head(texts[_i].in, second), cut), &b);
			charset_add(&c, str_from(texts[_i].in, second), &b);
			charset_end(&c, &b);
			t_str_eq(buf_view(&b), str_z(texts[_i].out));
		}
	}
}
END_TEST

START_TEST(only_names_on_the_list_are_known)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(charset_known(STR("us-ascii")));
	ck_assert(charset_known(STR("utf-8")));
	ck_assert(charset_known(STR("KOI8-R")));
	ck_assert(!charset_known(STR("")));
	ck_assert(!charset_known(STR("x-nonsense")));
	ck_assert(!charset_known(STR("UTF-8//TRANSLIT")));
	ck_assert(!charset_to_utf8(&b, STR("x-nonsense"), STR("a")));
	ck_assert_uint_eq(b.n, 0);
	ck_assert(charset_to_utf8(&b, STR("koi8-r"), STR("\xf0")));
	t_str_eq(buf_view(&b), STR("\xd0\x9f"));
}
END_TEST

START_TEST(a_client_must_mean_what_it_says)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(!charset_to_utf8(&b, STR("utf-8"), STR("a\xe4z")));
	ck_assert(!charset_to_utf8(&b, STR("utf-8"), STR("a\xe4")));
	ck_assert(!charset_to_utf8(&b, STR("shift_jis"), STR("a\x82")));
	ck_assert_uint_eq(b.n, 0);
	ck_assert(charset_to_utf8(&b, STR("utf-8"), STR("\xc3\xa4")));
	ck_assert(charset_to_utf8(&b, STR("us-ascii"), STR("\xe4")));
	t_str_eq(buf_view(&b), STR("\xc3\xa4\xc3\xa4"));
}
END_TEST

/* Whatever is thrown at a converter, UTF-8 comes out, and an end is reached. */
START_TEST(garbage_becomes_valid_utf_8)
{
	static const char *const names[] = { "utf-8", "", "iso-2022-jp", "iso-2022-kr", "utf-7", "utf-16", "utf-32",
					     "gb18030", "big5", "shift_jis", "euc-tw", "iso-2022-cn", "johab", "viscii" };
	uint64_t seed = 5;

	for (size_t i = 0; i < COUNT(names); i++) {
		_cleanup_(buf_release) struct buf in = { 0 };
		_cleanup_(buf_release) struct buf out = { 0 };

		for (unsigned n = 0; n < 20000; n++) {
			seed = seed * UINT64_C(6364136223846793005) + 1;
			buf_c(&in, (char)(seed >> 40));
			if (seed >> 60 == 0)
				buf_z(&in, "\x1b$B");
		}
		charset_guess_utf8(&out, str_z(names[i]), buf_view(&in));
		ck_assert(utf8_valid(buf_view(&out)));
		ck_assert_uint_gt(out.n, 0);
	}
}
END_TEST

T_SUITE("charset", T_LOOP(text_becomes_utf_8, texts), T_LOOP(text_may_be_cut_anywhere, texts),
	T_TEST(only_names_on_the_list_are_known), T_TEST(a_client_must_mean_what_it_says),
	T_TEST(garbage_becomes_valid_utf_8))
