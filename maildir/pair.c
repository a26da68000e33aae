/* maildir/pair.c: messages whose base name another program has changed keep their UIDs */
#include <stdlib.h>
#include <sys/stat.h>
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

static struct sighting *try_keys(const struct maildir *m, const struct message *msg, struct sighting *fresh,
				 const struct key *v, size_t n, uint64_t key)
{
	for (size_t i = first(v, n, key); i < n && v[i].key == key; i++)
		if (is_same(m, msg, &fresh[v[i].sighting]))
			return &fresh[v[i].sighting];
	return NULL;
}

/* The watch has told of some already, by the cookie that both ends of a rename have. Returns how many. */
static size_t take_moved(struct maildir *m, struct sighting *fresh, size_t n, const uint32_t *missing,
			 size_t nmissing)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct message *msg =
			fresh[i].uid && !fresh[i].dropped ? index_find(&m->index, fresh[i].uid) : NULL;
		struct stat st;

		if (msg && nmissing && bsearch(&msg->uid, missing, nmissing, sizeof *missing, compare_uids)) {
			msg->seen = m->generation;
			count++;
		} else if (!msg || find_file(m, msg, &st) >= 0) {
			fresh[i].uid = 0;
		}
	}
	return count;
}

/* The fresh ones, by fingerprint and by stem, in order. */
struct keys {
	struct sighting *fresh;
	struct key *prints, *stems;
	size_t n;
};

static struct keys make_keys(struct look *look)
{
	struct keys k = { .fresh = (void *)look->fresh.s, .n = look->fresh.n / sizeof *k.fresh };

	k.prints = arena_alloc(&look->arena, k.n * sizeof *k.prints);
	k.stems = arena_alloc(&look->arena, k.n * sizeof *k.stems);
	for (size_t i = 0; i < k.n; i++) {
		k.prints[i] = (struct key){ k.fresh[i].print, i };
		k.stems[i] = (struct key){ stem_key(k.fresh[i].base), i };
	}
	qsort(k.prints, k.n, sizeof *k.prints, compare_keys);
	qsort(k.stems, k.n, sizeof *k.stems, compare_keys);
	return k;
}

/* Whether one of them is msg's file under another name. */
static struct sighting *find_same(const struct maildir *m, const struct message *msg, const struct keys *k)
{
	struct sighting *s = msg->print ? try_keys(m, msg, k->fresh, k->prints, k->n, msg->print) : NULL;

	return s ? s : try_keys(m, msg, k->fresh, k->stems, k->n, stem_key(index_base(&m->index, msg)));
}

/* What is no snapshot may show a file under both names. That the old one is there no more, tells. */
static void pair_seen_twice(struct maildir *m, const struct keys *k)
{
	for (size_t i = 0; i < index_count(&m->index); i++) {
		struct message *msg = index_at(&m->index, i);
		struct sighting *s = find_same(m, msg, k);
		struct stat st;

		if (s && find_file(m, msg, &st) < 0)
			s->uid = msg->uid;
	}
}

void pair_renamed(struct maildir *m, struct look *look, const uint32_t *missing, size_t n, bool doubtful)
{
	struct sighting *fresh = (void *)look->fresh.s;
	const size_t count = look->fresh.n / sizeof *fresh;
	const bool all_taken = take_moved(m, fresh, count, missing, n) == n;
	struct keys k;

	if (count == 0 || (all_taken && !doubtful))
		return;
	k = make_keys(look);
	for (size_t i = 0; i < n; i++) {
		const struct message *msg = index_find(&m->index, missing[i]);
		struct sighting *s = msg && msg->seen != m->generation ? find_same(m, msg, &k) : NULL;

		if (s)
			s->uid = msg->uid;
	}
	if (doubtful)
		pair_seen_twice(m, &k);
}
