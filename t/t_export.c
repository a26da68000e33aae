/* t/t_export.c: Courier's files, written so that they are read as what they were made from */
#include "maildir/export.h"
#include "t/dir.h"

START_TEST(what_is_exported_is_imported)
{
	static const uint16_t both[] = { 1, 0 }, one[] = { 2 };
	static const struct md_import_entry entries[] = {
		{.uid = 3,		    .base = { "1.a,S=2", 7 }, .keywords = both, .nkeywords = 2 },
		{ .uid = 4294967294,		     .base = { "2.b:x", 5 }			    },
		{ .base = { "3.c", 3 }, .keywords = one,		 .nkeywords = 1 },
	};
	static const struct str keywords[] = {
		{"$Label1", 7},
		  { "foo",	   3},
		{ "Bar",	 3}
	};
	const struct md_import what = { .uidvalidity = 795420406,
					.uidnext = 4294967295,
					.entries = entries,
					.n = 3,
					.keywords = keywords,
					.nkeywords = 3 };
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(fd_closep) int dir = -1;
	struct md_import got;

	t_maildir("f");
	t_mkdir("f/courierimapkeywords");
	t_write("f/courierimapkeywords/1.a,S=2", STR("an older update\n"));
	t_write("f/courierimapkeywords/.5.3.c", STR("an older update\n"));
	dir = open("f", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(export_courier(dir, &what), 0);
	t_str_eq(t_read(&b, "f/courierimapuiddb"),
		 STR("1 795420406 4294967295\n3 1.a,S=2\n4294967294 2.b:x\n"));
	t_str_eq(t_read(&b, "f/courierimapkeywords/:list"), STR("$Label1\nfoo\nBar\n\n1.a,S=2:1 0\n3.c:2\n"));

	ck_assert_int_eq(import_read(dir, &arena, &got), 1);
	ck_assert_uint_eq(got.uidvalidity, what.uidvalidity);
	ck_assert_uint_eq(got.uidnext, what.uidnext);
	ck_assert_uint_eq(got.n, 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(got.entries[i].uid, entries[i].uid);
		t_str_eq(got.entries[i].base, entries[i].base);
		ck_assert_uint_eq(got.entries[i].nkeywords, entries[i].nkeywords);
		for (size_t j = 0; j < entries[i].nkeywords; j++)
			t_str_eq(got.keywords[got.entries[i].keywords[j]], keywords[entries[i].keywords[j]]);
	}
	ck_assert_uint_eq(t_entries("f/tmp"), 0);
}
END_TEST

START_TEST(without_uidvalidity_nothing_is_written)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(fd_closep) int dir = -1;
	const struct md_import what = { 0 };

	t_maildir("f");
	dir = open("f", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(export_courier(dir, &what), -EINVAL);
	ck_assert_uint_eq(t_entries("f"), 3);
}
END_TEST

T_SUITE("export", T_TEST(what_is_exported_is_imported), T_TEST(without_uidvalidity_nothing_is_written))
