/* mail/address.c: address lists (RFC 5322 3.4, 4.4), and what people write instead */
#include <string.h>
#include "base/buf.h"
#include "mail/address.h"
#include "mail/lex.h"

struct parser {
	struct str rest;
	struct arena *arena;
	struct addresses *list;
	bool group;	    /* one is open */
	struct str comment; /* the last one in this address; s is NULL if there is none */
	struct buf phrase;  /* the words read, as a display name: a blank between two */
	struct buf local;   /* and as a local part: none beside a dot */
	struct buf host;
};

static void add(struct parser *p, struct address address)
{
	struct addresses *list = p->list;

	if (list->n + p->group >= ADDRESSES_MAX)
		return;
	list->v = arena_grow(p->arena, list->v, list->n + 1, sizeof *list->v);
	list->v[list->n++] = address;
}

static void cfws(struct parser *p)
{
	lex_comment(&p->rest, p->arena, &p->comment);
}

/* "=?charset?Q?text?=", which is one word even if it has specials in it. Not looked for over more than 256
 * octets.
 */
static bool encoded_word(struct str *rest, struct str *ret)
{
	const struct str s = str_head(*rest, 256);
	unsigned marks = 0;

	if (!str_starts(s, STR("=?")))
		return false;
	for (size_t i = 2; i + 1 < s.n && s.s[i] > ' '; i++) {
		if (s.s[i] == '?')
			marks++;
		if (marks >= 3 && s.s[i] == '?' && s.s[i + 1] == '=') {
			*ret = str_head(s, i + 2);
			*rest = str_from(*rest, i + 2);
			return true;
		}
	}
	return false;
}

static void add_word(struct parser *p, struct str word, bool blank)
{
	const struct str local = buf_view(&p->local);

	if (blank && p->phrase.n)
		buf_c(&p->phrase, ' ');
	if (blank && local.n && !str_ends(local, STR(".")) && !str_starts(word, STR(".")))
		buf_c(&p->local, ' ');
	buf_str(&p->phrase, word);
	buf_str(&p->local, word);
}

/* Reads words up to one of the octets in stops, or the end. An octet that can't be there is a word. */
static void words(struct parser *p, const char *stops)
{
	for (;;) {
		const size_t before = p->rest.n;
		struct str word;
		bool blank;

		cfws(p);
		blank = p->rest.n < before;
		if (p->rest.n == 0 || (p->rest.s[0] && strchr(stops, p->rest.s[0])))
			return;
		if (!lex_quoted(&p->rest, p->arena, &word) && !encoded_word(&p->rest, &word) &&
		    !lex_run(&p->rest, lex_specials, &word)) {
			word = str_head(p->rest, 1);
			p->rest = str_from(p->rest, 1);
		}
		add_word(p, word, blank);
	}
}

static void forget_words(struct parser *p)
{
	buf_clear(&p->phrase);
	buf_clear(&p->local);
}

static struct str text(struct parser *p, const struct buf *b)
{
	return arena_str(p->arena, buf_view(b));
}

/* A domain or a domain literal, without blanks and comments beside its dots (RFC 5322 4.4). */
static struct str domain(struct parser *p)
{
	struct str more;

	buf_clear(&p->host);
	for (;;) {
		cfws(p);
		if (p->host.n && !str_ends(buf_view(&p->host), STR(".")) && !str_starts(p->rest, STR(".")))
			break;
		if (!lex_domain_literal(&p->rest, p->arena, &more) && !lex_run(&p->rest, lex_specials, &more))
			break;
		buf_str(&p->host, more);
	}
	return text(p, &p->host);
}

/* angle-addr without its "<": route (RFC 5322 4.4), local part, domain */
static void angle(struct parser *p, struct address *found)
{
	forget_words(p);
	if (str_starts(p->rest, STR("@"))) {
		words(p, ":>");
		if (lex_char(&p->rest, ':')) {
			found->route = text(p, &p->local);
			forget_words(p);
		}
	}
	words(p, "@>,;");
	found->mailbox = text(p, &p->local);
	found->host = lex_char(&p->rest, '@') ? domain(p) : STR("");
}

static void group_end(struct parser *p)
{
	if (!p->group)
		return;
	p->group = false;
	add(p, (struct address){ 0 });
}

static void group_start(struct parser *p)
{
	if (p->list->n + 2 > ADDRESSES_MAX)
		return;
	add(p, (struct address){ .mailbox = text(p, &p->phrase) });
	p->group = true;
}

/* One element of the list, up to the "," or ";" behind it. */
static void element(struct parser *p)
{
	struct address found = { 0 };
	struct str phrase;

	p->comment = (struct str){ 0 };
	forget_words(p);
	words(p, p->group ? "<@,;" : "<@,:;");
	phrase = text(p, &p->phrase);
	if (lex_char(&p->rest, '@')) {
		found = (struct address){ .mailbox = text(p, &p->local), .host = domain(p) };
		cfws(p);
		phrase = arena_cat(p->arena, found.mailbox, STR("@"), found.host);
	} else if (!p->group && lex_char(&p->rest, ':')) {
		group_start(p);
		return;
	} else if (phrase.n) {
		found = (struct address){ .mailbox = phrase, .host = STR("") };
	}
	if (lex_char(&p->rest, '<')) { /* so what was read is a name, even if it had a "@" */
		angle(p, &found);
		found.name = phrase.n ? phrase : (struct str){ 0 };
	}
	cfws(p);
	if (!found.name.s && p->comment.n)
		found.name = p->comment;
	if (found.mailbox.s)
		add(p, found);
	words(p, "<,;");
}

void address_parse(struct arena *a, struct str value, struct addresses *list)
{
	struct parser p = { .rest = value, .arena = a, .list = list };

	while (p.rest.n) {
		element(&p);
		if (!lex_char(&p.rest, ',') && lex_char(&p.rest, ';'))
			group_end(&p);
	}
	group_end(&p);
	buf_release(&p.phrase);
	buf_release(&p.local);
	buf_release(&p.host);
}
