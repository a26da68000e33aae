/* mail/sent.c: a range of a message's file as it is sent: every line ends in CRLF */
#include <string.h>
#include "base/fd.h"
#include "mail/sent.h"

void sent_open(struct sent *s, int fd, off_t from, off_t to)
{
	sent_open_at(s, fd, (struct sent_mark){ .at = from }, to);
}

void sent_open_at(struct sent *s, int fd, struct sent_mark mark, off_t to)
{
	s->fd = fd;
	s->at = mark.at;
	s->to = to;
	s->octets = mark.octets;
	s->cr = mark.cr;
	s->keep_nul = false;
	s->i = s->n = 0;
}

int sent_open_skip(struct sent *s, int fd, off_t from, off_t to, uint64_t size, uint64_t octets)
{
	sent_open(s, fd, from, to);
	octets = MIN(octets, size);
	if (size != (uint64_t)(to - from))
		return sent_skip(s, octets);
	if (octets) /* any LF that follows has its CR before it in the file */
		sent_open_at(s, fd, (struct sent_mark){ from + (off_t)octets, octets, true }, to);
	return 0;
}

struct sent_mark sent_tell(const struct sent *s)
{
	return (struct sent_mark){ s->at - (off_t)(s->n - s->i), s->octets, s->cr };
}

void sent_no_nul(char *p, size_t n)
{
	char *const end = p + n;

	while (p < end && (p = memchr(p, 0, (size_t)(end - p))))
		*p++ = (char)0x80;
}

/* Makes sure that something is in buf. Returns 1, 0 at the end, or a negative errno. */
static int fill(struct sent *s)
{
	ssize_t r;

	if (s->i < s->n)
		return 1;
	if (s->at >= s->to)
		return 0;
	r = fd_pread_all(s->fd, s->buf, (size_t)MIN(s->to - s->at, (off_t)sizeof s->buf), s->at);
	if (r < 0)
		return (int)r;
	s->i = 0;
	s->n = (size_t)r;
	s->at += r;
	if (!s->keep_nul)
		sent_no_nul(s->buf, s->n);
	return r > 0;
}

/* Moves what fits from buf to p. Returns how many octets that gave. */
static size_t give(struct sent *s, char *p, size_t n)
{
	size_t had = 0;

	while (had < n && s->i < s->n) {
		const char *const from = s->buf + s->i;
		const size_t most = MIN(s->n - s->i, n - had);
		const char *const lf = memchr(from, '\n', most);
		const size_t run = lf ? (size_t)(lf - from) : most;

		memcpy(p + had, from, run);
		had += run;
		s->i += run;
		s->cr = run ? from[run - 1] == '\r' : s->cr;
		if (!lf)
			break;
		if (s->cr) {
			p[had++] = '\n';
			s->i++;
		} else {
			p[had++] = '\r';
		}
		s->cr = !s->cr;
	}
	return had;
}

ssize_t sent_read(struct sent *s, void *p, size_t n)
{
	size_t had = 0;

	while (had < n) {
		const int r = fill(s);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		had += give(s, (char *)p + had, n - had);
	}
	s->octets += had;
	return (ssize_t)had;
}

int sent_skip(struct sent *s, uint64_t octets)
{
	char nowhere[16384];

	while (octets) {
		const ssize_t r = sent_read(s, nowhere, (size_t)MIN(octets, (uint64_t)sizeof nowhere));

		if (r <= 0)
			return (int)r;
		octets -= (uint64_t)r;
	}
	return 0;
}

/* Counts LFs, and those of them that lack their CR; cr: whether the octet before p is one. */
static void count(const char *p, size_t n, bool cr, uint64_t *lines, uint64_t *bare)
{
	const char *const end = p + n, *lf = p;

	while (lf < end && (lf = memchr(lf, '\n', (size_t)(end - lf)))) {
		*lines += 1;
		*bare += !(lf > p ? lf[-1] == '\r' : cr);
		lf++;
	}
}

int sent_size(int fd, off_t from, off_t to, uint64_t *ret_octets, uint64_t *ret_lines)
{
	uint64_t octets = 0, lines = 0, bare = 0;
	char buf[65536];
	bool cr = false;

	while (from < to) {
		const ssize_t r = fd_pread_all(fd, buf, (size_t)MIN(to - from, (off_t)sizeof buf), from);

		if (r < 0)
			return (int)r;
		if (r == 0)
			break;
		count(buf, (size_t)r, cr, &lines, &bare);
		cr = buf[r - 1] == '\r';
		octets += (uint64_t)r;
		from += r;
	}
	if (ret_octets)
		*ret_octets = octets + bare;
	if (ret_lines)
		*ret_lines = lines;
	return 0;
}

uint64_t sent_str_size(struct str stored)
{
	uint64_t lines = 0, bare = 0;

	count(stored.s, stored.n, false, &lines, &bare);
	return stored.n + bare;
}

void sent_str(struct buf *b, struct str stored)
{
	const char *p = stored.s, *const end = stored.s + stored.n;
	const size_t before = b->n;

	while (p < end) {
		const char *const lf = memchr(p, '\n', (size_t)(end - p));
		const size_t run = (size_t)((lf ? lf : end) - p);
		char *to = buf_reserve(b, run + 2);

		memcpy(to, p, run);
		to += run;
		if (lf && !(run && p[run - 1] == '\r'))
			*to++ = '\r';
		if (lf)
			*to++ = '\n';
		b->n = (size_t)(to - b->s);
		p = lf ? lf + 1 : end;
	}
	if (b->n > before)
		sent_no_nul(b->s + before, b->n - before);
}
