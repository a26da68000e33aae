/* maildir/state.c: imapd.account: what is remembered of an account that is not in its folders */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/utf8.h"
#include "maildir/inside.h"

/* The file is text; its first line is HEADER, each other a key, a space and a value (doc/FORMATS.md). */
#define HEADER "imapd-account 1"

static bool is_use(struct str use)
{
	if (use.n < 2 || use.n > 64 || use.s[0] != '\\')
		return false;
	for (size_t i = 1; i < use.n; i++)
		if (!ascii_alpha(use.s[i]) && !ascii_digit(use.s[i]) && use.s[i] != '-' && use.s[i] != '_' &&
		    use.s[i] != '$')
			return false;
	return true;
}

static void add_use(struct account_state *state, struct arena *a, struct str use, struct str folder)
{
	state->uses = arena_grow(a, state->uses, state->nuses + 1, sizeof *state->uses);
	state->uses[state->nuses++] = (struct account_use){ .use = use, .folder = folder };
}

/* False if the line is of a kind that we don't know, or makes no sense. */
static bool state_line(struct account_state *state, struct arena *a, struct str line)
{
	struct str rest = line, key, use;

	if (!str_cut(&rest, ' ', &key))
		return false;
	if (str_eq(key, STR("prefix"))) {
		state->prefix = arena_str(a, rest);
		return utf8_valid(rest) && str_find(rest, '\0') == rest.n;
	}
	if (str_eq(key, STR("uidvalidity")))
		return str_u32(rest, &state->uidvalidity);
	if (str_eq(key, STR("use")) && str_cut(&rest, ' ', &use) && is_use(use) && rest.s &&
	    utf8_valid(rest)) {
		add_use(state, a, arena_str(a, use), arena_str(a, rest));
		return true;
	}
	return false;
}

static void state_parse(struct account_state *state, struct arena *a, struct str text)
{
	_cleanup_(buf_release) struct buf others = { 0 };
	struct str line;

	if (!str_cut(&text, '\n', &line) || !str_eq(line, STR(HEADER)))
		return;
	state->exists = true;
	while (str_cut(&text, '\n', &line)) {
		if (line.n == 0 || !text.s || state_line(state, a, line))
			continue; /* a last line without its end is torn */
		buf_str(&others, line);
		buf_c(&others, '\n');
	}
	state->others = arena_str(a, buf_view(&others));
}

int account_state_read(struct account *acc, struct arena *a, struct account_state *ret)
{
	enum { BIGGEST = 1 << 20 };
	_cleanup_(buf_release) struct buf text = { 0 };
	struct account_state state = { .prefix = STR("") };
	const int r = files_read(acc->fd, ACCOUNT_FILE, BIGGEST, &text);

	if (r < 0 && r != -ENOENT)
		return r;
	if (r >= 0)
		state_parse(&state, a, buf_view(&text));
	*ret = state;
	return 0;
}

static void put_line(struct buf *b, const char *key, struct str value)
{
	buf_z(b, key);
	buf_c(b, ' ');
	buf_str(b, value);
	buf_c(b, '\n');
}

int account_state_write(struct account *acc, const struct account_state *state)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, HEADER "\n");
	put_line(&b, "prefix", state->prefix);
	if (state->uidvalidity)
		buf_printf(&b, "uidvalidity %u\n", state->uidvalidity);
	for (size_t i = 0; i < state->nuses; i++) {
		buf_z(&b, "use ");
		buf_str(&b, state->uses[i].use);
		buf_c(&b, ' ');
		buf_str(&b, state->uses[i].folder);
		buf_c(&b, '\n');
	}
	buf_str(&b, state->others);
	return files_replace(acc->fd, ACCOUNT_FILE, buf_view(&b), acc->sync);
}

/* After the last that there can be, the time again: those that were given lie before it. */
static uint32_t next_uidvalidity(uint32_t last)
{
	const uint64_t now = MIN(clock_unix(), (uint64_t)UINT32_MAX - 1);

	return last == UINT32_MAX ? (uint32_t)now : MAX(last + 1, (uint32_t)now);
}

static int stat_file(struct account *acc, struct reserve *ret)
{
	struct stat st;

	if (fstatat(acc->fd, ACCOUNT_FILE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->ctime = st.st_ctim;
	return 0;
}

/* Under the lock: whether the next that was reserved is still higher than any that was given or seen, and not before the time. */
static bool reserve_holds(struct account *acc)
{
	const struct reserve *mine = &acc->reserve;
	struct reserve now;

	return mine->left && mine->next >= clock_unix() && stat_file(acc, &now) == 0 && now.dev == mine->dev &&
	       now.ino == mine->ino && now.ctime.tv_sec == mine->ctime.tv_sec && now.ctime.tv_nsec == mine->ctime.tv_nsec;
}

/* Under the lock: writes now where was stands, with as many digits, and waits until it is on disk: for one write, where a new file
 * takes two commits of the file system. A sector is written whole or not at all, so they have to be in one. False: it can't be done.
 */
static bool overwrite(struct account *acc, uint32_t was, uint32_t now)
{
	enum { BIGGEST = 4096, SECTOR = 512 };
	const struct str key = STR("\nuidvalidity ");
	_cleanup_(fd_closep) int fd = openat(acc->fd, ACCOUNT_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char text[BIGGEST], old[16], new[16];
	const ssize_t n = fd < 0 ? -1 : fd_pread_all(fd, text, sizeof text, 0);
	const int digits = snprintf(old, sizeof old, "%u\n", was) - 1;
	const struct str all = { text, n < 0 ? 0 : (size_t)n };
	const size_t at = str_search(all, key) + key.n, end = at + (size_t)digits;

	if (n == BIGGEST || snprintf(new, sizeof new, "%u", now) != digits || at / SECTOR != (end - 1) / SECTOR)
		return false;
	if (!str_starts(str_from(all, at), str_z(old)) || str_search(str_from(all, at), key) < all.n - at)
		return false;
	return pwrite(fd, new, (size_t)digits, (off_t)at) == digits && (!acc->sync || fdatasync(fd) == 0);
}

/* Under the lock: reserves one, or, each time that all were used up, twice as many, as each time waits for the disk. */
static int reserve_more(struct account *acc, int lock)
{
	enum { MOST = 1024 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct reserve *mine = &acc->reserve;
	const uint32_t size = mine->size && mine->left == 0 ? MIN(2 * mine->size, (uint32_t)MOST) : 1;
	struct account_state state;
	int r = account_state_read(acc, &arena, &state);

	*mine = (struct reserve){ 0 };
	if (r < 0)
		return r;
	mine->next = next_uidvalidity(state.uidvalidity);
	r = account_lock_check(acc, lock);
	if (r < 0)
		return r;
	if (mine->next > (uint64_t)state.uidvalidity + 1 && overwrite(acc, state.uidvalidity, mine->next)) {
		mine->size = mine->left = 1; /* and nobody has reserved one that is no less than the time */
		return 0;
	}
	mine->size = MIN(size, UINT32_MAX - mine->next + 1);
	state.uidvalidity = mine->next + mine->size - 1;
	r = account_state_write(acc, &state);
	if (r >= 0)
		r = stat_file(acc, mine);
	if (r >= 0)
		mine->left = mine->size;
	return r;
}

int account_uidvalidity(struct account *acc, uint32_t *ret)
{
	_cleanup_(fd_closep) int lock = -1;
	int r = account_lock(acc, ACCOUNT_READ_MS, &lock);

	if (r >= 0 && !reserve_holds(acc))
		r = reserve_more(acc, lock);
	if (r < 0)
		return r;
	*ret = acc->reserve.next++;
	acc->reserve.left--;
	return 0;
}

int account_uidvalidity_seen(struct account *acc, uint32_t uidvalidity)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct account_state state;
	int r;

	/* What lies in the past is no danger: a new one is never before the time. */
	if (uidvalidity < clock_unix())
		return 0;
	r = account_lock(acc, ACCOUNT_READ_MS, &lock);
	if (r >= 0)
		r = account_state_read(acc, &arena, &state);
	if (r < 0)
		return r;
	/* Also if there was a higher one: what a session has reserved below it must not be given any more. */
	state.uidvalidity = MAX(state.uidvalidity, uidvalidity);
	r = account_lock_check(acc, lock);
	return r < 0 ? r : account_state_write(acc, &state);
}

int account_uses(struct account *acc, struct arena *a, struct account_use **ret, size_t *ret_n)
{
	struct account_state state;
	const int r = account_state_read(acc, a, &state);

	if (r < 0)
		return r;
	*ret = state.uses;
	*ret_n = state.nuses;
	return 0;
}

/* Where it is among the uses, or their number. */
static size_t find_use(const struct account_state *state, struct str folder, struct str use)
{
	size_t i = 0;

	while (i < state->nuses &&
	       !(str_eq(state->uses[i].folder, folder) && str_ieq(state->uses[i].use, use)))
		i++;
	return i;
}

static void drop_use(struct account_state *state, size_t i)
{
	for (state->nuses--; i < state->nuses; i++)
		state->uses[i] = state->uses[i + 1];
}

int account_set_use(struct account *acc, struct str folder, struct str use, bool on)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int lock = -1;
	struct account_state state;
	size_t at;
	int r;

	if (!is_use(use) || !utf8_valid(folder) || str_find(folder, '\n') < folder.n)
		return -EINVAL;
	r = account_lock(acc, ACCOUNT_WRITE_MS, &lock);
	if (r >= 0)
		r = account_state_read(acc, &arena, &state);
	if (r < 0)
		return r;
	at = find_use(&state, folder, use);
	if (on == (at < state.nuses))
		return 0;
	if (on)
		add_use(&state, &arena, use, folder);
	else
		drop_use(&state, at);
	r = account_lock_check(acc, lock);
	return r < 0 ? r : account_state_write(acc, &state);
}

int account_uses_follow(struct account_state *state, struct arena *a, struct str from, struct str to)
{
	int changed = 0;

	for (size_t i = 0; i < state->nuses; i++) {
		const struct str folder = state->uses[i].folder;
		const bool below = str_starts(folder, from) && folder.n > from.n && folder.s[from.n] == '.';

		if (!str_eq(folder, from) && !(below && to.n))
			continue;
		changed = 1;
		if (to.n)
			state->uses[i].folder = arena_cat(a, to, str_from(folder, from.n), STR(""));
		else
			drop_use(state, i--);
	}
	return changed;
}
