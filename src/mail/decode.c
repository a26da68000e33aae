/* mail/decode.c: a part's body without its transfer encoding (RFC 2045 6) */
#include <string.h>
#include "mail/decode.h"

enum encoding encoding_of(struct str name)
{
	static const struct {
		const char *name;
		enum encoding encoding;
	} rows[] = {
		{ "",                 ENCODING_NONE     },
		{ "7bit",             ENCODING_NONE     },
		{ "8bit",             ENCODING_NONE     },
		{ "binary",           ENCODING_NONE     },
		{ "quoted-printable", ENCODING_QP       },
		{ "base64",           ENCODING_BASE64   },
		{ "x-uuencode",       ENCODING_UUENCODE },
		{ "uuencode",         ENCODING_UUENCODE },
		{ "x-uue",            ENCODING_UUENCODE },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_ieq(name, str_z(rows[i].name)))
			return rows[i].encoding;
	return ENCODING_UNKNOWN;
}

static bool is_plain(enum encoding e)
{
	return e == ENCODING_NONE || e == ENCODING_UNKNOWN;
}

void decode_open(struct decoder *d, int fd, off_t from, off_t to, enum encoding encoding)
{
	d->encoding = encoding;
	sent_open(&d->in, fd, from, to);
	d->in.keep_nul = true;
	d->raw_end = d->begun = d->ended = false;
	d->bits = 0;
	d->nbits = 0;
	d->i = d->n = d->nraw = 0;
}

/* ---- base64 (RFC 2045 6.8) ---- */

/* A digit's value and one; 0 is for what is none. */
static const unsigned char digits[256] = {
	[32] = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64,
	[48] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0,
	[64] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	[80] = 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0, 0, 0, 0, 0,
	[96] = 0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	[112] = 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0, 0, 0, 0, 0,
};

/* Puts what s stands for to out, which has room for as many octets as s has. Returns how many that are. */
static size_t base64(uint32_t *bits, unsigned *nbits, struct str s, char *out)
{
	uint32_t v = *bits;
	unsigned have = *nbits;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		const unsigned digit = digits[(unsigned char)s.s[i]];

		if (digit == 0) {
			have = s.s[i] == '=' ? 0 : have;
			continue;
		}
		v = v << 6 | (digit - 1);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(v >> have);
		}
	}
	*bits = v;
	*nbits = have;
	return n;
}

static size_t take_base64(struct decoder *d)
{
	d->n = base64(&d->bits, &d->nbits, (struct str){ d->raw, d->nraw }, d->out);
	return d->nraw;
}

/* ---- quoted-printable (RFC 2045 6.7) ---- */

int decode_hex(char c)
{
	c = ascii_lower(c);
	return ascii_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* s has no line end. A "=" that begins no octet is itself. Returns how many octets went to out. */
static size_t qp_octets(struct str s, char *out)
{
	size_t n = 0;

	while (s.n) {
		const size_t run = str_find(s, '=');
		const int high = run + 2 < s.n ? decode_hex(s.s[run + 1]) : -1;
		const int low = high >= 0 ? decode_hex(s.s[run + 2]) : -1;

		memcpy(out + n, s.s, run);
		n += run;
		if (run < s.n)
			out[n++] = (char)(low >= 0 ? high << 4 | low : '=');
		s = str_from(s, run + (low >= 0 ? 3 : 1));
	}
	return n;
}

static size_t without_blanks(struct str s)
{
	while (s.n && (s.s[s.n - 1] == ' ' || s.s[s.n - 1] == '\t'))
		s.n--;
	return s.n;
}

/* One line without its line end; last: nothing comes behind it. */
static size_t qp_line(struct str line, bool last, char *out)
{
	size_t n;

	line.n = without_blanks(line);
	if (str_ends(line, STR("=")))
		return qp_octets(str_head(line, line.n - 1), out);
	n = qp_octets(line, out);
	if (!last) {
		out[n++] = '\r';
		out[n++] = '\n';
	}
	return n;
}

/* How much of the beginning of an overlong line can be decoded before its end is known. */
static size_t qp_safe(struct str s)
{
	const size_t tail = MIN(s.n, (size_t)2);
	const size_t eq = str_find(str_from(s, s.n - tail), '=');
	const size_t whole = s.n - tail + eq;
	const size_t n = without_blanks(str_head(s, whole));

	return n ? n : whole;
}

static size_t take_qp(struct decoder *d)
{
	struct str rest = { d->raw, d->nraw };
	size_t lf;

	for (; (lf = str_find(rest, '\n')) < rest.n; rest = str_from(rest, lf + 1)) {
		const struct str line = str_head(rest, lf);

		d->n += qp_line(str_head(line, line.n - str_ends(line, STR("\r"))), false, d->out + d->n);
	}
	if (d->raw_end) {
		d->n += qp_line(rest, true, d->out + d->n);
		return d->nraw;
	}
	if (rest.n == sizeof d->raw) {
		rest = str_head(rest, qp_safe(rest));
		d->n += qp_octets(rest, d->out + d->n);
		return rest.n;
	}
	return d->nraw - rest.n;
}

/* ---- uuencode (as in POSIX) ---- */

static void uu_line(struct decoder *d, struct str line)
{
	const size_t octets = line.n ? (size_t)(line.s[0] - ' ') & 63 : 0;

	if (!d->begun || d->ended) {
		d->begun = d->begun || str_starts(line, STR("begin "));
		return;
	}
	if (str_eq(str_trim(line), STR("end"))) {
		d->ended = true;
		return;
	}
	for (size_t i = 0, at; i < octets && (at = 1 + i / 3 * 4 + i % 3) < line.n; i++) {
		const unsigned high = (unsigned)(line.s[at] - ' ') & 63;
		const unsigned low = at + 1 < line.n ? (unsigned)(line.s[at + 1] - ' ') & 63 : 0;

		d->out[d->n++] = (char)(high << (2 + i % 3 * 2) | low >> (4 - i % 3 * 2));
	}
}

static size_t take_uu(struct decoder *d)
{
	struct str rest = { d->raw, d->nraw };
	size_t lf;

	for (; (lf = str_find(rest, '\n')) < rest.n; rest = str_from(rest, lf + 1))
		uu_line(d, str_head(rest, lf));
	if (d->raw_end)
		uu_line(d, rest);
	return d->raw_end || rest.n == sizeof d->raw ? d->nraw : d->nraw - rest.n;
}

/* ---- */

/* Makes sure that something is in out. Returns 1, 0 at the end, or a negative errno. */
static int fill(struct decoder *d)
{
	while (d->i == d->n) {
		ssize_t r;
		size_t taken;

		if (d->raw_end && d->nraw == 0)
			return 0;
		r = sent_read(&d->in, d->raw + d->nraw, sizeof d->raw - d->nraw);
		if (r < 0)
			return (int)r;
		d->raw_end = (size_t)r < sizeof d->raw - d->nraw;
		d->nraw += (size_t)r;
		d->i = d->n = 0;
		taken = d->encoding == ENCODING_BASE64 ? take_base64(d)
			: d->encoding == ENCODING_QP   ? take_qp(d)
						       : take_uu(d);
		d->nraw -= taken;
		memmove(d->raw, d->raw + taken, d->nraw);
	}
	return 1;
}

ssize_t decode_read(struct decoder *d, void *p, size_t n)
{
	size_t had = 0;

	if (is_plain(d->encoding))
		return sent_read(&d->in, p, n);
	while (had < n) {
		const int r = fill(d);
		size_t some;

		if (r < 0)
			return r;
		if (r == 0)
			break;
		some = MIN(n - had, d->n - d->i);
		memcpy((char *)p + had, d->out + d->i, some);
		d->i += some;
		had += some;
	}
	return (ssize_t)had;
}

/* RFC 2047 4.2: "_" is a blank; one that is meant is encoded */
void decode_q(struct buf *b, struct str s)
{
	struct str piece;

	for (bool first = true; str_cut(&s, '_', &piece); first = false) {
		if (!first)
			buf_c(b, ' ');
		if (piece.n)
			b->n += qp_octets(piece, buf_reserve(b, piece.n));
	}
}

void decode_b(struct buf *b, struct str s)
{
	uint32_t bits = 0;
	unsigned nbits = 0;

	if (s.n)
		b->n += base64(&bits, &nbits, s, buf_reserve(b, s.n));
}
