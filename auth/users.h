/* auth/users.h: the file of virtual users */
#pragma once
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"

/* One line of it:
 *
 *	name:hash:uid:gid:home[:maildir[:quota[:options]]]
 *
 * uid and gid are numbers or names, or empty for those of the process. home is absolute. No field has a colon
 *in it. Lines that are empty or begin with # are not read. If the fifth field does not begin with a slash,
 *the line is one of passwd(5), or of Dovecot's passwd-file:
 *
 *	name:hash:uid:gid:full name:home:shell[:extra fields]
 *
 * where only userdb_mail=maildir:PATH is understood of the extra fields; the other userdb_ ones are passed
 *over, and anything else, which might restrict who comes in (allow_nets=, nologin), makes the line unusable.
 */
struct users_entry {
	struct str name, hash, uid, gid, home, maildir, quota, options;
	struct str fullname, shell; /* of passwd(5) */
};

/* What is wrong with a line. */
enum users_fault {
	USERS_OK,
	USERS_COMMENT,
	USERS_FEW_FIELDS,
	USERS_MANY_FIELDS,
	USERS_BAD_NAME,
	USERS_BAD_OCTETS,
	USERS_NO_HOME,
	USERS_BAD_EXTRA
};
enum users_fault users_parse(struct str line, struct users_entry *ret);
const char *users_fault_text(enum users_fault fault);

/* The line of that name, the first one, without its LF. False if there is none. Takes as long for every name. */
bool users_find(struct str file, struct str name, struct str *ret_line);

/* The same for a name as somebody logs in with it: as it is, or, if it has no domain, with domain ("@example.org") behind
 * it, which may be NULL. *ret_name is the name in full, also of somebody who does not exist.
 */
bool users_find_login(struct str file, struct str user, const char *domain, struct arena *arena, struct str *ret_name,
		      struct str *ret_line);

/* What comes behind USERS_SECRET in a line that begins with it; empty if there is none. Salts of users who do not exist are
 * made of it. */
#define USERS_SECRET "# scram-secret: "
struct str users_secret(struct str file);

/* A hash of the kind most users have, if a look at the first few tells: for secret_check_nobody(). */
struct str users_usual_hash(struct str file);

/* Adds the line for e, with its LF: as few fields as hold it. */
void users_write(struct buf *b, const struct users_entry *e);

/* Whether a value may stand in a field: UTF-8, no colon, no control character. */
bool users_field_ok(struct str value);
bool users_name_ok(struct str name); /* not empty, no blanks, no # in front; a field as well */

/* Numbers, or names of the system's. Empty is our own. False if there is no such name. */
bool users_uid(struct str field, uid_t *ret);
bool users_gid(struct str field, gid_t *ret);
