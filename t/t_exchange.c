/* t/t_exchange.c: auth/exchange: CRAM-MD5's digest, users who do not exist, and talks with a client */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "auth/exchange.h"
#include "base/fd.h"
#include "t/t.h"

#define SECRET USERS_SECRET "c2FsdA==\n"
#define ANN                                                                                                            \
	"ann:{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=:1:1:/ann\n"
#define TIM "tim:{PLAIN}tanstaaftanstaaf:1:1:/tim\n"

/* RFC 2195 2 */
START_TEST(the_example_of_cram_md5)
{
	const struct str challenge = STR("<1896.697170952@postoffice.reston.mci.net>");

	ck_assert(exchange_cram_md5(STR("tanstaaftanstaaf"), challenge, STR("b913a602c7eda7a495b4e6e7334d3890")));
	ck_assert(!exchange_cram_md5(STR("tanstaaftanstaaf"), challenge, STR("b913a602c7eda7a495b4e6e7334d3891")));
	ck_assert(!exchange_cram_md5(STR("tanstaaftanstaaf"), challenge, STR("b913a602c7eda7a495b4e6e7334d389")));
	ck_assert(!exchange_cram_md5(STR("tanstaaftanstaaf"), challenge, STR("")));
	ck_assert(!exchange_cram_md5(STR(""), challenge, STR("b913a602c7eda7a495b4e6e7334d3890")));
}
END_TEST

START_TEST(who_does_not_exist_looks_like_the_others)
{
	const struct str file = STR(ANN SECRET), other = STR(USERS_SECRET "b3RoZXI=\n" ANN);
	struct scram_keys a, b;

	exchange_lookalike(file, STR("joe"), HASH_SHA1, &a);
	ck_assert_uint_eq(a.iterations, 4096);
	ck_assert_uint_eq(a.salt_n, 12);
	exchange_lookalike(file, STR("joe"), HASH_SHA1, &b);
	ck_assert(memcmp(a.salt, b.salt, 12) == 0);
	exchange_lookalike(STR("# more\n" ANN TIM SECRET), STR("joe"), HASH_SHA1, &b);
	ck_assert_msg(memcmp(a.salt, b.salt, 12) == 0, "other users change nothing");
	exchange_lookalike(file, STR("jim"), HASH_SHA1, &b);
	ck_assert(memcmp(a.salt, b.salt, 12) != 0);
	exchange_lookalike(other, STR("joe"), HASH_SHA1, &b);
	ck_assert_msg(memcmp(a.salt, b.salt, 12) != 0, "nobody can know it who does not have the file");
	exchange_lookalike(STR(""), STR("joe"), HASH_SHA256, &b);
	ck_assert_uint_eq(b.iterations, SCRAM_ITERATIONS);
	ck_assert_uint_eq(b.salt_n, SCRAM_SALT);
}
END_TEST

/* One exchange: answers are sent as they are; what the helper says is in said, a datagram a line. */
static int talk(const char *mechanism, struct str message, const char *const *answers, struct buf *said)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct users_entry e;
	char number[16], room[4096];
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		snprintf(number, sizeof number, "%d", ends[1]);
		setenv("IMAPSTATUSFD", number, 1);
		setenv("IMAPMECHANISM", mechanism, 1);
		_exit(exchange(message, STR(ANN TIM SECRET), &arena, &e));
	}
	close(ends[1]);
	while ((n = fd_recv(ends[0], room, sizeof room, NULL, NULL)) > 0) {
		buf_add(said, room, (size_t)n);
		buf_c(said, '\n');
		if (!str_starts((struct str){ room, (size_t)n }, STR("CHALLENGE ")))
			continue;
		if (!*answers)
			break;
		ck_assert_int_eq(fd_send(ends[0], *answers, strlen(*answers), NULL, 0), 0);
		answers++;
	}
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct {
	const char *name, *mechanism, *message, *answers[4], *said;
	bool whole;	/* said is all of it, not only how it begins */
} refused[] = {
	{ "no message", "SCRAM-SHA-1", "", { NULL }, "", true },
	{ "a -PLUS message without a channel", "SCRAM-SHA-1-PLUS", "p=tls-exporter,,n=ann,r=x", { NULL }, "USER ann\n", true },
	{ "no binding for -PLUS", "SCRAM-SHA-1-PLUS", "n,,n=ann,r=x", { NULL }, "USER ann\n", true },
	{ "binding without -PLUS", "SCRAM-SHA-1", "p=tls-exporter,,n=ann,r=x", { NULL }, "USER ann\n", true },
	{ "cancelled", "SCRAM-SHA-1", "n,,n=ann,r=x", { "CANCEL" }, "USER ann\nCHALLENGE r=x", false },
	{ "the other side is gone", "SCRAM-SHA-1", "n,,n=ann,r=x", { NULL }, "USER ann\nCHALLENGE r=x", false },
	{ "no proof", "SCRAM-SHA-1", "n,,n=ann,r=x", { "RESPONSE " }, "USER ann\nCHALLENGE r=x", false },
	{ "another nonce", "SCRAM-SHA-1", "n,,n=ann,r=x", { "RESPONSE c=biws,r=x,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=" },
	  "USER ann\nCHALLENGE r=x", false },
	{ "nobody", "SCRAM-SHA-1", "n,,n=joe,r=x", { "RESPONSE c=biws,r=x,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=" },
	  "USER joe\nCHALLENGE r=x", false },
	{ "nobody in CRAM-MD5", "CRAM-MD5", "", { "RESPONSE joe 0123456789abcdef0123456789abcdef" }, "CHALLENGE <", false },
	{ "a user without the password itself", "CRAM-MD5", "", { "RESPONSE ann 0123456789abcdef0123456789abcdef" },
	  "CHALLENGE <", false },
	{ "no digest", "CRAM-MD5", "", { "RESPONSE tim" }, "CHALLENGE <", false },
	{ "nothing", "CRAM-MD5", "", { "RESPONSE " }, "CHALLENGE <", false },
	{ "blanks", "CRAM-MD5", "", { "RESPONSE    " }, "CHALLENGE <", false },
};

START_TEST(refuses)
{
	_cleanup_(buf_release) struct buf said = { 0 };
	const int r = talk(refused[_i].mechanism, str_z(refused[_i].message), refused[_i].answers, &said);

	ck_assert_msg(r == EXIT_REFUSED, "%s: %d", refused[_i].name, r);
	ck_assert_msg(str_starts(buf_view(&said), str_z(refused[_i].said)), "%s: %s", refused[_i].name, buf_cstr(&said));
	ck_assert(!refused[_i].whole || said.n == strlen(refused[_i].said));
}
END_TEST

START_TEST(without_a_monitor_it_is_misuse)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct users_entry e;

	unsetenv("IMAPSTATUSFD");
	ck_assert_int_eq(exchange(STR("n,,n=ann,r=x"), STR(ANN), &arena, &e), EXIT_MISUSED);
}
END_TEST

T_SUITE("exchange", T_TEST(the_example_of_cram_md5), T_TEST(who_does_not_exist_looks_like_the_others),
	T_LOOP(refuses, refused), T_TEST(without_a_monitor_it_is_misuse))
