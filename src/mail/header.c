/* mail/header.c: a header section and its fields (RFC 5322 2.2) */
#include <string.h>
#include "base/fd.h"
#include "mail/header.h"
#include "mail/sent.h"

/* Looking for an empty line in text that arrives in pieces. */
struct search {
	bool within; /* a line has begun, and is not empty */
	bool cr;     /* all that it has so far is a CR */
};

/* How many octets there are up to the empty line, and with it; 0 if it is not in p. */
static size_t up_to_empty_line(struct search *s, const char *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		const char *lf;

		if (!s->within && p[i] == '\n')
			return i + 1;
		if (!s->within && !s->cr && p[i] == '\r') {
			s->cr = true;
			i++;
			continue;
		}
		lf = memchr(p + i, '\n', n - i);
		s->within = !lf;
		s->cr = false;
		i = lf ? (size_t)(lf - p) + 1 : n;
	}
	return 0;
}

size_t header_length(struct str text)
{
	struct search search = { 0 };

	return up_to_empty_line(&search, text.s, text.n);
}

static size_t room(off_t from, off_t to, size_t most)
{
	return to < 0 ? most : to <= from ? 0 : (size_t)MIN(to - from, (off_t)most);
}

/* How many octets of whole lines s begins with. */
static size_t whole_lines(struct str s)
{
	const size_t lf = str_rfind(s, '\n');

	return lf < s.n ? lf + 1 : 0;
}

int header_read(int fd, off_t from, off_t to, size_t max, struct buf *ret)
{
	const size_t had = ret->n;
	struct search search = { 0 };

	for (;;) {
		const size_t want = room(from, to, MIN(max - (ret->n - had), (size_t)8192));
		const ssize_t r = fd_pread_all(fd, buf_reserve(ret, want + 1), want, from);
		size_t whole;

		if (r < 0) {
			ret->n = had;
			return (int)r;
		}
		whole = up_to_empty_line(&search, ret->s + ret->n, (size_t)r);
		sent_no_nul(ret->s + ret->n, (size_t)r);
		ret->n += whole ? whole : (size_t)r;
		from += r;
		if (whole || (want > 0 && (size_t)r < want) || (to >= 0 && from >= to))
			return 0;
		if (ret->n - had >= max) {
			ret->n = had + whole_lines((struct str){ ret->s + had, ret->n - had });
			return 0;
		}
	}
}

int header_end(int fd, off_t from, off_t to, off_t *ret_body)
{
	struct search search = { 0 };
	char buf[16384];

	for (;;) {
		const size_t want = room(from, to, sizeof buf);
		const ssize_t r = fd_pread_all(fd, buf, want, from);
		const size_t whole = r > 0 ? up_to_empty_line(&search, buf, (size_t)r) : 0;

		if (r < 0)
			return (int)r;
		from += whole ? (off_t)whole : r;
		if (whole || r == 0 || (size_t)r < want) {
			*ret_body = from;
			return 0;
		}
	}
}

/* The length of the first line, with its line end. */
static size_t line_length(struct str s)
{
	const size_t lf = str_find(s, '\n');

	return MIN(lf + 1, s.n);
}

static struct str without_line_end(struct str s)
{
	if (s.n && s.s[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.s[s.n - 1] == '\r')
		s.n--;
	return s;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] <= ' ' || s.s[i] >= 127)
			return false;
	return s.n > 0;
}

bool header_next(struct str *rest, struct field *ret)
{
	size_t n = line_length(*rest);
	const size_t colon = str_find(str_head(*rest, n), ':');
	struct field field;

	if (rest->n == 0 || without_line_end(str_head(*rest, n)).n == 0)
		return false;
	while (n < rest->n && (rest->s[n] == ' ' || rest->s[n] == '\t'))
		n += line_length(str_from(*rest, n));
	field.line = str_head(*rest, n);
	field.name = str_head(field.line, colon);
	while (field.name.n && (field.name.s[field.name.n - 1] == ' ' || field.name.s[field.name.n - 1] == '\t'))
		field.name.n--; /* RFC 5322 4.5 */
	field.value = without_line_end(str_from(field.line, colon + 1));
	if (colon >= field.line.n || !is_name(field.name))
		field.name = field.value = STR("");
	*rest = str_from(*rest, n);
	*ret = field;
	return true;
}

bool header_find(struct str header, struct str name, struct field *ret)
{
	struct field field;

	while (header_next(&header, &field)) {
		if (str_ieq(field.name, name)) {
			*ret = field;
			return true;
		}
	}
	return false;
}

static bool is_break(struct str s, size_t i)
{
	return s.s[i] == '\n' || (s.s[i] == '\r' && i + 1 < s.n && s.s[i + 1] == '\n');
}

struct str header_unfold(struct arena *a, struct str value)
{
	size_t n = 0;
	char *p;

	value = str_trim(value);
	if (str_find(value, '\n') == value.n && str_find(value, '\r') == value.n &&
	    str_find(value, 0) == value.n)
		return value.s ? value : STR("");
	p = arena_alloc(a, value.n + 1);
	for (size_t i = 0; i < value.n; i++) {
		if (is_break(value, i))
			continue;
		p[n++] = (char)(value.s[i] == '\r' ? ' ' : value.s[i] ? value.s[i] : 0x80);
	}
	return (struct str){ p, n };
}
