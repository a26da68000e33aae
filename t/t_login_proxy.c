/* t/t_login_proxy.c: login/proxy: headers of versions 1 and 2, whole and in pieces */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/frame.h"
#include "login/proxy.h"
#include "t/t.h"

#define V2   "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x00\x8f"
#define SIX                                                                                                  \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02\xdc\x04\x00"   \
	"\x8f"
#define OCTETS(literal) literal, sizeof(literal) - 1

static const struct {
	const char *octets;
	size_t n;
	enum proxy_result want;
	size_t header;
	const char *from, *to;
} headers[] = {
	{OCTETS("PROXY TCP4 192.0.2.1 192.0.2.2 56324 143\r\na NOOP\r\n"), PROXY_ADDRESSES, 42, "192.0.2.1",
	  "192.0.2.2"													},
	{ OCTETS("PROXY TCP6 2001:db8::1 2001:db8::2 56324 143\r\n"),      PROXY_ADDRESSES, 46, "2001:db8::1",
	  "2001:db8::2"												      },
	{ OCTETS("PROXY UNKNOWN\r\n"),				       PROXY_LOCAL,	    15, NULL,	      NULL	   },
	{ OCTETS("PROXY UNKNOWN ffff::1 what ever\r\nx"),		  PROXY_LOCAL,     33, NULL,		 NULL	      },
	{ OCTETS(V2 "\x21\x11\0\x0c" FOUR "rest"),			   PROXY_ADDRESSES, 28, "192.0.2.1",   "192.0.2.2"	 },
	{ OCTETS(V2 "\x21\x11\0\x0f" FOUR "\x04\0\0"),		       PROXY_ADDRESSES, 31, "192.0.2.1",	 "192.0.2.2"  },
	{ OCTETS(V2 "\x21\x21\0\x24" SIX),				   PROXY_ADDRESSES, 52, "2001:db8::1", "2001:db8::2"},
	{ OCTETS(V2 "\x20\0\0\0x"),					PROXY_LOCAL,	 16, NULL,	   NULL		},
	{ OCTETS(V2 "\x20\x11\0\x0c" FOUR),				    PROXY_LOCAL,	 28, NULL,	   NULL		},
	{ OCTETS(V2 "\x21\0\0\0"),					 PROXY_LOCAL,	16, NULL,	  NULL	       },
	{ OCTETS("P"),						     PROXY_MORE,	   0,  NULL,	    NULL	 },
	{ OCTETS("PROXY TCP4 192.0.2.1"),				  PROXY_MORE,      0,	 NULL,	       NULL	    },
	{ OCTETS("\r\n\r"),						PROXY_MORE,	0,  NULL,		 NULL	      },
	{ OCTETS(V2 "\x21\x11\0\x0c"),				       PROXY_MORE,	   0,  NULL,	    NULL	 },
	{ OCTETS(V2),						      PROXY_MORE,	  0,  NULL,	   NULL		},
	{ OCTETS("a NOOP\r\n"),					    PROXY_BAD,	   0,  NULL,	    NULL	 },
	{ OCTETS("\x16\x03\x01"),					  PROXY_BAD,	     0,	NULL,	      NULL	   },
	{ OCTETS("PROXY \r\n"),					    PROXY_BAD,	   0,  NULL,	    NULL	 },
	{ OCTETS("PROXY TCP4 192.0.2.1 192.0.2.2 56324 143\n"),		PROXY_BAD,	   0,  NULL,	    NULL	 },
	{ OCTETS("PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n"),	      PROXY_BAD,	 0,  NULL,	  NULL	       },
	{ OCTETS("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"),	      PROXY_BAD,	 0,  NULL,	  NULL	       },
	{ OCTETS("PROXY TCP4 192.0.2.1 192.0.2.2 65536 143\r\n"),	  PROXY_BAD,	     0,	NULL,	      NULL	   },
	{ OCTETS("PROXY TCP4 2001:db8::1 192.0.2.2 1 143\r\n"),		PROXY_BAD,	   0,  NULL,	    NULL	 },
	{ OCTETS("PROXY TCP4 192.0.2.1\0x 192.0.2.2 1 143\r\n"),		 PROXY_BAD,	    0,  NULL,	     NULL	  },
	{ OCTETS("PROXY UDP4 192.0.2.1 192.0.2.2 1 143\r\n"),	      PROXY_BAD,	 0,  NULL,	  NULL	       },
	{ OCTETS(V2 "\x11\x11\0\x0c" FOUR),				    PROXY_BAD,       0,  NULL,		NULL	     },
	{ OCTETS(V2 "\x22\x11\0\x0c" FOUR),				    PROXY_BAD,       0,  NULL,		NULL	     },
	{ OCTETS(V2 "\x21\x11\0\x0b" FOUR),				    PROXY_BAD,       0,  NULL,		NULL	     },
	{ OCTETS(V2 "\x21\x21\0\x0c" FOUR),				    PROXY_BAD,       0,  NULL,		NULL	     },
	{ OCTETS(V2 "\x21\x11\xff\xff" FOUR),			      PROXY_BAD,	 0,  NULL,	  NULL	       },
};

static void same(const struct address *a, const char *want)
{
	char text[ADDRESS_TEXT];

	address_text(a, text);
	ck_assert_str_eq(text, want);
}

START_TEST(parses)
{
	struct address from, to;
	size_t n = 0;

	ck_assert_int_eq(proxy_parse((struct str){ headers[_i].octets, headers[_i].n }, &n, &from, &to),
			 headers[_i].want);
	if (headers[_i].header)
		ck_assert_uint_eq(n, headers[_i].header);
	if (headers[_i].from) {
		same(&from, headers[_i].from);
		same(&to, headers[_i].to);
		ck_assert_uint_eq(from.port, 56324);
		ck_assert_uint_eq(to.port, 143);
	}
}
END_TEST

START_TEST(every_beginning_of_a_header_wants_more)
{
	for (size_t n = 1; n < headers[_i].header; n++) {
		struct address from, to;
		size_t octets = 0;

		ck_assert_int_eq(proxy_parse((struct str){ headers[_i].octets, n }, &octets, &from, &to),
				 PROXY_MORE);
		ck_assert_uint_le(octets, n);
	}
}
END_TEST

START_TEST(a_line_that_never_ends_is_bad)
{
	char octets[PROXY_V1_MAX + 1];
	struct address from, to;
	size_t n;

	memset(octets, 'x', sizeof octets);
	memcpy(octets, "PROXY ", 6);
	ck_assert_int_eq(proxy_parse((struct str){ octets, PROXY_V1_MAX }, &n, &from, &to), PROXY_BAD);
}
END_TEST

/* Runs the reader as the monitor would. Returns its exit code. */
static int run_reader(int *clients, int *frames, const char *octets, size_t piece, size_t n)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, clients), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, frames), 0);
	pid = fork();
	if (pid == 0) {
		fd_closep(&clients[1]);
		_exit(proxy_read(clients[0], frames[0]));
	}
	for (size_t at = 0; at < n; at += piece) {
		ck_assert_int_eq(fd_write_all(clients[1], octets + at, MIN(piece, n - at)), 0);
		if (piece < n)
			usleep(1000);
	}
	if (piece < n)
		shutdown(clients[1], SHUT_WR);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	fd_closep(&frames[0]);
	return WEXITSTATUS(status);
}

static const size_t pieces[] = { 1, 7, 4096 };

START_TEST(the_reader_takes_the_header_and_no_more)
{
	static const char octets[] = V2 "\x21\x11\0\x0c" FOUR "a NOOP\r\n";
	int clients[2], frames[2];
	struct frame f = { 0 };
	struct address from, to;
	struct str field;
	char rest[32];

	ck_assert_int_eq(run_reader(clients, frames, octets, pieces[_i], sizeof octets - 1), 0);
	ck_assert_int_eq(frame_recv(frames[1], &f), 1);
	ck_assert_int_eq(f.kind, FRAME_PROXY);
	ck_assert(frame_fields(&f, 1, &field));
	ck_assert_uint_eq(field.n, PROXY_OCTETS);
	proxy_unpack((const unsigned char *)field.s, &from, &to);
	same(&from, "192.0.2.1");
	ck_assert_uint_eq(to.port, 143);
	ck_assert_int_eq(read(clients[0], rest, sizeof rest), 8);
	ck_assert_int_eq(memcmp(rest, "a NOOP\r\n", 8), 0);
	for (int i = 0; i < 2; i++) {
		fd_closep(&clients[i]);
		fd_closep(&frames[i]);
	}
}
END_TEST

START_TEST(the_reader_gives_up_on_half_a_header)
{
	int clients[2], frames[2];
	struct frame f = { 0 };

	ck_assert_int_eq(run_reader(clients, frames, "PROXY TCP4 192.", 5, 15), EXIT_REFUSED);
	ck_assert_int_eq(frame_recv(frames[1], &f), 0);
	for (int i = 0; i < 2; i++) {
		fd_closep(&clients[i]);
		fd_closep(&frames[i]);
	}
}
END_TEST

T_SUITE("proxy", T_LOOP(parses, headers), T_LOOP(every_beginning_of_a_header_wants_more, headers),
	T_TEST(a_line_that_never_ends_is_bad), T_LOOP(the_reader_takes_the_header_and_no_more, pieces),
	T_TEST(the_reader_gives_up_on_half_a_header))
