/* login/dialogue_state.h: what the files of the dialogue share; nobody else's business */
#pragma once
#include "base/arena.h"
#include "imap/parse.h"
#include "login/dialogue.h"
#include "login/frame.h"
#include "login/lines.h"

struct dialogue {
	const struct terms *terms;
	struct lines lines;
	int out, monitor;
	struct str tag;	    /* of the command; empty: answers are untagged */
	struct buf command; /* as it came, with its literals inline */
	size_t literals;    /* octets of them in it */
	struct arena arena; /* the command's */
	struct buf text;    /* not sent yet */
	uint64_t sent;
	unsigned bad;
	bool over;
	bool linger;	    /* BYE was said */
	struct frame frame; /* the monitor's answer */
};

/* One row for each command that there is before login. run() answers it with exactly one tagged line, the
 * last. */
struct dialogue_command {
	const char *name;
	void (*run)(struct dialogue *d, struct cursor *c);
};
extern const struct dialogue_command dialogue_commands[];

/* Answers. code is an RFC 5530 (or 3501) code, or empty. */
void dialogue_tagged(struct dialogue *d, const char *condition, struct str code, struct str text);
void dialogue_bad(struct dialogue *d, const char *code, const char *text); /* counts: too many are the end */
void dialogue_bye(struct dialogue *d, struct str text);
bool dialogue_offers(const struct dialogue *d, struct str mechanism);
void dialogue_capabilities(const struct dialogue *d, struct buf *ret); /* " IMAP4rev1 ..." */
void dialogue_flush(struct dialogue *d);

/* Tells the monitor how it ended, "L" or "D", and is over. */
void dialogue_giveup(struct dialogue *d, const char *how);
/* What to do when lines_line() did not give a line: the end in any case. */
void dialogue_interrupted(struct dialogue *d, enum lines_result why);

/* LOGIN and AUTHENTICATE: asks the monitor, answers the client. mechanism is "" for LOGIN. */
void dialogue_try(struct dialogue *d, struct str mechanism, struct str user, struct str secret);
void dialogue_authenticate(struct dialogue *d, struct cursor *c);
