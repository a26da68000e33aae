/* t/t_login_peer.c: login/peer: addresses and lists of them */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/peer.h"
#include "t/t.h"

static struct address address(const char *text)
{
	struct address a = { 0 };

	if (inet_pton(AF_INET, text, a.ip + 12) == 1) {
		a.ip[10] = a.ip[11] = 0xff;
		a.dotted = true;
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, text, a.ip), 1);
	}
	return a;
}

static const struct {
	const char *address, *list;
	int want;
} lists[] = {
	{"192.0.2.7",	       "192.0.2.7",						  1      },
	{ "192.0.2.7",       "192.0.2.8",						  0      },
	{ "192.0.2.7",       "192.0.2.0/24",					       1	 },
	{ "192.0.3.7",       "192.0.2.0/24",					       0	 },
	{ "192.0.3.7",       "192.0.2.0/23",					       1	 },
	{ "192.0.2.128",	 "192.0.2.0/25",					       0	   },
	{ "192.0.2.127",	 "192.0.2.0/25",					       1	   },
	{ "10.1.2.3",	      "0.0.0.0/0",						  1	     },
	{ "2001:db8::1",	 "0.0.0.0/0",						  0	},
	{ "::ffff:10.1.2.3", "10.0.0.0/8",						 1	     },
	{ "2001:db8::1",	 "2001:db8::/32",					      1	    },
	{ "2001:db9::1",	 "2001:db8::/32",					      0	    },
	{ "2001:db9::1",	 "::/0",						       1	   },
	{ "2001:db8::1",	 "2001:db8::1/128",					    1      },
	{ "2001:db8::1",	 "10.0.0.0/8, ::1 2001:db8::1",				1	  },
	{ "2001:db8::1",	 " ,, ",						       0	   },
	{ "2001:db8::1",	 "",							   0      },
	{ "2001:db8::1",	 NULL,							 0	 },
	{ "2001:db8::1",	 "localhost",						  -EINVAL},
	{ "10.0.0.1",	      "10.0.0.1 10.0.0.0/33",					      -EINVAL},
	{ "10.0.0.1",	      "10.0.0.0/",						  -EINVAL},
	{ "10.0.0.1",	      "10.0.0.0/-1",						-EINVAL},
	{ "10.0.0.1",	      "/8",							 -EINVAL},
	{ "10.0.0.1",	      "::/129",						     -EINVAL},
	{ "10.0.0.1",	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", -EINVAL},
};

START_TEST(lists_of_networks)
{
	const struct address a = address(lists[_i].address);

	ck_assert_int_eq(address_listed(&a, lists[_i].list), lists[_i].want);
}
END_TEST

static const struct {
	const char *address;
	bool loopback;
	const char *text;
} addresses[] = {
	{"127.0.0.1",	       true,  "127.0.0.1"		 },
	{ "127.9.9.9",	       true,  "127.9.9.9"		 },
	{ "128.0.0.1",	       false, "128.0.0.1"		  },
	{ "::ffff:127.0.0.1",     true,  "::ffff:127.0.0.1"    },
	{ "::ffff:10.2.3.4",	     false, "::ffff:10.2.3.4"     }, /* a v6 socket shows IPv4 so, as Courier's does */
	{ "::1",		  true,  "::1"		     },
	{ "::2",		  false, "::2"		      },
	{ "2001:db8:1:2:3:4:5:6", false, "2001:db8:1:2:3:4:5:6"},
};

START_TEST(texts_and_loopback)
{
	struct peer p = { .inet = true };
	struct address a = address(addresses[_i].address);

	a.port = 65535;
	peer_replace(&p, &a, &a);
	ck_assert_int_eq(peer_is_loopback(&p), addresses[_i].loopback);
	ck_assert_str_eq(p.remote_ip, addresses[_i].text);
	ck_assert_str_eq(p.local_port, "65535");
}
END_TEST

START_TEST(what_is_no_tcp_is_loopback)
{
	struct peer p = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(peer_of(fds[0], &p), 0);
	ck_assert(!p.inet && peer_is_loopback(&p));
	ck_assert_str_eq(p.remote_ip, "127.0.0.1");
	ck_assert_str_eq(p.remote_port, "0");
	fd_closep(&fds[0]);
	fd_closep(&fds[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	ck_assert_int_eq(peer_of(fds[0], &p), 0);
	ck_assert(!p.inet);
	fd_closep(&fds[0]);
	fd_closep(&fds[1]);
}
END_TEST

START_TEST(a_connection_knows_both_ends)
{
	_cleanup_(fd_closep) int listener = socket(AF_INET, SOCK_STREAM, 0),
				 client = socket(AF_INET, SOCK_STREAM, 0);
	_cleanup_(fd_closep) int server = -1;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof in;
	struct peer p;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&in, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&in, &n), 0);
	ck_assert_int_eq(peer_of(client, &p), -ENOTCONN);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&in, n), 0);
	server = accept(listener, NULL, NULL);
	ck_assert_int_eq(peer_of(server, &p), 0);
	ck_assert(p.inet && peer_is_loopback(&p));
	ck_assert_str_eq(p.remote_ip, "127.0.0.1");
	ck_assert_uint_eq(p.local.port, ntohs(in.sin_port));
	ck_assert_uint_ne(p.remote.port, 0);
}
END_TEST

T_SUITE("peer", T_LOOP(lists_of_networks, lists), T_LOOP(texts_and_loopback, addresses),
	T_TEST(what_is_no_tcp_is_loopback), T_TEST(a_connection_knows_both_ends))
