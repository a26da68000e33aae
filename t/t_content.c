/* t/t_content.c: the fields that describe a part */
#include "base/buf.h"
#include "mail/content.h"
#include "t/t.h"

static const struct {
	const char *header;
	bool digest;
	const char *type;	/* type/subtype;name=value... */
} types[] = {
	{ "",                                               false, "text/plain;charset=us-ascii" },
	{ "",                                               true,  "message/rfc822" },
	{ "Content-Type:\n",                                false, "text/plain;charset=us-ascii" },
	{ "Content-Type: text\n",                           false, "text/plain;charset=us-ascii" },
	{ "CONTENT-TYPE: Text/HTML; Charset=UTF-8\n",       false, "Text/HTML;Charset=UTF-8" },
	{ "Content-Type: text/plain\n",                     false, "text/plain" },
	{ "Content-Type: text/plain\n",                     true,  "text/plain" },
	{ "Content-Type: (a) text (b) / (c) x-y (d); a=b\n", false, "text/x-y;a=b" },
	{ "Content-Type: text/plain;\r\n\tcharset=x\r\n",   false, "text/plain;charset=x" },
	{ "Content-Type: bogus\n",                          false, "application/octet-stream" },
	{ "Content-Type: /plain\n",                         false, "application/octet-stream" },
	{ "Content-Type: text/; charset=x\n",               false, "application/octet-stream" },
	{ "Content-Type: =;=\n",                            false, "application/octet-stream" },
	{ "Content-Type: image/png\nContent-Type: a/b\n",   false, "image/png" },	/* the first counts */
	{ "Content-Type : image/png\n",                     false, "image/png" },
};

START_TEST(types_are_read_or_have_a_default)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct part p = { 0 };

	content_parse(&a, str_z(types[_i].header), types[_i].digest, &p);
	buf_str(&b, p.type);
	buf_c(&b, '/');
	buf_str(&b, p.subtype);
	for (size_t i = 0; i < p.params.n; i++) {
		buf_c(&b, ';');
		buf_str(&b, p.params.v[i].name);
		buf_c(&b, '=');
		buf_str(&b, p.params.v[i].value);
	}
	t_str_eq(buf_view(&b), str_z(types[_i].type));
}
END_TEST

START_TEST(the_other_fields_are_read)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct part p = { 0 };

	content_parse(&a,
		      STR("Content-Transfer-Encoding: (as always) Base64 (yes)\nContent-ID:  <a@b> \n"
			  "Content-Description: two\n words\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n"
			  "Content-Disposition: attachment; filename=\"a b\"; size=12\n"
			  "Content-Language: de, en-GB (British), fr\nContent-Location: http://x/\n  y\n"),
		      false, &p);
	t_str_eq(p.encoding, STR("Base64"));
	t_str_eq(p.id, STR("<a@b>"));
	t_str_eq(p.description, STR("two words"));
	t_str_eq(p.md5, STR("Q2hlY2sgSW50ZWdyaXR5IQ=="));
	t_str_eq(p.disposition, STR("attachment"));
	ck_assert_uint_eq(p.disposition_params.n, 2);
	t_str_eq(p.disposition_params.v[0].value, STR("a b"));
	ck_assert_uint_eq(p.nlanguages, 3);
	t_str_eq(p.languages[1], STR("en-GB"));
	t_str_eq(p.location, STR("http://x/y"));
}
END_TEST

START_TEST(missing_fields_are_nil)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct part p = { 0 };

	content_parse(&a, STR("Content-Disposition: ;\nContent-Transfer-Encoding: ;\n"), false, &p);
	t_str_eq(p.encoding, STR("7bit"));
	ck_assert_ptr_null(p.id.s);
	ck_assert_ptr_null(p.description.s);
	ck_assert_ptr_null(p.md5.s);
	ck_assert_ptr_null(p.disposition.s);
	ck_assert_ptr_null(p.location.s);
	ck_assert_uint_eq(p.nlanguages, 0);
}
END_TEST

START_TEST(only_the_lines_that_are_wanted_are_wanted)
{
	ck_assert(content_wants(STR("content-type: x")));
	ck_assert(content_wants(STR("Content-Language:x")));
	ck_assert(!content_wants(STR("Content-Length: 5")));
	ck_assert(!content_wants(STR("Subject: Content-Type")));
}
END_TEST

T_SUITE("content", T_LOOP(types_are_read_or_have_a_default, types), T_TEST(the_other_fields_are_read),
	T_TEST(missing_fields_are_nil), T_TEST(only_the_lines_that_are_wanted_are_wanted))
