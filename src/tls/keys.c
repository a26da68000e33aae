/* tls/keys.c: reads the files of certificates and keys, all that a client may ask for */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fd.h"
#include "tls/keys.h"

enum { LARGEST = 1 << 20 }; /* octets of a PEM file */

static void add(struct keys *k, struct pair pair)
{
	k->pairs = must_realloc(k->pairs, (k->n + 1) * sizeof *k->pairs);
	k->pairs[k->n++] = pair;
}

static int slurp(const char *path, struct buf *ret)
{
	return fd_slurp_at(AT_FDCWD, path, LARGEST, ret);
}

/* Reads chain and key (NULL: in the same file) into a pair, whose name is what the file's name says. */
static void read_pair(struct keys *k, struct str name, const char *chain, const char *key)
{
	struct pair pair = { .error = 0 };

	buf_str(&pair.name, name);
	buf_z(&pair.path, chain);
	pair.error = slurp(chain, &pair.chain);
	if (pair.error == 0 && key) {
		pair.error = slurp(key, &pair.key);
		if (pair.error < 0) {
			buf_clear(&pair.path);
			buf_z(&pair.path, key);
		}
	}
	buf_cstr(&pair.path);
	add(k, pair);
}

/* path, or what it is in the credential directory if it is relative. */
static const char *locate(const struct config *c, struct str path, struct buf *ret)
{
	buf_clear(ret);
	if (c->credentials && !str_starts(path, STR("/"))) {
		buf_z(ret, c->credentials);
		buf_c(ret, '/');
	}
	buf_str(ret, path);
	return buf_cstr(ret);
}

/* The next field of a list that is separated by blanks or ":". */
static bool next(struct str *list, struct str *ret)
{
	size_t n = 0;

	while (list->n && strchr(" \t:", list->s[0]))
		*list = str_from(*list, 1);
	while (n < list->n && !strchr(" \t:", list->s[n]))
		n++;
	*ret = str_head(*list, n);
	*list = str_from(*list, n);
	return n > 0;
}

/* FILE.HOST beside FILE, each with KEY.HOST if there is a KEY. */
static void read_hosts(struct keys *k, const char *chain, const char *key)
{
	_cleanup_(buf_release) struct buf dir = { 0 }, path = { 0 }, key_path = { 0 };
	const char *slash = strrchr(chain, '/'), *base = slash ? slash + 1 : chain;
	struct dirent **entries;
	int n;

	buf_str(&dir, slash ? (struct str){ chain, (size_t)(base - chain) } : STR("./"));
	n = scandir(buf_cstr(&dir), &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const struct str entry = str_z(entries[i]->d_name),
				 suffix = str_from(entry, strlen(base) + 1);

		if (str_starts(entry, str_z(base)) && entry.s[strlen(base)] == '.' && suffix.n) {
			buf_clear(&path);
			buf_clear(&key_path);
			buf_printf(&path, "%s.%s", chain, suffix.s);
			buf_printf(&key_path, "%s.%s", key ? key : "", suffix.s);
			read_pair(k, suffix, buf_cstr(&path), key ? buf_cstr(&key_path) : NULL);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

static bool read_certfile(const struct config *c, struct keys *k, struct buf *why)
{
	_cleanup_(buf_release) struct buf chain_path = { 0 }, key_path = { 0 };
	struct str chains = str_z(c->certfile), keys = str_z(c->keyfile), chain, key;

	while (next(&chains, &chain)) {
		const char *chain_file = locate(c, chain, &chain_path), *key_file = NULL;

		if (c->keyfile && !next(&keys, &key)) {
			buf_z(why, "TLS_PRIVATE_KEYFILE names fewer files than TLS_CERTFILE");
			return false;
		}
		if (c->keyfile)
			key_file = locate(c, key, &key_path);
		read_pair(k, STR(""), chain_file, key_file);
		read_hosts(k, chain_file, key_file);
	}
	return true;
}

/* Whether dir/name, or dir/name/file, can be opened; *ret is its path. */
static bool find(const char *dir, struct str name, const char *end, struct buf *ret)
{
	struct stat st;

	buf_clear(ret);
	buf_z(ret, dir);
	buf_c(ret, '/');
	buf_str(ret, name);
	buf_z(ret, end);
	return stat(buf_cstr(ret), &st) == 0 && S_ISREG(st.st_mode);
}

/* NAME.pem, with NAME.key or the key in it; or a directory as certbot makes them. */
static void read_entry(struct keys *k, const char *dir, struct str entry)
{
	_cleanup_(buf_release) struct buf chain = { 0 }, key = { 0 };
	bool apart = false;

	if (str_ends(entry, STR(".pem"))) {
		entry.n -= strlen(".pem");
		apart = find(dir, entry, ".key", &key);
		find(dir, entry, ".pem", &chain);
	} else if (entry.s[0] != '.' && find(dir, entry, "/fullchain.pem", &chain)) {
		apart = find(dir, entry, "/privkey.pem", &key);
	} else {
		return;
	}
	read_pair(k, str_eq(entry, STR("default")) ? STR("") : entry, buf_cstr(&chain),
		  apart ? buf_cstr(&key) : NULL);
}

static bool read_directory(const char *dir, struct keys *k, struct buf *why)
{
	struct dirent **entries;
	const int n = scandir(dir, &entries, NULL, alphasort);

	if (n < 0) {
		buf_printf(why, "%s: %s", dir, strerror(errno));
		return false;
	}
	for (int i = 0; i < n; i++) {
		read_entry(k, dir, str_z(entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return true;
}

bool keys_read(const struct config *c, struct keys *ret, struct buf *why)
{
	const char *dir = c->certdir ? c->certdir : c->certfile ? NULL : c->credentials;
	struct keys k = { 0 };

	if ((c->certfile && !read_certfile(c, &k, why)) || (dir && !read_directory(dir, &k, why))) {
		keys_release(&k);
		return false;
	}
	if (k.n == 0) {
		buf_printf(why, "%s: no certificate there", dir ? dir : c->certfile);
		return false;
	}
	*ret = k;
	return true;
}

void keys_release(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct pair *p = &k->pairs[i];

		if (p->chain.s)
			wipe(p->chain.s, p->chain.size);
		if (p->key.s)
			wipe(p->key.s, p->key.size);
		buf_release(&p->name);
		buf_release(&p->path);
		buf_release(&p->chain);
		buf_release(&p->key);
	}
	free(k->pairs);
	*k = (struct keys){ 0 };
}
