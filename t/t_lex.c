/* t/t_lex.c: the words that structured header fields are made of */
#include "mail/lex.h"
#include "t/t.h"

static const struct {
	const char *in, *comment, *rest;	/* comment: the last one; NULL if there is none */
} blanks[] = {
	{ "",                       NULL,      ""  },
	{ " \t\r\n x",              NULL,      "x" },
	{ "(a)x",                   "a",       "x" },
	{ " (a) (b (c) d) x",       "b (c) d", "x" },
	{ "(a\\)b\\\\)x",           "a)b\\",   "x" },
	{ "(a",                     "a",       ""  },
	{ "((((a)x",                "(((a)x",  ""  },
	{ "(a\r\n b)x",             "a b",     "x" },
	{ "()x",                    "",        "x" },
	{ "(\\",                    "\\",      ""  },
};

START_TEST(comments_and_blanks_are_taken)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str rest = str_z(blanks[_i].in), again = rest, comment = { 0 };

	lex_comment(&rest, &a, &comment);
	ck_assert_int_eq(comment.s != NULL, blanks[_i].comment != NULL);
	t_str_eq(comment, str_z(blanks[_i].comment));
	t_str_eq(rest, str_z(blanks[_i].rest));
	lex_cfws(&again);
	t_str_eq(again, rest);
}
END_TEST

static const struct {
	const char *in, *inside, *rest;	/* inside: NULL if there is no string */
} strings[] = {
	{ "\"a b\"c",        "a b",  "c"  },
	{ "\"\"",            "",     ""   },
	{ "\"a\\\"b\\\\\"c", "a\"b\\", "c" },
	{ "\"a",             "a",    ""   },
	{ "\"a\\\"",         "a\"",  ""   },
	{ "\"a\\",           "a\\",  ""   },
	{ "\"a\r\n b\"",     "a b",  ""   },
	{ "a",               NULL,   "a"  },
	{ "",                NULL,   ""   },
	{ "\"",              "",     ""   },
};

START_TEST(strings_are_unquoted)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str rest = str_z(strings[_i].in), inside = { 0 };

	ck_assert_int_eq(lex_quoted(&rest, &a, &inside), strings[_i].inside != NULL);
	t_str_eq(inside, str_z(strings[_i].inside));
	t_str_eq(rest, str_z(strings[_i].rest));
}
END_TEST

START_TEST(runs_end_at_specials_blanks_and_controls)
{
	struct str rest = { "a.b\xe4\0c", 6 }, run = { 0 };

	ck_assert(lex_run(&rest, lex_specials, &run));
	t_str_eq(run, STR("a.b\xe4"));
	ck_assert(!lex_run(&rest, lex_specials, &run)); /* a NUL */
	ck_assert_uint_eq(rest.n, 2);
	rest = STR("text/plain");
	ck_assert(lex_run(&rest, lex_tspecials, &run));
	t_str_eq(run, STR("text"));
	ck_assert(lex_char(&rest, '/'));
	ck_assert(!lex_char(&rest, '/'));
	t_str_eq(rest, STR("plain"));
}
END_TEST

START_TEST(domain_literals_keep_their_brackets)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str rest = STR("[10.0.\\0.1]x"), got;

	ck_assert(lex_domain_literal(&rest, &a, &got));
	t_str_eq(got, STR("[10.0.0.1]"));
	t_str_eq(rest, STR("x"));
	ck_assert(!lex_domain_literal(&rest, &a, &got));
}
END_TEST

T_SUITE("lex", T_LOOP(comments_and_blanks_are_taken, blanks), T_LOOP(strings_are_unquoted, strings),
	T_TEST(runs_end_at_specials_blanks_and_controls), T_TEST(domain_literals_keep_their_brackets))
