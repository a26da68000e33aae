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
	{ "{PLAIN}other word",		   true },
	{ "{PLAIN.b64}b3RoZXI=",		   true },
	{ "{PLAIN.b64}b3RoZXI",		   false},
	{ "!{PLAIN}secret",			   false},
	{ "!$6$abcdefgh$x {PLAIN}secret",	   false},
	{ "* {PLAIN}other",			   true },
	{ "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", true },
	{ "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=", false },
	{ "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=,", false },
	{ "{SCRAM-SHA-1}0,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", false },
	{ "{SCRAM-SHA-1}99999999,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", false },
	{ "{SCRAM-SHA-1}4096,,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", false },
	{ "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,AAAA,D+CSWLOshSulAsxiupA+qs2/fTE=", false },
	{ "{SCRAM-SHA-256}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", false },
	{ "{SCRAM-SHA-1}",			   false},
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

static const char *const methods[] = { NULL, "yescrypt", "sha512", "sha256", "bcrypt",
				       "scram-sha-256", "scram-sha-1", "plain" };

START_TEST(what_was_hashed_is_known_again_and_nothing_else_is)
{
	_cleanup_(buf_release) struct buf hash = { 0 }, marked = { 0 }, locked = { 0 };

	ck_assert_int_eq(secret_hash(STR("s\303\244cret pass"), methods[_i], &hash), 0);
	buf_printf(&marked, "{ANY-CRYPT}%s", buf_cstr(&hash));
	buf_printf(&locked, "!%s", buf_cstr(&hash));
	ck_assert(secret_usable(buf_view(&hash)));
	ck_assert(secret_check(STR("s\303\244cret pass"), buf_view(&hash)));
	ck_assert(hash.s[0] == '{' || secret_check(STR("s\303\244cret pass"), buf_view(&marked)));
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

/* RFC 5802 5: the keys of "pencil" */
#define PENCIL "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="

START_TEST(keys_are_those_of_the_password)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct scram_keys k;

	ck_assert(secret_check(STR("pencil"), STR(PENCIL)));
	ck_assert(!secret_check(STR("pencils"), STR(PENCIL)));
	ck_assert(secret_check(STR("pen\302\255cil"), STR(PENCIL))); /* what can't be seen does not count */
	ck_assert(!secret_check(STR("pencil\1"), STR(PENCIL)));
	ck_assert(secret_stored_keys(STR("$6$x$y " PENCIL), HASH_SHA1, &k));
	ck_assert(!secret_stored_keys(STR(PENCIL), HASH_SHA256, &k));
	ck_assert(!secret_stored_keys(STR("!" PENCIL), HASH_SHA1, &k));
	scram_keys_write(&k, &b);
	t_str_eq(buf_view(&b), STR(PENCIL));
}
END_TEST

START_TEST(keys_can_be_made_of_the_password_itself)
{
	const struct scram_keys like = { .hash = HASH_SHA1, .iterations = 4096, .salt_n = 12,
					 .salt = "\x41\x25\xc2\x47\xe4\x3a\xb1\xe9\x3c\x6d\xff\x76" };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct scram_keys k;

	ck_assert(secret_keys(STR("{PLAIN}pencil"), &like, &k));
	scram_keys_write(&k, &b);
	t_str_eq(buf_view(&b), STR(PENCIL));
	ck_assert(secret_keys(STR(PENCIL " {PLAIN}other"), &like, &k));
	ck_assert(!secret_keys(STR("$6$abcdefgh$x"), &like, &k));
	ck_assert(!secret_keys(STR("!{PLAIN}pencil"), &like, &k));
	ck_assert(secret_scram(STR("{PLAIN}x")) && !secret_scram(STR(PENCIL)) && !secret_scram(STR("!{PLAIN}x")));
}
END_TEST

START_TEST(the_first_word_that_can_tell_does)
{
	_cleanup_(buf_release) struct buf hash = { 0 };

	ck_assert_int_eq(secret_hash(STR("first"), "sha256", &hash), 0);
	buf_z(&hash, " " PENCIL);
	ck_assert(secret_check(STR("first"), buf_view(&hash)));
	ck_assert(!secret_check(STR("pencil"), buf_view(&hash)));
	ck_assert(secret_check(STR("pencil"), STR("* " PENCIL)));
	ck_assert(secret_check(STR("two words"), STR("{PLAIN}two words")));
}
END_TEST

START_TEST(the_password_itself)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(!secret_plain(STR(PENCIL), &b) && !secret_plain(STR("!{PLAIN}x"), &b));
	ck_assert(secret_plain(STR(PENCIL " {PLAIN}a b "), &b));
	t_str_eq(buf_view(&b), STR("a b "));
	buf_clear(&b);
	ck_assert(secret_plain(STR("{PLAIN.b64}YTpi {SCRAM-SHA-1}x"), &b));
	t_str_eq(buf_view(&b), STR("a:b"));
}
END_TEST

START_TEST(a_password_that_nobody_can_type_gets_no_keys)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert_int_eq(secret_hash(STR("a\1b"), "scram-sha-256", &b), -EILSEQ);
	ck_assert_int_eq(secret_hash(STR("\377"), "scram-sha-1", &b), -EILSEQ);
	ck_assert_uint_eq(b.n, 0);
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
	T_TEST(keys_are_those_of_the_password), T_TEST(keys_can_be_made_of_the_password_itself),
	T_TEST(the_first_word_that_can_tell_does), T_TEST(the_password_itself),
	T_TEST(a_password_that_nobody_can_type_gets_no_keys), T_TEST(locked_is_an_exclamation_mark_in_front))
