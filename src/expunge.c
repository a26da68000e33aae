/* expunge.c: removing what is marked \Deleted, or moving it to Trash where the site wants that */
#include <syslog.h>
#include "base/log.h"
#include "expunge.h"
#include "limit.h"
#include "maildir/folders.h"
#include "notify.h"

/* Those of uids (all, if NULL) that are \Deleted. */
static struct md_uids deleted(const struct maildir *box, const struct md_uids *uids, struct arena *a)
{
	const size_t n = uids ? uids->n : maildir_count(box);
	struct md_uids found = { .v = arena_alloc(a, n * sizeof *found.v) };

	for (size_t i = 0; i < n; i++) {
		const struct message *m = uids ? maildir_message(box, uids->v[i]) : maildir_at(box, i);

		if (m && m->flags & MD_DELETED)
			found.v[found.n++] = m->uid;
	}
	return found;
}

/* IMAP_LOG_DELETIONS: a line for each, as Courier has it. */
static void log_deleted(const struct session *s, struct md_uids uids)
{
	for (size_t i = 0; i < uids.n; i++) {
		const struct message *m = maildir_message(s->view->box, uids.v[i]);
		const struct str name = m ? maildir_base_name(s->view->box, m) : STR("");

		log_line(LOG_INFO, "EXPUNGED, user=%s, ip=[%s], port=[%s], old_name=%.*s", s->config.user, s->config.ip,
			 s->config.port, (int)name.n, name.s);
	}
}

/* IMAP_MOVE_EXPUNGE_TO_TRASH: what is expunged goes to Trash, without \Deleted. */
static int to_trash(struct session *s, struct md_uids uids, struct arena *a)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL;
	const struct md_change alive = { .op = MD_REMOVE, .flags = MD_DELETED };
	const struct str folder = str_z(s->config.trash);
	struct md_uids from, to, modified, gone;
	struct maildir *trash;
	int r = session_open(s, folder, 0, &opened, &trash);

	if (r == -ENOENT) {
		r = folder_create(s->store.account, folder);
		if (r == 0)
			r = session_open(s, folder, 0, &opened, &trash);
	}
	if (r == 0 && trash == s->view->box)	/* in Trash itself it goes for good */
		return maildir_expunge(trash, &uids, 0);
	if (r == 0)
		r = maildir_move(s->view->box, uids, trash, a, &from, &to);
	if (r == 0 && s->notify)
		notify_wrote(s, folder, trash, to);
	return r < 0 ? r : maildir_store(trash, to, &alive, a, &modified, &gone);
}

int expunge_deleted(struct session *s, struct command *cmd, const struct md_uids *uids)
{
	const bool trash = s->config.expunge_to_trash;
	struct md_uids found;
	int r;

	if (!trash && !s->config.log_deletions && !(uids && s->config.message_limit))
		return maildir_expunge(s->view->box, uids, 0);
	r = maildir_update(s->view->box, 0);
	if (r < 0)
		return r;
	found = deleted(s->view->box, uids, cmd->arena);
	if (uids)
		limit_messages(s, cmd, &found.v, &found.n);
	if (found.n == 0)
		return 0;
	if (s->config.log_deletions)
		log_deleted(s, found);
	return trash ? to_trash(s, found, cmd->arena) : maildir_expunge(s->view->box, &found, 0);
}
