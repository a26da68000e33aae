/* auth/checkpassword.c: the caller's side of a helper: descriptor 3, mechanisms, what is said back */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "auth/checkpassword.h"
#include "base/env.h"
#include "base/fd.h"
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
	struct str rest;

	if (n < 0)
		return n == -EBADF ? EXIT_MISUSED : EXIT_TEMPORARY;
	c->room.n = (size_t)n;
	if (n > CREDENTIALS_MAX)
		return EXIT_REFUSED;
	rest = buf_view(&c->room);
	return field(&rest, &c->user) && field(&rest, &c->password) && c->user.n ? 0 : EXIT_MISUSED;
}

int credentials_read(int fd, struct credentials *ret)
{
	struct credentials c = { 0 };
	const int r = fill(fd, &c);

	close(fd);
	if (r)
		credentials_release(&c);
	else
		*ret = c;
	return r;
}

bool mechanism_asked(enum mechanism *ret)
{
	static const char *const words[] = { "PLAIN", "LOGIN", "EXTERNAL", NULL };
	size_t i;

	if (!env_choice("IMAPMECHANISM", words, 0, &i))
		return false;
	*ret = i == 2 ? BY_CERTIFICATE : BY_PASSWORD;
	return true;
}

bool mechanisms_told(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "--mechanisms") == 0 && puts("PLAIN LOGIN EXTERNAL") >= 0;
}

void refused_because(const char *code, const char *text)
{
	struct status status;

	if (status_open(true, &status) == 0)
		status_no(&status, code, text);
}
