/* cmd/append.c: APPEND (RFC 9051 6.3.12), and APPENDLIMIT (RFC 7889) */
#include <string.h>
#include "base/fd.h"
#include "command.h"
#include "session.h"
#include "status_of.h"

/* What comes before the message. */
struct append {
	struct str folder;
	struct flags flags;
	bool dated;
	struct date_time date;
	struct announcement literal;
};

/* A mailbox that is a literal itself: it is taken into the command. */
static bool literal_name(struct session *s, struct command *cmd)
{
	struct cursor ahead = cmd->args;
	struct announcement name;

	if (!p_sp(&ahead) || !p_announcement(&ahead, &name) || !p_end(&ahead))
		return true;
	return command_literal(s, cmd) == FRAME_LITERAL;
}

/* append-message = [SP flag-list] [SP date-time] SP literal */
static bool p_message(struct cursor *c, struct append *ret)
{
	ret->flags = (struct flags){ 0 };
	if (!p_sp(c))
		return false;
	if (p_flag_list(c, &ret->flags) && !p_sp(c))
		return false;
	ret->dated = p_date_time(c, &ret->date);
	if (ret->dated && !p_sp(c))
		return false;
	return p_announcement(c, &ret->literal) && p_end(c);
}

/* Copies parsed strings out of the frame's text, which changes while the message is read. */
static void keep(struct command *cmd, struct append *a)
{
	a->folder = arena_str(cmd->arena, a->folder);
	for (size_t i = 0; i < a->flags.keywords.n; i++)
		a->flags.keywords.v[i] = arena_str(cmd->arena, a->flags.keywords.v[i]);
}

/* Writes octets as they are stored: CRLF is LF, all else is as it came. *cr: the last octet was a CR, not written yet. */
static int write_stored(int fd, struct buf *out, struct str octets, bool *cr)
{
	out->n = 0;
	while (octets.n) {
		const size_t n = str_find(octets, '\r');

		if (*cr && octets.s[0] != '\n')
			buf_c(out, '\r');
		*cr = n < octets.n;
		buf_str(out, str_head(octets, n));
		octets = str_from(octets, n + *cr);
	}
	return fd_write_all(fd, out->s, out->n);
}

/* Reads the announced literal into the file. *ret_status is FRAME_COMPLETE if the stream is in step. */
static int receive(struct session *s, int fd, enum frame_status *ret_status)
{
	_cleanup_(buf_release) struct buf stored = { 0 };
	char piece[65536];
	bool cr = false;
	ssize_t n = 0;
	int r = 0;

	*ret_status = frame_accept(&s->frame);
	while (*ret_status == FRAME_COMPLETE && r == 0 && (n = frame_octets(&s->frame, piece, sizeof piece)) > 0)
		r = memchr(piece, 0, (size_t)n) ? -EBADMSG : write_stored(fd, &stored, (struct str){ piece, (size_t)n }, &cr);
	if (r == 0 && cr)
		r = fd_write_all(fd, "\r", 1);
	if (r < 0 || n < 0)
		*ret_status = frame_refuse(&s->frame);
	return r;
}

static enum verdict deliver(struct command *cmd, const struct append *a, struct maildir *box, struct md_tmp *tmp)
{
	uint32_t uid;
	int r;

	tmp->flags = (uint8_t)a->flags.system;
	tmp->keywords = a->flags.keywords.v;
	tmp->nkeywords = a->flags.keywords.n;
	tmp->dated = a->dated;
	tmp->date = a->date.unix_time;
	r = maildir_deliver(box, tmp, 1, &uid);
	if (r < 0)
		return cmd_failed(cmd, r);
	return cmd_ok_code(cmd, arena_printf(cmd->arena, "APPENDUID %u %u", maildir_uidvalidity(box), uid),
			   "APPEND completed.");
}

/* The message is on its way: takes it in, and the end of the command. */
static enum verdict take(struct session *s, struct command *cmd, const struct append *a, struct maildir *box)
{
	_cleanup_(maildir_tmp_discard) struct md_tmp tmp = { .fd = -1 };
	const size_t before = s->frame.text.n;
	enum frame_status status;
	int r = maildir_tmp_open(box, &tmp);

	if (r < 0)
		return cmd_failed(cmd, r);
	r = receive(s, tmp.fd, &status);
	if (status == FRAME_COMPLETE && r == 0) {
		status = frame_line(&s->frame);
		if (status == FRAME_LITERAL || (status == FRAME_COMPLETE && s->frame.text.n != before))
			return cmd_bad(cmd, "Expected the end of the command after the message.");
	}
	if (status != FRAME_COMPLETE) {
		session_end(s, status == FRAME_TIMEOUT ? STATUS_TIMEOUT : STATUS_DISCONNECTED);
		return cmd_over();
	}
	if (r == -EBADMSG)	/* RFC 9051 4.3.1: only literal8 may */
		return cmd_bad(cmd, "A NUL octet in a message.");
	return r < 0 ? cmd_failed(cmd, r) : deliver(cmd, a, box, &tmp);
}

static enum verdict cmd_append(struct session *s, struct command *cmd)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL;
	struct append a = { 0 };
	struct maildir *box;
	struct str name;
	int r;

	if (!literal_name(s, cmd) || !p_sp(&cmd->args) || !p_mailbox(&cmd->args, &name) || !p_message(&cmd->args, &a))
		return cmd_syntax(cmd);
	r = store_folder(&s->store, cmd->arena, name, &a.folder);
	keep(cmd, &a);
	if (r == 0)
		r = session_open(s, a.folder, 0, &opened, &box);
	if (r < 0)
		return cmd_failed_target(cmd, r == -EINVAL ? -ENOENT : r);
	if (a.literal.octets > s->config.append_limit)
		return cmd_no(cmd, "TOOBIG", "The message is larger than APPENDLIMIT.");
	if (a.literal.octets == 0)
		return cmd_no(cmd, "CANNOT", "The message is empty.");
	return take(s, cmd, &a, box);
}

static const struct command_row commands[] = {
	{ "APPEND", ANY_STATE, STREAM | LEAVES, cmd_append },
	{ 0 },
};
const struct extension ext_append = { .rfc = 3501, .commands = commands };

static uint64_t status_appendlimit(const struct status_of *of)
{
	return of->append_limit;
}

static const struct status_row appendlimit[] = {
	{ .name = "APPENDLIMIT", .value = status_appendlimit },
	{ 0 },
};
/* The capability has the limit in it: session_capability() writes it. */
const struct extension ext_appendlimit = { .rfc = 7889, .capability = "APPENDLIMIT=", .status = appendlimit };
