/* extension.h: the rows that an RFC can bring; base IMAP is made of the same ones */
#pragma once
#include "base/buf.h"
#include "facts.h"
#include "imap/parse.h"

struct session;
struct command;
struct fetching;
struct fetch_item;
struct search_key;
struct search_parse;
struct thread;
struct threading;
struct results;
struct returns;
struct status_of;
struct fetch_request;
struct md_change;
struct name;

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
	NAMES = 128,		/* changes names, subscriptions or metadata, which the client then knows (notify.h) */
	NUMBERED = 64,		/* its numbers are message numbers, so it is not for who has enabled UIDONLY */
};

/* A thing that FETCH can be asked for. needs tells what is opened and read before the line begins, so that a message
 * that can't be read is left out whole.
 */
enum fetch_needs {
	NEEDS_FILE = 1,		/* an open descriptor and its size */
	NEEDS_HEADER = 4,	/* the header section, in memory */
	NEEDS_PARTS = 8,	/* the tree of parts */
	SETS_SEEN = 16,		/* asking for it marks the message \Seen (not with .PEEK, nor in EXAMINE) */
	TELLS_FLAGS = 32,
	TELLS_UID = 64,
	TELLS_MODSEQ = 128,
	NEEDS_DECODING = 256,	/* its section is no multipart and no message, and its encoding is known */
	/* Facts (facts.h): from the cache, or from what they are made of. */
	NEEDS_DATE = 1 << (16 + FACT_DATE),
	NEEDS_FIELDS = 1 << (16 + FACT_FIELDS),
	NEEDS_ENVELOPE = 1 << (16 + FACT_ENVELOPE),
	NEEDS_BODY = 1 << (16 + FACT_BODY),
	NEEDS_STRUCTURE = 1 << (16 + FACT_STRUCTURE),
	NEEDS_PREVIEW = 1 << (16 + FACT_PREVIEW),
	NEEDS_SIZE = 1 << (16 + FACT_SIZE),
	NEEDS_ORDER = 1 << (16 + FACT_ORDER),
	NEEDS_DIGEST = 1 << (16 + FACT_DIGEST),
	NEEDS_PLACES = 1 << (16 + FACT_PLACES),
	NEEDS_TEXTS = 1 << (16 + FACT_TEXTS),
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
	/* What takes long or can fail, before the line begins; NULL: nothing. */
	int (*prepare)(struct status_of *of);
	/* Writes what is no number, in place of value. */
	void (*write)(struct session *s, const struct status_of *of);
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

/* A thing that LIST can be asked to return (RFC 5258 3.2). Only a name: it is in the LIST line anyway. */
struct list_row {
	const char *name;
	unsigned attribute;	/* of enum name_is: told in the LIST line */
	bool (*parse)(struct cursor *c, const void **ret);	/* what follows the name; NULL if nothing may */
	/* Writes lines after the LIST line of a mailbox that exists and was chosen. What can't be had is left out. */
	void (*tell)(struct session *s, struct arena *a, const struct name *name, const void *args);
};

/* A parameter of CREATE (RFC 4466 2.2). */
struct create_row {
	const char *name;
	bool (*parse)(struct cursor *c, const void **ret);
	/* OK, or the verdict that the mailbox is not to be made with these. */
	enum verdict (*check)(struct session *s, struct command *cmd, const void *args);
	/* To the folder that was made; if it fails, that is taken back. */
	int (*apply)(struct session *s, struct str folder, const void *args);
};

/* A criterion of SORT (RFC 5256 3), with what it needs (enum fetch_needs) and one of both. */
struct sort_row {
	const char *name;
	unsigned needs;
	int64_t (*number)(const struct fetching *f);
	void (*text)(struct fetching *f, struct buf *ret);	/* adds UTF-8, which is folded to be compared */
	bool by_score;		/* only what is fuzzy can be sorted so (RFC 6203 6) */
	const struct sort_row *unfolded;	/* it has been, by i;unicode-casemap; for other comparators this one is to be taken */
	unsigned ranked;	/* its number among those whose order is kept (ranks.h), in the cache's file; 0: it is not */
};

/* An algorithm of THREAD (RFC 5256 3; thread.h). */
struct thread_row {
	const char *name;
	struct thread *(*build)(struct threading *t);
};

/* What SEARCH and its kin can be asked to return (RFC 4466 2.6.2). */
struct return_row {
	const char *name;
	unsigned option;	/* enum return_option (results.h) */
	bool (*parse)(struct cursor *c, struct returns *returns);	/* what follows the name; NULL: nothing may */
	/* Its item of the ESEARCH response, if there is anything to tell. NULL: it has none. */
	void (*write)(struct session *s, const struct results *r, struct arena *a);
};

/* A parameter of SELECT and EXAMINE (RFC 4466 2.1). */
struct select_row {
	const char *name;
	bool (*parse)(struct session *s, struct cursor *c, const void **ret);	/* what follows the name; NULL: nothing may */
	/* Tells more, after all that is told of every mailbox; NULL: nothing. */
	void (*tell)(struct session *s, struct arena *a, const void *args);
};

/* A modifier of FETCH (RFC 4466 2.4). */
struct fetch_modifier_row {
	const char *name;
	bool (*parse)(struct cursor *c, struct fetch_request *f);	/* what follows the name; NULL: nothing may */
	/* Leaves messages out, or tells what comes first. NULL, or why it can't be used so: then nothing was told. */
	const char *(*apply)(struct session *s, struct arena *a, struct fetch_request *f);
};

/* A modifier of STORE (RFC 4466 2.5). */
struct store_modifier_row {
	const char *name;
	bool (*parse)(struct cursor *c, struct md_change *change);
};

/* An extension is a file in cmd/, and a line in extensions.c. */
struct extension {
	unsigned rfc;
	const char *capability;		/* one or more words; NULL if it announces nothing */
	bool (*offered)(const struct session *s);	/* whether it is there now; NULL: always */
	uint64_t (*limit)(const struct session *s);	/* follows a word that ends in "="; 0: that is not announced */
	const char *enable;		/* its name in ENABLE, and the bit it sets there */
	unsigned enable_bit;
	bool asking_enables;		/* asking for any of the rows below sets that bit, too (RFC 7162 3.1) */
	const struct command_row *commands;
	const struct fetch_row *fetch;
	const struct status_row *status;
	const struct search_row *search;
	const struct select_row *select;
	const struct fetch_modifier_row *fetch_modifiers;
	const struct store_modifier_row *store_modifiers;
	const struct return_row *returns;
	const struct sort_row *sort;
	const struct thread_row *thread;
	const struct list_row *list;
	const struct create_row *create;
};

/* Every extension, the base protocol first. Ends with NULL. */
extern const struct extension *const extensions[];

/* The row of that name, in any case, or NULL. */
const struct command_row *command_row_find(struct str name);
const struct status_row *status_row_find(struct str name);
const struct search_row *search_row_find(struct str name);
const struct select_row *select_row_find(struct str name);
const struct fetch_modifier_row *fetch_modifier_find(struct str name);
const struct store_modifier_row *store_modifier_find(struct str name);
const struct return_row *return_row_find(struct str name);
const struct sort_row *sort_row_find(struct str name);
const struct thread_row *thread_row_find(struct str name);
const struct list_row *list_row_find(struct str name);
const struct create_row *create_row_find(struct str name);
/* The longest row that c begins with. */
const struct fetch_row *fetch_row_find(struct str rest);

/* What is enabled by asking for a row (any but a command's), as enum enabled; mostly 0. */
unsigned row_enables(const void *row);
