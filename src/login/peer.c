/* login/peer.c: who is at the other end, and who that makes him */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "login/peer.h"

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static struct address ipv4(const void *octets, uint16_t port)
{
	struct address a = { .port = port, .dotted = true };

	memcpy(a.ip, mapped, sizeof mapped);
	memcpy(a.ip + sizeof mapped, octets, 4);
	return a;
}

union any {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

static bool from_socket(const union any *s, struct address *ret)
{
	if (s->sa.sa_family == AF_INET) {
		*ret = ipv4(&s->in.sin_addr, ntohs(s->in.sin_port));
	} else if (s->sa.sa_family == AF_INET6) {
		*ret = (struct address){ .port = ntohs(s->in6.sin6_port) };
		memcpy(ret->ip, &s->in6.sin6_addr, sizeof ret->ip);
	} else {
		return false;
	}
	return true;
}

void address_text(const struct address *a, char *ret)
{
	if (a->dotted)
		inet_ntop(AF_INET, a->ip + sizeof mapped, ret, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, a->ip, ret, ADDRESS_TEXT);
}

void peer_replace(struct peer *p, const struct address *remote, const struct address *local)
{
	p->remote = *remote;
	p->local = *local;
	address_text(remote, p->remote_ip);
	address_text(local, p->local_ip);
	snprintf(p->remote_port, sizeof p->remote_port, "%u", remote->port);
	snprintf(p->local_port, sizeof p->local_port, "%u", local->port);
}

int peer_of(int fd, struct peer *ret)
{
	static const unsigned char loopback[] = { 127, 0, 0, 1 };
	struct address remote = ipv4(loopback, 0), local = remote;
	socklen_t n = sizeof(union any), m = n;
	union any there = { 0 }, here = { 0 };
	bool inet = false;

	if (getsockname(fd, &here.sa, &m) == 0)
		inet = from_socket(&here, &local);
	if (inet && getpeername(fd, &there.sa, &n) < 0)
		return -errno;
	if (inet && !from_socket(&there, &remote))
		return -EAFNOSUPPORT;
	*ret = (struct peer){ .inet = inet };
	peer_replace(ret, &remote, &local);
	return 0;
}

bool peer_is_loopback(const struct peer *p)
{
	static const unsigned char one[16] = { [15] = 1 };

	if (!p->inet || memcmp(p->remote.ip, one, sizeof one) == 0)
		return true;
	return memcmp(p->remote.ip, mapped, sizeof mapped) == 0 && p->remote.ip[12] == 127;
}

/* "192.0.2.0/24": the bits are counted in the IPv6 form */
static bool network(struct str word, struct address *ret, uint32_t *ret_bits)
{
	const size_t slash = str_find(word, '/');
	unsigned char octets[16];
	char text[ADDRESS_TEXT];
	uint32_t bits, most;

	if (slash >= sizeof text)
		return false;
	memcpy(text, word.s, slash);
	text[slash] = 0;
	if (inet_pton(AF_INET, text, octets) == 1) {
		*ret = ipv4(octets, 0);
		most = 32;
	} else if (inet_pton(AF_INET6, text, octets) == 1) {
		*ret = (struct address){ 0 };
		memcpy(ret->ip, octets, sizeof octets);
		most = 128;
	} else {
		return false;
	}
	bits = most;
	if (slash < word.n && (!str_u32(str_from(word, slash + 1), &bits) || bits > most))
		return false;
	*ret_bits = bits + 128 - most;
	return true;
}

static bool in_network(const struct address *a, const struct address *net, uint32_t bits)
{
	const unsigned char mask = (unsigned char)(0xff00u >> (bits % 8));
	const size_t whole = bits / 8;

	if (memcmp(a->ip, net->ip, whole) != 0)
		return false;
	return whole == sizeof a->ip || ((a->ip[whole] ^ net->ip[whole]) & mask) == 0;
}

int address_listed(const struct address *a, const char *list)
{
	struct str rest = str_z(list);
	int found = 0;

	while (rest.n) {
		struct address net;
		uint32_t bits;
		size_t n = 0;

		while (n < rest.n && !strchr(" \t\n,", rest.s[n]))
			n++;
		if (n && !network(str_head(rest, n), &net, &bits))
			return -EINVAL;
		if (n && in_network(a, &net, bits))
			found = 1;
		rest = str_from(rest, n + 1);
	}
	return found;
}
