/* t/t_parse.c: terminals, strings, numbers, lists, and what is said where they don't match */
#include "imap/chars.h"
#include "imap/parse.h"
#include "t/t.h"

#define S(literal)                                                                                           \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

typedef bool str_rule(struct cursor *, struct str *);

static const struct {
	const char *name;
	str_rule *rule;
	struct str in;
	bool matches;
	struct str want, rest;
} strings[] = {
	{"tag",			   p_tag,		S("a.1] LOGIN"),			 true,  S("a.1]"),	  S(" LOGIN")  },
	{ "no + in a tag",		   p_tag,	  S("a+ LOGIN"),			 true,  S("a"),	       S("+ LOGIN") },
	{ "no tag",		       p_tag,	   S("+ x"),			     false, S(""),	   S("")	 },
	{ "empty tag",		       p_tag,	      S(""),			     false, S(""),	   S("")	 },
	{ "a name",		       p_command_name, S("fetch 1"),			  true,	S("fetch"),	    S(" 1")	    },
	{ "UID and a name",		    p_command_name, S("uid Fetch 1"),		      true,  S("uid Fetch"),  S(" 1")	    },
	{ "UID alone",		       p_command_name, S("UID"),			 true,  S("UID"),	 S("")	       },
	{ "UID and two spaces",		p_command_name, S("UID  FETCH"),			 true,  S("UID"),	 S("  FETCH") },
	{ "UIDX is no UID",		    p_command_name, S("UIDX FETCH"),		     true,  S("UIDX"),	      S(" FETCH")  },
	{ "atom",			 p_atom,	  S("a[b)"),			     true,  S("a[b"),	     S(")")	    },
	{ "8-bit is no atom",	      p_atom,	      S("a\xc3\xa4"),		      true,  S("a"),	    S("\xc3\xa4")},
	{ "controls are no atom",	  p_atom,	  S("\x01"),			     false, S(""),	   S("")	 },
	{ "DEL is no atom",		    p_atom,	    S("\x7f"),			       false, S(""),	     S("")	   },
	{ "quoted",		       p_quoted,	      S("\"a b\"c"),		     true,  S("a b"),	     S("c")	    },
	{ "quoted, empty",		   p_quoted,	     S("\"\""),			true,  S(""),	     S("")	   },
	{ "quoted, escapes",		     p_quoted,       S("\"\\\\a\\\"\" "),		    true,  S("\\a\""),      S(" ")	     },
	{ "quoted, another escape",	    p_quoted,	      S("\"\\n\""),			    false, S(""),		  S("")	},
	{ "quoted, escape at the end",    p_quoted,	 S("\"\\"),			    false, S(""),		  S("")	},
	{ "quoted, escaped end",		 p_quoted,	   S("\"a\\\""),			 false, S(""),	       S("")	     },
	{ "quoted, not ended",	       p_quoted,	 S("\"abc"),			     false, S(""),	   S("")	 },
	{ "quoted, over a line",		 p_quoted,	   S("\"a\r\nb\""),		    false, S(""),		  S("")	},
	{ "quoted, NUL",			 p_quoted,	   S("\"a\0b\""),			  false, S(""),		S("")	      },
	{ "quoted, UTF-8",		   p_quoted,	     S("\"\xc3\xa4\""),		true,  S("\xc3\xa4"),   S("")	   },
	{ "quoted, Latin 1",		     p_quoted,       S("\"\xe4\""),		      false, S(""),	    S("")	  },
	{ "quoted, overlong UTF-8",	    p_quoted,	      S("\"\xc0\xaf\""),		 false, S(""),	       S("")	     },
	{ "literal",		      p_literal,	S("{3}\r\na b c"),		   true,	 S("a b"),	   S(" c")	   },
	{ "literal+",		      p_literal,	 S("{3+}\r\na b"),		   true,	 S("a b"),	   S("")	 },
	{ "literal, empty",		    p_literal,      S("{0}\r\n)"),		      true,  S(""),	   S(")")	  },
	{ "literal, line ends and 8-bit", p_literal,	     S("{4}\r\n\r\n\xff\""),	     true,  S("\r\n\xff\""), S("")	  },
	{ "literal, too few octets",	     p_literal,	S("{4}\r\nabc"),			 false, S(""),	       S("")	     },
	{ "literal, NUL",		  p_literal,	     S("{1}\r\n\0"),		     false, S(""),	   S("")	 },
	{ "literal, bare LF",	      p_literal,	 S("{1}\na"),		      false, S(""),	    S("")	  },
	{ "literal, no number",		p_literal,	   S("{}\r\na"),			 false, S(""),	       S("")	     },
	{ "literal, minus",		    p_literal,      S("{-1}\r\na"),		       false, S(""),	     S("")	   },
	{ "literal, 2^64 + 1",	       p_literal,	  S("{18446744073709551617}\r\na"), false, S(""),		  S("")	},
	{ "literal, 2^63",		   p_literal,      S("{9223372036854775808}\r\na"),  false, S(""),	     S("")	   },
	{ "literal8 is no literal",	    p_literal,      S("~{1}\r\na"),		       false, S(""),	     S("")	   },
	{ "literal8",		      p_literal8,	  S("~{2}\r\n\0a"),		    true,  S("\0a"),	    S("")	  },
	{ "literal8 without ~",		p_literal8,	    S("{2}\r\n\0a"),		     true,  S("\0a"),	     S("")	   },
	{ "a string is no atom",		 p_string,	   S("abc"),			     false, S(""),	   S("")	 },
	{ "string, literal",		     p_string,       S("{1}\r\na"),		      true,  S("a"),	    S("")	  },
	{ "nstring",		      p_nstring,	S("\"NIL\""),		      true,  S("NIL"),	      S("")	    },
	{ "nstring, no atom",	      p_nstring,	 S("NILX"),			    false, S(""),		  S("")	},
	{ "astring, atom",		   p_astring,      S("a]b c"),			  true,	S("a]b"),	  S(" c")	  },
	{ "astring, no wildcard",	  p_astring,	     S("a%"),			      true,  S("a"),	    S("%")	   },
	{ "astring, quoted",		     p_astring,	S("\"a%\""),			     true,  S("a%"),	    S("")	  },
	{ "astring, no list",	      p_astring,	 S("("),				 false, S(""),	       S("")	     },
};

START_TEST(a_string_matches_or_takes_nothing)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct str before = STR("before");
	struct str ret = before;
	struct cursor c;

	cursor_init(&c, &arena, strings[_i].in);
	ck_assert_msg(strings[_i].rule(&c, &ret) == strings[_i].matches, "%s", strings[_i].name);
	t_str_eq(ret, strings[_i].matches ? strings[_i].want : before);
	t_str_eq(c.rest, strings[_i].matches ? strings[_i].rest : strings[_i].in);
}
END_TEST

START_TEST(nil_is_no_empty_string)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str ret = STR("x");
	struct cursor c;

	cursor_init(&c, &arena, STR("nil \"\" {0}\r\n"));
	ck_assert(p_nstring(&c, &ret));
	ck_assert_ptr_null(ret.s);
	ck_assert(p_sp(&c) && p_nstring(&c, &ret));
	ck_assert(ret.s && ret.n == 0);
	ck_assert(p_sp(&c) && p_nstring(&c, &ret) && p_end(&c));
	ck_assert(ret.s && ret.n == 0);
}
END_TEST

static const struct {
	const char *in;
	bool number, nz, number64;
	uint64_t value;
} numbers[] = {
	{"0",			true,  false, true,  0	    },
	{ "1",		       true,  true,  true,	 1	   },
	{ "01",		      true,  false, true,  1	     },
	{ "4294967295",		true,  true,  true,  4294967295},
	{ "4294967296",		false, false, true,  4294967296},
	{ "9223372036854775807",	 false, false, true,  INT64_MAX },
	{ "9223372036854775808",	 false, false, false, 0		},
	{ "99999999999999999999999", false, false, false, 0	    },
	{ "-1",		      false, false, false, 0	       },
	{ "+1",		      false, false, false, 0	       },
	{ "",			false, false, false, 0	     },
	{ "x",		       false, false, false, 0	      },
};

START_TEST(numbers_fit_or_do_not_match)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	uint32_t n = 77, nz = 77;
	uint64_t n64 = 77;
	struct cursor c;

	cursor_init(&c, &arena, str_z(numbers[_i].in));
	ck_assert_int_eq(p_number(&c, &n), numbers[_i].number);
	ck_assert_uint_eq(n, numbers[_i].number ? numbers[_i].value : 77);
	cursor_init(&c, &arena, str_z(numbers[_i].in));
	ck_assert_int_eq(p_nz_number(&c, &nz), numbers[_i].nz);
	ck_assert_uint_eq(nz, numbers[_i].nz ? numbers[_i].value : 77);
	cursor_init(&c, &arena, str_z(numbers[_i].in));
	ck_assert_int_eq(p_number64(&c, &n64), numbers[_i].number64);
	ck_assert_uint_eq(n64, numbers[_i].number64 ? numbers[_i].value : 77);
}
END_TEST

static const struct {
	const char *in, *rest;
	size_t n; /* 0: no match */
	struct seq v[3];
} sets[] = {
	{"4:2,7,*",     "",		 3, { { 4, 2 }, { 7, 7 }, { 0, 0 } }},
	{ "5:* (FLAGS", " (FLAGS",	   1, { { 5, 0 } }			   },
	{ "*:5",	 "",	     1, { { 0, 5 } }		     },
	{ "*:*",	 "",	     1, { { 0, 0 } }		     },
	{ "4294967295", "",	    1, { { UINT32_MAX, UINT32_MAX } }  },
	{ "4294967296", "4294967296", 0, { { 0 } }			   },
	{ "0",	       "0",	    0, { { 0 } }			 },
	{ "0:5",	 "0:5",	0, { { 0 } }			     },
	{ "1:",		"1:",	      0, { { 0 } }			   },
	{ "1,",		"1,",	      0, { { 0 } }			   },
	{ "1,,2",	  "1,,2",	  0, { { 0 } }		       },
	{ ",1",		",1",	      0, { { 0 } }			   },
	{ "1:2:3",	   ":3",	 1, { { 1, 2 } }			 },
	{ "",	      "",		  0, { { 0 } }		       },
};

START_TEST(sequence_sets_are_what_was_written)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct seqset set;
	struct cursor c;

	cursor_init(&c, &arena, str_z(sets[_i].in));
	ck_assert_int_eq(p_sequence_set(&c, &set), sets[_i].n > 0);
	t_str_eq(c.rest, str_z(sets[_i].rest));
	if (sets[_i].n) {
		ck_assert_uint_eq(set.n, sets[_i].n);
		ck_assert(!set.saved);
		ck_assert_mem_eq(set.v, sets[_i].v, set.n * sizeof *set.v);
	}
}
END_TEST

START_TEST(only_sequence_sets_have_stars_and_saved_results)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct seqset set;
	struct cursor c;

	cursor_init(&c, &arena, STR("$ 1"));
	ck_assert(!p_uid_set(&c, &set) && p_sequence_set(&c, &set));
	ck_assert(set.saved && set.n == 0);
	cursor_init(&c, &arena, STR("1:*"));
	ck_assert(!p_uid_set(&c, &set));
	cursor_init(&c, &arena, STR("9:3,5"));
	ck_assert(p_uid_set(&c, &set) && p_end(&c) && set.n == 2);
}
END_TEST

START_TEST(a_word_ends_where_it_ends)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	static const char *const words[] = { "RFC822", "RFC822.SIZE", "BODY", NULL };
	size_t which = 77;
	struct cursor c;

	cursor_init(&c, &arena, STR("rfc822.size body[] RFC822x"));
	ck_assert(!p_word(&c, "RFC822"));
	ck_assert(p_one_of(&c, words, &which) && which == 1 && p_sp(&c));
	ck_assert(p_one_of(&c, words, &which) && which == 2);
	ck_assert(p_char(&c, '[') && p_char(&c, ']') && p_sp(&c));
	ck_assert(!p_one_of(&c, words, &which) && which == 2);
	t_str_eq(c.rest, STR("RFC822x"));
}
END_TEST

START_TEST(lists_are_in_parentheses_and_not_empty)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	static const char *const bad[] = { "()", "(a", "(a )", "( a)", "(a  b)", "a", "(a(b))", "" };
	struct strs list = { 0 };
	struct cursor c;

	cursor_init(&c, &arena, STR("(a \"b c\" {1}\r\nd)"));
	ck_assert(p_list(&c, p_astring, &list) && p_end(&c) && list.n == 3);
	t_str_eq(list.v[1], STR("b c"));
	t_str_eq(list.v[2], STR("d"));
	for (size_t i = 0; i < COUNT(bad); i++) {
		cursor_init(&c, &arena, str_z(bad[i]));
		ck_assert_msg(!p_list(&c, p_astring, &list), "%s", bad[i]);
		t_str_eq(c.rest, str_z(bad[i]));
	}
}
END_TEST

static const struct {
	struct str in, rest;
	bool matches;
	struct announcement want;
} announcements[] = {
	{S("{5}\r\nabcde"), S("abcde"), true,  { 5, true, false } },
	{ S("{5+}\r\n"),	 S(""),	true,  { 5, false, false }},
	{ S("~{0}\r\n"),	 S(""),	true,  { 0, true, true }	},
	{ S("~{7+}\r\n"),	  S(""),	 true,  { 7, false, true } },
	{ S("~\"x\""),      S(""),      false, { 0 }		   },
	{ S("{5}"),	    S(""),	   false, { 0 }		},
	{ S("{5-}\r\n"),	 S(""),	false, { 0 }		     },
	{ S("\"x\""),	      S(""),	     false, { 0 }		  },
};

START_TEST(an_announcement_needs_no_octets)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct announcement a;
	struct cursor c;

	cursor_init(&c, &arena, announcements[_i].in);
	ck_assert_int_eq(p_announcement(&c, &a), announcements[_i].matches);
	t_str_eq(c.rest, announcements[_i].matches ? announcements[_i].rest : announcements[_i].in);
	if (announcements[_i].matches) {
		ck_assert_uint_eq(a.octets, announcements[_i].want.octets);
		ck_assert_int_eq(a.sync, announcements[_i].want.sync);
		ck_assert_int_eq(a.binary, announcements[_i].want.binary);
	}
}
END_TEST

/* As a handler does it: COPY, a set, a mailbox. */
static bool copy(struct cursor *c)
{
	struct seqset set;
	struct str s;

	return p_tag(c, &s) && p_sp(c) && p_word(c, "COPY") && p_sp(c) && p_sequence_set(c, &set) &&
	       p_sp(c) && p_mailbox(c, &s) && p_end(c);
}

static const struct {
	struct str in;
	const char *complaint;
} complaints[] = {
	{S("a COPY 1 x y"),			     "expected the end of the command at column 11, before \" y\""	   },
	{ S("a COPY 1"),			       "expected \":\", \",\" or a space at column 9, where the command ends"},
	{ S("a COPY 1:x y"),			     "expected a number from 1 to 4294967295 at column 10, before \"x y\"" },
	{ S("a COPY 0 y"),			     "expected a number from 1 to 4294967295 at column 8, before \"0 y\""	},
	{ S("a MOVE 1 y"),			     "expected \"COPY\" at column 3, before \"MOVE 1 y\""			},
	{ S("a COPY 1 &"),			     "expected a mailbox name in modified UTF-7 at column 10, before \"&\""},
	{ S("a COPY 1 \"a\\b\""),			  "expected \\\" or \\\\ at column 13, before \"b\"\""		       },
	{ S("a COPY 1 \"0123456789\r\n\xff\x7f tail"),
	  "expected the quoted string's end at column 21, before \"???? tail\""						},
	{ S(""),				       "expected a tag at column 1, where the command ends"		      },
};

START_TEST(a_complaint_names_the_furthest_place)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct cursor c;

	cursor_init(&c, &arena, complaints[_i].in);
	ck_assert(!copy(&c));
	ck_assert_str_eq(parse_complaint(&c), complaints[_i].complaint);
}
END_TEST

START_TEST(a_complaint_is_short_and_one_line)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	char text[300];
	struct cursor c;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)i;
	for (size_t i = 0; i < sizeof text; i++) {
		struct str s;
		const char *complaint;

		cursor_init(&c, &arena, (struct str){ text + i, sizeof text - i });
		while (p_atom(&c, &s))
			;
		p_expected(&c, "something else");
		complaint = parse_complaint(&c);
		ck_assert_uint_lt(strlen(complaint), 120);
		for (const char *p = complaint; *p; p++)
			ck_assert(*p >= ' ' && *p < 0x7f);
	}
}
END_TEST

START_TEST(a_rule_of_its_own_replaces_what_its_words_said)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	static const char *const words[] = { "A", "B", "C", "D", "E", NULL };
	size_t which;
	struct cursor c;

	cursor_init(&c, &arena, STR("X"));
	ck_assert(!p_one_of(&c, words, &which));
	ck_assert_str_eq(parse_complaint(&c), "not understood at column 1, before \"X\"");
	ck_assert(!p_expected(&c, "a letter"));
	ck_assert_str_eq(parse_complaint(&c), "expected a letter at column 1, before \"X\"");
}
END_TEST

START_TEST(classes_are_those_of_the_grammar)
{
	for (int i = 0; i < 256; i++) {
		const char c = (char)i;
		const bool special = i < 0x80 && i && strchr("(){ %*\"\\]", i);
		const bool atom = i > 0x20 && i < 0x7f && !special;

		ck_assert_int_eq(char_atom(c), atom);
		ck_assert_int_eq(char_astring(c), atom || c == ']');
		ck_assert_int_eq(char_list(c), atom || c == ']' || c == '%' || c == '*');
		ck_assert_int_eq(char_tag(c), (atom && c != '+') || c == ']');
	}
}
END_TEST

T_SUITE("parse", T_LOOP(a_string_matches_or_takes_nothing, strings), T_TEST(nil_is_no_empty_string),
	T_LOOP(numbers_fit_or_do_not_match, numbers), T_LOOP(sequence_sets_are_what_was_written, sets),
	T_TEST(only_sequence_sets_have_stars_and_saved_results), T_TEST(a_word_ends_where_it_ends),
	T_TEST(lists_are_in_parentheses_and_not_empty),
	T_LOOP(an_announcement_needs_no_octets, announcements),
	T_LOOP(a_complaint_names_the_furthest_place, complaints), T_TEST(a_complaint_is_short_and_one_line),
	T_TEST(a_rule_of_its_own_replaces_what_its_words_said), T_TEST(classes_are_those_of_the_grammar))
