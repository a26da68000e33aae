/* extension.h: the rows that an RFC can bring; base IMAP is made of the same ones */
#pragma once
#include "base/str.h"
#include "imap/parse.h"

struct session;
struct command;
struct fetching;
struct fetch_item;
struct search_key;
struct search_parse;
struct status_of;

/* How a command ended. Only cmd_ functions (command.h) make one: no path ends without an answer, unless the session is
 * over, and nobody waits for it.
 */
enum verdict { OK, NO, BAD, OVER };

/* What a session is doing; a row names those it is allowed in. session_enter() is the only place that changes it. */
enum state { AUTHENTICATED = 1, SELECTED = 2, LOGGED_OUT = 4, ANY_STATE = AUTHENTICATED | SELECTED };

struct command_row {
	const char *name;	/* in capitals, "UID FETCH" in one */
	unsigned states;
	unsigned flags;
	enum verdict (*run)(struct session *s, struct command *cmd);
};

enum command_flags {
	BY_UID = 1,		/* its numbers are UIDs */
	WRITES = 2,		/* not in a folder that is open read-only */
	STREAM = 4,		/* reads its literals itself (wire/frame.h) */
	KEEPS_NUMBERS = 8,	/* no EXPUNGE may be told with its answer (RFC 9051 7.5.1) */
	QUIET = 16,		/* nothing untagged is told with its answer */
	LEAVES = 32,		/* works also when the selected folder has been removed */
};

/* A thing that FETCH can be asked for. needs tells what is opened and read before the line begins, so that a message
 * that can't be read is left out whole.
 */
enum fetch_needs {
	NEEDS_FILE = 1,		/* an open descriptor and its size and time */
	NEEDS_SIZE = 2,		/* octets as sent */
	NEEDS_HEADER = 4,	/* the header section, in memory */
	NEEDS_PARTS = 8,	/* the tree of parts */
	SETS_SEEN = 16,		/* asking for it marks the message \Seen (not with .PEEK, nor in EXAMINE) */
	TELLS_FLAGS = 32,
	TELLS_UID = 64,
};

struct fetch_row {
	const char *name;	/* as it begins: "BODY.PEEK[" is looked for before "BODY" because it is longer */
	unsigned needs;
	/* What follows the name, into item; NULL if nothing may. */
	bool (*parse)(struct cursor *c, struct fetch_item *item);
	/* Writes name and value. A negative errno if the message can't be read; then nothing was written. */
	int (*write)(struct session *s, struct fetching *f, const struct fetch_item *item);
};

struct status_row {
	const char *name;
	uint64_t (*value)(const struct status_of *of);
};

/* What a search key costs to try, cheapest first. */
enum search_cost { COST_NONE, COST_STAT, COST_HEADER, COST_BODY };

struct search_row {
	const char *name;
	enum search_cost cost;
	bool (*parse)(struct search_parse *p, struct search_key *key);	/* its arguments; NULL: none */
	/* 1: matches, 0: not, or a negative errno. */
	int (*match)(struct session *s, struct fetching *f, const struct search_key *key);
};

/* An extension is a file in cmd/, and a line in extensions.c. */
struct extension {
	unsigned rfc;
	const char *capability;		/* one or more words; NULL if it announces nothing */
	bool (*announced)(const struct session *s);	/* NULL: always */
	const char *enable;		/* its name in ENABLE, and the bit it sets there */
	unsigned enable_bit;
	const struct command_row *commands;
	const struct fetch_row *fetch;
	const struct status_row *status;
	const struct search_row *search;
};

/* Every extension, the base protocol first. Ends with NULL. */
extern const struct extension *const extensions[];

/* The row of that name, in any case, or NULL. */
const struct command_row *command_row_find(struct str name);
const struct status_row *status_row_find(struct str name);
const struct search_row *search_row_find(struct str name);
/* The longest row that c begins with. */
const struct fetch_row *fetch_row_find(struct str rest);
