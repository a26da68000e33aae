/* mail/envelope.c: what ENVELOPE tells of a message (RFC 9051 2.3.5, 7.5.2) */
#include "mail/envelope.h"
#include "mail/header.h"

enum kind { TEXT, ADDRESSES };

static const struct row {
	const char *name;
	enum kind kind;
	size_t at;	/* in struct envelope */
} rows[ENVELOPE_FIELDS] = {
	{ "Date",        TEXT,      offsetof(struct envelope, date) },
	{ "Subject",     TEXT,      offsetof(struct envelope, subject) },
	{ "From",        ADDRESSES, offsetof(struct envelope, from) },
	{ "Sender",      ADDRESSES, offsetof(struct envelope, sender) },
	{ "Reply-To",    ADDRESSES, offsetof(struct envelope, reply_to) },
	{ "To",          ADDRESSES, offsetof(struct envelope, to) },
	{ "Cc",          ADDRESSES, offsetof(struct envelope, cc) },
	{ "Bcc",         ADDRESSES, offsetof(struct envelope, bcc) },
	{ "In-Reply-To", TEXT,      offsetof(struct envelope, in_reply_to) },
	{ "Message-ID",  TEXT,      offsetof(struct envelope, message_id) },
};

void envelope_add(struct arena *a, size_t which, struct str value, struct envelope *e)
{
	const struct row *row = &rows[which];
	char *member = (char *)e + row->at;
	struct str *text = (struct str *)(void *)member;

	if (row->kind == ADDRESSES)
		address_parse(a, value, (struct addresses *)(void *)member);
	else if (!text->s)
		*text = header_unfold(a, value);
}

void envelope_end(struct envelope *e)
{
	if (e->sender.n == 0)
		e->sender = e->from;
	if (e->reply_to.n == 0)
		e->reply_to = e->from;
}

void envelope_parse(struct arena *a, struct str header, struct envelope *ret)
{
	struct envelope e = { 0 };
	struct field field;

	while (header_next(&header, &field))
		for (size_t i = 0; i < COUNT(rows); i++)
			if (str_ieq(field.name, str_z(rows[i].name)))
				envelope_add(a, i, field.value, &e);
	envelope_end(&e);
	*ret = e;
}
