/* t/dialog/session.h: one server process under test, and the client's end of it */
#pragma once
#include <sys/types.h>
#include "base/arena.h"
#include "base/buf.h"
#include "t/dialog/script.h"
#include "t/dialog/tls.h"

struct session {
	unsigned n;		/* its number in the script; 0: not started */
	pid_t pid;		/* of its process group as well */
	int in, out;		/* the server's output and input; the same one on a socket */
	enum mode mode;
	struct tls *tls;	/* or NULL */
	bool eof;		/* the server has hung up */
	bool loose;		/* what it says is not looked at any more */
	struct buf got;		/* octets not taken yet */
	struct session_deflate *deflate;	/* NULL: they travel as they are */
};

/* What to run. */
struct server {
	const char *dir;	/* where the programs are */
	const char *tests_dir;	/* t/ */
	enum mode mode;
	const char *certificate;	/* with its key, a file; for TLS */
	const struct script *script;
};

/* Starts it in the current directory; its stderr goes to the file stderr.N there. False if there is no TLS. */
bool session_start(struct session *s, unsigned n, const struct server *server);

/* From here on all octets are deflated, both ways (RFC 4978). */
void session_deflate(struct session *s);

/* Sends all of it, reading what the server says meanwhile. */
void session_send(struct session *s, struct str octets);
void session_send_eof(struct session *s);

/* The next response: a line and the literals in it, without its CR LF. Valid until session_take().
 * False at the end, or when there is none within the time a test may take; *ret_why says which.
 */
bool session_line(struct session *s, struct str *ret, const char **ret_why);
void session_take(struct session *s, struct str line);

/* Waits for the server to hang up. False if it does not, or says more, which is in got. */
bool session_closed(struct session *s);

/* Closes our end. Returns the exit status as waitpid() has it. */
int session_end(struct session *s);
void session_abort(struct session *s);	/* kills it; fine when it is not running */
