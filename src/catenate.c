/* catenate.c: the octets that a URL means, for a message that is put together (RFC 4469) */
#include "imap/url.h"
#include "mail/sent.h"
#include "section.h"
#include "upload.h"
#include "view.h"

/* The code has the URL in it, without what could end it (RFC 4469 5, url-resp-text). */
static enum verdict bad_url(struct upload *u, struct str url)
{
	_cleanup_(buf_release) struct buf code = { 0 };

	buf_z(&code, "BADURL ");
	for (size_t i = 0; i < url.n; i++)
		buf_c(&code, url.s[i] > ' ' && url.s[i] < 0x7f && url.s[i] != ']' && url.s[i] != '\\' ? url.s[i] : '?');
	if (url.n == 0)
		buf_c(&code, '?');
	return cmd_no(u->cmd, arena_str(u->cmd->arena, buf_view(&code)).s, "That URL is of no message or part here.");
}

/* The folder of a mailbox, up to date: the selected one, the target, or another, which stays open for the next URL. */
static int open_source(struct upload *u, struct str mailbox, struct maildir **ret)
{
	struct str folder;
	int r = store_folder(&u->s->store, u->cmd->arena, mailbox, &folder);

	if (r < 0)
		return r;
	if (u->opened && str_eq(folder, u->folder)) {
		*ret = u->opened;
		return maildir_update(u->opened, 0);
	}
	if (u->source && str_eq(folder, u->source_folder)) {
		*ret = u->source;
		return 0;
	}
	maildir_closep(&u->source);
	u->source_folder = folder;
	r = session_open(u->s, folder, MD_READONLY, &u->source, ret);
	return r == 0 && u->source ? maildir_update(u->source, 0) : r;
}

/* Octets first to first + count of a range of the file (all from first on, if count is 0), as they are sent. */
static enum verdict copy_range(struct upload *u, int fd, const struct piece *piece, const struct url *url)
{
	uint64_t left = url->count ? url->count : UINT64_MAX;
	enum verdict verdict = OK;
	char some[16384];
	struct sent in;
	ssize_t n = 1;
	int r;

	sent_open(&in, fd, piece->from, piece->to);
	in.keep_nul = true;
	r = sent_skip(&in, url->first);
	while (r == 0 && verdict == OK && left && n > 0) {
		n = sent_read(&in, some, MIN(left, sizeof some));
		if (n > 0)
			verdict = upload_octets(u, (struct str){ some, (size_t)n });
		left -= (uint64_t)MAX(n, 0);
	}
	return r < 0 || n < 0 ? cmd_failed(u->cmd, r < 0 ? r : (int)n) : verdict;
}

static enum verdict copy_text(struct upload *u, struct str text, const struct url *url)
{
	const struct str rest = str_from(text, MIN(url->first, text.n));

	return upload_octets(u, url->count ? str_head(rest, MIN(url->count, rest.n)) : rest);
}

enum verdict upload_url(struct upload *u, struct str text)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(piece_release) struct piece piece = { 0 };
	_cleanup_(fetching_end) struct fetching f = { .fd = -1 };
	const struct session *s = u->s;
	const struct str selected =
		s->view ? store_name(&s->store, u->cmd->arena, buf_view(&s->folder)) : (struct str){ 0 };
	struct maildir *box = NULL;
	enum verdict verdict;
	struct url url;
	int r;

	if (!url_parse(u->cmd->arena, text, selected, s->store.separator, &url))
		return bad_url(u, text);
	r = url.here ? 0 : open_source(u, url.mailbox, &box);
	if (url.here)
		box = s->view->box;
	if (r == -ENOENT || r == -EINVAL || (r >= 0 && url.uidvalidity && url.uidvalidity != maildir_uidvalidity(box)))
		return bad_url(u, text);
	if (r >= 0)
		r = fetching_begin(&f, box, url.uid, &arena);
	if (r >= 0)
		r = section_find(&f, &url.section, &piece);
	if (r == -ENOENT)
		return bad_url(u, text);
	if (r < 0)
		return cmd_failed(u->cmd, r);
	verdict = piece.in_text ? copy_text(u, buf_view(&piece.text), &url) : copy_range(u, f.fd, &piece, &url);
	return verdict;
}
