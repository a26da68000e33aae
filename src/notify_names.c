/* notify_names.c: mailboxes that come, go, change their names or what is written down about them (RFC
 * 5465 5.4 to 5.7) */
#include <stdlib.h>
#include <sys/stat.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/folders.h"
#include "notifying.h"

unsigned notify_events(const struct session *s, const struct name *name)
{
	const struct notify_request *r = &s->notify->request;
	unsigned events = 0;

	for (size_t i = 0; i < r->ngroups; i++) {
		if (!filter_matches(&r->groups[i].filter, name, s->store.separator))
			continue;
		if (r->groups[i].events == 0)
			break;
		events |= r->groups[i].events;
	}
	return events;
}

/* "* LIST (...) "." name", with what it was called before. */
static void tell_name(struct session *s, const struct name *name, struct str oldname)
{
	struct writer *w = &s->out;

	w_untagged(w);
	w_atom(w, "LIST");
	w_open(w);
	if (!(name->is & NAME_EXISTS))
		w_atom(w, "\\NonExistent");
	w_atom(w, name->is & NAME_PARENT ? "\\HasChildren" : "\\HasNoChildren");
	if (name->is & NAME_SUBSCRIBED)
		w_atom(w, "\\Subscribed");
	for (size_t use = 0; special_uses[use].attribute; use++)
		if (name->uses & 1u << use)
			w_atom(w, special_uses[use].attribute);
	w_close(w);
	names_end_line(s, name->name, oldname);
}

/* The names at one moment. */
struct names {
	struct name *v;
	uint64_t *inodes;
	size_t n;
};

/* Which directory a mailbox is, whatever it is called; 0 if there is none. */
static uint64_t inode_of(struct session *s, struct arena *a, const struct name *name)
{
	_cleanup_(fd_closep) int dir = -1;
	struct str folder;
	struct stat st;

	if (!(name->is & NAME_EXISTS) || store_folder(&s->store, a, name->name, &folder) < 0 ||
	    folder_open_dir(s->store.account, folder, &dir) < 0 || fstat(dir, &st) < 0)
		return 0;
	return st.st_ino;
}

static int names_now(struct session *s, struct arena *a, struct names *ret)
{
	const struct patterns none = { 0 };
	_cleanup_(arena_free) struct arena scratch = { 0 };
	const int r = names_list(s, &none, a, &ret->v, &ret->n);

	if (r < 0)
		return r;
	ret->inodes = arena_alloc(a, ret->n * sizeof *ret->inodes);
	for (size_t i = 0; i < ret->n; i++) {
		/* Who is subscribed to is told of each name itself. */
		ret->v[i].is &= NAME_EXISTS | NAME_PARENT | NAME_SUBSCRIBED;
		ret->inodes[i] = inode_of(s, &scratch, &ret->v[i]);
		arena_reset(&scratch);
	}
	return 0;
}

/* A directory that has a new name. */
struct moved {
	uint64_t inode;
	const struct name *from, *to;
};

static int by_inode(const void *x, const void *y)
{
	const struct moved *a = x, *b = y;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

static const struct name *find(const struct names *names, struct str name)
{
	size_t from = 0, n = names->n;

	while (n) {
		const size_t half = n / 2;
		const int order = str_cmp(names->v[from + half].name, name);

		if (order == 0)
			return &names->v[from + half];
		if (order < 0) {
			from += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return NULL;
}

static bool exists_in(const struct names *names, struct str name)
{
	const struct name *found = find(names, name);

	return found && found->is & NAME_EXISTS;
}

/* Directories whose name is gone, by inode; to is set where they have another now. */
static struct moved *find_moved(struct arena *a, const struct names *was, const struct names *now,
				size_t *ret_n)
{
	struct moved *v = arena_alloc(a, (was->n + 1) * sizeof *v);
	size_t n = 0;

	for (size_t i = 0; i < was->n; i++)
		if (was->inodes[i] && !exists_in(now, was->v[i].name))
			v[n++] = (struct moved){ .inode = was->inodes[i], .from = &was->v[i] };
	if (n)
		qsort(v, n, sizeof *v, by_inode);
	for (size_t i = 0; n && i < now->n; i++) {
		const struct moved key = { .inode = now->inodes[i] };
		struct moved *found = key.inode ? bsearch(&key, v, n, sizeof *v, by_inode) : NULL;

		if (found && !exists_in(was, now->v[i].name))
			found->to = &now->v[i];
	}
	*ret_n = n;
	return v;
}

static const struct moved *moved_from(const struct moved *v, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].to && str_eq(v[i].from->name, name))
			return &v[i];
	return NULL;
}

static const struct moved *moved_to(const struct moved *v, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].to && str_eq(v[i].to->name, name))
			return &v[i];
	return NULL;
}

/* Whether it only went along with the level above it: that is told, and its children are not (RFC 5465 5.4).
 */
static bool went_along(const struct session *s, const struct moved *v, size_t n, const struct moved *m)
{
	const size_t to = str_rfind(m->to->name, s->store.separator),
		     from = str_rfind(m->from->name, s->store.separator);
	const struct moved *above = to < m->to->name.n ? moved_to(v, n, str_head(m->to->name, to)) : NULL;

	return above && from < m->from->name.n && str_eq(above->from->name, str_head(m->from->name, from)) &&
	       str_eq(str_from(m->to->name, to), str_from(m->from->name, from));
}

/* One name that is, or was, there. */
static void tell_change(struct session *s, const struct name *was, const struct name *now,
			const struct moved *moved, size_t nmoved)
{
	const struct name none = { .name = now ? now->name : was->name };
	const struct name *before = was ? was : &none, *after = now ? now : &none;
	const struct name both = { .name = none.name, .is = before->is | after->is };
	const unsigned events = notify_events(s, &both), changed = before->is ^ after->is;
	const struct moved *to = changed & NAME_EXISTS ? moved_to(moved, nmoved, none.name) : NULL;

	if (events & NOTIFY_NAME && changed & (NAME_EXISTS | NAME_PARENT)) {
		if (to && !went_along(s, moved, nmoved, to))
			tell_name(s, after, to->from->name);
		else if (!to && !moved_from(moved, nmoved, none.name))
			tell_name(s, after, STR(""));
	} else if (events & NOTIFY_SUBSCRIPTION && changed & NAME_SUBSCRIBED) {
		tell_name(s, after, STR(""));
	}
}

static void tell_changes(struct session *s, const struct names *was, const struct names *now)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	size_t i = 0, j = 0, nmoved;
	const struct moved *moved = find_moved(&a, was, now, &nmoved);

	while (i < was->n || j < now->n) {
		const int order = i == was->n	? 1
				  : j == now->n ? -1
						: str_cmp(was->v[i].name, now->v[j].name);

		tell_change(s, order <= 0 ? &was->v[i] : NULL, order >= 0 ? &now->v[j] : NULL, moved, nmoved);
		i += order <= 0;
		j += order >= 0;
	}
}

/* Keeps what is watched of names that are still to be, lets go of the others, and adds new ones. */
static int follow(struct session *s, const struct names *now)
{
	struct notify *n = s->notify;
	_cleanup_(arena_free) struct arena a = { 0 };
	struct watched **next = NULL;
	size_t count = 0, old = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct name *name = &now->v[i];
		const unsigned events = name->is & NAME_EXISTS ? notify_events(s, name) : 0;
		struct str folder;

		for (; old < n->nwatched && str_cmp(n->watched[old]->name, name->name) < 0; old++)
			watched_free(s, n->watched[old]);
		if (old < n->nwatched && str_eq(n->watched[old]->name, name->name) &&
		    !(events & (NOTIFY_MESSAGES | NOTIFY_METADATA) &&
		      now->inodes[i] == n->watched[old]->inode))
			watched_free(s, n->watched[old++]);
		if (!(events & (NOTIFY_MESSAGES | NOTIFY_METADATA)) ||
		    store_folder(&s->store, &a, name->name, &folder) < 0)
			continue;
		next = must_realloc(next, (count + 1) * sizeof *next);
		if (old < n->nwatched && str_eq(n->watched[old]->name, name->name)) {
			next[count] = n->watched[old++];
			next[count++]->events = events;
		} else {
			next[count] = watched_new(name->name, folder, events);
			next[count++]->inode = now->inodes[i];
		}
	}
	for (; old < n->nwatched; old++)
		watched_free(s, n->watched[old]);
	free(n->watched);
	n->watched = next;
	n->nwatched = count;
	if (count > NOTIFY_MAILBOXES_MAX)
		return -E2BIG;
	/* Only now, as a directory that was renamed has the same watch descriptors under its new name. */
	for (size_t i = 0; i < count; i++)
		watched_arm(s, next[i]);
	return 0;
}

int notify_names(struct session *s, bool silent)
{
	struct notify *n = s->notify;
	const struct names was = { n->names, n->inodes, n->nnames };
	struct arena a = { 0 };
	struct names now = { 0 };
	int r = names_now(s, &a, &now);

	if (r < 0) {
		arena_free(&a);
		return r;
	}
	if (!silent)
		tell_changes(s, &was, &now);
	arena_free(&n->snapshot);
	n->snapshot = a;
	n->names = now.v;
	n->inodes = now.inodes;
	n->nnames = now.n;
	return follow(s, &now);
}

/* FNV-1a: whether a value is another than before. */
static uint64_t hash(struct str value)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < value.n; i++)
		h = (h ^ (unsigned char)value.s[i]) * 1099511628211u;
	return h;
}

/* Whether line is among the lines of text. */
static bool has_line(struct str text, struct str line)
{
	struct str one;

	while (str_cut(&text, '\n', &one))
		if (str_eq(one, line))
			return true;
	return false;
}

/* Names of the lines of a that b does not have, but for those in done, which they are added to. */
static void add_changed(struct session *s, struct str name, struct str a, struct str b, struct buf *done)
{
	struct str line, entry;

	while (str_cut(&a, '\n', &line)) {
		if (line.n == 0 || has_line(b, line))
			continue;
		str_cut(&line, ' ', &entry);
		if (has_line(buf_view(done), entry))
			continue;
		if (done->n == 0) {
			w_untagged(&s->out);
			w_atom(&s->out, "METADATA");
			w_mailbox(&s->out, name);
		}
		w_astring(&s->out, entry);
		buf_str(done, entry);
		buf_c(done, '\n');
	}
}

void notify_metadata(struct session *s, struct watched *w, const struct str *folder, bool silent)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf done = { 0 };
	struct buf now = { 0 };
	struct metadata_state state;
	struct metadata *v;
	size_t n;

	if (metadata_state(s->store.account, folder, &state) < 0 ||
	    (state.inode == w->state.inode && state.mtime_ns == w->state.mtime_ns &&
	     state.size == w->state.size) ||
	    metadata_read(s->store.account, folder, &a, &v, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		buf_str(&now, v[i].name);
		buf_printf(&now, " %016llx\n", (unsigned long long)hash(v[i].value));
	}
	if (!silent) {
		add_changed(s, w->name, buf_view(&now), buf_view(&w->metadata), &done);
		add_changed(s, w->name, buf_view(&w->metadata), buf_view(&now), &done);
		if (done.n)
			w_crlf(&s->out);
	}
	buf_release(&w->metadata);
	w->metadata = now;
	w->state = state;
}
