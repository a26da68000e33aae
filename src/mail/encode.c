/* mail/encode.c: a message without binary parts (RFC 2045 6, RFC 3516 6) */
#include "base/base64.h"
#include "base/fd.h"
#include "mail/decode.h"
#include "mail/encode.h"
#include "mail/header.h"

enum { LINE = 57, PIECE = LINE * 300 };	/* octets of a line of base64, and of what is read at once */

struct encoder {
	int fd;
	off_t at;	/* stored octets up to here have been given */
	int (*put)(void *data, struct str octets);
	void *data;
};

/* Gives what comes before to, as it is. */
static int copy(struct encoder *e, off_t to)
{
	char piece[PIECE];

	while (e->at < to) {
		const ssize_t n = fd_pread_all(e->fd, piece, (size_t)MIN(to - e->at, (off_t)sizeof piece), e->at);
		int r;

		if (n <= 0)
			return (int)n;
		r = e->put(e->data, (struct str){ piece, (size_t)n });
		if (r)
			return r;
		e->at += n;
	}
	return 0;
}

/* Whether s is lines that end in CRLF; *cr: the octet before was a CR. */
static bool is_lines(struct str s, bool *cr)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] == 0 || (s.s[i] == '\n') != *cr)
			return false;
		*cr = s.s[i] == '\r';
	}
	return true;
}

/* 1 if the body can't be sent in lines, 0 if it can, or a negative errno. */
static int must_encode(int fd, const struct part *p)
{
	char piece[PIECE];
	bool cr = false;

	if (p->kind != PART_LEAF || !str_ieq(p->encoding, STR("binary")) || p->body - p->header > HEADER_MAX)
		return 0;
	for (off_t at = p->body; at < p->end;) {
		const ssize_t n = fd_pread_all(fd, piece, (size_t)MIN(p->end - at, (off_t)sizeof piece), at);

		if (n <= 0)
			return (int)n;
		if (!is_lines((struct str){ piece, (size_t)n }, &cr))
			return 1;
		at += n;
	}
	return cr;
}

/* The header section with another encoding in it. */
static int header(struct encoder *e, const struct part *p)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	bool said = false;
	struct field field;
	struct str rest;
	int r = header_read(e->fd, p->header, p->body, HEADER_MAX, &b);

	rest = buf_view(&b);
	while (r == 0 && header_next(&rest, &field)) {
		if (!str_ieq(field.name, STR("Content-Transfer-Encoding")))
			continue;
		r = copy(e, p->header + (field.line.s - b.s));
		if (r == 0 && !said)
			r = e->put(e->data, STR("Content-Transfer-Encoding: base64\r\n"));
		said = true;
		e->at += (off_t)field.line.n;
	}
	return r ? r : copy(e, p->body);
}

static int body(struct encoder *e, const struct part *p)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char piece[PIECE];
	int r = 0;

	while (r == 0 && e->at < p->end) {
		const ssize_t n = fd_pread_all(e->fd, piece, (size_t)MIN(p->end - e->at, (off_t)sizeof piece), e->at);
		struct str rest = { piece, (size_t)MAX(n, 0) };

		if (n <= 0)
			return (int)n;
		buf_clear(&b);
		for (; rest.n; rest = str_from(rest, LINE)) {
			if (e->at > p->body || b.n)
				buf_z(&b, "\r\n");
			base64_encode(&b, str_head(rest, LINE));
		}
		r = e->put(e->data, buf_view(&b));
		e->at += n;
	}
	return r;
}

/* The next part in the order of the file. What is encoded has no parts that could be read as they stand. */
static const struct part *next(const struct part *p)
{
	if (p->child && encoding_of(p->encoding) == ENCODING_NONE)
		return p->child;
	while (p && !p->next)
		p = p->parent;
	return p ? p->next : NULL;
}

int encode_binary(int fd, const struct part *root, int (*put)(void *data, struct str octets), void *data)
{
	struct encoder e = { .fd = fd, .put = put, .data = data };
	int r = 0;

	for (const struct part *p = root; p && r == 0; p = next(p)) {
		const int must = must_encode(fd, p);

		r = MIN(must, 0);
		if (must > 0)
			r = copy(&e, p->header);
		if (r == 0 && must > 0)
			r = header(&e, p);
		if (r == 0 && must > 0)
			r = body(&e, p);
	}
	return r ? r : copy(&e, root->end);
}
