/* cmd/urlauth.c: URLs that others may use: GENURLAUTH, URLFETCH, RESETKEY (RFC 4467), and what URLFETCH can be asked for (RFC
 * 5524)
 */
#include "command.h"
#include "decoding.h"
#include "mail/sent.h"
#include "maildir/urlkey.h"
#include "urls.h"

/* ---- GENURLAUTH ---- */

static enum verdict cmd_unsigned(struct command *cmd, int r)
{
	if (r == -EINVAL)
		return cmd_bad(cmd, "Want imap://user@host/mailbox/;UID=n, and who may use it: ;URLAUTH=anonymous and the like.");
	if (r == -EPERM)
		return cmd_bad(cmd, "That URL is of another user.");
	return r == -ENOENT ? cmd_bad(cmd, "That URL is of no mailbox here.") : cmd_failed(cmd, r);
}

/* 1*(SP url-rump SP mechanism), all or none */
static enum verdict cmd_genurlauth(struct session *s, struct command *cmd)
{
	struct cursor *c = &cmd->args;
	struct strs urls = { 0 };
	struct str rump, mechanism, url;

	do {
		int r;

		if (!p_sp(c) || !p_astring(c, &rump) || !p_sp(c) || !p_atom(c, &mechanism))
			return cmd_syntax(cmd);
		if (!str_ieq(mechanism, STR("INTERNAL")))
			return cmd_no(cmd, "CANNOT", "INTERNAL is the only mechanism.");
		r = url_sign(s, cmd->arena, rump, &url);
		if (r < 0)
			return cmd_unsigned(cmd, r);
		urls.v = arena_grow(cmd->arena, urls.v, urls.n + 1, sizeof *urls.v);
		urls.v[urls.n++] = url;
	} while (!p_end(c));
	w_untagged(&s->out);
	w_atom(&s->out, "GENURLAUTH");
	for (size_t i = 0; i < urls.n; i++)
		w_astring(&s->out, urls.v[i]);
	w_crlf(&s->out);
	return cmd_ok(cmd, "GENURLAUTH completed.");
}

/* ---- RESETKEY ---- */

/* [SP mailbox *(SP mechanism)] */
static enum verdict cmd_resetkey(struct session *s, struct command *cmd)
{
	struct cursor *c = &cmd->args;
	struct str name, folder, mechanism;
	int r;

	if (p_end(c)) {
		r = urlkey_forget_all(s->store.account);
		return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "All keys are gone.");
	}
	if (!p_sp(c) || !p_mailbox(c, &name))
		return cmd_syntax(cmd);
	while (p_sp(c)) {
		if (!p_atom(c, &mechanism))
			return cmd_syntax(cmd);
		if (!str_ieq(mechanism, STR("INTERNAL")))
			return cmd_no(cmd, "CANNOT", "INTERNAL is the only mechanism.");
	}
	if (!p_end(c))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, name, &folder);
	if (r == 0)
		r = urlkey_reset(s->store.account, folder);
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok_code(cmd, "URLMECH INTERNAL", "There is a new key.");
}

/* ---- URLFETCH ---- */

enum wants { WANTS_BODY = 1, WANTS_BINARY = 2, WANTS_STRUCTURE = 4 };

/* url-fetch-arg; wants is 0 if it is a URL alone. */
struct wanted {
	struct str url;
	unsigned wants;
};

static bool p_wants(struct cursor *c, unsigned *wants)
{
	static const char *const words[] = { "BODY", "BINARY", "BODYPARTSTRUCTURE", NULL };
	const unsigned both = WANTS_BODY | WANTS_BINARY;
	size_t word;

	while (p_sp(c)) {
		if (!p_one_of(c, words, &word))
			return false;
		if (*wants & 1U << word || ((*wants | 1U << word) & both) == both)
			return p_expected(c, "each item once, and not both BODY and BINARY");
		*wants |= 1U << word;
	}
	return true;
}

/* url-full / "(" url-full *(SP url-fetch-param) ")" (RFC 5524 5) */
static bool p_wanted(struct cursor *c, struct wanted *ret)
{
	struct wanted w = { .wants = 0 };
	const bool extended = p_char(c, '(');

	if (!p_astring(c, &w.url) || (extended && !(p_wants(c, &w.wants) && p_char(c, ')'))))
		return false;
	*ret = w;
	return true;
}

/* What is to be told of a URL: where it is, and how it is told. */
struct told {
	struct url url;
	struct fetching f;
	struct piece piece;
	const struct part *part;	/* that it is the whole body of; NULL: it is something else */
	enum encoding encoding;
	bool decoded;			/* s->decoding has it */
};

/* All of it, or a range. */
static const struct partial *range_of_url(const struct url *url, struct partial *p)
{
	*p = (struct partial){ url->first, url->count ? url->count : UINT64_MAX };
	return url->first || url->count ? p : NULL;
}

static int write_content(struct session *s, struct told *t)
{
	struct partial some;
	const struct partial *partial = range_of_url(&t->url, &some);
	struct str text = buf_view(&t->piece.text);

	if (t->decoded)
		return decoding_write(s, &t->f, t->encoding, partial);
	if (!t->piece.in_text)
		return fetch_literal(s, &t->f, t->piece.from, t->piece.to, partial);
	if (partial)
		text = str_head(str_from(text, MIN(partial->first, text.n)), MIN(partial->count, text.n));
	fetch_string(s, text);
	return 0;
}

/* The part as it is told: without an encoding if it is decoded. What is no part is a text of its own; the whole message is
 * described by what its body is.
 */
static struct part describe(struct session *s, const struct told *t)
{
	struct part p = { .kind = PART_LEAF, .encoding = STR("8BIT") };

	if (t->part)
		p = *t->part;
	else {
		p.type = STR("TEXT");
		p.subtype = t->url.section.what == SECTION_TEXT ? STR("PLAIN") : STR("RFC822-HEADERS");
	}
	if (t->decoded && p.kind == PART_LEAF && (!t->part || t->url.section.parts)) {
		p.encoding = STR("BINARY");
		p.body_size = s->decoding->size;
		p.body_lines = s->decoding->lines;
	}
	return p;
}

/* Sizes of what is no part are not known before it is read. */
static int measure(struct told *t, struct part *p)
{
	if (t->part)
		return 0;
	if (!t->piece.in_text)
		return sent_size(t->f.fd, t->piece.from, t->piece.to, &p->body_size, &p->body_lines);
	p->body_size = t->piece.text.n;
	for (size_t i = 0; i < t->piece.text.n; i++)
		p->body_lines += t->piece.text.s[i] == '\n';
	return 0;
}

static int write_structure(struct session *s, struct told *t)
{
	struct part p = describe(s, t);
	int r = measure(t, &p);

	w_open(&s->out);
	w_atom(&s->out, "BODYPARTSTRUCTURE");
	if (r < 0)
		w_nil(&s->out);
	else
		r = fetch_write_structure(&s->out, &t->f, &p, true);
	w_close(&s->out);
	return r;
}

/* 1*(SP "(" url-metadata-el ")") */
static int write_items(struct session *s, struct told *t, unsigned wants)
{
	const bool undecodable = wants & WANTS_BINARY && t->encoding == ENCODING_UNKNOWN;
	int r = 0, content = 0;

	if (wants & WANTS_STRUCTURE)
		r = write_structure(s, t);
	if (wants & (WANTS_BODY | WANTS_BINARY)) {
		w_open(&s->out);
		w_atom(&s->out, wants & WANTS_BINARY ? "BINARY" : "BODY");
		if (undecodable)
			w_nil(&s->out);
		else
			content = write_content(s, t);
		w_close(&s->out);
	}
	return r < 0 ? r : content;
}

/* Finds out what the URL's octets are, and decodes them if that is wanted. */
static int prepare(struct session *s, struct told *t, unsigned wants)
{
	const struct section *section = &t->url.section;
	int r = wants & ~(unsigned)WANTS_BODY ? fetching_need(&t->f, NEEDS_PARTS) : 0;

	t->encoding = ENCODING_NONE;
	if (r < 0 || t->f.parts == NULL)
		return r;
	if (section->what == SECTION_ALL)
		t->part = section->parts ? mime_find(t->f.parts, section->part, section->parts) : t->f.parts;
	if (t->part && section->parts && t->part->kind == PART_LEAF)
		t->encoding = encoding_of(t->part->encoding);
	if (!(wants & WANTS_BINARY) || t->piece.in_text || t->encoding == ENCODING_UNKNOWN)
		return 0;
	r = decoding_prepare(s, &t->f, t->piece.from, t->piece.to, t->encoding);
	t->decoded = r == 0;
	return r;
}

/* One URL with what was wanted of it, or NIL. A negative errno of reading it. */
static int tell(struct session *s, struct url_source *source, const struct wanted *wanted)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct told t = { .f.fd = -1 };
	int r = -ENOENT;

	fetch_forget(s);	/* it may be of another folder */
	w_astring(&s->out, wanted->url);
	/* Without a URLAUTH there is no right to it (RFC 4467 7, URLFETCH). */
	if (str_istarts(wanted->url, STR("imap:")))
		r = url_find(s, source, &a, wanted->url, &t.url, &t.f, &t.piece);
	if (r >= 0)
		r = prepare(s, &t, wanted->wants);
	if (r < 0)
		w_nil(&s->out);
	else
		r = wanted->wants ? write_items(s, &t, wanted->wants) : write_content(s, &t);
	piece_release(&t.piece);
	fetching_end(&t.f);
	fetch_forget(s);
	conn_flush_some(&s->conn, 65536);
	return r == -ENOENT ? 0 : r;
}

/* 1*(SP url-fetch-arg) */
static enum verdict cmd_urlfetch(struct session *s, struct command *cmd)
{
	_cleanup_(url_source_release) struct url_source source = { 0 };
	struct wanted *v = NULL;
	size_t n = 0;
	int r = 0;

	do {
		v = arena_grow(cmd->arena, v, n + 1, sizeof *v);
		if (!p_sp(&cmd->args) || !p_wanted(&cmd->args, &v[n++]))
			return cmd_syntax(cmd);
	} while (!p_end(&cmd->args));
	w_untagged(&s->out);
	w_atom(&s->out, "URLFETCH");
	for (size_t i = 0; i < n; i++) {
		const int one = tell(s, &source, &v[i]);

		r = r < 0 ? r : one;
	}
	w_crlf(&s->out);
	return r < 0 ? cmd_failed(cmd, r) : cmd_ok(cmd, "URLFETCH completed.");
}

static const struct command_row commands[] = {
	{ "GENURLAUTH", ANY_STATE, LEAVES, cmd_genurlauth },
	{ "RESETKEY",   ANY_STATE, LEAVES, cmd_resetkey   },
	{ "URLFETCH",   ANY_STATE, LEAVES, cmd_urlfetch   },
	{ 0 },
};
const struct extension ext_urlauth = { .rfc = 4467, .capability = "URLAUTH URLAUTH=BINARY", .commands = commands };
