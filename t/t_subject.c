/* t/t_subject.c: the base subject */
#include "base/buf.h"
#include "mail/subject.h"
#include "t/t.h"

static const struct {
	const char *in, *base;
	bool reply;
} subjects[] = {
	{ "hello", "hello", false },
	{ " a \t b\r\n c ", "a b c", false },
	{ "Re: hello", "hello", true },
	{ "RE: re:Fwd: fw :hello", "hello", true },
	{ "Re[2]: hello", "hello", true },
	{ "Re [list] : hello", "hello", true },
	{ "[list] hello", "hello", false },
	{ "[list] Re: [other] hello", "hello", true },
	{ "[a][b] [c]Re: hello", "hello", true },
	{ "[list]", "[list]", false },	/* a blob may be all there is */
	{ "[a] [b]", "[b]", false },
	{ "Re: [a]", "[a]", true },
	{ "hello (fwd)", "hello", true },
	{ "hello (FWD) (fwd)  ", "hello", true },
	{ "[fwd: hello]", "hello", true },
	{ "[Fwd: Re: [x] hello (fwd)]", "hello", true },
	{ "[fwd: [fwd: hello]]", "hello", true },
	{ "[fwd: hello", "[fwd: hello", false },
	{ "[fwd:]", "", true },
	{ "Re:", "", true },
	{ "", "", false },
	{ "regards", "regards", false },
	{ "Re hello", "Re hello", false },
	{ "Fwd2: hello", "Fwd2: hello", false },
	{ "[a[b] hello", "[a[b] hello", false },
	{ "=?utf-8?Q?Re:_h=C3=A4?=", "h\xc3\xa4", true },
	{ "Re: =?utf-8?Q?=5Blist=5D?= x", "x", true },
	{ "=?utf-8?Q?a=09=0Ab?=", "a b", false },
};

START_TEST(the_base_of_a_subject)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	bool reply = !subjects[_i].reply;

	t_str_eq(subject_base(&a, str_z(subjects[_i].in), &reply), str_z(subjects[_i].base));
	ck_assert_int_eq(reply, subjects[_i].reply);
	t_str_eq(subject_base(&a, str_z(subjects[_i].in), NULL), str_z(subjects[_i].base));
}
END_TEST

static const char *const floods[] = { "[a]", "[", "re:", "re[a]:", "[fwd:", "(fwd)", " ", "[a]re:", "re[", "[fwd:x]" };

START_TEST(a_megabyte_of_anything_ends)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };

	while (b.n < 1 << 20)
		buf_z(&b, floods[_i]);
	ck_assert_uint_le(subject_base(&a, buf_view(&b), NULL).n, b.n);
}
END_TEST

T_SUITE("subject", T_LOOP(the_base_of_a_subject, subjects), T_LOOP(a_megabyte_of_anything_ends, floods))
