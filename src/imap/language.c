/* imap/language.c: in which language the server speaks (LANGUAGE, RFC 5255 3)
 *
 * All text is English. So nothing has to be remembered, but a client learns that English is what it gets.
 */
#include "imap/language.h"

const char *const languages[] = { "i-default", "en", NULL };

bool p_languages(struct cursor *c, struct strs *ret)
{
	const struct str start = c->rest;
	struct strs ranges = { 0 };

	while (p_sp(c)) {
		ranges.v = arena_grow(c->arena, ranges.v, ranges.n + 1, sizeof *ranges.v);
		if (!p_astring(c, &ranges.v[ranges.n++]))
			return p_back(c, start);
	}
	if (!p_end(c))
		return p_back(c, start);
	*ret = ranges;
	return true;
}

/* The range, or what is left of it when it is cut at its end, subtag by subtag: "en-CA" is also "en". */
static const char *lookup(struct str range)
{
	if (str_ieq(range, STR("*")) || str_ieq(range, STR("default")))
		return languages[0];
	for (;;) {
		for (const char *const *l = languages; *l; l++)
			if (str_ieq(range, str_z(*l)))
				return *l;
		while (range.n && range.s[range.n - 1] != '-')
			range.n--;
		if (range.n == 0)
			return NULL;
		range.n--;
	}
}

const char *language_choose(const struct strs *ranges)
{
	const char *language = NULL;

	for (size_t i = 0; i < ranges->n && !language; i++)
		language = lookup(ranges->v[i]);
	return language;
}
