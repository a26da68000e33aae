/* wire/frame.c: bytes to one whole command, with limits and continuations */
#include <string.h>
#include "base/clock.h"
#include "wire/frame.h"

enum {
	TAIL = 64,     /* octets at the end of a line that an announcement and a line end fit into */
	CHUNK = 65536, /* of a literal: memory is taken as octets come, not as they are announced */
	LITERAL = 1 << 20,
	DROP = 256 << 20,
};

void frame_init(struct frame *f, struct conn *conn)
{
	*f = (struct frame){ .conn = conn,
			     .max_line = FRAME_LINE,
			     .max_literal = LITERAL,
			     .max_literals = LITERAL,
			     .max_drop = DROP };
}

void frame_release(struct frame *f)
{
	buf_release(&f->text);
}

void frame_begin(struct frame *f)
{
	if (f->text.size > 4 * FRAME_LINE)
		buf_release(&f->text);
	buf_clear(&f->text);
	f->literal.open = f->nul = f->more = false;
	f->literals = 0;
	f->literal_sum = f->dropped = 0;
	f->line_octets = 0;
}

/* What a read that failed with r means. */
static enum frame_status over(struct frame *f, ssize_t r)
{
	f->over = r == -ETIMEDOUT ? FRAME_TIMEOUT : r == -EINTR ? FRAME_STOP : FRAME_GONE;
	return f->over;
}

/* Counts n octets that are not kept; false if that is enough. */
static bool drop(struct frame *f, size_t n)
{
	f->dropped += n;
	return f->dropped <= f->max_drop;
}

/* Appends octets of a line that began at text.n == start. From keep on only the last of them are kept, for
 * what they announce.
 */
static bool take(struct frame *f, struct str octets, size_t keep)
{
	size_t beyond;

	f->nul = f->nul || str_find(octets, 0) < octets.n;
	buf_str(&f->text, octets);
	if (f->text.n <= keep)
		return true;
	beyond = MIN(octets.n, f->text.n - keep);
	if (f->text.n > keep + TAIL) {
		memmove(f->text.s + keep, f->text.s + f->text.n - TAIL, TAIL);
		f->text.n = keep + TAIL;
	}
	return drop(f, beyond);
}

/* Whether lines have cost more than the client paid for them in octets. */
static bool too_dear(const struct frame *f)
{
	return f->lines > FRAME_FREE && (f->lines - FRAME_FREE) / FRAME_RATIO > f->conn->rcvd;
}

/* Reads up to the next LF, and takes it. keep: octets of text that are. */
static enum frame_status read_line(struct frame *f, size_t keep)
{
	const uint64_t start = clock_ms();

	for (;;) {
		const uint64_t gone = clock_ms() - start;
		const int left = gone < (uint64_t)f->conn->idle_ms ? f->conn->idle_ms - (int)gone : 0;
		const int r = conn_fill(f->conn, left);
		struct str s;
		size_t lf;

		if (r <= 0)
			return over(f, r);
		s = conn_buffered(f->conn);
		lf = str_find(s, '\n');
		s = str_head(s, lf + 1);
		f->line_octets += s.n;
		f->lines += s.n;
		if (too_dear(f) || !take(f, s, keep))
			return over(f, -E2BIG);
		conn_consume(f->conn, s.n);
		if (str_ends(s, STR("\n")))
			return FRAME_COMPLETE;
	}
}

/* "{5}", "{5+}" or "~{5}" at the end of line: takes it for a literal (RFC 9051 4.3, RFC 7888, RFC 3516). */
static bool announcement(struct frame *f, struct str line)
{
	const struct str inside = str_head(line, line.n - (str_ends(line, STR("+}")) ? 2 : 1));
	const size_t brace = str_rfind(line, '{');
	const struct str digits = str_from(inside, brace + 1);

	if (!str_ends(line, STR("}")) || brace >= inside.n || digits.n == 0)
		return false;
	for (size_t i = 0; i < digits.n; i++)
		if (!ascii_digit(digits.s[i]))
			return false;
	if (!str_u64(digits, &f->literal.octets))
		f->literal.octets = UINT64_MAX;
	f->literal.sync = inside.n + 1 == line.n;
	f->literal.binary = brace > 0 && line.s[brace - 1] == '~';
	f->literal.open = true;
	return true;
}

/* Removes the line end from text, whose last line began at start, and looks for an announcement. */
static bool end_of_line(struct frame *f, size_t start)
{
	f->text.n--;
	if (f->text.n > start && f->text.s[f->text.n - 1] == '\r')
		f->text.n--;
	return announcement(f, str_from(buf_view(&f->text), start));
}

/* Reads and drops one line, and notes what it announces. */
static enum frame_status drop_line(struct frame *f)
{
	const size_t keep = f->text.n;
	const enum frame_status status = read_line(f, keep);

	f->more = false;
	if (status == FRAME_COMPLETE)
		end_of_line(f, keep);
	f->text.n = keep;
	return status;
}

static enum frame_status drop_octets(struct frame *f, uint64_t n)
{
	while (n) {
		const int r = conn_fill(f->conn, f->conn->literal_ms);
		const struct str s = str_head(conn_buffered(f->conn), n > SIZE_MAX ? SIZE_MAX : (size_t)n);

		if (r <= 0 || !drop(f, s.n))
			return over(f, r <= 0 ? r : -E2BIG);
		conn_consume(f->conn, s.n);
		n -= s.n;
	}
	return FRAME_COMPLETE;
}

enum frame_status frame_refuse(struct frame *f)
{
	while (f->over == FRAME_COMPLETE && (f->literal.open || f->more)) {
		if (f->literal.open) {
			f->literal.open = false;
			if (f->literal.sync)
				break;
			if (f->literal.octets > f->max_drop - MIN(f->dropped, f->max_drop)) {
				f->over = FRAME_GONE;	/* there is no reading on from here, so no waiting either */
				break;
			}
			if (drop_octets(f, f->literal.octets) != FRAME_COMPLETE)
				break;
		}
		drop_line(f);
	}
	f->more = false;
	return f->over;
}

/* Whether the text is of a command whose arguments are secrets: they are not for IMAPDEBUGFILE. */
static size_t secrets_from(struct str text)
{
	static const char *const names[] = { "LOGIN ", "AUTHENTICATE ", NULL };
	const size_t name = MIN(text.n, str_find(text, ' ') + 1);

	for (size_t i = 0; names[i]; i++)
		if (str_istarts(str_from(text, name), str_z(names[i])))
			return name + strlen(names[i]);
	return text.n;
}

/* One line of the command for IMAPDEBUGFILE. */
static void debug(struct frame *f, size_t start)
{
	const struct str text = buf_view(&f->text);
	const size_t secret = secrets_from(text);

	if (f->conn->debug_fd < 0)
		return;
	if (secret == text.n)
		conn_debug(f->conn, "READ: ", str_from(text, start));
	else if (start < secret)
		conn_debug(f->conn, "READ: ", str_from(str_head(text, secret), start));
	else
		conn_debug(f->conn, "READ: ", STR("(not shown)"));
}

enum frame_status frame_line(struct frame *f)
{
	const size_t start = f->text.n;
	const size_t room = f->max_line > f->line_octets ? f->max_line - f->line_octets : 0;
	enum frame_status status = f->over ? f->over : read_line(f, start + room);
	bool literal;

	f->more = f->literal.open = false;
	literal = status == FRAME_COMPLETE && end_of_line(f, start);
	if (f->line_octets > f->max_line)
		f->text.n = MIN(f->text.n, start + room);
	if (status != FRAME_COMPLETE)
		return status;
	if (f->line_octets > f->max_line) {
		status = frame_refuse(f);
		return status == FRAME_COMPLETE ? FRAME_TOO_LONG : status;
	}
	debug(f, start);
	if (!literal)
		return FRAME_COMPLETE;
	buf_str(&f->text, STR("\r\n"));
	return FRAME_LITERAL;
}

enum frame_status frame_accept(struct frame *f)
{
	if (f->literal.sync)
		buf_str(&f->conn->out, STR("+ OK\r\n"));
	f->literal.sync = false; /* from now on its octets come */
	f->more = true;
	return f->over;
}

ssize_t frame_octets(struct frame *f, void *p, size_t n)
{
	ssize_t r;

	f->literal.open = f->literal.open && f->literal.octets > 0;
	if (!f->literal.open)
		return 0;
	r = conn_read(f->conn, p, n < f->literal.octets ? n : (size_t)f->literal.octets, f->conn->literal_ms);
	if (r <= 0) {
		over(f, r);
		return r == -ETIMEDOUT || r == -EINTR ? r : -EPIPE;
	}
	f->literal.octets -= (uint64_t)r;
	return r;
}

void frame_forget(struct frame *f)
{
	buf_clear(&f->text);
	f->line_octets = 0;
}

enum frame_status frame_literal(struct frame *f)
{
	const uint64_t octets = f->literal.octets;
	ssize_t r;

	if (f->literals >= FRAME_LITERALS || octets > f->max_literal ||
	    octets > f->max_literals - MIN(f->max_literals, f->literal_sum))
		return FRAME_TOO_LONG;
	f->literals++;
	f->literal_sum += octets;
	if (frame_accept(f) != FRAME_COMPLETE)
		return f->over;
	while ((r = frame_octets(f, buf_reserve(&f->text, CHUNK), CHUNK)) > 0)
		f->text.n += (size_t)r;
	if (f->conn->debug_fd >= 0)
		conn_debug(f->conn, "READ: ", STR("(literal)"));
	return f->over;
}
