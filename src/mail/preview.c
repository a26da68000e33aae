/* mail/preview.c: the first words of a message (RFC 8970) */
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/glimpse.h"
#include "mail/preview.h"

enum {
	PLAIN = 32 * 1024,  /* octets of plain text to look at, and */
	HTML = 256 * 1024,  /* of HTML, which may begin with a long style */
	PARTS = 8,	    /* parts to try */
	SEEN = 10000,	    /* and to pass over */
};

static bool is_html(const struct part *part)
{
	return part_is(part, "text", "html");
}

static bool is_shown(const struct part *part)
{
	return part->kind == PART_LEAF && !str_ieq(part->disposition, STR("attachment")) &&
	       (is_html(part) || part_is(part, "text", "plain"));
}

/* The beginning of a part's text, as UTF-8. */
static int read_text(int fd, const struct part *part, struct buf *ret)
{
	const struct param *charset = param_find(&part->params, STR("charset"));
	const size_t most = is_html(part) ? HTML : PLAIN;
	_cleanup_(charset_close) struct charset to_utf8;
	struct decoder d;
	char piece[8192];
	ssize_t n = 0;

	decode_open(&d, fd, part->body, part->end, encoding_of(part->encoding));
	charset_open(&to_utf8, charset ? charset->value : STR(""));
	while (ret->n < most && (n = decode_read(&d, piece, sizeof piece)) > 0)
		charset_add(&to_utf8, (struct str){ piece, (size_t)n }, ret);
	if (n == 0)
		charset_end(&to_utf8, ret);
	return (int)MIN(n, 0);
}

static int glimpse(int fd, const struct part *part, struct buf *ret)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	const size_t before = ret->n;
	const int r = read_text(fd, part, &text);

	for (int all = 0; r == 0 && all < 2 && ret->n == before; all++) {
		struct glimpse g;

		glimpse_init(&g, ret);
		if (is_html(part))
			glimpse_html(&g, buf_view(&text), all);
		else
			glimpse_plain(&g, buf_view(&text), all);
		glimpse_end(&g);
	}
	return r;
}

/* The next part in the order of the file; one that is encoded has none that could be read as they stand. */
static const struct part *next(const struct part *part)
{
	if (part->child && encoding_of(part->encoding) == ENCODING_NONE)
		return part->child;
	while (part && !part->next)
		part = part->parent;
	return part ? part->next : NULL;
}

int preview(int fd, const struct part *root, struct buf *ret)
{
	const size_t before = ret->n;
	int r = 0, tried = 0, seen = 0;

	for (const struct part *p = root; p && r == 0 && ret->n == before && tried < PARTS && seen < SEEN; p = next(p), seen++) {
		if (!is_shown(p))
			continue;
		tried++;
		r = glimpse(fd, p, ret);
	}
	return r;
}
