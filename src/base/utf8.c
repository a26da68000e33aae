/* base/utf8.c: UTF-8 (RFC 3629) */
#include "base/utf8.h"

bool utf8_next(struct str *rest, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)rest->s;
	uint32_t c;
	size_t more;

	if (rest->n == 0)
		return false;
	more = s[0] < 0x80 ? 0 : s[0] < 0xc0 ? 4 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : s[0] < 0xf8 ? 3 : 4;
	if (more == 4 || rest->n <= more)
		return false;
	c = more ? s[0] & (0x3fu >> more) : s[0];
	for (size_t i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*rest = str_from(*rest, more + 1);
	*ret = c;
	return true;
}

bool utf8_valid(struct str s)
{
	uint32_t c;

	while (s.n)
		if (!utf8_next(&s, &c))
			return false;
	return true;
}

void utf8_put(struct buf *b, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		buf_c(b, (char)c);
	} else if (c < 0x800) {
		buf_c(b, (char)(0xc0 | c >> 6));
		buf_c(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_c(b, (char)(0xe0 | c >> 12));
		buf_c(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_c(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_c(b, (char)(0xf0 | c >> 18));
		buf_c(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_c(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_c(b, (char)(0x80 | (c & 0x3f)));
	}
}
