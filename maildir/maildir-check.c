/* maildir/maildir-check.c: finds and mends what a Maildir can have wrong */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "base/utf8.h"
#include "maildir/check.h"
#include "maildir/export.h"
#include "maildir/files.h"
#include "maildir/folders.h"

enum { CLEAN, FOUND, TROUBLE };

/* What each finding is, what would mend it, and what has mended it. Notes have only the first. */
static const struct words {
	const char *what, *would, *done;
} words[CHECK_KINDS] = {
	[CHECK_NO_DIR] = { "is missing", "make it", "made" },
	[CHECK_MODE] = { "its owner can't use it, or everybody can write to it", "set its mode", "mode set" },
	[CHECK_OWNER] = { "belongs to another user than the Maildir", "give it to the owner (as root)", "given to the owner" },
	[CHECK_FOREIGN] = { "is no message", "put it in imapd.lost", "put in imapd.lost" },
	[CHECK_NAMELESS] = { "has no base name", "give it one", "has one" },
	[CHECK_TWIN] = { "has the base name of another message", "give it another", "has another" },
	[CHECK_JOURNAL] = { "is damaged", "save what can be read, and write it anew", "written anew with what could be read" },
	[CHECK_TORN] = { "ends in the middle of a line that was told to nobody", "cut that off", "cut off" },
	[CHECK_NO_FILE] = { "is in the journal, and there is no such file", "take it out, or finish its delivery",
			    "taken out, or delivered" },
	[CHECK_NO_UID] = { "has no UID yet", "give it one", "has one" },
	[CHECK_OLD_TMP] = { "was left by a delivery more than 36 hours ago", "remove it", "removed" },
	[CHECK_LOCK] = { "is the lock of a process that is gone", "remove it", "removed" },
	[CHECK_HALF_FOLDER] = { "was left by a folder that was made or deleted", "remove it", "removed" },
	[CHECK_RENAME] = { "a renaming of folders was cut off", "do the rest", "done" },
	[CHECK_ACCOUNT] = { "makes no sense", "write it anew", "written anew" },
	[CHECK_FOLDER_NAME] = { "can't be reached: no folder can have that name", "rename it", "renamed" },
	[CHECK_FOLDER_TWIN] = { "can't be reached: its name is also there in UTF-8", "rename it", "renamed" },
	[CHECK_SUBSCRIBED] = { "is subscribed to, and does not exist", NULL, NULL },
	[CHECK_LEFT] = { "was left by another server; it has been read, and is not needed any more", NULL, NULL },
	[CHECK_SIZE] = { "has another size than its name says", NULL, NULL },
	[CHECK_LOOKALIKE] = { "is not in Unicode normalization form C", NULL, NULL },
};

static int usage(FILE *to, int code)
{
	fputs("usage: maildir-check [--repair | --export-courier] MAILDIR\n", to);
	return code;
}

/* File names are anything: what is no printable text is shown as \xHH, as in the log. */
static void put_text(const char *text)
{
	struct str rest = str_z(text);

	while (rest.n) {
		const struct str before = rest;
		uint32_t c;

		if (utf8_next(&rest, &c) && c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != '\\') {
			fwrite(before.s, 1, before.n - rest.n, stdout);
			continue;
		}
		printf("\\x%02x", (unsigned char)before.s[0]);
		rest = str_from(before, 1);
	}
}

static void put_path(const struct check_finding *f)
{
	const char *const parts[] = { strcmp(f->dir, ".") == 0 && (f->part || f->name) ? NULL : f->dir, f->part, f->name };
	bool first = true;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!parts[i])
			continue;
		if (!first)
			putchar('/');
		put_text(parts[i]);
		first = false;
	}
}

/* One line, with what mends it, in two words; a note has none. Returns what it means for the exit status. */
static int tell(const struct check_finding *f, const char *how, const char *mending)
{
	const bool note = f->kind >= CHECK_NOTES;

	put_path(f);
	printf(": %s%s", note ? "note: " : "", words[f->kind].what);
	if (!note)
		printf("; %s%s", how, mending);
	putchar('\n');
	return note ? CLEAN : FOUND;
}

/* later is what a second look has found, or NULL: nothing was mended. Where a folder lacks a directory, only that look sees what is in it.
 * Returns the exit status.
 */
static int report(const struct check *c, const struct check *later)
{
	int status = c->trouble || (later && later->trouble) ? TROUBLE : CLEAN;

	for (size_t i = 0; i < c->n; i++) {
		const struct check_finding *f = &c->v[i];
		const bool still = later && f->kind < CHECK_NOTES && check_has(later, f);
		const int is = !later ? tell(f, "--repair would ", words[f->kind].would)
			       : still ? tell(f, "NOT REPAIRED", "")
				       : tell(f, words[f->kind].done, "");

		status = MAX(status, still ? TROUBLE : is);
	}
	for (size_t i = 0; later && i < later->n; i++) {
		const struct check_finding *f = &later->v[i];
		const int is = check_has(c, f) ? CLEAN : tell(f, "--repair, once more, would ", words[f->kind].would);

		status = MAX(status, is);
	}
	return status;
}

/* Root looks whom things belong to, and then becomes the owner for all the rest. */
static int become_owner(struct check *c, bool repair)
{
	if (geteuid() != 0 || c->uid == 0)
		return 0;
	if (repair)
		check_give(c);
	if (setgroups(0, NULL) < 0 || setgid(c->gid) < 0 || setuid(c->uid) < 0)
		return -errno;
	return 0;
}

static bool is_maildir(int fd)
{
	return files_is_dir(fd, "cur") || files_is_dir(fd, "new") || files_is_dir(fd, "tmp");
}

static int open_maildir(const char *path, struct check *c)
{
	struct stat st;
	int r;

	c->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = c->fd < 0 || fstat(c->fd, &st) < 0 ? -errno : is_maildir(c->fd) ? 0 : -EINVAL;
	if (r < 0) {
		log_line(LOG_ERR, "%s: %s", path, r == -EINVAL ? "is no Maildir: it has neither cur, new nor tmp" : strerror(-r));
		return r;
	}
	c->uid = st.st_uid;
	c->gid = st.st_gid;
	return fchdir(c->fd) < 0 ? -errno : 0;
}

static int check(struct check *c, bool repair)
{
	struct check later = { .fd = c->fd, .uid = c->uid, .gid = c->gid, .config = c->config };
	int r, status;

	check_owners(c);
	r = become_owner(c, repair);
	if (r < 0) {
		check_failed(c, r, ".", "cannot become its owner");
		return TROUBLE;
	}
	check_maildir(c);
	for (size_t i = 0; i < c->n && repair; i++)
		if (c->v[i].kind < CHECK_NOTES) {
			check_repair(c, ".");
			check_owners(&later);
			check_maildir(&later);
			break;
		}
	status = report(c, repair ? &later : NULL);
	arena_free(&later.arena);
	return status;
}

static int export(struct check *c)
{
	static const struct account_config defaults = { 0 };
	_cleanup_(account_closep) struct account *acc = NULL;
	struct folder *folders;
	size_t n = 0;
	int r = become_owner(c, false);

	if (r >= 0)
		r = account_open(".", &defaults, &acc);
	if (r >= 0)
		r = folder_list(acc, &c->arena, false, &folders, &n);
	if (r < 0)
		check_failed(c, r, ".", "cannot open the account");
	for (size_t i = 0; i < n; i++) {
		_cleanup_(maildir_closep) struct maildir *m = NULL;
		_cleanup_(fd_closep) int fd = check_open(c, folders[i].dir.s, NULL, false);

		r = fd < 0 ? -errno : maildir_open(fd, 0, c->config, &m);
		if (r >= 0)
			r = maildir_update(m, 0);
		if (r == 0)
			r = export_folder(m, fd);
		if (r != 0)
			check_failed(c, r > 0 ? -ETIMEDOUT : r, folders[i].dir.s, "cannot write Courier's files");
	}
	return c->trouble ? TROUBLE : CLEAN;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "repair", no_argument, NULL, 'r' },
						 { "export-courier", no_argument, NULL, 'e' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	char host[256] = "";
	struct maildir_config config = { .use_locks = true, .hostname = host };
	struct check c = { .fd = -1, .config = &config };
	bool repair = false, exporting = false;
	int o;

	log_open("maildir-check", -1);
	while ((o = getopt_long(argc, argv, "re", options, NULL)) >= 0)
		if (o == 'r')
			repair = true;
		else if (o == 'e')
			exporting = true;
		else
			return o == 'h' ? usage(stdout, CLEAN) : usage(stderr, TROUBLE);
	if (argc - optind != 1 || (repair && exporting))
		return usage(stderr, TROUBLE);
	gethostname(host, sizeof host - 1);
	umask(umask(0) | 077);
	if (open_maildir(argv[optind], &c) < 0)
		return TROUBLE;
	o = exporting ? export(&c) : check(&c, repair);
	arena_free(&c.arena);
	close(c.fd);
	return o;
}
