/* t/t_login_frame.c: login/frame: what goes between the monitor and its children */
#include <sys/socket.h>
#include "base/fd.h"
#include "login/frame.h"
#include "t/t.h"

struct pair {
	int fds[2];
};

static void pair_release(struct pair *p)
{
	fd_closep(&p->fds[0]);
	fd_closep(&p->fds[1]);
}

static void pair_init(struct pair *p)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p->fds), 0);
}

START_TEST(fields_come_out_as_they_went_in)
{
	_cleanup_(pair_release) struct pair p;
	const struct str fields[] = { STR("a1"), STR(""), STR("joe"), STR("pass\0word") };
	struct str got[4];
	struct frame f = { 0 };

	pair_init(&p);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_TRY, fields, 4), 0);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), 1);
	ck_assert_int_eq(f.kind, FRAME_TRY);
	ck_assert(frame_fields(&f, 4, got));
	for (size_t i = 0; i < 4; i++)
		t_str_eq(got[i], fields[i]);
	frame_wipe(&f);
	for (size_t i = 0; i < sizeof f.room; i++)
		ck_assert_int_eq(f.room[i], 0);
}
END_TEST

START_TEST(too_few_fields_are_refused)
{
	_cleanup_(pair_release) struct pair p;
	const struct str fields[] = { STR("a1"), STR("joe") };
	struct str got[4];
	struct frame f = { 0 };

	pair_init(&p);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_TRY, fields, 2), 0);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), 1);
	ck_assert(!frame_fields(&f, 4, got));
	ck_assert(!frame_fields(&f, 3, got));
	ck_assert(!frame_fields(&f, 0, got));
	ck_assert(frame_fields(&f, 2, got));
}
END_TEST

START_TEST(an_empty_frame_has_no_fields_and_one_empty_field)
{
	_cleanup_(pair_release) struct pair p;
	struct str got[1];
	struct frame f = { 0 };

	pair_init(&p);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_OK, NULL, 0), 0);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), 1);
	ck_assert(frame_fields(&f, 0, got));
	ck_assert(frame_fields(&f, 1, got));
	ck_assert_uint_eq(got[0].n, 0);
}
END_TEST

START_TEST(nul_in_a_field_but_the_last_is_not_sent)
{
	_cleanup_(pair_release) struct pair p;
	const struct str fields[] = { STR("a\0b"), STR("x") };

	pair_init(&p);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_NO, fields, 2), -EINVAL);
}
END_TEST

START_TEST(too_long_is_not_sent_and_not_taken)
{
	_cleanup_(pair_release) struct pair p;
	static const char octets[FRAME_MAX + 1] = "O";
	const struct str longest = { octets, FRAME_MAX - 1 }, longer = { octets, FRAME_MAX };
	struct frame f = { 0 };

	pair_init(&p);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_RESPONSE, &longer, 1), -EMSGSIZE);
	ck_assert_int_eq(frame_send(p.fds[0], FRAME_RESPONSE, &longest, 1), 0);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), 1);
	ck_assert_uint_eq(f.fields.n, FRAME_MAX - 1);
	ck_assert_int_eq(send(p.fds[0], octets, sizeof octets, 0), sizeof octets);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), -EBADMSG);
}
END_TEST

START_TEST(unknown_kinds_and_the_end)
{
	_cleanup_(pair_release) struct pair p;
	struct frame f = { 0 };

	pair_init(&p);
	ck_assert_int_eq(send(p.fds[0], "\0", 1, 0), 1);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), -EBADMSG);
	ck_assert_int_eq(send(p.fds[0], "t", 1, 0), 1);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), -EBADMSG);
	fd_closep(&p.fds[0]);
	ck_assert_int_eq(frame_recv(p.fds[1], &f), 0);
	ck_assert_int_lt(frame_send(p.fds[1], FRAME_OK, NULL, 0), 0);
}
END_TEST

T_SUITE("frame", T_TEST(fields_come_out_as_they_went_in), T_TEST(too_few_fields_are_refused),
	T_TEST(an_empty_frame_has_no_fields_and_one_empty_field),
	T_TEST(nul_in_a_field_but_the_last_is_not_sent), T_TEST(too_long_is_not_sent_and_not_taken),
	T_TEST(unknown_kinds_and_the_end))
