/* mail/mime.c: the parts of a message, as places in its file (RFC 2045, RFC 2046) */
#include <limits.h>
#include <string.h>
#include "base/fd.h"
#include "mail/content.h"
#include "mail/sent.h"

enum {
	BOUNDARY_MAX = 512, /* RFC 2046 5.1.1 allows 70 */
	KEPT_MAX = 65536,   /* octets of Content- fields in one header */
	BLOCK = 65536,	    /* octets read at once */
};

const struct mime_limits mime_limits = { .depth = 64, .parts = 10000, .header = 4 << 20 };

struct node {
	struct part part;	/* while it is read, its sizes are where it and its body begin in the whole message */
	size_t depth;
	struct node *last;	/* child */
	struct str boundary;	/* of a multipart that is open */
};

/* How far we are, and how far before the line end that comes last. */
struct place {
	off_t at;
	uint64_t sent, lines;
};

struct parser {
	int fd;
	struct arena *arena;
	const struct mime_limits *limits;
	size_t parts, header; /* how many there are, and octets of header kept */

	char *block; /* BLOCK octets to read into */
	const char *buf;
	size_t i, n; /* of buf: the next octet, and how many there are */
	off_t read;  /* where in the file buf ends */
	bool eof;

	struct place here, before; /* before: without the line end that comes just before here */
	struct node *node;	   /* the innermost that is open */
	bool in_header;		   /* its, or else its body */
	bool line_start;	   /* here is the beginning of a line */
	bool cr;		   /* the octet before is a CR */
	struct node *opening;	   /* its delimiter is being read: a part begins on the next line */
	bool keeping;		   /* the field that is being read */
	struct buf kept;	   /* the fields of this header that describe the part */
	struct node **open;	   /* multiparts that have a boundary, outermost first */
	size_t nopen;
};

/* Makes sure that buf has a whole line, or more of it than any delimiter has. Returns 0 or a negative errno.
 */
static int fill(struct parser *p)
{
	const size_t left = p->n - p->i;
	ssize_t r;

	if (p->eof || left > BOUNDARY_MAX + 8 || (left && memchr(p->buf + p->i, '\n', left)))
		return 0;
	memmove(p->block, p->buf + p->i, left);
	r = fd_pread_all(p->fd, p->block + left, BLOCK - left, p->read);
	if (r < 0)
		return (int)r;
	p->read += r;
	p->eof = (size_t)r < BLOCK - left;
	p->i = 0;
	p->n = left + (size_t)r;
	return 0;
}

/* ---- parts ---- */

static struct node *part_begin(struct parser *p, struct node *parent)
{
	struct node *node = arena_alloc(p->arena, sizeof *node);

	node->depth = parent ? parent->depth + 1 : 1;
	node->part.header = p->here.at;
	node->part.header_size = p->here.sent;
	node->part.header_lines = p->here.lines;
	if (parent) {
		node->part.parent = &parent->part;
		*(parent->last ? &parent->last->part.next : &parent->part.child) = &node->part;
		parent->last = node;
	}
	p->parts++;
	p->node = node;
	p->in_header = true;
	p->keeping = false;
	buf_clear(&p->kept);
	return node;
}

static bool in_digest(const struct node *node)
{
	return node->part.parent && part_is(node->part.parent, "multipart", "digest");
}

/* What describes the part, from its header; the octets of it that are kept count against the limit. */
static void describe(struct parser *p, struct node *node)
{
	const struct str kept = buf_view(&p->kept);

	p->header += kept.n;
	content_parse(p->arena, arena_str(p->arena, kept), in_digest(node), &node->part);
}

static void opaque(struct part *part)
{
	part->type = STR("application");
	part->subtype = STR("octet-stream");
	part->params = (struct params){ 0 };
}

static void boundary_open(struct parser *p, struct node *node)
{
	const struct param *boundary = param_find(&node->part.params, STR("boundary"));
	struct str s = boundary ? boundary->value : STR("");

	if (!boundary)
		param_text(&node->part.params, STR("boundary"), p->arena, &s);
	while (str_ends(s, STR(" ")))
		s.n--;
	if (s.n == 0 || s.n > BOUNDARY_MAX)
		return;
	node->boundary = s;
	p->open[p->nopen++] = node;
}

/* The header of the innermost part ends here. Returns it. */
static struct node *header_done(struct parser *p)
{
	struct node *node = p->node;
	struct part *part = &node->part;

	describe(p, node);
	p->in_header = false;
	part->body = p->here.at;
	part->header_size = p->here.sent - part->header_size;
	part->header_lines = p->here.lines - part->header_lines;
	part->body_size = p->here.sent;
	part->body_lines = p->here.lines;
	return node;
}

/* What the body is, now that its header is known. */
static void body_begin(struct parser *p)
{
	struct node *node = header_done(p);
	struct part *part = &node->part;
	const bool message = part_is(part, "message", "rfc822") || part_is(part, "message", "global");

	if (!message && !part_is(part, "multipart", NULL))
		return;
	if (node->depth >= p->limits->depth || p->parts >= p->limits->parts) {
		opaque(part);
		return;
	}
	part->kind = message ? PART_MESSAGE : PART_MULTIPART;
	if (message)
		part_begin(p, node);
	else
		boundary_open(p, node);
}

static void empty_child(struct parser *p, struct part *parent)
{
	struct part *child = arena_alloc(p->arena, sizeof *child);

	content_default(p->arena, false, child);
	child->parent = parent;
	child->header = child->body = child->end = parent->end;
	parent->child = child;
}

/* The innermost part ends where here or before says. */
static void part_end(struct parser *p, const struct place *place)
{
	struct part *part;

	while (p->in_header)
		body_begin(p);
	part = &p->node->part;
	if (place->at < part->body || (p->node->last && place->at < p->node->last->part.end))
		place = &p->here; /* the line end is that of a header's empty line */
	part->end = place->at;
	part->body_size = place->sent - part->body_size;
	part->body_lines = place->lines - part->body_lines;
	if (part->kind == PART_MULTIPART && !part->child)
		empty_child(p, part);
	if (p->nopen && p->open[p->nopen - 1] == p->node)
		p->nopen--;
	p->node = (struct node *)(void *)part->parent;
}

/* ---- lines ---- */

/* The open multipart whose delimiter the line is: the one of the longest boundary that the line begins with,
 * and of those the innermost. So one may begin with another (RFC 2046 5.1.1 asks for no more than that a line
 * begins with it).
 */
static struct node *delimits(struct parser *p, struct str line)
{
	struct node *best = NULL;

	line = str_from(line, 2);
	for (size_t i = p->nopen; i > 0; i--) {
		struct node *node = p->open[i - 1];

		if ((!best || node->boundary.n > best->boundary.n) && str_starts(line, node->boundary))
			best = node;
	}
	return best;
}

/* Ends what is open within the multipart, and that itself if this is its last delimiter. */
static void delimiter(struct parser *p, struct node *node, struct str line)
{
	const bool last = str_starts(str_from(line, 2 + node->boundary.n), STR("--"));

	if (!last && p->parts >= p->limits->parts)
		return; /* so it is text of the part before it */
	while (p->node != node)
		part_end(p, &p->before);
	if (last)
		p->nopen--; /* it is the last one now; what follows is its epilogue */
	else
		p->opening = node;
}

static void keep(struct parser *p, struct str piece, bool line_start)
{
	const bool folded = piece.s[0] == ' ' || piece.s[0] == '\t';

	if (line_start && !folded)
		p->keeping = content_wants(piece);
	if (!p->keeping || p->kept.n >= KEPT_MAX || p->header + p->kept.n >= p->limits->header)
		return;
	piece = str_head(piece, KEPT_MAX - p->kept.n);
	buf_str(&p->kept, piece);
	sent_no_nul(p->kept.s + p->kept.n - piece.n, piece.n);
}

/* Moves here past a piece of a line. */
static void pass(struct parser *p, struct str piece)
{
	const bool lf = piece.s[piece.n - 1] == '\n';
	const bool crlf = lf && (piece.n > 1 ? piece.s[piece.n - 2] == '\r' : p->cr);

	p->before = p->here;
	if (lf) {
		p->before.at += (off_t)piece.n - 1 - crlf;
		p->before.sent += piece.n - 1 - crlf;
	}
	p->here.at += (off_t)piece.n;
	p->here.sent += piece.n + (lf && !crlf);
	p->here.lines += lf;
	p->line_start = lf;
	p->cr = piece.s[piece.n - 1] == '\r';
	p->i += piece.n;
}

static void piece(struct parser *p, struct str s)
{
	const bool line_start = p->line_start;
	struct node *node = NULL;

	if (line_start && p->nopen && str_starts(s, STR("--")) && (node = delimits(p, s)))
		delimiter(p, node, s);
	else if (p->in_header)
		keep(p, s, line_start);
	pass(p, s);
	if (p->opening && p->line_start) {
		node = p->opening;
		p->opening = NULL;
		part_begin(p, node);
	} else if (p->in_header && line_start && (str_eq(s, STR("\n")) || str_eq(s, STR("\r\n")))) {
		body_begin(p);
	}
}

static int parse(struct parser *p)
{
	int r;

	while ((r = fill(p)) == 0 && p->i < p->n) {
		const size_t left = p->n - p->i;
		const char *s = p->buf + p->i, *lf = memchr(s, '\n', left);

		piece(p, (struct str){ s, lf ? (size_t)(lf - s) + 1 : left });
	}
	if (r < 0)
		return r;
	if (p->opening)
		part_begin(p, p->opening);
	while (p->node)
		part_end(p, &p->here);
	return 0;
}

static int parse_all(struct parser *p, struct part **ret)
{
	struct node *root;
	int r;

	p->open = arena_alloc(p->arena, (p->limits->depth + 1) * sizeof *p->open);
	root = part_begin(p, NULL);
	r = parse(p);
	buf_release(&p->kept);
	if (r == 0)
		*ret = &root->part;
	return r;
}

int mime_parse(int fd, struct arena *a, const struct mime_limits *limits, struct part **ret)
{
	char block[BLOCK];
	struct parser p = {
		.fd = fd, .arena = a, .limits = limits, .block = block, .buf = block, .line_start = true
	};

	return parse_all(&p, ret);
}

void mime_parse_str(struct str message, struct arena *a, const struct mime_limits *limits, struct part **ret)
{
	struct parser p = {
		.arena = a, .limits = limits, .buf = message.s, .n = message.n, .eof = true, .line_start = true
	};

	(void)parse_all(&p, ret); /* nothing is read, so nothing fails */
}

/* ---- the finished tree ---- */

bool part_is(const struct part *p, const char *type, const char *subtype)
{
	return str_ieq(p->type, str_z(type)) && (!subtype || str_ieq(p->subtype, str_z(subtype)));
}

struct part *mime_find(struct part *part, const uint32_t *path, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && part->kind == PART_LEAF)
			return NULL;
		if (i > 0 && part->kind == PART_MESSAGE)
			part = part->child;
		if (part->kind != PART_MULTIPART) {
			if (path[i] != 1)
				return NULL;
			continue;
		}
		part = part->child;
		for (uint32_t at = 1; part && at != path[i]; at++)
			part = part->next;
		if (!part)
			return NULL;
	}
	return part;
}
