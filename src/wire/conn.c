/* wire/conn.c: the connection to one client: buffers, deadlines, counters, layers */
#define _GNU_SOURCE
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"
#include "wire/conn.h"

enum {
	READ_SIZE = 16384, /* octets asked for at a time */
	LARGE = 65536,	   /* what is no longer gathered, but sent */
	IDLE_MS = 30 * 60 * 1000,
	PROGRESS_MS = 60 * 1000,
};

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Whether a descriptor that may block would not, for events. */
static bool ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

static ssize_t plain_read(struct layer *l, void *p, size_t n)
{
	struct plain *plain = (struct plain *)l;
	struct conn *c = plain->conn;
	const size_t early = MIN(n, plain->early.n - plain->early_at);
	ssize_t r;

	if (early) {
		memcpy(p, plain->early.s + plain->early_at, early);
		plain->early_at += early;
		return (ssize_t)early;
	}
	if (!c->socket_in && !ready(c->fd_in, POLLIN))
		return -EAGAIN;
	r = c->socket_in ? recv(c->fd_in, p, n, MSG_DONTWAIT) : read(c->fd_in, p, n);
	if (r < 0)
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	c->rcvd += (uint64_t)r;
	return r;
}

/* A pipe that is ready takes PIPE_BUF octets without blocking, and so many only. */
static ssize_t plain_write(struct layer *l, const void *p, size_t n, bool more)
{
	struct conn *c = ((struct plain *)l)->conn;
	ssize_t r;

	(void)more; /* there is too much of it to make up for waiting */
	if (n == 0)
		return 0;
	if (!c->socket_out && !ready(c->fd_out, POLLOUT))
		return -EAGAIN;
	if (c->socket_out)
		r = send(c->fd_out, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		r = write(c->fd_out, p, MIN(n, (size_t)4096));
	if (r < 0)
		return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	c->sent += (uint64_t)r;
	return r;
}

static int plain_rest(struct layer *l, struct buf *ret)
{
	struct plain *plain = (struct plain *)l;

	buf_str(ret, str_from(buf_view(&plain->early), plain->early_at));
	plain->early_at = plain->early.n;
	return 0;
}

void conn_open(struct conn *c, int fd_in, int fd_out)
{
	*c = (struct conn){ .fd_in = fd_in,
			    .fd_out = fd_out,
			    .idle_ms = IDLE_MS,
			    .literal_ms = PROGRESS_MS,
			    .write_ms = PROGRESS_MS,
			    .debug_fd = -1,
			    .socket_in = is_socket(fd_in),
			    .socket_out = is_socket(fd_out) };
	c->plain = (struct plain){
		.layer = {.read = plain_read, .write = plain_write, .rest = plain_rest},
		       .conn = c
	};
	c->top = &c->plain.layer;
	wait_open(&c->wait, fd_in, fd_out);
	signal(SIGPIPE, SIG_IGN);
}

void conn_close(struct conn *c)
{
	for (struct layer *l = c->top, *below; l; l = below) {
		below = l->below;
		if (l->close)
			l->close(l);
	}
	wait_close(&c->wait);
	buf_release(&c->out);
	buf_release(&c->in);
	buf_release(&c->plain.early);
}

void conn_push(struct conn *c, struct layer *l)
{
	const struct str unread = conn_buffered(c);

	assert(c->top == &c->plain.layer); /* it alone can give octets back */
	conn_flush(c);
	buf_str(&c->plain.early, unread);
	conn_consume(c, unread.n);
	l->below = c->top;
	c->top = l;
}

void conn_put_back(struct conn *c, struct str octets)
{
	buf_str(&c->plain.early, octets);
}

void conn_rest(struct conn *c, struct buf *ret)
{
	buf_str(ret, conn_buffered(c));
	conn_consume(c, conn_buffered(c).n);
	for (struct layer *l = c->top; l; l = l->below)
		while (l->rest && l->rest(l, ret) == -EAGAIN)
			if (wait_for(&c->wait, WAIT_CLIENT_IN, c->literal_ms) <= 0)
				return;
}

/* Sends n octets, or makes the connection's error sticky. Without more what a layer has kept back is pushed out, too. */
static int send_all(struct conn *c, const char *p, size_t n, bool more)
{
	c->held = more;
	c->written += n;
	while (!c->error) {
		const ssize_t w = c->top->write(c->top, p, n, more);
		int r;

		if (w >= 0) {
			p += w;
			n -= (size_t)w;
			if (n == 0 && (more || w == 0))
				break;
			continue;
		}
		r = w == -EAGAIN ? wait_for(&c->wait, WAIT_CLIENT_OUT, c->write_ms) : (int)w;
		if (r <= 0)
			c->error = r ? r : -ETIMEDOUT;
	}
	return c->error;
}

static int flush(struct conn *c, bool more)
{
	if (c->out.n && !c->error)
		conn_debug(c, "WRITE: ", buf_view(&c->out));
	if (c->out.n || (c->held && !more))
		send_all(c, c->out.n ? c->out.s : "", c->out.n, more);
	buf_clear(&c->out);
	if (c->out.size > 4 * LARGE)
		buf_release(&c->out);
	return c->error;
}

int conn_flush(struct conn *c)
{
	conn_mark(c);
	return flush(c, false);
}

void conn_mark(struct conn *c)
{
	c->whole = c->written + c->out.n;
}

bool conn_take_back(struct conn *c)
{
	if (c->error || c->whole < c->written)
		return false;
	c->out.n = (size_t)(c->whole - c->written);
	return true;
}

int conn_flush_some(struct conn *c, size_t limit)
{
	return c->out.n > limit ? flush(c, true) : c->error;
}

int conn_flush_lines(struct conn *c, size_t limit)
{
	if (c->out.n > limit)
		conn_mark(c);
	return conn_flush_some(c, limit);
}

void conn_write(struct conn *c, const void *p, size_t n)
{
	if (c->error)
		return;
	if (n < LARGE) {
		buf_add(&c->out, p, n);
		conn_flush_some(c, LARGE);
		return;
	}
	flush(c, true);
	conn_debug(c, "WRITE: ", (struct str){ p, n });
	send_all(c, p, n, true);
}

struct str conn_buffered(const struct conn *c)
{
	return str_from(buf_view(&c->in), c->in_at);
}

void conn_consume(struct conn *c, size_t n)
{
	c->in_at += n;
	if (c->in_at == c->in.n)
		c->in.n = c->in_at = 0;
}

/* As a layer's read(); the end stays the end. */
static ssize_t read_now(struct conn *c, void *p, size_t n)
{
	const ssize_t r = c->ended ? 0 : c->top->read(c->top, p, n);

	c->ended = r == 0;
	return r;
}

/* The same, but waits for something to read. */
static ssize_t read_wait(struct conn *c, void *p, size_t n, int timeout_ms)
{
	for (;;) {
		const ssize_t n_read = read_now(c, p, n);
		int r;

		if (n_read != -EAGAIN)
			return n_read;
		if (conn_flush(c) < 0)
			return c->error;
		r = wait_for(&c->wait, WAIT_CLIENT_IN | WAIT_STOP, timeout_ms);
		if (r <= 0)
			return r ? r : -ETIMEDOUT;
		if (r & WAIT_STOP)
			return -EINTR;
	}
}

bool conn_has_input(struct conn *c)
{
	ssize_t r;

	if (conn_buffered(c).n)
		return true;
	r = read_now(c, buf_reserve(&c->in, READ_SIZE), READ_SIZE);
	if (r > 0)
		c->in.n = (size_t)r;
	return r != -EAGAIN;
}

void conn_linger(struct conn *c)
{
	enum { LINGER_MS = 2000, LINGER_OCTETS = 1 << 20 };
	char drop[4096];
	size_t n = 0;

	if (conn_flush(c) < 0 || !c->socket_out)
		return;
	shutdown(c->fd_out, SHUT_WR);
	while (n < LINGER_OCTETS) {
		const ssize_t r = conn_read(c, drop, sizeof drop, LINGER_MS);

		if (r <= 0)
			return;
		n += (size_t)r;
	}
}

int conn_wait(struct conn *c, unsigned what, int timeout_ms)
{
	const bool input = what & WAIT_CLIENT_IN && conn_has_input(c);
	int r;

	if (conn_flush(c) < 0)
		return c->error;
	r = wait_for(&c->wait, input ? what & ~(unsigned)WAIT_CLIENT_IN : what, input ? 0 : timeout_ms);
	return r < 0 || !input ? r : r | WAIT_CLIENT_IN;
}

int conn_fill(struct conn *c, int timeout_ms)
{
	ssize_t r;

	if (conn_buffered(c).n)
		return 1;
	r = read_wait(c, buf_reserve(&c->in, READ_SIZE), READ_SIZE, timeout_ms);
	if (r > 0)
		c->in.n = (size_t)r;
	return r > 0 ? 1 : (int)r;
}

ssize_t conn_read(struct conn *c, void *p, size_t n, int timeout_ms)
{
	struct str s;
	int r;

	if (conn_buffered(c).n == 0 && n >= READ_SIZE)
		return read_wait(c, p, n, timeout_ms);
	r = conn_fill(c, timeout_ms);
	if (r <= 0)
		return r;
	s = str_head(conn_buffered(c), n);
	memcpy(p, s.s, s.n);
	conn_consume(c, s.n);
	return (ssize_t)s.n;
}

void conn_debug(struct conn *c, const char *heading, struct str text)
{
	if (c->debug_fd < 0)
		return;
	fd_write_all(c->debug_fd, heading, strlen(heading));
	fd_write_all(c->debug_fd, text.s, text.n);
	if (!str_ends(text, STR("\n")))
		fd_write_all(c->debug_fd, "\n", 1);
}
