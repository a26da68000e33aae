/* auth/usersfile.h: the file of virtual users, to be changed: locked, and replaced whole */
#pragma once
#include "base/buf.h"

enum { USERSFILE_MAX = 256 << 20 }; /* octets: some two million users */

struct usersfile {
	int fd;	    /* locked until it is closed */
	char *path; /* with no symbolic link in it */
	struct buf text;
};

/* Opens and locks path, and reads it; with create it is made if it is not there, for its owner only. Waits
 * for another who changes it, but not for ever: -EAGAIN. Returns 0 or a negative errno.
 */
int usersfile_open(const char *path, bool create, struct usersfile *ret);
void usersfile_release(struct usersfile *f); /* for _cleanup_; wipes the hashes */

/* Puts new, lines with their LF or nothing, in the place of old, a line in f->text or nothing (then new goes
 * to the end). The file is there at every moment, the old one or the new one, with the owner and mode it had,
 * and survives a power cut. Returns 0 or a negative errno.
 */
int usersfile_replace(struct usersfile *f, struct str old, struct str new);
