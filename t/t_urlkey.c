/* t/t_urlkey.c: imapd.urlkey */
#include <string.h>
#include <sys/stat.h>
#include "maildir/folders.h"
#include "maildir/urlkey.h"
#include "t/dir.h"

static const struct str box = { "Box", 3 }, inbox = { "", 0 };

START_TEST(a_key_is_made_once_and_stays)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	uint8_t one[URLKEY_SIZE], two[URLKEY_SIZE];
	struct stat st;

	ck_assert_int_eq(urlkey_read(acc, inbox, one), -ENOENT);
	ck_assert_int_eq(urlkey_need(acc, inbox, one), 0);
	ck_assert_int_eq(urlkey_need(acc, inbox, two), 0);
	ck_assert_mem_eq(one, two, sizeof one);
	ck_assert_int_eq(urlkey_read(acc, inbox, two), 0);
	ck_assert_mem_eq(one, two, sizeof one);
	ck_assert_int_eq(stat("m/imapd.urlkey", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(each_folder_has_its_own_until_it_gets_another)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	uint8_t one[URLKEY_SIZE], two[URLKEY_SIZE], three[URLKEY_SIZE];

	ck_assert_int_eq(urlkey_need(acc, box, one), -ENOENT);
	ck_assert_int_eq(urlkey_reset(acc, box), -ENOENT);
	ck_assert_int_eq(folder_create(acc, box), 0);
	ck_assert_int_eq(urlkey_need(acc, box, one), 0);
	ck_assert_int_eq(urlkey_need(acc, inbox, two), 0);
	ck_assert_mem_ne(one, two, sizeof one);
	ck_assert_int_eq(urlkey_reset(acc, box), 0);
	ck_assert_int_eq(urlkey_read(acc, box, three), 0);
	ck_assert_mem_ne(one, three, sizeof one);
	ck_assert_int_eq(urlkey_forget_all(acc), 0);
	ck_assert_int_eq(urlkey_read(acc, box, one), -ENOENT);
	ck_assert_int_eq(urlkey_read(acc, inbox, one), -ENOENT);
	ck_assert_int_eq(urlkey_forget_all(acc), 0);
}
END_TEST

#define KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct row {
	const char *text;
	bool good;
} files[] = {
	{ "imapd-urlkey 1\n" KEY "\n", true },
	{ "", false },
	{ "imapd-urlkey 1\n", false },
	{ "imapd-urlkey 1\n" KEY, false },
	{ "imapd-urlkey 1\n" KEY "\n\n", false },
	{ "imapd-urlkey 1\n" KEY "00\n", false },
	{ "imapd-urlkey 2\n" KEY "\n", false },
	{ "imapd-urlkey 1\nG00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", false },
};

START_TEST(what_makes_no_sense_is_no_key)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(account_closep) struct account *acc = t_account("m");
	uint8_t key[URLKEY_SIZE];

	t_write("m/imapd.urlkey", str_z(files[_i].text));
	ck_assert_int_eq(urlkey_read(acc, inbox, key), files[_i].good ? 0 : -ENOENT);
	for (size_t i = 0; files[_i].good && i < sizeof key; i++)
		ck_assert_uint_eq(key[i], i);
	ck_assert_int_eq(urlkey_need(acc, inbox, key), 0);
}
END_TEST

T_SUITE("urlkey", T_TEST(a_key_is_made_once_and_stays), T_TEST(each_folder_has_its_own_until_it_gets_another),
	T_LOOP(what_makes_no_sense_is_no_key, files))
