/* filter.c: mailboxes as a client means them (RFC 5465 6, RFC 7377 2.2) */
#include "filter.h"

/* In the order of enum filter_kind. */
static const char *const kinds[] = {
	"selected", "selected-delayed", "personal", "inboxes", "subscribed", "subtree", "subtree-one", "mailboxes", NULL,
};

bool p_filter(struct cursor *c, struct filter *ret)
{
	const struct str start = c->rest;
	struct filter f = { 0 };
	struct str one;
	size_t kind;

	if (!p_one_of(c, kinds, &kind))
		return false;
	f.kind = (enum filter_kind)kind;
	if (f.kind >= FILTER_SUBTREE) {
		if (!p_sp(c))
			return p_back(c, start);
		if (c->rest.n && c->rest.s[0] == '(') {
			if (!p_list(c, p_mailbox, &f.names))
				return p_back(c, start);
		} else {
			if (!p_mailbox(c, &one))
				return p_back(c, start);
			f.names.v = arena_grow(c->arena, NULL, 1, sizeof one);
			f.names.v[f.names.n++] = one;
		}
	}
	*ret = f;
	return true;
}

/* Whether name is the one that kind and base are about, or below it. */
static bool is_at(enum filter_kind kind, struct str base, struct str name, char separator)
{
	if (!str_starts(name, base))
		return false;
	name = str_from(name, base.n);
	if (name.n == 0)
		return true;
	if (kind == FILTER_MAILBOXES || name.s[0] != separator)
		return false;
	return kind == FILTER_SUBTREE || str_find(str_from(name, 1), separator) == name.n - 1;
}

bool filter_matches(const struct filter *f, const struct name *name, char separator)
{
	if (f->kind == FILTER_PERSONAL || f->kind == FILTER_INBOXES)
		return true;
	if (f->kind == FILTER_SUBSCRIBED)
		return name->is & NAME_SUBSCRIBED;
	for (size_t i = 0; i < f->names.n; i++)
		if (is_at(f->kind, f->names.v[i], name->name, separator))
			return true;
	return false;
}
