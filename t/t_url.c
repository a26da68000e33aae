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

#define TOKEN "01234567890123456789abcdefABCDEF"

static const struct auth_row {
	const char *text, *user, *mailbox, *who, *rump;
	uint32_t uid;
	enum url_access access;
	int64_t expire;	/* -1: never */
} signed_urls[] = {
	{ "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred:internal:" TOKEN, "joe", "INBOX", "fred",
	  "imap://joe@example.com/INBOX/;uid=20/;section=1.2;urlauth=submit+fred", 20, URL_SUBMIT, -1 },
	{ "IMAP://a%40b;AUTH=*@h:143/A%2fB;UIDVALIDITY=7/;UID=1;EXPIRE=1970-01-01T00:01:00Z;URLAUTH=user+a%40b:INTERNAL:" TOKEN "00",
	  "a@b", "A/B", "a@b", "IMAP://a%40b;AUTH=*@h:143/A%2fB;UIDVALIDITY=7/;UID=1;EXPIRE=1970-01-01T00:01:00Z;URLAUTH=user+a%40b",
	  1, URL_USER, 60 },
	{ "imap://u@[::1]/x/;UID=1;EXPIRE=2006-12-02t10:00:00.25-01:30;URLAUTH=anonymous:x-y.Z:" TOKEN, "u", "x", "",
	  "imap://u@[::1]/x/;UID=1;EXPIRE=2006-12-02t10:00:00.25-01:30;URLAUTH=anonymous", 1, URL_ANONYMOUS, 1165059000 },
	{ "imap://u@h/x/;UID=1/;PARTIAL=0.5;URLAUTH=AuthUser:i:" TOKEN, "u", "x", "",
	  "imap://u@h/x/;UID=1/;PARTIAL=0.5;URLAUTH=AuthUser", 1, URL_AUTHUSER, -1 },
};

START_TEST(a_urlauth_is_understood)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct auth_row *row = &signed_urls[_i];
	struct url_auth u, rump;

	ck_assert(url_auth_parse(&a, str_z(row->text), '/', false, &u));
	ck_assert(!url_auth_parse(&a, str_z(row->text), '/', true, &rump));
	t_str_eq(u.user, str_z(row->user));
	t_str_eq(u.url.mailbox, str_z(row->mailbox));
	t_str_eq(u.who, str_z(row->who));
	t_str_eq(u.rump, str_z(row->rump));
	ck_assert(str_istarts(u.token, STR(TOKEN)));
	ck_assert_uint_eq(u.url.uid, row->uid);
	ck_assert_int_eq((int)u.access, (int)row->access);
	ck_assert(u.expires == (row->expire >= 0));
	ck_assert(!u.expires || u.expire == row->expire);
	ck_assert(url_auth_parse(&a, u.rump, '/', true, &rump));
	ck_assert(!url_auth_parse(&a, u.rump, '/', false, &u));
	t_str_eq(rump.rump, u.rump);
}
END_TEST

#define GOOD "imap://u@h/x/;UID=1"

static const char *const no_rumps[] = {
	"", "imap:", "imap://", "imap://u@h", GOOD, GOOD ";URLAUTH=", GOOD ";URLAUTH=all", GOOD ";URLAUTH=user", GOOD ";URLAUTH=user+",
	GOOD ";URLAUTH=submit+%00", GOOD ";URLAUTH=submit+a%", GOOD ";URLAUTH=anonymous:", GOOD "/;URLAUTH=anonymous",
	GOOD ";EXPIRE=2006-12-02T10:00:00Z", GOOD ";URLAUTH=anonymous;EXPIRE=2006-12-02T10:00:00Z",
	GOOD ";EXPIRE=;URLAUTH=anonymous", GOOD ";EXPIRE=2006-12-02;URLAUTH=anonymous",
	GOOD ";EXPIRE=2006-02-29T10:00:00Z;URLAUTH=anonymous", GOOD ";EXPIRE=2006-12-02T24:00:00Z;URLAUTH=anonymous",
	GOOD ";EXPIRE=2006-12-02T10:00:00;URLAUTH=anonymous", GOOD ";EXPIRE=2006-12-02T10:00:00+0100;URLAUTH=anonymous",
	GOOD ";EXPIRE=2006-12-02T10:00:00.Z;URLAUTH=anonymous", GOOD ";EXPIRE=2006-12-02T10:00:00Zx;URLAUTH=anonymous",
	GOOD ";EXPIRE=2006-00-02T10:00:00Z;URLAUTH=anonymous", GOOD ";EXPIRE=2006-13-02T10:00:00Z;URLAUTH=anonymous",
	GOOD ";EXPIRE=x;EXPIRE=2006-12-02T10:00:00Z;URLAUTH=anonymous", "imap://h/x/;UID=1;URLAUTH=anonymous",
	"imap://@h/x/;UID=1;URLAUTH=anonymous", "imap://u@/x/;UID=1;URLAUTH=anonymous", "imap://u@a@h/x/;UID=1;URLAUTH=anonymous",
	"imap://u;AUTH=@h/x/;UID=1;URLAUTH=anonymous", "imap://u;X=1@h/x/;UID=1;URLAUTH=anonymous",
	"imap://u%0a@h/x/;UID=1;URLAUTH=anonymous", "imap://u@h//x/;UID=1;URLAUTH=anonymous", "imap://u@h/;UID=1;URLAUTH=anonymous",
	"imap://u@h/x;URLAUTH=anonymous", "imap://u@h/x?ALL;URLAUTH=anonymous", "imap://u@h/x/;UID=0;URLAUTH=anonymous",
	"imap:///x/;UID=1;URLAUTH=anonymous", "/x/;UID=1;URLAUTH=anonymous", "http://u@h/x/;UID=1;URLAUTH=anonymous",
};

START_TEST(what_can_not_be_signed_is_no_rump)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct url_auth u;

	ck_assert_msg(!url_auth_parse(&a, str_z(no_rumps[_i]), '/', true, &u), "%s", no_rumps[_i]);
}
END_TEST

static const char *const not_signed[] = {
	GOOD ";URLAUTH=anonymous:internal:", GOOD ";URLAUTH=anonymous:internal:0123456789abcdef0123456789abcde",
	GOOD ";URLAUTH=anonymous::" TOKEN, GOOD ";URLAUTH=anonymous:" TOKEN, GOOD ";URLAUTH=anonymous:internal:" TOKEN "g",
	GOOD ";URLAUTH=anonymous:internal:" TOKEN ":", GOOD ";URLAUTH=anonymous:internal:" TOKEN ";UID=1", GOOD ":internal:" TOKEN,
};

START_TEST(what_has_no_token_is_not_signed)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct url_auth u;

	ck_assert_msg(!url_auth_parse(&a, str_z(not_signed[_i]), '/', false, &u), "%s", not_signed[_i]);
}
END_TEST

T_SUITE("url", T_LOOP(a_url_is_understood, good), T_LOOP(what_is_no_such_url_is_none, bad),
	T_LOOP(a_urlauth_is_understood, signed_urls), T_LOOP(what_can_not_be_signed_is_no_rump, no_rumps),
	T_LOOP(what_has_no_token_is_not_signed, not_signed))
