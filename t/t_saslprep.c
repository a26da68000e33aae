/* t/t_saslprep.c: auth/saslprep: the examples of RFC 4013 3, and what is not allowed */
#include "auth/saslprep.h"
#include "t/t.h"

#define OCTETS(literal) literal, sizeof(literal) - 1

static const struct {
	const char *name, *in;
	size_t n;
	const char *want;	/* NULL: refused */
} texts[] = {
	{ "soft hyphen", OCTETS("I\xc2\xadX"), "IX" },
	{ "no change", OCTETS("user"), "user" },
	{ "case stays", OCTETS("USER"), "USER" },
	{ "ordinal", OCTETS("\xc2\xaa"), "a" },
	{ "roman nine", OCTETS("\xe2\x85\xa8"), "IX" },
	{ "control", OCTETS("\x07"), NULL },
	{ "two directions", OCTETS("\xd8\xa7\x31"), NULL },
	{ "empty", OCTETS(""), "" },
	{ "signs and blanks of ASCII", OCTETS(" !\"#~ "), " !\"#~ " },
	{ "no-break space", OCTETS("a\xc2\xa0z"), "a z" },
	{ "ideographic space", OCTETS("a\xe3\x80\x80z"), "a z" },
	{ "what can't be seen", OCTETS("a\xe2\x80\x8d\xef\xbb\xbfz"), "az" },
	{ "decomposed", OCTETS("o\xcc\x88"), "\xc3\xb6" },
	{ "full width", OCTETS("\xef\xbc\xa1"), "A" },
	{ "right to left", OCTETS("\xd7\x90\xd7\x91"), "\xd7\x90\xd7\x91" },
	{ "right to left, a digit between", OCTETS("\xd8\xa7\x31\xd8\xa7"), "\xd8\xa7\x31\xd8\xa7" },
	{ "right to left, a letter between", OCTETS("\xd7\x90x\xd7\x91"), NULL },
	{ "NUL", OCTETS("a\0b"), NULL },
	{ "DEL", OCTETS("a\x7f"), NULL },
	{ "C1 control", OCTETS("\xc2\x85"), NULL },
	{ "direction mark", OCTETS("\xe2\x80\x8e"), NULL },
	{ "private use", OCTETS("\xee\x80\x80"), NULL },
	{ "no character", OCTETS("\xef\xbf\xbe"), NULL },
	{ "no character of another plane", OCTETS("\xf0\x9f\xbf\xbf"), NULL },
	{ "replacement character", OCTETS("\xef\xbf\xbd"), NULL },
	{ "tag", OCTETS("\xf3\xa0\x80\xa0"), NULL },
	{ "surrogate", OCTETS("\xed\xa0\x80"), NULL },
	{ "no UTF-8", OCTETS("a\xff"), NULL },
	{ "cut off", OCTETS("a\xc3"), NULL },
	{ "emoji", OCTETS("\xf0\x9f\x94\x91"), "\xf0\x9f\x94\x91" },
};

START_TEST(prepares)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	bool good;

	buf_c(&b, '>');
	good = saslprep((struct str){ texts[_i].in, texts[_i].n }, true, &b);
	ck_assert_msg(good == (texts[_i].want != NULL), "%s", texts[_i].name);
	ck_assert_msg(str_eq(str_from(buf_view(&b), 1), str_z(texts[_i].want)), "%s: %s", texts[_i].name, buf_cstr(&b));
}
END_TEST

START_TEST(what_is_not_assigned_may_be_asked_for_but_not_stored)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(!saslprep(STR("\xe0\xab\xa5"), true, &b)); /* U+0AE5 */
	ck_assert(saslprep(STR("\xe0\xab\xa5"), false, &b));
	t_str_eq(buf_view(&b), STR("\xe0\xab\xa5"));
}
END_TEST

T_SUITE("saslprep", T_LOOP(prepares, texts), T_TEST(what_is_not_assigned_may_be_asked_for_but_not_stored))
