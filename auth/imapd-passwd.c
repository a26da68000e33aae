/* auth/imapd-passwd.c: makes and changes the entries of auth-file's users */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>
#include "auth/secret.h"
#include "auth/users.h"
#include "auth/usersfile.h"
#include "base/base64.h"
#include "base/fd.h"

#define DEFAULT_FILE "/etc/imapd/users"

enum { LINE_SIZE = 512, CTRL_C = 3, METHODS_MAX = 4, SECRET = 24 };

enum action { CHANGE, DELETE, LIST, LOCK, UNLOCK };

struct request {
	const char *path;	  /* NULL: the default, which is made if a user is */
	const char *methods[METHODS_MAX]; /* a hash for each; none: one, by the usual method */
	size_t nmethods;
	enum action action;
	bool create, keep;	  /* make the file; ask for no password */
	struct users_entry entry; /* what the words say: fields that were not given are empty */
	int given;		  /* how many fields were: 1 is the name alone */
};

static int usage(void)
{
	fputs("usage: imapd-passwd [-f FILE] [-c] [-m METHOD]... [-n] USER [UID GID HOME [MAILDIR [QUOTA "
	      "[OPTIONS]]]]\n"
	      "       imapd-passwd [-f FILE] -D | -L | -U USER\n"
	      "       imapd-passwd [-f FILE] -l\n"
	      "METHOD is yescrypt (the default), sha512, sha256, bcrypt, scram-sha-256, scram-sha-1 or plain.\n",
	      stderr);
	return EXIT_MISUSED;
}

/* Returns the exit code. */
static int complain(const char *about, const char *what)
{
	fprintf(stderr, "imapd-passwd: %s: %s\n", about, what);
	return EXIT_REFUSED;
}

/* No echo, and Ctrl-C is an octet that ends the line: no signal leaves the terminal mute. */
static bool hide(struct termios *ret_shown)
{
	struct termios hidden;

	if (tcgetattr(STDIN_FILENO, ret_shown) < 0)
		return false;
	hidden = *ret_shown;
	hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
	hidden.c_cc[VEOL] = CTRL_C;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	return true;
}

/* A line without its end, from stdin. False at the end, after Ctrl-C, or if it is too long. */
static bool read_line(const char *prompt, char ret[static LINE_SIZE])
{
	struct termios shown;
	const bool tty = hide(&shown);
	size_t n = 0;
	char c = 0;

	if (tty)
		fputs(prompt, stderr);
	while (n < LINE_SIZE && read(STDIN_FILENO, &c, 1) == 1 && c != '\n' && !(tty && c == CTRL_C))
		ret[n++] = c;
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	if (n == LINE_SIZE || (tty && c == CTRL_C) || (n == 0 && c != '\n'))
		return false;
	ret[n] = '\0';
	return true;
}

/* Adds the hashes of a password to ret. Returns the exit code. */
static int hashes(struct str password, const struct request *q, struct buf *ret)
{
	for (size_t i = 0; i < MAX(q->nmethods, (size_t)1); i++) {
		int r;

		if (i)
			buf_c(ret, ' ');
		r = secret_hash(password, q->methods[i], ret);
		if (r == -ENOTSUP)
			return complain(q->methods[i], "no such method");
		if (r < 0)
			return complain("password", r == -EINVAL	 ? "it is empty or too long"
						    : r == -EILSEQ ? "it has characters that SCRAM does not allow"
								   : strerror(-r));
	}
	return 0;
}

/* Asks twice on a terminal; takes one line otherwise. Adds its hashes to ret. Returns the exit code. */
static int ask_hash(const struct request *q, struct buf *ret)
{
	char first[LINE_SIZE] = "", second[LINE_SIZE] = "";
	bool same = read_line("New password: ", first);
	int r = 0;

	if (same && isatty(STDIN_FILENO))
		same = read_line("Once more: ", second) && strcmp(first, second) == 0;
	if (same)
		r = hashes(str_z(first), q, ret);
	wipe(first, sizeof first);
	wipe(second, sizeof second);
	if (!same)
		return complain("password", "not read, or not the same both times");
	return r;
}

/* Whether the words make an entry. old is the one there is, or NULL. Returns the exit code. */
static int check_fields(const struct request *q, const struct users_entry *old)
{
	const struct users_entry *e = &q->entry;
	const struct str fields[] = { e->uid, e->gid, e->home, e->maildir, e->quota, e->options };
	uid_t uid;
	gid_t gid;

	if (!users_name_ok(e->name))
		return complain(e->name.s,
				"not a name: no blanks, colons or control characters, and no # in front");
	for (size_t i = 0; i < COUNT(fields); i++)
		if (!users_field_ok(fields[i]))
			return complain(fields[i].s, "no colons or control characters in a field");
	if (q->given == 1)
		return old ? 0
			   : complain(e->name.s, "there is no such user: give uid, gid and home to make one");
	if (!str_starts(e->home, STR("/")))
		return complain(e->home.s, "the home directory does not begin with a slash");
	return users_uid(e->uid, &uid) && users_gid(e->gid, &gid) ? 0
								  : complain(e->name.s, "no such uid or gid");
}

/* Puts the new hash where the old one was; the rest of the line stays, whichever form it has. */
static void with_hash(struct str line, struct str hash, struct buf *ret)
{
	struct str rest = line, name, old;

	str_cut(&rest, ':', &name);
	str_cut(&rest, ':', &old);
	buf_str(ret, name);
	buf_c(ret, ':');
	buf_str(ret, hash);
	buf_c(ret, ':');
	buf_str(ret, rest);
	buf_c(ret, '\n');
}

/* The hash that the entry shall have: a new one if there is one, else made of the old one. */
static void hash_for(const struct request *q, const struct users_entry *old, struct str new, struct buf *ret)
{
	const struct str had = old ? old->hash : STR("*");

	if (new.n)
		buf_str(ret, new);
	else if (q->action == LOCK && !secret_locked(had))
		buf_printf(ret, "!%.*s", (int)had.n, had.s);
	else
		buf_str(ret, str_from(had, q->action == UNLOCK && secret_locked(had)));
}

/* The line for the request, in ret; nothing for a deletion. Returns the exit code. */
static int new_line(const struct request *q, struct str old_line, struct str new_hash, struct buf *ret)
{
	_cleanup_(buf_release) struct buf hash = { 0 };
	struct users_entry was = { 0 }, e = q->entry;
	const struct users_entry *old = old_line.n ? &was : NULL;
	const enum users_fault fault = old ? users_parse(old_line, &was) : USERS_OK;
	int r;

	if (fault != USERS_OK && q->given == 1 && q->action != DELETE)
		return complain(e.name.s, users_fault_text(fault));
	r = check_fields(q, old);
	if (r || q->action == DELETE)
		return r;
	hash_for(q, old, new_hash, &hash);
	e.hash = buf_view(&hash);
	if (q->given == 1)
		with_hash(old_line, e.hash, ret);
	else
		users_write(ret, &e);
	return 0;
}

/* Once there are entries for SCRAM the file has a secret, so that users who do not exist seem to have one, too. */
static void add_secret(struct str file, struct str hash, struct buf *line)
{
	char octets[SECRET];

	if (str_find(hash, '{') == hash.n || users_secret(file).n ||
	    getrandom(octets, sizeof octets, 0) != (ssize_t)sizeof octets)
		return;
	buf_z(line, USERS_SECRET);
	base64_encode(line, (struct str){ octets, sizeof octets });
	buf_c(line, '\n');
}

/* Replaces the line, with the new hash if there is one; or only looks whether it could. Returns the exit
 * code. */
static int change(const struct request *q, struct str hash, bool only_look)
{
	_cleanup_(usersfile_release) struct usersfile file = { .fd = -1 };
	_cleanup_(buf_release) struct buf line = { 0 };
	struct str old = { 0 };
	int r = usersfile_open(q->path, q->create, &file);

	if (r < 0)
		return complain(q->path, r == -EAGAIN ? "somebody else is changing it" : strerror(-r));
	users_find(buf_view(&file.text), q->entry.name, &old);
	r = new_line(q, old, hash, &line);
	if (r || only_look)
		return r;
	add_secret(buf_view(&file.text), hash, &line);
	r = usersfile_replace(&file, old, buf_view(&line));
	return r < 0 ? complain(q->path, strerror(-r)) : 0;
}

/* Nobody waits for a lock while a password is being typed. Returns the exit code. */
static int run(const struct request *q)
{
	_cleanup_(buf_release) struct buf hash = { 0 };
	int r;

	if (q->action != CHANGE || q->keep)
		return change(q, (struct str){ 0 }, false);
	r = change(q, (struct str){ 0 }, true);
	if (r == 0)
		r = ask_hash(q, &hash);
	return r ? r : change(q, buf_view(&hash), false);
}

/* Every entry on a line, with no hash. */
static int list(const char *path)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct str rest, line;
	struct users_entry e;
	int r = fd_slurp_at(AT_FDCWD, path, USERSFILE_MAX, &text);

	if (r < 0)
		return complain(path, strerror(-r));
	rest = buf_view(&text);
	while (str_cut(&rest, '\n', &line)) {
		const enum users_fault fault = users_parse(line, &e);

		if (fault == USERS_OK)
			printf("%.*s\t%.*s\t%.*s\t%.*s\t%s\n", (int)e.name.n, e.name.s, (int)e.uid.n, e.uid.s,
			       (int)e.gid.n, e.gid.s, (int)e.home.n, e.home.s,
			       secret_scram(e.hash)    ? "password, SCRAM"
			       : secret_usable(e.hash) ? "password"
			       : secret_locked(e.hash) ? "locked"
						       : "no password");
		else if (fault != USERS_COMMENT)
			fprintf(stderr, "imapd-passwd: %s: a line that is no entry: %s\n", path,
				users_fault_text(fault));
	}
	return fflush(stdout) == 0 ? 0 : complain("stdout", strerror(errno));
}

/* The words after the options. False if there are too few or too many. */
static bool words(int argc, char **argv, struct request *q)
{
	struct users_entry *e = &q->entry;
	struct str *const fields[] = { &e->name,    &e->uid,   &e->gid,	   &e->home,
				       &e->maildir, &e->quota, &e->options };

	if (argc < 1 || argc == 2 || argc == 3 || argc > (int)COUNT(fields) ||
	    (argc > 1 && q->action != CHANGE))
		return false;
	for (int i = 0; i < argc; i++)
		*fields[i] = str_z(argv[i]);
	q->given = argc;
	return true;
}

int main(int argc, char **argv)
{
	struct request q = { 0 };
	int c;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	while ((c = getopt(argc, argv, "f:cm:nDLUl")) >= 0) {
		switch (c) {
		case 'f':
			q.path = optarg;
			break;
		case 'c':
			q.create = true;
			break;
		case 'm':
			if (q.nmethods == METHODS_MAX)
				return usage();
			q.methods[q.nmethods++] = optarg;
			break;
		case 'n':
			q.keep = true;
			break;
		case 'D':
			q.action = DELETE;
			break;
		case 'L':
			q.action = LOCK;
			break;
		case 'U':
			q.action = UNLOCK;
			break;
		case 'l':
			q.action = LIST;
			break;
		default:
			return usage();
		}
	}
	if (!q.path) {
		q.path = DEFAULT_FILE;
		q.create |= argc - optind > 1;
	}
	if (q.action == LIST)
		return optind == argc ? list(q.path) : usage();
	return words(argc - optind, argv + optind, &q) ? run(&q) : usage();
}
