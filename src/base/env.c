/* base/env.c: settings, which are environment variables */
#include <inttypes.h>
#include <stdlib.h>
#include <syslog.h>
#include "base/env.h"
#include "base/log.h"

const char *env_text(const char *name, const char *dflt)
{
	const char *value = getenv(name);

	return value && *value ? value : dflt;
}

bool env_number(const char *name, uint64_t least, uint64_t most, uint64_t dflt, uint64_t *ret)
{
	const char *value = env_text(name, NULL);
	uint64_t v = dflt;

	if (value && (!str_u64(str_z(value), &v) || v < least || v > most)) {
		log_line(LOG_ERR, "%s=%s: want a number from %" PRIu64 " to %" PRIu64, name, value, least, most);
		return false;
	}
	*ret = v;
	return true;
}

bool env_choice(const char *name, const char *const *words, size_t dflt, size_t *ret)
{
	const char *value = env_text(name, NULL);
	size_t i = dflt;

	if (value) {
		for (i = 0; words[i] && !str_ieq(str_z(value), str_z(words[i])); i++)
			;
		if (!words[i]) {
			log_line(LOG_ERR, "%s=%s: not a value for it", name, value);
			return false;
		}
	}
	*ret = i;
	return true;
}

bool env_bool(const char *name, bool dflt, bool *ret)
{
	static const char *const words[] = { "0", "1", "no", "yes", "false", "true", "off", "on", NULL };
	size_t i;

	if (!env_choice(name, words, dflt, &i))
		return false;
	*ret = i % 2;
	return true;
}

bool env_option(const char *list, const char *name, struct str *ret)
{
	struct str rest = str_z(list), one, value, key;

	while (str_cut(&rest, ',', &one)) {
		value = str_trim(one);
		if (!str_cut(&value, '=', &key) || !str_eq(key, str_z(name)))
			continue;
		*ret = value;
		return true;
	}
	return false;
}
