/* cmd/objectid.c: OBJECTID: names for mailboxes, messages and threads that last (RFC 8474)
 *
 * EMAILID is a digest of what a message is for good, so copies have the one of the original, in whatever folder or account.
 * THREADID is one of the message ID that a thread begins with: of the first in References, or In-Reply-To, or the message's own.
 */
#include <string.h>
#include "base/digest.h"
#include "command.h"
#include "fetch.h"
#include "mail/header.h"
#include "search.h"
#include "status_of.h"

enum { OBJECTID = 1 + DIGEST_HEX };

/* The first "<...>" of a field, without blanks, which are no part of a message ID (RFC 5322 3.6.4). Empty if there is none. */
static struct str first_id(struct arena *a, struct str header, struct str name)
{
	struct field field;
	struct str value, id;
	char *p;
	size_t n = 0;

	if (!header_find(header, name, &field))
		return STR("");
	value = str_from(field.value, str_find(field.value, '<'));
	id = str_head(value, str_find(value, '>'));
	if (id.n == value.n)
		return STR("");
	p = arena_alloc(a, id.n);
	for (size_t i = 0; i < id.n; i++)
		if (!memchr(" \t\r\n", id.s[i], 4))
			p[n++] = id.s[i];
	return (struct str){ p, n };
}

/* The message ID that a thread is known by. False if there is none: then it is all of the header. */
static bool thread_root(struct arena *a, struct str header, struct str *ret)
{
	static const char *const fields[] = { "References", "In-Reply-To", "Message-ID" };
	struct str id = { 0 };

	for (size_t i = 0; i < COUNT(fields) && id.n < 2; i++)
		id = first_id(a, header, str_z(fields[i]));
	*ret = id;
	return id.n >= 2;
}

static int threadid(struct fetching *f, char ret[OBJECTID + 1])
{
	_cleanup_(arena_free) struct arena a = { 0 };
	int r = fetching_need(f, NEEDS_FIELDS);
	struct digest d;
	struct str root = { 0 };

	if (r == 0 && !thread_root(&a, f->fields.text, &root)) {
		r = fetching_need(f, NEEDS_HEADER);
		root = f->header;
	}
	if (r < 0)
		return r;
	digest_init(&d);
	digest_add(&d, root.s, root.n);
	ret[0] = 'T';
	digest_end(&d, ret + 1);
	return 0;
}

static int emailid(struct fetching *f, char ret[OBJECTID + 1])
{
	const int r = fetching_need(f, NEEDS_DIGEST);

	if (r < 0)
		return r;
	ret[0] = 'M';
	memcpy(ret + 1, f->facts[FACT_DIGEST].s, DIGEST_HEX);
	ret[OBJECTID] = 0;
	return 0;
}

static void write_objectid(struct session *s, const char *name, const char *id)
{
	w_atom(&s->out, name);
	w_open(&s->out);
	w_atom(&s->out, id);
	w_close(&s->out);
}

typedef int identify(struct fetching *f, char ret[OBJECTID + 1]);

static int write_id(struct session *s, struct fetching *f, const char *name, identify *which)
{
	char id[OBJECTID + 1];
	const int r = which(f, id);

	if (r == 0)
		write_objectid(s, name, id);
	return r;
}

static int write_emailid(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	return write_id(s, f, "EMAILID", emailid);
}

static int write_threadid(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	(void)item;
	return write_id(s, f, "THREADID", threadid);
}

static const struct fetch_row items[] = {
	{ "EMAILID",  NEEDS_DIGEST, NULL, write_emailid	 },
	{ "THREADID", NEEDS_FIELDS, NULL, write_threadid },
	{ 0 },
};

static bool parse_id(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && p_atom(p->cursor, &key->name);
}

static int match_id(struct fetching *f, const struct search_key *key, identify *which)
{
	char id[OBJECTID + 1];
	const int r = key->name.n == OBJECTID ? which(f, id) : 0;

	return r < 0 || key->name.n != OBJECTID ? r : str_eq(key->name, str_z(id));
}

static int match_emailid(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return match_id(f, key, emailid);
}

static int match_threadid(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return match_id(f, key, threadid);
}

static const struct search_row keys[] = {
	{ "EMAILID",  COST_BODY,   parse_id, match_emailid  },
	{ "THREADID", COST_HEADER, parse_id, match_threadid },
	{ 0 },
};

static void write_mailboxid(struct session *s, const struct status_of *of)
{
	w_open(&s->out);
	w_atom(&s->out, of->numbers.mailboxid);
	w_close(&s->out);
}

static const struct status_row status[] = {
	{ .name = "MAILBOXID", .write = write_mailboxid },
	{ 0 },
};

const struct extension ext_objectid = {
	.rfc = 8474,
	.capability = "OBJECTID",
	.fetch = items,
	.status = status,
	.search = keys,
};
