/* t/t_metadata.c: imapd.metadata */
#include <sys/wait.h>
#include "maildir/folders.h"
#include "maildir/metadata.h"
#include "t/dir.h"

#define ACCOUNT_FILE "m/imapd.metadata-account"

static const struct str box = { "Box", 3 };

static const char *listed(struct account *acc, const struct str *folder, struct buf *b)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct metadata *v;
	size_t n;

	buf_clear(b);
	ck_assert_int_eq(metadata_read(acc, folder, &arena, &v, &n), 0);
	for (size_t i = 0; i < n; i++) {
		buf_str(b, v[i].name);
		buf_c(b, '=');
		buf_str(b, v[i].value);
		buf_c(b, ';');
	}
	return buf_cstr(b);
}

static int set(struct account *acc, const struct str *folder, const char *name, struct str value)
{
	const struct metadata one = { str_z(name), value };

	return metadata_write(acc, folder, &one, 1);
}

START_TEST(entries_are_set_and_removed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	ck_assert_int_eq(folder_create(acc, box), 0);
	ck_assert_str_eq(listed(acc, &box, &b), "");
	ck_assert_int_eq(set(acc, &box, "/shared/b", STR("two")), 0);
	ck_assert_int_eq(set(acc, &box, "/private/a", STR("one")), 0);
	ck_assert_int_eq(set(acc, NULL, "/private/a", STR("of all")), 0);
	ck_assert_int_eq(set(acc, &STR(""), "/private/a", STR("of INBOX")), 0);
	ck_assert_str_eq(listed(acc, &box, &b), "/private/a=one;/shared/b=two;");
	ck_assert_str_eq(listed(acc, NULL, &b), "/private/a=of all;");
	ck_assert_str_eq(listed(acc, &STR(""), &b), "/private/a=of INBOX;");
	ck_assert_int_eq(set(acc, &box, "/private/a", (struct str){ 0 }), 0);
	ck_assert_int_eq(set(acc, &box, "/private/none", (struct str){ 0 }), 0);
	ck_assert_int_eq(set(acc, &box, "/shared/b", STR("")), 0);
	ck_assert_str_eq(listed(acc, &box, &b), "/shared/b=;");
}
END_TEST

START_TEST(values_are_any_octets)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct metadata *v;
	char all[256];
	size_t n;

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	ck_assert_int_eq(set(acc, NULL, "/private/all", (struct str){ all, sizeof all }), 0);
	ck_assert_int_eq(metadata_read(acc, NULL, &arena, &v, &n), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert(str_eq(v[0].value, (struct str){ all, sizeof all }));
}
END_TEST

START_TEST(they_go_where_the_folder_goes)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct metadata *v;
	size_t n;

	ck_assert_int_eq(folder_create(acc, box), 0);
	ck_assert_int_eq(set(acc, &box, "/private/a", STR("one")), 0);
	ck_assert_int_eq(folder_rename(acc, box, STR("Other")), 0);
	ck_assert_int_eq(metadata_read(acc, &box, &arena, &v, &n), -ENOENT);
	ck_assert_int_eq(set(acc, &box, "/private/a", STR("x")), -ENOENT);
	ck_assert_str_eq(listed(acc, &STR("Other"), &b), "/private/a=one;");
	ck_assert_int_eq(folder_delete(acc, STR("Other")), 0);
	ck_assert_int_eq(folder_create(acc, STR("Other")), 0);
	ck_assert_str_eq(listed(acc, &STR("Other"), &b), "");
}
END_TEST

START_TEST(limits_change_nothing)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct metadata v[METADATA_ENTRIES + 1], *now;
	const struct str big = { arena_alloc(&arena, METADATA_VALUE + 1), METADATA_VALUE };
	size_t n;

	for (size_t i = 0; i <= METADATA_ENTRIES; i++)
		v[i] = (struct metadata){ str_z(arena_printf(&arena, "/private/%zu", i)), STR("x") };
	ck_assert_int_eq(metadata_write(acc, NULL, v, METADATA_ENTRIES + 1), -E2BIG);
	ck_assert(!t_exists(ACCOUNT_FILE));
	ck_assert_int_eq(metadata_write(acc, NULL, v, METADATA_ENTRIES), 0);
	ck_assert_int_eq(set(acc, NULL, "/private/one-more", STR("x")), -E2BIG);
	ck_assert_int_eq(set(acc, NULL, "/private/7", (struct str){ big.s, big.n + 1 }), -EFBIG);
	ck_assert_int_eq(set(acc, NULL, "/private/7", big), 0);
	for (size_t i = 0; i < METADATA_TOTAL / METADATA_VALUE; i++)
		v[i].value = big;
	ck_assert_int_eq(metadata_write(acc, NULL, v, METADATA_TOTAL / METADATA_VALUE), -E2BIG);
	ck_assert_int_eq(metadata_read(acc, NULL, &arena, &now, &n), 0);
	ck_assert_uint_eq(n, METADATA_ENTRIES);
}
END_TEST

static const char *const bad_names[] = { "",   "/",    "a",    "/a/",	    "/a//b",
					 "/A", "/a b", "/a\n", "/\xc3\xa9", "/a\x7f" };

START_TEST(what_is_no_name_is_refused)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");

	ck_assert_int_eq(set(acc, NULL, bad_names[_i], STR("x")), -EINVAL);
}
END_TEST

static const char *const damaged[] = {
	"",
	"something else\n/private/a b\n",
	"imapd-metadata 2\n/private/a b\n",
	"imapd-metadata 1\n/private/a",
	"imapd-metadata 1\n/private/a \\x4\n",
	"imapd-metadata 1\n/private/a \\n\n",
	"imapd-metadata 1\nprivate b\n",
};

START_TEST(a_damaged_file_has_none_and_can_be_written_again)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");

	t_write(ACCOUNT_FILE, str_z(damaged[_i]));
	ck_assert_str_eq(listed(acc, NULL, &b), "");
	ck_assert_int_eq(set(acc, NULL, "/private/b", STR("c")), 0);
	ck_assert_str_eq(listed(acc, NULL, &b), "/private/b=c;");
}
END_TEST

START_TEST(nothing_is_lost_among_processes)
{
	enum { PROCESSES = 4, EACH = 10 };
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = t_account("m");
	struct metadata *v;
	int status;
	size_t n;

	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < EACH; i++)
			if (set(acc, NULL, arena_printf(&arena, "/private/%d/%d", p, i), STR("x")) < 0)
				_exit(1);
		_exit(0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(metadata_read(acc, NULL, &arena, &v, &n), 0);
	ck_assert_uint_eq(n, PROCESSES * EACH);
}
END_TEST

T_SUITE("metadata", T_TEST(entries_are_set_and_removed), T_TEST(values_are_any_octets),
	T_TEST(they_go_where_the_folder_goes), T_TEST(limits_change_nothing),
	T_LOOP(what_is_no_name_is_refused, bad_names),
	T_LOOP(a_damaged_file_has_none_and_can_be_written_again, damaged),
	T_TEST(nothing_is_lost_among_processes))
