/* base/utf7.c: modified UTF-7 (RFC 3501 5.1.3) */
#include "base/base64.h"
#include "base/utf7.h"
#include "base/utf8.h"

static bool is_direct(uint32_t c)
{
	return c >= 0x20 && c <= 0x7e && c != '&';
}

/* Base64 of UTF-16, six bits at a time. */
struct bits {
	uint32_t value;
	unsigned n;	/* how many of the low bits of value are waiting, always under 6 between units */
};

static void put_digits(struct buf *b, struct bits *bits, unsigned least)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

	while (bits->n >= least) {
		bits->n -= 6;
		buf_c(b, digits[bits->value >> bits->n & 0x3f]);
	}
}

static void put_unit(struct buf *b, struct bits *bits, uint32_t unit)
{
	bits->value = bits->value << 16 | unit;
	bits->n += 16;
	put_digits(b, bits, 6);
}

/* All characters from here on that can't stand for themselves, as one run. */
static void put_run(struct buf *b, struct str *rest)
{
	struct bits bits = { 0 };
	struct str next = *rest;
	uint32_t c;

	buf_c(b, '&');
	while (utf8_next(&next, &c) && !is_direct(c) && c != '&') {
		if (c >= 0x10000)
			put_unit(b, &bits, 0xd800 | (c - 0x10000) >> 10);
		put_unit(b, &bits, c >= 0x10000 ? 0xdc00 | ((c - 0x10000) & 0x3ff) : c);
		*rest = next;
	}
	if (bits.n) {
		bits.value <<= 6 - bits.n;
		bits.n = 6;
		put_digits(b, &bits, 6);
	}
	buf_c(b, '-');
}

bool utf7_encode(struct buf *b, struct str s)
{
	struct str next = s;
	size_t direct = 0;
	uint32_t c;

	while (direct < s.n && is_direct((unsigned char)s.s[direct]))
		direct++;
	if (direct == s.n) { /* as most are */
		buf_str(b, s);
		return true;
	}
	if (!utf8_valid(s))
		return false;
	while (utf8_next(&next, &c)) {
		if (is_direct(c)) {
			buf_c(b, (char)c);
			s = next;
		} else if (c == '&') {
			buf_z(b, "&-");
			s = next;
		} else {
			put_run(b, &s);
			next = s;
		}
	}
	return true;
}

/* What stands between "&" and "-". A half of a pair is left to the caller's comparison. */
static void get_run(struct buf *b, struct str run)
{
	uint32_t bits = 0, high = 0;
	unsigned n = 0;

	for (size_t i = 0; i < run.n; i++) {
		bits = bits << 6 | ((uint32_t)base64_digit(run.s[i] == ',' ? '/' : run.s[i]) & 0x3f);
		n += 6;
		if (n < 16)
			continue;
		n -= 16;

		const uint32_t unit = bits >> n & 0xffff;

		if (high && (unit & 0xfc00) == 0xdc00)
			utf8_put(b, 0x10000 + ((high & 0x3ff) << 10 | (unit & 0x3ff)));
		else if ((unit & 0xfc00) != 0xd800)
			utf8_put(b, unit);
		high = (unit & 0xfc00) == 0xd800 ? unit : 0;
	}
}

/* Reads anything, and is right for what is canonical. */
static void get(struct buf *b, struct str s)
{
	size_t plain;

	while ((plain = str_find(s, '&')) < s.n) {
		struct str run = str_from(s, plain + 1);

		buf_str(b, str_head(s, plain));
		run = str_head(run, str_find(run, '-'));
		if (run.n)
			get_run(b, run);
		else
			buf_c(b, '&');
		s = str_from(s, plain + 1 + run.n + 1);
	}
	buf_str(b, s);
}

bool utf7_decode(struct buf *b, struct str s)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 }, again = { 0 };

	get(&utf8, s);
	if (!utf7_encode(&again, buf_view(&utf8)) || !str_eq(buf_view(&again), s))
		return false;
	buf_str(b, buf_view(&utf8));
	return true;
}
