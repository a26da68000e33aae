/* session.c: one client's session, from the greeting to the BYE */
#include <assert.h>
#include <sys/stat.h>
#include "base/fd.h"
#include "command.h"
#include "context.h"
#include "fetch.h"
#include "maildir/folders.h"
#include "notify.h"
#include "session.h"
#include "view.h"

/* From which states one can be entered. */
static const unsigned allowed_from[] = {
	[AUTHENTICATED] = AUTHENTICATED | SELECTED,
	[SELECTED] = AUTHENTICATED,
	[LOGGED_OUT] = AUTHENTICATED | SELECTED | LOGGED_OUT,
};

void session_enter(struct session *s, enum state to)
{
	assert(allowed_from[to] & s->state);
	s->state = to;
}

void session_unselect(struct session *s)
{
	if (s->state != SELECTED)
		return;
	if (s->notify)
		notify_unselected(s);
	wait_mailbox(&s->conn.wait, -1);
	contexts_free(s);
	view_free(s->view);
	s->view = NULL;
	fetch_forget(s);
	session_enter(s, AUTHENTICATED);
}

int session_select(struct session *s, struct str folder, bool readonly)
{
	_cleanup_(maildir_closep) struct maildir *box = NULL;
	_cleanup_(fd_closep) int dir = -1;
	struct stat st;
	int r = folder_open_dir(s->store.account, folder, &dir);

	if (r == 0 && fstat(dir, &st) < 0)
		r = -errno;
	if (r == 0)
		r = maildir_open(dir, MD_UPDATE_NEXT | (readonly ? MD_READONLY : 0), &s->store.config, &box);
	if (r == 0)
		r = maildir_update(box, readonly ? 0 : MD_CLAIM_RECENT);
	if (r < 0)
		return r;
	session_enter(s, SELECTED);
	s->view = view_new(box, readonly);
	buf_clear(&s->folder);
	buf_str(&s->folder, folder);
	s->view->device = st.st_dev;
	s->view->inode = st.st_ino;
	box = NULL;
	return 0;
}

/* Whether the directory is the selected folder's. */
static bool is_selected(const struct session *s, int dir)
{
	struct stat st;

	return s->view && !s->view->removed && fstat(dir, &st) == 0 && st.st_dev == s->view->device &&
	       st.st_ino == s->view->inode;
}

bool session_has_selected(const struct session *s, struct str folder)
{
	_cleanup_(fd_closep) int dir = -1;

	return s->view && folder_open_dir(s->store.account, folder, &dir) == 0 && is_selected(s, dir);
}

int session_open(struct session *s, struct str folder, unsigned mode, struct maildir **ret_opened, struct maildir **ret)
{
	_cleanup_(fd_closep) int dir = -1;
	int r = folder_open_dir(s->store.account, folder, &dir);

	if (r < 0)
		return r;
	if (is_selected(s, dir)) {
		*ret = s->view->box;
		return 0;
	}
	r = maildir_open(dir, mode, &s->store.config, ret_opened);
	if (r == 0)
		*ret = *ret_opened;
	return r;
}

/* IMAP_CAPABILITY names a word with a limit with or without it. */
static bool names(struct str field, struct str word)
{
	return str_ieq(field, word) || (str_ends(word, STR("=")) && field.n && str_istarts(word, str_head(field, word.n - 1)) &&
					field.n >= word.n - 1);
}

bool session_knows_capability(struct str field)
{
	for (const struct extension *const *e = extensions; *e; e++) {
		struct str rest = str_z((*e)->capability), word;

		while ((*e)->capability && str_cut(&rest, ' ', &word))
			if (names(field, word))
				return true;
	}
	return false;
}

/* Whether the site lets this word be announced: IMAP_CAPABILITY may hide, and nothing more. */
static bool allowed(const struct session *s, struct str word)
{
	struct str rest = str_z(s->config.capability), field;

	if (!s->config.capability || str_eq(word, STR("IMAP4rev1")))
		return true;
	while (str_cut(&rest, ' ', &field))
		if (names(field, word))
			return true;
	return false;
}

/* A word that ends in "=" is followed by the limit that it announces, if there is one (RFC 7889 4). */
static void write_capability(struct session *s, const struct extension *e, struct str word)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	buf_str(&text, word);
	if (str_ends(word, STR("="))) {
		const uint64_t limit = e->limit(s);

		if (limit == 0)
			return;
		buf_u64(&text, limit);
	}
	w_verbatim(&s->out, buf_view(&text));
}

void session_capability(struct session *s)
{
	for (const struct extension *const *e = extensions; *e; e++) {
		struct str rest = str_z((*e)->capability), word;

		if (!(*e)->capability || ((*e)->offered && !(*e)->offered(s)))
			continue;
		while (str_cut(&rest, ' ', &word))
			if (allowed(s, word))
				write_capability(s, *e, word);
	}
}

static void write_bye(struct session *s, const char *code, const char *text)
{
	w_untagged(&s->out);
	w_atom(&s->out, "BYE");
	if (code) {
		w_code_open(&s->out, code);
		w_code_close(&s->out);
	}
	w_text(&s->out, str_z(text));
	w_crlf(&s->out);
}

void session_bye(struct session *s, enum status_end why, const char *code, const char *text)
{
	write_bye(s, code, text);
	session_end(s, why);
}

void session_lost(struct session *s)
{
	s->conn.wait.before = NULL;
	s->conn.wait.rested = NULL;
	if (s->state == LOGGED_OUT)
		return;
	s->end = STATUS_DISCONNECTED;
	if (conn_take_back(&s->conn))
		write_bye(s, "UNAVAILABLE", "What was known of the mailbox has been lost; connect again.");
	conn_linger(&s->conn);
}

void session_doing(struct session *s, const char *what, struct str name)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	if (s->status.fd < 0)
		return;
	buf_z(&text, what);
	buf_str(&text, name);
	status_say(&s->status, buf_view(&text));
}

void session_end(struct session *s, enum status_end why)
{
	s->end = why;	/* the folder is closed once the client has been told */
	notify_free(s);
	session_enter(s, LOGGED_OUT);
}

void session_run(struct session *s)
{
	while (command_next(s))
		;
	if (s->state != LOGGED_OUT)
		session_end(s, STATUS_DISCONNECTED);
	conn_flush(&s->conn);
}
