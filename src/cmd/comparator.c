/* cmd/comparator.c: I18NLEVEL=2: COMPARATOR, and by which collations texts are compared (RFC 5255 4) */
#include "command.h"
#include "session.h"

/* By their number in enum collation, the most useful first. All can do what SEARCH and SORT need (RFC 5255 4.4). */
static const char *const collations[] = { "i;unicode-casemap", "i;ascii-casemap", "i;octet" };

/* collation-wild (RFC 4790 3.2): "*" is any characters. */
static bool matches(struct str pattern, struct str name)
{
	size_t star = SIZE_MAX, at = 0, p = 0, n = 0;

	while (n < name.n)
		if (p < pattern.n && pattern.s[p] == '*') {
			star = p++;
			at = n;
		} else if (p < pattern.n && ascii_upper(pattern.s[p]) == ascii_upper(name.s[n])) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++at;
		} else {
			return false;
		}
	while (p < pattern.n && pattern.s[p] == '*')
		p++;
	return p == pattern.n;
}

/* What has been asked for: the first argument that means something wins. */
struct choice {
	bool made;
	struct comparator comparator;
	unsigned all;		/* that any argument means, as bits */
};

/* ["+" / "-"] collation-wild / "default" */
static void choose(struct choice *c, struct str order)
{
	const bool backwards = order.n && order.s[0] == '-';

	if (order.n && (order.s[0] == '+' || order.s[0] == '-'))
		order = str_from(order, 1);
	for (unsigned i = 0; i < COUNT(collations); i++) {
		if (!matches(order, str_z(collations[i])) && !(i == 0 && str_ieq(order, STR("default"))))
			continue;
		c->all |= 1u << i;
		if (!c->made)
			c->comparator = (struct comparator){ .collation = (enum collation)i, .backwards = backwards };
		c->made = true;
	}
}

/* "* COMPARATOR" SP comp-sel-quoted [SP "(" comp-id-quoted *(SP comp-id-quoted) ")"] */
static void tell(struct session *s, struct arena *a, unsigned all)
{
	const struct comparator *now = &s->comparator;

	w_untagged(&s->out);
	w_atom(&s->out, "COMPARATOR");
	w_astring(&s->out, str_z(arena_printf(a, "%s%s", now->backwards ? "-" : "", collations[now->collation])));
	if (all & (all - 1)) {	/* more than one */
		w_open(&s->out);
		for (size_t i = 0; i < COUNT(collations); i++)
			if (all & 1u << i)
				w_astring(&s->out, str_z(collations[i]));
		w_close(&s->out);
	}
	w_crlf(&s->out);
}

/* *(SP comp-order-quoted) */
static enum verdict cmd_comparator(struct session *s, struct command *cmd)
{
	struct choice choice = { 0 };
	const bool asks = p_end(&cmd->args);
	struct str order;

	while (p_sp(&cmd->args)) {
		if (!p_astring(&cmd->args, &order))
			return cmd_syntax(cmd);
		choose(&choice, order);
	}
	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	if (!asks && !choice.made)
		return cmd_no(cmd, "BADCOMPARATOR", "There is no such comparator here.");
	if (!asks)
		s->comparator = choice.comparator;
	tell(s, cmd->arena, choice.all);
	return cmd_ok(cmd, "COMPARATOR completed.");
}

static const struct command_row commands[] = {
	{ "COMPARATOR", ANY_STATE, LEAVES, cmd_comparator },
	{ 0 },
};
const struct extension ext_i18nlevel = { .rfc = 5255, .capability = "I18NLEVEL=2", .commands = commands };
