/* base/log.c: the log: the journal, syslog, or whatever stderr is; never the client */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"

enum sink { STDERR, JOURNAL, SYSLOG };

/* The one thing that is per process by nature. */
static struct {
	const char *ident;
	enum sink sink;
	int fd;
} log_to = { "imapd", STDERR, STDERR_FILENO };

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

/* JOURNAL_STREAM is "device:inode" of the journal's end (systemd.exec(5)). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

/* Whether there is nobody at the other end of stderr, or the client. */
static bool stderr_is_useless(int client_fd)
{
	struct stat err, null;

	if (fstat(STDERR_FILENO, &err) < 0 || fd_same(STDERR_FILENO, client_fd))
		return true;
	return S_ISCHR(err.st_mode) && stat("/dev/null", &null) == 0 && err.st_rdev == null.st_rdev;
}

void log_open(const char *ident, int client_fd)
{
	log_to.ident = ident;
	if (stderr_is_journal() && (log_to.fd = connect_to("/run/systemd/journal/socket")) >= 0) {
		log_to.sink = JOURNAL;
	} else if (stderr_is_useless(client_fd)) {
		log_to.sink = SYSLOG;
		log_to.fd = connect_to("/dev/log");
	} else {
		log_to.sink = STDERR;
		log_to.fd = STDERR_FILENO;
	}
}

/* Text that can't pretend to be two lines, or move a terminal's cursor. */
static void put_clean(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		const unsigned char c = (unsigned char)text.s[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_c(b, (char)c);
	}
}

static void put_field(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_z(b, name);
	buf_c(b, '=');
	put_clean(b, value);
	buf_c(b, '\n');
}

static void to_journal(struct buf *b, int level, const struct log_field *fields, struct str text)
{
	put_field(b, "MESSAGE", text);
	buf_printf(b, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=%d\n", level, LOG_MAIL >> 3,
		   log_to.ident, (int)getpid());
	for (; fields && fields->name; fields++)
		put_field(b, fields->name, fields->value);
}

/* RFC 3164 as the local socket takes it: priority, time, ident[pid]. */
static void to_syslog(struct buf *b, int level, struct str text)
{
	char stamp[32];
	const time_t now = time(NULL);
	struct tm tm;

	strftime(stamp, sizeof stamp, "%b %e %T", localtime_r(&now, &tm));
	buf_printf(b, "<%d>%s %s[%d]: ", LOG_MAIL | level, stamp, log_to.ident, (int)getpid());
	put_clean(b, text);
}

void log_event(int level, const struct log_field *fields, struct str text)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	const int saved = errno;

	if (log_to.sink == JOURNAL) {
		to_journal(&b, level, fields, text);
	} else if (log_to.sink == SYSLOG) {
		to_syslog(&b, level, text);
	} else {
		buf_printf(&b, "%s: ", log_to.ident);
		put_clean(&b, text);
		buf_c(&b, '\n');
	}
	if (log_to.fd >= 0)
		(void)!(log_to.sink == STDERR ? write(log_to.fd, b.s, b.n) :
						send(log_to.fd, b.s, b.n, MSG_NOSIGNAL | MSG_DONTWAIT));
	errno = saved;
}

void log_line(int level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n > 0)
		log_event(level, NULL, (struct str){ text, MIN((size_t)n, sizeof text - 1) });
}

void log_errno(int r, const char *doing)
{
	log_line(LOG_ERR, "%s: %s", doing, strerror(-r));
}
