/* t/dialog/prepare.c: what is there before a case begins: the Maildir, its mail, the account */
#define _GNU_SOURCE
#include <crypt.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/fd.h"
#include "t/dialog/prepare.h"
#include "t/dialog/session.h"

/* Message N arrived at noon on the Nth of February 2024, UTC. */
enum { FIRST_ARRIVAL = 1706788800, DAY = 86400, FIRST_NAME = 1000000000 };

static bool make_dir(const char *path, const char *name)
{
	char both[512];

	snprintf(both, sizeof both, "%s/%s", path, name);
	return mkdir(both, 0700) == 0 || errno == EEXIST;
}

static bool make_maildir(const char *path)
{
	if (!make_dir(path, "") || !make_dir(path, "cur") || !make_dir(path, "new") || !make_dir(path, "tmp"))
		return false;
	if (strcmp(path, "Maildir") != 0) {
		char mark[512];
		int fd;

		snprintf(mark, sizeof mark, "%s/maildirfolder", path);
		if ((fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) < 0)
			return false;
		close(fd);
	}
	return true;
}

static bool write_file(const char *path, struct str octets, time_t arrived)
{
	const struct timespec times[2] = { { .tv_sec = arrived }, { .tv_sec = arrived } };
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const bool ok = fd >= 0 && fd_write_all(fd, octets.s, octets.n) == 0 && futimens(fd, times) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* "\Seen \Flagged" as the letters of a file name, in their order. */
static void letters(struct str flags, char ret[8])
{
	static const struct {
		char letter;
		struct str flag;
	} known[] = { { 'D', { "\\Draft", 6 } },    { 'F', { "\\Flagged", 8 } }, { 'P', { "$Forwarded", 10 } },
		      { 'R', { "\\Answered", 9 } }, { 'S', { "\\Seen", 5 } },    { 'T', { "\\Deleted", 8 } } };
	size_t n = 0;

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_search(flags, known[i].flag) < flags.n)
			ret[n++] = known[i].letter;
	ret[n] = '\0';
}

/* The nth message that is given. */
static bool give(const struct given *g, unsigned n, const char *tests_dir)
{
	_cleanup_(buf_release) struct buf mail = {0};
	char folder[300] = "Maildir", path[600], flags[8];

	if (!str_eq(g->folder, STR("INBOX")))
		snprintf(folder, sizeof folder, "Maildir/.%.*s", (int)g->folder.n, g->folder.s);
	if (!make_maildir(folder))
		return false;
	if (str_eq(g->file, STR("-")))
		return true;
	snprintf(path, sizeof path, "%s/mail/%.*s", tests_dir, (int)g->file.n, g->file.s);
	if (fd_slurp_at(AT_FDCWD, path, 1 << 28, &mail) < 0)
		return false;
	letters(g->flags, flags);
	if (str_eq(g->flags, STR("NEW")))
		snprintf(path, sizeof path, "%s/new/%u.M%uP1.t", folder, FIRST_NAME + n, n);
	else
		snprintf(path, sizeof path, "%s/cur/%u.M%uP1.t:2,%s", folder, FIRST_NAME + n, n, flags);
	return write_file(path, buf_view(&mail), FIRST_ARRIVAL + (time_t)(n - 1) * DAY);
}

/* The account "userid" with the password "password", for auth-file. */
static bool make_account(void)
{
	_cleanup_(buf_release) struct buf b = {0};
	_cleanup_(fd_closep) int fd = open("users", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const char *hash = crypt("password", "$6$rounds=1000$dialogue$");
	char *here = getcwd(NULL, 0);

	if (fd < 0 || !hash || !here)
		return false;
	buf_printf(&b, "userid:%s:%u:%u:%s\n", hash, (unsigned)getuid(), (unsigned)getgid(), here);
	free(here);
	return fd_write_all(fd, b.s, b.n) == 0;
}

/* A session that selects a folder and goes. */
static bool settle(const struct script *script, const struct stage *stage, struct str folder)
{
	struct server server = { .dir = stage->server_dir, .mode = MODE_PAIR, .script = script };
	_cleanup_(buf_release) struct buf b = {0};
	struct session s = {0};
	struct str line;
	const char *why;
	bool ok = false;

	if (!session_start(&s, 0, &server))
		return false;
	buf_printf(&b, "a SELECT \"%.*s\"\r\nb LOGOUT\r\n", (int)folder.n, folder.s);
	session_send(&s, buf_view(&b));
	while (session_line(&s, &line, &why)) {
		ok = ok || str_starts(line, STR("a OK"));
		session_take(&s, line);
	}
	return session_end(&s) == 0 && ok;
}

static bool complain(const struct script *script, unsigned line, const char *what)
{
	printf("  %s:%u: %s\n", script->path, line, what);
	return false;
}

bool prepare(const struct script *script, const struct stage *stage)
{
	char actions[512];

	snprintf(actions, sizeof actions, "%s/dialog/actions.sh", stage->tests_dir);
	setenv("ACTIONS", actions, 1);
	setenv("MAIL_DIR", stage->tests_dir, 1);
	setenv("SERVER_DIR", stage->server_dir, 1);
	if (!make_maildir("Maildir") || !make_account())
		return complain(script, 1, "no Maildir, or no account");
	for (unsigned i = 0; i < script->ngiven; i++)
		if (!give(&script->given[i], i + 1, stage->tests_dir))
			return complain(script, script->given[i].line, "can't be given");
	for (size_t i = 0; i < script->nbefore; i++)
		if (!prepare_shell(script->before[i]))
			return complain(script, 1, "the command before has failed");
	for (size_t i = 0; i < script->nsettle; i++)
		if (!settle(script, stage, script->settle[i]))
			return complain(script, 1, "can't be settled");
	return true;
}

bool prepare_shell(struct str command)
{
	int status = -1;
	char *text = NULL;
	pid_t pid;

	if (asprintf(&text, ". \"$ACTIONS\"\n%.*s", (int)command.n, command.s) < 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-euc", text, NULL);
		_exit(EXIT_TEMPORARY);
	}
	free(text);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
