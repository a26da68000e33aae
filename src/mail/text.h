/* mail/text.h: looking for text in messages, as their readers see it (SEARCH: RFC 9051 6.4.4) */
#pragma once
#include "mail/fold.h"
#include "mail/mime.h"

/* HEADER, SUBJECT, FROM and so on: whether any field of that name holds the needle, encoded words decoded. An
 * empty needle is held by any field of that name, also an empty one. Resets the matcher first.
 */
bool text_field(struct str header, struct str name, enum collation collation, struct matcher *m);
/* Looks at one field's value. Returns found. */
bool text_value(struct str value, enum collation collation, struct matcher *m);
/* Adds what text_value() shows the matcher. */
void text_fold(struct buf *b, struct str value, enum collation collation);

enum {
	TEXT_HEADER = 1, /* the header of the message, and the MIME headers of its parts */
	TEXT_BODY = 2,	 /* all its text/ parts and message/ parts, also the headers of messages in it */
};

/* A needle and where it may be: TEXT is both, BODY only TEXT_BODY. */
struct text_search {
	unsigned where;
	struct matcher matcher;
};

/* Reads the message once and feeds its text to all n of v, until all are found: fields with encoded words
 * decoded, parts with transfer encoding and charset decoded (HTML as it is). A match never spans two fields
 * or two parts. Resets the matchers first. Returns 0 (look at matcher.found) or a negative errno.
 */
int text_search(int fd, const struct part *root, enum collation collation, struct text_search *v, size_t n);
