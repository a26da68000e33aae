/* login/sasl.c: what a client's SASL responses say (RFC 4422) */
#include "login/sasl.h"

enum sasl_result sasl_word(struct str message, struct str *ret)
{
	if (message.n == 0 || str_find(message, '\0') < message.n)
		return SASL_MALFORMED;
	*ret = message;
	return SASL_OK;
}

enum sasl_result sasl_plain(struct str message, struct str *ret_user, struct str *ret_password)
{
	struct str authzid, user, password;

	if (!str_cut(&message, '\0', &authzid) || !str_cut(&message, '\0', &user) ||
	    sasl_word(message, &password) != SASL_OK || user.n == 0)
		return SASL_MALFORMED;
	if (authzid.n && !str_eq(authzid, user))
		return SASL_OTHER;
	*ret_user = user;
	*ret_password = password;
	return SASL_OK;
}

bool sasl_listed(const char *list, struct str name, struct str *ret)
{
	struct str rest = str_z(list), word;

	while (name.n && str_cut(&rest, ' ', &word))
		if (str_ieq(word, name)) {
			*ret = word;
			return true;
		}
	return false;
}

bool sasl_is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!(name.s[i] >= 'A' && name.s[i] <= 'Z') && !ascii_digit(name.s[i]) && name.s[i] != '-' &&
		    name.s[i] != '_')
			return false;
	return name.n > 0 && name.n <= 20;
}
