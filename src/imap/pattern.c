/* imap/pattern.c: the patterns of LIST, with % and * (RFC 9051 6.3.9)
 *
 * A pattern is a machine whose states are the places in it; a name is fed to it octet by octet while all the
 * states that it can be in are kept at once. So there is no going back, and no pattern that takes long.
 */
#include <string.h>
#include "imap/pattern.h"

enum { INBOX = 5 }; /* octets */

struct pattern {
	struct str text; /* no two wildcards side by side */
	char separator;
	bool inbox; /* the first five octets are INBOX in any case, and the whole of a level's literal text */
	bool *states; /* two sets of text.n + 1 each */
};

static bool wildcard(char c)
{
	return c == '*' || c == '%';
}

/* Without needless wildcards: "**" is "*", and so are "*%" and "%*"; "%%" is "%". */
static struct str collapse(struct arena *a, struct str text)
{
	char *s = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		if (n == 0 || !wildcard(s[n - 1]) || !wildcard(text.s[i]))
			s[n++] = text.s[i];
		else if (text.s[i] == '*')
			s[n - 1] = '*';
	}
	return (struct str){ s, n };
}

const struct pattern *pattern_new(struct arena *a, struct str text, char separator)
{
	struct pattern *p = arena_alloc(a, sizeof *p);

	p->text = collapse(a, text);
	p->separator = separator;
	p->states = arena_alloc(a, 2 * (p->text.n + 1) * sizeof *p->states);
	if (str_istarts(p->text, STR("INBOX"))) {
		const struct str rest = str_from(p->text, INBOX);

		p->inbox = rest.n == 0 || wildcard(rest.s[0]) || (separator && rest.s[0] == separator);
	}
	return p;
}

/* From the states now to those after c, both up to limit. */
static void step(const struct pattern *p, const bool *now, bool *next, size_t limit, char c)
{
	const char *s = p->text.s;

	memset(next, 0, (limit + 1) * sizeof *next);
	for (size_t i = 0; i < limit; i++) {
		if (!now[i])
			continue;
		if (s[i] == '*' || (s[i] == '%' && c != p->separator))
			next[i] = true;
		else if (s[i] == c)
			next[i + 1] = true;
	}
	for (size_t i = 0; i < limit; i++)
		if (next[i] && wildcard(s[i]))
			next[i + 1] = true;
}

/* After n octets of the name no state beyond 2n + 1 can be reached, since between two wildcards there is an octet. */
bool pattern_matches(const struct pattern *p, struct str name)
{
	bool *now = p->states, *next = now + p->text.n + 1;
	size_t at = 0;

	memset(p->states, 0, 2 * (p->text.n + 1) * sizeof *p->states);
	if (p->inbox && str_starts(name, STR("INBOX")) &&
	    (name.n == INBOX || (p->separator && name.s[INBOX] == p->separator)))
		at = INBOX;
	now[at] = true;
	if (at < p->text.n && wildcard(p->text.s[at]))
		now[at + 1] = true;
	for (; at < name.n; at++) {
		bool *const old = now;

		step(p, now, next, MIN(p->text.n, 2 * at + 3), name.s[at]);
		now = next;
		next = old;
	}
	return now[p->text.n];
}
