/* command.c: one command, from its line to its tagged answer */
#include <string.h>
#include "base/log.h"
#include "command.h"
#include "notify.h"
#include "progress.h"
#include "session.h"
#include "sync.h"
#include "view.h"

enum verdict cmd_ok(struct command *cmd, const char *text)
{
	return cmd_ok_code(cmd, NULL, text);
}

enum verdict cmd_ok_code(struct command *cmd, const char *code, const char *text)
{
	cmd->code = code;
	cmd->text = text;
	return OK;
}

enum verdict cmd_no(struct command *cmd, const char *code, const char *text)
{
	cmd->code = code;
	cmd->text = text;
	return NO;
}

enum verdict cmd_bad(struct command *cmd, const char *text)
{
	return cmd_bad_code(cmd, NULL, text);
}

enum verdict cmd_bad_code(struct command *cmd, const char *code, const char *text)
{
	cmd->code = code;
	cmd->text = text;
	return BAD;
}

enum verdict cmd_uidrequired(struct command *cmd)
{
	cmd->code = "UIDREQUIRED";
	cmd->text = "Message numbers are not allowed once UIDONLY is enabled.";
	return BAD;
}

enum verdict cmd_over(void)
{
	return OVER;
}

enum verdict cmd_syntax(struct command *cmd)
{
	return cmd_bad(cmd, parse_complaint(&cmd->args));
}

/* What a failure of the store is called in the protocol (RFC 5530 3). */
static const struct failure {
	int error;
	const char *code, *text;
} failures[] = {
	{ EACCES,	"NOPERM",	"Permission denied."						},
	{ EPERM,	"NOPERM",	"Permission denied."						},
	{ EROFS,	"NOPERM",	"The mail store is read-only."					},
	{ EDQUOT,	"OVERQUOTA",	"You exceeded your mail quota."					},
	{ ENOSPC,	"OVERQUOTA",	"There is no space left on the server."				},
	{ EEXIST,	"ALREADYEXISTS", "There is a mailbox of that name."				},
	{ ENOENT,	"NONEXISTENT",	"Mailbox does not exist."					},
	{ EINVAL,	"CANNOT",	"Invalid mailbox name."						},
	{ EILSEQ,	"CANNOT",	"Mailbox names are UTF-8, in normal form C."			},
	{ ENAMETOOLONG, "CANNOT",	"That name is too long."					},
	{ EPROTONOSUPPORT, "UNKNOWN-CTE", "The transfer encoding of that part is not known."			},
	{ EPROTOTYPE,	"CANNOT",	"That part has parts of its own; only those are decoded."	},
	{ EFBIG,	"TOOBIG",	"Too big."							},
	{ ETIMEDOUT,	"INUSE",	"Another session holds the mailbox; try again."			},
	{ ESTALE,	"UNAVAILABLE",	"The mailbox was replaced by another one."			},
	{ EOVERFLOW,	"LIMIT",	"Too many keywords in this mailbox."				},
	{ EIO,		"UNAVAILABLE",	"The mail store could not be read or written."			},
	{ EMFILE,	"UNAVAILABLE",	"Too many open files; try again."				},
	{ ENFILE,	"UNAVAILABLE",	"Too many open files; try again."				},
	{ ENOLCK,	"UNAVAILABLE",	"The mail store can't be locked; try again."			},
	{ EBUSY,	"UNAVAILABLE",	"The mail store is busy; try again."				},
	{ ENOMEM,	"UNAVAILABLE",	"Out of memory; try again."					},
	{ ELOOP,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ ENOTDIR,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ EISDIR,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ ENXIO,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ ENODEV,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ EBADMSG,	"CORRUPTION",	"A file of the mail store is not what it should be."		},
	{ 0,		NULL,		NULL								},
};

enum verdict cmd_failed(struct command *cmd, int r)
{
	const struct failure *f = failures;

	while (f->error && f->error != -r)
		f++;
	if (!f->error || strcmp(f->code, "UNAVAILABLE") == 0 || strcmp(f->code, "CORRUPTION") == 0)
		log_errno(r, cmd->row->name);
	return f->error ? cmd_no(cmd, f->code, f->text) : cmd_no(cmd, "SERVERBUG", "Internal error.");
}

enum verdict cmd_failed_target(struct command *cmd, int r)
{
	return r == -ENOENT ? cmd_no(cmd, "TRYCREATE", "Mailbox does not exist.") : cmd_failed(cmd, r);
}

static void tagged(struct session *s, const struct command *cmd, enum verdict verdict)
{
	static const char *const words[] = { [OK] = "OK", [NO] = "NO", [BAD] = "BAD" };

	if (cmd->tag.n)
		w_tagged(&s->out, cmd->tag);
	else
		w_untagged(&s->out);
	w_atom(&s->out, words[verdict]);
	if (cmd->code) {
		w_code_open(&s->out, cmd->code);
		w_code_close(&s->out);
	}
	w_text(&s->out, str_z(cmd->text));
	w_crlf(&s->out);
}

/* tag SP command-name, from the frame's text as it is now. False: there is no row, and the answer is in cmd. */
static bool read_head(struct session *s, struct command *cmd)
{
	struct cursor c;
	struct str name;

	cursor_init(&c, cmd->arena, buf_view(&s->frame.text));
	c.utf8 = s->enabled & (ON_UTF8 | ON_REV2);
	c.separator = s->store.separator;
	cmd->row = NULL;
	cmd->tag = (struct str){ 0 };
	cmd->text = "Expected a tag and a command.";
	/* What only begins like a tag is none, and is not echoed. */
	if (!p_tag(&c, &name) || (c.rest.n && c.rest.s[0] != ' '))
		return false;
	cmd->tag = arena_str(cmd->arena, name);
	if (!p_sp(&c) || !p_command_name(&c, &name))
		return false;
	cmd->row = command_row_find(name);
	cmd->text = "Unknown command.";
	cmd->args = c;
	return cmd->row;
}

/* Why the row is not for now, or NULL. */
static const char *misplaced(const struct session *s, const struct command_row *row)
{
	if (row->states & s->state)
		return NULL;
	return row->states == SELECTED ? "No mailbox is selected." : "Not in this state.";
}

enum frame_status command_literal(struct session *s, struct command *cmd)
{
	enum frame_status status = frame_literal(&s->frame);

	if (status == FRAME_COMPLETE)
		status = frame_line(&s->frame);
	read_head(s, cmd);
	return status;
}

/* The end of a session that can read no more. */
static bool over(struct session *s, enum frame_status status)
{
	if (status == FRAME_TIMEOUT)
		session_bye(s, STATUS_TIMEOUT, NULL, "Disconnected for inactivity.");
	else if (status == FRAME_STOP)
		session_bye(s, STATUS_SIGNAL, "UNAVAILABLE", "Server shutting down.");
	else
		session_end(s, STATUS_DISCONNECTED);
	return false;
}

/* Tells what changed in the folder, as far as the command lets it. */
static void sync_after(struct session *s, const struct command *cmd)
{
	int r;

	if ((s->state != SELECTED && !s->notify) || cmd->row->flags & QUIET)
		return;
	if (s->notify && cmd->row->flags & NAMES)
		notify_own(s);
	if (s->notify)
		r = notify_tell(s, cmd->keeps_numbers || cmd->row->flags & KEEPS_NUMBERS);
	else
		r = sync_tell(s, cmd->keeps_numbers || cmd->row->flags & KEEPS_NUMBERS);
	if (r < 0)
		log_errno(r, "looking at the mailbox");
}

/* HIGHESTMODSEQ, where the client must know it: in the tagged line, if that has room for it. */
static void correct(struct session *s, struct command *cmd, enum verdict verdict)
{
	const uint64_t modseq = s->state == SELECTED && !(cmd->row->flags & QUIET) ? sync_correction(s) : 0;

	if (modseq == 0)
		return;
	if (verdict == OK && !cmd->code)
		cmd->code = arena_printf(cmd->arena, "HIGHESTMODSEQ %llu", (unsigned long long)modseq);
	else
		sync_number(s, "HIGHESTMODSEQ", modseq, "Highest");
}

/* Whether the row is about the selected folder, and that is no more. */
static bool is_removed(const struct session *s, const struct command_row *row)
{
	return row->states == SELECTED && !(row->flags & LEAVES) && s->view && s->view->removed;
}

static enum verdict cmd_removed(struct command *cmd)
{
	return cmd_no(cmd, "NONEXISTENT", "The selected mailbox does not exist any more.");
}

/* MESSAGELIMIT is told in the tagged line, unless that has another code. */
static void tell_limit(struct session *s, struct command *cmd)
{
	if (!cmd->code) {
		cmd->code = cmd->limited;
		return;
	}
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, cmd->limited);
	w_code_close(&s->out);
	w_text(&s->out, STR("Not all messages were looked at."));
	w_crlf(&s->out);
}

static bool answer(struct session *s, struct command *cmd, enum verdict verdict)
{
	if (verdict == OVER)
		return false;
	if (cmd->row && verdict != BAD)
		sync_after(s, cmd);
	/* Whatever else failed did so because of that; but what COPYUID tells of is there. */
	if (cmd->row && verdict != BAD && !(verdict == OK && cmd->code) && is_removed(s, cmd->row))
		verdict = cmd_removed(cmd);
	if (cmd->limited && verdict != BAD)
		tell_limit(s, cmd);
	if (cmd->row && verdict != BAD)
		correct(s, cmd, verdict);
	tagged(s, cmd, verdict);
	/* Answers wait for each other, but not for a client that sends without end and reads nothing. */
	conn_flush_lines(&s->conn, 65536);
	if (verdict == OK && cmd->then)
		cmd->then(s);
	return s->state != LOGGED_OUT && !s->conn.error;
}

/* What can be said against a command before its arguments are looked at. */
static enum verdict refuse(struct session *s, struct command *cmd)
{
	const char *why;

	if (s->frame.nul)
		return cmd_bad(cmd, "A NUL octet in a command.");
	if (!cmd->row)
		return cmd_bad(cmd, cmd->text);
	why = misplaced(s, cmd->row);
	if (why)
		return cmd_bad(cmd, why);
	if (is_removed(s, cmd->row))
		return cmd_removed(cmd);
	if (cmd->row->flags & NUMBERED && s->enabled & ON_UIDONLY)
		return cmd_uidrequired(cmd);
	if (cmd->row->flags & WRITES && s->view && s->view->readonly)
		return cmd_no(cmd, "READ-ONLY", "The mailbox is open read-only.");
	return OK;
}

/* Answers where what the client is still to send can't be told from commands. */
static bool lost(struct session *s, const struct command *cmd, enum verdict verdict)
{
	if (verdict == OVER)
		return false;
	tagged(s, cmd, verdict);
	session_bye(s, STATUS_DISCONNECTED, "TOOBIG", "Too much to read past.");
	conn_linger(&s->conn);
	return false;
}

static bool too_long(struct session *s, struct command *cmd)
{
	read_head(s, cmd);
	cmd->row = NULL;
	cmd_no(cmd, "TOOBIG", "Command too long.");
	if (frame_refuse(&s->frame) != FRAME_COMPLETE)
		return lost(s, cmd, BAD);
	return answer(s, cmd, BAD);
}

bool command_next(struct session *s)
{
	struct command cmd = { .arena = &s->scratch };
	enum frame_status status;
	enum verdict verdict;

	arena_reset(&s->scratch);
	s->working = (struct progress){ 0 };
	conn_mark(&s->conn);
	frame_begin(&s->frame);
	/* A client that never pauses does not keep us. */
	if (conn_buffered(&s->conn).n && wait_for(&s->conn.wait, WAIT_STOP, 0) > 0)
		return over(s, FRAME_STOP);
	if (s->notify && !conn_buffered(&s->conn).n && !notify_wait(s))
		return false;
	status = frame_line(&s->frame);
	if (status == FRAME_COMPLETE && s->frame.text.n == 0)
		return !s->conn.error;
	if (status == FRAME_COMPLETE || status == FRAME_LITERAL) {
		read_head(s, &cmd);
		verdict = refuse(s, &cmd);
		if (verdict != OK) {
			if (status == FRAME_LITERAL && frame_refuse(&s->frame) != FRAME_COMPLETE)
				return lost(s, &cmd, verdict);
			return answer(s, &cmd, verdict);
		}
		while (status == FRAME_LITERAL && !(cmd.row->flags & STREAM))
			status = command_literal(s, &cmd);
	}
	if (status == FRAME_TOO_LONG)
		return too_long(s, &cmd);
	if (status != FRAME_COMPLETE && status != FRAME_LITERAL)
		return over(s, status);
	progress_begin(&s->working, cmd.tag, 0);
	verdict = s->frame.nul ? cmd_bad(&cmd, "A NUL octet in a command.") : cmd.row->run(s, &cmd);
	if (s->frame.literal.open && frame_refuse(&s->frame) != FRAME_COMPLETE)
		return lost(s, &cmd, verdict);
	return answer(s, &cmd, verdict);
}
