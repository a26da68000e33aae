/* login/lines.c: a client's lines, and not an octet more than them */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "login/lines.h"

enum { PEEK = 4096, LONGEST = 65536 }; /* octets of a line that are thrown away before we take it for none */

void lines_init(struct lines *l, int fd, int monitor)
{
	int type;
	socklen_t n = sizeof type;

	*l = (struct lines){ .fd = fd, .early = -1, .monitor = monitor };
	l->socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0;
}

static enum lines_result wait_for_client(const struct lines *l)
{
	struct pollfd p[] = {
		{l->early >= 0 ? l->early : l->fd,	 POLLIN, 0},
		      { l->monitor, POLLIN, 0}
	};

	while (poll(p, COUNT(p), -1) < 0)
		if (errno != EINTR)
			return LINES_END;
	return p[1].revents ? LINES_MONITOR : LINES_OK;
}

static bool worth_another_try(ssize_t n)
{
	return n < 0 && (errno == EINTR || errno == EAGAIN);
}

/* The pipe's end is not the client's: there he goes on. */
static ssize_t take_early(struct lines *l, char *p, size_t n)
{
	const ssize_t r = read(l->early, p, n);

	if (r)
		return r;
	l->early = -1;
	errno = EAGAIN;
	return -1;
}

/* Takes up to n octets that have come, only up to the first LF if line is set. Returns how many; 0 at the
 * end. */
static ssize_t take(struct lines *l, char *p, size_t n, bool line)
{
	const char *lf;
	ssize_t r;

	if (l->early >= 0)
		r = take_early(l, p, line ? 1 : n);
	else if (!l->socket)
		r = read(l->fd, p, line ? 1 : n);
	else if (!line)
		r = recv(l->fd, p, n, 0);
	else if ((r = recv(l->fd, p, n, MSG_PEEK)) > 0) {
		lf = memchr(p, '\n', (size_t)r);
		r = recv(l->fd, p, lf ? (size_t)(lf - p) + 1 : (size_t)r, 0);
	}
	if (r > 0)
		l->rcvd += (size_t)r;
	return r;
}

/* Some octets, when they come. *ret_n is never 0 with LINES_OK. */
static enum lines_result some(struct lines *l, char *p, size_t size, bool line, size_t *ret_n)
{
	for (;;) {
		const enum lines_result r = wait_for_client(l);
		ssize_t n;

		if (r != LINES_OK)
			return r;
		n = take(l, p, size, line);
		if (n > 0) {
			*ret_n = (size_t)n;
			return LINES_OK;
		}
		if (!worth_another_try(n))
			return LINES_END;
	}
}

static void drop_line_end(struct buf *b, size_t start)
{
	if (b->n > start && b->s[b->n - 1] == '\n')
		b->n--;
	if (b->n > start && b->s[b->n - 1] == '\r')
		b->n--;
}

enum lines_result lines_line(struct lines *l, size_t max, struct buf *ret)
{
	const size_t start = ret->n;
	char piece[PEEK];
	size_t all = 0, n;
	bool whole = false;
	enum lines_result r = LINES_OK;

	while (r == LINES_OK && !whole && all < LONGEST) {
		r = some(l, piece, sizeof piece, true, &n);
		if (r != LINES_OK)
			break;
		all += n;
		whole = piece[n - 1] == '\n';
		if (ret->n - start + n <= max + 2)
			buf_add(ret, piece, n);
	}
	wipe(piece, sizeof piece);
	if (r != LINES_OK || !whole)
		return r != LINES_OK ? r : LINES_END;
	if (all > max + 2)
		return LINES_LONG;
	drop_line_end(ret, start);
	return ret->n - start > max ? LINES_LONG : LINES_OK;
}

enum lines_result lines_octets(struct lines *l, uint64_t left, struct buf *ret)
{
	enum lines_result r = LINES_OK;
	char piece[PEEK];

	while (left && r == LINES_OK) {
		size_t n = 0;

		r = some(l, piece, MIN(left, sizeof piece), false, &n);
		if (ret)
			buf_add(ret, piece, n);
		left -= n;
	}
	wipe(piece, sizeof piece);
	return r;
}
