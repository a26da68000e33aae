/* t/t_parse_mail.c: mailboxes, flags, sections and ID */
#include "base/buf.h"
#include "imap/parse.h"
#include "t/t.h"

#define S(literal)                                                                                           \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

/* want.s is NULL where the name must not match; utf8 tells in which mode. */
static const struct {
	struct str in;
	bool utf8;
	struct str want;
} mailboxes[] = {
	{S("x"),		  false, S("x")		},
	{ S("\"a b\""),		false, S("a b")		},
	{ S("{3}\r\na/b"),	   false, S("a/b")		   },
	{ S("\"\""),		     false, S("")		  },
	{ S("inbox"),	      false, S("INBOX")		},
	{ S("\"iNbOx\""),	  true,	S("INBOX")		   },
	{ S("inbox.x"),		false, S("INBOX.x")	    },
	{ S("inbox.INBOX.inbox"), false, S("INBOX.INBOX.inbox")},
	{ S("x.inbox"),		false, S("x.inbox")	    },
	{ S("inbox/x"),		false, S("inbox/x")	    },
	{ S("inboxes"),		false, S("inboxes")	    },
	{ S("inbo"),		     false, S("inbo")	      },
	{ S("&Jjo-"),	      false, S("\u263a")		 },
	{ S("\"&Jjo-\""),	  false, S("\u263a")	     },
	{ S("a&-b"),		     false, S("a&b")		     },
	{ S("&2AHcNw-"),		 false, S("\U00010437")	},
	{ S("&AOQ-&AOQ-"),	   false, { 0 }			},
	{ S("&"),		  false, { 0 }		       },
	{ S("&Jjo"),		     false, { 0 }		  },
	{ S("&AGE-"),	      false, { 0 }		   },
	{ S("&Jjo-&-"),		false, S("\u263a&")	    },
	{ S("&2AE-"),	      false, { 0 }		   },
	{ S("&3DfYAQ-"),		 false, { 0 }		      },
	{ S("&AAo-"),	      false, { 0 }		   }, /* a line feed */
	{ S("&AIU-"),	      false, { 0 }		   }, /* NEL */
	{ S("&ICg-"),	      false, { 0 }		   }, /* U+2028 */
	{ S("\"&\""),	      true,  S("&")		   },
	{ S("&Jjo-"),	      true,  S("&Jjo-")	       },
	{ S("\"\u263a\""),	   true,	 S("\u263a")	     },
	{ S("\"\u263a\""),	   false, S("\u263a")	      },
	{ S("\"\u263a&x\""),	     false, S("\u263a&x")	  },
	{ S("{3}\r\n\u263a"),     false, S("\u263a")		 },
	{ S("{1}\r\n\xe4"),	    false, { 0 }		 },
	{ S("{1}\r\n\xe4"),	    true,  { 0 }			},
	{ S("{1}\r\n\n"),	  false, { 0 }		       },
	{ S("{3}\r\na\rb"),	    true,  { 0 }			},
	{ S("\"a\tb\""),		 false, { 0 }		      },
	{ S("\"a\x7f\""),	  false, { 0 }		       },
	{ S("\"a\xc2\x85\""),     true,  { 0 }		  },
	{ S("\"a\u2029\""),	    true,  { 0 }			},
	{ S("a%"),		   false, S("a")		 },
	{ S("("),		  false, { 0 }		       },
	{ S(""),		  false, { 0 }		      },
};

START_TEST(a_mailbox_is_utf8_however_it_was_said)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str ret = STR("before");
	struct cursor c;

	cursor_init(&c, &arena, mailboxes[_i].in);
	c.utf8 = mailboxes[_i].utf8;
	c.separator = '.';
	ck_assert_int_eq(p_mailbox(&c, &ret), mailboxes[_i].want.s != NULL);
	t_str_eq(ret, mailboxes[_i].want.s ? mailboxes[_i].want : STR("before"));
	if (!mailboxes[_i].want.s)
		t_str_eq(c.rest, mailboxes[_i].in);
}
END_TEST

static const struct {
	struct str in, want, rest;
	bool matches;
} patterns[] = {
	{S("%"),		  S("%"),	  S(""),		 true },
	{ S("a*b%]c )"),	 S("a*b%]c"),  S(" )"),	       true },
	{ S("\"*\""),	      S("*"),	      S(""),	     true },
	{ S("{1}\r\n%"),	 S("%"),	 S(""),		true },
	{ S("\"\""),	     S(""),	    S(""),		   true },
	{ S("&Jjo-*"),      S("\u263a*"), S(""),	    true },
	{ S("R&D*"),	     S("R&D*"),	S(""),	       true }, /* stands for itself */
	{ S("inbox"),	      S("inbox"),	  S(""),		 true },
	{ S("\"\xe4\""),	 S(""),	S("\"\xe4\""),    false},
	{ S("{1}\r\n\xe4"), S(""),	   S("{1}\r\n\xe4"), false},
	{ S("("),		  S(""),	 S("("),		 false},
	{ S(""),		 S(""),	S(""),	       false},
};

START_TEST(a_pattern_is_decoded_where_it_can_be)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str ret = STR("");
	struct cursor c;

	cursor_init(&c, &arena, patterns[_i].in);
	ck_assert_int_eq(p_list_mailbox(&c, &ret), patterns[_i].matches);
	t_str_eq(ret, patterns[_i].want);
	t_str_eq(c.rest, patterns[_i].rest);
}
END_TEST

static const struct {
	const char *in;
	bool list, store; /* what matches, and to the end */
	unsigned system;
	size_t keywords;
} flags[] = {
	{"()",					       true,  true,  0,			       0},
	{ "(\\Seen)",					true,  true,  FLAG_SEEN,		     0},
	{ "(\\SEEN \\seen)",				 true,  true,	 FLAG_SEEN,		    0},
	{ "(\\Answered \\Flagged \\Deleted \\Seen \\Draft)", true,  true,	 31,			     0},
	{ "($Junk a:b[c NonJunk)",			   true,	 true,  0,			  3},
	{ "\\Deleted",				       false, true,  FLAG_DELETED,		  0},
	{ "\\Deleted $Junk \\Seen",			    false, true,	 FLAG_DELETED | FLAG_SEEN, 1},
	{ "(\\Recent)",				      false, false, 0,			 0},
	{ "\\Recent",					false, false, 0,			       0},
	{ "(\\*)",					   false, false, 0,			    0},
	{ "(\\Foo)",					 false, false, 0,			      0},
	{ "\\SeenX",					 false, false, 0,			      0},
	{ "\\",					      false, false, 0,			 0},
	{ "(\\ Seen)",				       false, false, 0,			0},
	{ "( \\Seen)",				       false, false, 0,			0},
	{ "(\\Seen )",				       false, false, 0,			0},
	{ "(\\Seen  \\Draft)",			       false, false, 0,			0},
	{ "(\\Seen",					 false, false, 0,			      0},
	{ "(\\Seen \"x\")",				  false, false, 0,			     0},
	{ "(a]b)",					   false, false, 0,			    0},
	{ "(\xc3\xa4)",				      false, false, 0,			 0},
	{ "\\Seen ",					 false, false, 0,			      0},
	{ "",						false, false, 0,			       0},
};

START_TEST(flags_are_known_or_keywords)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct flags got = { .system = 77 };
	struct cursor c;

	cursor_init(&c, &arena, str_z(flags[_i].in));
	ck_assert_int_eq(p_flag_list(&c, &got) && p_end(&c), flags[_i].list);
	if (!flags[_i].list)
		ck_assert_uint_eq(got.system, 77);
	cursor_init(&c, &arena, str_z(flags[_i].in));
	ck_assert_int_eq(p_store_flags(&c, &got) && p_end(&c), flags[_i].store);
	if (flags[_i].store) {
		ck_assert_uint_eq(got.system, flags[_i].system);
		ck_assert_uint_eq(got.keywords.n, flags[_i].keywords);
	}
}
END_TEST

static const struct {
	const char *in, *rest;
	bool matches;
	size_t parts;
	enum section_what what;
	size_t fields;
} sections[] = {
	{"[]",					   "",		      true,  0, SECTION_ALL,	  0},
	{ "[]<0.1>",				     "<0.1>",		      true,  0, SECTION_ALL,	    0},
	{ "[1]",					 "",		      true,  1, SECTION_ALL,	   0},
	{ "[1.2.3]",				     "",			 true,  3, SECTION_ALL,	       0},
	{ "[header]",				    "",			  true,	0, SECTION_HEADER,	   0},
	{ "[TEXT]",				      "",			true,  0, SECTION_TEXT,       0},
	{ "[1.MIME]",				    "",			  true,	1, SECTION_MIME,	 0},
	{ "[1.2.HEADER]",				"",		      true,  2, SECTION_HEADER,     0},
	{ "[HEADER.FIELDS (From)]",			    "",			true,  0, SECTION_FIELDS,	 1},
	{ "[header.fields.not (From \"To\" {2}\r\nCc)]", "",			     true,  0, SECTION_FIELDS_NOT, 3},
	{ "[4294967295.TEXT] x",			 " x",		       true,  1, SECTION_TEXT,	      0},
	{ "[MIME]",				      "[MIME]",		      false, 0, 0,		   0},
	{ "[0]",					 "[0]",			false, 0, 0,		     0},
	{ "[1.0]",				       "[1.0]",		    false, 0, 0,			 0},
	{ "[1.]",					"[1.]",		  false, 0, 0,		       0},
	{ "[.1]",					"[.1]",		  false, 0, 0,		       0},
	{ "[01]",					"[01]",		  false, 0, 0,		       0},
	{ "[1.4294967296]",			      "[1.4294967296]",	      false, 0, 0,		   0},
	{ "[1TEXT]",				     "[1TEXT]",		false, 0, 0,		     0},
	{ "[TEXT.1]",				    "[TEXT.1]",		  false, 0, 0,		       0},
	{ "[HEADER.FIELDS]",			     "[HEADER.FIELDS]",	false, 0, 0,		     0},
	{ "[HEADER.FIELDS ()]",				"[HEADER.FIELDS ()]",    false, 0, 0,		   0},
	{ "[HEADER.FIELDS(From)]",			   "[HEADER.FIELDS(From)]", false, 0, 0,			 0},
	{ "[HEADER (From)]",			     "[HEADER (From)]",	false, 0, 0,		     0},
	{ "[1",					  "[1",		      false, 0, 0,		   0},
	{ "[",					   "[",		     false, 0, 0,			 0},
	{ "",					    "",		      false, 0, 0,		       0},
};

START_TEST(sections_are_whole_or_do_not_match)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct section s;
	struct cursor c;

	cursor_init(&c, &arena, str_z(sections[_i].in));
	ck_assert_int_eq(p_section(&c, &s), sections[_i].matches);
	t_str_eq(c.rest, str_z(sections[_i].rest));
	if (sections[_i].matches) {
		ck_assert_uint_eq(s.parts, sections[_i].parts);
		ck_assert_int_eq(s.what, sections[_i].what);
		ck_assert_uint_eq(s.fields.n, sections[_i].fields);
	}
}
END_TEST

START_TEST(a_binary_section_is_a_part_only)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct section s;
	struct cursor c;

	cursor_init(&c, &arena, STR("[1.22][] [TEXT]"));
	ck_assert(p_section_binary(&c, &s) && s.parts == 2 && s.part[0] == 1 && s.part[1] == 22);
	ck_assert(p_section_binary(&c, &s) && s.parts == 0 && p_sp(&c));
	ck_assert(!p_section_binary(&c, &s));
	t_str_eq(c.rest, STR("[TEXT]"));
}
END_TEST

static const struct {
	const char *in;
	bool matches;
	struct partial want;
} partials[] = {
	{"<0.1>",				      true,	 { 0, 1 }		  },
	{ "<9223372036854775807.9223372036854775807>", true,  { INT64_MAX, INT64_MAX }},
	{ "<9223372036854775808.1>",		     false, { 0 }			  },
	{ "<0.0>",				     false, { 0 }			},
	{ "<1>",				       false, { 0 }		      },
	{ "<1.0>",				     false, { 0 }			},
	{ "<1.01",				     false, { 0 }			},
	{ "<1..1>",				    false, { 0 }			 },
	{ "<-1.1>",				    false, { 0 }			 },
	{ "<.1>",				      false, { 0 }		       },
	{ "<1.1",				      false, { 0 }		       },
	{ "",					  false, { 0 }		   },
};

START_TEST(partials_have_a_count)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct partial p = { 77, 77 };
	struct cursor c;

	cursor_init(&c, &arena, str_z(partials[_i].in));
	ck_assert_int_eq(p_partial(&c, &p), partials[_i].matches);
	ck_assert_uint_eq(p.first, partials[_i].matches ? partials[_i].want.first : 77);
	ck_assert_uint_eq(p.count, partials[_i].matches ? partials[_i].want.count : 77);
	t_str_eq(c.rest, partials[_i].matches ? STR("") : str_z(partials[_i].in));
}
END_TEST

static const struct {
	const char *in;
	bool matches;
	size_t n;
} ids[] = {
	{"NIL",					 true,  0},
	{ "()",					 true,  0},
	{ "(\"name\" \"x\")",			      true,  1},
	{ "(\"test\" NIL \"name\" {1}\r\nx)",	      true,  2},
	{ "(\"123456789012345678901234567890\" \"\")",  true,  1},
	{ "(\"1234567890123456789012345678901\" \"\")", false, 0},
	{ "(\"name\" \"x\" \"NAME\" \"y\")",	     false, 0},
	{ "(\"name\")",				 false, 0},
	{ "(NIL \"x\")",				false, 0},
	{ "(name \"x\")",			       false, 0},
	{ "(\"name\" \"x\" )",			       false, 0},
	{ "\"name\"",				   false, 0},
	{ "",					   false, 0},
};

START_TEST(id_is_pairs_each_field_once)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct pairs p;
	struct cursor c;

	cursor_init(&c, &arena, str_z(ids[_i].in));
	ck_assert_int_eq(p_id_params(&c, &p), ids[_i].matches);
	t_str_eq(c.rest, ids[_i].matches ? STR("") : str_z(ids[_i].in));
	if (ids[_i].matches)
		ck_assert_uint_eq(p.n, ids[_i].n);
}
END_TEST

START_TEST(id_has_limits)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct pairs p;
	struct cursor c;

	buf_z(&b, "(\"f\" \"");
	for (int i = 0; i < 1024; i++)
		buf_c(&b, 'v');
	buf_z(&b, "\")");
	cursor_init(&c, &arena, buf_view(&b));
	ck_assert(p_id_params(&c, &p));
	b.n -= 2;
	buf_z(&b, "v\")");
	cursor_init(&c, &arena, buf_view(&b));
	ck_assert(!p_id_params(&c, &p));
	buf_clear(&b);
	for (int i = 0; i < 30; i++)
		buf_printf(&b, "%c\"%d\" NIL", i ? ' ' : '(', i);
	buf_c(&b, ')');
	cursor_init(&c, &arena, buf_view(&b));
	ck_assert(p_id_params(&c, &p) && p.n == 30);
	ck_assert(p.v[29].field.n == 2 && !p.v[29].value.s);
	b.n--;
	buf_z(&b, " \"30\" NIL)");
	cursor_init(&c, &arena, buf_view(&b));
	ck_assert(!p_id_params(&c, &p));
}
END_TEST

T_SUITE("parse_mail", T_LOOP(a_mailbox_is_utf8_however_it_was_said, mailboxes),
	T_LOOP(a_pattern_is_decoded_where_it_can_be, patterns), T_LOOP(flags_are_known_or_keywords, flags),
	T_LOOP(sections_are_whole_or_do_not_match, sections), T_TEST(a_binary_section_is_a_part_only),
	T_LOOP(partials_have_a_count, partials), T_LOOP(id_is_pairs_each_field_once, ids),
	T_TEST(id_has_limits))
