/* t/dialog/match.h: what a line of the server is compared with */
#pragma once
#include "base/arena.h"

/* Values that patterns have captured, by name. */
struct captures {
	struct arena *arena;
	struct capture {
		struct str name, value;
	} *v;
	size_t n;
};

/* Whether line is what the pattern says, all of it. Captures of a match are added to c.
 *
 * (?i) in front	all of it in any case
 * "* " in front	an untagged response: these two octets
 * *			any octets, none as well;  \* is a backslash and an asterisk
 * $name		in small letters: what was captured under that name, else captures octets up to SP ()[]{}"CR LF
 * (~a b c)		a parenthesised list of these, in any order;  c? may be missing
 * \r\n  \x7f		CR LF;  the octet 7f
 */
bool match(struct captures *c, struct str pattern, struct str line);

/* What text means for sending: \r\n, \x7f and $name are replaced. The result is in the captures' arena. */
struct str expand(struct captures *c, struct str text);

/* Whether text uses a value that is not captured yet. */
bool expand_waits(const struct captures *c, struct str text);
