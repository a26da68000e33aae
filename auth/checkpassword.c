/* auth/checkpassword.c: the caller's side of a helper: descriptor 3, mechanisms, what is said back */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "auth/checkpassword.h"
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"

void credentials_release(struct credentials *c)
{
	if (c->room.s)
		wipe(c->room.s, c->room.size);
	buf_release(&c->room);
	c->user = c->password = (struct str){ 0 };
}

/* One field with its NUL. */
static bool field(struct str *rest, struct str *ret)
{
	if (str_find(*rest, '\0') == rest->n)
		return false;
	return str_cut(rest, '\0', ret);
}

/* Into memory that never moves, so that no second copy of the password stays behind. */
static int fill(int fd, struct credentials *c)
{
	const ssize_t n = fd_read_all(fd, buf_reserve(&c->room, CREDENTIALS_MAX + 1), CREDENTIALS_MAX + 1);

	if (n < 0)
		return n == -EBADF ? EXIT_MISUSED : EXIT_TEMPORARY;
	c->room.n = (size_t)n;
	if (n > CREDENTIALS_MAX)
		return EXIT_REFUSED;
	return 0;
}

static bool user_and_password(struct credentials *c)
{
	struct str rest = buf_view(&c->room);

	return field(&rest, &c->user) && field(&rest, &c->password) && c->user.n;
}

/* Nobody is named yet. */
static bool message(struct credentials *c)
{
	const struct str all = buf_view(&c->room);

	c->password = str_from(all, 1);
	return all.n && all.s[0] == '\0';
}

static int read_as(int fd, bool (*parse)(struct credentials *c), struct credentials *ret)
{
	struct credentials c = { 0 };
	int r = fill(fd, &c);

	close(fd);
	if (r == 0 && !parse(&c))
		r = EXIT_MISUSED;
	if (r)
		credentials_release(&c);
	else
		*ret = c;
	return r;
}

int credentials_read(int fd, struct credentials *ret)
{
	return read_as(fd, user_and_password, ret);
}

int credentials_read_message(int fd, struct credentials *ret)
{
	return read_as(fd, message, ret);
}

bool mechanism_asked(const char *can, enum mechanism *ret)
{
	const struct str asked = str_z(env_text("IMAPMECHANISM", "PLAIN"));
	struct str rest = str_z(can), name;

	while (str_cut(&rest, ' ', &name)) {
		if (!str_eq(name, asked))
			continue;
		*ret = str_eq(name, STR("EXTERNAL"))					  ? BY_CERTIFICATE
		       : str_eq(name, STR("PLAIN")) || str_eq(name, STR("LOGIN")) ? BY_PASSWORD
										  : BY_ROUNDS;
		return true;
	}
	log_line(LOG_ERR, "IMAPMECHANISM=%.*s: not a mechanism that this helper has",
		 (int)MIN(asked.n, (size_t)64), asked.s);
	return false;
}

bool mechanisms_told(int argc, char **argv, const char *can)
{
	return argc == 2 && strcmp(argv[1], "--mechanisms") == 0 && puts(can) >= 0;
}

void refused_because(const char *code, const char *text)
{
	struct status status;

	if (status_open(true, &status) == 0)
		status_no(&status, code, text);
}
