/* base/user.h: from root to nobody in particular */
#pragma once
#include "base/base.h"

/* Becomes the user of that name in /etc/passwd, with its group and no other, for good; one that is not there is
 * taken to be 65534 (nobody), which costs a separation but no privilege. Nothing happens if we are not root.
 * Reads the file itself: name services have no place in a process that is about to close the door, and a static
 * program has none. Returns 0 or a negative errno: then the caller must end.
 */
int user_become(const char *name);
