/* maildir/twins.c: files whose base name is another's, too, or that have none */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "maildir/box.h"

/* Two names of one file are a rename by link() and unlink() that is under way, unless they have been there
 * for longer. */
enum { MOVE_TAKES_S = 30 };

static int dir_of(const struct maildir *m, bool in_new)
{
	return in_new ? m->new : m->cur;
}

/* Gives a file a new base name, in its directory, with the suffix it has. The sighting is a fresh one then.
 */
static int give_name(struct maildir *m, struct look *look, struct sighting *s, const struct stat *st)
{
	const struct str suffix = mdname_split(s->name).suffix;
	char name[MDNAME_MAX + 1];
	int r;

	box_unique(m, st, name);
	strncat(name, suffix.n <= 50 ? suffix.s : "", MDNAME_MAX - strlen(name));
	r = box_rename(dir_of(m, s->in_new), s->name.s, dir_of(m, s->in_new), name);
	if (r < 0)
		return r;
	log_line(LOG_WARNING, "two messages had the base name of %s: one is now %s", s->name.s, name);
	s->name = arena_str(&look->arena, str_z(name));
	s->base = mdname_split(s->name).base;
	s->order = mdname_order(s->base);
	s->uid = 0;
	s->print = mdname_print(st);
	return 0;
}

/* One file, two names, for longer than a move takes: the one in new/, or the second, goes. */
static void drop_link(struct maildir *m, const struct sighting *s, const struct stat *st)
{
	if (st->st_ctim.tv_sec + MOVE_TAKES_S < (time_t)clock_unix())
		unlinkat(dir_of(m, s->in_new), s->name.s, 0);
}

static bool stat_sighting(const struct maildir *m, const struct sighting *s, struct stat *ret)
{
	return fstatat(dir_of(m, s->in_new), s->name.s, ret, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(ret->st_mode);
}

static void believe(struct maildir *m, struct message *msg, const struct sighting *s)
{
	msg->seen = m->generation;
	index_believe(&m->index, msg, mdname_split(s->name).suffix, s->in_new);
}

/* Of two files with a message's base name it is the one with its fingerprint, if only one has that: then s is the other. */
static void choose(struct maildir *m, struct look *look, struct message *msg, struct sighting *s, const struct sighting *known,
		   const struct stat *mine, struct stat *other)
{
	if (mdname_print(other) != msg->print || mdname_print(mine) == msg->print)
		return;
	believe(m, msg, s);
	s->name = arena_str(&look->arena, known->name);
	s->letters = mdname_split(s->name).letters;
	s->in_new = known->in_new;
	*other = *mine;
}

/* The message's file and s both have its base name. One in cur/ is preferred to one in new/. */
static int part_from_message(struct maildir *m, struct look *look, struct sighting *s)
{
	struct message *msg = index_find(&m->index, s->uid);
	char name[MDNAME_MAX + 1];
	struct sighting known;
	struct stat mine, other;

	if (s->dropped || !msg || !stat_sighting(m, s, &other)) {
		s->dropped = true;
		return 0;
	}
	s->dropped = true;
	index_name(&m->index, msg, name);
	known = (struct sighting){ .name = str_z(name), .in_new = msg->state & AT_NEW };
	if (msg->state & AT_DOUBT || !stat_sighting(m, &known, &mine)) {
		believe(m, msg, s);
	} else if (mine.st_ino != other.st_ino) {
		s->dropped = false;
		choose(m, look, msg, s, &known, &mine, &other);
		return give_name(m, look, s, &other);
	} else if (!look->full || (known.in_new && !s->in_new)) { /* it came just now: the other will go */
		believe(m, msg, s);
		drop_link(m, &known, &mine);
	} else if (known.in_new != s->in_new || !str_eq(known.name, s->name)) {
		drop_link(m, s, &other);
	}
	return 0;
}

struct key {
	uint64_t order;
	const struct sighting *s;
};

static int compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int r = (x->order > y->order) - (x->order < y->order);

	if (r == 0)
		r = mdname_cmp(x->s->base, y->s->base);
	if (r == 0)
		r = (int)x->s->in_new - (int)y->s->in_new;
	return r ? r : str_cmp(x->s->name, y->s->name);
}

static void sort_fresh(struct look *look)
{
	_cleanup_(buf_release) struct buf was = look->fresh, sorted = { 0 };
	const struct sighting *v = (void *)was.s;
	const size_t n = was.n / sizeof *v;
	struct key *keys = (void *)buf_reserve(&sorted, n * sizeof *keys);

	for (size_t i = 0; i < n; i++)
		keys[i] = (struct key){ v[i].order, &v[i] };
	qsort(keys, n, sizeof *keys, compare);
	look->fresh = (struct buf){ 0 };
	buf_reserve(&look->fresh, was.n);
	for (size_t i = 0; i < n; i++)
		buf_add(&look->fresh, keys[i].s, sizeof *v);
}

/* Sorted, those with one base name follow each other. The first keeps it. */
static int part_fresh(struct maildir *m, struct look *look, bool *ret_renamed)
{
	struct sighting *v = (void *)look->fresh.s;
	const size_t n = look->fresh.n / sizeof *v;
	size_t first = 0;

	for (size_t i = 0; i < n; i++) {
		const bool same = i > first && v[i].order == v[first].order && str_eq(v[i].base, v[first].base);
		struct stat st, other;
		int r = 0;

		if (!same)
			first = i;
		if (v[i].base.n && !same)
			continue;
		if (!stat_sighting(m, &v[i], &st) ||
		    (same && str_eq(v[i].name, v[first].name) && v[i].in_new == v[first].in_new)) {
			v[i].dropped = true;
		} else if (same && stat_sighting(m, &v[first], &other) && other.st_ino == st.st_ino) {
			drop_link(m, &v[i], &st);
			v[i].dropped = true;
		} else {
			r = give_name(m, look, &v[i], &st);
			v[i].dropped = r < 0;
			*ret_renamed = true;
		}
		if (r < 0 && r != -ENOENT && !m->memory_only)
			return r;
	}
	return 0;
}

int twins_part(struct maildir *m, struct look *look)
{
	struct sighting *v = (void *)look->twins.s;
	bool renamed = false;
	int r;

	for (size_t i = 0; i < look->twins.n / sizeof *v; i++) {
		r = part_from_message(m, look, &v[i]);

		if (r < 0 && r != -ENOENT && !m->memory_only)
			return r;
		if (r >= 0 && !v[i].dropped)
			buf_add(&look->fresh, &v[i], sizeof v[i]);
	}
	buf_clear(&look->twins);
	if (look->fresh.n == 0)
		return 0;
	sort_fresh(look);
	r = part_fresh(m, look, &renamed);
	if (renamed)
		sort_fresh(look);
	return r;
}
