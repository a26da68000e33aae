/* t/t_address.c: address lists */
#include "base/buf.h"
#include "mail/address.h"
#include "t/address.h"
#include "t/t.h"

static const struct {
	const char *in, *out;
} lists[] = {
	{ "joe@example.org",                          "NIL/NIL/joe/example.org;" },
	{ " Joe Q. Public <joe@example.org>",         "Joe Q. Public/NIL/joe/example.org;" },
	{ "\"Joe, \\\"Q\\\" \\\\\" <joe@example.org>", "Joe, \"Q\" \\/NIL/joe/example.org;" },
	{ "joe@example.org (Joe)",                    "Joe/NIL/joe/example.org;" },
	{ "joe@example.org (Joe (the \\) one))",      "Joe (the ) one)/NIL/joe/example.org;" },
	{ "a@x, b@y,c@z",                             "NIL/NIL/a/x;NIL/NIL/b/y;NIL/NIL/c/z;" },
	{ ",, a@x ,,",                                "NIL/NIL/a/x;" },
	{ "",                                         "" },
	{ " \r\n ",                                   "" },
	{ "(nobody)",                                 "" },
	{ "undisclosed-recipients:;",                 "NIL/NIL/undisclosed-recipients/NIL;NIL/NIL/NIL/NIL;" },
	{ "A Group: Ed <ed@x>,joe@y; z@z",            "NIL/NIL/A Group/NIL;Ed/NIL/ed/x;NIL/NIL/joe/y;NIL/NIL/NIL/NIL;NIL/NIL/z/z;" },
	{ "G: a@x",                                   "NIL/NIL/G/NIL;NIL/NIL/a/x;NIL/NIL/NIL/NIL;" },	/* not closed */
	{ "G: H: a@x;",                               "NIL/NIL/G/NIL;NIL/NIL/H: a/x;NIL/NIL/NIL/NIL;" },	/* none in another */
	{ ":;",                                       "NIL/NIL//NIL;NIL/NIL/NIL/NIL;" },
	{ "<@a.org,@b.org:joe@c.org>",                "NIL/@a.org,@b.org/joe/c.org;" },
	{ "Joe <@a.org:joe@c.org>",                   "Joe/@a.org/joe/c.org;" },
	{ "\"joe smith\"@x.org",                      "NIL/NIL/joe smith/x.org;" },
	{ "\"a@b\"@x.org",                            "NIL/NIL/a@b/x.org;" },
	{ "joe@[127.0.0.1]",                          "NIL/NIL/joe/[127.0.0.1];" },
	{ "joe . smith @ x . org (c)",                "c/NIL/joe.smith/x.org;" },
	{ "joe(a)@(b)x.org",                          "b/NIL/joe/x.org;" },
	{ "joe",                                      "NIL/NIL/joe/;" },
	{ "<joe>",                                    "NIL/NIL/joe/;" },
	{ "<>",                                       "NIL/NIL//;" },
	{ "Joe <>",                                   "Joe/NIL//;" },
	{ "@x.org",                                   "NIL/NIL//x.org;" },
	{ "joe@",                                     "NIL/NIL/joe/;" },
	{ "joe@x.org <joe@y.org>",                    "joe@x.org/NIL/joe/y.org;" },	/* unquoted "@" in a name */
	{ "<a@x> <b@y>",                              "NIL/NIL/a/x;NIL/NIL/b/y;" },	/* no comma */
	{ "a@x; b@y",                                 "NIL/NIL/a/x;NIL/NIL/b/y;" },	/* as Outlook does */
	{ "a@x junk, b@y",                            "NIL/NIL/a/x;NIL/NIL/b/y;" },
	{ "Joe <joe@x",                               "Joe/NIL/joe/x;" },
	{ "Joe <joe@x, Ann <ann@y>",                  "Joe/NIL/joe/x;Ann/NIL/ann/y;" },
	{ "\"Joe <joe@x>",                            "NIL/NIL/Joe <joe@x>/;" },	/* a string that is not closed */
	{ "(Joe joe@x",                               "" },
	{ "=?utf-8?Q?A=2CB?= <a@x>",                  "=?utf-8?Q?A=2CB?=/NIL/a/x;" },
	{ "=?utf-8?Q?A,B?= <a@x>",                    "=?utf-8?Q?A,B?=/NIL/a/x;" },	/* specials in an encoded word */
	{ "=?utf-8?q?a?=\r\n =?utf-8?q?b?= <a@x>",    "=?utf-8?q?a?= =?utf-8?q?b?=/NIL/a/x;" },
	{ "J\xc3\xb6rg <j\xc3\xb6@b\xc3\xbc.de>",     "J\xc3\xb6rg/NIL/j\xc3\xb6/b\xc3\xbc.de;" },	/* RFC 6532 */
	{ "\"a\r\n b\" <a@x>",                        "a b/NIL/a/x;" },
	{ "a)b>c]@x",                                 "NIL/NIL/a)b>c]/x;" },
	{ "\\",                                       "NIL/NIL/\\/;" },
};

START_TEST(lists_are_understood_as_envelope_has_them)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct addresses list = { 0 };

	address_parse(&a, str_z(lists[_i].in), &list);
	t_show_list(&b, &list);
	t_str_eq(buf_view(&b), str_z(lists[_i].out));
}
END_TEST

START_TEST(a_flood_of_addresses_is_cut_and_its_group_is_ended)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct addresses list = { 0 };

	buf_z(&b, "G: ");
	for (size_t i = 0; i < 2 * (size_t)ADDRESSES_MAX; i++)
		buf_z(&b, "a@x,");
	address_parse(&a, buf_view(&b), &list);
	ck_assert_uint_eq(list.n, ADDRESSES_MAX);
	ck_assert_ptr_null(list.v[list.n - 1].mailbox.s);
	ck_assert_ptr_nonnull(list.v[list.n - 2].mailbox.s);
}
END_TEST

static const char *const floods[] = { "(", "<", "\"", "=?,", "a ", "@", ":", ";", "<@", "(a)", "[", "\\", "a@b <", "=?a?q?" };

/* Linear in what is read: a quadratic one would not end here in the time that check gives it. */
START_TEST(a_megabyte_of_anything_ends)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct addresses list = { 0 };

	while (b.n < 1 << 20)
		buf_z(&b, floods[_i]);
	address_parse(&a, buf_view(&b), &list);
	ck_assert_uint_le(list.n, ADDRESSES_MAX);
}
END_TEST

T_SUITE("address", T_LOOP(lists_are_understood_as_envelope_has_them, lists),
	T_TEST(a_flood_of_addresses_is_cut_and_its_group_is_ended), T_LOOP(a_megabyte_of_anything_ends, floods))
