/* structure.c: ENVELOPE, BODY and BODYSTRUCTURE (RFC 9051 7.5.2) */
#include "fetch.h"
#include "mail/header.h"

static void write_addresses(struct writer *w, const struct addresses *list)
{
	if (list->n == 0) {
		w_nil(w);
		return;
	}
	w_open(w);
	for (size_t i = 0; i < list->n; i++) {
		const struct address *a = &list->v[i];

		/* env-from = "(" 1*address ")": nothing between two of them */
		w_glue(w);
		w_open(w);
		w_nstring(w, a->name);
		w_nstring(w, a->route);
		w_nstring(w, a->mailbox);
		w_nstring(w, a->host);
		w_close(w);
	}
	w_close(w);
}

/* Most often they are those of From, which are between these places already. */
static void write_others(struct writer *w, const struct addresses *list, const struct addresses *as, size_t from, size_t to)
{
	if (list->v != as->v) {
		write_addresses(w, list);
		return;
	}
	buf_reserve(w->out, to - from + 1);
	w_verbatim(w, (struct str){ w->out->s + from, to - from });
}

void fetch_write_envelope(struct writer *w, const struct envelope *e)
{
	size_t from, to;

	w_open(w);
	w_nstring(w, e->date);
	w_nstring(w, e->subject);
	from = w->out->n + 1;	/* behind the space */
	write_addresses(w, &e->from);
	to = w->out->n;
	write_others(w, &e->sender, &e->from, from, to);
	write_others(w, &e->reply_to, &e->from, from, to);
	write_addresses(w, &e->to);
	write_addresses(w, &e->cc);
	write_addresses(w, &e->bcc);
	w_nstring(w, e->in_reply_to);
	w_nstring(w, e->message_id);
	w_close(w);
}

/* What went wrong, if anything has: both are 0 or a negative errno. */
static int worse(int a, int b)
{
	return MIN(a, b);
}

/* charset: the one to tell where the message names none; NULL if there is nothing to tell. */
static void write_params(struct writer *w, const struct params *p, const char *charset)
{
	if (p->n == 0 && !charset) {
		w_nil(w);
		return;
	}
	w_open(w);
	for (size_t i = 0; i < p->n; i++) {
		w_string(w, p->v[i].name);
		w_string(w, p->v[i].value);
	}
	if (charset) {
		w_string(w, STR("charset"));
		w_string(w, str_z(charset));
	}
	w_close(w);
}

/* body-fld-dsp [SP body-fld-lang [SP body-fld-loc]] */
static void write_extension(struct writer *w, const struct part *p)
{
	if (p->disposition.s) {
		w_open(w);
		w_string(w, p->disposition);
		write_params(w, &p->disposition_params, NULL);
		w_close(w);
	} else {
		w_nil(w);
	}
	if (p->nlanguages == 0) {
		w_nil(w);
	} else if (p->nlanguages == 1) {
		w_string(w, p->languages[0]);
	} else {
		w_open(w);
		for (size_t i = 0; i < p->nlanguages; i++)
			w_string(w, p->languages[i]);
		w_close(w);
	}
	w_nstring(w, p->location);
}

/* body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets */
static void write_fields(struct writer *w, const struct part *p)
{
	w_string(w, p->type);
	w_string(w, p->subtype);
	/* A text without a charset is in US-ASCII (RFC 2045 5.2), and most servers say so. */
	write_params(w, &p->params,
		     part_is(p, "text", NULL) && !param_find(&p->params, STR("charset")) &&
				     !param_find(&p->params, STR("charset*")) && !param_find(&p->params, STR("charset*0")) ?
			     "us-ascii" : NULL);
	w_nstring(w, p->id);
	w_nstring(w, p->description);
	w_string(w, p->encoding);
	w_number(w, p->body_size);
}

/* What message/rfc822 has between its fields and its lines: the envelope and body of the message in it. */
static int write_inner(struct writer *w, struct fetching *f, const struct part *inner, bool extended)
{
	_cleanup_(buf_release) struct buf header = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	const int r = header_read(f->fd, inner->header, inner->body, HEADER_MAX, &header);
	struct envelope e;

	envelope_parse(&a, buf_view(&header), &e);
	fetch_write_envelope(w, &e);
	return worse(r, fetch_write_structure(w, f, inner, extended));
}

static int write_multipart(struct writer *w, struct fetching *f, const struct part *p, bool extended)
{
	int r = 0;

	for (const struct part *child = p->child; child; child = child->next) {
		/* body-type-mpart = 1*body SP media-subtype: nothing between two bodies */
		w_glue(w);
		r = worse(r, fetch_write_structure(w, f, child, extended));
	}
	w_string(w, p->subtype);
	if (extended) {
		write_params(w, &p->params, NULL);
		write_extension(w, p);
	}
	return r;
}

int fetch_write_structure(struct writer *w, struct fetching *f, const struct part *p, bool extended)
{
	int r = 0;

	w_open(w);
	if (p->kind == PART_MULTIPART) {
		r = write_multipart(w, f, p, extended);
		w_close(w);
		return r;
	}
	write_fields(w, p);
	if (p->kind == PART_MESSAGE)
		r = write_inner(w, f, p->child, extended);
	if (p->kind == PART_MESSAGE || part_is(p, "text", NULL))
		w_number(w, p->body_lines);
	if (extended) {
		w_nstring(w, p->md5);
		write_extension(w, p);
	}
	w_close(w);
	return r;
}
