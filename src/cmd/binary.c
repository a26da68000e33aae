/* cmd/binary.c: BINARY (RFC 3516): parts without their transfer encoding. What APPEND takes as literal8 is upload.c's */
#include "command.h"
#include "decoding.h"
#include "fetch.h"

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

static int write_binary(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	const struct partial *partial = item->partial.count ? &item->partial : NULL;
	enum encoding encoding;
	off_t from, to;
	int r;

	w_section(&s->out, "BINARY", &item->section, partial);
	if (!find(f, &item->section, &from, &to, &encoding)) {
		w_nil(&s->out);
		return 0;
	}
	r = decoding_prepare(s, f, from, to, encoding);
	if (r < 0) {
		fetch_string(s, STR(""));
		return r;
	}
	return decoding_write(s, f, encoding, partial);
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
	r = decoding_prepare(s, f, from, to, encoding);
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
