/* mail/glimpse.c: the first words of a text, in one line */
#include "base/utf8.h"
#include "mail/glimpse.h"

enum { NEAR = 120 };	/* octets at most that are given up to end with a whole word */

void glimpse_init(struct glimpse *g, struct buf *out)
{
	*g = (struct glimpse){ .out = out, .max = GLIMPSE_MAX };
}

void glimpse_space(struct glimpse *g)
{
	g->space = g->chars > 0;
}

static bool is_space(uint32_t c)
{
	return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x2800 || c == 0x3000;
}

/* What newsletters fill their first line with, and marks of direction, which would outlive the text they are about. */
static bool is_invisible(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || c == 0x200b || c == 0x200e || c == 0x200f ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffc) ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe007f);
}

/* Joiners mean something between characters only. */
static bool is_joiner(uint32_t c)
{
	return c == 0x200c || c == 0x200d;
}

void glimpse_char(struct glimpse *g, uint32_t c)
{
	if (is_space(c)) {
		glimpse_space(g);
		return;
	}
	if (is_invisible(c) || (is_joiner(c) && (g->space || g->chars == 0)))
		return;
	if (g->chars + g->space >= g->max) {
		g->full = true;
		return;
	}
	if (g->space) {
		g->last_space = g->out->n;
		buf_c(g->out, ' ');
		g->chars++;
	}
	g->space = false;
	utf8_put(g->out, c);
	g->chars++;
}

void glimpse_text(struct glimpse *g, struct str utf8)
{
	uint32_t c;

	while (utf8.n && !g->full) {
		if (utf8_next(&utf8, &c))
			glimpse_char(g, c);
		else
			utf8 = str_from(utf8, 1);
	}
}

void glimpse_end(struct glimpse *g)
{
	if (g->full && !g->space && g->last_space && g->out->n - g->last_space <= NEAR)
		g->out->n = g->last_space;
}
