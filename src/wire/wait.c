/* wire/wait.c: all waiting is here (the only sd-event.h) */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>
#include "base/clock.h"
#include "wire/wait.h"

static const int stop_signals[] = { SIGTERM, SIGHUP, SIGINT };

void wait_open(struct wait *w, int in, int out)
{
	*w = (struct wait){ .in = in, .out = out, .mailbox = -1, .stop_fd = -1 };
}

void wait_close(struct wait *w)
{
	sd_event_source_unref(w->source_in);
	sd_event_source_unref(w->source_out);
	sd_event_source_unref(w->source_mailbox);
	sd_event_source_unref(w->source_stop_fd);
	for (size_t i = 0; i < COUNT(w->source_stop); i++)
		sd_event_source_unref(w->source_stop[i]);
	sd_event_unref(w->event);
	wait_open(w, -1, -1);
}

int wait_signals(struct wait *w)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(stop_signals); i++)
		sigaddset(&set, stop_signals[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -errno;
	w->signals = true;
	return 0;
}

void wait_stop(struct wait *w, int fd)
{
	w->stop_fd = fd;
}

void wait_mailbox(struct wait *w, int fd)
{
	w->source_mailbox = sd_event_source_disable_unref(w->source_mailbox);
	w->always &= ~(unsigned)WAIT_MAILBOX;
	w->mailbox = fd;
}

/* The handlers only note what holds; level-triggered, so nothing is lost if nobody asked. */
static int client(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct wait *w = userdata;

	(void)s;
	if (fd == w->in && events & ~(uint32_t)EPOLLOUT)
		w->got |= WAIT_CLIENT_IN;
	if (fd == w->out && events & ~(uint32_t)EPOLLIN)
		w->got |= WAIT_CLIENT_OUT;
	return 0;
}

static int mailbox(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	struct wait *w = userdata;

	(void)s, (void)fd, (void)events;
	w->got |= WAIT_MAILBOX;
	return 0;
}

static int stop(sd_event_source *s, const struct signalfd_siginfo *info, void *userdata)
{
	struct wait *w = userdata;

	(void)info;
	w->stop = true;
	w->got |= WAIT_STOP;
	return sd_event_source_set_enabled(s, SD_EVENT_OFF); /* once is enough */
}

static int stop_said(sd_event_source *s, int fd, uint32_t events, void *userdata)
{
	(void)fd, (void)events;
	return stop(s, NULL, userdata);
}

/* Has a descriptor watched for events, or not if there are none. Files can't be: they are always ready. */
static int watch(struct wait *w, sd_event_source **source, int fd, uint32_t events, unsigned bit)
{
	int r;

	if (w->always & bit || (!*source && !events))
		return 0;
	if (*source && !events)
		return sd_event_source_set_enabled(*source, SD_EVENT_OFF);
	if (*source) {
		r = sd_event_source_set_io_events(*source, events);
		return r < 0 ? r : sd_event_source_set_enabled(*source, SD_EVENT_ON);
	}
	r = sd_event_add_io(w->event, source, fd, events, bit == WAIT_MAILBOX ? mailbox : client, w);
	if (r != -EPERM)
		return r;
	w->always |= bit;
	return 0;
}

/* A descriptor for both ways can only be watched once. */
static int watch_client(struct wait *w, unsigned what)
{
	const uint32_t in = what & WAIT_CLIENT_IN ? EPOLLIN : 0;
	const uint32_t out = what & WAIT_CLIENT_OUT ? EPOLLOUT : 0;
	int r;

	if (w->in == w->out)
		return watch(w, &w->source_in, w->in, in | out, WAIT_CLIENT_IN | WAIT_CLIENT_OUT);
	r = watch(w, &w->source_in, w->in, in, WAIT_CLIENT_IN);
	return r < 0 ? r : watch(w, &w->source_out, w->out, out, WAIT_CLIENT_OUT);
}

static int watch_stop(struct wait *w)
{
	if (w->stop_fd >= 0 && !w->source_stop_fd) {
		const int r =
			sd_event_add_io(w->event, &w->source_stop_fd, w->stop_fd, EPOLLIN, stop_said, w);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; w->signals && i < COUNT(stop_signals); i++) {
		int r;

		if (w->source_stop[i])
			continue;
		r = sd_event_add_signal(w->event, &w->source_stop[i], stop_signals[i], stop, w);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One look for what holds of what, in a loop of sd-event, of up to timeout_us. */
static int look(struct wait *w, unsigned what, uint64_t timeout_us)
{
	int r = w->event ? 0 : sd_event_new(&w->event);

	if (r >= 0)
		r = watch_stop(w);
	if (r >= 0)
		r = watch_client(w, what);
	if (r >= 0)
		r = watch(w, &w->source_mailbox, w->mailbox, what & WAIT_MAILBOX ? EPOLLIN : 0, WAIT_MAILBOX);
	if (r < 0)
		return r;
	w->got |= w->always & what;
	r = sd_event_run(w->event, w->got & what ? 0 : timeout_us);
	for (int more = 0; r > 0 && more < 4; more++) /* one source is told in each turn */
		r = sd_event_run(w->event, 0);
	return r < 0 ? r : 0;
}

/* One descriptor needs no sd-event. */
static int look_at_one(struct wait *w, unsigned what, int timeout_ms)
{
	struct pollfd p = { .fd = what == WAIT_CLIENT_IN ? w->in : w->out,
			    .events = what == WAIT_CLIENT_IN ? POLLIN : POLLOUT };

	if (poll(&p, 1, timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	if (p.revents)
		w->got |= what;
	return 0;
}

/* What is left of timeout_ms, from start; -1 is for ever. */
static int left(uint64_t start, int timeout_ms)
{
	const uint64_t gone = timeout_ms > 0 ? clock_ms() - start : 0;

	if (timeout_ms <= 0)
		return timeout_ms;
	return gone >= (uint64_t)timeout_ms ? 0 : timeout_ms - (int)gone;
}

/* sd-event may still have in its hands what was so an event ago, and has been read since. */
static void check(struct wait *w)
{
	static const unsigned bits[] = { WAIT_CLIENT_IN, WAIT_CLIENT_OUT, WAIT_MAILBOX };
	struct pollfd p[] = {
		{ .fd = w->in,	    .events = POLLIN  },
		{ .fd = w->out,	    .events = POLLOUT },
		{ .fd = w->mailbox, .events = POLLIN  },
	};

	for (size_t i = 0; i < COUNT(p); i++)
		if (!(w->got & ~w->always & bits[i]))
			p[i].fd = -1;
	if (poll(p, COUNT(p), 0) < 0)
		return;
	for (size_t i = 0; i < COUNT(p); i++)
		if (p[i].fd >= 0 && !p[i].revents)
			w->got &= ~bits[i];
}

int wait_for(struct wait *w, unsigned what, int timeout_ms)
{
	const uint64_t start = timeout_ms > 0 ? clock_ms() : 0;

	if (w->mailbox < 0)
		what &= ~(unsigned)WAIT_MAILBOX;
	if (!w->signals && w->stop_fd < 0)
		what &= ~(unsigned)WAIT_STOP;
	if (!what && timeout_ms == 0)
		return 0;
	for (;;) {
		const int ms = left(start, timeout_ms);
		int r;

		w->got = w->stop ? WAIT_STOP : 0;
		if (what == WAIT_CLIENT_IN || what == WAIT_CLIENT_OUT)
			r = look_at_one(w, what, ms);
		else
			r = look(w, what, w->got & what ? 0 : ms < 0 ? UINT64_MAX : (uint64_t)ms * 1000);
		if (r < 0)
			return r;
		if (w->got & what)
			check(w);
		if (w->got & what || ms == 0)
			return (int)(w->got & what);
	}
}
