/* t/t_facts.c: which fields are kept of a header, and what messages are sorted by */
#include "facts.h"
#include "mail/header.h"
#include "t/t.h"

static const struct {
	const char *name;
	bool kept;
} names[] = {
	{ "Subject", true },	 { "subject", true },	   { "List-Unsubscribe", true }, { "Received", false },
	{ "RECEIVED-SPF", false }, { "ARC-Seal", false },  { "DKIM-Signature", false },	 { "X-Priority", true },
	{ "X-Microsoft-Exchange-Diagnostics", false },	   { "X-Mozilla-Status2", true }, { "", false },
	{ "Receive", true },	 { "X", true },		   { "X-", false },
};

START_TEST(what_clients_ask_for_is_kept)
{
	ck_assert_int_eq(fields_kept(str_z(names[_i].name)), names[_i].kept);
}
END_TEST

/* Whatever the header is, what is kept of it has the same fields of those names. */
static const char *const headers[] = {
	"Received: a\r\n b\r\nSubject: x\r\n\ty\r\nX-Foo: bar\r\nsubject : z\r\n\r\n",
	"From joe Mon\nReceived: a\nFrom: b\n\n",
	" starts folded\nTo: a",
	"no colon\nTo: a\n folded\nX-a: b\n also folded\n: empty\nCc:\n\n",
	"\n",
	"",
	"To: \xff\x80 \"\n\n",
};

START_TEST(fields_stay_as_they_are)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str header = str_z(headers[_i]), text, line;
	struct field want, got;
	struct fields fields;
	unsigned number;

	fields_make(&b, header);
	ck_assert(fields_open(buf_view(&b), &fields));
	text = fields.text;
	while (header_next(&header, &want)) {
		if (!fields_kept(want.name))
			continue;
		ck_assert(header_next(&text, &got));
		ck_assert(fields_next(&fields, &number, &line));
		t_str_eq(got.line, line);
		ck_assert(str_ends(line, STR("\r\n")));
		t_str_eq(got.name, want.name);
		t_str_eq(header_unfold(&a, got.value), header_unfold(&a, want.value));
		ck_assert_uint_eq(number, field_number(want.name));
	}
	ck_assert(!header_next(&text, &got));
	ck_assert(!fields_next(&fields, &number, &line));
	for (size_t n = 0; n < b.n; n++)
		ck_assert(!fields_open((struct str){ b.s, n }, &fields));
}
END_TEST

START_TEST(a_value_is_found_by_the_number_of_its_field)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct fields fields;
	struct str value;

	fields_make(&b, STR("To: a\nFROM : b\n c\nTo:d\nReceived: e\n\n"));
	ck_assert(fields_open(buf_view(&b), &fields));
	ck_assert(fields_value(&fields, FIELD_TO, &value));
	t_str_eq(value, STR(" a"));
	ck_assert(fields_value(&fields, FIELD_FROM, &value));
	t_str_eq(value, STR(" b\r\n c"));
	ck_assert(fields_value(&fields, FIELD_TO, &value));
	t_str_eq(value, STR("d"));
	ck_assert(!fields_value(&fields, FIELD_TO, &value));
	ck_assert_uint_eq(field_number(STR("bCC")), FIELD_BCC);
	ck_assert_uint_eq(field_number(STR("none")), 0);
}
END_TEST

START_TEST(an_order_is_read_as_it_was_made)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct order o;
	struct str id;

	order_make(&b, &a,
		   STR("Subject: Re: =?utf-8?q?=C3=A4h?= x\nMessage-ID: <a@b>\nDate: Thu, 01 Jan 1970 01:00:10 +0100\n"
		       "References: <1@x> <2@x>\n  <3@x>\nIn-Reply-To: <4@x>\n"),
		   99);
	ck_assert(order_read(buf_view(&b), &o));
	ck_assert_int_eq(o.arrived, 99);
	ck_assert_int_eq(o.sent, 10);
	ck_assert(o.reply);
	t_str_eq(o.subject, STR("A\xcc\x88H X"));
	t_str_eq(o.id, STR("a@b"));
	ck_assert_uint_eq(o.nreferences, 3);
	for (int i = 1; order_reference(&o.references, &id); i++)
		ck_assert_int_eq(id.s[0], '0' + i);
	for (size_t n = 0; n < b.n; n++) {	/* cut off anywhere, it is less, or nothing */
		_cleanup_(buf_release) struct buf cut = { 0 };

		buf_add(&cut, b.s, n);
		ck_assert(!order_read(buf_view(&cut), &o) || o.nreferences < 3);
	}
}
END_TEST

START_TEST(what_is_missing_is_empty)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct order o;
	struct str id;

	order_make(&b, &a, STR("In-Reply-To: <4@x> <5@x>\nDate: never\n"), -5);
	ck_assert(order_read(buf_view(&b), &o));
	ck_assert_int_eq(o.arrived, -5);
	ck_assert_int_eq(o.sent, -5);
	ck_assert_uint_eq(o.subject.n + o.id.n, 0);
	ck_assert_uint_eq(o.nreferences, 1);
	ck_assert(order_reference(&o.references, &id));
	t_str_eq(id, STR("4@x"));
	ck_assert(!order_reference(&o.references, &id));
}
END_TEST

START_TEST(texts_are_what_is_looked_for)
{
	static const struct {
		unsigned number;
		const char *text;
	} want[] = {
		{ FIELD_TO, "ANN <A@B>" }, { FIELD_SUBJECT, "A\xcc\x88 TWO  LINES" }, { FIELD_CC, "" },
		{ FIELD_TO, "E\xcc\x81" }, { FIELD_BCC, "B" }, { FIELD_FROM, "\xe2\x82\xac" },
	};
	_cleanup_(buf_release) struct buf kept = { 0 }, b = { 0 };
	struct fields fields;
	struct str rest, text;
	unsigned number;

	fields_make(&kept, STR("To: Ann <a@b> \nX-To: no\nSubject: =?utf-8?q?=C3=A4?= two\n  lines\nCc:\nReply-To: no\nTO:\xe9\nBcc: b\n"
			       "From: =?windows-1252?q?=80?=\n\n"));
	ck_assert(fields_open(buf_view(&kept), &fields));
	texts_make(&b, fields);
	rest = buf_view(&b);
	for (size_t i = 0; i < COUNT(want); i++) {
		ck_assert(texts_next(&rest, &number, &text));
		ck_assert_uint_eq(number, want[i].number);
		t_str_eq(text, str_z(want[i].text));
	}
	ck_assert(!texts_next(&rest, &number, &text));
	for (size_t n = 0; n < b.n; n++) {	/* cut off anywhere, it is less */
		size_t left = 0;

		rest = str_head(buf_view(&b), n);
		while (texts_next(&rest, &number, &text))
			left++;
		ck_assert_uint_lt(left, COUNT(want));
	}
}
END_TEST

T_SUITE("facts", T_LOOP(what_clients_ask_for_is_kept, names), T_LOOP(fields_stay_as_they_are, headers),
	T_TEST(a_value_is_found_by_the_number_of_its_field), T_TEST(an_order_is_read_as_it_was_made), T_TEST(what_is_missing_is_empty),
	T_TEST(texts_are_what_is_looked_for))
