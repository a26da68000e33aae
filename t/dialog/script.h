/* t/dialog/script.h: a dialogue as it is written down: what is given, and the steps */
#pragma once
#include "base/arena.h"

/* What a line of a .imap file asks for. Where a session is meant, its number follows the letter: C2:, S2:, closed2.
 *
 * before the first step
 *	given FOLDER FILE [FLAG...]	a message of t/mail/ is in the folder; with NEW it is in new/, without in cur/
 *	settle FOLDER			an earlier session has selected it, so nothing in it is \Recent
 *	env NAME=VALUE			of the server
 *	helper NAME [ARGUMENT...]	of t/chain, asked before auth-file
 *	arg PATH			of the server, instead of ./Maildir; "-" for none
 *	mode NAME...			only these variants (pair pipe octets packed compress login tls)
 *	except NAME...			all variants but these
 *	explicit			the case itself reads the greeting, and logs in
 *	exit N				what the server has to end with, instead of 0
 *	before COMMAND			of the shell, when the Maildir is made and nothing runs yet
 * steps
 *	C: TEXT		send a line		C| TEXT		send octets, without a line end
 *	C* N TEXT	send octets N times	eof		send no more
 *	S: PATTERN	the next line		S? PATTERN	the next line, if it is this one
 *	S~ PATTERN	a block of these: lines in any order
 *	S... PATTERN	untagged lines, any number, up to this line
 *	and PATTERN, not PATTERN		about the line that matched last
 *	is A = B, A + B = C, A < B		about values captured
 *	! COMMAND	of the shell (t/dialog/actions.sh is loaded), in the directory that holds Maildir
 *	close		hang up			closed		the server has hung up, and said no more
 *	kill		SIGKILL			term		SIGTERM
 *	whatever	what the server says from here on is not looked at, nor whether it stays
 */
enum step_kind {
	STEP_SEND,
	STEP_OCTETS,
	STEP_REPEAT,
	STEP_EOF,
	STEP_EXPECT,
	STEP_OPTIONAL,
	STEP_ANY_ORDER,
	STEP_SKIP_TO,
	STEP_AND,
	STEP_NOT,
	STEP_IS,
	STEP_SHELL,
	STEP_CLOSE,
	STEP_CLOSED,
	STEP_KILL,
	STEP_TERM,
	STEP_WHATEVER,
};

enum { SESSIONS = 10, MODES = 7 };

/* How the bytes travel. */
enum mode {
	MODE_PAIR,	/* PREAUTH on a socket pair */
	MODE_PIPE,	/* PREAUTH on two pipes */
	MODE_OCTETS,	/* each octet of the client in a packet of its own */
	MODE_PACKED,	/* all that the client can say without waiting in one packet */
	MODE_COMPRESS,	/* a socket pair, and all behind the greeting is deflated; not where the case is explicit */
	MODE_LOGIN,	/* imaplogin and auth-file come first */
	MODE_TLS,	/* the same, in TLS from the first octet */
};
extern const char *const mode_names[MODES + 1];	/* the last is NULL */

struct step {
	enum step_kind kind;
	unsigned session;	/* from 1 */
	unsigned line;
	struct str text;
};

struct given {
	struct str folder, file, flags;
	unsigned line;
};

struct script {
	const char *path;
	struct given *given;
	struct step *steps;
	struct str *env, *settle, *before;
	size_t ngiven, nsteps, nenv, nsettle, nbefore;
	unsigned modes;		/* 1 << enum mode, each that applies */
	struct str arg, helper;
	bool explicit_greeting;
	int exit;
};

/* Reads a file into the arena. False with *ret_error, a line for people, if it can't be understood. */
bool script_read(struct arena *a, const char *path, struct script *ret, const char **ret_error);
