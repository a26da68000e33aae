/* auth/secret.h: passwords and their hashes */
#pragma once
#include "auth/scramkeys.h"
#include "base/buf.h"

/* A hash, in all that follows, is a field of auth-file's users, or of the shadow file. It has one word or several, with a
 * blank between, for the same password:
 *
 *	$y$...				what libcrypt knows; a name in front, as in "{SHA512-CRYPT}$6$...", is skipped
 *	{SCRAM-SHA-256}... or -SHA-1	scramkeys.h
 *	{PLAIN.b64}...			the password itself, in base64
 *	{PLAIN}...			as it is, to the end of the field
 */

/* Whether password is the one that hash was made of, by the first word that can tell, in a time that does not depend on
 * where they differ. False for an empty password, one with a NUL, an empty or locked hash ("!", "*"), and a method that
 * libcrypt does not have.
 */
bool secret_check(struct str password, struct str hash);

/* The same work, for somebody who does not exist: like is a hash of the kind that others have; without one it
 * is the work of the method for new passwords. Always false.
 */
bool secret_check_nobody(struct str password, struct str like);

/* Adds the password itself to ret. False if the hash does not have it. */
bool secret_plain(struct str hash, struct buf *ret);

/* The keys for SCRAM with that digest that are in it. */
bool secret_stored_keys(struct str hash, enum hash of, struct scram_keys *ret);

/* The keys for SCRAM with like->hash. If only the password itself is there they are made of it, with the salt and the
 * iterations of like. False if there is neither.
 */
bool secret_keys(struct str hash, const struct scram_keys *like, struct scram_keys *ret);

/* Adds a new hash of password, one word, to ret. method is yescrypt, sha512, sha256, bcrypt, scram-sha-256, scram-sha-1 or
 * plain; NULL is yescrypt. Returns 0; -ENOTSUP for another method; -EINVAL for a password that can't be one, -EILSEQ for one
 * that can't be SCRAM's (saslprep.h); or what libcrypt said.
 */
int secret_hash(struct str password, const char *method, struct buf *ret);

/* Whether hash can be checked at all: no lock in front, and a method that libcrypt has. */
bool secret_usable(struct str hash);

/* Whether its user can log in by SCRAM-SHA-256. */
bool secret_scram(struct str hash);

/* "!" in front: nobody comes in, whatever they prove. ("*" says only that there is no password.) */
bool secret_locked(struct str hash);
