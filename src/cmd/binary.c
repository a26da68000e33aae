/* cmd/binary.c: BINARY (RFC 3516): parts without their transfer encoding. What APPEND takes as literal8 is upload.c's */
#include <string.h>
#include "command.h"
#include "fetch.h"
#include "mail/decode.h"

enum { PIECE = 64 * 1024 };

/* Where the last part was decoded to, since clients fetch large ones in pieces. Of one file only, so uid and place say which. */
struct decoding {
	uint32_t uid;
	off_t from, to;
	uint64_t size, at;	/* octets decoded: in all, and given by decoder so far */
	bool nul;		/* one of them is NUL */
	struct decoder decoder;
};

/* "[" [section-part] "]" */
static bool parse_size(struct cursor *c, struct fetch_item *item)
{
	return p_section_binary(c, &item->section);
}

/* The same, and ["<" number "." nz-number ">"] */
static bool parse_binary(struct cursor *c, struct fetch_item *item)
{
	item->partial = (struct partial){ 0 };
	if (!p_section_binary(c, &item->section))
		return false;
	return c->rest.n == 0 || c->rest.s[0] != '<' || p_partial(c, &item->partial);
}

static bool parse_peek(struct cursor *c, struct fetch_item *item)
{
	item->peek = true;
	return parse_binary(c, item);
}

/* The octets that a section is made of, and how; false: there is no such part. The whole message is as it is. */
static bool find(const struct fetching *f, const struct section *section, off_t *ret_from, off_t *ret_to,
		 enum encoding *ret_encoding)
{
	const struct part *part;

	*ret_from = 0;
	*ret_to = f->file_size;
	*ret_encoding = ENCODING_NONE;
	if (!section->parts)
		return true;
	part = mime_find(f->parts, section->part, section->parts);
	if (!part)
		return false;
	*ret_from = part->body;
	*ret_to = part->end;
	*ret_encoding = encoding_of(part->encoding);
	return true;
}

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
	while ((n = read_on(d, piece, sizeof piece)) > 0)
		d->nul = d->nul || memchr(piece, 0, (size_t)n);
	d->size = d->at;
	rewind_part(d, fd, encoding);
	return (int)n;
}

/* s->decoding for this part, measured. */
static int prepare(struct session *s, struct fetching *f, off_t from, off_t to, enum encoding encoding)
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

static int write_binary(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	const struct partial *partial = item->partial.count ? &item->partial : NULL;
	enum encoding encoding;
	uint64_t first, count;
	off_t from, to;
	int r;

	w_section(&s->out, "BINARY", &item->section, partial);
	if (!find(f, &item->section, &from, &to, &encoding)) {
		w_nil(&s->out);
		return 0;
	}
	r = prepare(s, f, from, to, encoding);
	first = r == 0 && partial ? MIN(partial->first, s->decoding->size) : 0;
	count = r == 0 ? s->decoding->size - first : 0;
	if (partial)
		count = MIN(partial->count, count);
	if (r == 0 && count)
		r = skip_to(s->decoding, f->fd, encoding, first);
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

static int write_size(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	enum encoding encoding;
	off_t from, to;
	int r = 0;

	w_section(&s->out, "BINARY.SIZE", &item->section, NULL);
	if (!find(f, &item->section, &from, &to, &encoding)) {
		w_number(&s->out, 0);
		return 0;
	}
	r = prepare(s, f, from, to, encoding);
	w_number(&s->out, r == 0 ? s->decoding->size : 0);
	return r;
}

static const struct fetch_row items[] = {
	{ "BINARY[",	  NEEDS_FILE | NEEDS_DECODING | SETS_SEEN, parse_binary, write_binary },
	{ "BINARY.PEEK[", NEEDS_FILE | NEEDS_DECODING,		  parse_peek,   write_binary },
	{ "BINARY.SIZE[", NEEDS_FILE | NEEDS_DECODING,		  parse_size,   write_size   },
	{ 0 },
};
const struct extension ext_binary = { .rfc = 3516, .capability = "BINARY", .fetch = items };
