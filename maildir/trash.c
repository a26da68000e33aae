/* maildir/trash.c: old messages removed from some folders: IMAP_EMPTYTRASH */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/files.h"
#include "maildir/folders.h"
#include "maildir/foldername.h"
#include "maildir/trash.h"

enum { DAY = 24 * 60 * 60, MOST_DAYS = 1000000 };

/* "folder:days", or "days". A sign is for what Courier takes as one day, too. */
static bool parse_rule(struct str text, struct str trash, struct trash_rule *ret)
{
	const size_t colon = str_rfind(text, ':');
	struct str folder = trash, days = text;
	uint64_t n;
	bool negative;

	if (colon < text.n) {
		folder = str_trim(str_head(text, colon));
		days = str_trim(str_from(text, colon + 1));
	}
	if (str_istarts(folder, STR("INBOX.")))
		folder = str_from(folder, sizeof "INBOX." - 1);
	negative = str_starts(days, STR("-"));
	if (!str_u64(str_from(days, negative), &n) || n > MOST_DAYS || !folder_name_possible(folder))
		return false;
	*ret = (struct trash_rule){ .folder = folder, .days = negative || n == 0 ? 1 : n };
	return true;
}

bool trash_rules(const char *value, const char *trash, struct arena *a, struct trash_rule **ret,
		 size_t *ret_n)
{
	struct str rest = arena_str(a, str_z(value)), part;
	const struct str dflt = arena_str(a, str_z(trash));
	struct trash_rule *v = NULL;
	size_t n = 0;

	while (str_cut(&rest, ',', &part)) {
		part = str_trim(part);
		if (part.n == 0)
			continue;
		v = arena_grow(a, v, n + 1, sizeof *v);
		if (!parse_rule(part, dflt, &v[n++])) {
			log_line(LOG_ERR, "IMAP_EMPTYTRASH=%s: \"%.*s\" is no folder:days", value,
				 (int)part.n, part.s);
			return false;
		}
	}
	*ret = v;
	*ret_n = n;
	return true;
}

/* Removes the old files of one directory. A subdirectory is no message. */
static int purge_dir(int folder, const char *name, uint64_t before, size_t *removed)
{
	_cleanup_(files_dir_closep) DIR *dir = files_dir(folder, name);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (errno = 0, (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISREG(st.st_mode) || (uint64_t)st.st_ctime >= before)
			continue;
		if (unlinkat(dirfd(dir), e->d_name, 0) == 0)
			++*removed;
		else if (errno != ENOENT)
			break;
	}
	return -errno;
}

static int purge(struct account *acc, const struct trash_rule *rule, uint64_t now, size_t *removed)
{
	_cleanup_(fd_closep) int folder = -1;
	const uint64_t age = rule->days * DAY;
	int r = folder_open_dir(acc, rule->folder, &folder);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (age >= now)
		return 0;
	r = purge_dir(folder, "new", now - age, removed);
	return r < 0 ? r : purge_dir(folder, "cur", now - age, removed);
}

int trash_purge(struct account *acc, const struct trash_rule *rules, size_t n, uint64_t now,
		size_t *ret_removed)
{
	size_t removed = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = purge(acc, &rules[i], now, &removed);
	if (r >= 0)
		*ret_removed = removed;
	return r;
}
