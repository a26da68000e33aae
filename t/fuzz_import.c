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

static void leave(void)
{
	char path[64];

	snprintf(path, sizeof path, "/dev/shm/fuzz_import.%d", getpid());
	files_remove_tree(AT_FDCWD, path);
}

static void enter(void)
{
	char path[64];

	snprintf(path, sizeof path, "/dev/shm/fuzz_import.%d", getpid());
	if (mkdir(path, 0700) < 0)
		assert(errno == EEXIST);
	else
		atexit(leave);
	assert(chdir(path) == 0);
	mkdir("courierimapkeywords", 0700);
	mkdir("cur", 0700);
	mkdir("new", 0700);
	mkdir("tmp", 0700);
	mkdir(".A", 0700);
	mkdir(".A/cur", 0700);
}

static void put(const char *path, struct str content)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0 && fd_write_all(fd, content.s, content.n) == 0);
}

static void check_import(void)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
	struct str *v;
	size_t n;

	assert(account_open(".", &config, &acc) == 0);
	assert(access("imapd.rename", F_OK) < 0 && access("cur", F_OK) == 0);
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
