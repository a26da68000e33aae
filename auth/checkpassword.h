/* auth/checkpassword.h: the caller's side of a helper: descriptor 3, mechanisms, what is said back */
#pragma once
#include "base/buf.h"

/* The most that is read: 16 KiB, where the interface itself gives 512. */
enum { CREDENTIALS_MAX = 16384, CREDENTIALS_FD = 3 };

/* What descriptor 3 said. Both are also C strings, and point into room. */
struct credentials {
	struct buf room;
	struct str user;
	struct str password;
};

/* Reads "NUL message" (any octets; a mechanism's first message) from fd to its end and closes fd. ret->password is the
 * message. The same returns.
 */
int credentials_read_message(int fd, struct credentials *ret);

/* Reads "user NUL password NUL timestamp NUL" (the timestamp may be missing) from fd to its end and closes
 * fd. Returns 0, or the exit code for it: EXIT_MISUSED without a descriptor or with a field missing,
 * EXIT_REFUSED if it is longer than CREDENTIALS_MAX, EXIT_TEMPORARY if it can't be read. The octets read are
 * wiped on failure.
 */
int credentials_read(int fd, struct credentials *ret);
void credentials_release(struct credentials *c); /* wipes; for _cleanup_ */

/* What the client is proving itself with: IMAPMECHANISM, and a password without it. EXTERNAL has proved it
 * already, by a certificate: only the account is wanted. False, with a line on the log, for a mechanism that is
 * not in can, a list with blanks between.
 */
enum mechanism { BY_PASSWORD, BY_CERTIFICATE, BY_ROUNDS };
bool mechanism_asked(const char *can, enum mechanism *ret);

/* "--mechanisms" as the only argument: prints can, one line, and is true. */
bool mechanisms_told(int argc, char **argv, const char *can);

/* Tells the client why it is refused, though it has proved who it is: an RFC 5530 code and words for a
 * person. Without a monitor to tell it to, nothing.
 */
void refused_because(const char *code, const char *text);
