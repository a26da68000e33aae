/* maildir/mdname.c: names of message files */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "maildir/maildir.h"
#include "maildir/mdname.h"

#define BIT(c) (UINT64_C(1) << ((c) - 'A'))
static const struct {
	uint8_t flag;
	uint64_t letter;
} flag_letters[] = {
	{ MD_DRAFT, BIT('D') }, { MD_FLAGGED, BIT('F') }, { MD_ANSWERED, BIT('R') },
	{ MD_SEEN, BIT('S') },  { MD_DELETED, BIT('T') }, { 0 },
};

uint64_t mdname_letter(char c)
{
	if (c >= 'A' && c <= 'Z')
		return UINT64_C(1) << (c - 'A');
	return c >= 'a' && c <= 'z' ? UINT64_C(1) << (c - 'a' + 26) : 0;
}

uint64_t mdname_letters(struct str s)
{
	uint64_t letters = 0;

	for (size_t i = 0; i < s.n; i++)
		letters |= mdname_letter(s.s[i]);
	return letters;
}

size_t mdname_put_letters(uint64_t letters, char ret[52])
{
	size_t n = 0;

	for (; letters; letters &= letters - 1) {
		const int bit = __builtin_ctzll(letters);

		ret[n++] = (char)(bit < 26 ? 'A' + bit : 'a' + bit - 26);
	}
	return n;
}

uint64_t mdname_flag_letters(uint8_t flags)
{
	uint64_t letters = 0;

	for (size_t i = 0; flag_letters[i].flag; i++)
		if (flags & flag_letters[i].flag)
			letters |= flag_letters[i].letter;
	return letters;
}

uint8_t mdname_flags(uint64_t letters)
{
	uint8_t flags = 0;

	for (size_t i = 0; flag_letters[i].flag; i++)
		if (letters & flag_letters[i].letter)
			flags |= flag_letters[i].flag;
	return flags;
}

struct mdname mdname_split(struct str name)
{
	struct mdname m = { .base = name, .suffix = str_from(name, name.n) };
	const size_t at = str_rfind(name, ':');
	const struct str suffix = str_from(name, at);

	if (at == name.n ||
	    !(str_starts(suffix, STR(":2,")) || str_starts(suffix, STR(":1,")) || str_eq(suffix, STR(":2"))))
		return m;
	m.base = str_head(name, at);
	m.suffix = suffix;
	if (suffix.s[1] == '2')
		m.letters = mdname_letters(str_from(suffix, 3));
	return m;
}

size_t mdname_suffix(uint64_t letters, char ret[MDNAME_SUFFIX])
{
	size_t n;

	memcpy(ret, ":2,", 3);
	n = 3 + mdname_put_letters(letters, ret + 3);
	ret[n] = 0;
	return n;
}

bool mdname_fits(struct str base, uint64_t letters)
{
	return base.n + 3 + (size_t)__builtin_popcountll(letters) <= MDNAME_MAX;
}

struct str mdname_stem(struct str base)
{
	for (;;) {
		size_t n = base.n;

		while (n && ascii_digit(base.s[n - 1]))
			n--;
		if (n == base.n || n < 4 || base.s[n - 1] != '=' || !ascii_alpha(base.s[n - 2]) ||
		    base.s[n - 3] != ',')
			return base;
		base.n = n - 3;
	}
}

struct str mdname_size(struct str base)
{
	const struct str fields = str_from(base, mdname_stem(base).n);
	struct str field = str_from(fields, str_search(fields, STR(",S=")));
	size_t n = MIN(field.n, (size_t)3);

	while (n < field.n && ascii_digit(field.s[n]))
		n++;
	return str_head(field, n);
}

/* The digits in front, without zeros that mean nothing. */
static struct str number(struct str s)
{
	size_t n = 0;

	while (s.n && s.s[0] == '0')
		s = str_from(s, 1);
	while (n < s.n && ascii_digit(s.s[n]))
		n++;
	return str_head(s, n);
}

int mdname_cmp(struct str a, struct str b)
{
	const struct str x = number(a), y = number(b);
	int r;

	if (x.n != y.n)
		return x.n < y.n ? -1 : 1;
	r = str_cmp(x, y);
	return r ? r : str_cmp(a, b);
}

uint64_t mdname_order(struct str base)
{
	const struct str digits = number(base);
	uint64_t v = 0;

	return digits.n == 0 || str_u64(digits, &v) ? v : UINT64_MAX;
}

uint64_t mdname_print(const struct stat *st)
{
	const uint64_t parts[] = { st->st_ino, (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
				   (uint64_t)st->st_mtim.tv_nsec };
	uint64_t h = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < COUNT(parts); i++) {
		h = (h ^ parts[i]) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h ? h : 1;
}

/* A host's name as names of files may have it: "/" and ":" as Maildir writes them. */
static void put_host(const char *hostname, char ret[80])
{
	size_t n = 0;

	for (const char *s = hostname && *hostname ? hostname : "localhost"; *s && n < 64; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c > ' ' && c < 0x7f && c != '/' && c != ':' && c != ',')
			ret[n++] = (char)c;
		else
			n += (size_t)snprintf(ret + n, 80 - n, "\\%03o", c);
	}
	ret[n] = 0;
}

void mdname_unique(const struct stat *st, unsigned serial, const char *hostname, char ret[MDNAME_MAX + 1])
{
	struct timespec now;
	char host[80];

	clock_gettime(CLOCK_REALTIME, &now);
	put_host(hostname, host);
	if (st)
		snprintf(ret, MDNAME_MAX + 1, "%lld.M%06ldP%dV%016llXI%016llX_%u.%s,S=%lld",
			 (long long)now.tv_sec, now.tv_nsec / 1000, (int)getpid(),
			 (unsigned long long)st->st_dev, (unsigned long long)st->st_ino, serial, host,
			 (long long)st->st_size);
	else
		snprintf(ret, MDNAME_MAX + 1, "%lld.M%06ldP%d_%u.%s", (long long)now.tv_sec,
			 now.tv_nsec / 1000, (int)getpid(), serial, host);
}
