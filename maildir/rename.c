/* maildir/rename.c: a folder and all below it get other names, wholly or not at all */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/log.h"
#include "maildir/foldername.h"
#include "maildir/inside.h"

/* What is to be done is written down first (RENAME_FILE, doc/FORMATS.md), then done, then the note is
 * removed. A crash in between leaves the note, by which the next session does the rest: a move that was done
 * has no old name any more. A failure that is no crash is undone at once. One directory alone needs no note:
 * rename(2) is all or nothing.
 */
#define HEADER "imapd-rename 1"

struct move {
	const char *from, *to; /* directories in the Maildir */
};

struct plan {
	struct arena *a;
	struct str from, to; /* folders */
	struct move *moves;
	size_t n;
};

static bool is_below(struct str name, struct str top)
{
	return str_starts(name, top) && name.n > top.n && name.s[top.n] == '.';
}

static void plan_add(struct plan *p, const char *from, const char *to)
{
	p->moves = arena_grow(p->a, p->moves, p->n + 1, sizeof *p->moves);
	p->moves[p->n++] = (struct move){ .from = from, .to = to };
}

static int same_text(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

/* The names of all folders as they look, sorted. */
static struct str *looks_of(struct arena *a, const struct folder *v, size_t n)
{
	struct str *looks = arena_alloc(a, n * sizeof *looks);

	for (size_t i = 0; i < n; i++)
		looks[i] = folder_name_nfc(v[i].name, a);
	qsort(looks, n, sizeof *looks, same_text);
	return looks;
}

/* One directory's move, if nothing is in its way: an entry, or a folder that looks the same (looks is of all
 * n folders).
 */
static int plan_one(struct account *acc, struct plan *p, const struct folder *f, const struct str *looks,
		    size_t n)
{
	const struct str name = arena_cat(p->a, p->to, str_from(f->name, p->from.n), STR(""));
	const struct str look = folder_name_nfc(name, p->a);
	struct stat st;

	if (name.n > FOLDER_NAME_MAX)
		return -ENAMETOOLONG;
	if (bsearch(&look, looks, n, sizeof *looks, same_text))
		return -EEXIST;
	for (int utf7 = 0; utf7 < 2; utf7++) {
		const char *dir = folder_name_dir(name, utf7, p->a);

		if (dir && fstatat(acc->fd, dir, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return -EEXIST;
		if (!utf7 && !dir)
			return -EINVAL;
		if (!utf7)
			plan_add(p, f->dir.s, dir);
	}
	return 0;
}

static int plan_make(struct account *acc, struct plan *p)
{
	struct folder *v;
	struct str *looks;
	size_t n;
	int r = folder_list(acc, p->a, false, &v, &n);

	if (r < 0)
		return r;
	looks = looks_of(p->a, v, n);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (str_eq(v[i].name, p->from) || is_below(v[i].name, p->from))
			r = plan_one(acc, p, &v[i], looks, n);
	return r < 0 || p->n ? r : -ENOENT;
}

static int note_write(struct account *acc, const struct plan *p)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, HEADER "\nfrom ");
	buf_str(&b, p->from);
	buf_z(&b, "\nto ");
	buf_str(&b, p->to);
	for (size_t i = 0; i < p->n; i++) {
		buf_z(&b, "\nmove ");
		buf_z(&b, p->moves[i].from);
		buf_c(&b, '\t');
		buf_z(&b, p->moves[i].to);
	}
	buf_z(&b, "\nend\n");
	return files_replace(acc->fd, RENAME_FILE, buf_view(&b), acc->sync);
}

static int note_remove(struct account *acc)
{
	if (unlinkat(acc->fd, RENAME_FILE, 0) < 0 && errno != ENOENT)
		return -errno;
	return files_sync(acc->fd, acc->sync);
}

/* All that follows once the directories have their new names. */
static int move_uses(struct account *acc, const struct plan *p)
{
	struct account_state state;
	const int r = account_state_read(acc, p->a, &state);

	return r < 0 || !account_uses_follow(&state, p->a, p->from, p->to) ? r
									   : account_state_write(acc, &state);
}

/* If that fails, too, the note stays, so that the tree is whole again some time. */
static int undo(struct account *acc, const struct plan *p, size_t done, int error)
{
	while (done--) {
		const int r = files_rename(acc->fd, p->moves[done].to, acc->fd, p->moves[done].from);

		if (r < 0) {
			log_errno(r, "cannot give a folder its old name back");
			return error;
		}
	}
	note_remove(acc);
	return error;
}

/* Whoever took the lock over while this process was stopped has done what the note says. */
static bool is_done(struct account *acc, const struct plan *p)
{
	struct stat st;

	for (size_t i = 0; i < p->n; i++)
		if (fstatat(acc->fd, p->moves[i].from, &st, AT_SYMLINK_NOFOLLOW) == 0 || !files_is_dir(acc->fd, p->moves[i].to))
			return false;
	return true;
}

static int perform(struct account *acc, int lock, const struct plan *p)
{
	size_t done = 0;
	int r = 0;

	for (; done < p->n && r >= 0; done += r >= 0)
		r = files_rename(acc->fd, p->moves[done].from, acc->fd, p->moves[done].to);
	if (r >= 0)
		r = files_sync(acc->fd, acc->sync);
	if (r >= 0)
		r = move_uses(acc, p);
	if (r < 0 && account_lock_check(acc, lock) == -ENOLCK)
		return is_done(acc, p) ? 0 : r;
	return r < 0 ? undo(acc, p, done, r) : 0;
}

static int needs_note(struct account *acc, const struct plan *p)
{
	struct account_state state;
	const int r = account_state_read(acc, p->a, &state);

	return r < 0 ? r : p->n > 1 || account_uses_follow(&state, p->a, p->from, p->to);
}

static int rename_locked(struct account *acc, int lock, struct plan *p)
{
	int r = rename_recover(acc), noted = 0;

	if (r >= 0)
		r = plan_make(acc, p);
	if (r >= 0)
		r = noted = needs_note(acc, p);
	if (r >= 0)
		r = account_lock_check(acc, lock);
	if (r >= 0 && noted > 0)
		r = note_write(acc, p);
	if (r >= 0)
		r = perform(acc, lock, p);
	return r < 0 || noted <= 0 ? r : note_remove(acc);
}

/* What can be said before looking at the disk. */
static int check_names(struct account *acc, struct str from, struct str to)
{
	const struct folder_fault *fault;

	if (from.n == 0 || to.n == 0)
		return -EPERM;
	fault = folder_name_fault(to);
	if (fault)
		return fault->error;
	if (is_below(to, from))
		return -EINVAL;
	return str_eq(from, to) || is_below(from, to) || folder_name_taken(acc, to) > 0 ? -EEXIST : 0;
}

int folder_rename(struct account *acc, struct str from, struct str to)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct plan plan = { .a = &arena, .from = from, .to = to };
	int r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);

	if (r >= 0)
		r = check_names(acc, from, to);
	return r < 0 ? r : rename_locked(acc, lock, &plan);
}

/* "move .A<TAB>.B". Nothing but folders is moved, whatever the file says. */
static bool plan_parse_move(struct plan *p, struct str line)
{
	struct str from, name;
	bool utf7;

	if (!str_cut(&line, '\t', &from) || !folder_name_of_dir(from, p->a, &name, &utf7) ||
	    !folder_name_of_dir(line, p->a, &name, &utf7))
		return false;
	plan_add(p, arena_str(p->a, from).s, arena_str(p->a, line).s);
	return true;
}

/* False unless it is whole. */
static bool plan_parse(struct plan *p, struct str text)
{
	struct str line, key;

	if (!str_cut(&text, '\n', &line) || !str_eq(line, STR(HEADER)))
		return false;
	while (str_cut(&text, '\n', &line)) {
		struct str rest = line;

		if (str_eq(line, STR("end")))
			return folder_name_possible(p->from) && folder_name_possible(p->to);
		str_cut(&rest, ' ', &key);
		if (str_eq(key, STR("from")))
			p->from = arena_str(p->a, rest);
		else if (str_eq(key, STR("to")))
			p->to = arena_str(p->a, rest);
		else if (!str_eq(key, STR("move")) || !plan_parse_move(p, rest))
			return false;
	}
	return false;
}

/* What is left of a rename. A folder that has both names by now (mail was delivered to the old one) keeps
 * both.
 */
static int finish(struct account *acc, const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct move *m = &p->moves[i];
		const int r = files_rename(acc->fd, m->from, acc->fd, m->to);

		if (r == -EEXIST || r == -ENOTEMPTY)
			log_line(LOG_WARNING, "%s is not renamed to %s, which is there by now", m->from,
				 m->to);
		else if (r < 0 && r != -ENOENT)
			return r;
	}

	const int r = files_sync(acc->fd, acc->sync);

	return r < 0 ? r : move_uses(acc, p);
}

int rename_recover(struct account *acc)
{
	enum { BIGGEST = 64 << 20 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf text = { 0 };
	struct plan plan = { .a = &arena };
	int r = files_read(acc->fd, RENAME_FILE, BIGGEST, &text);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (plan_parse(&plan, buf_view(&text))) {
		log_line(LOG_NOTICE, "a rename of folders was cut off: doing the rest");
		r = finish(acc, &plan);
	} else {
		log_line(LOG_WARNING, "%s makes no sense: removed", RENAME_FILE);
	}
	return r < 0 ? r : note_remove(acc);
}
