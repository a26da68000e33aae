/* mail/msgid.c: message identifiers (RFC 5322 3.6.4) */
#include "base/buf.h"
#include "mail/msgid.h"

/* Takes octets up to a ">" that is not quoted, and adds them to b. A "<" begins anew. False: there is no such end. */
static bool inside(struct str *rest, struct buf *b)
{
	bool quoted = false;

	while (rest->n) {
		char c = rest->s[0];

		*rest = str_from(*rest, 1);
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && c == '>')
			return true;
		if (!quoted && c == '<') {
			buf_clear(b);
			continue;
		}
		if (quoted && c == '\\' && rest->n) {
			c = rest->s[0];
			*rest = str_from(*rest, 1);
		}
		if (quoted || (c != ' ' && c != '\t' && c != '\r' && c != '\n'))
			buf_c(b, c);
	}
	return false;
}

static bool valid(struct str id)
{
	const size_t at = str_rfind(id, '@');

	return at > 0 && at + 1 < id.n;
}

bool msgid_next(struct arena *a, struct str *rest, struct str *ret)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	for (;;) {
		*rest = str_from(*rest, str_find(*rest, '<'));
		if (rest->n == 0)
			return false;
		*rest = str_from(*rest, 1);
		buf_clear(&b);
		if (inside(rest, &b) && valid(buf_view(&b)))
			break;
	}
	*ret = arena_str(a, buf_view(&b));
	return true;
}
