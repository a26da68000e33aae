/* command.h: one command, from its line to its tagged answer */
#pragma once
#include "base/arena.h"
#include "extension.h"
#include "wire/frame.h"

struct command {
	const struct command_row *row;
	struct str tag;
	struct cursor args;	/* what follows the name, from the SP on */
	struct arena *arena;	/* of this command: all goes after the tagged line */
	const char *code;	/* of the tagged line: "TRYCREATE"; NULL: none */
	const char *text;
	const char *limited;	/* "MESSAGELIMIT n uid", to be told with the answer (limit.h); NULL: nothing */
	bool keeps_numbers;	/* as if its row had KEEPS_NUMBERS */
	void (*then)(struct session *s);	/* what an OK begins, right behind the tagged line; NULL: nothing */
};

/* Reads one command, runs it, tells what changed, answers. Returns false when there will be no more. */
bool command_next(struct session *s);

/* For STREAM rows: takes the literal that was announced last into the command, with the line that follows, and sets
 * cmd->args anew, at the beginning of the arguments. FRAME_TOO_LONG: it is over a limit, and not taken.
 */
enum frame_status command_literal(struct session *s, struct command *cmd);

/* The only makers of a verdict. code and text live as long as the command. */
enum verdict cmd_ok(struct command *cmd, const char *text);
enum verdict cmd_ok_code(struct command *cmd, const char *code, const char *text);
enum verdict cmd_no(struct command *cmd, const char *code, const char *text);
enum verdict cmd_bad(struct command *cmd, const char *text);
enum verdict cmd_bad_code(struct command *cmd, const char *code, const char *text);
/* BAD: message numbers are not for who has enabled UIDONLY (RFC 9586 3). */
enum verdict cmd_uidrequired(struct command *cmd);
/* The session has ended in the middle of the command. */
enum verdict cmd_over(void);
/* BAD, with the place where the arguments went wrong. */
enum verdict cmd_syntax(struct command *cmd);
/* NO for r, a negative errno, with its RFC 5530 code. */
enum verdict cmd_failed(struct command *cmd, int r);
/* The same for a mailbox that is to be written to: a missing one is [TRYCREATE]. */
enum verdict cmd_failed_target(struct command *cmd, int r);
