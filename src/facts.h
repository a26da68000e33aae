/* facts.h: what is worth being remembered of a message once it was read: a fact each, which the cache keeps (maildir/cache.h) */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "maildir/maildir.h"

/* A message never changes, so what is true of it stays true. Facts are made from its file, or from other facts, when they are asked
 * for; the numbers are those in the cache's file. A fact says the same whether it was in the cache or has just been made.
 */
enum fact {
	FACT_DATE = 1,	/* INTERNALDATE: seconds since 1970 */
	FACT_FIELDS,	/* the header's fields that fields_kept(), as sent, in their order: struct fields */
	FACT_ENVELOPE,	/* the values of these items, as they are sent where quoted strings are ASCII */
	FACT_BODY,
	FACT_STRUCTURE,
	FACT_PREVIEW,	/* text, UTF-8 */
	FACT_SIZE,	/* octets as sent; behind what parses the message, since then that is known */
	FACT_ORDER,	/* what SORT and THREAD go by: struct order */
	FACT_DIGEST,	/* DIGEST_HEX octets: of the date and all the content */
	FACT_PLACES,	/* of the parts of a message of PLACES_FROM octets: places.h */
	FACT_TEXTS,	/* what people look for in lists of messages: texts_next() takes them off */
	FACTS
};
extern const char *const fact_names[FACTS];
enum {
	FACT_MAX = 256 * 1024,	/* octets; longer ones are not kept */
	PLACES_FROM = 128 * 1024, /* octets of a file; smaller ones are parsed as fast */
};

/* Whether a field of that name, in any case, is in FACT_FIELDS. What clients ask for in lists of messages, and what people search for,
 * but not what only machines read and write at length. To change it, change CACHE_VERSION (t_cache_version).
 */
bool fields_kept(struct str name);
/* The number of a name, 1 to 63, in any case; 0: it has none. The first are as ENVELOPE has them. */
enum field_number {
	FIELD_DATE = 1, FIELD_SUBJECT, FIELD_FROM, FIELD_SENDER, FIELD_REPLY_TO, FIELD_TO, FIELD_CC, FIELD_BCC,
};
unsigned field_number(struct str name);

/* FACT_FIELDS out of a header section. */
void fields_make(struct buf *ret, struct str header);
struct fields {
	struct str index;
	struct str text;	/* the fields, each a whole line or more: as a header section without an end */
};
/* False for what fields_make() can't have made. Points into fact. */
bool fields_open(struct str fact, struct fields *ret);
/* Takes the next one off: its number, and what is sent of it. */
bool fields_next(struct fields *f, unsigned *ret_number, struct str *ret_line);
/* Of a line: what is behind the colon, without the last line end. */
struct str field_value(struct str line);
/* The value of the next one of that number. */
bool fields_value(struct fields *f, unsigned number, struct str *ret);
/* The base subject (RFC 5256 2.1), not folded; empty: there is none. */
struct str fields_base_subject(struct fields f, struct arena *a);

/* The values of the fields SUBJECT, FROM, TO, CC and BCC as they are compared by i;unicode-casemap (mail/text.h), in their order. */
bool texts_have(unsigned number);
void texts_make(struct buf *ret, struct fields f);
/* Takes the next one off: its field's number, and the text. False at the end, and where texts_make() can't have made it. */
bool texts_next(struct str *texts, unsigned *ret_number, struct str *ret);

/* What a message is sorted and threaded by (RFC 5256 2, 3). */
struct order {
	int64_t arrived;	/* INTERNALDATE */
	int64_t sent;		/* the Date field's, or else arrived */
	bool reply;		/* its subject is that of a reply or a forward */
	struct str subject;	/* its base subject, folded, ORDER_TEXT octets at most; empty: none */
	struct str id;		/* of the message, as msgid_next() has it; empty: none */
	struct str references;	/* order_reference() takes them off */
	size_t nreferences;
};
enum { ORDER_TEXT = 1024, ORDER_REFERENCES = 1000 };	/* of more references the last ones count */

void order_make(struct buf *ret, struct arena *a, struct str fields, int64_t arrived);
/* False for what order_make() can't have made. Points into fact. */
bool order_read(struct str fact, struct order *ret);
/* The next message ID that it refers to. */
bool order_reference(struct str *references, struct str *ret);

/* What is known of messages goes with their copies: facts_gather() before they are copied or moved, facts_spread() with what
 * maildir_copy() or maildir_move() has said. Of more than FACTS_COPIED nothing is copied; it is made when it is asked for.
 */
enum { FACTS_COPIED = 5000 };
struct facts_copy {
	struct cache *cache;	/* NULL: nothing is known */
	uint64_t folder;
	struct md_uids uids;	/* the caller's */
	uint64_t *names;	/* of their files */
};
void facts_gather(struct facts_copy *c, const struct maildir *box, struct md_uids uids, struct arena *a);
void facts_spread(const struct facts_copy *c, struct md_uids from, const struct maildir *target, struct md_uids to);
/* And it goes when they go. */
void facts_forget(const struct maildir *box, const uint32_t *uids, size_t n);
