/* t/fuzz_import.c: what Courier and Dovecot have left, the account's files and folders' names: any octets at
 * all */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "maildir/foldername.h"
#include "maildir/import.h"
#include "maildir/inside.h"
#include "maildir/subscribe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The files of a folder, in a directory of this process's own. The last input's are overwritten. */
static const char *const files[] = { "courierimapuiddb",      "courierimapkeywords/:list",
				     "courierimapkeywords/a", "dovecot-uidlist",
				     "dovecot-keywords",      "courierimapsubscribed",
				     "imapd.account",	      "imapd.rename" };

static const char *in_home(char path[static 128], const char *file)
{
	snprintf(path, 128, "/dev/shm/fuzz_import.%d/%s", getpid(), file);
	return path;
}

static void leave(void)
{
	char path[128];

	files_remove_tree(AT_FDCWD, in_home(path, ""));
}

static void enter(void)
{
	static const char *const dirs[] = { "", "courierimapkeywords", "cur", "new", "tmp", ".A", ".A/cur" };
	char path[128];

	if (access(in_home(path, ""), F_OK) < 0)
		atexit(leave);
	for (size_t i = 0; i < COUNT(dirs); i++)
		assert(mkdir(in_home(path, dirs[i]), 0700) == 0 || errno == EEXIST);
}

static void put(const char *file, struct str content)
{
	char path[128];
	_cleanup_(fd_closep) int fd =
		open(in_home(path, file), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0 && fd_write_all(fd, content.s, content.n) == 0);
}

static void check_import(void)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	char path[128];
	_cleanup_(fd_closep) int dir = open(in_home(path, ""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct md_import m;

	if (import_read(dir, &arena, &m) != 1)
		return;
	assert(m.uidnext >= 1 && (m.uidvalidity || m.uidnext == 1));
	for (size_t i = 0; i < m.n; i++) {
		const struct md_import_entry *e = &m.entries[i];

		assert(e->uid < m.uidnext && (m.uidvalidity || !e->uid));
		assert(e->base.n && e->base.n < 256 && e->base.s[0] != '.' &&
		       str_find(e->base, '/') == e->base.n);
		assert(i == 0 || !e->uid || e[-1].uid < e->uid);
		for (size_t j = 0; j < e->nkeywords; j++)
			assert(e->keywords[j] < m.nkeywords);
	}
}

static void check_account(void)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;
	const struct account_config config = { .no_sync = true };
	struct account_use *uses;
	char path[128];
	struct str *v;
	size_t n;

	assert(account_open(in_home(path, ""), &config, &acc) == 0);
	assert(!files_is_dir(acc->fd, RENAME_FILE) && faccessat(acc->fd, RENAME_FILE, F_OK, 0) < 0);
	assert(files_is_dir(acc->fd, "cur"));
	assert(account_uses(acc, &arena, &uses, &n) == 0);
	assert(subscribe_list(acc, &arena, &v, &n) == 0);
	for (size_t i = 0; i < n; i++) {
		assert(utf8_valid(v[i]) && (i == 0 || str_cmp(v[i - 1], v[i]) < 0));
		assert(subscribe_add(acc, v[i]) == 0);
	}
}

static void check_name(struct str dir)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct str name;
	bool utf7;

	folder_name_fault(dir);
	if (!folder_name_of_dir(dir, &arena, &name, &utf7))
		return;
	assert(folder_name_possible(name));
	assert(str_eq(str_z(folder_name_dir(name, utf7, &arena)), dir));
}

/* The first octet tells which file, or that it is a name. Files of earlier inputs stay, so they meet. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data + 1, size - 1 };

	if (size == 0)
		return 0;
	enter();
	check_name(rest);
	put(files[data[0] % COUNT(files)], rest);
	check_import();
	check_account();
	return 0;
}
