/* t/t_look.c: what a directory's time can tell of it, and what not */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include "maildir/box.h"
#include "t/folder.h"

/* Files have the time of a clock that stands still for a tick, and longer where a machine is held up; the other goes on. A message comes
 * right after a directory has been asked for its time, and leaves that as it was.
 */
static struct {
	const struct t_folder *f; /* NULL: all goes on */
	const struct maildir *m;
	struct timespec tick;
	int left; /* so many questions until it comes, and a second has gone by */
} still;

int fstat(int fd, struct stat *st)
{
	const int r = (int)syscall(SYS_newfstatat, fd, "", st, AT_EMPTY_PATH);

	if (!still.f || (fd != still.m->cur && fd != still.m->new))
		return r;
	st->st_mtim = st->st_ctim = still.tick;
	if (still.left-- == 0)
		t_put(still.f, "new/4.d", "d");
	return r;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	const int r = (int)syscall(SYS_clock_gettime, id, ret);

	if (!still.f || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return r;
	*ret = still.tick;
	ret->tv_sec += (id == CLOCK_REALTIME) + (still.left < 0);
	return r;
}

START_TEST(a_change_within_a_tick_is_found)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;

	f.config.no_inotify = true;
	m = t_select(&f);
	m->fine_times = FINE_NO;
	still = (typeof(still)){ .f = &f, .m = m, .left = _i };
	ck_assert_int_eq((int)syscall(SYS_clock_gettime, CLOCK_REALTIME, &still.tick), 0);
	while (still.left >= 0)
		ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	ck_assert_uint_eq(maildir_count(m), 4);
	still.f = NULL;
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static const bool questions[24];

T_SUITE("look", T_LOOP(a_change_within_a_tick_is_found, questions))
