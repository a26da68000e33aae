/* imap/values.h: what the grammar speaks of, as the parser gives it and the writer takes it */
#pragma once
#include "base/str.h"

struct strs {
	struct str *v;
	size_t n;
};

/* The system flags (RFC 9051 2.3.2), in the order in which they are written. */
enum flag {
	FLAG_ANSWERED = 1,
	FLAG_FLAGGED = 2,
	FLAG_DELETED = 4,
	FLAG_SEEN = 8,
	FLAG_DRAFT = 16,
	FLAG_RECENT = 32, /* written only: no client may name it (RFC 3501 2.3.2) */
	FLAG_ANY = 64,	  /* written only: the "\*" of PERMANENTFLAGS */
};

/* Keywords are as they were sent: one may repeat, in another case too. */
struct flags {
	unsigned system; /* of enum flag */
	struct strs keywords;
};

/* date-time: a moment, and the zone that it was told in. */
struct date_time {
	int64_t unix_time; /* seconds since 1970, UTC */
	int zone;	   /* minutes east of UTC */
};

/* section: what of a message is meant, "BODY[2.1.HEADER.FIELDS (From To)]". Numbers begin with 1. */
enum section_what {
	SECTION_ALL, /* all of the message, or of the part */
	SECTION_HEADER,
	SECTION_FIELDS,	    /* HEADER.FIELDS */
	SECTION_FIELDS_NOT, /* HEADER.FIELDS.NOT */
	SECTION_TEXT,
	SECTION_MIME, /* only with a part */
};

struct section {
	uint32_t *part; /* section-part, the outermost first; none means the message */
	size_t parts;
	enum section_what what;
	struct strs fields; /* of FIELDS and FIELDS_NOT, at least one, as they were sent */
};

/* partial: "<first.count>", in octets; count is never 0. */
struct partial {
	uint64_t first, count;
};

/* One "field" "value" of ID (RFC 2971); value.s is NULL for NIL. */
struct pair {
	struct str field, value;
};

struct pairs {
	struct pair *v;
	size_t n;
};

/* "{5}", "{5+}" or "~{5}" and its line end, without the octets. */
struct announcement {
	uint64_t octets;
	bool sync;   /* the client waits for "+" before it sends them; false for "{5+}" (RFC 7888) */
	bool binary; /* literal8 (RFC 3516): may hold NUL */
};
