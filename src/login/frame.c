/* login/frame.c: what the monitor and its forked children say to each other (doc/CHAIN.md) */
#include <string.h>
#include <sys/socket.h>
#include "base/buf.h"
#include "login/frame.h"

static int put_fields(struct buf *b, const struct str *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_c(b, '\0');
		if (fields[i].n > FRAME_MAX - b->n)
			return -EMSGSIZE;
		if (i + 1 < n && str_find(fields[i], '\0') < fields[i].n)
			return -EINVAL;
		buf_str(b, fields[i]);
	}
	return b->n > FRAME_MAX ? -EMSGSIZE : 0;
}

int frame_send(int sock, enum frame_kind kind, const struct str *fields, size_t n)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	int r;

	buf_reserve(&b, FRAME_MAX + FRAME_FIELDS); /* once, so that growing leaves nothing behind */
	buf_c(&b, (char)kind);
	r = put_fields(&b, fields, n);
	while (r == 0 && send(sock, b.s, b.n, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			r = -errno;
	wipe(b.s, b.n);
	return r;
}

int frame_recv(int sock, struct frame *ret)
{
	ssize_t n;

	while ((n = recv(sock, ret->room, sizeof ret->room, MSG_TRUNC)) < 0)
		if (errno != EINTR)
			return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n > sizeof ret->room || ret->room[0] == 0 || !strchr("TRXSGPONCB", ret->room[0]))
		return -EBADMSG;
	ret->kind = (enum frame_kind)ret->room[0];
	ret->fields = (struct str){ ret->room + 1, (size_t)n - 1 };
	return 1;
}

void frame_wipe(struct frame *f)
{
	wipe(f->room, MIN(f->fields.n + 1, sizeof f->room));
	f->fields = (struct str){ 0 };
}

bool frame_fields(const struct frame *f, size_t n, struct str *ret)
{
	struct str rest = f->fields, found[FRAME_FIELDS] = { 0 };

	if (n == 0)
		return rest.n == 0;
	for (size_t i = 0; i + 1 < n; i++) {
		const size_t at = str_find(rest, '\0');

		if (at == rest.n)
			return false;
		found[i] = str_head(rest, at);
		rest = str_from(rest, at + 1);
	}
	found[n - 1] = rest;
	memcpy(ret, found, n * sizeof *ret);
	return true;
}
