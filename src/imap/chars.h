/* imap/chars.h: the classes of characters (RFC 9051 9) */
#pragma once
#include "base/str.h"

bool char_atom(char c);	   /* ATOM-CHAR */
bool char_astring(char c); /* ASTRING-CHAR: "]" too */
bool char_list(char c);	   /* list-char: "%" and "*" too */
bool char_tag(char c);	   /* of a tag: no "+" */
/* All of s, and at least one. */
bool chars_all(struct str s, bool (*class)(char));
