/* maildir/export.c: a folder's UIDs and keywords in Courier's files */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"
#include "maildir/export.h"
#include "maildir/files.h"
#include "maildir/maildir.h"

#define KEYWORDS "courierimapkeywords"

static int write_uids(int dir_fd, const struct md_import *what)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_printf(&b, "1 %u %u\n", what->uidvalidity, what->uidnext);
	for (size_t i = 0; i < what->n && what->entries[i].uid; i++) {
		buf_u64(&b, what->entries[i].uid);
		buf_c(&b, ' ');
		buf_str(&b, what->entries[i].base);
		buf_c(&b, '\n');
	}
	return files_replace(dir_fd, "courierimapuiddb", buf_view(&b), true);
}

static void put_keywords(struct buf *b, const struct md_import_entry *e)
{
	if (!e->nkeywords)
		return;
	buf_str(b, e->base);
	for (size_t i = 0; i < e->nkeywords; i++) {
		buf_c(b, i ? ' ' : ':');
		buf_u64(b, e->keywords[i]);
	}
	buf_c(b, '\n');
}

static int remove_updates(int dir_fd)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(dir_fd, KEYWORDS);
	struct dirent *e;

	if (!dir)
		return -errno;
	while (errno = 0, (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] == ':' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && unlinkat(dirfd(dir), e->d_name, 0) < 0)
			break;
	}
	return -errno;
}

static int write_keywords(int dir_fd, const struct md_import *what)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (size_t i = 0; i < what->nkeywords; i++) {
		buf_str(&b, what->keywords[i]);
		buf_c(&b, '\n');
	}
	buf_c(&b, '\n');
	for (size_t i = 0; i < what->n; i++)
		put_keywords(&b, &what->entries[i]);
	return files_replace(dir_fd, KEYWORDS "/:list", buf_view(&b), true);
}

int export_courier(int dir_fd, const struct md_import *what)
{
	int r;

	if (!what->uidvalidity)
		return -EINVAL;
	if (mkdirat(dir_fd, KEYWORDS, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = write_keywords(dir_fd, what);
	if (r >= 0)
		r = remove_updates(dir_fd);
	return r < 0 ? r : write_uids(dir_fd, what);
}

int export_folder(const struct maildir *m, int dir_fd)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct md_import what = { .uidvalidity = maildir_uidvalidity(m), .uidnext = maildir_uidnext(m) };
	struct md_import_entry *entries = arena_alloc(&a, (maildir_count(m) + 1) * sizeof *entries);
	struct str *keywords = arena_alloc(&a, (maildir_keyword_count(m) + 1) * sizeof *keywords);

	for (; what.nkeywords < maildir_keyword_count(m); what.nkeywords++)
		keywords[what.nkeywords] = maildir_keyword_name(m, what.nkeywords);
	for (; what.n < maildir_count(m); what.n++) {
		const struct message *msg = maildir_at(m, what.n);
		const struct keywords *k = maildir_keywords(m, msg);

		entries[what.n] = (struct md_import_entry){ .uid = msg->uid,
							    .base = maildir_base_name(m, msg),
							    .keywords = k->v,
							    .nkeywords = k->n };
	}
	what.entries = entries;
	what.keywords = keywords;
	return export_courier(dir_fd, &what);
}
