/* mail/subject.c: the base subject, for sorting and threading (RFC 5256 2.1) */
#include "mail/subject.h"
#include "mail/words.h"

/* RFC 5256 2.1 (1): decoded, every run of blanks is one SP */
static struct str plain(struct arena *a, struct str value)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	size_t n = 0;
	char *s;

	words_decode(&b, value);
	s = arena_alloc(a, b.n + 1);
	for (size_t i = 0; i < b.n; i++) {
		const bool blank = b.s[i] == ' ' || b.s[i] == '\t' || b.s[i] == '\r' || b.s[i] == '\n';

		if (!blank)
			s[n++] = b.s[i];
		else if (n == 0 || s[n - 1] != ' ')
			s[n++] = ' ';
	}
	return (struct str){ s, n };
}

static bool take_z(struct str *s, const char *word)
{
	const struct str w = str_z(word);

	if (!str_istarts(*s, w))
		return false;
	*s = str_from(*s, w.n);
	return true;
}

static void take_blanks(struct str *s)
{
	while (take_z(s, " "))
		;
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP */
static bool blob(struct str *s)
{
	struct str rest = *s;

	if (!take_z(&rest, "["))
		return false;
	while (rest.n && rest.s[0] != '[' && rest.s[0] != ']' && rest.s[0])
		rest = str_from(rest, 1);
	if (!take_z(&rest, "]"))
		return false;
	take_blanks(&rest);
	*s = rest;
	return true;
}

/* subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":" */
static bool refwd(struct str *s)
{
	struct str rest = *s;

	if (!take_z(&rest, "re") && !take_z(&rest, "fwd") && !take_z(&rest, "fw"))
		return false;
	take_blanks(&rest);
	blob(&rest);
	if (!take_z(&rest, ":"))
		return false;
	*s = rest;
	return true;
}

/* subj-trailer = "(fwd)" / WSP */
static void trailers(struct str *s, bool *reply)
{
	for (;;) {
		const size_t n = s->n;

		if (str_ends(*s, STR(" "))) {
			s->n--;
		} else if (n >= 5 && str_ieq(str_from(*s, n - 5), STR("(fwd)"))) {
			s->n -= 5;
			*reply = true;
		} else {
			return;
		}
	}
}

/* RFC 5256 2.1 (3) to (5). subj-leader = (*subj-blob subj-refwd) / WSP. Once no leader is left, taking a blob
 * off can't bring one forth, since a leader may begin with blobs.
 */
static void leaders(struct str *s, bool *reply)
{
	struct str rest;

	for (;;) {
		take_blanks(s);
		rest = *s;
		while (blob(&rest))
			;
		if (!refwd(&rest))
			break;
		*s = rest;
		*reply = true;
	}
	for (rest = *s; blob(&rest) && rest.n;)
		*s = rest;
}

struct str subject_base(struct arena *a, struct str value, bool *ret_reply)
{
	struct str s = plain(a, value);
	bool reply = false;

	for (;;) {
		trailers(&s, &reply);
		leaders(&s, &reply);
		if (!str_istarts(s, STR("[fwd:")) || !str_ends(s, STR("]"))) /* (6) */
			break;
		s = str_from(str_head(s, s.n - 1), 5);
		reply = true;
	}
	if (ret_reply)
		*ret_reply = reply;
	return s;
}
