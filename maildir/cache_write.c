/* maildir/cache_write.c: facts go to the file, and old ones make room for them */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "maildir/caching.h"

static int by_key(const void *x, const void *y)
{
	const struct put *a = *(struct put *const *)x, *b = *(struct put *const *)y;
	const int r = memcmp(a->key, b->key, KEY_SIZE);

	return r ? r : (a > b) - (a < b);	/* of two the later one stays */
}

/* What is pending, in the order of keys. */
static struct put **sorted(struct cache *c)
{
	struct put **v = must_alloc(c->npending * sizeof *v);
	size_t n = 0;

	for (char *p = c->pending.s; n < c->npending; n++) {
		v[n] = (void *)p;
		p += (sizeof **v + v[n]->n + 7) & ~(size_t)7;
	}
	qsort(v, n, sizeof *v, by_key);
	return v;
}

static int forget(struct cache *c, MDB_txn *txn, struct put *put)
{
	MDB_val key = { KEY_SIZE, put->key };
	int r = 0;

	for (uint8_t kind = 1; r == 0 && kind < CACHE_OF_FOLDER; kind++) {
		put->key[KEY_KIND] = kind;
		r = mdb_del(txn, c->dbi, &key, NULL);
		if (r == MDB_NOTFOUND)
			r = 0;
	}
	return r;
}

static int put_all(struct cache *c, MDB_txn *txn, struct put **v)
{
	MDB_val key = { sizeof CACHE_VERSION_KEY - 1, (void *)(uintptr_t)CACHE_VERSION_KEY };
	MDB_val value = { sizeof CACHE_VERSION - 1, (void *)(uintptr_t)CACHE_VERSION };
	MDB_cursor *cursor;
	int r = mdb_put(txn, c->dbi, &key, &value, MDB_NOOVERWRITE);

	if (r == 0 || r == MDB_KEYEXIST)
		r = mdb_cursor_open(txn, c->dbi, &cursor);
	if (r != 0)
		return r;
	for (size_t i = 0; r == 0 && i < c->npending; i++) {	/* in order, so it is there already, or near */
		key = (MDB_val){ KEY_SIZE, v[i]->key };
		value = (MDB_val){ v[i]->n, v[i] + 1 };
		if (!v[i]->forget)
			r = mdb_cursor_put(cursor, &key, &value, 0);
	}
	mdb_cursor_close(cursor);
	for (size_t i = 0; r == 0 && i < c->npending; i++)	/* last, since no UID comes again */
		if (v[i]->forget)
			r = forget(c, txn, v[i]);
	return r;
}

/* Pages in use: what the file has, less those that are free. */
static int pages_used(struct cache *c, MDB_txn *txn, uint64_t *ret)
{
	MDB_cursor *cursor;
	MDB_envinfo info;
	MDB_val key, value;
	uint64_t unused = 0;
	size_t n;
	int r = mdb_env_info(c->env, &info);

	if (r == 0)
		r = mdb_cursor_open(txn, 0, &cursor);
	if (r != 0)
		return r;
	while ((r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0 && value.mv_size >= sizeof n) {
		memcpy(&n, value.mv_data, sizeof n);
		unused += n;
	}
	mdb_cursor_close(cursor);
	*ret = info.me_last_pgno + 1 - MIN(unused, info.me_last_pgno);
	return r == MDB_NOTFOUND ? 0 : r;
}

/* The folder that was used longest ago. MDB_NOTFOUND: there is none but this. */
static int oldest(MDB_cursor *cursor, uint64_t but, uint64_t *ret)
{
	uint8_t at[KEY_SIZE] = { 0 };
	MDB_val key = { sizeof at, at }, value;
	uint32_t least = UINT32_MAX;
	uint16_t day;
	uint64_t folder;
	int r;

	while ((r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)) == 0) {
		if (key.mv_size != KEY_SIZE)	/* the version */
			r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
		if (r != 0 || key.mv_size != KEY_SIZE)
			break;
		memcpy(&folder, key.mv_data, KEY_FOLDER);
		memcpy(at, key.mv_data, KEY_FOLDER);
		day = 0;
		if (((uint8_t *)key.mv_data)[KEY_KIND] == 0 && value.mv_size >= sizeof day)
			memcpy(&day, value.mv_data, sizeof day);
		if (folder != but && le16toh(day) < least) {
			least = le16toh(day);
			*ret = folder;
		}
		memset(at + KEY_FOLDER, 0xff, KEY_SIZE - KEY_FOLDER);	/* behind all of this folder */
		key = (MDB_val){ sizeof at, at };
	}
	return r != 0 && r != MDB_NOTFOUND ? r : least == UINT32_MAX ? MDB_NOTFOUND : 0;
}

/* Removes what there is in a folder from key on: of all kinds, or of that kind up to UID last. */
static int remove_from(MDB_cursor *cursor, const uint8_t from[KEY_SIZE], bool all, uint32_t last)
{
	const size_t same = all ? KEY_FOLDER : KEY_UID;
	MDB_val key = { KEY_SIZE, (void *)(uintptr_t)from }, value;
	uint32_t uid;
	int r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	while (r == 0 && key.mv_size == KEY_SIZE && memcmp(key.mv_data, from, same) == 0) {
		memcpy(&uid, (const char *)key.mv_data + KEY_UID, sizeof uid);
		if (!all && be32toh(uid) > last)
			break;
		r = mdb_cursor_del(cursor, 0);
		if (r == 0)
			r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	return r == MDB_NOTFOUND ? 0 : r;
}

static int remove_folder(MDB_cursor *cursor, uint64_t folder)
{
	uint8_t from[KEY_SIZE];

	cache_key_encode(from, folder, 0, 0);
	return remove_from(cursor, from, true, 0);
}

/* The first or the last UID of a kind. */
static int edge(MDB_cursor *cursor, uint64_t folder, uint8_t kind, bool last, uint32_t *ret)
{
	uint8_t at[KEY_SIZE];
	MDB_val key = { sizeof at, at }, value;
	int r;

	cache_key_encode(at, folder, kind + last, 0);
	r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	if (last)
		r = mdb_cursor_get(cursor, &key, &value, r == 0 ? MDB_PREV : MDB_LAST);
	if (r != 0)
		return r;
	cache_key_encode(at, folder, kind, 0);
	if (key.mv_size != KEY_SIZE || memcmp(key.mv_data, at, KEY_UID) != 0)
		return MDB_NOTFOUND;
	memcpy(ret, (const char *)key.mv_data + KEY_UID, sizeof *ret);
	*ret = be32toh(*ret);
	return 0;
}

/* The older half of a folder's messages, by their UIDs. MDB_NOTFOUND: there is only one, or none. */
static int remove_older(MDB_cursor *cursor, uint64_t folder)
{
	uint32_t from = UINT32_MAX, to = 0, first, last;
	uint8_t key[KEY_SIZE];
	int r = 0;

	for (uint8_t kind = 1; kind < CACHE_KINDS; kind++) {
		r = edge(cursor, folder, kind, false, &first);
		if (r == 0)
			r = edge(cursor, folder, kind, true, &last);
		if (r != 0 && r != MDB_NOTFOUND)
			return r;
		from = r == 0 ? MIN(from, first) : from;
		to = r == 0 ? MAX(to, last) : to;
	}
	if (from >= to)
		return MDB_NOTFOUND;
	r = 0;
	for (uint8_t kind = 1; r == 0 && kind < CACHE_KINDS; kind++) {
		cache_key_encode(key, folder, kind, 0);
		r = remove_from(cursor, key, false, from + (to - from) / 2);
	}
	return r;
}

/* Removes one folder; NULL: the one that was used longest ago, or, if there is none but the one in use, the older half of that. */
static int remove_one(struct cache *c, const uint64_t *which)
{
	MDB_cursor *cursor;
	uint64_t folder;
	MDB_txn *txn;
	int r = mdb_txn_begin(c->env, NULL, 0, &txn);

	if (r != 0)
		return r;
	r = mdb_cursor_open(txn, c->dbi, &cursor);
	if (r == 0) {
		if (which)
			folder = *which;
		else
			r = oldest(cursor, c->folder, &folder);
		if (r == 0)
			r = remove_folder(cursor, folder);
		else if (r == MDB_NOTFOUND)
			r = remove_older(cursor, c->folder);
		mdb_cursor_close(cursor);
	}
	if (r == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return r;
}

int cache_remove_folder(struct cache *c, uint64_t folder)
{
	return remove_one(c, &folder);
}

/* Sees to it that a third of the file is free, if less than a tenth is: removing takes room at first, and pages are free only two
 * commits later.
 */
static int make_room(struct cache *c)
{
	const uint64_t pages = c->limit / 4096;
	uint64_t used = 0, most = pages - pages / 10;
	MDB_txn *txn;
	int r;

	for (;;) {
		r = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);
		if (r == 0) {
			r = pages_used(c, txn, &used);
			mdb_txn_abort(txn);
		}
		if (r != 0 || used + 3 * c->pending.n / 4096 <= most)
			return r;
		most = pages - pages / 3;
		r = remove_one(c, NULL);
		if (r != 0)
			return r == MDB_NOTFOUND ? MDB_MAP_FULL : r;
	}
}

int cache_write(struct cache *c)
{
	struct put **v;
	MDB_txn *txn;
	int r = make_room(c);

	if (r == 0)
		r = mdb_txn_begin(c->env, NULL, 0, &txn);
	if (r == 0) {
		v = sorted(c);
		r = put_all(c, txn, v);
		free(v);
		if (r == 0)
			r = mdb_txn_commit(txn);
		else
			mdb_txn_abort(txn);
	}
	if (r == 0)
		r = cache_file_lengthen(c, UINT64_MAX);
	/* One message has filled it all, or removing things takes more than there is: from the next session on anew. */
	if (r == MDB_MAP_FULL)
		cache_file_mark(c);
	return r;
}
