/* mail/text.c: looking for text in messages, as their readers see it (SEARCH: RFC 9051 6.4.4) */
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/header.h"
#include "mail/text.h"
#include "mail/words.h"

enum { CHUNK = 32768 };

void text_fold(struct buf *b, struct str value, enum collation collation)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 };

	words_decode(&utf8, str_trim(value));
	fold(b, collation, buf_view(&utf8));
}

bool text_value(struct str value, enum collation collation, struct matcher *m)
{
	_cleanup_(buf_release) struct buf folded = { 0 };
	char line[FOLD_LINE];

	value = str_trim(value);
	if (fold_line(line, collation, value) && !words_any(value))
		return matcher_whole(m, (struct str){ line, value.n });
	text_fold(&folded, value, collation);
	return matcher_whole(m, buf_view(&folded));
}

bool text_field(struct str header, struct str name, enum collation collation, struct matcher *m)
{
	struct field field;
	bool any = false;

	matcher_reset(m);
	while (!(any && m->found) && header_next(&header, &field))
		if (str_ieq(field.name, name)) {
			text_value(field.value, collation, m);
			any = true;
		}
	return any && m->found;
}

/* A search under way. */
struct search {
	int fd;
	enum collation collation;
	struct text_search *v;
	size_t n;
	struct buf header, utf8, folded; /* used again and again */
};

static void search_release(struct search *s)
{
	buf_release(&s->header);
	buf_release(&s->utf8);
	buf_release(&s->folded);
}

/* Whether anything is still to be found there. */
static bool wanted(const struct search *s, unsigned where)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].where & where && !s->v[i].matcher.found)
			return true;
	return false;
}

/* Shows the matchers what is in utf8, and empties that. */
static void show(struct search *s, unsigned where)
{
	buf_clear(&s->folded);
	fold(&s->folded, s->collation, buf_view(&s->utf8));
	buf_clear(&s->utf8);
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].where & where)
			matcher_feed(&s->v[i].matcher, buf_view(&s->folded));
}

static void gap(struct search *s)
{
	for (size_t i = 0; i < s->n; i++)
		matcher_gap(&s->v[i].matcher);
}

static int search_header(struct search *s, const struct part *part, unsigned where)
{
	struct field field;
	struct str rest;
	int r;

	buf_clear(&s->header);
	r = header_read(s->fd, part->header, part->body, HEADER_MAX, &s->header);
	if (r < 0)
		return r;
	rest = buf_view(&s->header);
	while (wanted(s, where) && header_next(&rest, &field)) {
		buf_str(&s->utf8, field.name);
		if (field.name.n)
			buf_z(&s->utf8, ": ");
		words_decode(&s->utf8, field.name.n ? field.value : field.line);
		show(s, where);
		gap(s);
	}
	return 0;
}

static int search_body(struct search *s, const struct part *part)
{
	const struct param *charset = param_find(&part->params, STR("charset"));
	_cleanup_(charset_close) struct charset to_utf8;
	char chunk[CHUNK];
	struct decoder d;
	ssize_t r = 0;

	decode_open(&d, s->fd, part->body, part->end, encoding_of(part->encoding));
	charset_open(&to_utf8, charset ? charset->value : STR(""));
	while (wanted(s, TEXT_BODY) && (r = decode_read(&d, chunk, sizeof chunk)) > 0) {
		charset_add(&to_utf8, (struct str){ chunk, (size_t)r }, &s->utf8);
		show(s, TEXT_BODY);
	}
	charset_end(&to_utf8, &s->utf8);
	show(s, TEXT_BODY);
	gap(s);
	return (int)MIN(r, 0);
}

static bool is_encoded(const struct part *part)
{
	const enum encoding e = encoding_of(part->encoding);

	return e == ENCODING_BASE64 || e == ENCODING_QP;
}

/* What a reader sees as text: also reports that are message/, and a message that was encoded, which it should
 * not be.
 */
static bool is_text(const struct part *part)
{
	if (part->kind == PART_LEAF)
		return part_is(part, "text", NULL) || part_is(part, "message", NULL);
	return part->kind == PART_MESSAGE && is_encoded(part);
}

/* The header of a message within this one is part of this one's body. */
static unsigned header_is(const struct part *part)
{
	return part->parent && part->parent->kind == PART_MESSAGE ? TEXT_BODY : TEXT_HEADER;
}

/* The part that follows in the order of the file; not one within this if it was searched as text. */
static const struct part *next(const struct part *part)
{
	if (part->child && !is_text(part))
		return part->child;
	while (part && !part->next)
		part = part->parent;
	return part ? part->next : NULL;
}

int text_search(int fd, const struct part *root, enum collation collation, struct text_search *v, size_t n)
{
	_cleanup_(search_release) struct search s = { .fd = fd, .collation = collation, .v = v, .n = n };
	int r = 0;

	for (size_t i = 0; i < n; i++)
		matcher_reset(&v[i].matcher);
	for (const struct part *p = root; p && r >= 0 && wanted(&s, TEXT_HEADER | TEXT_BODY); p = next(p)) {
		if (wanted(&s, header_is(p)))
			r = search_header(&s, p, header_is(p));
		if (r >= 0 && is_text(p) && wanted(&s, TEXT_BODY))
			r = search_body(&s, p);
	}
	return r;
}
