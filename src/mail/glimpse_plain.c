/* mail/glimpse_plain.c: what a reader sees first of plain text */
#include "mail/glimpse.h"

enum { ATTRIBUTION = 3 };	/* lines of "On Monday Anna wrote:" at most */

/* The next line, without its end. */
static bool next_line(struct str *rest, struct str *ret)
{
	if (rest->n == 0 || !str_cut(rest, '\n', ret))
		return false;
	if (str_ends(*ret, STR("\r")))
		ret->n--;
	return true;
}

static bool is_quoted(struct str line)
{
	return str_starts(str_trim(line), STR(">"));
}

static struct str without_marks(struct str line)
{
	while (line.n && (line.s[0] == '>' || line.s[0] == ' '))
		line = str_from(line, 1);
	return line;
}

/* "-----", "* * *": a line that only divides. */
static bool is_rule(struct str line)
{
	line = str_trim(line);
	for (size_t i = 0; i < line.n; i++)
		if (ascii_alpha(line.s[i]) || ascii_digit(line.s[i]) || line.s[i] & 0x80)
			return false;
	return line.n > 2;
}

/* Whether some lines from here on say who wrote what is quoted behind them; *rest is moved past them then. */
static bool skip_attribution(struct str *rest)
{
	struct str ahead = *rest, line, last = { 0 };

	for (int i = 0; i < ATTRIBUTION && next_line(&ahead, &line); i++) {
		const struct str trimmed = str_trim(line);
		struct str next = ahead;

		if (trimmed.n == 0 || is_quoted(line))
			return false;
		last = trimmed;
		if (!str_ends(last, STR(":")))
			continue;
		while (next_line(&next, &line) && str_trim(line).n == 0)
			ahead = next;
		if (!is_quoted(line))
			return false;
		*rest = ahead;
		return true;
	}
	return false;
}

/* What signed text begins with, up to an empty line (RFC 9580 7). */
static void skip_armor(struct str *rest)
{
	struct str line;

	while (next_line(rest, &line) && str_trim(line).n)
		;
}

void glimpse_plain(struct glimpse *g, struct str rest, bool all)
{
	struct str line;

	while (!g->full) {
		if (!all && skip_attribution(&rest))
			continue;
		if (!next_line(&rest, &line) || str_starts(line, STR("-----BEGIN PGP MESSAGE-----")) ||
		    str_starts(line, STR("-----BEGIN PGP SIGNATURE-----")))
			return;
		if (str_eq(line, STR("-- "))) {	/* RFC 3676 4.3 */
			if (g->chars)
				return;
			continue;
		}
		if (str_starts(line, STR("-----BEGIN PGP SIGNED MESSAGE-----"))) {
			skip_armor(&rest);
			continue;
		}
		if (is_quoted(line) && !all)
			continue;
		if (is_quoted(line))
			line = without_marks(line);
		if (!is_rule(line))
			glimpse_text(g, line);
		glimpse_space(g);
	}
}
