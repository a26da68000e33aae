/* t/t_cache.c: the cache's directory */
#include "maildir/cache.h"
#include "t/folder.h"

static mode_t mode_of(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(it_is_made_in_the_maildir_and_found_again)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();

	for (int i = 0; i < 2; i++) {
		_cleanup_(cache_closep) struct cache *c = NULL;

		ck_assert_int_eq(cache_open(f.fd, NULL, &c), 0);
		ck_assert_ptr_null(cache_path(c));
		ck_assert_uint_eq(mode_of(cache_dir(c)), 0700);
		ck_assert(t_has(&f, "imapd.cache"));
	}
}
END_TEST

START_TEST(what_is_not_ours_alone_is_not_used)
{
	_cleanup_(t_folder_remove) struct t_folder f = t_folder_make();
	struct cache *c = NULL;

	t_put(&f, "imapd.cache", "");
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(unlinkat(f.fd, "imapd.cache", 0), 0);
	ck_assert_int_eq(mkdirat(f.fd, "elsewhere", 0700), 0);
	ck_assert_int_eq(symlinkat("elsewhere", f.fd, "imapd.cache"), 0);
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(unlinkat(f.fd, "imapd.cache", 0), 0);
	ck_assert_int_eq(mkdirat(f.fd, "imapd.cache", 0700), 0);
	ck_assert_int_eq(fchmodat(f.fd, "imapd.cache", 0720, 0), 0);
	ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	ck_assert_int_eq(fchmodat(f.fd, "imapd.cache", 0700, 0), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(fchownat(f.fd, "imapd.cache", 65534, 65534, 0), 0);
		ck_assert_int_eq(cache_open(f.fd, NULL, &c), -EPERM);
	}
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(each_maildir_has_its_own_in_one_place)
{
	_cleanup_(t_folder_remove) struct t_folder where = t_folder_make(), a = t_folder_make(), b = t_folder_make();
	_cleanup_(cache_closep) struct cache *of_a = NULL, *of_b = NULL, *again = NULL;
	struct cache *none = NULL;
	char missing[96];

	ck_assert_int_eq(cache_open(a.fd, where.path, &of_a), 0);
	ck_assert_int_eq(cache_open(b.fd, where.path, &of_b), 0);
	ck_assert_int_eq(cache_open(a.fd, where.path, &again), 0);
	ck_assert_uint_eq(mode_of(cache_dir(of_a)), 0700);
	ck_assert_str_ne(cache_path(of_a), cache_path(of_b));
	ck_assert_str_eq(cache_path(of_a), cache_path(again));
	ck_assert_int_eq(strncmp(cache_path(of_a), where.path, strlen(where.path)), 0);
	ck_assert(!t_has(&a, "imapd.cache"));
	snprintf(missing, sizeof missing, "%s/none", where.path);
	ck_assert_int_eq(cache_open(a.fd, missing, &none), -ENOENT);
}
END_TEST

T_SUITE("cache", T_TEST(it_is_made_in_the_maildir_and_found_again), T_TEST(what_is_not_ours_alone_is_not_used),
	T_TEST(each_maildir_has_its_own_in_one_place))
