/* t/t_write.c: the formal syntax written, and that parse(write(x)) is x */
#include "base/utf8.h"
#include "imap/chars.h"
#include "imap/dates.h"
#include "imap/parse.h"
#include "imap/write.h"
#include "t/t.h"

#define S(literal)                                                                                           \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

START_TEST(spaces_come_between_values_only)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	const struct str keywords[] = { S("$Junk"), S("no atom"), S("a") };
	struct writer w;

	writer_init(&w, &out);
	w_untagged(&w);
	w_number(&w, 12);
	w_atom(&w, "FETCH");
	w_open(&w);
	w_atom(&w, "FLAGS");
	w_flags(&w, FLAG_SEEN | FLAG_ANSWERED | FLAG_ANY, keywords, 3);
	w_atom(&w, "X");
	w_open(&w);
	w_close(&w);
	w_nil(&w);
	w_open(&w);
	w_open(&w);
	w_string(&w, STR("a"));
	w_close(&w);
	w_glue(&w);
	w_open(&w);
	w_nstring(&w, (struct str){ 0 });
	w_nstring(&w, STR(""));
	w_close(&w);
	w_close(&w);
	w_atom(&w, "Y");
	w_literal(&w, 3);
	buf_z(&out, "abc");
	w_literal8(&w, 1);
	buf_c(&out, 0);
	w_verbatim(&w, STR("Z"));
	w_close(&w);
	w_crlf(&w);
	t_str_eq(buf_view(&out),
		 STR("* 12 FETCH (FLAGS (\\Answered \\Seen $Junk a \\*) X () NIL ((\"a\")(NIL \"\")) Y "
		     "{3}\r\nabc ~{1}\r\n\0 Z)\r\n"));
}
END_TEST

START_TEST(lines_have_codes_and_texts)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w_tagged(&w, STR("a1"));
	w_atom(&w, "OK");
	w_code_open(&w, "UIDNEXT");
	w_number(&w, UINT64_MAX);
	w_code_close(&w);
	w_text(&w, STR("predicted"));
	w_crlf(&w);
	w_continue(&w);
	w_text(&w, STR("go on"));
	w_crlf(&w);
	w_untagged(&w);
	w_atom(&w, "NO");
	w_code_open(&w, "ALERT");
	w_code_close(&w);
	w_text(&w, STR(""));
	w_crlf(&w);
	t_str_eq(buf_view(&out),
		 STR("a1 OK [UIDNEXT 18446744073709551615] predicted\r\n+ go on\r\n* NO [ALERT] .\r\n"));
}
END_TEST

static const struct {
	struct str in;
	bool utf8;
	struct str want;
} texts[] = {
	{S("plain [text] here"),  false, S("plain [text] here")},
	{ S("[ALERT] no code"),	false, S("?ALERT] no code")  },
	{ S("a\r\nb OK\0\t\x7f"), false, S("a??b OK???")	 },
	{ S("\u263a"),	       false, S("???")	       },
	{ S("\u263a"),	       true,  S("\u263a")		 },
	{ S("\u263a\xff"),	   true,	 S("????")		   },
};

START_TEST(human_text_can_not_break_a_line)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w.utf8 = texts[_i].utf8;
	w_text(&w, texts[_i].in);
	t_str_eq(buf_view(&out), texts[_i].want);
}
END_TEST

static const struct {
	struct str in;
	bool utf8;
	struct str string, astring;
} strings[] = {
	{S("abc"),	    false, S("\"abc\""),	 S("abc")		  },
	{ S(""),	 false, S("\"\""),		   S("\"\"")	     },
	{ S("a b"),	    false, S("\"a b\""),	 S("\"a b\"")	      },
	{ S("NIL"),	    false, S("\"NIL\""),	 S("\"NIL\"")	      },
	{ S("nil"),	    false, S("\"nil\""),	 S("\"nil\"")	      },
	{ S("123"),	    false, S("\"123\""),	 S("\"123\"")	      },
	{ S("a\"b\\c"), false, S("\"a\\\"b\\\\c\""), S("\"a\\\"b\\\\c\"")},
	{ S("[x]"),	    false, S("\"[x]\""),	 S("\"[x]\"")	      },
	{ S("a\tb"),    false, S("\"a\tb\""),	   S("\"a\tb\"")	 },
	{ S("a\r\nb"),  false, S("{4}\r\na\r\nb"),	  S("{4}\r\na\r\nb")  },
	{ S("a\0b\0"),  false, S("{2}\r\nab"),	      S("{2}\r\nab")	     },
	{ S("\x7f"),    false, S("{1}\r\n\x7f"),     S("{1}\r\n\x7f")    },
	{ S("\u00e4"),  false, S("{2}\r\n\u00e4"),	  S("{2}\r\n\u00e4")  },
	{ S("\u00e4"),  true,  S("\"\u00e4\""),      S("\"\u00e4\"")     },
	{ S("\xe4"),    true,  S("{1}\r\n\xe4"),     S("{1}\r\n\xe4")    },
};

START_TEST(a_string_is_said_as_its_octets_allow)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w.utf8 = strings[_i].utf8;
	w_string(&w, strings[_i].in);
	t_str_eq(buf_view(&out), strings[_i].string);
	buf_clear(&out);
	w_glue(&w);
	w_astring(&w, strings[_i].in);
	t_str_eq(buf_view(&out), strings[_i].astring);
}
END_TEST

START_TEST(a_long_string_is_a_literal)
{
	_cleanup_(buf_release) struct buf in = { 0 }, out = { 0 };
	struct writer w;

	for (int i = 0; i < 1001; i++)
		buf_c(&in, 'a');
	writer_init(&w, &out);
	w_astring(&w, buf_view(&in));
	ck_assert(str_starts(buf_view(&out), STR("{1001}\r\na")));
	ck_assert_uint_eq(out.n, 8 + 1001);
}
END_TEST

static const struct {
	const char *name;
	bool utf8;
	const char *want;
} mailboxes[] = {
	{"INBOX",   false, "INBOX"	  },
	     { "\u263a", false, "&Jjo-"	},
	       { "\u263a", true,	 "\"\u263a\"" },
	{ "a&b",	 false, "a&-b"       },
	     { "a&b",    true,  "a&b"	  },
	       { "a b",	false, "\"a b\""	 },
	{ "a{b",	 false, "\"a{b\""	  },
	     { "a(b",    false, "\"a(b\""    },
	       { "%",      false, "\"%\""	     },
	{ "",	      false, "\"\""	    },
	     { "\xe4",   false, "{1}\r\n\xe4"}, /* no UTF-8: never made by p_mailbox()
	*/
};

START_TEST(a_mailbox_is_quoted_when_needed)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w.utf8 = mailboxes[_i].utf8;
	w_mailbox(&w, str_z(mailboxes[_i].name));
	t_str_eq(buf_view(&out), str_z(mailboxes[_i].want));
}
END_TEST

START_TEST(separators_are_quoted)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w_separator(&w, '.');
	w_separator(&w, '\\');
	w_separator(&w, 0);
	t_str_eq(buf_view(&out), STR("\".\" \"\\\\\" NIL"));
}
END_TEST

static const struct {
	struct date_time t;
	const char *want;
} times[] = {
	{{ 0, 0 },		    "\"01-Jan-1970 00:00:00 +0000\""},
	{ { 837596665, -420 },  "\"17-Jul-1996 02:44:25 -0700\""},
	{ { -1, 90 },	      "\"01-Jan-1970 01:29:59 +0130\""},
	{ { -1, -1 },	      "\"31-Dec-1969 23:58:59 -0001\""},
	{ { INT64_MAX / 2, 0 }, "\"31-Dec-9999 23:59:59 +0000\""},
	{ { INT64_MIN / 2, 0 }, "\"01-Jan-0000 00:00:00 +0000\""},
};

START_TEST(times_are_in_their_zone_and_four_digit_years)
{
	_cleanup_(buf_release) struct buf out = { 0 };
	struct writer w;

	writer_init(&w, &out);
	w_date_time(&w, times[_i].t);
	t_str_eq(buf_view(&out), str_z(times[_i].want));
}
END_TEST

static const char *const sections[] = {
	"[]",
	"[1]",
	"[1.20.3]",
	"[HEADER]",
	"[TEXT]",
	"[4.MIME]",
	"[4.5.TEXT]",
	"[HEADER.FIELDS (From \"To you\")]",
	"[2.HEADER.FIELDS.NOT (A B C)]",
};

START_TEST(a_section_comes_back_as_it_was_asked_for)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 }, want = { 0 };
	const struct partial from = { 5, 6 };
	struct section s;
	struct writer w;
	struct cursor c;

	cursor_init(&c, &arena, str_z(sections[_i]));
	ck_assert(p_section(&c, &s));
	writer_init(&w, &out);
	w_section(&w, "BODY", &s, NULL);
	w_section(&w, "BODY", &s, &from);
	w_nil(&w);
	buf_printf(&want, "BODY%s BODY%s<5> NIL", sections[_i], sections[_i]);
	t_str_eq(buf_view(&out), buf_view(&want));
}
END_TEST

/* Random values: each test makes its own, from its own seed, writes them and parses them again. */
struct chance {
	uint64_t seed;
};

static uint32_t below(struct chance *r, uint32_t n)
{
	r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->seed >> 33) % n;
}

static struct str random_octets(struct chance *r, struct arena *a, uint32_t first, uint32_t last,
				size_t least)
{
	const size_t n = least + below(r, below(r, 50) ? 12 : 2000);
	char *s = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++)
		s[i] = (char)(first + below(r, last - first + 1));
	return (struct str){ s, n };
}

static struct str random_name(struct chance *r, struct arena *a)
{
	static const uint32_t edges[] = { ' ',	  '&',	  '-',	  '~',	  0xa0,	   0xff,
					  0x2027, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff };
	_cleanup_(buf_release) struct buf b = { 0 };

	for (uint32_t n = below(r, 12); n; n--)
		utf8_put(&b, below(r, 2) ? edges[below(r, COUNT(edges))] : ' ' + below(r, 95));
	return arena_str(a, buf_view(&b));
}

enum { ROUNDS = 3000 };

START_TEST(strings_come_back)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };
	struct chance r = { 1 };

	for (int i = 0; i < ROUNDS; i++) {
		const struct str any = random_octets(&r, &arena, 1, 255, 0), name = random_name(&r, &arena);
		struct str s, as, nil, box;
		struct cursor c;
		struct writer w;

		writer_init(&w, &out);
		w.utf8 = below(&r, 2);
		w_string(&w, any);
		w_astring(&w, any);
		w_nstring(&w, below(&r, 2) ? any : (struct str){ 0 });
		w_mailbox(&w, name);
		cursor_init(&c, &arena, buf_view(&out));
		c.utf8 = w.utf8;
		if (!(p_string(&c, &s) && p_sp(&c) && p_astring(&c, &as) && p_sp(&c) && p_nstring(&c, &nil) &&
		      p_sp(&c) && p_mailbox(&c, &box) && p_end(&c)))
			ck_abort_msg("%s: %s", parse_complaint(&c), buf_cstr(&out));
		t_str_eq(s, any);
		t_str_eq(as, any);
		ck_assert(!nil.s || str_eq(nil, any));
		t_str_eq(box, str_ieq(name, STR("INBOX")) ? STR("INBOX") : name);
		buf_clear(&out);
		arena_reset(&arena);
	}
}
END_TEST

START_TEST(numbers_sets_and_times_come_back)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };
	struct chance r = { 2 };

	for (int i = 0; i < ROUNDS; i++) {
		const uint64_t number = ((uint64_t)below(&r, UINT32_MAX) << 32 | below(&r, UINT32_MAX)) >>
					(1 + below(&r, 63));
		const struct date_time t = { (int64_t)below(&r, UINT32_MAX) * 60 - 60000000000,
					     (int)below(&r, 2879) - 1439 };
		struct seq v[5];
		struct seqset set = { v, 1 + below(&r, 5), false }, got;
		struct date_time got_t;
		uint64_t got_number;
		struct cursor c;
		struct writer w;

		for (size_t j = 0; j < set.n; j++)
			v[j] = (struct seq){ below(&r, 3) ? below(&r, 50) : UINT32_MAX - below(&r, 3),
					     below(&r, 50) };
		writer_init(&w, &out);
		w_number(&w, number);
		w_sequence_set(&w, set);
		w_date_time(&w, t);
		cursor_init(&c, &arena, buf_view(&out));
		if (!(p_number64(&c, &got_number) && p_sp(&c) && p_sequence_set(&c, &got) && p_sp(&c) &&
		      p_date_time(&c, &got_t) && p_end(&c)))
			ck_abort_msg("%s: %s", parse_complaint(&c), buf_cstr(&out));
		ck_assert(got_number == number && got.n == set.n && memcmp(got.v, v, set.n * sizeof *v) == 0);
		ck_assert(got_t.unix_time == t.unix_time && got_t.zone == t.zone);
		buf_clear(&out);
		arena_reset(&arena);
	}
}
END_TEST

START_TEST(uid_sets_come_back)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };
	struct chance r = { 3 };

	for (int i = 0; i < ROUNDS; i++) {
		struct uidset set, got;
		struct seqset parsed;
		struct cursor c;
		struct writer w;

		uidset_init(&set, &arena);
		uidset_init(&got, &arena);
		for (uint32_t n = 1 + below(&r, 40); n; n--)
			uidset_add(&set, 1 + below(&r, 100));
		writer_init(&w, &out);
		w_uid_set(&w, &set);
		cursor_init(&c, &arena, buf_view(&out));
		ck_assert(p_uid_set(&c, &parsed) && p_end(&c));
		seqset_resolve(parsed, 0, &got);
		uidset_settle(&got);
		ck_assert(got.n == set.n && got.n == parsed.n);
		ck_assert(memcmp(got.v, set.v, set.n * sizeof *set.v) == 0);
		buf_clear(&out);
		arena_reset(&arena);
	}
}
END_TEST

START_TEST(flags_come_back)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf out = { 0 };
	struct chance r = { 4 };

	for (int i = 0; i < ROUNDS; i++) {
		const unsigned system = below(&r, 32);
		struct str keywords[5];
		const size_t n = below(&r, 5);
		struct flags got;
		struct cursor c;
		struct writer w;

		for (size_t j = 0; j < n; j++)
			do
				keywords[j] = random_octets(&r, &arena, '!', '~', 1);
			while (!chars_all(keywords[j], char_atom));
		writer_init(&w, &out);
		w_flags(&w, system, keywords, n);
		cursor_init(&c, &arena, buf_view(&out));
		if (!(p_flag_list(&c, &got) && p_end(&c)))
			ck_abort_msg("%s: %s", parse_complaint(&c), buf_cstr(&out));
		ck_assert(got.system == system && got.keywords.n == n);
		for (size_t j = 0; j < n; j++)
			t_str_eq(got.keywords.v[j], keywords[j]);
		buf_clear(&out);
		arena_reset(&arena);
	}
}
END_TEST

T_SUITE("write", T_TEST(spaces_come_between_values_only), T_TEST(lines_have_codes_and_texts),
	T_LOOP(human_text_can_not_break_a_line, texts), T_LOOP(a_string_is_said_as_its_octets_allow, strings),
	T_TEST(a_long_string_is_a_literal), T_LOOP(a_mailbox_is_quoted_when_needed, mailboxes),
	T_TEST(separators_are_quoted), T_LOOP(times_are_in_their_zone_and_four_digit_years, times),
	T_LOOP(a_section_comes_back_as_it_was_asked_for, sections), T_TEST(strings_come_back),
	T_TEST(numbers_sets_and_times_come_back), T_TEST(uid_sets_come_back), T_TEST(flags_come_back))
