/* notify.c: what a client wants to hear of any mailbox at any time (RFC 5465) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "maildir/folders.h"
#include "notifying.h"
#include "status_of.h"
#include "sync.h"
#include "view.h"

/* ---- one mailbox ---- */

struct watched *watched_new(struct str name, struct str folder, unsigned events)
{
	struct watched *w = must_alloc(sizeof *w + name.n + folder.n);
	char *text = (char *)(w + 1);

	*w = (struct watched){
		.events = events, .wd = {-1, -1, -1},
			.dirty = true
	};
	memcpy(text, name.s, name.n);
	memcpy(text + name.n, folder.s ? folder.s : "", folder.n);
	w->name = (struct str){ text, name.n };
	w->folder = (struct str){ text + name.n, folder.n };
	return w;
}

static void disown(struct notify *n, int wd, const struct watched *w)
{
	if (wd < 0 || (size_t)wd >= n->nowners || n->owners[wd] != w)
		return;
	n->owners[wd] = NULL;
	if (wd != n->account_wd)
		inotify_rm_watch(n->inotify, wd);
}

void watched_free(struct session *s, struct watched *w)
{
	for (size_t i = 0; i < COUNT(w->wd); i++)
		disown(s->notify, w->wd[i], w);
	buf_release(&w->metadata);
	free(w);
}

static void own(struct notify *n, int wd, struct watched *w)
{
	if ((size_t)wd >= n->nowners) {
		const size_t size = ((size_t)wd + 1) * 2;

		n->owners = must_realloc(n->owners, size * sizeof *n->owners);
		memset(n->owners + n->nowners, 0, (size - n->nowners) * sizeof *n->owners);
		n->nowners = size;
	}
	n->owners[wd] = w;
}

/* The descriptor has a path in /proc, whatever its own is by now. */
static int add_watch(struct notify *n, int dir, const char *sub, uint32_t mask)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d%s", dir, sub);
	return inotify_add_watch(n->inotify, path, mask | IN_ONLYDIR);
}

#define RENAME_NOTE "imapd.rename" /* while folders are renamed (doc/FORMATS.md) */

enum {
	OF_MESSAGES = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE,
	OF_FILES = IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE,
};

void watched_arm(struct session *s, struct watched *w)
{
	static const char *const subs[] = { "/cur", "/new", "/." };
	struct notify *n = s->notify;
	_cleanup_(fd_closep) int dir = -1;

	if (n->inotify < 0 || w->wd[2] >= 0 || folder_open_dir(s->store.account, w->folder, &dir) < 0)
		return;
	for (size_t i = 0; i < COUNT(subs); i++) {
		w->wd[i] = add_watch(n, dir, subs[i], i == 2 ? OF_FILES : OF_MESSAGES);
		if (w->wd[i] >= 0)
			own(n, w->wd[i], w);
		else if (errno == ENOSPC || errno == ENOMEM)
			n->polling = true;
	}
}

/* "* STATUS name (...)". At first HIGHESTMODSEQ is told with FlagChange, enabled or not (RFC 5465 3.1). */
static void tell_status(struct session *s, const struct watched *w, bool first)
{
	const bool flags = w->events & NOTIFY_FLAGS;
	const struct {
		const char *item;
		uint64_t value;
		bool wanted;
	} items[] = {
		{"MESSAGES",	      w->messages,	   true			},
		{ "UIDNEXT",	     w->uidnext,	 true		      },
		{ "UIDVALIDITY",	 w->uidvalidity, true		      },
		{ "UNSEEN",	    w->unseen,      flags		      },
		{ "HIGHESTMODSEQ", w->modseq,      s->enabled & ON_CONDSTORE || (first && flags) },
	};

	w_untagged(&s->out);
	w_atom(&s->out, "STATUS");
	w_mailbox(&s->out, w->name);
	w_open(&s->out);
	for (size_t i = 0; i < COUNT(items); i++)
		if (items[i].wanted) {
			w_atom(&s->out, items[i].item);
			w_number(&s->out, items[i].value);
		}
	w_close(&s->out);
	w_crlf(&s->out);
}

static bool same_numbers(const struct session *s, const struct watched *a, const struct watched *b)
{
	const bool flags = a->events & NOTIFY_FLAGS;

	return a->messages == b->messages && a->uidnext == b->uidnext && a->uidvalidity == b->uidvalidity &&
	       (!flags || a->unseen == b->unseen) &&
	       (!flags || !(s->enabled & ON_CONDSTORE) || a->modseq == b->modseq);
}

enum look { LOOK_SILENT, LOOK_CHANGES, LOOK_TELL };

/* Takes the numbers as they are now. A mailbox that can't be looked at is left as it was: names tell what
 * became of it. */
static void look(struct session *s, struct watched *w, enum look how)
{
	const struct watched before = *w;
	struct status_of of;
	int r;

	w->dirty = false;
	r = w->events & NOTIFY_MESSAGES ? status_open_folder(s, &(struct folder){ .name = w->folder }, &of) : -ENOENT;
	if (r < 0)
		return;
	w->dirty = r > 0;
	s->notify->soon |= r > 0;
	w->messages = status_messages(&of);
	w->uidnext = status_uidnext(&of);
	w->uidvalidity = status_uidvalidity(&of);
	w->unseen = status_unseen(&of);
	w->modseq = of.numbers.modseq;
	s->notify->polling |= of.box && maildir_remote(of.box);
	status_close_folder(&of);
	w->known = true;
	/* One that has just come is told of if something is in it. */
	if (how == LOOK_TELL ||
	    (how == LOOK_CHANGES && (before.known ? !same_numbers(s, &before, w) : w->messages > 0)))
		tell_status(s, w, how == LOOK_TELL);
}

/* ---- all of them ---- */

/* Something has happened in the directory of watch descriptor wd. */
static void take_event(struct notify *n, const struct inotify_event *e)
{
	struct watched *w = e->wd >= 0 && (size_t)e->wd < n->nowners ? n->owners[e->wd] : NULL;
	const struct str name = str_z(e->len ? e->name : "");
	const bool lost = e->mask & IN_Q_OVERFLOW;

	if (lost ||
	    (e->wd == n->account_wd && (e->mask & IN_ISDIR || str_eq(name, STR("courierimapsubscribed")) ||
					str_eq(name, STR(RENAME_NOTE)))))
		n->names_dirty = true;
	if (lost || (e->wd == n->account_wd && str_eq(name, STR("imapd.metadata-account"))))
		n->account_dirty = true;
	for (size_t i = 0; lost && i < n->nwatched; i++)
		n->watched[i]->dirty = true;
	if (!w)
		return;
	if (e->mask & IN_IGNORED)
		n->owners[e->wd] = NULL;
	else if (e->wd != w->wd[2] || str_eq(name, STR("imapd.journal")) ||
		 str_eq(name, STR("imapd.metadata")))
		w->dirty = true;
}

static void drain(struct notify *n)
{
	_Alignas(struct inotify_event) char piece[8192];
	ssize_t got;

	while (n->inotify >= 0 && (got = read(n->inotify, piece, sizeof piece)) > 0)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *e = (const void *)(piece + at);

			take_event(n, e);
			at += (ssize_t)(sizeof *e + e->len);
		}
}

/* Without inotify, or on a store that other machines reach, all is looked at now and then. */
static void poll_due(struct session *s)
{
	struct notify *n = s->notify;

	if (!n->polling || clock_ms() < n->poll_at)
		return;
	n->poll_at = clock_ms() + s->config.idle_poll * 1000;
	n->names_dirty = n->account_dirty = true;
	for (size_t i = 0; i < n->nwatched; i++)
		n->watched[i]->dirty = true;
}

/* A rename of several folders has begun, and will not take long: it is told when it is over. */
static bool is_renaming(const struct session *s)
{
	enum { LONG_S = 5 }; /* whoever began it has crashed */
	struct stat st;

	return fstatat(account_fd(s->store.account), RENAME_NOTE, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       clock_unix() < (uint64_t)st.st_mtime + LONG_S;
}

static bool wants_names(const struct notify *n)
{
	return n->request.ngroups > 0;
}

/* Too much is watched: the client is told, and hears nothing more (RFC 5465 5.8). */
static void overflow(struct session *s)
{
	struct notify_request none = { 0 };

	notify_set(s, &none);
	w_untagged(&s->out);
	w_atom(&s->out, "OK");
	w_code_open(&s->out, "NOTIFICATIONOVERFLOW");
	w_code_close(&s->out);
	w_text(&s->out, STR("There are too many mailboxes to watch."));
	w_crlf(&s->out);
}

static void tell_others(struct session *s, enum look how)
{
	struct notify *n = s->notify;

	for (size_t i = 0; i < n->nwatched && !s->conn.error; i++) {
		struct watched *w = n->watched[i];
		const bool was_dirty = w->dirty;

		if (!was_dirty && !w->stale && how == LOOK_CHANGES)
			continue;
		if (w->events & NOTIFY_METADATA)
			notify_metadata(s, w, &w->folder, how != LOOK_CHANGES);
		if (session_has_selected(s, w->folder)) {
			w->stale = true;
			w->dirty = false;
			continue;
		}
		/* The client knows what it has seen while the mailbox was selected. */
		look(s, w, w->stale && how == LOOK_CHANGES ? LOOK_SILENT : how);
		w->stale = false;
		conn_flush_some(&s->conn, 65536);
	}
}

static int tell_elsewhere(struct session *s, enum look how)
{
	struct notify *n = s->notify;
	int r = 0;

	drain(n);
	poll_due(s);
	n->soon = false;
	if (n->names_dirty && wants_names(n) && is_renaming(s)) {
		n->soon = true;
	} else if (n->names_dirty && wants_names(n)) {
		n->names_dirty = false;
		r = notify_names(s, how != LOOK_CHANGES);
	}
	if (r == -E2BIG) {
		overflow(s);
		return 0;
	}
	if (n->account_dirty && n->account.events & NOTIFY_SERVER_METADATA)
		notify_metadata(s, &n->account, NULL, how != LOOK_CHANGES);
	n->account_dirty = false;
	tell_others(s, how);
	return r < 0 ? r : n->soon;
}

/* What was asked for of each new message in the selected mailbox that is not the session's own. */
static void tell_items(struct session *s, uint32_t after)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct notify_request *request = &s->notify->request;
	const struct view *v = s->view;

	for (size_t i = 0; request->nitems && i < v->told && !s->conn.error; i++) {
		struct fetching f;

		if (i == 0)
			i = MIN(view_position(v, after), v->told);
		if (i == v->told)
			break;
		if (view_uid(v, i) <= after || uids_have(&s->notify->own, view_uid(v, i)))
			continue;
		if (fetching_begin(&f, v->box, view_uid(v, i), &a) == 0)
			fetch_tell(s, &f, request->items, request->nitems, TELLS_UID);
		fetching_end(&f);
		arena_reset(&a);
	}
	s->notify->own.n = 0;
}

/* What will be known of the mailbox if nobody else has changed it since. */
static void expect(struct watched *w, struct maildir *box, struct md_uids uids)
{
	const struct message *first = maildir_message(box, uids.v[0]);

	if (w->uidnext != uids.v[0] || !first)
		return;
	w->uidnext = uids.v[uids.n - 1] + (uint64_t)1;
	w->messages += uids.n;
	w->modseq += w->modseq + 1 == first->modseq;
	for (size_t i = 0; i < uids.n; i++) {
		const struct message *m = maildir_message(box, uids.v[i]);

		w->unseen += m && !(m->flags & MD_SEEN);
	}
}

void notify_wrote(struct session *s, struct str folder, struct maildir *box, struct md_uids uids)
{
	struct notify *n = s->notify;

	if (s->view && s->view->box == box) {
		for (size_t i = 0; i < uids.n; i++)
			uids_push(&n->own, uids.v[i]);
		return;
	}
	for (size_t i = 0; i < n->nwatched && uids.n; i++)
		if (n->watched[i]->known && str_eq(n->watched[i]->folder, folder))
			expect(n->watched[i], box, uids);
}

/* Without events for the selected mailbox only what the session's own commands have brought to light is told,
 * so that numbers stay right.
 */
static int tell_selected(struct session *s, bool keeps_numbers)
{
	const struct notify *n = s->notify;
	struct view *v = s->view;
	uint32_t last;
	int r;

	if (!v || v->removed)
		return 0;
	v->no_flags = !(n->request.selected & NOTIFY_FLAGS);
	last = v->told ? view_uid(v, v->told - 1) : 0;
	if (!(n->request.selected & NOTIFY_MESSAGES)) {
		sync_tell_known(s, keeps_numbers);
		return 0;
	}
	r = sync_tell(s, keeps_numbers);
	tell_items(s, last);
	return r;
}

int notify_tell(struct session *s, bool keeps_numbers)
{
	const int r = tell_selected(s, keeps_numbers), elsewhere = tell_elsewhere(s, LOOK_CHANGES);

	return r < 0 ? r : elsewhere < 0 ? elsewhere : r > 0 || elsewhere > 0;
}

void notify_own(struct session *s)
{
	struct notify *n = s->notify;

	drain(n);
	n->names_dirty = false;
	if (wants_names(n) && notify_names(s, true) == -E2BIG) {
		overflow(s);
		return;
	}
	if (n->account.events & NOTIFY_SERVER_METADATA)
		notify_metadata(s, &n->account, NULL, true);
	n->account_dirty = false;
	for (size_t i = 0; i < n->nwatched; i++)
		if (n->watched[i]->events & NOTIFY_METADATA)
			notify_metadata(s, n->watched[i], &n->watched[i]->folder, true);
}

/* ---- waiting ---- */

static void add_epoll(struct notify *n, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &e);
}

/* The selected mailbox has an inotify instance of its own (maildir_watch()). It is waited for only while
 * somebody reads it. */
static void watch_selected(struct session *s)
{
	struct notify *n = s->notify;
	const bool wanted = s->view && !s->view->removed && n->request.selected & NOTIFY_MESSAGES;
	int fd;

	if (!s->view || wanted == n->selected_watched)
		return;
	n->selected_watched = wanted;
	n->selected_polled = wanted && (maildir_watch(s->view->box, &fd) < 0 || maildir_remote(s->view->box));
	if (maildir_watch(s->view->box, &fd) >= 0)
		epoll_ctl(n->epoll, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd,
			  &(struct epoll_event){ .events = EPOLLIN });
}

int notify_arm(struct session *s)
{
	struct notify *n = s->notify;

	watch_selected(s);
	if (s->conn.wait.mailbox != n->epoll)
		wait_mailbox(&s->conn.wait, n->epoll);
	if (n->epoll < 0)	/* there are no descriptors left */
		n->polling = true;
	return n->polling || n->selected_polled ? (int)MIN(s->config.idle_poll * 1000, (uint64_t)INT32_MAX)
						: -1;
}

void notify_unselected(struct session *s)
{
	struct notify *n = s->notify;
	int fd;

	if (n->selected_watched && maildir_watch(s->view->box, &fd) >= 0)	/* its descriptor stays open */
		epoll_ctl(n->epoll, EPOLL_CTL_DEL, fd, &(struct epoll_event){ 0 });
	n->selected_watched = n->selected_polled = false;
	n->own.n = 0;
}

enum { SOON_MS = 500 };

bool notify_wait(struct session *s)
{
	const uint64_t until = clock_ms() + s->config.inactivity * 1000;
	bool soon = false; /* a folder could not be looked at, or not to the end */

	for (;;) {
		const int armed = notify_arm(s), poll = soon ? SOON_MS : armed;
		const uint64_t now = clock_ms(), left = until > now ? until - now : 0;
		int r = conn_wait(&s->conn, WAIT_CLIENT_IN | WAIT_STOP | (soon ? 0 : WAIT_MAILBOX),
				  (int)MIN(left, poll < 0 ? (uint64_t)INT32_MAX : (uint64_t)poll));

		/* What ends the session is found, and told, by who reads the command. */
		if ((r < 0 && r != -EINTR) || (r > 0 && r & (WAIT_CLIENT_IN | WAIT_STOP)))
			return true;
		if (clock_ms() >= until) {
			session_bye(s, STATUS_TIMEOUT, NULL, "Disconnected for inactivity.");
			return false;
		}
		r = notify_tell(s, s->notify->request.delayed);
		soon = r != 0;
		if (r < 0)
			log_errno(r, "looking at mailboxes");
	}
}

/* ---- what is asked for ---- */

/* All that belongs to a request goes; epoll stays, as it may be waited for. */
static void forget(struct session *s)
{
	struct notify *n = s->notify;

	for (size_t i = 0; i < n->nwatched; i++)
		watched_free(s, n->watched[i]);
	free(n->watched);
	free(n->owners);
	buf_release(&n->account.metadata);
	free(n->own.v);
	arena_free(&n->request.arena);
	arena_free(&n->snapshot);
	fd_closep(&n->inotify);
	*n = (struct notify){ .epoll = n->epoll,
			      .inotify = -1,
			      .account_wd = -1,
			      .selected_watched = n->selected_watched,
			      .selected_polled = n->selected_polled };
}

static void begin_watch(struct session *s)
{
	struct notify *n = s->notify;

	n->inotify = s->store.config.no_inotify ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	n->polling = n->inotify < 0;
	n->poll_at = clock_ms() + s->config.idle_poll * 1000;
	if (n->inotify < 0)
		return;
	add_epoll(n, n->inotify);
	n->account_wd = add_watch(n, account_fd(s->store.account), "/.", OF_FILES);
	n->polling |= n->account_wd < 0;
}

int notify_set(struct session *s, struct notify_request *request)
{
	struct notify *n = s->notify;
	int r = 0;

	if (!n) {
		n = s->notify = must_alloc(sizeof *n);
		*n = (struct notify){ .epoll = epoll_create1(EPOLL_CLOEXEC),
				      .inotify = -1,
				      .account_wd = -1 };
	}
	forget(s);
	n->request = *request;
	*request = (struct notify_request){ 0 };
	for (size_t i = 0; i < n->request.ngroups; i++)
		n->account.events |= n->request.groups[i].events & NOTIFY_SERVER_METADATA;
	if (wants_names(n)) {
		begin_watch(s);
		r = notify_names(s, true);
	}
	if (r == 0) {
		n->account_dirty = true;
		r = tell_elsewhere(s, n->request.status ? LOOK_TELL : LOOK_SILENT);
	}
	if (r < 0)
		forget(s);
	return MIN(r, 0);
}

void notify_free(struct session *s)
{
	if (!s->notify)
		return;
	forget(s);
	wait_mailbox(&s->conn.wait, -1);
	fd_closep(&s->notify->epoll);
	free(s->notify);
	s->notify = NULL;
}
