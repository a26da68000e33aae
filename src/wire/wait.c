/* wire/wait.c: all waiting is here (the only sd-event.h) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <systemd/sd-event.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "wire/wait.h"

/* What can be waited for; each has a descriptor. */
enum { IN, OUT, MAILBOX, STOP, SIGNALS, THINGS };
static const unsigned bits[THINGS] = { WAIT_CLIENT_IN, WAIT_CLIENT_OUT, WAIT_MAILBOX, WAIT_STOP, WAIT_STOP };

/* sd-event's loop. libsystemd is not linked but loaded, by the first wait for a mailbox: with the libraries that
 * it wants it takes as long to load as all else of this program, and most sessions are short and never wait.
 */
struct loop {
	__typeof__(sd_event_new) *new;
	__typeof__(sd_event_unref) *unref;
	__typeof__(sd_event_run) *run;
	__typeof__(sd_event_add_io) *add_io;
	__typeof__(sd_event_source_disable_unref) *forget;
	sd_event *event;
};

static const struct function {
	const char *name;
	size_t at;
} functions[] = {
	{ "sd_event_new", offsetof(struct loop, new) },
	{ "sd_event_unref", offsetof(struct loop, unref) },
	{ "sd_event_run", offsetof(struct loop, run) },
	{ "sd_event_add_io", offsetof(struct loop, add_io) },
	{ "sd_event_source_disable_unref", offsetof(struct loop, forget) },
	{ 0 },
};

static bool load(struct loop *ret)
{
	void *const library = dlopen("libsystemd.so.0", RTLD_LAZY | RTLD_LOCAL);

	for (const struct function *f = functions; library && f->name; f++) {
		void *const p = dlsym(library, f->name);

		if (!p)
			return false;
		memcpy((char *)ret + f->at, &p, sizeof p);
	}
	return library != NULL;
}

/* NULL: there is none, and poll(2) waits for the mailbox as it does for the rest. */
static struct loop *loop_of(struct wait *w)
{
	struct loop loop = { 0 };

	if (w->loop || w->no_loop)
		return w->loop;
	if (load(&loop) && loop.new(&loop.event) >= 0) {
		w->loop = must_alloc(sizeof loop);
		*w->loop = loop;
	} else {
		const char *why = dlerror();

		log_line(LOG_WARNING, "libsystemd can't be used: %s", why ? why : "no loop");
		w->no_loop = true;
	}
	return w->loop;
}

void wait_open(struct wait *w, int in, int out)
{
	*w = (struct wait){ .in = in, .out = out, .mailbox = -1, .stop_fd = -1, .signal_fd = -1 };
}

void wait_close(struct wait *w)
{
	if (w->loop)
		w->loop->unref(w->loop->event);
	free(w->loop);
	fd_closep(&w->signal_fd);
	wait_open(w, -1, -1);
}

int wait_signals(struct wait *w)
{
	static const int stop_signals[] = { SIGTERM, SIGHUP, SIGINT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(stop_signals); i++)
		sigaddset(&set, stop_signals[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -errno;
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signal_fd < 0 ? -errno : 0;
}

void wait_stop(struct wait *w, int fd)
{
	w->stop_fd = fd;
}

void wait_mailbox(struct wait *w, int fd)
{
	w->mailbox = fd;
}

/* Nobody reads what says that we should stop, so it is looked at no more once it has. */
static void things(const struct wait *w, unsigned what, struct pollfd ret[static THINGS])
{
	const int fds[THINGS] = { w->in, w->out, w->mailbox, w->stop ? -1 : w->stop_fd,
				  w->stop ? -1 : w->signal_fd };

	for (size_t i = 0; i < THINGS; i++)
		ret[i] = (struct pollfd){ .fd = what & bits[i] ? fds[i] : -1,
					  .events = i == OUT ? POLLOUT : POLLIN };
}

static int woken(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	(void)s, (void)fd, (void)events, (void)userdata;
	return 0; /* poll(2) tells what holds */
}

/* One turn of sd-event's loop, of up to ms. None of the things holds now, so none is a file. */
static int turn(const struct loop *l, const struct pollfd *p, int ms)
{
	const bool same = p[IN].fd == p[OUT].fd; /* a descriptor can only be watched once */
	sd_event_source *sources[THINGS] = { 0 };
	int r = 0;

	for (size_t i = 0; i < THINGS && r >= 0; i++)
		if (p[i].fd >= 0 && !(i == OUT && same))
			r = l->add_io(l->event, &sources[i], p[i].fd,
				      i == IN && same ? EPOLLIN | EPOLLOUT :
				      i == OUT	      ? EPOLLOUT :
							EPOLLIN,
				      woken, NULL);
	if (r >= 0)
		r = l->run(l->event, ms < 0 ? UINT64_MAX : (uint64_t)ms * 1000);
	for (size_t i = 0; i < THINGS; i++)
		l->forget(sources[i]);
	return r < 0 && r != -EINTR ? r : 0;
}

/* What holds of the things, within ms, by poll(2). Or a negative errno. */
static int poll_things(struct pollfd p[static THINGS], int ms)
{
	int got = 0;

	if (poll(p, THINGS, ms) < 0)
		return errno == EINTR ? 0 : -errno;
	for (size_t i = 0; i < THINGS; i++) {
		if (p[i].revents & POLLNVAL)
			return -EBADF;
		got |= p[i].revents ? (int)bits[i] : 0;
	}
	return got;
}

/* The same, by whoever waits for these things. 0 may come early. */
static int look(struct wait *w, struct pollfd p[static THINGS], int ms)
{
	const struct loop *l = p[MAILBOX].fd >= 0 && ms != 0 ? loop_of(w) : NULL;
	int r = poll_things(p, l ? 0 : ms);

	if (r || !l)
		return r;
	r = turn(l, p, ms);
	return r < 0 ? r : poll_things(p, 0);
}

/* What is left of timeout_ms, from start; -1 is for ever. */
static int left(uint64_t start, int timeout_ms)
{
	const uint64_t gone = timeout_ms > 0 ? clock_ms() - start : 0;

	if (timeout_ms <= 0)
		return timeout_ms;
	return gone >= (uint64_t)timeout_ms ? 0 : timeout_ms - (int)gone;
}

enum { REST_MS = 1000 }; /* who has waited for so long may wait for long */

int wait_for(struct wait *w, unsigned what, int timeout_ms)
{
	const uint64_t start = timeout_ms > 0 ? clock_ms() : 0;
	bool rested = false;

	if (timeout_ms != 0 && w->before)
		w->before(w->data, what);
	for (;;) {
		const bool stopped = w->stop && what & WAIT_STOP;
		const int most = stopped ? 0 : left(start, timeout_ms);
		const bool rest = !rested && (most < 0 || most > REST_MS);
		const int ms = rest ? REST_MS : most;
		struct pollfd p[THINGS];
		int got;

		things(w, what, p);
		got = look(w, p, ms);
		if (got < 0)
			return got;
		if (stopped)
			got |= WAIT_STOP;
		if (got & WAIT_STOP)
			w->stop = true;
		if (got || ms == 0)
			return got;
		if (rest && w->rested)
			w->rested(w->data, what);
		if (rest)
			memory_rest();
		rested |= rest;
	}
}
