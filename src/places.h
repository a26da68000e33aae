/* places.h: where the parts of a message are in its file, as a fact */
#pragma once
#include "base/buf.h"
#include "mail/mime.h"

void places_make(struct buf *ret, const struct part *root);
/* The tree again: kind, header, body, end, encoding (or another of the same enum encoding), parent, child and next of each part; all
 * else is zero. False for what places_make() can't have made.
 */
bool places_read(struct str fact, struct arena *a, struct part **ret);
