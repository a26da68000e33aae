/* auth/saslprep.c: names and passwords in the one form in which they are compared (SASLprep, RFC 4013) */
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>
#include "auth/saslprep.h"
#include "base/utf8.h"

struct range {
	uint32_t first, last;
};

/* RFC 3454 C.1.2 */
static const struct range blanks[] = {
	{ 0xa0, 0xa0 },	    { 0x1680, 0x1680 }, { 0x2000, 0x200b }, { 0x202f, 0x202f },
	{ 0x205f, 0x205f }, { 0x3000, 0x3000 }, { 0 },
};

/* RFC 3454 B.1 */
static const struct range unseen[] = {
	{ 0xad, 0xad },	    { 0x34f, 0x34f },	{ 0x1806, 0x1806 }, { 0x180b, 0x180d },
	{ 0x200b, 0x200d }, { 0x2060, 0x2060 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0 },
};

/* RFC 3454 C.2.1, C.2.2, C.3, C.4, C.6, C.7, C.8, C.9; the last two of each plane are looked at below. */
static const struct range prohibited[] = {
	{ 0x1, 0x1f },	      { 0x7f, 0x9f },	    { 0x340, 0x341 },	  { 0x6dd, 0x6dd },	{ 0x70f, 0x70f },
	{ 0x180e, 0x180e },   { 0x200c, 0x200f },   { 0x2028, 0x202e },	  { 0x2060, 0x2063 },	{ 0x206a, 0x206f },
	{ 0x2ff0, 0x2ffb },   { 0xe000, 0xf8ff },   { 0xfdd0, 0xfdef },	  { 0xfeff, 0xfeff },	{ 0xfff9, 0xfffd },
	{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe0001 }, { 0xe0020, 0xe007f }, { 0xf0000, 0x10ffff }, { 0 },
};

static bool is_in(const struct range *table, uint32_t c)
{
	for (const struct range *r = table; r->first; r++)
		if (c >= r->first && c <= r->last)
			return true;
	return false;
}

/* RFC 4013 2.1. False if text is no UTF-8. */
static bool mapped(struct str text, struct buf *ret)
{
	uint32_t c;

	while (text.n) {
		if (!utf8_next(&text, &c))
			return false;
		if (is_in(blanks, c))
			buf_c(ret, ' ');
		else if (!is_in(unseen, c))
			utf8_put(ret, c);
	}
	return true;
}

/* RFC 4013 2.3, 2.5 */
static bool allowed(uint32_t c, bool stored)
{
	if (c == 0 || is_in(prohibited, c) || (c & 0xfffe) == 0xfffe)
		return false;
	return !stored || !uc_is_general_category_withtable((ucs4_t)c, UC_CATEGORY_MASK_Cn);
}

/* RFC 3454 6: text from right to left begins and ends so, and has nothing from left to right in it. */
static bool one_direction(struct str text)
{
	bool left = false, right = false, first = false, last = false, any = false;
	uint32_t c;

	while (utf8_next(&text, &c)) {
		const int class = uc_bidi_class((ucs4_t)c);

		last = class == UC_BIDI_R || class == UC_BIDI_AL;
		if (!any)
			first = last;
		any = true;
		right |= last;
		left |= class == UC_BIDI_L;
	}
	return !right || (first && last && !left);
}

static bool all_allowed(struct str text, bool stored)
{
	struct str rest = text;
	uint32_t c;

	while (rest.n)
		if (!utf8_next(&rest, &c) || !allowed(c, stored))
			return false;
	return one_direction(text);
}

/* Letters, digits and signs of ASCII are what they are. */
static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.s[i] < ' ' || text.s[i] >= 0x7f)
			return false;
	return true;
}

bool saslprep(struct str text, bool stored, struct buf *ret)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	uint8_t *form = NULL;
	size_t n = 0;
	bool good;

	if (is_plain(text)) {
		buf_str(ret, text);
		return true;
	}
	good = mapped(text, &b);
	if (good)
		form = u8_normalize(UNINORM_NFKC, (const uint8_t *)buf_cstr(&b), b.n, NULL, &n);
	good = form && all_allowed((struct str){ (const char *)form, n }, stored);
	if (good)
		buf_add(ret, form, n);
	if (form)
		wipe(form, n);
	free(form);
	if (b.s)
		wipe(b.s, b.size);
	return good;
}
