/* mail/lex.h: the words that structured header fields are made of (RFC 5322 3.2, RFC 2045 5.1) */
#pragma once
#include "base/arena.h"

/* Each takes something off the front of *rest. Those that return bool take nothing when they return false.
 * All are linear and do not recurse: a comment or a string that is not closed goes to the end.
 */

void lex_blank(struct str *rest); /* white space and line ends */
void lex_cfws(struct str *rest);  /* those and comments */
/* The same, and *ret is the text of the last comment, in a; untouched if there is none. */
void lex_comment(struct str *rest, struct arena *a, struct str *ret);
bool lex_char(struct str *rest, char c);
/* Octets that are not blank, not controls, and not in specials; at least one. 8-bit octets are taken. */
bool lex_run(struct str *rest, const char *specials, struct str *ret);
/* "..." or [...]; *ret is what is inside, in a: \x is x, line ends are gone. */
bool lex_quoted(struct str *rest, struct arena *a, struct str *ret);
bool lex_domain_literal(struct str *rest, struct arena *a, struct str *ret); /* *ret keeps the brackets */

extern const char lex_specials[];  /* not in an atom (RFC 5322 3.2.3), but "." is allowed */
extern const char lex_tspecials[]; /* not in a token (RFC 2045 5.1) */
