/* session.h: one client's session: what it is made of, and which state it is in */
#pragma once
#include "base/arena.h"
#include "base/status.h"
#include "extension.h"
#include "imap/write.h"
#include "mail/fold.h"
#include "mail/sent.h"
#include "store.h"
#include "wire/conn.h"
#include "wire/frame.h"

/* Settings, from the environment (imapd.conf(5)). Times are in seconds, sizes in octets. */
struct config {
	uint64_t idle_poll;		/* IMAP_IDLE_TIMEOUT: how often a folder without inotify is looked at */
	uint64_t progress;		/* IMAPD_INPROGRESS: how often long work says that it goes on */
	uint64_t inactivity;		/* IMAPD_INACTIVITY: how long a client may be silent */
	uint64_t append_limit;		/* IMAPD_APPENDLIMIT: of one message */
	uint64_t message_limit;		/* IMAPD_MESSAGELIMIT: for one command; 0: none */
	uint64_t save_limit;		/* IMAPD_SAVELIMIT: the same for COPY and APPEND */
	const char *capability;		/* IMAP_CAPABILITY: what may be announced; NULL: all there is */
	bool unauthenticate;		/* IMAPD_UNAUTHENTICATE */
	bool network;			/* a login came before, over a socket; else PREAUTH */
	const char *trash;		/* IMAP_TRASHFOLDERNAME, as maildir/account.h names folders */
	bool submit;			/* IMAPD_SUBMIT: the client is a message submission server (RFC 4467 3) */
	bool expunge_to_trash;		/* IMAP_MOVE_EXPUNGE_TO_TRASH */
	const char *empty_trash;	/* IMAP_EMPTYTRASH; NULL: never */
	bool log_deletions;		/* IMAP_LOG_DELETIONS */
	const char *user, *ip, *port;	/* for the log */
};

/* What ENABLE turned on. Read by the writer and by sync, not by handlers. */
enum enabled { ON_CONDSTORE = 1, ON_QRESYNC = 2, ON_UTF8 = 4, ON_REV2 = 8, ON_UIDONLY = 16 };

/* Octets served by FETCH, for the log. */
struct served {
	uint64_t header, body;
};

/* Where the last partial FETCH ended, since the next one begins there (fetch.c). */
struct resume {
	uint32_t uid;			/* 0: nowhere */
	off_t from, to;
	uint64_t size;
	struct sent_mark mark;
};

/* How texts are compared in SEARCH, SORT and THREAD (RFC 5255 4). */
struct comparator {
	enum collation collation;
	bool backwards;		/* in SORT */
};

/* Of long work (progress.h). */
struct progress {
	struct str tag;		/* of the command; s is NULL: there is none */
	uint64_t goal;		/* how much there is to do; 0: that is not known */
	uint64_t told_ms;	/* when it was told last, or began */
};

struct context;
struct decoding;
struct notify;
struct warm;

struct session {
	struct config config;
	struct conn conn;
	struct frame frame;
	struct writer out;
	struct store store;
	struct view *view;		/* of the selected folder; NULL if there is none */
	struct buf folder;		/* what that was called when it was selected */
	enum state state;
	unsigned enabled;
	struct comparator comparator;
	struct served served;
	struct arena arena;		/* lives as long as the session */
	struct arena scratch;		/* lives as long as the command */
	struct status status;		/* the monitor, if there is one */
	struct progress working;	/* of the command that is being done */
	enum status_end end;		/* why it ended */
	struct resume resume;
	struct decoding *decoding;	/* the same for BINARY (decoding.h); NULL: nothing yet */
	struct context *contexts;	/* searches in the selected folder that are kept up to date (context.h) */
	struct notify *notify;		/* what NOTIFY asked for (notify.h); NULL: it was never used */
	struct warm *warm;		/* new mail whose facts are not made yet (warm.h); NULL: none */
	bool said_polling;		/* the log knows that there is no inotify */
};

/* Moves to a state; asserts that it can be entered from the one it is in. */
void session_enter(struct session *s, enum state to);

/* Serves the client until it leaves. The greeting, or the tagged OK of its login, has been written. */
void session_run(struct session *s);

/* Writes all that is announced now, as values. */
void session_capability(struct session *s);

/* Whether it is in the table, announced or not. */
bool session_knows_capability(struct str word);

/* Selects a folder, and looks at it. Nothing may be selected. */
int session_select(struct session *s, struct str folder, bool readonly);
/* Leaves the selected folder, if there is one; without expunging. */
void session_unselect(struct session *s);

bool session_has_selected(const struct session *s, struct str folder);
/* Opens a folder, as maildir_open() does with mode. One process must not have a folder open twice, since it would wait for its
 * own lock: if it is the selected one, whatever its name is by now, *ret is that, and *ret_opened is left alone; else both
 * are the same, and *ret_opened is for the caller to close.
 */
int session_open(struct session *s, struct str folder, unsigned mode, struct maildir **ret_opened, struct maildir **ret);

/* "* BYE text", and the end. code may be NULL. */
void session_bye(struct session *s, enum status_end why, const char *code, const char *text);
/* The same without a word. */
void session_end(struct session *s, enum status_end why);

/* After cache_survive() has failed: BYE, where the client can be told, and nothing else. */
void session_lost(struct session *s);

/* What systemctl status shows beside user and address. Text may be any octets. */
void session_doing(struct session *s, const char *what, struct str name);
