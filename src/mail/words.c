/* mail/words.c: encoded words in header fields (RFC 2047) */
#include "base/arena.h"
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/header.h"
#include "mail/words.h"

struct word {
	struct str charset, text;
	bool base64;
};

enum { CHARSET_MAX = 64 }; /* octets of a charset's name and language */

/* encoded-word = "=?" charset ["*" language] "?" encoding "?" text "?=" (RFC 2047 2, RFC 2231 5). The text
 * may have blanks, which it should not. *unclosed is set if there is no "?=" in all of *rest.
 */
static bool encoded_word(struct str *rest, struct word *ret, bool *unclosed)
{
	struct str s = str_from(*rest, 2);
	const size_t n = str_find(str_head(s, CHARSET_MAX), '?');
	struct word w = { .charset = str_head(s, n) };
	size_t end;

	s = str_from(s, n);
	if (n == 0 || s.n < 3 || s.s[0] != '?' || s.s[2] != '?' ||
	    !(ascii_lower(s.s[1]) == 'q' || ascii_lower(s.s[1]) == 'b'))
		return false;
	w.base64 = ascii_lower(s.s[1]) == 'b';
	w.charset = str_head(w.charset, str_find(w.charset, '*'));
	s = str_from(s, 3);
	end = str_search(s, STR("?="));
	if (end == s.n) {
		*unclosed = true;
		return false;
	}
	w.text = str_head(s, end);
	*rest = str_from(s, end + 2);
	*ret = w;
	return true;
}

/* Octets of neighbours that have one charset; a character may begin in one word and end in the next. */
struct run {
	struct str charset;
	struct buf octets;
	bool any;
};

static void run_end(struct run *run, struct buf *b)
{
	if (run->any)
		charset_guess_utf8(b, run->charset, buf_view(&run->octets));
	run->any = false;
	buf_clear(&run->octets);
}

static void run_add(struct run *run, struct word w, struct buf *b)
{
	if (run->any && !str_ieq(run->charset, w.charset))
		run_end(run, b);
	run->any = true;
	run->charset = w.charset;
	if (w.base64)
		decode_b(&run->octets, w.text);
	else
		decode_q(&run->octets, w.text);
}

/* Text that is no encoded word. RFC 2047 6.2: blanks between two that are some are not shown. */
static void plain_add(struct run *run, struct str text, struct buf *b)
{
	if (run->any && str_trim(text).n == 0)
		return;
	run_end(run, b);
	charset_guess_utf8(b, STR(""), text);
}

/* Where the first "=?" is; text.n: nowhere. */
static size_t find_word(struct str text)
{
	size_t from = 0, at;

	do {	/* "?" is rarer than "=", and one octet is found faster than two */
		at = from + str_find(str_from(text, from), '?');
		from = at + 1;
	} while (at < text.n && (at == 0 || text.s[at - 1] != '='));
	return at < text.n ? at - 1 : text.n;
}

bool words_any(struct str text)
{
	return find_word(text) < text.n;
}

void words_decode(struct buf *b, struct str value)
{
	_cleanup_(arena_free) struct arena scratch = { 0 };
	struct str rest = header_unfold(&scratch, value);
	struct run run = { 0 };
	bool unclosed = false;
	size_t at = 0; /* in rest: what is before it is plain */
	struct word w;

	if (!words_any(rest) && str_ascii(rest)) {	/* as most are */
		buf_str(b, rest);
		return;
	}

	while (!unclosed && (at += find_word(str_from(rest, at))) < rest.n) {
		struct str behind = str_from(rest, at);

		if (!encoded_word(&behind, &w, &unclosed)) {
			at++;
			continue;
		}
		plain_add(&run, str_head(rest, at), b);
		run_add(&run, w, b);
		rest = behind;
		at = 0;
	}
	run_end(&run, b);
	charset_guess_utf8(b, STR(""), rest);
	buf_release(&run.octets);
}
