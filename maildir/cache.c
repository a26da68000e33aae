/* maildir/cache.c: a place for what may be lost: it only saves work */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/siphash.h"
#include "maildir/caching.h"
#include "maildir/files.h"

#define IN_MAILDIR "imapd.cache"

enum { PATIENCE_MS = 100, RETRY_MS = 1000, PENDING_MAX = 8 << 20, LIMIT = 1 << 30, DAY = 86400, REMEMBERED_DAYS = 7, ASKED_DAYS = 30 };

/* What the Maildir is called within where. It goes by its path since device numbers of network file systems change. */
static int name_for(int maildir_fd, char *ret, size_t size)
{
	char link[64], path[4096], hex[DIGEST_HEX + 1];
	struct digest d;
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", maildir_fd);
	n = readlink(link, path, sizeof path);
	if (n < 0)
		return -errno;
	if ((size_t)n == sizeof path)
		return -ENAMETOOLONG;
	digest_init(&d);
	digest_add(&d, path, (size_t)n);
	digest_end(&d, hex);
	snprintf(ret, size, "%u.%s", (unsigned)geteuid(), hex);
	return 0;
}

/* A directory that nobody else can write to; not what somebody has put in its place. */
static int open_own(int at, const char *path, bool make, int *ret)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (make && mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || st.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	*ret = fd;
	fd = -1;
	return 0;
}

static int open_cache(int maildir_fd, const char *where, bool make, struct cache **ret)
{
	_cleanup_(buf_release) struct buf path = { 0 };
	char name[64];
	int dir, r;

	if (!where) {
		r = files_remote(maildir_fd) ? -EREMOTE : open_own(maildir_fd, IN_MAILDIR, make, &dir);
	} else {
		r = name_for(maildir_fd, name, sizeof name);
		buf_printf(&path, "%s/%s", where, name);
		r = r == 0 ? open_own(AT_FDCWD, buf_cstr(&path), make, &dir) : r;
	}
	if (r < 0)
		return r;
	*ret = must_alloc(sizeof **ret);
	**ret = (struct cache){ .dir = dir, .limit = LIMIT, .patience_ms = PATIENCE_MS, .lock = -1,
				.look_only = !make, .read_only = !make,
				.path = where ? must_strdup(buf_cstr(&path)) : NULL };
	return 0;
}

int cache_open(int maildir_fd, const char *where, struct cache **ret)
{
	return open_cache(maildir_fd, where, true, ret);
}

int cache_open_to_look(int maildir_fd, const char *where, struct cache **ret)
{
	return open_cache(maildir_fd, where, false, ret);
}

void cache_stop(struct cache *c)
{
	for (size_t i = 0; i < COUNT(c->columns); i++)
		if (c->columns[i].cursor)
			mdb_cursor_close(c->columns[i].cursor);
	memset(c->columns, 0, sizeof c->columns);
	if (c->txn)
		mdb_txn_abort(c->txn);
	c->txn = NULL;
	c->reading = false;
	cache_file_close(c);
	fd_closep(&c->lock);
	buf_clear(&c->pending);
	c->npending = 0;
}

void cache_close(struct cache *c)
{
	if (!c)
		return;
	cache_commit(c, 0);
	numbers_close(c);
	cache_stop(c);
	cache_guard_end(c);
	buf_release(&c->pending);
	fd_closep(&c->dir);
	free(c->path);
	free(c);
}

void cache_closep(struct cache **c)
{
	cache_close(*c);
	*c = NULL;
}

int cache_dir(const struct cache *c)
{
	return c->dir;
}

const char *cache_path(const struct cache *c)
{
	return c->path;
}

void cache_limit(struct cache *c, uint64_t octets)
{
	c->limit = octets;
}

void cache_patience(struct cache *c, unsigned ms)
{
	c->patience_ms = ms;
}

void cache_give_up(struct cache *c, bool broken)
{
	if (broken)
		cache_file_mark(c);
	cache_stop(c);
	c->state = CACHE_GIVEN_UP;
}

/* Days are written down anew only when they are so old that it matters. */
static uint16_t today(void)
{
	return (uint16_t)(clock_unix() / DAY);
}

static uint64_t mix(uint64_t h, const char *word)
{
	uint64_t w;

	memcpy(&w, word, sizeof w);
	h ^= w;
	return (h << 29 | h >> 35) * UINT64_C(0x9e3779b97f4a7c15);
}

/* That a value is of this name, and whole. */
static uint64_t sum(uint64_t name, const char *p, size_t n)
{
	enum { WORD = 8, BLOCK = 4 * WORD };
	uint64_t h[4] = { name, n, ~name, ~n };
	char room[BLOCK] = { 0 };

	if (n < BLOCK) {
		p = n ? memcpy(room, p, n) : room;
		n = BLOCK;
	}
	for (size_t i = 0; i < n; i += BLOCK) {
		const char *const block = p + MIN(i, n - BLOCK);	/* the last one: some octets again */

		h[0] = mix(h[0], block);
		h[1] = mix(h[1], block + WORD);
		h[2] = mix(h[2], block + 2 * WORD);
		h[3] = mix(h[3], block + 3 * WORD);
	}
	for (size_t i = 1; i < 4; i++)
		h[0] = mix(h[0] ^ h[0] >> 32, (const char *)&h[i]);
	return h[0] ^ h[0] >> 32;
}

/* What a value begins with: the sum, but for two octets, which are the day. */
static uint64_t head(uint64_t sum, uint16_t day)
{
	return htole64((sum & ~(uint64_t)UINT16_MAX) | day);
}

uint64_t cache_name(struct str base)
{
	return sum(0, base.s, base.n);
}

void cache_key_encode(uint8_t ret[KEY_SIZE], uint64_t folder, uint8_t kind, uint32_t uid)
{
	const uint32_t big = htobe32(uid);

	memcpy(ret, &folder, KEY_FOLDER);
	ret[KEY_KIND] = kind;
	memcpy(ret + KEY_UID, &big, sizeof big);
}

bool cache_ready(struct cache *c)
{
	int r;

	if (!c || c->state == CACHE_GIVEN_UP)
		return false;
	if (c->state == CACHE_OPEN)
		return true;
	if (c->not_before && clock_ms() < c->not_before)
		return false;
	r = c->error = cache_file_open(c);
	c->not_before = clock_ms() + RETRY_MS;
	if (r != -ETIMEDOUT)
		c->state = r == 0 ? CACHE_OPEN : CACHE_GIVEN_UP;
	return r == 0;
}

static bool begin_reading(struct cache *c)
{
	int r;

	if (c && c->reading)
		return true;
	if (!cache_ready(c))
		return false;
	for (int i = 0; i < 2; i++) {
		r = c->txn ? mdb_txn_renew(c->txn) : mdb_txn_begin(c->env, NULL, MDB_RDONLY, &c->txn);
		if (r != MDB_MAP_RESIZED || mdb_env_set_mapsize(c->env, 0) != 0)	/* a session with another limit has */
			break;
	}
	if (r != 0)
		cache_give_up(c, cache_is_damage(r));
	c->reading = r == 0;
	return c->reading;
}

void cache_rest(struct cache *c)
{
	if (!c || !c->reading)
		return;
	mdb_txn_reset(c->txn);
	c->reading = false;
	for (size_t i = 0; i < COUNT(c->columns); i++)
		c->columns[i].live = false;
}

/* What the cursor is at now, with nothing behind from. */
static bool arrive(struct cache *c, struct column *col, const struct cache_key *key, MDB_val k, uint32_t from, int error)
{
	uint8_t want[KEY_SIZE];
	uint32_t uid = UINT32_MAX;

	if (error != 0 && error != MDB_NOTFOUND) {
		cache_give_up(c, cache_is_damage(error));
		return false;
	}
	cache_key_encode(want, key->folder, key->kind, key->uid);
	col->end = error == MDB_NOTFOUND || k.mv_size != KEY_SIZE || memcmp(k.mv_data, want, KEY_UID) != 0;
	if (!col->end)
		memcpy(&uid, (const char *)k.mv_data + KEY_UID, sizeof uid);
	col->at = col->end ? UINT32_MAX : be32toh(uid);
	col->from = from;
	col->folder = key->folder;
	return true;
}

static bool seek(struct cache *c, struct column *col, const struct cache_key *key)
{
	uint8_t want[KEY_SIZE];
	MDB_val k = { sizeof want, want };

	cache_key_encode(want, key->folder, key->kind, key->uid);
	return arrive(c, col, key, k, key->uid - 1, mdb_cursor_get(col->cursor, &k, &col->value, MDB_SET_RANGE));
}

/* Puts the column's cursor at the first that is not before key. */
static bool move(struct cache *c, struct column *col, const struct cache_key *key)
{
	MDB_val k = { 0 };

	if (!col->live) {
		const int r = col->cursor ? mdb_cursor_renew(c->txn, col->cursor) :
					    mdb_cursor_open(c->txn, c->dbi, &col->cursor);

		if (r != 0) {
			cache_give_up(c, false);
			return false;
		}
		col->live = true;
		return seek(c, col, key);
	}
	if (col->folder != key->folder || key->uid <= col->from)
		return seek(c, col, key);
	if (col->end || key->uid <= col->at)
		return true;
	if (!arrive(c, col, key, k, col->at, mdb_cursor_get(col->cursor, &k, &col->value, MDB_NEXT)))
		return false;
	return col->end || key->uid <= col->at || seek(c, col, key);
}

/* Whether what only reads did not fall over the file. */
static bool guarded(struct cache *c, int (*what)(struct cache *c, void *data), void *data)
{
	const int r = cache_ready(c) ? cache_guard(c, what, data) : MDB_NOTFOUND;

	if (r == MDB_CORRUPTED)
		cache_give_up(c, true);
	return r == 0;
}

struct get {
	const struct cache_key *key;
	struct str value;
};

/* All octets of the value are looked at, so whoever uses them later does not fall over them. */
static int get(struct cache *c, void *data)
{
	struct get *g = data;
	const struct cache_key *key = g->key;
	struct column *col = &c->columns[key->kind];
	struct str value;
	uint64_t got;

	if (!begin_reading(c) || !move(c, col, key) || col->end || col->at != key->uid || col->value.mv_size < HEAD_SIZE)
		return MDB_NOTFOUND;
	value = str_from((struct str){ col->value.mv_data, col->value.mv_size }, HEAD_SIZE);
	memcpy(&got, col->value.mv_data, HEAD_SIZE);
	if (head(sum(key->name, value.s, value.n), 0) != head(le64toh(got), 0))
		return MDB_NOTFOUND;
	g->value = value;
	return 0;
}

bool cache_get(struct cache *c, const struct cache_key *key, struct str *ret)
{
	struct get g = { .key = key };

	if (!guarded(c, get, &g))
		return false;
	*ret = g.value;
	return true;
}

/* Adds a struct put with room for n octets. */
static char *append(struct cache *c, struct put put)
{
	const size_t size = (sizeof put + put.n + 7) & ~(size_t)7;
	char *p = buf_reserve(&c->pending, size);

	memcpy(p, &put, sizeof put);
	c->pending.n += size;
	c->npending++;
	return p + sizeof put;
}

/* Whether there is any sense in putting more. */
static bool takes(const struct cache *c)
{
	return c && c->state != CACHE_GIVEN_UP && !c->read_only && c->pending.n < PENDING_MAX;
}

void cache_put(struct cache *c, const struct cache_key *key, struct str value)
{
	const uint64_t before = head(sum(key->name, value.s, value.n), today());
	struct put put = { .n = (uint32_t)(value.n + HEAD_SIZE) };
	char *p;

	if (!takes(c) || value.n > MIN(PENDING_MAX, c->limit / 16))
		return;
	cache_key_encode(put.key, key->folder, key->kind, key->uid);
	p = append(c, put);
	memcpy(p, &before, HEAD_SIZE);
	if (value.n)
		memcpy(p + HEAD_SIZE, value.s, value.n);
}

void cache_forget(struct cache *c, uint64_t folder, uint32_t uid)
{
	struct put put = { .forget = true };

	if (!takes(c) || c->state != CACHE_OPEN)
		return;
	cache_key_encode(put.key, folder, 0, uid);
	append(c, put);
}

struct days {
	uint64_t folder;
	uint16_t *v;
};

static int get_days(struct cache *c, void *data)
{
	const struct days *days = data;
	uint8_t key[KEY_SIZE];
	MDB_val k = { sizeof key, key }, value;

	cache_key_encode(key, days->folder, 0, 0);
	if (!begin_reading(c) || mdb_get(c->txn, c->dbi, &k, &value) != 0 || value.mv_size <= DAYS_SIZE)
		return MDB_NOTFOUND;
	memcpy(days->v, value.mv_data, DAYS_SIZE);
	return 0;
}

/* The days in a folder's record; all 0 if there is none. */
static void read_days(struct cache *c, uint64_t folder, uint16_t ret[static CACHE_KINDS])
{
	if (!guarded(c, get_days, &(struct days){ folder, ret }))
		memset(ret, 0, DAYS_SIZE);
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
		ret[kind] = le16toh(ret[kind]);
}

/* The kinds whose days are not so far back. */
static unsigned within(const uint16_t days[static CACHE_KINDS], uint16_t back)
{
	unsigned kinds = 0;

	for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
		kinds |= (unsigned)(days[kind] <= today() && today() - days[kind] < back) << kind;
	return kinds;
}

static void write_days(struct cache *c)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct put put = { .forget = false };

	if (!takes(c))
		return;
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
		buf_add(&b, &(uint16_t){ htole16(c->days[kind]) }, sizeof(uint16_t));
	buf_printf(&b, "%s %u", c->mailboxid, (unsigned)c->uidvalidity);
	cache_key_encode(put.key, c->folder, 0, 0);
	put.n = (uint32_t)b.n;
	memcpy(append(c, put), b.s, b.n);
}

void cache_ask(struct cache *c, uint64_t folder, unsigned kinds)
{
	if (!c || folder != c->folder || !(kinds & ~c->asked))
		return;
	for (unsigned kind = 0; kind < CACHE_KINDS; kind++)
		if (kinds & ~c->asked & 1u << kind)
			c->days[kind] = today();
	c->asked |= kinds;
	write_days(c);
}

uint64_t cache_folder_id(const char *mailboxid, uint32_t uidvalidity)
{
	return siphash((const uint64_t[]){ uidvalidity, 1 }, str_z(mailboxid));
}

unsigned cache_asked(struct cache *c, const char *mailboxid, uint32_t uidvalidity)
{
	const uint64_t folder = cache_folder_id(mailboxid, uidvalidity);
	uint16_t days[CACHE_KINDS];

	read_days(c, folder, days);
	if (folder == c->folder) {	/* a session may last for weeks */
		memcpy(c->days, days, sizeof days);
		c->asked = within(days, REMEMBERED_DAYS);
	}
	return within(days, ASKED_DAYS) & ~1u;
}

uint64_t cache_folder(struct cache *c, const char *mailboxid, uint32_t uidvalidity)
{
	if (c->folder && c->uidvalidity == uidvalidity && strcmp(c->mailboxid, mailboxid) == 0)
		return c->folder;
	c->folder = cache_folder_id(mailboxid, uidvalidity);
	c->uidvalidity = uidvalidity;
	snprintf(c->mailboxid, sizeof c->mailboxid, "%s", mailboxid);
	read_days(c, c->folder, c->days);
	c->asked = within(c->days, REMEMBERED_DAYS);
	cache_ask(c, c->folder, 1);	/* kind 0: it is used at all */
	return c->folder;
}

void cache_commit(struct cache *c, size_t octets)
{
	int r;

	if (!c || c->npending == 0 || c->pending.n <= MIN(octets, c->limit / 32) || c->read_only || !cache_ready(c))
		return;	/* small files have room for small commits */
	cache_rest(c);
	if (cache_lock(c) < 0)
		return;
	r = cache_write(c);
	cache_unlock(c);
	buf_clear(&c->pending);
	if (c->pending.size > 1 << 20)
		buf_release(&c->pending);
	c->npending = 0;
	if (cache_is_damage(r))
		cache_give_up(c, true);
	else if (r != 0)
		c->read_only = true;
}
