/* maildir/cache_look.c: what is in the file of facts, and taking it out */
#include <endian.h>
#include <string.h>
#include "maildir/caching.h"

const char *cache_file(const struct cache *c)
{
	return c->name;
}

/* Opens it, or says why not. */
static int opened(struct cache *c)
{
	return cache_ready(c) ? 0 : c && c->error ? c->error : -ENOENT;
}

static int failure(int error)
{
	return error > 0 ? -error : error ? -EBADMSG : 0;
}

/* False for what is no fact and no folder. */
static bool read_entry(MDB_val key, MDB_val value, struct cache_entry *ret)
{
	struct cache_entry e = { 0 };
	size_t before;

	if (key.mv_size != KEY_SIZE)
		return false;
	memcpy(&e.folder, key.mv_data, KEY_FOLDER);
	e.kind = ((uint8_t *)key.mv_data)[KEY_KIND];
	memcpy(&e.uid, (char *)key.mv_data + KEY_UID, sizeof e.uid);
	e.uid = be32toh(e.uid);
	before = e.kind ? HEAD_SIZE : DAYS_SIZE;
	if (value.mv_size < before)
		return false;
	memcpy(e.days, value.mv_data, e.kind ? sizeof *e.days : DAYS_SIZE);	/* both begin with a day */
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
		e.days[kind] = le16toh(e.days[kind]);
	e.value = str_from((struct str){ value.mv_data, value.mv_size }, before);
	*ret = e;
	return true;
}

struct look {
	void (*each)(void *data, const struct cache_entry *e);
	void *data;
};

static int look(struct cache *c, void *data)
{
	const struct look *l = data;
	struct cache_entry e;
	MDB_cursor *cursor;
	MDB_val key, value;
	MDB_txn *txn;
	int r = mdb_txn_begin(c->env, NULL, MDB_RDONLY, &txn);

	if (r != 0)
		return r;
	r = mdb_cursor_open(txn, c->dbi, &cursor);
	if (r == 0) {
		while ((r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0)
			if (read_entry(key, value, &e))
				l->each(l->data, &e);
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return r == MDB_NOTFOUND ? 0 : r;
}

int cache_each(struct cache *c, void (*each)(void *data, const struct cache_entry *e), void *data)
{
	const int r = opened(c);

	return r < 0 ? r : failure(cache_guard(c, look, &(struct look){ each, data }));
}

int cache_drop_folder(struct cache *c, uint64_t folder)
{
	int r = opened(c);

	if (r < 0)
		return r;
	cache_rest(c);
	r = cache_lock(c);
	if (r < 0)
		return r;
	r = cache_remove_folder(c, folder);
	cache_unlock(c);
	return failure(r);
}

int cache_drop(struct cache *c)
{
	char name[sizeof c->name];
	int r = opened(c);

	if (r < 0)
		return r;
	r = cache_lock(c);
	if (r < 0)
		return r;
	memcpy(name, c->name, sizeof name);
	cache_file_remove(c->dir, name);
	cache_stop(c);	/* and with it goes the lock */
	c->state = CACHE_CLOSED;
	c->not_before = 0;
	return 0;
}
