/* maildir/cache.h: a place for what may be lost: it only saves work */
#pragma once
#include "base/base.h"

/* A directory for all of one account. Anybody may remove it at any time, also while it is in use. */
struct cache;

/* Opens it, and makes it where it is missing, 0700: imapd.cache in the Maildir; or, with where (IMAPD_CACHEDIR, absolute), a
 * directory in where that is named by our uid and the Maildir's path, so no two accounts share one.
 *
 * -EPERM	what is there is no directory of ours alone
 * -EREMOTE	other machines reach the Maildir, and where is NULL
 * or what a system call gave. Each of them means: go on without.
 */
int cache_open(int maildir_fd, const char *where, struct cache **ret);
void cache_close(struct cache *c);	/* NULL is nothing to close */
void cache_closep(struct cache **c);	/* for _cleanup_ */

/* The directory's descriptor; the cache's. */
int cache_dir(const struct cache *c);
/* Its path if it is in where; NULL: it is in the Maildir. */
const char *cache_path(const struct cache *c);
