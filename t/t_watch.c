/* t/t_watch.c: changes are told at once, at the cost of what has changed */
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "maildir/box.h"
#include "t/folder.h"

/* Whether the descriptor becomes readable; a limit, no measurement. */
static bool wakes(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

START_TEST(everything_that_others_do_wakes)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	int fd, same;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_watch(m, &same), 0);
	ck_assert_int_eq(fd, same);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert(!wakes(fd, 0));
	t_append(other, "four", 0);
	ck_assert(wakes(fd, 60000));
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+4*");
	maildir_update(m, MD_CLAIM_RECENT);
	ck_assert(!wakes(fd, 0));
	ck_assert_int_eq(t_store(other, 1, MD_ADD, MD_SEEN, NULL), 0);
	ck_assert(wakes(fd, 60000));
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "f1*");
	maildir_update(m, MD_CLAIM_RECENT);
	for (int i = 0; i < 30; i++) { /* a keyword without a letter is in the journal only */
		char name[16];

		snprintf(name, sizeof name, "k%d", i);
		ck_assert_int_eq(t_store(other, 2, MD_ADD, 0, name), 0);
	}
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	maildir_update(m, MD_CLAIM_RECENT);
	ck_assert_int_eq(t_store(other, 2, MD_REMOVE, 0, "k29"), 0);
	ck_assert(wakes(fd, 60000));
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "f2*");
	ck_assert_int_eq(maildir_expunge(other, &(struct md_uids){ &(uint32_t){ 1 }, 1 }, MD_FORCE), 0);
	ck_assert(wakes(fd, 60000));
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "-1");
	t_put(&f, "new/5.e", "five");
	ck_assert(wakes(fd, 60000));
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "+5*");
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_burst_is_told_in_one_go)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	char name[32];
	int fd;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "new/%d.x", 100 + i);
		t_put(&f, name, "x");
	}
	t_mv(&f, "cur/1.a:2,", "cur/1.a:2,S");
	t_mv(&f, "cur/1.a:2,S", "cur/1.a:2,FS");
	t_rm(&f, "cur/2.b:2,S");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m,
		"f1* -2 +4* +5* +6* +7* +8* +9* +10* +11* +12* +13* +14* +15* +16* +17* +18* +19* +20* +21* "
		"+22* +23*");
	ck_assert_int_eq(maildir_update(other, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(other), 22);
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

/* The queue of the kernel holds so many events; more are lost, and it says so. */
START_TEST(lost_events_make_it_look_at_all)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	for (int i = 0; i < 9000; i++) {
		t_mv(&f, "cur/1.a:2,", "cur/1.a:2,S");
		t_mv(&f, "cur/1.a:2,S", "cur/1.a:2,");
	}
	t_put(&f, "new/4.d", "d");
	t_rm(&f, "cur/2.b:2,S");
	t_mv(&f, "cur/3.c:2,F", "cur/3.c:2,FR");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_shows(m, "1:* 3:*FR 4:*");
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* As if this user had all inotify instances that he may have: to take them would take them from whatever else runs as he does. */
static bool no_instances;

int inotify_init1(int flags)
{
	if (!no_instances)
		return (int)syscall(SYS_inotify_init1, flags);
	errno = EMFILE;
	return -1;
}

START_TEST(without_an_instance_it_says_so_and_looks_instead)
{
	struct t_folder f = t_folder_three();
	struct maildir *m;
	int fd;

	no_instances = true;
	m = t_open(&f, 0);
	ck_assert_int_eq(maildir_watch(m, &fd), -EMFILE);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	t_tick();
	t_mv(&f, "cur/1.a:2,", "cur/1.a:2,S");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_tells(m, "f1*");
	no_instances = false;
	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_second_delivery_while_the_first_is_told_is_not_missed)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	char name[32];
	int fd;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "tmp/%d.x", i);
		t_put(&f, name, "x");
		t_mv(&f, name,
		     (const char[]){ 'n', 'e', 'w', '/', (char)('a' + i % 26), (char)('a' + i / 26), 0 });
		ck_assert(wakes(fd, 60000));
		ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
		ck_assert_uint_eq(maildir_count(m), (size_t)i + 4);
	}
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* One child renames as fast as it can while sessions look, with and without a watch. */
START_TEST(a_file_that_is_renamed_all_the_time_is_never_expunged)
{
	struct t_folder f = t_folder_make();
	struct maildir *m;
	char name[32], other[32];
	pid_t pid;

	t_make_dirs(&f);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "cur/%d.x:2,", i);
		t_put(&f, name, "x");
	}
	f.config.no_inotify = _i;
	m = t_select(&f);
	pid = fork();
	if (pid == 0) {
		for (int i = 0;; i = (i + 7) % 300) {
			snprintf(name, sizeof name, "cur/%d.x:2,", i);
			snprintf(other, sizeof other, "cur/%d.x:2,S", i);
			if (renameat(f.fd, name, f.fd, other) < 0)
				renameat(f.fd, other, f.fd, name);
		}
	}
	for (int i = 0; i < 100; i++) {
		size_t n;
		const struct md_event *events;

		ck_assert_int_ge(maildir_update(m, MD_CLAIM_RECENT), 0);
		events = maildir_events(m, &n);
		for (size_t j = 0; j < n; j++)
			ck_assert_int_eq(events[j].what, MD_CHANGED);
		maildir_events_clear(m);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	t_tick();
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(m), 300);
	ck_assert_uint_eq(maildir_uidnext(m), 301);
	for (size_t i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "cur/%zu.x:2,%s", i,
			 maildir_at(m, i)->flags & MD_SEEN ? "S" : "");
		ck_assert(t_has(&f, name));
	}
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_delivery_costs_no_look_at_all)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd;
	uint8_t before;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_put(&f, "new/4.d", "dddd");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0); /* whatever it took to know all */
	maildir_events_clear(m);
	t_put(&f, "new/5.e", "eeeee");
	before = m->generation;
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(m->generation, before + 1); /* a look at everything begins anew */
	t_tells(m, "+5*");
	ck_assert(t_has(&f, "cur/5.e:2,"));
	ck_assert(!t_has(&f, "new/5.e"));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

enum { BURSTS = 150, BURST = 6 };

/* Another program delivers a few messages, and then no more, so that nothing later wakes who has missed one. */
static _Noreturn void deliver_burst(const struct t_folder *f, int burst)
{
	for (int i = 0; i < BURST; i++) {
		char tmp[40], new[40];

		snprintf(tmp, sizeof tmp, "tmp/%d.m", 100 + burst * BURST + i);
		snprintf(new, sizeof new, "new/%d.m", 100 + burst * BURST + i);
		t_put(f, tmp, "m");
		t_mv(f, tmp, new);
	}
	_exit(0);
}

/* Updates until all of n are there; sleeps only where the watch has promised to wake. */
static void catch_up(struct maildir *m, int fd, size_t n)
{
	while (maildir_count(m) < n) {
		const int r = maildir_update(m, MD_CLAIM_RECENT);

		ck_assert_int_ge(r, 0);
		if (r == 0 && maildir_count(m) < n)
			ck_assert_msg(wakes(fd, 60000), "asleep with %zu of %zu", maildir_count(m), n);
	}
}

START_TEST(deliveries_during_a_look_are_told_by_it_or_wake)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	for (int burst = 0; burst < BURSTS; burst++) {
		const pid_t child = fork();

		if (child == 0)
			deliver_burst(&f, burst);
		catch_up(m, fd, 3 + (size_t)(burst + 1) * BURST);
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
	}
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

/* What others do just before the n-th time that a watch is read. */
static struct {
	int fd, calls;
	void (*act)(void *data);
	void *data;
} meanwhile = { .fd = -1 };

/* Another program that renames files while a watch is read: each rename happens before some read, and its two ends are told by
 * some reads later. The next does not begin before, as the directory is locked.
 */
struct slow_rename {
	const char *from, *to;
	unsigned before, unseen, half; /* so many reads find nothing until it happens, is told of, and has its other end */
};
static struct {
	int fd, dir;
	struct slow_rename renames[3];
	unsigned i, pause;
	char events[4096];
	size_t at, n;
} slow = { .fd = -1 };

static void rename_next(void)
{
	const struct slow_rename *r = &slow.renames[slow.i];

	if (slow.i < COUNT(slow.renames)) {
		ck_assert_int_eq(renameat(slow.dir, r->from, slow.dir, r->to), 0);
		slow.pause = r->unseen;
	}
}

/* The server's own renames come at once. */
static void pause_after(const struct inotify_event *e)
{
	const struct slow_rename *r = &slow.renames[slow.i];

	if (slow.i == COUNT(slow.renames))
		return;
	if (e->mask & IN_MOVED_FROM && str_eq(str_z(e->name), str_z(r->from + 4)))
		slow.pause = r->half;
	if (e->mask & IN_MOVED_TO && str_eq(str_z(e->name), str_z(r->to + 4)))
		slow.pause = ++slow.i < COUNT(slow.renames) ? slow.renames[slow.i].before : 0;
}

static ssize_t read_slowly(void *buf)
{
	const struct inotify_event *e = (const void *)(slow.events + slow.at);
	size_t length;

	if (slow.pause && slow.pause-- > 0) {
		errno = EAGAIN;
		return -1;
	}
	if (slow.at == slow.n) {
		const ssize_t got = syscall(SYS_read, slow.fd, slow.events, sizeof slow.events);

		if (got < 0) {
			rename_next();
			errno = EAGAIN;
			return -1;
		}
		slow.n = (size_t)got;
		slow.at = 0;
		e = (const void *)slow.events;
	}
	length = sizeof *e + e->len;
	memcpy(buf, e, length);
	slow.at += length;
	pause_after(e);
	return (ssize_t)length;
}

ssize_t read(int fd, void *buf, size_t n)
{
	if (fd == slow.fd)
		return read_slowly(buf);
	if (fd == meanwhile.fd && meanwhile.calls-- == 0)
		meanwhile.act(meanwhile.data);
	return syscall(SYS_read, fd, buf, n);
}

enum { READS = 12 }; /* more than there are in an update */

/* No letter is left for the keyword, so no file is renamed. Who updates may have the lock. */
struct storer {
	struct maildir *m;
	int r;
};

static void store_keyword(void *data)
{
	struct storer *s = data;

	s->r = t_store(s->m, 1, MD_ADD, 0, "another");
}

START_TEST(what_is_journaled_during_an_update_is_told_by_it_or_wakes)
{
	struct t_folder f = t_folder_three();
	struct storer storer = { .r = -1 };
	struct maildir *m;
	char name[16];
	int fd;

	f.config.write_wait_ms = 1;
	m = t_select(&f);
	storer.m = t_open(&f, 0);
	for (int i = 0; i < 26; i++) {
		snprintf(name, sizeof name, "k%d", i);
		ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, name), 0);
	}
	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	maildir_events_clear(m);
	if (_i % 2)
		t_put(&f, "new/4.d", "d");
	meanwhile = (typeof(meanwhile)){ fd, _i / 2, store_keyword, &storer };
	do
		ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	while (wakes(fd, 0));
	ck_assert_uint_eq(maildir_events_count(m), (size_t)(_i % 2) + (storer.r == 0));
	meanwhile.fd = -1;
	maildir_close(storer.m);
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static void remove_folder(void *data)
{
	const struct t_folder *f = data;

	t_remove_tree(AT_FDCWD, f->path);
}

START_TEST(a_folder_that_is_removed_during_an_update_is_gone)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd, r;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	t_put(&f, "new/4.d", "d");
	meanwhile = (typeof(meanwhile)){ fd, _i, remove_folder, &f };
	do
		r = maildir_update(m, MD_CLAIM_RECENT);
	while (r == 0 && meanwhile.calls < 0 && wakes(fd, 0));
	ck_assert_int_eq(r, meanwhile.calls < 0 ? -ENOENT : 0);
	meanwhile.fd = -1;
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

START_TEST(a_folder_of_which_all_but_the_directory_is_removed_is_gone)
{
	static const char *const last[] = { "cur", "new", "tmp" };
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);

	for (size_t i = 0; i < 3; i++)
		if ((int)i != _i)
			t_remove_tree(f.fd, last[i]);
	t_rm(&f, "imapd.journal");
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), -ENOENT);
	ck_assert(!t_has(&f, "imapd.journal"));
	maildir_close(m);
	t_folder_remove(&f);
}
END_TEST

static void rename_slowly(const struct slow_rename *renames)
{
	struct t_folder f = t_folder_three();
	struct maildir *m = t_select(&f);
	int fd;

	ck_assert_int_eq(maildir_watch(m, &fd), 0);
	ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
	memcpy(slow.renames, renames, sizeof slow.renames);
	slow.at = slow.n = slow.i = 0;
	slow.pause = renames[0].before;
	slow.dir = f.fd;
	slow.fd = fd;
	for (int i = 0; i < 20; i++)
		ck_assert_int_ge(maildir_update(m, MD_CLAIM_RECENT), 0);
	slow.fd = -1;
	ck_assert_uint_eq(slow.i, COUNT(slow.renames));
	t_shows(m, "1:*F 2:* 3:*F");
	maildir_close(m);
	t_folder_remove(&f);
}

START_TEST(a_rename_that_is_told_bit_by_bit_leaves_the_uid)
{
	struct slow_rename v[] = { { .from = "cur/1.a:2,", .to = "cur/1.a:2,F" },
				   { .from = "cur/2.b:2,S", .to = "cur/2.b,U=1:2,S" },
				   { .from = "cur/2.b,U=1:2,S", .to = "cur/2.b,U=1:2," } };

	for (unsigned i = 0; i < 3 * 18 * 18; i++) {
		unsigned left = i / 3;

		v[0].half = i % 3;
		for (size_t j = 1; j < 3; j++, left /= 18) {
			v[j].before = left % 3;
			v[j].half = left / 3 % 3;
			v[j].unseen = left / 9 % 2;
		}
		rename_slowly(v);
	}
}
END_TEST

/* One instance serves one folder after the other, and what was left to be read of one is not taken for another's. */
START_TEST(who_goes_from_folder_to_folder_keeps_the_instance)
{
	struct t_folder f[2] = { t_folder_three(), t_folder_three() };
	int spare = -1, first = -1, fd;

	for (int i = 0; i < 4; i++) {
		struct t_folder *here = &f[i % 2], *there = &f[(i + 1) % 2];
		struct maildir *m;
		char name[32];

		here->config.spare_watch = &spare;
		m = t_select(here);
		ck_assert_int_eq(spare, -1);
		ck_assert_int_eq(maildir_watch(m, &fd), 0);
		first = i ? first : fd;
		ck_assert_int_eq(fd, first);
		snprintf(name, sizeof name, "new/%d.x", 10 + i);
		ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);	/* what it did itself */
		ck_assert(!wakes(fd, 0));
		t_put(there, name, "of another folder");
		ck_assert(!wakes(fd, 0));
		t_put(here, name, "x");
		ck_assert(wakes(fd, 60000));
		maildir_events_clear(m);
		ck_assert_int_eq(maildir_update(m, MD_CLAIM_RECENT), 0);
		ck_assert_uint_eq(maildir_count(m), 4 + (size_t)i);
		t_put(here, "new/20.left", "y");
		ck_assert_int_eq(unlinkat(here->fd, "new/20.left", 0), 0);
		maildir_close(m);
		ck_assert_int_eq(spare, first);
	}
	close(spare);
	t_folder_remove(&f[0]);
	t_folder_remove(&f[1]);
}
END_TEST

static const bool both[] = { false, true }, each[READS], three_times[3];

T_SUITE("watch", T_TEST(deliveries_during_a_look_are_told_by_it_or_wake), T_TEST(everything_that_others_do_wakes), T_TEST(a_burst_is_told_in_one_go),
	T_TEST(lost_events_make_it_look_at_all), T_TEST(without_an_instance_it_says_so_and_looks_instead),
	T_TEST(a_second_delivery_while_the_first_is_told_is_not_missed),
	T_TEST(a_delivery_costs_no_look_at_all), T_TEST(who_goes_from_folder_to_folder_keeps_the_instance),
	T_LOOP(a_file_that_is_renamed_all_the_time_is_never_expunged, both),
	T_TEST(a_rename_that_is_told_bit_by_bit_leaves_the_uid),
	T_LOOP(what_is_journaled_during_an_update_is_told_by_it_or_wakes, each),
	T_LOOP(a_folder_that_is_removed_during_an_update_is_gone, each),
	T_LOOP(a_folder_of_which_all_but_the_directory_is_removed_is_gone, three_times))
