/* base/str.h: bytes that somebody else owns */
#pragma once
#include "base/base.h"

/* Borrowed bytes, passed by value. May hold any octet; not ended by NUL. s may be NULL only if n is 0. */
struct str {
	const char *s;
	size_t n;
};

#define STR(literal) ((struct str){ ("" literal), sizeof(literal) - 1 })

struct str str_z(const char *s);			/* of a C string; NULL gives an empty str */
bool str_eq(struct str a, struct str b);
bool str_ieq(struct str a, struct str b);		/* ASCII letters in any case */
int str_cmp(struct str a, struct str b);		/* by octets, as memcmp() */
int str_icmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ascii(struct str s);				/* no octet over 127 */
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Where c first (last) is, or s.n if nowhere. */
size_t str_find(struct str s, char c);
size_t str_rfind(struct str s, char c);
/* Where the octets of what first are, or s.n. An empty what is at 0. */
size_t str_search(struct str s, struct str what);

/* Without blanks (SP, TAB, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* Takes what is before the first sep off *rest, and the sep with it. The last field ends with *rest.
 * False when *rest was used up (its s is NULL then): "a,,b" gives "a", "", "b".
 */
bool str_cut(struct str *rest, char sep, struct str *ret);

/* Decimal digits and nothing else; false if there are none, or the value does not fit. */
bool str_u32(struct str s, uint32_t *ret);
bool str_u64(struct str s, uint64_t *ret);

/* These are here because they are called for each octet, or nearly. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static inline bool ascii_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The first n octets, and all but the first n; both clamp n to the length. */
static inline struct str str_head(struct str s, size_t n)
{
	return (struct str){ s.s, MIN(n, s.n) };
}

static inline struct str str_from(struct str s, size_t n)
{
	if (n == 0 || s.n == 0)
		return s;
	n = MIN(n, s.n);
	return (struct str){ s.s + n, s.n - n };
}

/* Where strings are read in an order in which they do not lie in memory: asks for one STR_AHEAD before it is its turn. */
enum { STR_AHEAD = 8 };
static inline void str_prefetch(struct str s)
{
	if (s.n) {
		__builtin_prefetch(s.s);
		__builtin_prefetch(s.s + s.n);
	}
}
