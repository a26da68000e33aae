/* base/siphash.h: a hash whose collisions can't be foreseen without its key */
#pragma once
#include "base/str.h"

/* SipHash-1-3. */
uint64_t siphash(const uint64_t key[2], struct str s);
