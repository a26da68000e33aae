/* t/t_param.c: parameters of MIME fields */
#include "mail/param.h"
#include "base/buf.h"
#include "t/t.h"

static const struct {
	const char *in, *out;	/* name=value| for each */
} lists[] = {
	{ "; charset=us-ascii",                         "charset=us-ascii|" },
	{ ";charset=\"us-ascii\" ; Format = flowed",    "charset=us-ascii|Format=flowed|" },
	{ "; charset=us-ascii (Plain; text=no)",        "charset=us-ascii|" },
	{ "; charset=us-ascii(Plain)",                  "charset=us-ascii|" },
	{ "; (a)name(b)=(c)\"x;y\\\"z\"(d); b=c",       "name=x;y\"z|b=c|" },
	{ "; boundary=----=_Part/1:2?3",                "boundary=----=_Part/1:2?3|" },	/* should be quoted */
	{ "; a=b; ; ;c=d;",                             "a=b|c=d|" },
	{ "; a; b=; =c; d e=f; g=h",                    "g=h|" },
	{ "; name=my file.txt; a=b",                    "name=my|a=b|" },
	{ "; a=\"\"",                                   "a=|" },
	{ "; a=\"not closed; b=c",                      "a=not closed; b=c|" },
	{ "; a=\"x\r\n y\"",                            "a=x y|" },
	{ " junk \"a;b\" ; a=b",                        "a=b|" },
	{ "; name*0*=utf-8'en'%41; name*1=b",           "name*0*=utf-8'en'%41|name*1=b|" },	/* kept as it is */
	{ "; a=1; a=2",                                 "a=1|a=2|" },
	{ "",                                           "" },
	{ "; n\xe4me=x; name=\xe4",                     "n\xe4me=x|name=\xe4|" },
};

START_TEST(parameters_keep_their_order_and_spelling)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct params list = { 0 };

	params_parse(&a, str_z(lists[_i].in), &list);
	for (size_t i = 0; i < list.n; i++) {
		buf_str(&b, list.v[i].name);
		buf_c(&b, '=');
		buf_str(&b, list.v[i].value);
		buf_c(&b, '|');
	}
	t_str_eq(buf_view(&b), str_z(lists[_i].out));
}
END_TEST

static const struct {
	const char *in, *text;	/* of the parameter "name"; NULL: there is none */
} texts[] = {
	{ "; NAME=x",                                                 "x" },
	{ "; name*=utf-8'en'%C3%A4%20b",                              "\xc3\xa4 b" },
	{ "; name*=iso-8859-1''%e4",                                  "\xc3\xa4" },
	{ "; name*=''a%",                                             "a%" },
	{ "; name*=%4",                                               "%4" },
	{ "; name*0=a; name*1=b; name*2=c",                           "abc" },
	{ "; name*2=c; name*1=b; name*0=a",                           "abc" },
	{ "; name*0*=us-ascii'en'This%20is%20; name*1*=%2A%2A; name*2=\"x%20\"", "This is **x%20" },
	{ "; name*0*=utf-8''%C3; name*1*=%A4",                        "\xc3\xa4" },	/* a character cut in two */
	{ "; name*0=a; name*2=c",                                     "a" },
	{ "; name*1=b",                                               NULL },
	{ "; name=plain; name*=utf-8''extended",                      "extended" },
	{ "; name=\"=?utf-8?Q?=C3=A4?=\"",                            "\xc3\xa4" },
	{ "; name=\"\xe4\"",                                          "\xc3\xa4" },
	{ "; names=x; nam=y; name*x=z",                               NULL },
	{ "; name*99999999999=x",                                     NULL },
	{ "; name*=no-such-charset''a%e4",                            "a\xc3\xa4" },
};

START_TEST(the_text_of_a_parameter_is_decoded)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct params list = { 0 };
	struct str text = STR("untouched");

	params_parse(&a, str_z(texts[_i].in), &list);
	ck_assert_int_eq(param_text(&list, STR("name"), &a, &text), texts[_i].text != NULL);
	t_str_eq(text, texts[_i].text ? str_z(texts[_i].text) : STR("untouched"));
}
END_TEST

START_TEST(a_flood_of_parameters_is_cut)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct params list = { 0 };
	struct str text;

	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&b, "; name*%u=x", i);
	params_parse(&a, buf_view(&b), &list);
	ck_assert_uint_eq(list.n, PARAMS_MAX);
	ck_assert(param_text(&list, STR("name"), &a, &text));
	ck_assert_uint_eq(text.n, PARAMS_MAX);
	t_str_eq(param_find(&list, STR("NAME*7"))->value, STR("x"));
	ck_assert_ptr_null(param_find(&list, STR("name")));
}
END_TEST

T_SUITE("param", T_LOOP(parameters_keep_their_order_and_spelling, lists),
	T_LOOP(the_text_of_a_parameter_is_decoded, texts), T_TEST(a_flood_of_parameters_is_cut))
