/* fetch.h: one message that is being fetched or searched: opened and parsed as far as it is needed */
#pragma once
#include "base/arena.h"
#include "imap/parse.h"
#include "maildir/cache.h"
#include "mail/envelope.h"
#include "mail/mime.h"
#include "results.h"
#include "session.h"

/* An item as the client asked for it. */
struct fetch_item {
	const struct fetch_row *row;
	struct section section;		/* BODY[...] */
	struct partial partial;
	struct str label;		/* "BODY[...]", if fields is set */
	bool peek;
	bool lazy;			/* PREVIEW (LAZY) */
	unsigned needs;			/* of the row, or what this one can do with */
	uint64_t fields;		/* 1 << field_number() of all that it asks for; 0: it asks for something else */
};

struct fetching {
	struct maildir *box;
	uint32_t uid;
	const struct message *message;
	bool becomes_seen;		/* this FETCH marks it \Seen */
	unsigned more_flags;		/* told with its flags: MD_SEEN, if they are not told anew once it has them */
	struct arena *arena;		/* of this message */
	unsigned have;			/* fetch_needs that are met */
	int fd;				/* -1: not open */
	off_t file_size;
	int64_t file_date;		/* seconds since 1970 */
	struct str start;		/* of the file, START_MAX octets at most: fetching_start() */
	struct str header;		/* as stored */
	off_t body;			/* where in the file the header section ends: NEEDS_HEADER */
	struct part *parts;		/* NEEDS_PARTS; or only what places_read() gives of them: fetching_places() */
	bool utf8;			/* strings are sent in UTF-8 */
	bool keep;			/* what is known stays while something is waited for */
	bool unasked;			/* no client asks for what is needed here */
	struct str facts[FACTS];	/* those that are met */
	struct fields fields;		/* NEEDS_FIELDS */
	int64_t date;			/* INTERNALDATE, seconds since 1970: NEEDS_DATE */
	uint64_t size;			/* octets as sent: NEEDS_SIZE */
	unsigned score, scores;		/* the sum of what FUZZY keys have found, and how many did (RFC 6203 4) */
	struct cache *cache;		/* NULL: none, or not looked for yet */
	struct cache_key key;		/* in it; folder is 0: not looked for yet */
};

/* What is known of a message without opening it. */
void fetching_of(struct fetching *f, struct maildir *box, const struct message *message, struct arena *arena);
/* The same by its UID. -ENOENT if it is gone. */
int fetching_begin(struct fetching *f, struct maildir *box, uint32_t uid, struct arena *arena);
/* Meets needs. -ENOENT if the message is gone; else the errno of reading it. */
int fetching_need(struct fetching *f, unsigned needs);
/* The same for a fact if it is in the cache. */
bool fetching_knows(struct fetching *f, enum fact fact);
/* The file, and its parts as places_read() gives them, or more of them. */
int fetching_places(struct fetching *f);
void fetching_end(struct fetching *f);
/* From here on nothing is taken out of the cache, or left there. */
void fetching_uncached(struct fetching *f);

/* fetch-att, or a macro, or a list of them, from c. False if none. */
bool fetch_parse(struct cursor *c, struct fetch_item **ret, size_t *ret_n);

/* Whether items make the messages \Seen. */
bool fetch_sets_seen(const struct fetch_item *items, size_t n);

enum { FETCH_MODIFIERS = 8 };	/* in one command, each of another kind */

/* What a FETCH asks for. */
struct fetch_request {
	struct seqset set;
	bool by_uid;
	struct fetch_item *items;
	size_t nitems;
	unsigned also;			/* TELLS_UID, TELLS_MODSEQ: told of each message, asked for or not */
	const struct fetch_modifier_row *modifiers[FETCH_MODIFIERS];
	size_t nmodifiers;
	bool since;			/* CHANGEDSINCE is there (RFC 7162 3.1.4.1) */
	uint64_t changedsince;
	struct range range;		/* of PARTIAL (RFC 9394 3.3) */
	uint32_t *uids;			/* the messages that are meant, ascending; modifiers leave some out */
	size_t n;
};

/* SP sequence-set SP items [SP "(" modifier *(SP modifier) ")"], up to the end. */
bool fetch_parse_request(struct session *s, struct cursor *c, struct fetch_request *ret);
/* Enables what is enabled by asking so, finds the messages, and lets the modifiers do their work, in the order of extensions.
 * NULL, or why that is BAD.
 */
const char *fetch_prepare(struct session *s, struct arena *a, struct fetch_request *f);

unsigned fetch_needs(const struct fetch_request *f);	/* of all its items */

/* "* n FETCH (...)" for one message, with also (TELLS_UID, TELLS_MODSEQ) if items do not have it. A negative errno
 * if it could not be read: then nothing was written, or, if its file failed in the middle of a literal, blanks in
 * place of its octets.
 */
int fetch_tell(struct session *s, struct fetching *f, const struct fetch_item *items, size_t n, unsigned also);

/* Writes octets [from, to) of the file as a literal, as they are sent; of them only partial, if it is not NULL. A negative errno:
 * NIL if none could be read, or blanks in place of those that could not.
 */
int fetch_literal(struct session *s, struct fetching *f, off_t from, off_t to, const struct partial *partial);

/* Forgets where the last partial FETCH has ended, as is needed before a message of another folder is read. */
void fetch_forget(struct session *s);

/* Puts blanks where octets were announced that can't be read any more, so that the stream stays in step. */
void fetch_pad(struct session *s, uint64_t octets);

/* Writes text as a literal; as "" if it is empty. */
void fetch_string(struct session *s, struct str text);

/* ENVELOPE's and BODYSTRUCTURE's values (RFC 9051 7.5.2); extended is BODYSTRUCTURE, else BODY. Parts of type message/rfc822
 * have their own envelopes, in the file.
 */
void fetch_write_envelope(struct writer *w, const struct envelope *e);
int fetch_write_structure(struct writer *w, struct fetching *f, const struct part *part, bool extended);
