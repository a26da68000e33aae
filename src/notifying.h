/* notifying.h: what NOTIFY remembers of mailboxes; for notify.c and notify_names.c only */
#pragma once
#include "maildir/metadata.h"
#include "names.h"
#include "notify.h"
#include "view.h"

/* A mailbox whose messages or metadata are watched. */
struct watched {
	struct str name, folder; /* their own memory */
	unsigned events;
	int wd[3];	/* inotify: cur, new, the directory itself; -1: none */
	uint64_t inode; /* of the directory */
	bool dirty;	/* something may have changed */
	bool known;	/* the numbers are what the client knows */
	bool stale;	/* it was selected: what it knows comes from there */
	uint64_t messages, uidnext, uidvalidity, unseen, modseq;
	struct metadata_state state;
	struct buf metadata; /* "name SP hash LF" of each entry */
};

struct notify {
	struct notify_request request;
	int epoll, inotify; /* -1: none */
	int account_wd;
	bool soon; /* something could not be looked at, or not to the end */
	struct uids own; /* messages that the session itself has put into the selected mailbox, and EXISTS has not counted */
	bool selected_watched, selected_polled, polling;
	uint64_t poll_at; /* clock_ms() */
	bool names_dirty;
	struct watched **watched; /* by name */
	size_t nwatched;
	struct watched **owners; /* by watch descriptor */
	size_t nowners;
	struct arena snapshot; /* names, by name */
	struct name *names;
	uint64_t *inodes; /* 0: does not exist */
	size_t nnames;
	bool account_dirty;	/* server metadata may have changed */
	struct watched account; /* only its metadata */
};

/* What was asked for about a mailbox. */
unsigned notify_events(const struct session *s, const struct name *name);

/* Takes the names as they are now; tells what became of them unless silent; what is watched follows. */
int notify_names(struct session *s, bool silent);
/* Compares the metadata with what was known, and tells the names of entries that changed unless silent. */
void notify_metadata(struct session *s, struct watched *w, const struct str *folder, bool silent);

struct watched *watched_new(struct str name, struct str folder, unsigned events);
void watched_free(struct session *s, struct watched *w);
/* Adds a mailbox's directories to the watch. */
void watched_arm(struct session *s, struct watched *w);
