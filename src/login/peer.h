/* login/peer.h: who is at the other end, and who that makes him */
#pragma once
#include "base/str.h"

enum { ADDRESS_TEXT = 46, PEER_PORT = 6 };

/* IPv4 is kept as ::ffff:a.b.c.d; dotted says that it is shown as a.b.c.d. */
struct address {
	unsigned char ip[16];
	uint16_t port;
	bool dotted;
};

struct peer {
	bool inet;    /* false: a Unix socket, a pipe, a terminal; then both addresses are 127.0.0.1 port 0 */
	bool trusted; /* listed as a proxy: its failures earn no penalty */
	struct address remote, local;
	char remote_ip[ADDRESS_TEXT], remote_port[PEER_PORT];
	char local_ip[ADDRESS_TEXT], local_port[PEER_PORT];
};

/* From getpeername() and getsockname(). A TCP client that is gone already is -ENOTCONN. Returns 0. */
int peer_of(int fd, struct peer *ret);

/* Puts other addresses in their place (a proxy's header named them), and their texts with them. */
void peer_replace(struct peer *p, const struct address *remote, const struct address *local);

/* The same host: 127.0.0.0/8, ::1, and whatever is not inet. */
bool peer_is_loopback(const struct peer *p);

/* list is of addresses and networks, "192.0.2.7 2001:db8::/32 10.0.0.0/8", separated by blanks or commas.
 * -EINVAL if a word of it is none; else 1 if a is in it, 0 if not. NULL is an empty list.
 */
int address_listed(const struct address *a, const char *list);

/* NUL-terminated; ret has ADDRESS_TEXT octets. An address that is dotted without ::ffff: before it. */
void address_text(const struct address *a, char *ret);
