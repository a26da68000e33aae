/* base/status.c: what helpers and imapd say to the monitor, and how it reads that (doc/CHAIN.md) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/status.h"

enum { ANSWER_MAX = 65536 }; /* a response of a mechanism is the longest */

static const char *const ends[] = { "LOGOUT", "DISCONNECTED", "TIMEOUT", "SIGNAL", "UNAUTHENTICATED", NULL };

static int take(const char *number)
{
	int type = 0;
	socklen_t n = sizeof type;
	uint32_t fd;

	if (!str_u32(str_z(number), &fd) || fd > 1024)
		return -EBADF;
	if (getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0)
		return -errno;
	return type == SOCK_SEQPACKET ? (int)fd : -EPROTOTYPE;
}

int status_open(bool keep, struct status *ret)
{
	const char *number = getenv("IMAPSTATUSFD");
	const int fd = number ? take(number) : -ENOENT;

	ret->fd = fd < 0 ? -1 : fd;
	if (keep)
		return fd < 0 ? fd : 0;
	if (number)
		unsetenv("IMAPSTATUSFD");
	return fd < 0 ? fd : fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

static int say(const struct status *s, struct buf *b, int flags)
{
	while (s->fd >= 0 && send(s->fd, b->s, b->n, flags | MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void put_clean(struct buf *b, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_c(b, (unsigned char)text.s[i] < ' ' || text.s[i] == 0x7f ? '?' : text.s[i]);
}

int status_ready(const struct status *s, struct str user)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	char answer[8];
	ssize_t n;

	buf_z(&b, "READY ");
	put_clean(&b, user);
	if (s->fd < 0)
		return 0;
	if (say(s, &b, 0) < 0)
		return -EPIPE;
	n = fd_recv(s->fd, answer, sizeof answer, NULL, NULL);
	return n == 2 && memcmp(answer, "GO", 2) == 0 ? 0 : -EPIPE;
}

void status_no(const struct status *s, const char *code, const char *text)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, "NO ");
	put_clean(&b, str_z(*code ? code : "-"));
	buf_c(&b, ' ');
	put_clean(&b, str_z(text));
	say(s, &b, 0);
}

void status_user(const struct status *s, struct str name)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, "USER ");
	put_clean(&b, str_head(name, 512));
	say(s, &b, 0);
}

static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!ascii_alpha(host.s[i]) && !ascii_digit(host.s[i]) && !strchr(".-:", host.s[i]))
			return false;
	return host.n > 0 && host.n < 256;
}

/* enc-user (RFC 5092 11), with nothing in it that could be taken for something else. */
static void put_encoded(struct buf *b, struct str user)
{
	for (size_t i = 0; i < user.n; i++) {
		const char c = user.s[i];

		if (ascii_alpha(c) || ascii_digit(c) || (c && strchr("-._~", c)))
			buf_c(b, c);
		else
			buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
	}
}

/* ";AUTH=*" keeps clients from trying to be anonymous there (RFC 2221 3). */
bool status_refer(const struct status *s, struct str user, struct str host)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (s->fd < 0 || !is_host(host))
		return false;
	buf_z(&b, "REFER imap://");
	put_encoded(&b, str_head(user, 512));
	buf_z(&b, ";AUTH=*@");
	buf_str(&b, host);
	buf_c(&b, '/');
	return say(s, &b, 0) == 0;
}

int status_challenge(const struct status *s, struct str challenge, struct buf *ret)
{
	const struct str head = STR("RESPONSE ");
	_cleanup_(buf_release) struct buf b = { 0 };
	char *answer;
	ssize_t n;

	if (s->fd < 0)
		return -ECANCELED;
	buf_z(&b, "CHALLENGE ");
	buf_str(&b, challenge);
	if (say(s, &b, 0) < 0)
		return -ECANCELED;
	buf_clear(&b);
	answer = buf_reserve(&b, ANSWER_MAX);
	n = fd_recv(s->fd, answer, ANSWER_MAX, NULL, NULL);
	if (n > 0 && str_starts((struct str){ answer, (size_t)n }, head))
		buf_str(ret, str_from((struct str){ answer, (size_t)n }, head.n));
	else
		n = -ECANCELED;
	wipe(answer, ANSWER_MAX);
	return n < 0 ? -ECANCELED : 0;
}

void status_say(const struct status *s, struct str text)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, "STATUS ");
	put_clean(&b, str_head(text, 512));
	say(s, &b, MSG_DONTWAIT);
}

void status_unread(const struct status *s, struct str octets)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (octets.n == 0 || octets.n > STATUS_UNREAD_MAX)
		return;
	buf_reserve(&b, octets.n + 16);
	buf_z(&b, "UNREAD ");
	buf_str(&b, octets);
	say(s, &b, 0);
	wipe(b.s, b.n);
}

void status_early(struct buf *ret)
{
	uint32_t fd;

	if (!str_u32(str_z(getenv("IMAPEARLYFD")), &fd) || fd > 1024)
		return;
	unsetenv("IMAPEARLYFD");
	fd_slurp((int)fd, STATUS_UNREAD_MAX, ret);
	close((int)fd);
}

void status_end(const struct status *s, enum status_end how, const struct status_counts *counts)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_printf(&b, "END %s rcvd=%llu sent=%llu headers=%llu body=%llu", ends[how],
		   (unsigned long long)counts->rcvd, (unsigned long long)counts->sent,
		   (unsigned long long)counts->headers, (unsigned long long)counts->body);
	say(s, &b, 0);
}

static bool clean(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.s[i] < ' ' || text.s[i] == 0x7f)
			return false;
	return true;
}

/* "name=number", and the blank behind it */
static bool take_count(struct str *rest, struct str name, uint64_t *ret)
{
	struct str word;

	return str_cut(rest, ' ', &word) && str_starts(word, name) && str_u64(str_from(word, name.n), ret);
}

static bool parse_end(struct str rest, struct status_message *m)
{
	struct str word;
	size_t i = 0;

	if (!str_cut(&rest, ' ', &word))
		return false;
	while (ends[i] && !str_eq(word, str_z(ends[i])))
		i++;
	m->how = (enum status_end)i;
	return ends[i] && take_count(&rest, STR("rcvd="), &m->counts.rcvd) &&
	       take_count(&rest, STR("sent="), &m->counts.sent) &&
	       take_count(&rest, STR("headers="), &m->counts.headers) &&
	       take_count(&rest, STR("body="), &m->counts.body) && !rest.s;
}

static bool parse_no(struct str rest, struct status_message *m)
{
	if (!clean(rest) || !str_cut(&rest, ' ', &m->code))
		return false;
	if (str_eq(m->code, STR("-")))
		m->code.n = 0;
	m->text = rest;
	return true;
}

static bool parse_clean(struct str rest, struct status_message *m)
{
	m->text = rest;
	return clean(rest);
}

/* It goes into a response code, which a bracket would end. */
static bool parse_url(struct str rest, struct status_message *m)
{
	for (size_t i = 0; i < rest.n; i++)
		if (rest.s[i] <= ' ' || rest.s[i] >= 0x7f || strchr("[]\"\\", rest.s[i]))
			return false;
	m->text = rest;
	return str_istarts(rest, STR("imap://"));
}

static bool parse_octets(struct str rest, struct status_message *m)
{
	m->text = rest;
	return true;
}

/* clang-format off */
static const struct word {
	const char *name;
	enum status_kind kind;
	bool (*parse)(struct str rest, struct status_message *m);
} words[] = {
	{ "READY",     STATUS_READY,     parse_clean },
	{ "USER",      STATUS_USER,      parse_clean },
	{ "NO",        STATUS_NO,        parse_no },
	{ "CHALLENGE", STATUS_CHALLENGE, parse_octets },
	{ "REFER",     STATUS_REFER,     parse_url },
	{ "STATUS",    STATUS_SAY,       parse_clean },
	{ "UNREAD",    STATUS_UNREAD,    parse_octets },
	{ "END",       STATUS_END,       parse_end },
	{0},
};
/* clang-format on */

bool status_parse(struct str datagram, struct status_message *ret)
{
	struct status_message m = { 0 };
	struct str name;

	if (!str_cut(&datagram, ' ', &name))
		return false;
	for (const struct word *w = words; w->name; w++) {
		if (!str_eq(name, str_z(w->name)))
			continue;
		m.kind = w->kind;
		if (!w->parse(datagram, &m))
			return false;
		*ret = m;
		return true;
	}
	return false;
}
