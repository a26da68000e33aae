/* base/env.h: settings, which are environment variables */
#pragma once
#include "base/str.h"

/* Each takes the default when the variable is unset or empty. A value that can't be meant is refused: the process
 * writes a line that names the variable and the value to the log, and the function returns false.
 */
bool env_number(const char *name, uint64_t least, uint64_t most, uint64_t dflt, uint64_t *ret);
bool env_bool(const char *name, bool dflt, bool *ret);	/* 1 yes true on, 0 no false off, in any case */
const char *env_text(const char *name, const char *dflt);
/* One of the words, by its index; words ends with NULL. */
bool env_choice(const char *name, const char *const *words, size_t dflt, size_t *ret);

/* The value of the first option of that name in a list "name=value,name=value"; its s is NULL if there is no "=". False if
 * there is none. list may be NULL. */
bool env_option(const char *list, const char *name, struct str *ret);
