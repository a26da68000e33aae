/* auth/auth-file.c: the helper that knows virtual users from a text file */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "auth/account.h"
#include "auth/checkpassword.h"
#include "auth/exchange.h"
#include "auth/secret.h"
#include "auth/users.h"
#include "auth/usersfile.h"
#include "base/arena.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"

#define DEFAULT_FILE "/etc/imapd/users"
#define MECHANISMS   "PLAIN LOGIN EXTERNAL " EXCHANGES

/* The first words may be "-f FILE", or FILE alone if it is a path that nobody can run: the program to start
 * can be. Returns the words after them.
 */
static char **users_file(char **argv, const char **ret_path)
{
	if (argv[0] && strcmp(argv[0], "-f") == 0 && argv[1]) {
		*ret_path = argv[1];
		return argv + 2;
	}
	if (argv[0] && argv[0][0] == '/' && access(argv[0], X_OK) < 0)
		*ret_path = *argv++;
	return argv;
}

/* Returns 0, or the exit code. What others can write to is not believed. path may be NULL: the default, which
 * need not be there.
 */
static int load(const char *path, struct buf *ret)
{
	const bool optional = path == NULL;
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;
	int r;

	path = optional ? DEFAULT_FILE : path;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && optional)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0) {
		log_errno(-errno, path);
		return EXIT_TEMPORARY;
	}
	if (!S_ISREG(st.st_mode) || st.st_mode & S_IWOTH) {
		log_line(LOG_ERR, "%s: not a file, or everybody may write to it", path);
		return EXIT_PERMANENT;
	}
	if (st.st_mode & S_IROTH)
		log_line(LOG_WARNING, "%s: everybody may read the hashes in it", path);
	r = fd_slurp(fd, USERSFILE_MAX, ret);
	if (r < 0)
		log_errno(r, path);
	return r < 0 ? EXIT_TEMPORARY : 0;
}

static const char *text(struct arena *arena, struct str s)
{
	return s.n ? arena_str(arena, s).s : NULL;
}

/* False, with a line on the log, if the entry names nobody. */
static bool account_of(const struct users_entry *e, struct arena *arena, struct account *ret)
{
	uid_t uid;
	gid_t gid;

	if (!users_uid(e->uid, &uid) || !users_gid(e->gid, &gid)) {
		log_line(LOG_ERR, "%.*s: no such uid or gid", (int)e->name.n, e->name.s);
		return false;
	}
	*ret = (struct account){
		.login = text(arena, e->name),
		.name = text(arena, e->name),
		.fullname = text(arena, e->fullname),
		.home = text(arena, e->home),
		.shell = e->shell.n ? text(arena, e->shell) : "/bin/sh",
		.maildir = text(arena, e->maildir),
		.quota = text(arena, e->quota),
		.options = text(arena, e->options),
		.uid = uid,
		.gid = gid,
	};
	return true;
}

/* Returns 0 if it is them, or the exit code. Takes as long for a name that there is not. */
static int prove(const struct credentials *c, enum mechanism by, struct str file, struct arena *arena,
		 struct users_entry *ret)
{
	struct str line = { 0 }, name;
	enum users_fault fault;
	bool good;

	users_find_login(file, c->user, env_text("DEFDOMAIN", NULL), arena, &name, &line);
	fault = users_parse(line, ret);
	if (fault == USERS_OK) {
		good = by == BY_CERTIFICATE ? !secret_locked(ret->hash) :
					      secret_check(c->password, ret->hash);
		return good ? 0 : EXIT_REFUSED;
	}
	if (by == BY_PASSWORD)
		secret_check_nobody(c->password, users_usual_hash(file));
	if (fault == USERS_COMMENT)
		return EXIT_REFUSED;
	log_line(LOG_ERR, "the line of %s is unusable: %s", c->user.s, users_fault_text(fault));
	return EXIT_PERMANENT;
}

/* Returns 0 and the account, or the exit code. */
static int login(const char *path, const struct credentials *c, enum mechanism by, struct arena *arena,
		 struct account *ret)
{
	_cleanup_(buf_release) struct buf file = { 0 };
	struct users_entry entry;
	int r = load(path, &file);

	if (r == 0 && by == BY_ROUNDS)
		r = exchange(c->password, buf_view(&file), arena, &entry);
	else if (r == 0)
		r = prove(c, by, buf_view(&file), arena, &entry);
	if (r)
		return r;
	if (!account_of(&entry, arena, ret))
		return EXIT_PERMANENT;
	return account_allowed(ret) ? 0 : EXIT_REFUSED;
}

int main(int argc, char **argv)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(credentials_release) struct credentials c = { 0 };
	const char *path = env_text("IMAPD_USERS", NULL);
	struct account account;
	enum mechanism by;
	int r;

	if (mechanisms_told(argc, argv, MECHANISMS))
		return EXIT_OK;
	log_open("auth-file", STDIN_FILENO);
	argv = users_file(argv + 1, &path);
	if (!*argv || !mechanism_asked(MECHANISMS, &by))
		return EXIT_MISUSED;
	r = by == BY_ROUNDS ? credentials_read_message(CREDENTIALS_FD, &c) : credentials_read(CREDENTIALS_FD, &c);
	if (r == 0)
		r = login(path, &c, by, &arena, &account);
	credentials_release(&c);
	return r ? r : account_exec(&account, argv);
}
