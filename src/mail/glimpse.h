/* mail/glimpse.h: the first words of a text, in one line */
#pragma once
#include "base/buf.h"

/* Characters that are added one by one: blanks of any kind are one space, controls and what can't be seen are left out, and
 * what is beyond max is not taken.
 */
struct glimpse {
	struct buf *out;
	size_t chars, max;
	size_t last_space;	/* octets of out before the last space; 0: none yet */
	bool space;		/* one comes before the next character */
	bool full;		/* there was more */
};

enum { GLIMPSE_MAX = 200 };	/* characters (RFC 8970 3.3) */

void glimpse_init(struct glimpse *g, struct buf *out);
void glimpse_char(struct glimpse *g, uint32_t c);
void glimpse_text(struct glimpse *g, struct str utf8);
void glimpse_space(struct glimpse *g);	/* a word ends here */
/* Cuts what is full at the end of a word, if there is one near. */
void glimpse_end(struct glimpse *g);

/* What a reader sees first of plain text, without what is quoted and signed in it; with all, of what is quoted, too. */
void glimpse_plain(struct glimpse *g, struct str utf8, bool all);
/* The same of HTML: its text, without markup. */
void glimpse_html(struct glimpse *g, struct str utf8, bool all);

/* The character that "&name;" stands for, or 0. */
uint32_t html_entity(struct str name);
