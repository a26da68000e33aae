/* t/t_copy.c: messages go to another folder, by COPY and by MOVE */
#include <sys/mount.h>
#include <time.h>
#include "t/folder.h"

/* Which of the two is tested. */
static const bool moves[] = { false, true };

static int go(bool move, struct maildir *from, struct maildir *to, struct arena *a, struct md_uids uids,
	      struct md_uids *ret_from, struct md_uids *ret_to)
{
	return move ? maildir_move(from, uids, to, a, ret_from, ret_to)
		    : maildir_copy(from, uids, to, a, ret_from, ret_to);
}

static struct t_folder three(void)
{
	const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	struct t_folder f = t_folder_make();
	struct maildir *m;

	t_make_dirs(&f);
	t_put(&f, "cur/1.a:2,", "a");
	t_put(&f, "cur/2.b:2,SX", "bb");
	t_put(&f, "cur/3.c:2,FT", "ccc");
	ck_assert_int_eq(utimensat(f.fd, "cur/2.b:2,SX", times, 0), 0);
	m = t_select(&f);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "only-here"), 0);
	ck_assert_int_eq(t_store(m, 2, MD_ADD, 0, "Work"), 0);
	maildir_close(m);
	return f;
}

/* Messages go from one folder with three of them to another, which is empty. */
struct both {
	struct t_folder f, g;
	struct maildir *from, *to;
	struct arena arena;
	struct md_uids source, made; /* what the last of them were, and have become */
};

/* In place, since an open folder's settings are in its t_folder. */
static void both_init(struct both *b)
{
	*b = (struct both){ .f = three(), .g = t_folder_make() };
	b->from = t_select(&b->f);
	b->to = t_open(&b->g, 0);
}

static void both_release(struct both *b)
{
	arena_free(&b->arena);
	maildir_close(b->from);
	maildir_close(b->to);
	t_folder_remove(&b->f);
	t_folder_remove(&b->g);
}

static int both_go(struct both *b, bool move, uint32_t *uids, size_t n)
{
	return go(move, b->from, b->to, &b->arena, (struct md_uids){ uids, n }, &b->source, &b->made);
}

START_TEST(flags_keywords_and_dates_go_along)
{
	_cleanup_(both_release) struct both b;
	uint32_t uids[] = { 2, 3, 99 };
	struct stat st;
	int fd;

	both_init(&b);
	t_append(b.to, "there before", 0);
	ck_assert_int_eq(t_store(b.to, 1, MD_ADD, 0, "WORK"), 0);
	ck_assert_int_eq(both_go(&b, moves[_i], uids, 3), 0);
	ck_assert_uint_eq(b.source.n, 2);
	ck_assert_uint_eq(b.source.v[0], 2);
	ck_assert_uint_eq(b.source.v[1], 3);
	ck_assert_uint_eq(b.made.v[0], 2);
	ck_assert_uint_eq(b.made.v[1], 3);
	ck_assert_int_eq(maildir_update(b.to, MD_CLAIM_RECENT), 0);
	t_shows(b.to, "1:*(WORK) 2:*S(WORK,only-here) 3:*FT");
	t_reads(b.to, 2, "bb");
	t_reads(b.to, 3, "ccc");
	ck_assert_int_eq(maildir_message_fd(b.to, 2, &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	close(fd);
	ck_assert_int_eq(maildir_update(b.from, MD_CLAIM_RECENT), 0);
	if (moves[_i]) {
		t_shows(b.from, "1:");
		t_tells(b.from, "-2 -3");
		ck_assert_uint_eq(t_entries(&b.f, "cur"), 1);
	} else {
		t_shows(b.from, "1: 2:S(only-here,Work) 3:FT");
		t_tells(b.from, "");
		t_reads(b.from, 2, "bb");
	}
	ck_assert_uint_eq(t_entries(&b.f, "tmp") + t_entries(&b.g, "tmp"), 0);
}
END_TEST

START_TEST(into_the_same_folder_gives_new_uids)
{
	struct t_folder f = three();
	struct maildir *m = t_select(&f), *other = t_select(&f);
	struct md_uids source, made;
	uint32_t uids[] = { 1, 3 };
	struct arena a = { 0 };

	ck_assert_int_eq(go(_i, m, m, &a, (struct md_uids){ uids, 2 }, &source, &made), 0);
	ck_assert_uint_eq(made.v[0], 4);
	ck_assert_uint_eq(made.v[1], 5);
	t_shows(m, _i ? "2:S(only-here,Work) 4: 5:FT" : "1: 2:S(only-here,Work) 3:FT 4: 5:FT");
	t_reads(m, 4, "a");
	t_reads(m, 5, "ccc");
	/* the same, by another handle on it */
	uids[0] = 2;
	ck_assert_int_eq(go(_i, m, other, &a, (struct md_uids){ uids, 1 }, &source, &made), 0);
	ck_assert_uint_eq(made.v[0], 6);
	ck_assert_int_eq(maildir_update(m, 0), 0);
	t_reads(m, 6, "bb");
	ck_assert_uint_eq(maildir_count(m), _i ? 3 : 6);
	ck_assert_uint_eq(t_entries(&f, "cur"), _i ? 3 : 6);
	arena_free(&a);
	maildir_close(m);
	maildir_close(other);
	t_folder_remove(&f);
}
END_TEST

START_TEST(what_is_gone_is_left_out_or_all_of_it_enoent)
{
	_cleanup_(both_release) struct both b;
	uint32_t uids[] = { 1, 2 };

	both_init(&b);
	t_rm(&b.f, "cur/1.a:2,");
	ck_assert_int_eq(both_go(&b, moves[_i], uids, 1), -ENOENT);
	ck_assert_uint_eq(b.made.n, 0);
	ck_assert_int_eq(both_go(&b, moves[_i], uids, 2), 0);
	ck_assert_uint_eq(b.source.n, 1);
	ck_assert_uint_eq(b.source.v[0], 2);
	ck_assert_int_eq(both_go(&b, moves[_i], uids, 0), 0);
	ck_assert_uint_eq(b.made.n, 0);
	ck_assert_uint_eq(maildir_count(b.to), 1);
}
END_TEST

/* Else it would be taken for "all of the messages are gone", which is no failure of COPY. */
START_TEST(to_a_folder_that_is_removed_is_not_enoent)
{
	_cleanup_(both_release) struct both b;

	both_init(&b);
	t_remove_tree(AT_FDCWD, b.g.path);
	ck_assert_int_eq(both_go(&b, moves[_i], (uint32_t[]){ 1, 2 }, 2), -ESTALE);
	ck_assert_int_eq(maildir_update(b.from, MD_CLAIM_RECENT), 0);
	t_shows(b.from, "1: 2:S(only-here,Work) 3:FT");
}
END_TEST

START_TEST(from_a_folder_that_is_removed_is_not_enoent)
{
	_cleanup_(both_release) struct both b;

	both_init(&b);
	t_remove_tree(AT_FDCWD, b.f.path);
	ck_assert_int_eq(both_go(&b, moves[_i], (uint32_t[]){ 1, 2 }, 2), -ESTALE);
	ck_assert_int_eq(maildir_update(b.to, MD_CLAIM_RECENT), 0);
	t_shows(b.to, "");
}
END_TEST

START_TEST(renamed_just_before_by_another_program)
{
	_cleanup_(both_release) struct both b;

	both_init(&b);
	t_mv(&b.f, "cur/1.a:2,", "cur/1.a:2,DR");
	t_mv(&b.f, "cur/3.c:2,FT", "new/3.c");
	ck_assert_int_eq(both_go(&b, moves[_i], (uint32_t[]){ 1, 2, 3 }, 3), 0);
	ck_assert_uint_eq(b.made.n, 3);
	t_reads(b.to, 1, "a");
	t_reads(b.to, 3, "ccc");
	ck_assert_uint_eq(t_entries(&b.g, "cur"), 3);
}
END_TEST

START_TEST(a_base_name_that_is_there_already_is_not_overwritten)
{
	struct t_folder f = three(), g = t_folder_make();
	struct maildir *from, *to;
	struct md_uids source, made;
	uint32_t uids[] = { 1, 2 };
	struct arena a = { 0 };

	t_make_dirs(&g);
	t_put(&g, "cur/1.a:2,", "another a");
	from = t_select(&f);
	to = t_open(&g, 0); /* has not looked: it does not know */
	ck_assert_int_eq(go(_i, from, to, &a, (struct md_uids){ uids, 2 }, &source, &made), 0);
	t_reads(to, made.v[0], "a");
	ck_assert_int_eq(maildir_update(to, MD_CLAIM_RECENT), 0);
	ck_assert_uint_eq(maildir_count(to), 3);
	t_reads(to, maildir_at(to, 2)->uid, "another a");
	arena_free(&a);
	maildir_close(from);
	maildir_close(to);
	t_folder_remove(&f);
	t_folder_remove(&g);
}
END_TEST

/* Makes the folder a file system of its own. False, and the folder is gone, where that can't be had. */
static bool other_disk(struct t_folder *g, const char *options)
{
	close(g->fd);
	if (mount("tmpfs", g->path, "tmpfs", 0, options) < 0) {
		rmdir(g->path);
		return false;
	}
	g->fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

static void remove_disk(struct t_folder *g)
{
	close(g->fd);
	ck_assert_int_eq(umount(g->path), 0);
	rmdir(g->path);
}

START_TEST(to_another_file_system)
{
	struct t_folder f = three(), g = t_folder_make();
	struct maildir *from = t_select(&f), *to;
	struct md_uids source, made;
	uint32_t uids[] = { 2, 3 };
	struct arena a = { 0 };
	struct stat st;
	int fd;

	if (!other_disk(&g, "size=4m")) {
		maildir_close(from);
		t_folder_remove(&f);
		return;
	}
	to = t_open(&g, 0);
	ck_assert_int_eq(go(_i, from, to, &a, (struct md_uids){ uids, 2 }, &source, &made), 0);
	t_shows(to, "1:S(only-here,Work) 2:FT");
	t_reads(to, 1, "bb");
	ck_assert_int_eq(maildir_message_fd(to, 1, &fd), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	close(fd);
	ck_assert_uint_eq(t_entries(&f, "cur"), _i ? 1 : 3);
	maildir_close(to);
	remove_disk(&g);
	arena_free(&a);
	maildir_close(from);
	t_folder_remove(&f);
}
END_TEST

START_TEST(no_room_there_leaves_all_of_it_here)
{
	struct t_folder f = three(), g = t_folder_make();
	struct maildir *from, *to;
	struct md_uids source, made;
	uint32_t uids[] = { 1, 2, 3, 4 };
	struct arena a = { 0 };
	char *big = malloc(200001);

	memset(big, 'x', 200000);
	big[200000] = 0;
	t_put(&f, "cur/4.big:2,", big);
	from = t_select(&f);
	if (!other_disk(&g, "size=128k")) {
		free(big);
		maildir_close(from);
		t_folder_remove(&f);
		return;
	}
	to = t_open(&g, 0);
	ck_assert_int_eq(go(_i, from, to, &a, (struct md_uids){ uids, 4 }, &source, &made), -ENOSPC);
	ck_assert_uint_eq(maildir_count(to), 0);
	ck_assert_uint_eq(t_entries(&g, "cur") + t_entries(&g, "tmp"), 0);
	ck_assert_uint_eq(t_entries(&f, "cur"), 4);
	ck_assert_int_eq(go(_i, from, to, &a, (struct md_uids){ uids, 3 }, &source, &made), 0);
	maildir_close(to);
	remove_disk(&g);
	free(big);
	arena_free(&a);
	maildir_close(from);
	t_folder_remove(&f);
}
END_TEST

/* As a crash in the middle leaves it: the other folder's journal has them all, one file has gone over. */
START_TEST(a_move_cut_off_loses_nothing)
{
	_cleanup_(both_release) struct both b;
	struct str base;
	char name[512];

	both_init(&b);
	ck_assert_int_eq(both_go(&b, true, (uint32_t[]){ 1, 2, 3 }, 3), 0);
	base = maildir_base_name(b.to, maildir_message(b.to, 3));
	snprintf(name, sizeof name, "cur/%.*s:2,FT", (int)base.n, base.s);
	maildir_close(b.from);
	maildir_close(b.to);
	t_rm(&b.f, "imapd.journal");
	t_tick();
	ck_assert_int_eq(renameat(b.g.fd, name, b.f.fd, "cur/3.c:2,FT"), 0);
	b.to = t_select(&b.g);
	b.from = t_select(&b.f);
	ck_assert_uint_eq(maildir_count(b.to), 2);
	ck_assert_uint_eq(maildir_uidnext(b.to), 4);
	ck_assert_uint_eq(maildir_count(b.from), 1);
	t_reads(b.from, 1, "ccc");
}
END_TEST

/* RFC 8514 3: when a message came is told by its name, so that is new, also where the file itself goes over. */
START_TEST(what_is_moved_gets_a_name_of_now)
{
	_cleanup_(both_release) struct both b;
	const int64_t before = time(NULL);
	struct str base;
	uint32_t when;

	both_init(&b);
	ck_assert_int_eq(both_go(&b, true, (uint32_t[]){ 2 }, 1), 0);
	base = maildir_base_name(b.to, maildir_message(b.to, 1));
	ck_assert(str_u32(str_head(base, str_find(base, '.')), &when));
	ck_assert_int_ge(when, before);
	ck_assert_int_le(when, time(NULL));
	t_reads(b.to, 1, "bb");
}
END_TEST

/* What the name tells of the size is believed; without it the file is asked. */
START_TEST(the_new_name_tells_the_size)
{
	struct t_folder f = t_folder_make(), g = t_folder_make();
	struct maildir *from, *to;
	struct md_uids source, made;
	uint32_t uids[] = { 1, 2 };
	struct arena a = { 0 };

	t_make_dirs(&f);
	t_put(&f, "cur/1.a,S=77:2,", "a");
	t_put(&f, "cur/2.b:2,", "bb");
	from = t_select(&f);
	to = t_open(&g, 0);
	ck_assert_int_eq(go(_i, from, to, &a, (struct md_uids){ uids, 2 }, &source, &made), 0);
	ck_assert(str_ends(maildir_base_name(to, maildir_message(to, 1)), STR(",S=77")));
	ck_assert(str_ends(maildir_base_name(to, maildir_message(to, 2)), STR(",S=2")));
	t_reads(to, 1, "a");
	t_reads(to, 2, "bb");
	arena_free(&a);
	maildir_close(from);
	maildir_close(to);
	t_folder_remove(&f);
	t_folder_remove(&g);
}
END_TEST

/* Another program, which takes the first message away in the middle of a move. */
struct taker {
	struct t_folder *from, *to;
	int wait; /* so many calls go by before */
};

static void take(void *data, size_t done, size_t goal)
{
	struct taker *t = data;

	(void)done;
	(void)goal;
	if (t->wait-- == 0)
		renameat(t->from->fd, "cur/1.a:2,", t->to->fd, "cur/1.a:2,");
}

static const char *const to_where[] = { "another folder", "the same", "the same by another handle" };

START_TEST(a_message_that_is_taken_away_during_a_move_is_not_doubled)
{
	for (int wait = 0; wait < 4; wait++) {
		struct t_folder f = three(), g = t_folder_make(), other = t_folder_make();
		struct taker taker = { &f, &other, wait };
		struct md_uids source, made;
		struct maildir *m, *to;
		uint32_t uids[] = { 1 };
		struct arena a = { 0 };

		t_make_dirs(&g);
		t_make_dirs(&other);
		f.config.working = take;
		f.config.working_data = &taker;
		m = t_select(&f);
		to = _i == 0 ? t_open(&g, 0) : _i == 1 ? m : t_open(&f, 0);
		maildir_move(m, (struct md_uids){ uids, 1 }, to, &a, &source, &made);
		ck_assert_uint_eq(t_entries(&f, "cur") + t_entries(&g, "cur") + t_entries(&other, "cur"), 3);
		arena_free(&a);
		if (to != m)
			maildir_close(to);
		maildir_close(m);
		t_folder_remove(&f);
		t_folder_remove(&g);
		t_folder_remove(&other);
	}
}
END_TEST

START_TEST(opposite_moves_do_not_wait_for_each_other)
{
	struct t_folder f = t_folder_make(), g = t_folder_make();
	struct maildir *m = t_select(&f);
	pid_t pids[2];
	struct maildir *n;

	for (int i = 0; i < 40; i++)
		t_append(m, "message", 0);
	maildir_close(m);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct t_folder *from = i ? &g : &f, *to = i ? &f : &g;

			m = t_open(from, 0);
			n = t_open(to, 0);
			for (int j = 0; j < 40; j++) {
				struct md_uids source, made;
				struct arena a = { 0 };
				uint32_t uid;
				int r;

				if (maildir_update(m, MD_CLAIM_RECENT) < 0)
					_exit(1);
				if (maildir_count(m)) {
					uid = maildir_at(m, 0)->uid;
					r = maildir_move(m, (struct md_uids){ &uid, 1 }, n, &a, &source,
							 &made);
					if (r < 0 && r != -ENOENT)
						_exit(2);
				}
				arena_free(&a);
			}
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	m = t_select(&f);
	n = t_select(&g);
	ck_assert_uint_eq(maildir_count(m) + maildir_count(n), 40);
	ck_assert_uint_eq(t_entries(&f, "cur") + t_entries(&g, "cur"), 40);
	maildir_close(m);
	maildir_close(n);
	t_folder_remove(&f);
	t_folder_remove(&g);
}
END_TEST

T_SUITE("copy", T_LOOP(flags_keywords_and_dates_go_along, moves),
	T_LOOP(into_the_same_folder_gives_new_uids, moves),
	T_LOOP(what_is_gone_is_left_out_or_all_of_it_enoent, moves),
	T_LOOP(to_a_folder_that_is_removed_is_not_enoent, moves),
	T_LOOP(from_a_folder_that_is_removed_is_not_enoent, moves),
	T_LOOP(renamed_just_before_by_another_program, moves),
	T_LOOP(a_base_name_that_is_there_already_is_not_overwritten, moves),
	T_LOOP(to_another_file_system, moves), T_LOOP(no_room_there_leaves_all_of_it_here, moves),
	T_TEST(a_move_cut_off_loses_nothing), T_TEST(what_is_moved_gets_a_name_of_now), T_LOOP(the_new_name_tells_the_size, moves),
	T_LOOP(a_message_that_is_taken_away_during_a_move_is_not_doubled, to_where), T_TEST(opposite_moves_do_not_wait_for_each_other))
