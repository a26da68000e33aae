/* base/net.c: a TCP connection, as a mail client's needs it */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "base/net.h"

/* clang-format off */
static const struct option {
	int level, name, value;
} options[] = {
	{ IPPROTO_TCP, TCP_NODELAY,      1 },
	{ SOL_SOCKET,  SO_KEEPALIVE,     1 },
	{ IPPROTO_TCP, TCP_KEEPIDLE,     NET_IDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL,    NET_PROBE },
	{ IPPROTO_TCP, TCP_KEEPCNT,      NET_PROBES },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, NET_GONE * 1000 },
	{0},
};
/* clang-format on */

void net_tune(int fd)
{
	int domain = 0;
	socklen_t n = sizeof domain;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0 ||
	    (domain != AF_INET && domain != AF_INET6))
		return;
	for (const struct option *o = options; o->value; o++)
		setsockopt(fd, o->level, o->name, &o->value, sizeof o->value);
}
