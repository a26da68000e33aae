/* t/fuzz_frame.c: any octets from a client: packets make no difference, memory is bounded, the stream stays
 * in step
 *
 * The connection's lowest layer is memory, which hands out the input all at once, and then once more octet by
 * octet.
 */
#include <stdlib.h>
#include <string.h>
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	struct layer layer;
	struct str in;
	size_t piece;
	uint64_t out; /* octets written */
};

static ssize_t memory_read(struct layer *l, void *p, size_t n)
{
	struct memory *m = (struct memory *)l;
	const struct str s = str_head(m->in, MIN(n, m->piece));

	memcpy(p, s.n ? s.s : "", s.n);
	m->in = str_from(m->in, s.n);
	return (ssize_t)s.n;
}

static ssize_t memory_write(struct layer *l, const void *p, size_t n, bool more)
{
	(void)p, (void)more;
	((struct memory *)l)->out += n;
	return (ssize_t)n;
}

/* What a session would do with a literal, picked by what its command looks like, so that it is the same each
 * time. */
static enum frame_status take_literal(struct frame *f, struct buf *seen)
{
	enum frame_status status;
	char octets[7];
	ssize_t n;

	switch (f->text.s[0] & 3) {
	case 0:
		return frame_refuse(f) == FRAME_COMPLETE ? FRAME_TOO_LONG : f->over;
	case 1:
		frame_accept(f);
		while ((n = frame_octets(f, octets, sizeof octets)) > 0)
			buf_add(seen, octets, (size_t)n);
		return f->over;
	case 2:
		frame_accept(f);
		if (frame_octets(f, octets, 1) >= 0)
			status = frame_refuse(f);
		return f->over ? f->over : FRAME_TOO_LONG;
	}
	status = frame_literal(f);
	if (status != FRAME_TOO_LONG)
		return status;
	status = frame_refuse(f);
	return status ? status : FRAME_TOO_LONG;
}

/* Notes in seen all that a session sees, until the client is gone. */
static void serve(struct frame *f, struct buf *seen)
{
	enum frame_status status = FRAME_COMPLETE;

	while (status == FRAME_COMPLETE || status == FRAME_TOO_LONG) {
		frame_begin(f);
		while ((status = frame_line(f)) == FRAME_LITERAL &&
		       (status = take_literal(f, seen)) == FRAME_COMPLETE)
			;
		if (f->text.n > f->max_line + f->max_literals + f->literals + 2 ||
		    f->literal_sum > f->max_literals)
			abort();
		buf_printf(seen, "\n%d ", (int)status);
		if (status <= FRAME_TOO_LONG) {
			buf_c(seen, f->nul ? '0' : '1');
			buf_str(seen, buf_view(&f->text));
		}
	}
}

static uint64_t run(struct str in, size_t piece, struct buf *seen)
{
	struct memory m = {
		.layer = {.read = memory_read, .write = memory_write},
			 .in = in, .piece = piece
	};
	struct conn conn;
	struct frame f;

	conn_open(&conn, -1, -1);
	conn.top = &m.layer;
	frame_init(&f, &conn);
	f.max_line = 200;
	f.max_literal = 100;
	f.max_literals = 150;
	f.max_drop = 500;
	serve(&f, seen);
	conn_flush(&conn);
	frame_release(&f);
	conn_close(&conn);
	return m.out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_release) struct buf whole = { 0 }, pieces = { 0 };
	const struct str in = { (const char *)data, size };

	if (run(in, SIZE_MAX, &whole) != run(in, 1, &pieces))
		abort();
	if (!str_eq(buf_view(&whole), buf_view(&pieces)))
		abort();
	return 0;
}
