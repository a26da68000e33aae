/* t/t_url.c: tests of imap/url.c */
#include "imap/url.h"
#include "t/t.h"

static const struct row {
	const char *text, *selected, *mailbox;
	uint32_t uidvalidity, uid;
	uint64_t first, count;
	const uint32_t part[4];
	enum section_what what;
} good[] = {
	{ "/INBOX/;UID=1", NULL, "INBOX", 0, 1, 0, 0, { 0 }, SECTION_ALL },
	{ "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER", NULL, "Drafts", 385759045, 20, 0, 0, { 0 }, SECTION_HEADER },
	{ "/inbox;uidvalidity=7/;uid=8/;Section=1.2.MIME", NULL, "INBOX", 7, 8, 0, 0, { 1, 2 }, SECTION_MIME },
	{ "/a/b/;UID=4294967295/;PARTIAL=5", NULL, "a/b", 0, 4294967295, 5, 0, { 0 }, SECTION_ALL },
	{ "/a%20b%2Fc/;UID=2/;SECTION=2/;PARTIAL=0.1000", NULL, "a b/c", 0, 2, 0, 1000, { 2 }, SECTION_ALL },
	{ "/Entw%C3%BCrfe/;UID=2", NULL, "Entw\xc3\xbcrfe", 0, 2, 0, 0, { 0 }, SECTION_ALL },
	{ "/a&b/;UID=2", NULL, "a&b", 0, 2, 0, 0, { 0 }, SECTION_ALL },
	{ "/a/;UID=2/;SECTION=HEADER.FIELDS%20(Subject%20To)", NULL, "a", 0, 2, 0, 0, { 0 }, SECTION_FIELDS },
	{ ";UID=3", "Work", "Work", 0, 3, 0, 0, { 0 }, SECTION_ALL },
	{ ";UID=3/;SECTION=TEXT", "A/B", "A/B", 0, 3, 0, 0, { 0 }, SECTION_TEXT },
	{ "C/;UID=3", "A/B", "A/C", 0, 3, 0, 0, { 0 }, SECTION_ALL },
	{ "C/;UID=3", "A", "C", 0, 3, 0, 0, { 0 }, SECTION_ALL },
	{ "C/;UID=3", NULL, "C", 0, 3, 0, 0, { 0 }, SECTION_ALL },
	{ "/C/;UID=3", "A/B", "C", 0, 3, 0, 0, { 0 }, SECTION_ALL },
};

START_TEST(a_url_is_understood)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct row *row = &good[_i];
	struct url url;

	ck_assert(url_parse(&a, str_z(row->text), str_z(row->selected), '/', &url));
	t_str_eq(url.mailbox, str_z(row->mailbox));
	ck_assert(url.here == (row->text[0] == ';'));
	ck_assert_uint_eq(url.uidvalidity, row->uidvalidity);
	ck_assert_uint_eq(url.uid, row->uid);
	ck_assert_uint_eq(url.first, row->first);
	ck_assert_uint_eq(url.count, row->count);
	ck_assert_int_eq((int)url.section.what, (int)row->what);
	for (size_t i = 0; i < url.section.parts; i++)
		ck_assert_uint_eq(url.section.part[i], row->part[i]);
	ck_assert(row->part[0] == 0 || url.section.parts > 0);
}
END_TEST

static const char *const bad[] = {
	"", "/", "//", "//host/INBOX/;UID=1", "imap://host/INBOX/;UID=1", "IMAP:/INBOX/;UID=1", "///;UID=1", "/;UID=1", "/INBOX",
	"/INBOX;UID=1", "/INBOX/;UID=0", "/INBOX/;UID=", "/INBOX/;UID=1x", "/INBOX/;UID=4294967296", "/INBOX/;UID=*",
	"/INBOX/;UID=1/", "/INBOX/;UID=1/;SECTION=", "/INBOX/;UID=1/;SECTION=BOGUS", "/INBOX/;UID=1;SECTION=1",
	"/INBOX/;UID=1/;SECTION=1]", "/INBOX/;UID=1/;PARTIAL=", "/INBOX/;UID=1/;PARTIAL=1.0", "/INBOX/;UID=1/;PARTIAL=1.",
	"/INBOX/;UID=1/;PARTIAL=1/;SECTION=1", "/INBOX/;UID=1/;SECTION=1/;SECTION=1", "/INBOX;UIDVALIDITY=0/;UID=1",
	"/INBOX;UIDVALIDITY=1;UID=1", "/IN%BOX/;UID=1", "/IN%4/;UID=1", "/IN%00/;UID=1", "/IN%0d%0aBOX/;UID=1", "/IN BOX/;UID=1",
	"/%ff/;UID=1", "/\xc3\xbc/;UID=1", ";UID=1", ";SECTION=1", "/INBOX/;UID=1;URLAUTH=anonymous",
	"/INBOX/;UID=1/;SECTION=1;URLAUTH=anonymous:INTERNAL:00", "/INBOX/;UID=1?SUBJECT%20x",
};

START_TEST(what_is_no_such_url_is_none)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct url url;

	ck_assert_msg(!url_parse(&a, str_z(bad[_i]), (struct str){ 0 }, '/', &url), "%s", bad[_i]);
}
END_TEST

T_SUITE("url", T_LOOP(a_url_is_understood, good), T_LOOP(what_is_no_such_url_is_none, bad))
