/* fact.c: facts of the message that is being fetched: from the cache, or made and left there */
#include <endian.h>
#include <string.h>
#include "base/digest.h"
#include "base/fd.h"
#include "fetching.h"
#include "mail/preview.h"
#include "mail/sent.h"
#include "places.h"

enum { PIECE = 64 * 1024 };

static void put_number(struct buf *b, uint64_t v)
{
	v = htole64(v);
	buf_add(b, &v, sizeof v);
}

static uint64_t number(struct str s)
{
	uint64_t v;

	memcpy(&v, s.s, sizeof v);
	return le64toh(v);
}

static int make_date(struct fetching *f, struct buf *ret)
{
	put_number(ret, (uint64_t)f->file_date);
	return 0;
}

static int make_fields(struct fetching *f, struct buf *ret)
{
	fields_make(ret, f->header);
	return 0;
}

static int make_envelope(struct fetching *f, struct buf *ret)
{
	struct fields fields = f->fields;
	struct envelope e = { 0 };
	struct str line;
	unsigned number;
	struct writer w;

	while (fields_next(&fields, &number, &line))
		if (number && number <= ENVELOPE_FIELDS)	/* whose numbers are in the same order */
			envelope_add(f->arena, number - 1, field_value(line), &e);
	envelope_end(&e);
	writer_init(&w, ret);
	w.utf8 = f->utf8;
	fetch_write_envelope(&w, &e);
	return 0;
}

/* While they are known: who asks for the structure of a big message asks for its parts next. */
static int leave_places(struct fetching *f, int r)
{
	return r < 0 || f->file_size < PLACES_FROM ? r : fact_need(f, FACT_PLACES);
}

static int make_body(struct fetching *f, struct buf *ret)
{
	struct writer w;

	writer_init(&w, ret);
	w.utf8 = f->utf8;
	return leave_places(f, fetch_write_structure(&w, f, f->parts, false));
}

static int make_structure(struct fetching *f, struct buf *ret)
{
	struct writer w;

	writer_init(&w, ret);
	w.utf8 = f->utf8;
	return leave_places(f, fetch_write_structure(&w, f, f->parts, true));
}

static int make_preview(struct fetching *f, struct buf *ret)
{
	return preview(f->fd, f->parts, ret);
}

static int make_size(struct fetching *f, struct buf *ret)
{
	uint64_t size;
	int r = 0;

	if (f->have & NEEDS_PARTS)	/* which has counted */
		size = f->parts->header_size + f->parts->body_size;
	else if (fetching_is_small(f) && (r = fetching_start(f)) == 0)
		size = sent_str_size(f->start);
	else if (r == 0)
		r = sent_size(f->fd, 0, f->file_size, &size, NULL);
	if (r == 0)
		put_number(ret, size);
	return r;
}

static int make_order(struct fetching *f, struct buf *ret)
{
	_cleanup_(arena_free) struct arena a = { 0 };

	order_make(ret, &a, f->fields.text, f->date);
	return 0;
}

static int make_digest(struct fetching *f, struct buf *ret)
{
	char piece[PIECE], hex[DIGEST_HEX + 1];
	struct digest d;
	off_t at = 0;

	digest_init(&d);
	digest_add(&d, &(uint64_t){ htole64((uint64_t)f->date) }, sizeof(uint64_t));
	for (;;) {
		const ssize_t n = fd_pread_all(f->fd, piece, sizeof piece, at);

		if (n < 0)
			return (int)n;
		digest_add(&d, piece, (size_t)n);
		at += n;
		if ((size_t)n < sizeof piece)
			break;
	}
	digest_end(&d, hex);
	buf_z(ret, hex);
	return 0;
}

static int make_places(struct fetching *f, struct buf *ret)
{
	places_make(ret, f->parts);
	return 0;
}

static int make_texts(struct fetching *f, struct buf *ret)
{
	texts_make(ret, f->fields);
	return 0;
}

/* How a fact is made, and of what. size: all of them have so many octets; 0: any. worded: it has strings as they are sent. */
static const struct maker {
	unsigned needs;
	int (*make)(struct fetching *f, struct buf *ret);
	size_t size;
	bool worded;
} makers[FACTS] = {
	[FACT_DATE] = { NEEDS_FILE, make_date, sizeof(uint64_t), false },
	[FACT_FIELDS] = { NEEDS_HEADER, make_fields, 0, false },
	[FACT_ENVELOPE] = { NEEDS_FIELDS, make_envelope, 0, true },
	[FACT_BODY] = { NEEDS_PARTS, make_body, 0, true },
	[FACT_STRUCTURE] = { NEEDS_PARTS, make_structure, 0, true },
	[FACT_PREVIEW] = { NEEDS_PARTS, make_preview, 0, false },
	[FACT_SIZE] = { NEEDS_FILE, make_size, sizeof(uint64_t), false },
	[FACT_ORDER] = { NEEDS_FIELDS | NEEDS_DATE, make_order, 0, false },
	[FACT_DIGEST] = { NEEDS_FILE | NEEDS_DATE, make_digest, DIGEST_HEX, false },
	[FACT_PLACES] = { NEEDS_PARTS, make_places, 0, false },
	[FACT_TEXTS] = { NEEDS_FIELDS, make_texts, 0, false },
};

/* False if it can't be meant. */
static bool take(struct fetching *f, enum fact fact, struct str value)
{
	if (fact == FACT_PLACES && !(f->have & NEEDS_PARTS) && !places_read(value, f->arena, &f->parts))
		return false;
	if (fact == FACT_FIELDS && !fields_open(value, &f->fields))
		return false;
	f->facts[fact] = value;
	f->have |= 1u << (16 + fact);
	if (fact == FACT_DATE)
		f->date = (int64_t)number(value);
	if (fact == FACT_SIZE)
		f->size = number(value);
	return true;
}

/* Where the message's facts are in the cache, if there is one. */
static bool find_cache(struct fetching *f)
{
	if (!f->key.folder) {
		f->cache = maildir_cache(f->box);
		f->key = (struct cache_key){ .folder = 1, .uid = f->uid };
		if (f->cache) {
			f->key.folder = cache_folder(f->cache, maildir_mailboxid(f->box), maildir_uidvalidity(f->box));
			f->key.name = cache_name(maildir_base_name(f->box, f->message));
		}
	}
	return f->cache;
}

void fetching_uncached(struct fetching *f)
{
	f->cache = NULL;
	f->key.folder = 1;
}

bool fetching_knows(struct fetching *f, enum fact fact)
{
	const struct maker *m = &makers[fact];
	struct str value;

	if (f->have & 1u << (16 + fact))
		return true;
	if (!find_cache(f))
		return false;
	f->key.kind = (uint8_t)fact;
	if (!cache_get(f->cache, &f->key, &value) || (m->size && value.n != m->size) ||
	    (m->worded && f->utf8 && !str_ascii(value)))
		return false;
	return take(f, fact, f->keep ? arena_str(f->arena, value) : value);
}

/* Leaves a fact that has just been made in the cache, if others can use it as well. */
static void leave(struct fetching *f, enum fact fact, struct str value)
{
	if (!find_cache(f) || value.n > FACT_MAX || (fact == FACT_PLACES && f->file_size < PLACES_FROM) ||
	    (makers[fact].worded && f->utf8 && !str_ascii(value)))
		return;
	f->key.kind = (uint8_t)fact;
	cache_put(f->cache, &f->key, value);
}

int fact_need(struct fetching *f, enum fact fact)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	struct str value;
	int r;

	if (fetching_knows(f, fact))
		return 0;
	r = fetching_need(f, makers[fact].needs);
	if (r == 0)
		r = makers[fact].make(f, &b);
	if (r < 0)
		return r;
	value = arena_str(f->arena, buf_view(&b));
	(void)take(f, fact, value);
	leave(f, fact, value);
	return 0;
}

void fact_adopt(struct fetching *f, enum fact fact, struct str value)
{
	if (take(f, fact, value))
		leave(f, fact, value);
}

static uint64_t folder_of(struct cache *cache, const struct maildir *box)
{
	return cache_folder(cache, maildir_mailboxid(box), maildir_uidvalidity(box));
}

void facts_gather(struct facts_copy *c, const struct maildir *box, struct md_uids uids, struct arena *a)
{
	*c = (struct facts_copy){ .cache = uids.n <= FACTS_COPIED ? maildir_cache(box) : NULL, .uids = uids };
	if (!c->cache)
		return;
	c->folder = folder_of(c->cache, box);
	c->names = arena_alloc(a, uids.n * sizeof *c->names);
	for (size_t i = 0; i < uids.n; i++) {
		const struct message *m = maildir_message(box, uids.v[i]);

		c->names[i] = m ? cache_name(maildir_base_name(box, m)) : 0;
	}
}

void facts_spread(const struct facts_copy *c, struct md_uids from, const struct maildir *target, struct md_uids to)
{
	uint64_t folder;

	if (!c->cache || maildir_cache(target) != c->cache)
		return;
	folder = folder_of(c->cache, target);
	for (uint8_t kind = 1; kind < FACTS; kind++) {	/* one after the other, since each stands together */
		for (size_t i = 0, j = 0; i < from.n; i++) {
			const struct message *m = maildir_message(target, to.v[i]);
			struct str value;

			while (j < c->uids.n && c->uids.v[j] < from.v[i])
				j++;
			if (!m || j == c->uids.n ||
			    !cache_get(c->cache, &(struct cache_key){ c->folder, c->names[j], from.v[i], kind }, &value))
				continue;
			cache_put(c->cache,
				  &(struct cache_key){ folder, cache_name(maildir_base_name(target, m)), to.v[i], kind }, value);
		}
		cache_commit(c->cache, COMMIT_FROM);
	}
}

void facts_forget(const struct maildir *box, const uint32_t *uids, size_t n)
{
	struct cache *cache = maildir_cache(box);

	for (size_t i = 0; cache && i < n; i++)
		cache_forget(cache, folder_of(cache, box), uids[i]);
}
