/* decoding.c: the content of a part without its transfer encoding (RFC 3516, RFC 5524) */
#include <string.h>
#include "decoding.h"

enum { PIECE = 64 * 1024 };

/* Begins at the beginning of the part. */
static void rewind_part(struct decoding *d, int fd, enum encoding encoding)
{
	decode_open(&d->decoder, fd, d->from, d->to, encoding);
	d->at = 0;
}

/* Reads up to n octets on, and counts them. */
static ssize_t read_on(struct decoding *d, void *p, size_t n)
{
	const ssize_t r = decode_read(&d->decoder, p, n);

	d->at += (uint64_t)MAX(r, 0);
	return r;
}

/* How large it is, and whether it has a NUL: reads all of it. */
static int measure(struct decoding *d, int fd, enum encoding encoding)
{
	char piece[PIECE];
	ssize_t n;

	rewind_part(d, fd, encoding);
	d->nul = false;
	d->lines = 0;
	while ((n = read_on(d, piece, sizeof piece)) > 0) {
		d->nul = d->nul || memchr(piece, 0, (size_t)n);
		for (ssize_t i = 0; i < n; i++)
			d->lines += piece[i] == '\n';
	}
	d->size = d->at;
	rewind_part(d, fd, encoding);
	return (int)n;
}

int decoding_prepare(struct session *s, struct fetching *f, off_t from, off_t to, enum encoding encoding)
{
	struct decoding *d = s->decoding;
	int r;

	if (d && d->uid == f->uid && d->from == from && d->to == to) {
		d->decoder.in.fd = f->fd;
		return 0;
	}
	if (!d)
		d = s->decoding = must_alloc(sizeof *d);
	d->uid = 0;
	d->from = from;
	d->to = to;
	r = measure(d, f->fd, encoding);
	if (r == 0)
		d->uid = f->uid;
	return r;
}

/* Puts it in at octet first. */
static int skip_to(struct decoding *d, int fd, enum encoding encoding, uint64_t first)
{
	char piece[PIECE];
	ssize_t n = 1;

	if (d->at > first)
		rewind_part(d, fd, encoding);
	while (d->at < first && n > 0)
		n = read_on(d, piece, (size_t)MIN(first - d->at, sizeof piece));
	return (int)MIN(n, 0);
}

static int stream(struct session *s, uint64_t octets)
{
	char piece[PIECE];

	while (octets && !s->conn.error) {
		const ssize_t n = read_on(s->decoding, piece, (size_t)MIN(octets, sizeof piece));

		if (n <= 0) {
			fetch_pad(s, octets);
			return n < 0 ? (int)n : -EIO;
		}
		conn_write(&s->conn, piece, (size_t)n);
		octets -= (uint64_t)n;
	}
	return 0;
}

int decoding_write(struct session *s, struct fetching *f, enum encoding encoding, const struct partial *partial)
{
	const uint64_t first = partial ? MIN(partial->first, s->decoding->size) : 0;
	const uint64_t left = s->decoding->size - first, count = partial ? MIN(partial->count, left) : left;
	const int r = count ? skip_to(s->decoding, f->fd, encoding, first) : 0;

	if (r < 0 || count == 0) {
		fetch_string(s, STR(""));
		return r;
	}
	if (s->decoding->nul)
		w_literal8(&s->out, count);
	else
		w_literal(&s->out, count);
	s->served.body += count;
	return stream(s, count);
}
