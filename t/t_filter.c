/* t/t_filter.c: mailboxes as a client means them */
#include "filter.h"
#include "t/t.h"

static const struct {
	const char *filter, *name;
	bool matches;
} filters[] = {
	{ "personal", "A", true },
	{ "inboxes", "A.B", true },
	{ "subscribed", "A", false },
	{ "subscribed", "+A", true },
	{ "selected", "A", false },
	{ "selected-delayed", "A", false },
	{ "mailboxes A", "A", true },
	{ "mailboxes A", "A.B", false },
	{ "mailboxes A", "AB", false },
	{ "mailboxes (B A)", "A", true },
	{ "mailboxes inbox", "INBOX", true },
	{ "mailboxes \"A*\"", "AB", false },
	{ "subtree A", "A", true },
	{ "subtree A", "A.B.C", true },
	{ "subtree A", "AB", false },
	{ "subtree A.B", "A", false },
	{ "subtree-one A", "A", true },
	{ "subtree-one A", "A.B", true },
	{ "subtree-one A", "A.B.C", false },
	{ "SUBTREE (X A)", "A.B", true },
};

START_TEST(means)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const bool subscribed = filters[_i].name[0] == '+';
	const struct name name = { .name = str_from(str_z(filters[_i].name), subscribed), .is = subscribed ? NAME_SUBSCRIBED : 0 };
	struct filter f;
	struct cursor c;

	cursor_init(&c, &a, str_z(filters[_i].filter));
	ck_assert(p_filter(&c, &f) && p_end(&c));
	ck_assert_int_eq(filter_matches(&f, &name, '.'), filters[_i].matches);
}
END_TEST

static const char *const wrong[] = { "", "bogus", "\"personal\"", "mailboxes", "mailboxes ", "mailboxes ()", "subtree(A)", "mailboxes (A" };

START_TEST(is_none)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct filter f;
	struct cursor c;

	cursor_init(&c, &a, str_z(wrong[_i]));
	ck_assert(!p_filter(&c, &f));
	t_str_eq(c.rest, str_z(wrong[_i]));
}
END_TEST

T_SUITE("filter", T_LOOP(means, filters), T_LOOP(is_none, wrong))
