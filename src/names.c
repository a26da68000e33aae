/* names.c: all names of mailboxes that LIST can speak of (RFC 9051 6.3.9, RFC 5258) */
#include <stdlib.h>
#include "imap/pattern.h"
#include "maildir/folders.h"
#include "maildir/subscribe.h"
#include "names.h"

/* What clients and Courier call these folders. Those set by a client (account_uses()) come first. */
static const char *const archives[] = { "Archive", "Archives", NULL };
static const char *const drafts[] = { "Drafts", "Draft", NULL };
static const char *const important[] = { "Important", NULL };
static const char *const junk[] = { "Junk", "Spam", "Junk E-mail", "Junk Email", "Bulk Mail", NULL };
static const char *const sent[] = { "Sent", "Sent Items", "Sent Messages", "Sent Mail", NULL };
static const char *const trash[] = { "Trash", "Deleted Items", "Deleted Messages", NULL };
const struct special_use special_uses[] = {
	{ "\\Archive", archives }, { "\\Drafts", drafts }, { "\\Important", important }, { "\\Junk", junk },
	{ "\\Sent", sent },	   { "\\Trash", trash },   { 0 },
};

struct list {
	struct session *session;
	const struct patterns *patterns;
	struct arena *arena;
	struct name *v;
	size_t n;
};

bool patterns_match(const struct patterns *p, struct str name)
{
	for (size_t i = 0; i < p->n; i++)
		if (pattern_matches(p->v[i], name))
			return true;
	return false;
}

static void add(struct list *l, struct str name, unsigned is, const struct folder *folder)
{
	l->v = arena_grow(l->arena, l->v, l->n + 1, sizeof *l->v);
	l->v[l->n++] = (struct name){ .name = name, .is = is, .folder = folder };
}

/* The levels above name, but for those above the one that was added before. */
static void add_parents(struct list *l, struct str name, struct str before, unsigned is)
{
	const size_t prefix = str_z(l->session->store.prefix).n;
	size_t same = 0;

	while (same < name.n && same < before.n && name.s[same] == before.s[same])
		same++;
	for (size_t i = MAX(same, prefix ? prefix - 1 : 0); i < name.n; i++)
		if (i && name.s[i] == l->session->store.separator)
			add(l, str_head(name, i), is, NULL);
}

static int add_existing(struct list *l)
{
	struct str before = STR("");
	struct folder *v;
	size_t n;
	const int r = folder_list(l->session->store.account, l->arena, false, &v, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct str name = store_name(&l->session->store, l->arena, v[i].name);

		if (!name.s)
			continue;
		add(l, name, NAME_EXISTS, &v[i]);
		add_parents(l, name, before, NAME_PARENT);
		before = name;
	}
	return r;
}

static int add_subscribed(struct list *l)
{
	struct str *v;
	size_t n;
	const int r = subscribe_list(l->session->store.account, l->arena, &v, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct str name = store_name(&l->session->store, l->arena, v[i]);

		if (!name.s)
			continue;
		add(l, name, NAME_SUBSCRIBED, NULL);
		if (!patterns_match(l->patterns, name))
			add_parents(l, name, STR(""), NAME_SUBSCRIBED_BELOW);
	}
	return r;
}

static int by_name(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	return str_cmp(a->name, b->name);
}

/* By name; what is known of one name in one place. */
static void merge(struct list *l)
{
	size_t n = 0;

	qsort(l->v, l->n, sizeof *l->v, by_name);
	for (size_t i = 0; i < l->n; i++) {
		if (!n || !str_eq(l->v[n - 1].name, l->v[i].name)) {
			l->v[n++] = l->v[i];
			continue;
		}
		l->v[n - 1].is |= l->v[i].is;
		if (l->v[i].folder)
			l->v[n - 1].folder = l->v[i].folder;
	}
	l->n = n;
}

static struct name *find(const struct list *l, struct str folder)
{
	const struct name key = { .name = store_name(&l->session->store, l->arena, folder) };
	struct name *found = key.name.s ? bsearch(&key, l->v, l->n, sizeof *l->v, by_name) : NULL;

	return found && found->is & NAME_EXISTS ? found : NULL;
}

/* The folder that is taken for a use because of its name. */
static struct name *usual(const struct list *l, size_t use)
{
	const struct str site = str_z(l->session->config.trash);

	if (special_uses[use].names == trash && find(l, site))
		return find(l, site);
	for (const char *const *name = special_uses[use].names; *name; name++)
		if (find(l, str_z(*name)))
			return find(l, str_z(*name));
	return NULL;
}

int special_use_find(struct str attribute)
{
	for (int use = 0; special_uses[use].attribute; use++)
		if (str_ieq(attribute, str_z(special_uses[use].attribute)))
			return use;
	return -ENOENT;
}

static int mark_uses(struct list *l)
{
	struct account_use *v;
	size_t n;
	const int r = account_uses(l->session->store.account, l->arena, &v, &n);

	for (size_t use = 0; r == 0 && special_uses[use].attribute; use++) {
		struct name *name = NULL;

		for (size_t i = 0; i < n; i++) {
			if (!str_ieq(v[i].use, str_z(special_uses[use].attribute)) || !find(l, v[i].folder))
				continue;
			name = find(l, v[i].folder);
			name->uses |= 1u << use;
		}
		if (!name && (name = usual(l, use)))
			name->uses |= 1u << use;
	}
	return r;
}

int names_list(struct session *s, const struct patterns *p, struct arena *a, struct name **ret, size_t *ret_n)
{
	struct list l = { .session = s, .patterns = p, .arena = a };
	int r = add_existing(&l);

	if (r == 0)
		r = add_subscribed(&l);
	if (r < 0)
		return r;
	merge(&l);
	r = mark_uses(&l);
	*ret = l.v;
	*ret_n = l.n;
	return r;
}

void names_tell_plain(struct session *s, struct str name, struct str oldname)
{
	struct writer *w = &s->out;

	w_untagged(w);
	w_atom(w, "LIST");
	w_open(w);
	w_close(w);
	names_end_line(s, name, oldname);
}

void names_end_line(struct session *s, struct str name, struct str oldname)
{
	struct writer *w = &s->out;

	w_separator(w, s->store.separator);
	w_mailbox(w, name);
	if (oldname.n) {
		w_open(w);
		w_string(w, STR("OLDNAME"));
		w_open(w);
		w_mailbox(w, oldname);
		w_close(w);
		w_close(w);
	}
	w_crlf(w);
}
