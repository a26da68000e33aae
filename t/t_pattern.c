/* t/t_pattern.c: the patterns of LIST */
#include "base/buf.h"
#include "imap/pattern.h"
#include "t/t.h"

static const struct {
	const char *pattern, *name;
	bool matches;
} rows[] = {
	{"*",	       "a",	    true },
	{ "*",       "a/b",	      true },
	{ "%",       "a",	    true },
	{ "%",       "a/b",	      false },
	{ "",	      "",		  true },
	{ "",	      "a",		   false },
	{ "a",       "a",	    true },
	{ "a",       "A",	    false },
	{ "a/%",	 "a",	      false },
	{ "a/%",	 "a/b",		true },
	{ "a/%",	 "a/b/c",	  false },
	{ "a/*",	 "a",	      false },
	{ "a/*",	 "a/b/c",	  true },
	{ "a*",	"a",	     true },
	{ "a%",	"ab",	      true },
	{ "a%",	"b",	     false },
	{ "%/%",	 "a",	      false },
	{ "%/%",	 "a/b",		true },
	{ "%/b",	 "a",	      false },
	{ "%b%",	 "abc",		true },
	{ "%b%",	 "acd",		false },
	{ "%%",	"a/b",	       false },
	{ "%*",	"a/b",	       true },
	{ "*%",	"a/b",	       true },
	{ "*%*%",	  "a/b",		 true },
	{ "a*b%c",   "axb/bxc",      true },
	{ "a*b%c",   "axb/xc",	     false },
	{ "%3/%4",   "13/14",	    true },
	{ "*/b",	 "a/b",		true },
	{ "*/b",	 "b",	      false },
	{ "%x",	"a",	     false },
	{ "a",       "ab",	     false },
	{ "ab",	"a",	     false },
	{ "\u263a%", "\u263a\u263a", true },
	{ "inbox",   "INBOX",	    true },
	{ "iNbOx",   "INBOX",	    true },
	{ "inbox",   "INBOX/x",      false },
	{ "inbox/*", "INBOX/x",	true },
	{ "InBox/%", "INBOX",	      false },
	{ "inbox*",  "INBOX/x",      true },
	{ "inbox%",  "INBOX",	     true },
	{ "inbox%",  "inboxes",      true },
	{ "INBOX%",  "inboxes",      false },
	{ "INBO*",   "INBOX",	    true },
	{ "inbo*",   "INBOX",	    false },
	{ "%box",	  "INBOX",	   false },
	{ "inboxes", "INBOX",	      false },
	{ "x/inbox", "x/INBOX",	false },
	{ "inbox.x", "INBOX.x",	false },
};

START_TEST(patterns_match_names)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct pattern *p = pattern_new(&arena, str_z(rows[_i].pattern), '/');

	ck_assert_int_eq(pattern_matches(p, str_z(rows[_i].name)), rows[_i].matches);
}
END_TEST

START_TEST(without_a_separator_there_are_no_levels)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	const struct pattern *p = pattern_new(&arena, STR("%"), 0);

	ck_assert(pattern_matches(p, STR("a/b")));
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
	char text[10], name[10];
	uint64_t seed = 7;

	for (int i = 0; i < 100000; i++) {
		const struct pattern *p;

		next_word(text, sizeof text, "ab/%*", &seed);
		next_word(name, sizeof name, "ab/", &seed);
		p = pattern_new(&arena, str_z(text), '/');
		if (pattern_matches(p, str_z(name)) != slowly(text, name))
			ck_abort_msg("\"%s\" and \"%s\"", text, name);
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

T_SUITE("pattern", T_LOOP(patterns_match_names, rows),
	T_TEST(without_a_separator_there_are_no_levels), T_TEST(matching_is_as_defined),
	T_TEST(no_pattern_takes_long))
