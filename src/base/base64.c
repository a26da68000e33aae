/* base/base64.c: base64 (RFC 4648 4) */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *b, struct str in)
{
	const unsigned char *s = (const unsigned char *)in.s;

	for (size_t i = 0; i < in.n; i += 3) {
		const size_t left = in.n - i;
		const uint32_t v = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
				   (left > 2 ? s[i + 2] : 0);

		buf_c(b, alphabet[v >> 18]);
		buf_c(b, alphabet[v >> 12 & 63]);
		buf_c(b, left > 1 ? alphabet[v >> 6 & 63] : '=');
		buf_c(b, left > 2 ? alphabet[v & 63] : '=');
	}
}

int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct buf *b, struct str s)
{
	const size_t had = b->n;
	const size_t pad = str_ends(s, STR("==")) ? 2 : str_ends(s, STR("=")) ? 1 : 0;
	uint32_t v = 0;

	if (s.n % 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const int digit = i >= s.n - pad ? 0 : base64_digit(s.s[i]);

		if (digit < 0) {
			b->n = had;
			return false;
		}
		v = v << 6 | (uint32_t)digit;
		if (i % 4 == 3) {
			const char octets[] = { (char)(v >> 16), (char)(v >> 8), (char)v };

			buf_add(b, octets, i + 1 == s.n ? 3 - pad : 3);
			v = 0;
		}
	}
	return true;
}
