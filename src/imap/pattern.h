/* imap/pattern.h: the patterns of LIST, with % and * (RFC 9051 6.3.9) */
#pragma once
#include "base/arena.h"

/* Patterns and names are UTF-8, octet by octet; names are canonical ("INBOX" and nothing else). "INBOX" in
 * any case as the first level of a pattern, or right before a wildcard, means INBOX; a beginning of it
 * ("INBO*") must have its case. Matching takes time in proportion to the length of the name squared, whatever
 * the pattern is.
 */
struct pattern;

/* In the arena. separator is 0 if names have no levels: then % is *. */
const struct pattern *pattern_new(struct arena *a, struct str text, char separator);

bool pattern_matches(const struct pattern *p, struct str name);
