/* t/t_siphash.c: the hash is SipHash-1-3 */
#include "base/siphash.h"
#include "t/t.h"

/* What CPython 3.11 has for hash(b"...") with PYTHONHASHSEED=0, which is the key zero. */
static const struct {
	const char *octets;
	uint64_t hash;
} vectors[] = {
	{ "a",		      UINT64_C(0x407448d2b89b1813) },
	{ "abcdefg",	      UINT64_C(0x6db12aae9070f506) },
	{ "abcdefgh",	      UINT64_C(0x3f7b849c0b8e35ea) },
	{ "abcdefghi",	      UINT64_C(0xf89b34a3d11eb6e5) },
	{ "0123456789abcdef", UINT64_C(0x1d42b30f7e060c24) },
};

START_TEST(it_gives_what_others_give)
{
	static const uint64_t zero[2] = { 0, 0 };

	ck_assert_uint_eq(siphash(zero, str_z(vectors[_i].octets)), vectors[_i].hash);
}
END_TEST

START_TEST(another_key_gives_another_hash)
{
	static const uint64_t keys[][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 } };

	ck_assert_uint_ne(siphash(keys[0], STR("a")), siphash(keys[1], STR("a")));
	ck_assert_uint_ne(siphash(keys[0], STR("a")), siphash(keys[2], STR("a")));
	ck_assert_uint_ne(siphash(keys[0], STR("")), siphash(keys[1], STR("")));
}
END_TEST

T_SUITE("siphash", T_LOOP(it_gives_what_others_give, vectors), T_TEST(another_key_gives_another_hash))
