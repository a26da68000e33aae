/* t/t_checkpassword.c: descriptor 3, as callers of all kinds write it */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "auth/checkpassword.h"
#include "base/fd.h"
#include "t/t.h"

static int written(const void *p, size_t n)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(fd_write_all(ends[1], p, n), 0);
	close(ends[1]);
	return ends[0];
}

static const struct {
	struct str in;
	int code;
	struct str user, password;
} inputs[] = {
	{{ "u\0p\0Y123456\0", 12 },     0,		{ "u", 1 },   { "p", 1 }	       },
	{ { "u\0p\0", 4 },		   0,	      { "u", 1 },	  { "p", 1 }	     },
	{ { "u\0\0t\0", 5 },	     0,		{ "u", 1 },   { "", 0 }	      },
	{ { "u@d\0\303\244 b\0t", 10 }, 0,		   { "u@d", 3 }, { "\303\244 b", 4 }},
	{ { "u\0p", 3 },		 EXIT_MISUSED, { 0 },	      { 0 }		    },
	{ { "u", 1 },		      EXIT_MISUSED, { 0 },	   { 0 }		 },
	{ { "", 0 },		     EXIT_MISUSED, { 0 },	  { 0 }		},
	{ { "\0p\0t\0", 5 },	     EXIT_MISUSED, { 0 },	  { 0 }		},
};

START_TEST(user_and_password_are_taken_up_to_their_nuls)
{
	_cleanup_(credentials_release) struct credentials c = { 0 };
	const int fd = written(inputs[_i].in.s, inputs[_i].in.n);

	ck_assert_int_eq(credentials_read(fd, &c), inputs[_i].code);
	t_str_eq(c.user, inputs[_i].user);
	t_str_eq(c.password, inputs[_i].password);
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}
END_TEST

static const struct {
	size_t password;
	int code;
} lengths[] = {
	{512,		  0		 },
	    { CREDENTIALS_MAX - 3, 0	     },
	{ CREDENTIALS_MAX - 2, EXIT_REFUSED},
	       { 60000,		EXIT_REFUSED}
};

START_TEST(up_to_16_kib_are_read)
{
	_cleanup_(credentials_release) struct credentials c = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_add(&b, "u", 2);
	memset(buf_reserve(&b, lengths[_i].password), 'x', lengths[_i].password);
	b.n += lengths[_i].password;
	buf_c(&b, '\0');
	ck_assert_int_eq(credentials_read(written(b.s, b.n), &c), lengths[_i].code);
	ck_assert_uint_eq(c.password.n, lengths[_i].code ? 0 : lengths[_i].password);
}
END_TEST

START_TEST(no_descriptor_is_misuse)
{
	struct credentials c;

	ck_assert_int_eq(credentials_read(333, &c), EXIT_MISUSED);
}
END_TEST

static const struct {
	const char *value;
	bool known;
	enum mechanism by;
} mechanisms[] = {
	{NULL,		true,  BY_PASSWORD	  },
	      { "PLAIN",	 true,  BY_PASSWORD   },
	      { "LOGIN",	 true,  BY_PASSWORD   },
	{ "EXTERNAL",      true,  BY_CERTIFICATE},
	{ "CRAM-MD5",      true,  BY_ROUNDS	  },
	      { "SCRAM-SHA-256", false, 0		  },
	      { "x",	     false, 0	      },
};

START_TEST(a_mechanism_is_known_or_refused)
{
	enum mechanism by = BY_PASSWORD;

	if (mechanisms[_i].value)
		setenv("IMAPMECHANISM", mechanisms[_i].value, 1);
	else
		unsetenv("IMAPMECHANISM");
	ck_assert_int_eq(mechanism_asked("PLAIN LOGIN EXTERNAL CRAM-MD5", &by), mechanisms[_i].known);
	ck_assert_int_eq(by, mechanisms[_i].by);
}
END_TEST

START_TEST(a_message_is_all_behind_the_nul)
{
	static const char all[] = "\0n,,n=joe\0\377";
	_cleanup_(credentials_release) struct credentials c = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], all, sizeof all - 1), sizeof all - 1);
	close(fds[1]);
	ck_assert_int_eq(credentials_read_message(fds[0], &c), 0);
	ck_assert_uint_eq(c.user.n, 0);
	ck_assert(str_eq(c.password, (struct str){ all + 1, sizeof all - 2 }));
}
END_TEST

START_TEST(a_message_without_the_nul_is_misuse)
{
	struct credentials c = { 0 };
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "n,,", 3), 3);
	close(fds[1]);
	ck_assert_int_eq(credentials_read_message(fds[0], &c), EXIT_MISUSED);
}
END_TEST

START_TEST(the_reason_of_a_refusal_goes_to_the_monitor)
{
	char got[128];
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	snprintf(got, sizeof got, "%d", ends[1]);
	setenv("IMAPSTATUSFD", got, 1);
	refused_because("EXPIRED", "Too old.");
	ck_assert_int_eq(recv(ends[0], got, sizeof got, MSG_DONTWAIT), 19);
	ck_assert(memcmp(got, "NO EXPIRED Too old.", 19) == 0);
}
END_TEST

START_TEST(without_a_monitor_the_reason_is_told_to_nobody)
{
	unsetenv("IMAPSTATUSFD");
	refused_because("EXPIRED", "Too old.");
}
END_TEST

T_SUITE("checkpassword", T_LOOP(user_and_password_are_taken_up_to_their_nuls, inputs),
	T_LOOP(up_to_16_kib_are_read, lengths), T_TEST(no_descriptor_is_misuse),
	T_TEST(a_message_is_all_behind_the_nul), T_TEST(a_message_without_the_nul_is_misuse),
	T_LOOP(a_mechanism_is_known_or_refused, mechanisms),
	T_TEST(the_reason_of_a_refusal_goes_to_the_monitor),
	T_TEST(without_a_monitor_the_reason_is_told_to_nobody))
