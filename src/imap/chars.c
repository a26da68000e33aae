/* imap/chars.c: the classes of characters (RFC 9051 9) */
#include <string.h>
#include "imap/chars.h"

bool char_list(char c)
{
	return c > ' ' && c < 0x7f && !strchr("(){\"\\", c);
}

bool char_astring(char c)
{
	return char_list(c) && c != '%' && c != '*';
}

bool char_atom(char c)
{
	return char_astring(c) && c != ']';
}

bool char_tag(char c)
{
	return char_astring(c) && c != '+';
}

bool chars_all(struct str s, bool (*class)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!class(s.s[i]))
			return false;
	return s.n > 0;
}
