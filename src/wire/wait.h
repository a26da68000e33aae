/* wire/wait.h: all waiting is here (the only sd-event.h) */
#pragma once
#include "base/base.h"

enum {
	WAIT_CLIENT_IN = 1,  /* the client has sent something, or has hung up */
	WAIT_CLIENT_OUT = 2, /* it can be sent more, or has hung up */
	WAIT_MAILBOX = 4,    /* the watched descriptor (inotify) has something */
	WAIT_STOP = 8, /* SIGTERM, SIGHUP or SIGINT has come, or whoever started us says so; it stays so */
};

/* Descriptors stay the caller's and keep their modes: they may be a shell's, and outlive us. poll(2) waits, but
 * for a mailbox sd-event does, which is set up by the first such wait.
 */
struct wait {
	int in, out, mailbox;
	int stop_fd;   /* readable means WAIT_STOP; -1 if there is none */
	int signal_fd; /* the same, for the blocked signals; ours */
	bool stop;     /* one of them has come */
	struct loop *loop;
	bool no_loop; /* sd-event could not be had, which has been logged */
	void (*before)(void *data, unsigned what); /* about to wait: what should not be held meanwhile goes; NULL: nothing */
	void (*rested)(void *data, unsigned what); /* has waited for a second, and goes on; NULL: nothing */
	void *data;
};

void wait_open(struct wait *w, int in, int out);
void wait_close(struct wait *w);

/* From now on SIGTERM, SIGHUP and SIGINT don't end the process but are WAIT_STOP. The rest of an inherited
 * signal mask is cleared. Not for a session in a terminal, where ^C should just end it. Returns 0 or a
 * negative errno.
 */
int wait_signals(struct wait *w);

/* A descriptor that is WAIT_STOP as soon as there is something to read from it, or its other end is closed.
 */
void wait_stop(struct wait *w, int fd);

/* The descriptor of WAIT_MAILBOX; -1 if there is none (any more). A closed one must be taken out by this
 * first. */
void wait_mailbox(struct wait *w, int fd);

/* Waits until one of what holds, at most timeout_ms (0: just looks; negative: for ever). Returns the mask of
 * those that hold, of what only; 0 when the time is up; or a negative errno. A hang-up counts as
 * WAIT_CLIENT_IN and WAIT_CLIENT_OUT. WAIT_MAILBOX and WAIT_STOP never hold while they have not been set up.
 */
int wait_for(struct wait *w, unsigned what, int timeout_ms);
