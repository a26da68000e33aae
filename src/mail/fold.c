/* mail/fold.c: text made comparable, and looking for it */
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include "base/utf8.h"
#include "mail/fold.h"
#include "mail/fuzzy.h"

/* RFC 5051 2 (2)(b). No character of Unicode is more than a few steps from its end; depth is for what we
 * don't know.
 */
static void put_decomposed(struct buf *b, uint32_t character, unsigned depth)
{
	ucs4_t parts[UC_DECOMPOSITION_MAX_LENGTH];
	int tag;
	const int n = depth ? uc_decomposition(character, &tag, parts) : -1;

	if (n < 0)
		utf8_put(b, character);
	for (int i = 0; i < n; i++)
		put_decomposed(b, parts[i], depth - 1);
}

static const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);

/* Eight octets of ASCII, those that are lower case letters made upper case. */
static uint64_t upper(uint64_t x)
{
	const uint64_t from_a = x + ones * (0x80 - 'a'), over_z = x + ones * (0x7f - 'z');

	return x ^ ((from_a ^ over_z) & tops) >> 2;
}

/* Whether eight octets are ASCII, and none of them is a control character (DEL apart, which is like a letter here). */
static bool is_printable(uint64_t x)
{
	return !(x & tops) && (((x | tops) - ones * ' ') & tops) == tops;
}

/* Folds what is ASCII at the beginning of s to out. Returns how many octets that are. */
static size_t fold_ascii(struct str s, char *out)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof eight <= s.n; i += sizeof eight) {
		memcpy(&eight, s.s + i, sizeof eight);
		if (eight & tops)
			break;
		eight = upper(eight);
		memcpy(out + i, &eight, sizeof eight);
	}
	for (; i < s.n && (unsigned char)s.s[i] < 0x80; i++)
		out[i] = ascii_upper(s.s[i]);
	return i;
}

void fold_utf8(struct buf *b, struct str text)
{
	while (text.n) {
		const size_t run = fold_ascii(text, buf_reserve(b, text.n));
		uint32_t character;

		b->n += run;
		text = str_from(text, run);
		if (text.n == 0)
			break;
		if (utf8_next(&text, &character)) {
			put_decomposed(b, uc_totitle(character), 8);
		} else {
			buf_c(b, text.s[0]);
			text = str_from(text, 1);
		}
	}
}

bool fold_line(char room[FOLD_LINE], enum collation collation, struct str text)
{
	uint64_t eight;

	if (text.n < sizeof eight || text.n > FOLD_LINE)
		return false;
	for (size_t i = 0; i < text.n; i += sizeof eight) {
		const size_t at = MIN(i, text.n - sizeof eight);	/* the last eight: some of them again */

		memcpy(&eight, text.s + at, sizeof eight);
		if (!is_printable(eight))
			return false;
		if (collation != I_OCTET)
			eight = upper(eight);
		memcpy(room + at, &eight, sizeof eight);
	}
	return true;
}

void fold(struct buf *b, enum collation collation, struct str text)
{
	if (collation == I_UNICODE_CASEMAP)
		fold_utf8(b, text);
	else if (collation == I_OCTET)
		buf_str(b, text);
	else
		for (size_t i = 0; i < text.n; i++)
			buf_c(b, ascii_upper(text.s[i]));
}

void fold_to_order(struct buf *b, enum collation collation, struct str text, size_t most)
{
	text = str_head(text, most);
	text.n = fold_whole(text);
	if (utf8_valid(text)) {
		fold(b, collation, text);
	} else {
		buf_c(b, '\xff');	/* behind all UTF-8 */
		buf_str(b, text);
	}
}

size_t fold_whole(struct str text)
{
	for (size_t back = 1; back <= 3 && back <= text.n; back++) {
		const unsigned char c = (unsigned char)text.s[text.n - back];

		if (c >= 0xc0)
			return back < (c < 0xe0 ? 2u : c < 0xf0 ? 3u : 4u) ? text.n - back : text.n;
		if (c < 0x80)
			break;
	}
	return text.n;
}

void matcher_init(struct matcher *m, struct str folded_needle)
{
	*m = (struct matcher){ .needle = folded_needle, .found = folded_needle.n == 0 };
}

void matcher_release(struct matcher *m)
{
	buf_release(&m->tail);
}

void matcher_reset(struct matcher *m)
{
	m->found = m->needle.n == 0;
	if (m->fuzzy)
		fuzzy_reset(m->fuzzy);
	buf_clear(&m->tail);
}

void matcher_gap(struct matcher *m)
{
	if (m->fuzzy)
		fuzzy_gap(m->fuzzy);
	buf_clear(&m->tail);
}

/* memmem() first makes a table of the needle, which takes longer than to look through a line. */
static bool line_holds(struct str line, struct str needle)
{
	for (; line.n >= needle.n; line = str_from(line, 1)) {
		const struct str beginnings = str_head(line, line.n - needle.n + 1);
		const size_t at = str_find(beginnings, needle.s[0]);

		if (at == beginnings.n)
			return false;
		line = str_from(line, at);
		if (str_starts(line, needle))
			return true;
	}
	return false;
}

static bool holds(struct str text, struct str needle)
{
	if (text.n <= FOLD_LINE)
		return line_holds(text, needle);
	return needle.n <= text.n && str_search(text, needle) < text.n;
}

bool matcher_feed(struct matcher *m, struct str text)
{
	const size_t keep = m->needle.n ? m->needle.n - 1 : 0, had = m->tail.n;

	if (m->found)
		return true;
	if (m->fuzzy)
		return m->found = fuzzy_feed(m->fuzzy, text);
	buf_str(&m->tail, str_head(text, keep));
	m->found = (had && holds(buf_view(&m->tail), m->needle)) || holds(text, m->needle);
	if (text.n >= keep) {
		buf_clear(&m->tail);
		buf_str(&m->tail, str_from(text, text.n - keep));
	} else if (m->tail.n > keep) {
		buf_drop(&m->tail, m->tail.n - keep);
	}
	return m->found;
}

bool matcher_whole(struct matcher *m, struct str text)
{
	if (m->fuzzy) {
		matcher_feed(m, text);
		matcher_gap(m);
	} else {
		m->found = m->found || holds(text, m->needle);
	}
	return m->found;
}
