/* upload.c: messages on their way from a client into a folder: for APPEND and REPLACE */
#include <string.h>
#include "base/fd.h"
#include "limit.h"
#include "mail/encode.h"
#include "notify.h"
#include "upload.h"
#include "view.h"
#include "warm.h"

void upload_release(struct upload *u)
{
	for (size_t i = 0; i < u->n; i++)
		maildir_tmp_discard(&u->v[i]);
	buf_release(&u->stored);
	url_source_release(&u->source);
	maildir_close(u->opened);
}

/* ---- lines ---- */

/* What a line that can't be had ends the command with. */
static enum verdict no_line(struct upload *u, enum frame_status status)
{
	if (status == FRAME_TOO_LONG)
		return cmd_bad(u->cmd, "Command too long.");
	if (status == FRAME_STOP)
		session_bye(u->s, STATUS_SIGNAL, "UNAVAILABLE", "Server shutting down.");
	else
		session_end(u->s, status == FRAME_TIMEOUT ? STATUS_TIMEOUT : STATUS_DISCONNECTED);
	return cmd_over();
}

/* The frame's text has grown, and may have moved: the cursor goes on in it at octet at. */
static enum verdict resume(struct upload *u, size_t at)
{
	const struct str text = buf_view(&u->s->frame.text);
	struct cursor *c = &u->cmd->args;
	const bool utf8 = c->utf8;
	const char separator = c->separator;

	if (u->s->frame.nul)
		return cmd_bad(u->cmd, "A NUL octet in a command.");
	cursor_init(c, u->cmd->arena, text);
	c->utf8 = utf8;
	c->separator = separator;
	c->rest = str_from(text, at);
	return OK;
}

/* A message's literal has been read: the line that goes on behind it. What came before has been used. */
static enum verdict next_line(struct upload *u)
{
	enum frame_status status;

	frame_forget(&u->s->frame);
	status = frame_line(&u->s->frame);
	return status == FRAME_COMPLETE || status == FRAME_LITERAL ? resume(u, 0) : no_line(u, status);
}

/* If a string is next that is a literal, its octets are taken into the text. */
static enum verdict string_literal(struct upload *u)
{
	struct frame *f = &u->s->frame;
	struct cursor ahead = u->cmd->args;
	const size_t at = f->text.n - ahead.rest.n;
	struct announcement a;
	enum frame_status status;

	if (!p_announcement(&ahead, &a) || !p_end(&ahead))
		return OK;
	if (a.binary)
		return cmd_syntax(u->cmd);
	status = frame_literal(f);
	if (status == FRAME_TOO_LONG)
		return cmd_no(u->cmd, "TOOBIG", "That string is too long.");
	if (status == FRAME_COMPLETE)
		status = frame_line(f);
	return status == FRAME_COMPLETE || status == FRAME_LITERAL ? resume(u, at) : no_line(u, status);
}

enum verdict upload_mailbox(struct upload *u)
{
	struct command *cmd = u->cmd;
	enum verdict verdict;
	struct str name;
	int r;

	if (!p_sp(&cmd->args))
		return cmd_syntax(cmd);
	verdict = string_literal(u);
	if (verdict != OK)
		return verdict;
	if (!p_mailbox(&cmd->args, &name))
		return cmd_syntax(cmd);
	r = store_folder(&u->s->store, cmd->arena, name, &u->folder);
	if (r == 0)
		r = session_open(u->s, u->folder, 0, &u->opened, &u->box);
	return r < 0 ? cmd_failed_target(cmd, r == -EINVAL ? -ENOENT : r) : OK;
}

/* ---- octets ---- */

/* As they are stored: CRLF is LF, all else is as it came. */
static void to_stored(struct upload *u, struct str octets)
{
	while (octets.n) {
		const size_t n = str_find(octets, '\r');

		if (u->cr && octets.s[0] != '\n')
			buf_c(&u->stored, '\r');
		u->cr = n < octets.n;
		buf_str(&u->stored, str_head(octets, n));
		octets = str_from(octets, n + u->cr);
	}
}

int upload_store(struct upload *u, struct str octets)
{
	const int fd = u->v[u->n - 1].fd;

	if (u->binary)
		return fd_write_all(fd, octets.s, octets.n);
	buf_clear(&u->stored);
	to_stored(u, octets);
	return fd_write_all(fd, u->stored.s, u->stored.n);
}

enum verdict upload_octets(struct upload *u, struct str octets)
{
	int r;

	u->octets += octets.n;
	if (u->octets > u->s->config.append_limit)
		return cmd_no(u->cmd, "TOOBIG", "The message is larger than APPENDLIMIT.");
	r = upload_store(u, octets);
	return r < 0 ? cmd_failed(u->cmd, r) : OK;
}

static int put(void *data, struct str octets)
{
	return upload_store(data, octets);
}

/* A literal8 has come whole: it is stored anew, with lines as any message has them, and parts that can't have lines in base64
 * (RFC 3516 4.4, 6).
 */
static int settle_binary(struct upload *u)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(maildir_tmp_discard) struct md_tmp raw = u->v[u->n - 1];
	struct md_tmp *m = &u->v[u->n - 1];
	struct part *root;
	int r;

	m->fd = -1;
	m->name[0] = 0;
	u->binary = false;
	r = mime_parse(raw.fd, &a, &mime_limits, &root);
	if (r == 0)
		r = maildir_tmp_open(u->box, m);
	if (r < 0)
		return r;
	m->flags = raw.flags;
	m->keywords = raw.keywords;
	m->nkeywords = raw.nkeywords;
	m->dated = raw.dated;
	m->date = raw.date;
	return encode_binary(raw.fd, root, put, u);
}

/* The announced literal goes into the message; then the rest of the line is there. */
static enum verdict literal(struct upload *u, const struct announcement *a)
{
	struct frame *f = &u->s->frame;
	enum verdict verdict = OK;
	char piece[65536];
	ssize_t n = 0;

	if (a->octets > u->s->config.append_limit - MIN(u->octets, u->s->config.append_limit))
		return cmd_no(u->cmd, "TOOBIG", "The message is larger than APPENDLIMIT.");
	frame_accept(f);
	while (verdict == OK && (n = frame_octets(f, piece, sizeof piece)) > 0) {
		if (!a->binary && memchr(piece, 0, (size_t)n))	/* RFC 9051 4.3.1: only literal8 may */
			verdict = cmd_bad(u->cmd, "A NUL octet in a message.");
		else
			verdict = upload_octets(u, (struct str){ piece, (size_t)n });
	}
	if (n < 0)
		return no_line(u, frame_refuse(f));
	return verdict == OK ? next_line(u) : verdict;
}

/* ---- messages ---- */

/* literal / literal8 */
static enum verdict whole(struct upload *u)
{
	struct announcement a;

	if (!p_announcement(&u->cmd->args, &a) || !p_end(&u->cmd->args))
		return cmd_syntax(u->cmd);
	u->binary = a.binary;
	if (a.octets == 0)	/* RFC 3502 6.3.11: so can all of it be cancelled */
		return cmd_no(u->cmd, "CANNOT", "The message is empty.");
	return literal(u, &a);
}

/* "UTF8" SP "(" literal8 ")" (RFC 6855 4) */
static enum verdict utf8(struct upload *u)
{
	struct announcement a;
	enum verdict verdict;
	struct cursor *c = &u->cmd->args;

	if (!(u->s->enabled & ON_UTF8))
		return cmd_bad(u->cmd, "UTF8=ACCEPT is not enabled.");
	if (!p_sp(c) || !p_char(c, '(') || !p_announcement(c, &a) || !p_end(c) || !a.binary)
		return cmd_syntax(u->cmd);
	a.binary = false;
	if (a.octets == 0)
		return cmd_no(u->cmd, "CANNOT", "The message is empty.");
	verdict = literal(u, &a);
	if (verdict != OK)
		return verdict;
	return p_char(c, ')') ? OK : cmd_syntax(u->cmd);
}

/* cat-part = "TEXT" SP literal / "URL" SP astring */
static enum verdict part(struct upload *u)
{
	struct cursor *c = &u->cmd->args;
	struct announcement a;
	enum verdict verdict;
	struct str url;

	if (p_word(c, "TEXT")) {
		if (!p_sp(c) || !p_announcement(c, &a) || !p_end(c) || a.binary)
			return cmd_syntax(u->cmd);
		return literal(u, &a);
	}
	if (!p_word(c, "URL") || !p_sp(c))
		return cmd_syntax(u->cmd);
	verdict = string_literal(u);
	if (verdict != OK)
		return verdict;
	return p_astring(c, &url) ? upload_url(u, url) : cmd_syntax(u->cmd);
}

/* "CATENATE" SP "(" cat-part *(SP cat-part) ")" (RFC 4469 5) */
static enum verdict catenate(struct upload *u)
{
	struct cursor *c = &u->cmd->args;

	if (!p_sp(c) || !p_char(c, '('))
		return cmd_syntax(u->cmd);
	do {
		const enum verdict verdict = part(u);

		if (verdict != OK)
			return verdict;
	} while (p_sp(c));
	if (!p_char(c, ')'))
		return cmd_syntax(u->cmd);
	return u->octets ? OK : cmd_no(u->cmd, "CANNOT", "The message is empty.");
}

/* [flag-list SP] [date-time SP]; keywords are copied out of the text, which changes. */
static bool options(struct upload *u, struct md_tmp *tmp)
{
	struct cursor *c = &u->cmd->args;
	struct flags flags = { 0 };
	struct date_time date;

	if (p_flag_list(c, &flags) && !p_sp(c))
		return false;
	tmp->dated = p_date_time(c, &date);
	if (tmp->dated && !p_sp(c))
		return false;
	if (tmp->dated)
		tmp->date = date.unix_time;
	for (size_t i = 0; i < flags.keywords.n; i++)
		flags.keywords.v[i] = arena_str(u->cmd->arena, flags.keywords.v[i]);
	tmp->flags = (uint8_t)flags.system;
	tmp->keywords = flags.keywords.v;
	tmp->nkeywords = flags.keywords.n;
	return true;
}

/* All of it has come. Several are synced together; the last ones, by delivering them. */
static int end(struct upload *u)
{
	enum { TOGETHER = 16 };	/* so many descriptors are open at most */
	struct md_tmp *tmp = &u->v[u->n - 1];
	int r = u->binary ? settle_binary(u) : 0;

	if (r == 0 && u->cr)
		r = fd_write_all(tmp->fd, "\r", 1);
	if (r >= 0)
		r = maildir_tmp_finish(u->box, tmp);
	if (r >= 0 && u->n % TOGETHER == 0)
		r = maildir_tmp_sync(u->box, tmp - (TOGETHER - 1), TOGETHER);
	return r;
}

/* SP append-opts append-data */
static enum verdict message(struct upload *u)
{
	struct command *cmd = u->cmd;
	struct md_tmp tmp = { .fd = -1 }, *m;
	enum verdict verdict;
	int r;

	if (!p_sp(&cmd->args) || !options(u, &tmp))
		return cmd_syntax(cmd);
	if (u->n == UPLOAD_MAX)
		return cmd_no(cmd, "LIMIT", "Too many messages in one command.");
	if (limit_saves(u->s, u->n + 1))
		return cmd_save_limit(u->s, cmd);
	u->v = arena_grow(cmd->arena, u->v, u->n + 1, sizeof *u->v);
	m = &u->v[u->n];
	r = maildir_tmp_open(u->box, m);
	if (r < 0)
		return cmd_failed(cmd, r);
	u->n++;
	m->flags = tmp.flags;
	m->keywords = tmp.keywords;
	m->nkeywords = tmp.nkeywords;
	m->dated = tmp.dated;
	m->date = tmp.date;
	u->octets = 0;
	u->cr = u->binary = false;
	verdict = p_word(&cmd->args, "CATENATE") ? catenate(u) : p_word(&cmd->args, "UTF8") ? utf8(u) : whole(u);
	if (verdict != OK)
		return verdict;
	r = end(u);
	return r < 0 ? cmd_failed(cmd, r) : OK;
}

enum verdict upload_messages(struct upload *u, bool many)
{
	do {
		const enum verdict verdict = message(u);

		if (verdict != OK)
			return verdict;
	} while (many && u->cmd->args.rest.n);
	return p_end(&u->cmd->args) ? OK : cmd_syntax(u->cmd);
}

enum verdict upload_deliver(struct upload *u, const char **ret_code, uint32_t **ret_uids)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct arena *a = u->cmd->arena;
	uint32_t *uids = arena_alloc(a, u->n * sizeof *uids);
	const int r = maildir_deliver(u->box, u->v, u->n, uids);
	struct uidset set;
	struct writer w;

	if (r < 0)
		return cmd_failed(u->cmd, r);
	warm_note(u->s, u->folder, u->box, uids, u->n);
	if (u->s->notify)
		notify_wrote(u->s, u->folder, u->box, (struct md_uids){ uids, u->n });
	uidset_init(&set, a);
	for (size_t i = 0; i < u->n; i++)
		uidset_add(&set, uids[i]);
	writer_init(&w, &text);
	w_atom(&w, "APPENDUID");
	w_number(&w, maildir_uidvalidity(u->box));
	w_uid_set(&w, &set);
	*ret_code = arena_str(a, buf_view(&text)).s;
	*ret_uids = uids;
	return OK;
}
