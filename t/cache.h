/* t/cache.h: facts that are easily told from each other, for tests of the cache */
#pragma once
#include "base/buf.h"
#include "maildir/cache.h"
#include "t/folder.h"

/* A fact of UID uid: "fact UID" so often that it has the size. */
static inline struct str fact(uint32_t uid, size_t size, struct buf *b)
{
	buf_clear(b);
	while (b->n < size)
		buf_printf(b, "fact %u ", (unsigned)uid);
	b->n = size;
	return buf_view(b);
}

static inline struct cache_key key_of(uint64_t folder, uint32_t uid)
{
	return (struct cache_key){ .folder = folder, .name = 77 + uid, .uid = uid, .kind = (uint8_t)(1 + uid % 3) };
}

static inline struct cache *opened(const struct t_folder *f)
{
	struct cache *c = NULL;

	ck_assert_int_eq(cache_open(f->fd, NULL, &c), 0);
	return c;
}

static inline void fill(struct cache *c, uint64_t folder, uint32_t n, size_t size)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (uint32_t uid = 1; uid <= n; uid++) {
		const struct cache_key key = key_of(folder, uid);

		cache_put(c, &key, fact(uid, size, &b));
		cache_commit(c, 1 << 16);
	}
	cache_commit(c, 0);
}

/* How many of UIDs 1 to n are known; what is known is right. */
static inline uint32_t known(struct cache *c, uint64_t folder, uint32_t n, size_t size)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	uint32_t found = 0;
	struct str got;

	for (uint32_t uid = 1; uid <= n; uid++) {
		const struct cache_key key = key_of(folder, uid);

		if (!cache_get(c, &key, &got))
			continue;
		t_str_eq(got, fact(uid, size, &b));
		found++;
	}
	cache_rest(c);
	return found;
}

/* The path of the file of facts in the cache; empty if there is none. */
static inline void file_of(const struct t_folder *f, char ret[128])
{
	char dir[96];
	DIR *d;
	const struct dirent *e;

	ret[0] = 0;
	snprintf(dir, sizeof dir, "%s/imapd.cache", f->path);
	d = opendir(dir);
	while (d && (e = readdir(d)))
		if (strncmp(e->d_name, "facts.", 6) == 0 && !strchr(e->d_name, '-'))
			snprintf(ret, 128, "%s/%.24s", dir, e->d_name);
	if (d)
		closedir(d);
}
