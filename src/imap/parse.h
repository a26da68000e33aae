/* imap/parse.h: the formal syntax read (RFC 3501 9, RFC 9051 9): a function for each rule, named after it */
#pragma once
#include "base/arena.h"
#include "imap/sets.h"
#include "imap/values.h"

/* A rule that matches moves the cursor past what it took and sets its ret; one that does not match touches
 * neither. So && reads as concatenation, || as alternative, a loop as repetition. No rule does any I/O.
 *
 * The text is a whole command without its last line end, with its literals inline: "a LOGIN {3}" CRLF "joe
 * x". What ret points to lives as long as the text and the arena.
 */
enum { CURSOR_WISHES = 4 };

struct cursor {
	struct str rest;     /* not parsed yet */
	struct arena *arena; /* the command's */
	bool utf8;	     /* UTF8=ACCEPT or IMAP4rev2 is enabled: mailbox names come in UTF-8 */
	char separator;	     /* of mailbox names, so that "inbox/x" is "INBOX/x"; 0 if there is none */

	struct str text; /* all of it */
	size_t furthest; /* where in it the last failure was that got furthest */
	struct wish {
		const char *what;
		bool literally;	 /* shown in quotes */
	} wishes[CURSOR_WISHES]; /* what would have matched there */
	unsigned nwishes;	 /* > CURSOR_WISHES: too many to tell */
};

/* utf8 and separator may be set afterwards. */
void cursor_init(struct cursor *c, struct arena *a, struct str text);

/* The text of a BAD, from how far any rule got: 'expected a number at column 14, before "abc"'. In the arena;
 * printable ASCII only. Columns are octets of the command, from 1.
 */
const char *parse_complaint(const struct cursor *c);

/* For rules outside of this file. what must outlive the cursor. All return false, so that a rule can end
 * with them. */
bool p_expected(struct cursor *c, const char *what); /* is wanted here: better than what terminals said */
bool p_back(struct cursor *c, struct str start);     /* puts the cursor back to where the rule began */
bool p_unknown(struct cursor *c, struct str start, const char *what); /* both: there is a word, but none of what is wanted */

/* Terminals */
bool p_char(struct cursor *c, char want);
bool p_sp(struct cursor *c);
bool p_end(struct cursor *c); /* the text is used up */
/* A keyword in any case, with no atom character behind it: "ALL" does not match "ALLX", and does "ALL)",
 * "ALL[". */
bool p_word(struct cursor *c, const char *word);
/* The one of words (ended by NULL) that is here. */
bool p_one_of(struct cursor *c, const char *const *words, size_t *ret);
bool p_tag(struct cursor *c, struct str *ret);
/* A command's name; "UID FETCH" is one name, with one space, in the case that the client wrote. */
bool p_command_name(struct cursor *c, struct str *ret);

/* Strings. The result may be a piece of the text. */
bool p_atom(struct cursor *c, struct str *ret);
/* 8-bit octets are taken if they are UTF-8, enabled or not: old clients send names and search texts so. NUL,
 * CR, LF and any escape but \" and \\ are refused (RFC 9051 9, quoted).
 */
bool p_quoted(struct cursor *c, struct str *ret);
bool p_literal(struct cursor *c, struct str *ret);  /* not "~{n}"; any octet but NUL */
bool p_literal8(struct cursor *c, struct str *ret); /* with or without "~"; any octet */
bool p_string(struct cursor *c, struct str *ret);   /* quoted / literal */
bool p_nstring(struct cursor *c, struct str *ret);  /* NIL gives ret->s == NULL; "" does not */
bool p_astring(struct cursor *c, struct str *ret);
/* The announcement of a literal whose octets are not in the text, as where a command is read up to it. */
bool p_announcement(struct cursor *c, struct announcement *ret);

/* Numbers */
bool p_number(struct cursor *c, uint32_t *ret);
bool p_nz_number(struct cursor *c, uint32_t *ret);	   /* not 0, and no leading 0 */
bool p_number64(struct cursor *c, uint64_t *ret);	   /* 63 bits (RFC 9051 9) */
bool p_sequence_set(struct cursor *c, struct seqset *ret); /* "$" too (RFC 5182) */
bool p_uid_set(struct cursor *c, struct seqset *ret);	   /* without "*" and "$" (RFC 4315 4) */

/* Mailboxes. Results are UTF-8, whatever way they came, and valid: no C0 or C1 control, DEL, U+2028, U+2029.
 * A first level that is INBOX in any case is "INBOX". A name in modified UTF-7 must be strictly so, unless it
 * holds 8-bit octets: then it is taken for UTF-8 as a whole, enabled or not.
 */
bool p_mailbox(struct cursor *c, struct str *ret);
/* The same for a pattern with % and *. What is no modified UTF-7 stands for itself; INBOX is left to
 * pattern.h. */
bool p_list_mailbox(struct cursor *c, struct str *ret);

/* Flags. \Recent, \* and unknown \Flags don't match: a client that sends one gets BAD. */
bool p_flag(struct cursor *c, struct flags *add);	 /* adds to it; untouched on failure */
bool p_flag_list(struct cursor *c, struct flags *ret);	 /* "(" [flag *(SP flag)] ")" */
bool p_store_flags(struct cursor *c, struct flags *ret); /* flag-list / flag *(SP flag) */

/* Dates. Impossible ones (31-Feb) don't match. */
bool p_date(struct cursor *c, int32_t *ret_day); /* in DQUOTEs or not; days since 1970-01-01 */
bool p_date_text(struct cursor *c, int32_t *ret_day);
bool p_date_time(struct cursor *c, struct date_time *ret); /* with its DQUOTEs; :60 is the next :00 */

/* FETCH */
bool p_section(struct cursor *c, struct section *ret);	      /* with its brackets */
bool p_section_part(struct cursor *c, struct section *ret);   /* "1.2": clears all but part and parts */
bool p_section_binary(struct cursor *c, struct section *ret); /* "[" [section-part] "]" (RFC 3516 4.2) */
bool p_partial(struct cursor *c, struct partial *ret);

/* The rest */
bool p_id_params(struct cursor *c, struct pairs *ret); /* NIL: none. Limits, no field twice: RFC 2971 3.3 */
/* "(" rule *(SP rule) ")", at least one: p_list(c, p_astring, &names). */
bool p_list(struct cursor *c, bool (*rule)(struct cursor *, struct str *), struct strs *ret);
