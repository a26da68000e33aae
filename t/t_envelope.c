/* t/t_envelope.c: what ENVELOPE tells of a message */
#include "mail/envelope.h"
#include "t/address.h"
#include "t/t.h"

static const struct {
	const char *in, *from, *sender, *reply_to, *to;
} envelopes[] = {
	{ "From: a@x\n\n",                          "NIL/NIL/a/x;", "NIL/NIL/a/x;", "NIL/NIL/a/x;", "" },
	{ "From: a@x\nSender:\nReply-To: ,\n\n",    "NIL/NIL/a/x;", "NIL/NIL/a/x;", "NIL/NIL/a/x;", "" },
	{ "From: a@x\nSender: b@y\nReply-To: c@z\n", "NIL/NIL/a/x;", "NIL/NIL/b/y;", "NIL/NIL/c/z;", "" },
	{ "To: a@x\nto: b@y\n\n",                   "", "", "", "NIL/NIL/a/x;NIL/NIL/b/y;" },
	{ "\nFrom: a@x\n",                          "", "", "", "" },
};

START_TEST(sender_and_reply_to_are_from_when_missing)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct envelope e;

	envelope_parse(&a, str_z(envelopes[_i].in), &e);
	const struct addresses *got[] = { &e.from, &e.sender, &e.reply_to, &e.to };
	const char *want[] = { envelopes[_i].from, envelopes[_i].sender, envelopes[_i].reply_to, envelopes[_i].to };
	for (size_t i = 0; i < COUNT(got); i++) {
		_cleanup_(buf_release) struct buf b = { 0 };

		t_show_list(&b, got[i]);
		t_str_eq(buf_view(&b), str_z(want[i]));
	}
}
END_TEST

START_TEST(an_envelope_has_the_first_of_each_field_in_one_line)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct envelope e;

	envelope_parse(&a,
		       STR("Date: Mon, 1 Jan 2024\r\n 10:00:00 +0100\r\nSUBJECT: one\r\n\ttwo \"\\\r\nsubject: no\r\n"
			   "Message-Id: <a@b>\r\nIn-Reply-To:\r\nX: y\r\n\r\n"),
		       &e);
	t_str_eq(e.date, STR("Mon, 1 Jan 2024 10:00:00 +0100"));
	t_str_eq(e.subject, STR("one\ttwo \"\\"));
	t_str_eq(e.message_id, STR("<a@b>"));
	ck_assert_ptr_nonnull(e.in_reply_to.s); /* there, but empty: not NIL */
	ck_assert_uint_eq(e.in_reply_to.n, 0);
	envelope_parse(&a, STR(""), &e);
	ck_assert_ptr_null(e.date.s);
	ck_assert_ptr_null(e.subject.s);
	ck_assert_ptr_null(e.message_id.s);
	ck_assert_uint_eq(e.from.n, 0);
}
END_TEST

T_SUITE("envelope", T_LOOP(sender_and_reply_to_are_from_when_missing, envelopes),
	T_TEST(an_envelope_has_the_first_of_each_field_in_one_line))
