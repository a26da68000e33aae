/* maildir/files.h: small files written whole or not at all, and trees removed; for this room only */
#pragma once
#include <dirent.h>
#include "base/arena.h"
#include "base/buf.h"

/* What we make in tmp/ on the way to its place is named by what it is for, so that what a crash leaves is
 * known.
 */
#define TMP_FILE   "imapd.file." /* a file being written */
#define TMP_FOLDER "imapd.new."	 /* a folder being made, under the account's lock */
#define TMP_GONE   "imapd.gone." /* a folder being removed */

/* prefix and something that nobody else has, in a's memory. */
const char *files_unique(struct arena *a, const char *prefix);

/* Adds the whole of a regular file to ret. -EINVAL if it is something else, -EFBIG if it has more than max
 * octets.
 */
int files_read(int dir, const char *name, size_t max, struct buf *ret);

/* Makes content what the file name in dir holds; written in tmp/, mode 0666 less the umask. On disk then, if
 * sync.
 */
int files_replace(int dir, const char *name, struct str content, bool sync);
/* The same for a secret: mode 0600. */
int files_replace_private(int dir, const char *name, struct str content, bool sync);

/* Removes name in dir, and all that is in it if it is a directory. Follows no symbolic link. */
int files_remove_tree(int dir, const char *name);

/* fsync(), unless sync is false. */
int files_sync(int fd, bool sync);

/* Whether name in dir is a directory, or a symbolic link to one. */
bool files_is_dir(int dir, const char *name);

/* Renames, and never replaces: -EEXIST. */
int files_rename(int from_dir, const char *from, int to_dir, const char *to);

/* A directory to read; path is "." for at itself. NULL and errno if that fails. */
DIR *files_dir(int at, const char *path);
void files_dir_closep(DIR **dir); /* for _cleanup_ */

/* Whether it is on a file system that other machines may change behind our back. */
bool files_remote(int fd);

/* Whether that is NFS, whose caches of each machine are compared with the server when a file or a directory is opened. */
bool files_nfs(int fd);
