/* mail/param.h: parameters of MIME fields (RFC 2045 5.1, RFC 2231) */
#pragma once
#include "base/arena.h"

struct param {
	struct str name,
		value; /* as in the message: "filename*0*", percent signs and all; value is unquoted */
};

struct params {
	struct param *v;
	size_t n;
};

enum { PARAMS_MAX = 256 }; /* of one field; what comes after is left out */

/* Adds what follows the type or disposition: *(";" name "=" value). Broken ones are left out, and the next
 * are found. Strings point into a or into rest.
 */
void params_parse(struct arena *a, struct str rest, struct params *list);

/* The first of that name in any case, just as it is. NULL if there is none. */
const struct param *param_find(const struct params *list, struct str name);

/* The value of name as UTF-8, in a: continuations joined, charset and language taken off, percent signs (RFC
 * 2231 3, 4) and encoded words (which many mailers put there) decoded. False if there is none.
 */
bool param_text(const struct params *list, struct str name, struct arena *a, struct str *ret);
