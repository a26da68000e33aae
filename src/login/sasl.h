/* login/sasl.h: what a client's SASL responses say (RFC 4422) */
#pragma once
#include "base/str.h"

enum sasl_result {
	SASL_OK,
	SASL_MALFORMED, /* BAD */
	SASL_OTHER,	/* acts for another user than the one who proves himself: NO [AUTHORIZATIONFAILED] */
};

/* message = [authzid] NUL authcid NUL passwd (RFC 4616 2). ret points into it. An authorization identity must
 * be the same as the other.
 */
enum sasl_result sasl_plain(struct str message, struct str *ret_user, struct str *ret_password);

/* The mechanism of that name, in whatever case, as a list of names with blanks between spells it. False: it is not in
 * there. */
bool sasl_listed(const char *list, struct str name, struct str *ret);

/* Whether it can be the name of a mechanism (RFC 4422 3.1). */
bool sasl_is_name(struct str name);

/* A user name or password as such, as in the mechanism LOGIN: no NUL. */
enum sasl_result sasl_word(struct str message, struct str *ret);
