/* t/t_secret.c: passwords and their hashes */
#include "auth/secret.h"
#include "t/t.h"

/* Not one of them is of "secret". */
static const struct {
	const char *hash;
	bool usable;
} hashes[] = {
	{"$6$abcdefgh$",			    true },
	{ "$5$abcdefgh$",			   true },
	{ "$1$abcdefgh$",			   true },
	{ "{SHA512-CRYPT}$6$abcdefgh$x",		 true },
	{ "{CRYPT}$y$j9T$abcdefghijklmnopqrstu.$x", true },
	{ "",				       false},
	{ "x",				      false},
	{ "secret",				 false},
	{ "abJnggxhB/yWI",			   true },
	{ "{DES-CRYPT}abJnggxhB/yWI",		      true },
	{ "*",				      false},
	{ "!",				      false},
	{ "!$6$abcdefgh$x",			    false},
	{ "!!",				     false},
	{ "{PLAIN}secret",			   false},
	{ "{SSHA}c2VjcmV0",			    false},
	{ "{SHA512-CRYPT}",			    false},
	{ "$99$abc$def",			    false},
};

START_TEST(a_hash_is_usable_if_it_is_not_locked_and_its_method_is_known)
{
	ck_assert_int_eq(secret_usable(str_z(hashes[_i].hash)), hashes[_i].usable);
	ck_assert(!secret_check(STR("secret"), str_z(hashes[_i].hash)));
}
END_TEST

static const char *const methods[] = { NULL, "yescrypt", "sha512", "sha256", "bcrypt" };

START_TEST(what_was_hashed_is_known_again_and_nothing_else_is)
{
	_cleanup_(buf_release) struct buf hash = { 0 }, marked = { 0 }, locked = { 0 };

	ck_assert_int_eq(secret_hash(STR("s\303\244cret pass"), methods[_i], &hash), 0);
	buf_printf(&marked, "{ANY-CRYPT}%s", buf_cstr(&hash));
	buf_printf(&locked, "!%s", buf_cstr(&hash));
	ck_assert(secret_usable(buf_view(&hash)));
	ck_assert(secret_check(STR("s\303\244cret pass"), buf_view(&hash)));
	ck_assert(secret_check(STR("s\303\244cret pass"), buf_view(&marked)));
	ck_assert(!secret_check(STR("s\303\244cret pass"), buf_view(&locked)));
	ck_assert(!secret_check(STR("s\303\244cret pas"), buf_view(&hash)));
	ck_assert(!secret_check(STR("S\303\244cret pass"), buf_view(&hash)));
	ck_assert(!secret_check(STR(""), buf_view(&hash)));
	ck_assert(!secret_check(STR("s\303\244cret pass"), str_head(buf_view(&hash), hash.n - 1)));
}
END_TEST

START_TEST(two_hashes_of_one_password_differ)
{
	_cleanup_(buf_release) struct buf a = { 0 }, b = { 0 };

	ck_assert_int_eq(secret_hash(STR("x"), NULL, &a), 0);
	ck_assert_int_eq(secret_hash(STR("x"), NULL, &b), 0);
	ck_assert(str_starts(buf_view(&a), STR("$y$")));
	ck_assert(!str_eq(buf_view(&a), buf_view(&b)));
}
END_TEST

START_TEST(what_can_not_be_a_password_gets_no_hash_and_fits_none)
{
	static const char long_one[600] = { 'x' };
	_cleanup_(buf_release) struct buf hash = { 0 };

	ck_assert_int_eq(secret_hash(STR(""), NULL, &hash), -EINVAL);
	ck_assert_int_eq(secret_hash(STR("a\0b"), NULL, &hash), -EINVAL);
	ck_assert_int_eq(secret_hash((struct str){ long_one, 600 }, NULL, &hash), -EINVAL);
	ck_assert_int_eq(secret_hash(STR("x"), "rot13", &hash), -ENOTSUP);
	ck_assert_uint_eq(hash.n, 0);
	ck_assert_int_eq(secret_hash(STR("a"), "sha256", &hash), 0);
	ck_assert(!secret_check(STR("a\0b"), buf_view(&hash)));
	ck_assert(!secret_check((struct str){ long_one, 600 }, buf_view(&hash)));
}
END_TEST

START_TEST(nobody_has_no_password)
{
	_cleanup_(buf_release) struct buf hash = { 0 };

	ck_assert_int_eq(secret_hash(STR("secret"), "sha256", &hash), 0);
	ck_assert(!secret_check_nobody(STR("secret"), buf_view(&hash)));
	ck_assert(!secret_check_nobody(STR("secret"), (struct str){ 0 }));
	ck_assert(!secret_check_nobody(STR(""), (struct str){ 0 }));
}
END_TEST

START_TEST(locked_is_an_exclamation_mark_in_front)
{
	ck_assert(secret_locked(STR("!$6$x")));
	ck_assert(!secret_locked(STR("*")));
	ck_assert(!secret_locked(STR("")));
}
END_TEST

T_SUITE("secret", T_LOOP(a_hash_is_usable_if_it_is_not_locked_and_its_method_is_known, hashes),
	T_LOOP(what_was_hashed_is_known_again_and_nothing_else_is, methods),
	T_TEST(two_hashes_of_one_password_differ),
	T_TEST(what_can_not_be_a_password_gets_no_hash_and_fits_none), T_TEST(nobody_has_no_password),
	T_TEST(locked_is_an_exclamation_mark_in_front))
