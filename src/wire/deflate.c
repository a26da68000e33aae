/* wire/deflate.c: a connection that is compressed (RFC 4978); the only zlib.h */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "wire/deflate.h"

enum {
	WINDOW = 15,	   /* bits: the client's may be that large */
	OUR_WINDOW = 14,   /* of what we send, and */
	OUR_MEMORY = 7,	   /* its hash: 128 KiB in all; twice of it would save 5 % of text and nothing of base64 */
	LEVEL = 4,	   /* twice as fast as the usual 6 on text, for 5 % more octets */
	PIECE = 16384,
	EMPTY_PIECES = 64, /* read in a row that hold nothing: then somebody else may have a turn */
};

struct deflated {
	struct layer layer; /* the first member */
	z_stream in, out;
	bool ended;	      /* the client's stream is over, or broken */
	unsigned char last[4]; /* octets of it that were looked at */
	int waited;	      /* pieces read to find its end */
	size_t out_at, out_n; /* of to_send: not written yet */
	unsigned char received[PIECE], to_send[PIECE];
};

/* Goes on to the end of a block, or as far as there is input or room. False at the end of the stream. What follows a
 * block may be no part of the stream (deflate_rest()), so it is left alone until somebody asks for more.
 */
static bool inflate_block(struct deflated *d)
{
	const unsigned char *from = d->in.next_in;
	const int r = inflate(&d->in, Z_BLOCK);
	const size_t n = from ? MIN((size_t)(d->in.next_in - from), sizeof d->last) : 0;

	if (n) {
		memmove(d->last, d->last + n, sizeof d->last - n);
		memcpy(d->last + sizeof d->last - n, d->in.next_in - n, n);
	}
	return r == Z_OK || r == Z_BUF_ERROR;
}

/* More of the stream, for which there is room when all of it was looked at. Returns as read() does. */
static ssize_t more(struct deflated *d)
{
	struct layer *below = d->layer.below;
	const ssize_t r = below->read(below, d->received, sizeof d->received);

	if (r > 0) {
		d->in.next_in = d->received;
		d->in.avail_in = (uInt)r;
	}
	return r;
}

static ssize_t deflate_read(struct layer *l, void *p, size_t n)
{
	struct deflated *d = (struct deflated *)l;
	const uInt room = (uInt)MIN(n, (size_t)PIECE);

	for (int pieces = 0; !d->ended; pieces++) {
		ssize_t r;

		d->in.next_out = p;
		d->in.avail_out = room;
		do
			d->ended = !inflate_block(d);
		while (!d->ended && d->in.avail_out == room && d->in.avail_in);
		if (d->in.avail_out < room)
			return (ssize_t)(room - d->in.avail_out);
		if (d->ended)
			break;
		r = pieces < EMPTY_PIECES ? more(d) : -EAGAIN;
		if (r <= 0)
			return r;
	}
	return 0;
}

/* The client ends its stream with a flush, which is an empty block of 00 00 FF FF at the end of an octet (RFC 1951 3.2.4),
 * or with its last block. What it says before that comes inflated: it should be nothing.
 */
static int deflate_rest(struct layer *l, struct buf *ret)
{
	static const unsigned char flushed[4] = { 0, 0, 0xff, 0xff };
	struct deflated *d = (struct deflated *)l;

	while (!d->ended) {
		unsigned char room[1024];
		ssize_t r;

		d->in.next_out = room;
		d->in.avail_out = sizeof room;
		d->ended = !inflate_block(d);
		buf_add(ret, room, sizeof room - d->in.avail_out);
		if (ret->n > PIECE)
			return 0;
		if (d->in.avail_out == sizeof room && d->in.data_type & 128 && !(d->in.data_type & 7) &&
		    memcmp(d->last, flushed, sizeof flushed) == 0)
			break;
		r = d->ended || d->in.avail_in ? 1 : d->waited++ < EMPTY_PIECES ? more(d) : 0;
		if (r <= 0)
			return r == -EAGAIN ? -EAGAIN : 0;
	}
	buf_add(ret, d->in.next_in, d->in.avail_in);
	d->in.avail_in = 0;
	d->ended = true;
	return 0;
}

/* Gives the layer below what it takes. Returns 0 when all of it is gone. */
static int drain(struct deflated *d, bool more)
{
	struct layer *below = d->layer.below;

	while (d->out_at < d->out_n) {
		const ssize_t r = below->write(below, d->to_send + d->out_at, d->out_n - d->out_at, more);

		if (r < 0)
			return (int)r;
		d->out_at += (size_t)r;
	}
	return 0;
}

/* One turn of the compressor, into a buffer that is empty. Returns how many octets of p it took. */
static size_t compress_some(struct deflated *d, const void *p, size_t n, int flush)
{
	const uInt most = (uInt)MIN(n, (size_t)1 << 30);

	d->out.next_in = (z_const Bytef *)(uintptr_t)p;
	d->out.avail_in = most;
	d->out.next_out = d->to_send;
	d->out.avail_out = sizeof d->to_send;
	deflate(&d->out, flush);
	d->out_at = 0;
	d->out_n = sizeof d->to_send - d->out.avail_out;
	return most - d->out.avail_in;
}

/* What is kept back goes when the caller has no more (n is 0): then the client can read all that was written. */
static ssize_t deflate_write(struct layer *l, const void *p, size_t n, bool more)
{
	struct deflated *d = (struct deflated *)l;
	size_t taken = 0;

	for (;;) {
		const int r = drain(d, more);

		if (r < 0)
			return taken ? (ssize_t)taken : r;
		if (taken < n)
			taken += compress_some(d, (const char *)p + taken, n - taken, Z_NO_FLUSH);
		else if (n == 0 && !more)
			compress_some(d, "", 0, Z_SYNC_FLUSH);
		if (d->out_at == d->out_n && taken == n)
			return (ssize_t)n;
	}
}

static void deflate_close(struct layer *l)
{
	struct deflated *d = (struct deflated *)l;

	inflateEnd(&d->in);
	deflateEnd(&d->out);
	free(d);
}

void conn_deflate(struct conn *c)
{
	struct deflated *d = must_alloc(sizeof *d);

	*d = (struct deflated){
		.layer = { .read = deflate_read, .write = deflate_write, .rest = deflate_rest, .close = deflate_close },
	};
	if (inflateInit2(&d->in, -WINDOW) != Z_OK ||
	    deflateInit2(&d->out, LEVEL, Z_DEFLATED, -OUR_WINDOW, OUR_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		out_of_memory();
	conn_push(c, &d->layer);
}

bool conn_deflated(const struct conn *c)
{
	return c->top->read == deflate_read;
}
