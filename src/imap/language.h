/* imap/language.h: in which language the server speaks (LANGUAGE, RFC 5255 3) */
#pragma once
#include "imap/parse.h"

/* Ends with NULL. The first is the one that is spoken before anything is asked for (RFC 2277 4.5). */
extern const char *const languages[];

/* *(SP lang-range-quoted), up to the end */
bool p_languages(struct cursor *c, struct strs *ret);
/* The first language that one of the ranges means, by RFC 4647 3.4 (lookup), or NULL. */
const char *language_choose(const struct strs *ranges);
