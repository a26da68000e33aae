/* login/proxy.c: the PROXY protocol (HAProxy's proxy-protocol.txt), versions 1, a line, and 2, binary */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include "login/frame.h"
#include "login/proxy.h"

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
static const char signature[] = "\r\n\r\n\0\r\nQUIT\n"; /* and its NUL, which is none of it */

enum { SIGNATURE = sizeof signature - 1, IPV4_BLOCK = 12, IPV6_BLOCK = 36 };

static void set_ipv4(struct address *a, const char *octets)
{
	*a = (struct address){ .dotted = true };
	memcpy(a->ip, mapped, sizeof mapped);
	memcpy(a->ip + sizeof mapped, octets, 4);
}

static bool text_address(struct str s, int family, struct address *ret)
{
	char text[ADDRESS_TEXT], octets[16];

	if (s.n == 0 || s.n >= sizeof text || memchr(s.s, 0, s.n))
		return false;
	memcpy(text, s.s, s.n);
	text[s.n] = 0;
	if (inet_pton(family, text, octets) != 1)
		return false;
	if (family == AF_INET) {
		set_ipv4(ret, octets);
	} else {
		*ret = (struct address){ 0 };
		memcpy(ret->ip, octets, sizeof octets);
	}
	return true;
}

static bool text_port(struct str s, struct address *ret)
{
	uint32_t v;

	if (s.n > 5 || !str_u32(s, &v) || v > 65535)
		return false;
	ret->port = (uint16_t)v;
	return true;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 56324 143" without its CRLF */
static enum proxy_result parse_line(struct str line, struct address *ret_from, struct address *ret_to)
{
	struct str words[6] = { 0 };
	struct address from, to;
	int family;

	for (size_t i = 0; i < COUNT(words) && str_cut(&line, ' ', &words[i]); i++)
		;
	if (str_eq(words[1], STR("UNKNOWN")))
		return PROXY_LOCAL;
	if (str_eq(words[1], STR("TCP4")))
		family = AF_INET;
	else if (str_eq(words[1], STR("TCP6")))
		family = AF_INET6;
	else
		return PROXY_BAD;
	if (line.s || !text_address(words[2], family, &from) || !text_address(words[3], family, &to) ||
	    !text_port(words[4], &from) || !text_port(words[5], &to))
		return PROXY_BAD;
	*ret_from = from;
	*ret_to = to;
	return PROXY_ADDRESSES;
}

static enum proxy_result parse_v1(struct str octets, size_t *ret_octets, struct address *ret_from,
				  struct address *ret_to)
{
	const size_t lf = str_find(octets, '\n');

	if (lf == octets.n) {
		*ret_octets = octets.n;
		return octets.n < PROXY_V1_MAX ? PROXY_MORE : PROXY_BAD;
	}
	if (lf >= PROXY_V1_MAX || lf == 0 || octets.s[lf - 1] != '\r')
		return PROXY_BAD;
	*ret_octets = lf + 1;
	return parse_line(str_head(octets, lf - 1), ret_from, ret_to);
}

static uint16_t be16(const char *p)
{
	return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static enum proxy_result take_block(char family, const char *block, size_t n, struct address *from,
				    struct address *to)
{
	if (family == 0x11 && n >= IPV4_BLOCK) { /* TCP over IPv4 */
		set_ipv4(from, block);
		set_ipv4(to, block + 4);
		from->port = be16(block + 8);
		to->port = be16(block + 10);
		return PROXY_ADDRESSES;
	}
	if (family == 0x21 && n >= IPV6_BLOCK) { /* TCP over IPv6 */
		*from = *to = (struct address){ 0 };
		memcpy(from->ip, block, 16);
		memcpy(to->ip, block + 16, 16);
		from->port = be16(block + 32);
		to->port = be16(block + 34);
		return PROXY_ADDRESSES;
	}
	/* UNSPEC or a Unix socket: nothing to tell */
	return family == 0x11 || family == 0x21 ? PROXY_BAD : PROXY_LOCAL;
}

static enum proxy_result parse_v2(struct str octets, size_t *ret_octets, struct address *ret_from,
				  struct address *ret_to)
{
	size_t n;

	if (octets.n < PROXY_V2_HEAD) {
		*ret_octets = octets.n;
		return PROXY_MORE;
	}
	n = be16(octets.s + 14);
	if ((octets.s[12] & 0xf0) != 0x20 || n > PROXY_MAX - PROXY_V2_HEAD)
		return PROXY_BAD;
	*ret_octets = MIN(octets.n, PROXY_V2_HEAD + n);
	if (octets.n < PROXY_V2_HEAD + n)
		return PROXY_MORE;
	if (octets.s[12] == 0x20)
		return PROXY_LOCAL;
	if (octets.s[12] != 0x21)
		return PROXY_BAD;
	return take_block(octets.s[13], octets.s + PROXY_V2_HEAD, n, ret_from, ret_to);
}

enum proxy_result proxy_parse(struct str octets, size_t *ret_octets, struct address *ret_from,
			      struct address *ret_to)
{
	const struct str v1 = STR("PROXY "), v2 = { signature, SIGNATURE };

	if (str_starts(v1, str_head(octets, v1.n)))
		return parse_v1(octets, ret_octets, ret_from, ret_to);
	if (str_starts(v2, str_head(octets, v2.n)))
		return parse_v2(octets, ret_octets, ret_from, ret_to);
	return PROXY_BAD;
}

void proxy_pack(const struct address *from, const struct address *to, unsigned char *ret)
{
	const uint16_t ports[] = { htons(from->port), htons(to->port) };

	memcpy(ret, from->ip, 16);
	memcpy(ret + 16, to->ip, 16);
	memcpy(ret + 32, ports, sizeof ports);
}

void proxy_unpack(const unsigned char *octets, struct address *ret_from, struct address *ret_to)
{
	uint16_t ports[2];

	*ret_from = *ret_to = (struct address){ 0 };
	memcpy(ret_from->ip, octets, 16);
	memcpy(ret_to->ip, octets + 16, 16);
	memcpy(ports, octets + 32, sizeof ports);
	ret_from->port = ntohs(ports[0]);
	ret_to->port = ntohs(ports[1]);
	ret_from->dotted = memcmp(ret_from->ip, mapped, sizeof mapped) == 0;
	ret_to->dotted = memcmp(ret_to->ip, mapped, sizeof mapped) == 0;
}

/* Takes n octets that are there. */
static bool drop(int fd, size_t n)
{
	char octets[PROXY_MAX];

	while (n) {
		const ssize_t r = recv(fd, octets, n, 0);

		if (r <= 0 && !(r < 0 && errno == EINTR))
			return false;
		n -= r > 0 ? (size_t)r : 0;
	}
	return true;
}

/* Waits a moment for more than is there already, which poll() can't tell; true if the other side has closed.
 */
static bool nothing_more(int fd, bool some)
{
	struct pollfd p = { .fd = fd, .events = some ? POLLRDHUP : POLLIN };

	return poll(&p, 1, some ? 5 : -1) > 0 && some;
}

/* Peeks until a whole header is there; what follows it is TLS's or the dialogue's. */
static enum proxy_result look(int fd, size_t *ret_octets, struct address *from, struct address *to)
{
	enum proxy_result result = PROXY_MORE;
	char octets[PROXY_MAX];
	size_t seen = 0;
	bool closed = false;

	while (result == PROXY_MORE) {
		const ssize_t n = recv(fd, octets, sizeof octets, MSG_PEEK);

		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return PROXY_BAD;
		if (n > 0 && (size_t)n > seen)
			result = proxy_parse((struct str){ octets, (size_t)n }, ret_octets, from, to);
		else if (closed)
			return PROXY_BAD;
		else
			closed = nothing_more(fd, n > 0); /* then one more look at what came before that */
		seen = n > 0 ? (size_t)n : seen;
	}
	return result;
}

int proxy_read(int fd, int monitor)
{
	unsigned char octets[PROXY_OCTETS];
	struct str field = { (const char *)octets, sizeof octets };
	struct address from, to;
	size_t n = 0;
	const enum proxy_result result = look(fd, &n, &from, &to);

	if (result == PROXY_BAD || !drop(fd, n))
		return EXIT_REFUSED;
	if (result == PROXY_ADDRESSES)
		proxy_pack(&from, &to, octets);
	else
		field.n = 0;
	return frame_send(monitor, FRAME_PROXY, &field, 1) < 0 ? EXIT_TEMPORARY : EXIT_OK;
}
