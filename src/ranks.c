/* ranks.c: the order that messages had by one criterion of SORT
 *
 * In the cache: for each its UID, its rank, a part of its name, 4 octets each, little-endian.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "ranks.h"

static struct cache_key key_of(struct cache *cache, const struct maildir *box, const struct sort_row *row)
{
	return (struct cache_key){ .folder = cache_folder(cache, maildir_mailboxid(box), maildir_uidvalidity(box)),
				   .name = cache_name(str_z(row->name)), .uid = row->ranked, .kind = RANKS_KIND };
}

static uint32_t name_of(const struct maildir *box, const struct message *message)
{
	return (uint32_t)(cache_name(maildir_base_name(box, message)) >> 32);
}

struct ranks ranks_read(const struct maildir *box, const struct sort_row *row, struct arena *a)
{
	struct cache *cache = maildir_cache(box);
	struct ranks r = { 0 };
	struct cache_key key;
	struct str value;

	if (!cache)
		return r;
	key = key_of(cache, box, row);
	if (!cache_get(cache, &key, &value) || value.n % sizeof *r.v)
		return r;
	r.n = value.n / sizeof *r.v;
	r.v = (void *)arena_room(a, value.n);
	for (size_t i = 0; i < r.n; i++) {
		memcpy(&r.v[i], value.s + i * sizeof *r.v, sizeof *r.v);
		r.v[i] = (struct rank){ le32toh(r.v[i].uid), le32toh(r.v[i].rank), le32toh(r.v[i].name) };
	}
	return r;
}

bool ranks_find(struct ranks *r, const struct maildir *box, const struct message *message, uint32_t *ret)
{
	while (r->at < r->n && r->v[r->at].uid < message->uid)
		r->at++;
	if (r->at == r->n || r->v[r->at].uid != message->uid || r->v[r->at].name != name_of(box, message))
		return false;
	*ret = r->v[r->at].rank;
	return true;
}

size_t ranks_count(const struct ranks *r, const struct maildir *box)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += maildir_message(box, r->v[i].uid) != NULL;
	return n;
}

static int by_uid(const void *x, const void *y)
{
	const struct rank *a = x, *b = y;

	return (a->uid > b->uid) - (a->uid < b->uid);
}

void ranks_leave(struct rank *v, size_t n, const struct maildir *box, const struct sort_row *row)
{
	struct cache *cache = maildir_cache(box);
	struct cache_key key;
	size_t left = 0;

	if (!cache)
		return;
	key = key_of(cache, box, row);
	qsort(v, n, sizeof *v, by_uid);
	for (size_t i = 0; i < n; i++) {
		const struct message *message = maildir_message(box, v[i].uid);

		if (message)
			v[left++] = (struct rank){ htole32(v[i].uid), htole32(v[i].rank), htole32(name_of(box, message)) };
	}
	cache_put(cache, &key, (struct str){ (void *)v, left * sizeof *v });
}
