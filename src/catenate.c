/* catenate.c: the octets that a URL means, for a message that is put together (RFC 4469) */
#include "mail/sent.h"
#include "progress.h"
#include "upload.h"

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
		progress_working(u->s, 0, 0);
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
	struct url url;
	int r;

	if (u->opened) {
		u->source.target = u->opened;
		u->source.target_folder = u->folder;
	}
	r = url_find(u->s, &u->source, &arena, text, &url, &f, &piece);
	if (r == -ENOENT)
		return bad_url(u, text);
	if (r < 0)
		return cmd_failed(u->cmd, r);
	return piece.in_text ? copy_text(u, buf_view(&piece.text), &url) : copy_range(u, f.fd, &piece, &url);
}
