/* maildir/pair.c: messages whose base name another program has changed keep their UIDs */
#include <stdlib.h>
#include "maildir/box.h"

/* A sighting, by what it can be known by: its file's fingerprint, or its stem. */
struct key {
	uint64_t key;
	size_t sighting;
};

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->key != y->key ? (x->key < y->key ? -1 : 1)
				: (x->sighting > y->sighting) - (x->sighting < y->sighting);
}

static uint64_t stem_key(struct str base)
{
	const struct str stem = mdname_stem(base);

	return journal_sum(stem) ^ (uint64_t)stem.n << 32;
}

static int compare_uids(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The first with this key, or n. */
static size_t first(const struct key *v, size_t n, uint64_t key)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (v[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The same file: it has the inode, the size and the time that the message's had. Where those were never
 * looked at, a name that differs only in fields like ",S=" tells as much, since what is before them is
 * unique.
 */
static bool is_same(const struct maildir *m, const struct message *msg, const struct sighting *s)
{
	if (s->dropped || s->uid)
		return false;
	if (msg->print && s->print)
		return msg->print == s->print;
	return str_eq(mdname_stem(index_base(&m->index, msg)), mdname_stem(s->base));
}

static bool try_keys(const struct maildir *m, const struct message *msg, struct sighting *fresh,
		     const struct key *v, size_t n, uint64_t key)
{
	for (size_t i = first(v, n, key); i < n && v[i].key == key; i++)
		if (is_same(m, msg, &fresh[v[i].sighting])) {
			fresh[v[i].sighting].uid = msg->uid;
			return true;
		}
	return false;
}

/* The watch has told of some already, by the cookie that both ends of a rename have. Returns how many. */
static size_t take_moved(struct maildir *m, struct sighting *fresh, size_t n, const uint32_t *missing,
			 size_t nmissing)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct message *msg =
			fresh[i].uid && !fresh[i].dropped ? index_find(&m->index, fresh[i].uid) : NULL;

		if (msg && nmissing && bsearch(&msg->uid, missing, nmissing, sizeof *missing, compare_uids)) {
			msg->seen = m->generation;
			count++;
		} else {
			fresh[i].uid = 0;
		}
	}
	return count;
}

void pair_renamed(struct maildir *m, struct look *look, const uint32_t *missing, size_t n)
{
	struct sighting *fresh = (void *)look->fresh.s;
	const size_t count = look->fresh.n / sizeof *fresh;
	struct key *prints, *stems;

	if (take_moved(m, fresh, count, missing, n) == n || count == 0)
		return;
	prints = arena_alloc(&look->arena, count * sizeof *prints);
	stems = arena_alloc(&look->arena, count * sizeof *stems);
	for (size_t i = 0; i < count; i++) {
		prints[i] = (struct key){ fresh[i].print, i };
		stems[i] = (struct key){ stem_key(fresh[i].base), i };
	}
	qsort(prints, count, sizeof *prints, compare_keys);
	qsort(stems, count, sizeof *stems, compare_keys);
	for (size_t i = 0; i < n; i++) {
		const struct message *msg = index_find(&m->index, missing[i]);

		if (!msg || msg->seen == m->generation)
			continue;
		if (!msg->print || !try_keys(m, msg, fresh, prints, count, msg->print))
			try_keys(m, msg, fresh, stems, count, stem_key(index_base(&m->index, msg)));
	}
}
