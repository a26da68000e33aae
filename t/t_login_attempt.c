/* t/t_login_attempt.c: login/attempt: what the monitor takes from a dialogue that somebody has broken into */
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "login/monitor.h"
#include "t/t.h"

/* A monitor without helpers, and the dialogue's end of its socket. */
struct place {
	struct monitor m;
	int dialogue;
};

static void place_release(struct place *p)
{
	fd_closep(&p->m.signals);
	fd_closep(&p->m.dialogue_fd);
	fd_closep(&p->dialogue);
	buf_release(&p->m.identity);
	buf_release(&p->m.offered);
}

static void place_init(struct place *p)
{
	int fds[2];

	*p = (struct place){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	p->m.dialogue_fd = fds[0];
	p->dialogue = fds[1];
	p->m.status_fd = p->m.tls_fd = p->m.plain_fd = p->m.early_fd = -1;
	p->m.dialogue.pid = getppid(); /* it lives */
	p->m.started = clock_ms();
	p->m.login_deadline = p->m.started + 60000;
	buf_z(&p->m.offered, "PLAIN LOGIN EXTERNAL X-ONE");
	p->m.signals = signals_open();
	ck_assert_int_ge(p->m.signals, 0);
}

static void ask(struct place *p, const struct str *fields, size_t n)
{
	ck_assert_int_eq(frame_send(p->dialogue, FRAME_TRY, fields, n), 0);
	ck_assert_int_eq(frame_recv(p->m.dialogue_fd, &p->m.frame), 1);
}

#define OCTETS(literal) literal, sizeof(literal) - 1

/* clang-format off */
static const struct {
	const char *octets;
	size_t n;
	bool identity;	/* a certificate names joe */
	enum attempt want;
} frames[] = {
	{ OCTETS("a1\0\0joe\0secret"),            false, ATTEMPT_ANSWERED },
	{ OCTETS("a1\0PLAIN\0joe\0secret"),       false, ATTEMPT_ANSWERED },
	{ OCTETS("a1\0LOGIN\0joe\0secret"),       false, ATTEMPT_ANSWERED },
	{ OCTETS("a1\0EXTERNAL\0joe\0"),          true,  ATTEMPT_ANSWERED },
	{ OCTETS("a1\0EXTERNAL\0\0"),             true,  ATTEMPT_ANSWERED },
	{ OCTETS("a1\0EXTERNAL\0joe\0"),          false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0EXTERNAL\0joe\0x"),         true,  ATTEMPT_BROKEN },
	{ OCTETS("a1\0external\0joe\0"),          true,  ATTEMPT_BROKEN },
	{ OCTETS("a1\0SCRAM-SHA-256\0joe\0x"),    false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0X-ONE\0\0any\0octets"),     false, ATTEMPT_ANSWERED },
	{ OCTETS("a1\0X-ONE\0\0"),                false, ATTEMPT_ANSWERED },
	{ OCTETS("a1\0x-one\0\0x"),               false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0X-ONE\0joe\0x"),            false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0X-TWO\0\0x"),               false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0\0joe"),                    false, ATTEMPT_BROKEN },
	{ OCTETS("a1\0\0joe\0sec\0ret"),          false, ATTEMPT_BROKEN },
	{ OCTETS("\0\0joe\0secret"),              false, ATTEMPT_BROKEN },
	{ OCTETS("a 1\0\0joe\0secret"),           false, ATTEMPT_BROKEN },
	{ OCTETS("a\r\n* OK\0\0joe\0secret"),     false, ATTEMPT_BROKEN },
	{ OCTETS("a\xff\0\0joe\0secret"),         false, ATTEMPT_BROKEN },
	{ OCTETS("+\0\0joe\0secret"),             false, ATTEMPT_BROKEN },
	{ OCTETS(""),                             false, ATTEMPT_BROKEN },
};
/* clang-format on */

START_TEST(only_honest_frames_are_taken)
{
	_cleanup_(place_release) struct place p;
	const struct str whole = { frames[_i].octets, frames[_i].n };

	place_init(&p);
	if (frames[_i].identity)
		buf_z(&p.m.identity, "joe");
	ask(&p, &whole, 1);
	ck_assert_int_eq(attempt(&p.m), frames[_i].want);
	ck_assert_uint_eq(p.m.failures, frames[_i].want == ATTEMPT_ANSWERED);
}
END_TEST

START_TEST(no_secret_stays_in_the_frame)
{
	_cleanup_(place_release) struct place p;
	const struct str fields[] = { STR("a1"), STR(""), STR("joe"), STR("very secret") };

	place_init(&p);
	ask(&p, fields, 4);
	ck_assert_int_eq(attempt(&p.m), ATTEMPT_ANSWERED);
	for (size_t i = 0; i < sizeof p.m.frame.room; i++)
		ck_assert_int_eq(p.m.frame.room[i], 0);
}
END_TEST

START_TEST(the_third_failure_brings_the_last_words)
{
	_cleanup_(place_release) struct place p;
	const struct str fields[] = { STR("a1"), STR(""), STR("joe"), STR("x") };
	struct frame *f = must_alloc(sizeof *f);
	struct str got[3];

	*f = (struct frame){ 0 };
	place_init(&p);
	for (unsigned i = 1; i <= FAILURES_MAX; i++) {
		ask(&p, fields, 4);
		ck_assert_int_eq(attempt(&p.m), ATTEMPT_ANSWERED);
		ck_assert_uint_eq(p.m.failures, i);
		ck_assert_int_eq(frame_recv(p.dialogue, f), 1);
		ck_assert_int_eq(f->kind, FRAME_NO);
		ck_assert(frame_fields(f, 3, got));
		t_str_eq(got[0], STR("AUTHENTICATIONFAILED"));
		ck_assert_int_eq(got[2].n > 0, i == FAILURES_MAX);
	}
	free(f);
}
END_TEST

START_TEST(as_somebody_else_than_the_certificate_says)
{
	_cleanup_(place_release) struct place p;
	const struct str fields[] = { STR("a1"), STR("EXTERNAL"), STR("ann"), STR("") };
	struct frame *f = must_alloc(sizeof *f);
	struct str got[3];

	*f = (struct frame){ 0 };
	place_init(&p);
	buf_z(&p.m.identity, "joe");
	ask(&p, fields, 4);
	ck_assert_int_eq(attempt(&p.m), ATTEMPT_ANSWERED);
	ck_assert_int_eq(frame_recv(p.dialogue, f), 1);
	ck_assert(frame_fields(f, 3, got));
	t_str_eq(got[0], STR("AUTHORIZATIONFAILED"));
	free(f);
}
END_TEST

START_TEST(a_failure_is_not_answered_early)
{
	_cleanup_(place_release) struct place p;
	const struct str fields[] = { STR("a1"), STR(""), STR("joe"), STR("") };
	const uint64_t began = clock_ms();

	place_init(&p);
	p.m.settings.fail_delay = 300;
	ask(&p, fields, 4); /* even one that no helper is asked about */
	ck_assert_int_eq(attempt(&p.m), ATTEMPT_ANSWERED);
	ck_assert_uint_ge(clock_ms() - began, 300);
}
END_TEST

T_SUITE("attempt", T_LOOP(only_honest_frames_are_taken, frames), T_TEST(no_secret_stays_in_the_frame),
	T_TEST(the_third_failure_brings_the_last_words), T_TEST(as_somebody_else_than_the_certificate_says),
	T_TEST(a_failure_is_not_answered_early))
