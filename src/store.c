/* store.c: names, as clients write them, to folders of the Maildir */
#include "store.h"

static const struct str inbox = { "INBOX", 5 };

/* s with every from made a to, in a's memory. */
static struct str translated(struct arena *a, struct str s, char from, char to)
{
	struct str copy = arena_str(a, s);
	char *p = (char *)(uintptr_t)copy.s;

	for (size_t i = 0; i < copy.n; i++)
		if (p[i] == from)
			p[i] = to;
	return copy;
}

int store_folder(const struct store *st, struct arena *a, struct str name, struct str *ret)
{
	const struct str prefix = str_z(st->prefix);

	if (str_eq(name, inbox)) {
		*ret = STR("");
		return 0;
	}
	if (!str_starts(name, prefix) || name.n == prefix.n)
		return -ENOENT;
	name = str_from(name, prefix.n);
	if (st->separator != '.' && str_find(name, '.') < name.n)
		return -EINVAL;
	*ret = translated(a, name, st->separator, '.');
	return 0;
}

struct str store_name(const struct store *st, struct arena *a, struct str folder)
{
	const size_t level = str_find(folder, '.');

	if (folder.n == 0)
		return inbox;
	/* Without a prefix the directory ".INBOX" has the name of the Maildir itself, and ".inbox.a" that of ".INBOX.a". */
	if (!*st->prefix && str_ieq(str_head(folder, level), inbox) &&
	    (level == folder.n || !str_eq(str_head(folder, level), inbox)))
		return (struct str){ 0 };
	if (st->separator != '.' && str_find(folder, st->separator) < folder.n)
		return (struct str){ 0 };
	return arena_cat(a, str_z(st->prefix), translated(a, folder, '.', st->separator), STR(""));
}
