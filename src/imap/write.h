/* imap/write.h: the formal syntax written: a function for each rule that the server sends */
#pragma once
#include "base/buf.h"
#include "imap/sets.h"
#include "imap/values.h"

/* Every function puts the space before its value itself: none at the start of a line or after "(" and "[",
 * else one. Nothing fails: what out can't take is the connection's matter. It is the only place that picks
 * atom, quoted or literal, so what came from a client or out of a message can't break a line.
 */
struct writer {
	struct buf *out;
	bool utf8;   /* UTF8=ACCEPT or IMAP4rev2 is enabled: mailbox names and quoted strings in UTF-8 */
	bool spaced; /* the next value gets a space before it */
};

void writer_init(struct writer *w, struct buf *out);

/* Lines: w_untagged(), values, w_crlf(). */
void w_untagged(struct writer *w); /* "* " */
void w_tagged(struct writer *w, struct str tag);
void w_continue(struct writer *w); /* "+ " */
/* Human text to the line's end, made safe: controls, 8-bit octets and a "[" at its beginning become "?". */
void w_text(struct writer *w, struct str text);
void w_crlf(struct writer *w);

/* Values */
void w_atom(struct writer *w, const char *word);     /* a word of our own */
void w_verbatim(struct writer *w, struct str value); /* what a writer made before, no space at its ends */
void w_number(struct writer *w, uint64_t v);
void w_nil(struct writer *w);
void w_glue(struct writer *w);	/* the next value gets no space: addresses and bodies stand close together */
void w_open(struct writer *w);	/* "(" */
void w_close(struct writer *w); /* ")" */
void w_code_open(struct writer *w, const char *code); /* "[CODE" */
void w_code_close(struct writer *w);		      /* "]" */

/* Quoted if s is short and printable ASCII (or UTF-8, when enabled), else a literal. NULs are left out. */
void w_string(struct writer *w, struct str s);
void w_nstring(struct writer *w, struct str s); /* NIL if s.s is NULL */
void w_astring(struct writer *w, struct str s);
/* "{n}" CRLF: exactly so many octets must follow in out, none of them NUL. */
void w_literal(struct writer *w, uint64_t octets);
void w_literal8(struct writer *w, uint64_t octets); /* "~{n}" CRLF: the same, of any kind (RFC 3516) */

void w_mailbox(struct writer *w, struct str name);  /* name is UTF-8; sent in modified UTF-7 unless w->utf8 */
void w_separator(struct writer *w, char separator); /* of LIST: quoted; 0 is NIL */
void w_keyword(struct writer *w, struct str keyword); /* one that is no atom is left out */
/* "(" the flags in system, in the order of enum flag, then keywords ")". */
/* "* " number " FETCH (", or UIDFETCH (RFC 9586); and "UID" uid, if that is not 0. */
void w_fetch(struct writer *w, bool uidfetch, uint32_t number, uint32_t uid);
void w_flags(struct writer *w, unsigned system, const struct str *keywords, size_t n);
void w_date_time(struct writer *w, struct date_time t); /* quoted; the nearest one in years 0 to 9999 */
void w_sequence_set(struct writer *w, struct seqset set);
void w_uid_set(struct writer *w, struct uidset *set); /* must not be empty: there is no word for that */

/* "BODY[2.HEADER.FIELDS (From)]<7>": item is "BODY" or "BINARY"; from is NULL where the request had no
 * partial. */
void w_section(struct writer *w, const char *item, const struct section *section, const struct partial *from);
