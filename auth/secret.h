/* auth/secret.h: passwords and their hashes */
#pragma once
#include "base/buf.h"

/* Whether password is the one that hash was made of, in a time that does not depend on where they differ.
 * False for an empty password, one with a NUL, an empty or locked hash ("!", "*"), and a method that libcrypt
 * does not have. The name of a method in front, as in "{SHA512-CRYPT}$6$...", is skipped.
 */
bool secret_check(struct str password, struct str hash);

/* The same work, for somebody who does not exist: like is a hash of the kind that others have; without one it
 * is the work of the method for new passwords. Always false.
 */
bool secret_check_nobody(struct str password, struct str like);

/* Adds a new hash of password to ret. method is yescrypt, sha512, sha256 or bcrypt; NULL is yescrypt.
 * Returns 0; -ENOTSUP for another method; -EINVAL for a password that can't be one; or what libcrypt said.
 */
int secret_hash(struct str password, const char *method, struct buf *ret);

/* Whether hash can be checked at all: no lock in front, and a method that libcrypt has. */
bool secret_usable(struct str hash);

/* "!" in front: nobody comes in, whatever they prove. ("*" says only that there is no password.) */
bool secret_locked(struct str hash);
