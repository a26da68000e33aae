/* cmd/idle.c: IDLE (RFC 2177), with the words of Courier's manual page */
#include <string.h>
#include <syslog.h>
#include "base/clock.h"
#include "base/log.h"
#include "command.h"
#include "notify.h"
#include "session.h"
#include "sync.h"
#include "view.h"

/* Asks for the folder's changes to be pushed. Without them, it is looked at every IMAP_IDLE_TIMEOUT seconds. */
static void watch(struct session *s)
{
	int fd, r;

	if (s->notify) {
		notify_arm(s);
		return;
	}
	if (!s->view || s->view->removed)
		return;
	r = maildir_watch(s->view->box, &fd);
	s->view->pushed = r >= 0 && !maildir_remote(s->view->box);
	wait_mailbox(&s->conn.wait, r < 0 ? -1 : fd);
	if (r < 0 && r != -ENOSYS && !s->said_polling) {
		log_line(LOG_WARNING, "no inotify (%s): mailboxes are looked at every %llu s; see fs.inotify in sysctl",
			 strerror(-r), (unsigned long long)s->config.idle_poll);
		s->said_polling = true;
	}
}

enum { SOON_MS = 500 };	/* when the folder could not be looked at, or not to the end */

/* What to wait for, and how long: until the folder is looked at again, or the client has been silent for too long. */
static int wait_on(struct session *s, uint64_t until, bool soon)
{
	const uint64_t now = clock_ms(), left = until > now ? until - now : 0;
	const uint64_t poll = soon ? SOON_MS : s->view && !s->view->pushed ? s->config.idle_poll * 1000 : left;

	return conn_wait(&s->conn, WAIT_CLIENT_IN | WAIT_MAILBOX | WAIT_STOP, (int)MIN(left, poll));
}

/* The client's next line, which ends IDLE whatever it is. */
static enum verdict done(struct session *s, struct command *cmd)
{
	enum frame_status status;

	frame_begin(&s->frame);
	s->conn.idle_ms = 60 * 1000;	/* for the rest of a line that has begun */
	status = frame_line(&s->frame);
	s->conn.idle_ms = (int)(s->config.inactivity * 1000);
	if (status == FRAME_COMPLETE && str_ieq(buf_view(&s->frame.text), STR("DONE")))
		return cmd_ok(cmd, "IDLE completed");
	if (status == FRAME_LITERAL)
		status = frame_refuse(&s->frame);
	if (status == FRAME_COMPLETE || status == FRAME_TOO_LONG)
		return cmd_bad(cmd, "Expected DONE.");
	session_end(s, status == FRAME_TIMEOUT ? STATUS_TIMEOUT : STATUS_DISCONNECTED);
	return cmd_over();
}

/* Until the client says something. False: the session is over. */
static bool idle(struct session *s)
{
	const uint64_t until = clock_ms() + s->config.inactivity * 1000;
	int said = 0;

	for (;;) {
		int r = s->notify ? notify_tell(s, false) : s->view ? sync_tell(s, false) : 0;

		if (r < 0 && r != said)
			log_errno(r, "looking at the mailbox");
		said = MIN(r, 0);
		if (s->view && s->view->removed) {
			session_bye(s, STATUS_DISCONNECTED, "NONEXISTENT", "The selected mailbox was removed.");
			return false;
		}
		r = wait_on(s, until, r != 0);
		if (r < 0 && r != -EINTR) {
			session_end(s, STATUS_DISCONNECTED);
			return false;
		}
		if (r > 0 && r & WAIT_STOP) {
			session_bye(s, STATUS_SIGNAL, "UNAVAILABLE", "Server shutting down.");
			return false;
		}
		if (r > 0 && r & WAIT_CLIENT_IN)
			return true;
		if (clock_ms() >= until) {
			session_bye(s, STATUS_TIMEOUT, NULL, "Disconnected for inactivity.");
			return false;
		}
	}
}

static enum verdict cmd_idle(struct session *s, struct command *cmd)
{
	bool over;

	if (!p_end(&cmd->args))
		return cmd_syntax(cmd);
	watch(s);
	session_doing(s, s->view && !s->view->pushed ? "IDLE (polling)" : "IDLE", STR(""));
	w_continue(&s->out);
	w_text(&s->out, s->view && s->view->pushed ? STR("entering ENHANCED idle mode") : STR("entering idle mode"));
	w_crlf(&s->out);
	conn_flush(&s->conn);
	if (s->view)
		s->view->idle = !s->notify;
	over = !idle(s);
	if (s->view)
		s->view->idle = false;
	return over ? cmd_over() : done(s, cmd);
}

static const struct command_row commands[] = {
	{ "IDLE", ANY_STATE, 0, cmd_idle },
	{ 0 },
};
const struct extension ext_idle = { .rfc = 2177, .capability = "IDLE", .commands = commands };
