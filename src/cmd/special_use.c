/* cmd/special_use.c: SPECIAL-USE and CREATE-SPECIAL-USE (RFC 6154), \Important (RFC 8457) */
#include "command.h"
#include "names.h"

/* What LIST tells of uses, it always tells: names.c. */
static const struct list_row returns[] = {
	{ .name = "SPECIAL-USE" },
	{ 0 },
};

struct uses {
	struct str v[32]; /* with their backslashes */
	size_t n;
};

/* use-attr-ext = "\" atom */
static bool p_use(struct cursor *c, struct str *ret)
{
	const struct str start = c->rest;
	struct str atom;

	if (!p_char(c, '\\') || !p_atom(c, &atom))
		return p_back(c, start);
	*ret = str_head(start, atom.n + 1);
	return true;
}

/* "USE" SP "(" [use-attr *(SP use-attr)] ")" */
static bool parse_use(struct cursor *c, const void **ret)
{
	struct uses *uses = arena_alloc(c->arena, sizeof *uses);

	*ret = uses;
	if (!p_sp(c) || !p_char(c, '('))
		return false;
	if (p_char(c, ')'))
		return true;
	do {
		if (uses->n == COUNT(uses->v))
			return p_expected(c, "fewer attributes");
		if (!p_use(c, &uses->v[uses->n]))
			return false;
		uses->n++;
	} while (p_sp(c));
	return p_char(c, ')');
}

static enum verdict check_use(struct session *s, struct command *cmd, const void *args)
{
	const struct uses *uses = args;

	(void)s;
	for (size_t i = 0; i < uses->n; i++)
		if (special_use_find(uses->v[i]) < 0)
			return cmd_no(cmd, "USEATTR", "A mailbox can't have that use here.");
	return OK;
}

static int apply_use(struct session *s, struct str folder, const void *args)
{
	const struct uses *uses = args;
	int r = 0;

	for (size_t i = 0; r == 0 && i < uses->n; i++) {
		const int use = special_use_find(uses->v[i]);

		r = use < 0 ? use
			    : account_set_use(s->store.account, folder, str_z(special_uses[use].attribute),
					      true);
	}
	return r;
}

static const struct create_row parameters[] = {
	{"USE",	 parse_use, check_use, apply_use },
	{ 0},
};
const struct extension ext_special_use = {
	.rfc = 6154, .capability = "SPECIAL-USE CREATE-SPECIAL-USE", .list = returns, .create = parameters
};
