/* login/proxy.h: the header that a proxy puts before a connection: the PROXY protocol, versions 1 and 2 */
#pragma once
#include "login/peer.h"

enum proxy_result {
	PROXY_MORE, /* so far it may be a header: more is needed */
	PROXY_BAD,
	PROXY_LOCAL, /* a header without addresses: the proxy speaks for itself */
	PROXY_ADDRESSES,
};
enum { PROXY_V1_MAX = 107, PROXY_V2_HEAD = 16, PROXY_MAX = 16 + 4096, PROXY_OCTETS = 36 };

/* Looks at the first octets of a connection. With PROXY_MORE, PROXY_LOCAL and PROXY_ADDRESSES *ret_octets is
 * how many octets may be taken from the connection at least (MORE) or are the header's (others). Pure.
 */
enum proxy_result proxy_parse(struct str octets, size_t *ret_octets, struct address *ret_from,
			      struct address *ret_to);

/* The confined reader: reads a header from fd and not an octet more, sends FRAME_PROXY, returns the exit
 * code. */
int proxy_read(int fd, int monitor);

/* The frame's field: both addresses, then both ports, in network order. Whether they are IPv4 follows from
 * them. */
void proxy_pack(const struct address *from, const struct address *to, unsigned char *ret);
void proxy_unpack(const unsigned char *octets, struct address *ret_from, struct address *ret_to);
