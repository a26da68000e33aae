/* login/monitor.h: the process that outlives login: it starts the others and reads nothing from the network */
#pragma once
#include <sys/types.h>
#include "base/buf.h"
#include "base/status.h"
#include "login/frame.h"
#include "login/peer.h"
#include "login/penalty.h"
#include "login/settings.h"

enum { FAILURES_MAX = 3, HELPERS_MAX = 16, WORDS_MAX = 32, MECHANISMS_MAX = 256 };

/* A process of ours. pid is 0 if there is none, or it was reaped: then status is what waitpid() said. */
struct child {
	pid_t pid;
	int status;
};

struct helper {
	char *words[WORDS_MAX]; /* its name and arguments, then the server and its Maildir, then NULL */
	enum { NOT_ASKED, FOREIGN, OURS } kind;
	char mechanisms[MECHANISMS_MAX]; /* of OURS: names, one blank between */
};

struct monitor {
	struct settings settings;
	struct peer peer;

	/* The client is on 0 and 1 as long as there is one. All other descriptors are close-on-exec. */
	int signals;	 /* signalfd */
	int dialogue_fd; /* frames */
	int tls_fd;	 /* imaptls's control */
	int plain_fd;	 /* the plain side of imaptls, until it is put on 0 and 1 */
	int status_fd;	 /* helper, then imapd */
	int early_fd;	 /* a pipe of what the client has said to imapd after UNAUTHENTICATE; -1: nothing */
	struct child dialogue, tls, session;

	uint64_t started; /* clock_ms() */
	uint64_t login_deadline;
	unsigned failures;
	bool stop; /* we were told to end */
	bool encrypted;
	bool again; /* he has been logged in before */
	struct buf tls_version, tls_cipher,
		identity; /* under TLS; identity: of a verified client certificate */
	struct buf bindings; /* under TLS: channel bindings, as IMAPBINDINGS has them */
	struct buf offered;  /* mechanisms, one blank between */
	struct buf user;     /* of the session */
	struct penalties penalties;
	size_t nhelpers;

	/* Room that is not touched before it is used */
	struct helper helpers[HELPERS_MAX];
	struct frame frame; /* the dialogue's last one; wiped when done with */
};

/* Serves the client on 0 and 1 to the end of his session. Returns our exit code. */
int monitor_run(struct monitor *m);

/* What ended a wait. Children are reaped meanwhile, so pid may have become 0 after any of them. */
enum event {
	EVENT_INPUT, /* fd is readable, or at its end */
	EVENT_EXIT,  /* the child is no more, and nothing is readable */
	EVENT_STOP,  /* SIGTERM, SIGINT or SIGHUP came; told once, m->stop stays set */
	EVENT_TIME,  /* it is deadline (clock_ms()) */
};
enum { NEVER = 0 }; /* for deadline */
enum event monitor_wait(struct monitor *m, int fd, const struct child *child, uint64_t deadline);

/* Descriptors and processes (process.c) */

/* Blocks the signals that monitor_wait() takes. */
int signals_open(void);
/* In a child: undoes that. */
void signals_default(void);
/* In a child: puts fds[i] on i (-1: closes it) and closes the rest, or makes it close-on-exec. False on
 * failure. */
bool descriptors_place(const int *fds, size_t n, bool close_rest);
/* Kills it if it lives, and reaps it. */
void child_end(struct child *c);
/* A connected pair of Unix sockets, close-on-exec. */
int pair_open(int type, int *ret_ours, int *ret_theirs);

/* The dialogue and the reader of a proxy's header (confine.c): forked, with nothing but the client and a
 * socket to us. */
/* In the fork: closes the door; sock ends up on 3, early, which may be -1, on 4. The only thing to do on false is to
 * exit. */
bool confine(int sock, int early);
int dialogue_start(struct monitor *m);
int proxy_start(struct monitor *m);
void dialogue_end(struct monitor *m);

/* Mechanisms (mechanisms.c) */
/* Whether the client may send what nobody else should read: there is TLS, or the site does not ask for it. */
bool secrets_allowed(const struct monitor *m);
/* Finds out what can be offered now: what the site wants, and some helper can do. */
void mechanisms_offer(struct monitor *m);
/* Whether one that binds to the channel is among them. */
bool mechanisms_bind(const struct monitor *m);

/* A login attempt (attempt.c): what FRAME_TRY asks for. */
enum attempt {
	ATTEMPT_SESSION,  /* imapd is ready: status_fd and session are its */
	ATTEMPT_ANSWERED, /* the dialogue has been told no */
	ATTEMPT_BROKEN,	  /* no frame that an honest dialogue sends */
	ATTEMPT_STOPPED,  /* the dialogue is gone, or we are to stop */
};
enum attempt attempt(struct monitor *m);

/* Helpers (helper.c) */
enum outcome {
	OUTCOME_SESSION,
	OUTCOME_REFUSED, /* wrong user or password, as far as this helper knows */
	OUTCOME_TOLD,	 /* NO, with a reason for the client, that counts as a failed login */
	OUTCOME_REFERRED, /* right, but the mail is elsewhere */
	OUTCOME_UNABLE,	 /* NO, with a reason for the client, that is not his fault */
	OUTCOME_TROUBLE, /* the log has been told */
	OUTCOME_STOPPED,
};
struct request {
	struct str tag, mechanism, user, secret;
	struct buf room;       /* what they point into */
	uint64_t began;	       /* clock_ms() when the client sent what is being looked at */
	bool rounds;	       /* a helper has spoken with the client: nobody else can take over */
	bool cancelled;	       /* by the client, who has his answer */
	struct buf referral;   /* URL of where his mail is; empty: here */
	struct buf about;      /* the user, as far as a helper has found out */
	struct buf code, text; /* of OUTCOME_TOLD and OUTCOME_UNABLE */
};
/* Whether it is a user and a password, whatever the mechanism. */
bool request_has_password(const struct request *r);
enum outcome helper_try(struct monitor *m, struct helper *h, struct request *r);
/* Whether it can do a mechanism that is more than a password; asks it the first time. */
bool helper_knows(struct helper *h, struct str mechanism);

/* imaptls (tls.c) */
/* Starts it and waits until it is fit to serve. Returns 0, or a negative errno; the log has been told. */
int tls_start(struct monitor *m);
/* Lets it shake hands, and takes the network's place on 0 and 1 for its plain side. The same. */
int tls_handshake(struct monitor *m);

/* From READY to the end (session.c). */
enum ended {
	SESSION_OVER,		 /* the client is let go of */
	SESSION_UNAUTHENTICATED, /* the client is still on 0 and 1, for a dialogue */
};
enum ended session_watch(struct monitor *m);
/* What we end with. */
int session_exit_code(const struct monitor *m);
