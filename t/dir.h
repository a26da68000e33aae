/* t/dir.h: Maildirs of a test's own, and what is in them */
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fd.h"
#include "maildir/account.h"
#include "maildir/folders.h"
#include "maildir/files.h"
#include "t/t.h"

/* The longest name that a folder can have. */
#define NAME_254                                                                                             \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjj" \
	"jj"                                                                                                 \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiiijjjjjjjj" \
	"jj"                                                                                                 \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffff"

/* A directory that is the working directory as long as this lives. */
struct t_dir {
	char path[64];
};

static inline struct t_dir t_dir_enter(void)
{
	struct t_dir d;

	strcpy(d.path, "/tmp/t_folder.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(d.path));
	ck_assert_int_eq(chdir(d.path), 0);
	return d;
}

static inline void t_dir_leave(struct t_dir *d)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(files_remove_tree(AT_FDCWD, d->path), 0);
}

static inline void t_write(const char *path, struct str content)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(fd_write_all(fd, content.s, content.n), 0);
}

static inline void t_mkdir(const char *path)
{
	ck_assert_msg(mkdir(path, 0700) == 0, "%s: %s", path, strerror(errno));
}

/* A directory with cur, new and tmp. */
static inline void t_maildir(const char *path)
{
	static const char *const subdirs[] = { "cur", "new", "tmp" };
	char sub[4096];

	t_mkdir(path);
	for (size_t i = 0; i < 3; i++) {
		snprintf(sub, sizeof sub, "%s/%s", path, subdirs[i]);
		t_mkdir(sub);
	}
}

static inline bool t_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* What a file holds; "" if there is none. Added to b. */
static inline struct str t_read(struct buf *b, const char *path)
{
	const size_t had = b->n;
	const int r = fd_slurp_at(AT_FDCWD, path, 1 << 26, b);

	ck_assert(r == 0 || r == -ENOENT);
	return str_from(buf_view(b), had);
}

static inline size_t t_entries(const char *path)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(AT_FDCWD, path);
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	return n - 2;
}

static inline struct account *t_account(const char *path)
{
	const struct account_config config = { .no_sync = true };
	struct account *acc;

	ck_assert_int_eq(account_open(path, &config, &acc), 0);
	return acc;
}

/* All names with their directories, "name=dir;", marked ones with "*". */
static inline const char *t_listed(struct account *acc, struct buf *b, bool marked)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct folder *v;
	size_t n;

	buf_clear(b);
	ck_assert_int_eq(folder_list(acc, &arena, marked, &v, &n), 0);
	for (size_t i = 0; i < n; i++) {
		buf_str(b, v[i].name);
		buf_c(b, '=');
		buf_str(b, v[i].dir);
		buf_z(b, v[i].marked ? "*;" : ";");
	}
	return buf_cstr(b);
}
