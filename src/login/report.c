/* login/report.c: what the log and systemctl status are told, in the words of Courier's log */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/utf8.h"
#include "login/monitor.h"
#include "login/report.h"

enum { SHOWN_MAX = 256, FIELDS_MAX = 16 };

/* What a client says of itself, such that it can't be taken for another part of the line (fail2ban reads
 * them). */
static void put_foreign(struct buf *b, struct str text)
{
	const bool utf8 = utf8_valid(text);

	text = str_head(text, SHOWN_MAX);
	for (size_t i = 0; i < text.n; i++) {
		const unsigned char c = (unsigned char)text.s[i];

		if (c <= ' ' || c == 0x7f || strchr(",=[]\\\"", c) || (c >= 0x80 && !utf8))
			buf_printf(b, "\\x%02x", c);
		else
			buf_c(b, (char)c);
	}
}

static void put_peer(struct buf *b, const struct monitor *m)
{
	buf_printf(b, "ip=[%s], port=[%s]", m->peer.remote_ip, m->peer.remote_port);
}

static void put_cipher(struct buf *b, const struct monitor *m)
{
	if (!m->encrypted)
		return;
	buf_z(b, "tls=");
	buf_str(b, buf_view(&m->tls_version));
	buf_c(b, ' ');
	buf_str(b, buf_view(&m->tls_cipher));
}

static void put_tls(struct buf *b, const struct monitor *m)
{
	if (m->encrypted)
		buf_z(b, ", starttls=1, ");
	put_cipher(b, m);
}

/* The fields of the journal that every line has. Returns how many. */
static size_t fields_of(const struct monitor *m, const char *event, struct str user, struct log_field *ret)
{
	/* clang-format off */
	const struct log_field fields[] = {
		{ "IMAP_EVENT",  str_z(event) },
		{ "IMAP_USER",   user },
		{ "IMAP_IP",     str_z(m->peer.remote_ip) },
		{ "IMAP_PORT",   str_z(m->peer.remote_port) },
		{ "TLS_VERSION", buf_view(&m->tls_version) },
		{ "TLS_CIPHER",  buf_view(&m->tls_cipher) },
	};
	/* clang-format on */

	memcpy(ret, fields, sizeof fields);
	return COUNT(fields);
}

/* The address comes last: filters of fail2ban want the line to end there. */
void report_failed(const struct monitor *m, struct str user, struct str method)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };
	const size_t n = fields_of(m, "LOGIN FAILED", user, fields);

	buf_z(&text, "LOGIN FAILED, ");
	if (method.n) {
		buf_z(&text, "method=");
		buf_str(&text, method);
		buf_z(&text, ", ");
	}
	buf_z(&text, "user=");
	put_foreign(&text, user);
	if (m->encrypted)
		buf_z(&text, ", ");
	put_cipher(&text, m);
	buf_z(&text, ", ");
	put_peer(&text, m);
	fields[n] = (struct log_field){ "IMAP_METHOD", method };
	log_event(LOG_INFO, fields, buf_view(&text));
}

void report_referred(const struct monitor *m, struct str user, struct str url)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };

	buf_z(&text, "REFERRED, user=");
	put_foreign(&text, user);
	buf_z(&text, ", to=");
	put_foreign(&text, url);
	buf_z(&text, ", ");
	put_peer(&text, m);
	fields_of(m, "REFERRED", user, fields);
	log_event(LOG_INFO, fields, buf_view(&text));
}

void report_login(const struct monitor *m)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };

	buf_z(&text, "LOGIN, user=");
	put_foreign(&text, buf_view(&m->user));
	buf_z(&text, ", ");
	put_peer(&text, m);
	buf_z(&text, ", protocol=IMAP");
	put_tls(&text, m);
	fields_of(m, "LOGIN", buf_view(&m->user), fields);
	log_event(LOG_INFO, fields, buf_view(&text));
}

/* clang-format off */
static const struct ending {
	const char *event, *text;
	int level;
} endings[] = {
	[STATUS_LOGOUT] =       { "LOGOUT",       "LOGOUT",                              LOG_INFO },
	[STATUS_DISCONNECTED] = { "DISCONNECTED", "DISCONNECTED",                        LOG_INFO },
	[STATUS_TIMEOUT] =      { "TIMEOUT",      "TIMEOUT",                             LOG_INFO },
	[STATUS_UNAUTHENTICATED] = { "UNAUTHENTICATE", "UNAUTHENTICATE",                 LOG_INFO },
	[STATUS_SIGNAL] =       { "SIGNAL",       "Disconnected during shutdown by signal", LOG_NOTICE },
};
/* clang-format on */

/* Adds one number to the line and to the fields; room is where its digits stay. */
static void put_number(struct buf *b, struct log_field *field, char *room, const char *name, uint64_t v)
{
	snprintf(room, 24, "%llu", (unsigned long long)v);
	buf_z(b, ", ");
	for (const char *s = name + strlen("IMAP_"); *s; s++)
		buf_c(b, ascii_lower(*s));
	buf_c(b, '=');
	buf_z(b, room);
	*field = (struct log_field){ name, str_z(room) };
}

void report_end(const struct monitor *m, enum status_end how, const struct status_counts *counts)
{
	const struct ending *e = &endings[how];
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };
	size_t n = fields_of(m, e->event, buf_view(&m->user), fields);
	char room[5][24];

	buf_z(&text, e->text);
	buf_z(&text, ", user=");
	put_foreign(&text, buf_view(&m->user));
	buf_z(&text, ", ");
	put_peer(&text, m);
	if (counts) {
		put_number(&text, &fields[n++], room[0], "IMAP_HEADERS", counts->headers);
		put_number(&text, &fields[n++], room[1], "IMAP_BODY", counts->body);
		put_number(&text, &fields[n++], room[2], "IMAP_RCVD", counts->rcvd);
		put_number(&text, &fields[n++], room[3], "IMAP_SENT", counts->sent);
	}
	put_number(&text, &fields[n++], room[4], "IMAP_TIME", (clock_ms() - m->started) / 1000);
	put_tls(&text, m);
	log_event(e->level, fields, buf_view(&text));
}

void report_gone(const struct monitor *m, bool logout, struct str rcvd, struct str sent)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };

	buf_z(&text, logout ? "LOGOUT, " : "Disconnected, ");
	put_peer(&text, m);
	if (rcvd.n) {
		buf_z(&text, ", rcvd=");
		buf_str(&text, rcvd);
		buf_z(&text, ", sent=");
		buf_str(&text, sent);
	}
	if (!logout)
		buf_printf(&text, ", time=%llu", (unsigned long long)((clock_ms() - m->started) / 1000));
	put_tls(&text, m);
	fields_of(m, logout ? "LOGOUT" : "DISCONNECTED", (struct str){ 0 }, fields);
	log_event(logout ? LOG_INFO : LOG_DEBUG, fields, buf_view(&text));
}

void report_trouble(const struct monitor *m, int level, const char *fmt, ...)
{
	_cleanup_(buf_release) struct buf text = { 0 };
	struct log_field fields[FIELDS_MAX] = { 0 };
	char said[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof said, fmt, ap);
	va_end(ap);
	buf_z(&text, said);
	buf_z(&text, ", ");
	put_peer(&text, m);
	fields_of(m, "TROUBLE", (struct str){ 0 }, fields);
	log_event(level, fields, buf_view(&text));
}

/* sd_notify(3) by hand: one datagram to the socket that NOTIFY_SOCKET names; "@" stands for the abstract NUL.
 */
static void notify(const char *path, struct str text)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const size_t n = strlen(path);
	_cleanup_(fd_closep) int fd = -1;

	if (n >= sizeof to.sun_path || !strchr("/@", path[0]))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		sendto(fd, text.s, text.n, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

void report_status(const struct monitor *m, struct str doing)
{
	_cleanup_(buf_release) struct buf text = { 0 };

	if (!m->settings.notify)
		return;
	buf_z(&text, "STATUS=");
	if (m->user.n) {
		put_foreign(&text, buf_view(&m->user));
		buf_z(&text, " from ");
	}
	buf_z(&text, m->peer.remote_ip);
	buf_z(&text, ": ");
	for (size_t i = 0; i < doing.n && i < SHOWN_MAX; i++)
		buf_c(&text, (unsigned char)doing.s[i] < ' ' ? '?' : doing.s[i]);
	notify(m->settings.notify, buf_view(&text));
}
