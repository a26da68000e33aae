/* base/log.h: the log: the journal, syslog, or whatever stderr is; never the client */
#pragma once
#include "base/str.h"

/* Where lines go is decided once, from what descriptor 2 is:
 * the journal's stream (JOURNAL_STREAM names it)  -> the journal's native socket, with fields
 * closed, /dev/null, or the client's (xinetd)     -> syslog, facility mail
 * anything else (a terminal, a file, a pipe)      -> that, one line each: "ident: text"
 *
 * Octets that are no printable text are shown as \xNN, so that nobody can write a second line.
 * Levels are syslog.h's.
 */
void log_open(const char *ident, int client_fd);
void log_line(int level, const char *fmt, ...) _printf_(2, 3);
void log_errno(int r, const char *doing);	/* "doing: No such file ..." at LOG_ERR; r is a negative errno */

/* For the journal, beside the text. name is in capitals; an empty value is left out. */
struct log_field {
	const char *name;
	struct str value;
};
/* fields end with a row whose name is NULL. */
void log_event(int level, const struct log_field *fields, struct str text);
