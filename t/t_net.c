/* t/t_net.c: base/net: what a TCP connection is set to */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "base/fd.h"
#include "base/net.h"
#include "t/t.h"

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof value;

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

static const int families[] = { AF_INET, AF_INET6 };

START_TEST(a_vanished_client_is_noticed_in_a_quarter_of_an_hour)
{
	_cleanup_(fd_closep) int fd = socket(families[_i], SOCK_STREAM, 0);

	if (fd < 0)
		return; /* a kernel without IPv6 */
	net_tune(fd);
	ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	ck_assert_int_ne(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	ck_assert_int_le(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) + option(fd, IPPROTO_TCP, TCP_KEEPINTVL) *
									 option(fd, IPPROTO_TCP, TCP_KEEPCNT),
			 900);
	ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), NET_GONE * 1000);
}
END_TEST

START_TEST(anything_else_is_left_alone)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	net_tune(fds[0]);
	net_tune(-1);
	ck_assert_int_eq(option(fds[0], SOL_SOCKET, SO_KEEPALIVE), 0);
	fd_closep(&fds[0]);
	fd_closep(&fds[1]);
}
END_TEST

T_SUITE("net", T_LOOP(a_vanished_client_is_noticed_in_a_quarter_of_an_hour, families),
	T_TEST(anything_else_is_left_alone))
