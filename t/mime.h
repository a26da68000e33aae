/* t/mime.h: what holds for the parts of any message; for tests and fuzzers */
#pragma once
#include <assert.h>
#include "mail/mime.h"
#include "mail/sent.h"

/* Sizes are what is sent of the ranges. */
static inline void t_check_sizes(int fd, const struct part *p)
{
	uint64_t octets, lines;

	assert(sent_size(fd, p->header, p->body, &octets, &lines) == 0);
	assert(octets == p->header_size && lines == p->header_lines);
	assert(sent_size(fd, p->body, p->end, &octets, &lines) == 0);
	assert(octets == p->body_size && lines == p->body_lines);
}

/* No CR, LF or NUL. */
static inline void t_check_str(struct str s)
{
	assert(str_find(s, '\r') == s.n && str_find(s, '\n') == s.n && str_find(s, 0) == s.n);
}

static inline void t_check_strs(const struct part *p)
{
	const struct str strs[] = { p->type, p->subtype,  p->encoding,    p->id, p->description,
				    p->md5,  p->location, p->disposition };

	for (size_t i = 0; i < COUNT(strs); i++)
		t_check_str(strs[i]);
	for (size_t i = 0; i < p->params.n; i++)
		t_check_str(p->params.v[i].value);
	for (size_t i = 0; i < p->disposition_params.n; i++)
		t_check_str(p->disposition_params.v[i].value);
	assert(p->type.n && p->subtype.n && p->encoding.n);
}

/* Both trees are the same. */
static inline void t_same_tree(const struct part *a, const struct part *b)
{
	assert(!a == !b);
	if (!a)
		return;
	assert(a->kind == b->kind && a->header == b->header && a->body == b->body && a->end == b->end);
	assert(a->header_size == b->header_size && a->header_lines == b->header_lines && a->body_size == b->body_size &&
	       a->body_lines == b->body_lines && str_eq(a->type, b->type) && str_eq(a->subtype, b->subtype));
	t_same_tree(a->child, b->child);
	t_same_tree(a->next, b->next);
}

/* Children lie in their parent's body, in order, and do not overlap. Returns how many parts there are. */
static inline size_t t_check_tree(int fd, const struct part *p)
{
	off_t at = p->body;
	size_t n = 1;

	assert(p->header <= p->body && p->body <= p->end);
	assert((p->child != NULL) == (p->kind != PART_LEAF));
	t_check_sizes(fd, p);
	t_check_strs(p);
	if (p->kind == PART_MESSAGE) {
		assert(!p->child->next);
		assert(p->child->header == p->body && p->child->end == p->end);
	}
	for (const struct part *c = p->child; c; c = c->next) {
		assert(c->parent == p);
		assert(at <= c->header && c->end <= p->end);
		at = c->end;
		n += t_check_tree(fd, c);
	}
	return n;
}
