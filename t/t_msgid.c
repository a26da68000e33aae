/* t/t_msgid.c: message identifiers */
#include "base/buf.h"
#include "mail/msgid.h"
#include "t/t.h"

static const struct {
	const char *value, *ids;
} values[] = {
	{ "<a@b>", "a@b " },
	{ " <a@b>\r\n\t<c@d>,<e@f>", "a@b c@d e@f " },
	{ "<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", "01KF8JCEOCBS0045PS@xxx.yyy.com " },
	{ "<\"a\\\"b\"@x> <\"c>d\"@x>", "a\"b@x c>d@x " },
	{ "< a @ b >", "a@b " },
	{ "<a\r\n b@c>", "ab@c " },
	{ "Your message of Monday <a@b> (joe)", "a@b " },
	{ "<nothing> <@> <a@> <@b> <>", "" },
	{ "<a@b <c@d>", "c@d " },
	{ "<A@B> <a@b>", "A@B a@b " },
	{ "a@b", "" },
	{ "<a@b", "" },
	{ "<\"a@b>", "" },
	{ "<a@[1.2.3.4]> <a@b@c>", "a@[1.2.3.4] a@b@c " },
	{ "<\\>", "" },
	{ "<\"\\", "" },
	{ "", "" },
};

START_TEST(all_that_are_in_a_value)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf got = { 0 };
	struct str rest = str_z(values[_i].value), id;

	while (msgid_next(&a, &rest, &id)) {
		buf_str(&got, id);
		buf_c(&got, ' ');
	}
	t_str_eq(buf_view(&got), str_z(values[_i].ids));
}
END_TEST

static const char *const floods[] = { "<", ">", "\"", "<\"", "<a@b>", "<a@b", "\\", "<\"\\" };

START_TEST(a_megabyte_of_anything_ends)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct str rest, id;

	while (b.n < 1 << 20)
		buf_z(&b, floods[_i]);
	rest = buf_view(&b);
	while (msgid_next(&a, &rest, &id))
		ck_assert_uint_gt(id.n, 2);
	ck_assert_uint_eq(rest.n, 0);
}
END_TEST

T_SUITE("msgid", T_LOOP(all_that_are_in_a_value, values), T_LOOP(a_megabyte_of_anything_ends, floods))
