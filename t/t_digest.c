/* t/t_digest.c: digests of contents */
#include <string.h>
#include "base/digest.h"
#include "t/t.h"

/* Texts of n octets, (7 i + i / 256) mod 256; what another implementation of RFC 7693 makes of them. */
static const struct {
	size_t n;
	const char *hex;
} known[] = {
	{ 0,	  "3345524abf6bbe1809449224b5972c41790b6cf2" },
	{ 1,	  "082ad992fb76871c33a1b9993a082952feaca5e6" },
	{ 127,	  "b488b0bae10bd45e7a441fea5a47999c19dbb073" },
	{ 128,	  "5cde3dcb89217d5815bca54d6c7365c5dd188ab9" },
	{ 129,	  "fd00121d08f627a1ed72f13cbd825f971034be82" },
	{ 255,	  "9cf26ca75b204e7f2d684a95089ed20e2cb47581" },
	{ 256,	  "420a7e23ba532070d8f5dd94c46c2485fe5e4144" },
	{ 257,	  "ae575bf8a834df3231e64d5e7cd51b6a5fd59a43" },
	{ 1000,	  "521f35a37cdc82426da0b660c2ab6278418d819f" },
	{ 100000, "f324e2e7cc7326e1d48dcaa7ce83bbba7d288c5e" },
};

static void text(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(7 * i + i / 256);
}

START_TEST(is_blake2b)
{
	static uint8_t p[100000];
	struct digest d;
	char hex[DIGEST_HEX + 1];

	text(p, known[_i].n);
	digest_init(&d);
	digest_add(&d, p, known[_i].n);
	digest_end(&d, hex);
	ck_assert_str_eq(hex, known[_i].hex);
}
END_TEST

static const int sizes[] = { 1, 7, 127, 128, 129, 300 };

START_TEST(pieces_are_as_good_as_one)
{
	uint8_t p[1000];
	struct digest d;
	char hex[DIGEST_HEX + 1];

	text(p, sizeof p);
	digest_init(&d);
	for (size_t at = 0, n = 0; at < sizeof p; at += n, n = (size_t)sizes[_i]) {
		n = MIN(n, sizeof p - at);
		digest_add(&d, p + at, n);
	}
	digest_end(&d, hex);
	ck_assert_str_eq(hex, known[8].hex);
}
END_TEST

START_TEST(abc)
{
	struct digest d;
	char hex[DIGEST_HEX + 1];

	digest_init(&d);
	digest_add(&d, "abc", 3);
	digest_end(&d, hex);
	ck_assert_str_eq(hex, "384264f676f39536840523f284921cdc68b6846b");
}
END_TEST

/* As another implementation of RFC 2104 has them. */
START_TEST(mac)
{
	uint8_t key[128], text_of_x[300];
	char hex[DIGEST_HEX + 1];

	for (unsigned i = 0; i < sizeof key; i++)
		key[i] = (uint8_t)i;
	memset(text_of_x, 'x', sizeof text_of_x);
	digest_mac(STR(""), STR(""), hex);
	ck_assert_str_eq(hex, "47c46c0bac3568d9e83137870f13171113fbb747");
	digest_mac(STR("key"), STR("The quick brown fox jumps over the lazy dog"), hex);
	ck_assert_str_eq(hex, "98af676e70aac5c26243aaaf06bcb8b8daa2bebd");
	digest_mac((struct str){ (char *)key, sizeof key }, (struct str){ (char *)text_of_x, sizeof text_of_x }, hex);
	ck_assert_str_eq(hex, "bde9036bc412e6c39e1ba5514fbad4d21c0d4768");
	digest_mac((struct str){ (char *)key, 32 }, STR("imap://joe@h/"), hex);
	ck_assert_str_eq(hex, "54fab57d1170064b39f199e9ce7837903ae63400");
}
END_TEST

T_SUITE("digest", T_LOOP(is_blake2b, known), T_LOOP(pieces_are_as_good_as_one, sizes), T_TEST(abc), T_TEST(mac))
