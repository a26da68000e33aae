/* base/str.c: bytes that somebody else owns */
#define _GNU_SOURCE
#include <string.h>
#include "base/str.h"

struct str str_z(const char *s)
{
	return (struct str){ s, s ? strlen(s) : 0 };
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

bool str_ieq(struct str a, struct str b)
{
	return a.n == b.n && str_icmp(a, b) == 0;
}

int str_cmp(struct str a, struct str b)
{
	const size_t n = MIN(a.n, b.n);
	const int r = n ? memcmp(a.s, b.s, n) : 0;

	return r ? r : (a.n > b.n) - (a.n < b.n);
}

int str_icmp(struct str a, struct str b)
{
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		const unsigned char x = (unsigned char)ascii_lower(a.s[i]);
		const unsigned char y = (unsigned char)ascii_lower(b.s[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a.n > b.n) - (a.n < b.n);
}

bool str_ascii(struct str s)
{
	uint64_t all = 0, eight;
	size_t i = 0;

	for (; i + sizeof eight <= s.n; i += sizeof eight) {
		memcpy(&eight, s.s + i, sizeof eight);
		all |= eight;
	}
	for (; i < s.n; i++)
		all |= (unsigned char)s.s[i];
	return !(all & UINT64_C(0x8080808080808080));
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_eq(str_head(s, prefix.n), prefix);
}

bool str_istarts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && str_ieq(str_head(s, prefix.n), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq(str_from(s, s.n - suffix.n), suffix);
}

size_t str_find(struct str s, char c)
{
	const char *at = s.n ? memchr(s.s, c, s.n) : NULL;

	return at ? (size_t)(at - s.s) : s.n;
}

size_t str_rfind(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.s, c, s.n) : NULL;

	return at ? (size_t)(at - s.s) : s.n;
}

size_t str_search(struct str s, struct str what)
{
	const char *at;

	if (what.n == 0)
		return 0;
	at = s.n ? memmem(s.s, s.n, what.s, what.n) : NULL;
	return at ? (size_t)(at - s.s) : s.n;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && blank(s.s[0]))
		s = str_from(s, 1);
	while (s.n && blank(s.s[s.n - 1]))
		s.n--;
	return s;
}

bool str_cut(struct str *rest, char sep, struct str *ret)
{
	const size_t at = str_find(*rest, sep);

	if (!rest->s)
		return false;
	*ret = str_head(*rest, at);
	*rest = at < rest->n ? str_from(*rest, at + 1) : (struct str){ 0 };
	return true;
}

bool str_u64(struct str s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_digit(s.s[i]) || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s.s[i] - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

bool str_u32(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (!str_u64(s, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}
