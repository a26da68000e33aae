/* t/t_pattern.c: the patterns of LIST */
#include "base/buf.h"
#include "imap/pattern.h"
#include "t/t.h"

static const struct {
	const char *pattern, *name;
	bool matches, below;
} rows[] = {
	{"*",	       "a",	    true,  true },
	{ "*",       "a/b",	      true,  true },
	{ "%",       "a",	    true,  false},
	{ "%",       "a/b",	      false, false},
	{ "",	      "",		  true,	false},
	{ "",	      "a",		   false, false},
	{ "a",       "a",	    true,  false},
	{ "a",       "A",	    false, false},
	{ "a/%",	 "a",	      false, true },
	{ "a/%",	 "a/b",		true,  false},
	{ "a/%",	 "a/b/c",	  false, false},
	{ "a/*",	 "a",	      false, true },
	{ "a/*",	 "a/b/c",	  true,	true },
	{ "a*",	"a",	     true,  true },
	{ "a%",	"ab",	      true,  false},
	{ "a%",	"b",	     false, false},
	{ "%/%",	 "a",	      false, true },
	{ "%/%",	 "a/b",		true,  false},
	{ "%/b",	 "a",	      false, true },
	{ "%b%",	 "abc",		true,  false},
	{ "%b%",	 "acd",		false, false},
	{ "%%",	"a/b",	       false, false},
	{ "%*",	"a/b",	       true,  true },
	{ "*%",	"a/b",	       true,  true },
	{ "*%*%",	  "a/b",		 true,  true },
	{ "a*b%c",   "axb/bxc",      true,  true },
	{ "a*b%c",   "axb/xc",	     false, true },
	{ "%3/%4",   "13/14",	    true,  false},
	{ "*/b",	 "a/b",		true,  true },
	{ "*/b",	 "b",	      false, true },
	{ "%x",	"a",	     false, false},
	{ "a",       "ab",	     false, false},
	{ "ab",	"a",	     false, false},
	{ "\u263a%", "\u263a\u263a", true,  false},
	{ "inbox",   "INBOX",	    true,  false},
	{ "iNbOx",   "INBOX",	    true,  false},
	{ "inbox",   "INBOX/x",      false, false},
	{ "inbox/*", "INBOX/x",	true,  true },
	{ "InBox/%", "INBOX",	      false, true },
	{ "inbox*",  "INBOX/x",      true,  true },
	{ "inbox%",  "INBOX",	     true,  false},
	{ "inbox%",  "inboxes",      true,  false},
	{ "INBOX%",  "inboxes",      false, false},
	{ "INBO*",   "INBOX",	    true,  true },
	{ "inbo*",   "INBOX",	    false, false},
	{ "%box",	  "INBOX",	   false, false},
	{ "inboxes", "INBOX",	      false, false},
	{ "x/inbox", "x/INBOX",	false, false},
	{ "inbox.x", "INBOX.x",	false, false},
};

START_TEST(patterns_match_names_and_tell_of_children)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct pattern *p = pattern_new(&arena, str_z(rows[_i].pattern), '/');

	ck_assert_int_eq(pattern_matches(p, str_z(rows[_i].name)), rows[_i].matches);
	ck_assert_int_eq(pattern_matches_below(p, str_z(rows[_i].name)), rows[_i].below);
}
END_TEST

START_TEST(without_a_separator_there_are_no_levels)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct pattern *p = pattern_new(&arena, STR("%"), 0);

	ck_assert(pattern_matches(p, STR("a/b")));
	ck_assert(!pattern_matches_below(p, STR("a/b")));
}
END_TEST

/* The definition: slow, and plain to see. */
static bool slowly(const char *p, const char *name)
{
	if (!*p)
		return !*name;
	if (*p == '*' || *p == '%')
		return slowly(p + 1, name) || (*name && !(*p == '%' && *name == '/') && slowly(p, name + 1));
	return *p == *name && slowly(p + 1, name + 1);
}

static void next_word(char *word, size_t most, const char *alphabet, uint64_t *seed)
{
	size_t n;

	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	n = (size_t)(*seed >> 40) % most;
	for (size_t i = 0; i < n; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		word[i] = alphabet[(size_t)(*seed >> 40) % strlen(alphabet)];
	}
	word[n] = 0;
}

START_TEST(matching_is_as_defined)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	char text[10], name[10], longer[30];
	uint64_t seed = 7;

	for (int i = 0; i < 100000; i++) {
		const struct pattern *p;
		bool below = false;

		next_word(text, sizeof text, "ab/%*", &seed);
		next_word(name, sizeof name, "ab/", &seed);
		p = pattern_new(&arena, str_z(text), '/');
		if (pattern_matches(p, str_z(name)) != slowly(text, name))
			ck_abort_msg("\"%s\" and \"%s\"", text, name);
		for (const char *child = "a\0b\0ab\0ba\0a/b\0b/a\0b/b\0a/a\0aa\0bb\0"; *child;
		     child += strlen(child) + 1) {
			snprintf(longer, sizeof longer, "%s/%s", name, child);
			below = below || slowly(text, longer);
		}
		if (below && !pattern_matches_below(p, str_z(name)))
			ck_abort_msg("\"%s\" and below \"%s\"", text, name);
		arena_reset(&arena);
	}
}
END_TEST

START_TEST(no_pattern_takes_long)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf text = { 0 }, name = { 0 };
	const struct pattern *p;

	for (int i = 0; i < 10000; i++)
		buf_z(&text, "*a%a");
	buf_z(&text, "b");
	for (int i = 0; i < 1000; i++)
		buf_z(&name, i % 50 ? "a" : "/");
	p = pattern_new(&arena, buf_view(&text), '/');
	for (int i = 0; i < 100; i++)
		ck_assert(!pattern_matches(p, buf_view(&name)));
	text.n = 2000;
	p = pattern_new(&arena, buf_view(&text), '/');
	for (int i = 0; i < 100; i++)
		ck_assert(!pattern_matches(p, buf_view(&name)));
}
END_TEST

T_SUITE("pattern", T_LOOP(patterns_match_names_and_tell_of_children, rows),
	T_TEST(without_a_separator_there_are_no_levels), T_TEST(matching_is_as_defined),
	T_TEST(no_pattern_takes_long))
