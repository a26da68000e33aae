/* maildir/look.c: what is in cur/ and new/
 *
 * readdir() is no snapshot: a file that is renamed meanwhile may be missed under both names. So the watch is
 * armed before, and what moved during the reading arrives as events. Without a watch a directory that was
 * changed while it was read, or so shortly before that its time can't tell, is read again; what has not been
 * seen then is in doubt, and not gone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "maildir/box.h"

/* How old a directory's time must be, in ns, for a later change to have another: the kernel's tick; on
 * servers, their clock's. */
#define TICK	    UINT64_C(20000000)
#define REMOTE_TICK UINT64_C(2000000000)
enum { TRIES = 4 };

/* What the server says, where it is remote: its caches are compared with the server's when a directory is opened. */
static int stat_dir(const struct maildir *m, int dir, struct stat *ret)
{
	_cleanup_(fd_closep) int fd = m->remote ? openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	return fstat(fd >= 0 ? fd : dir, ret) < 0 ? -errno : 0;
}

int look_state(const struct maildir *m, struct dir_state ret[DIR_COUNT])
{
	const int dirs[DIR_COUNT] = { [DIR_CUR] = m->cur, [DIR_NEW] = m->new };
	struct stat st;

	for (int i = 0; i < DIR_COUNT; i++) {
		const int r = stat_dir(m, dirs[i], &st);

		if (r < 0)
			return r;
		ret[i] = dir_state_of(&st);
	}
	return 0;
}

static bool same_state(const struct dir_state *a, const struct dir_state *b)
{
	return memcmp(a, b, DIR_COUNT * sizeof *a) == 0;
}

/* Whether a change within the same tick gives another time, once the last one has been asked for: so do some file systems
 * of Linux 6.13 and later. A file without a name, changed twice, tells.
 */
static bool try_fine_times(const struct maildir *m)
{
	_cleanup_(fd_closep) int fd = openat(m->tmp, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	struct timespec tick[2];
	struct stat st[2];

	for (int tries = 0; fd >= 0 && tries < 3; tries++) {
		for (int i = 0; i < 2; i++)
			if (clock_gettime(CLOCK_REALTIME_COARSE, &tick[i]) < 0 || futimens(fd, NULL) < 0 ||
			    fstat(fd, &st[i]) < 0)
				return false;
		if (dir_state_ns(tick[0]) == dir_state_ns(tick[1]))
			return dir_state_ns(st[0].st_ctim) != dir_state_ns(st[1].st_ctim);
	}
	return false;
}

static bool has_fine_times(struct maildir *m)
{
	if (m->fine_times == FINE_UNKNOWN)
		m->fine_times = !m->remote && !m->memory_only && try_fine_times(m) ? FINE_YES : FINE_NO;
	return m->fine_times == FINE_YES;
}

uint64_t look_settles(struct maildir *m, const struct dir_state dirs[DIR_COUNT], uint64_t now)
{
	const uint64_t tick = m->remote ? REMOTE_TICK : TICK;
	uint64_t last = 0;

	for (int i = 0; i < DIR_COUNT; i++)
		last = MAX(last, MAX(dirs[i].mtime, dirs[i].ctime));
	return last + tick > now && !has_fine_times(m) ? last + tick - now : 0;
}

bool look_is_known(const struct maildir *m, const struct dir_state now[DIR_COUNT])
{
	if (m->looked_ok && same_state(now, m->looked))
		return true;
	/* A message that was journaled since, with the directories as they were, is still on its way from tmp/:
	 * whoever delivered it has died.
	 */
	return m->index.dirs_known && m->index.dirs_uidnext == m->index.uidnext &&
	       same_state(now, m->index.dirs);
}

bool look_unchanged(const struct maildir *m)
{
	struct dir_state now[DIR_COUNT];

	return look_state(m, now) == 0 && look_is_known(m, now);
}

/* If nothing has changed up to the moment after it is armed, everything that is believed holds. */
void look_arm(struct maildir *m)
{
	if (m->watch.fd >= 0 || m->config->no_inotify ||
	    watch_arm(&m->watch, &m->arena, m->dir, m->cur, m->new, m->config->spare_watch) < 0)
		return;
	m->exact = !m->remote && !m->must_look && look_unchanged(m);
}

void look_begin(struct maildir *m, struct look *look)
{
	*look = (struct look){ 0 };
	if (++m->generation == 0) {
		for (size_t i = 0; i < index_count(&m->index); i++)
			if (index_at(&m->index, i)->seen) /* memory that nobody writes to is shared */
				index_at(&m->index, i)->seen = 0;
		m->generation = 1;
	}
}

void look_release(struct look *look)
{
	arena_free(&look->arena);
	buf_release(&look->fresh);
	buf_release(&look->twins);
	buf_release(&look->touched);
	buf_release(&look->half);
}

static void keep(struct look *look, struct buf *list, struct str name, const struct mdname *parts, bool in_new,
		 uint32_t uid)
{
	const struct str copy = arena_str(&look->arena, name);
	const struct sighting s = { .name = copy,
				    .base = str_head(copy, parts->base.n),
				    .letters = parts->letters,
				    .in_new = in_new,
				    .uid = uid,
				    .order = mdname_order(parts->base) };

	buf_add(list, &s, sizeof s);
}

static void touch(struct look *look, const struct message *msg)
{
	if (!look->full)
		buf_add(&look->touched, &msg->uid, sizeof msg->uid);
}

static bool believed(const struct maildir *m, const struct message *msg, struct str name, bool in_new)
{
	char is[MDNAME_MAX + 1];

	index_name(&m->index, msg, is);
	return in_new == ((msg->state & AT_NEW) != 0) && str_eq(name, str_z(is));
}

void look_sight(struct maildir *m, struct look *look, struct str name, bool in_new)
{
	const struct mdname parts = mdname_split(name);
	struct message *msg = parts.base.n ? index_find_base(&m->index, parts.base) : NULL;

	if (in_new)
		m->unmoved = true;
	if (!msg) {
		keep(look, &look->fresh, name, &parts, in_new, 0);
		return;
	}
	touch(look, msg);
	/* One that was seen already, or is known to be where it is, is no reason to believe another. */
	if (!(msg->state & AT_DOUBT) && (msg->seen == m->generation || !look->full)) {
		if (!believed(m, msg, name, in_new))
			keep(look, &look->twins, name, &parts, in_new, msg->uid);
		else
			msg->seen = m->generation;
		return;
	}
	msg->seen = m->generation;
	index_believe(&m->index, msg, parts.suffix, in_new);
}

/* A message is a regular file that is not hidden. What the directory does not say of its type is asked for.
 */
static bool is_message(const struct maildir *m, int dir, const struct dirent *e)
{
	struct stat st;

	if (e->d_name[0] == '.')
		return false;
	if (e->d_type == DT_REG)
		return true;
	if (e->d_type != DT_UNKNOWN && !(e->d_type == DT_LNK && m->config->symlinks))
		return false;
	return fstatat(dir, e->d_name, &st, m->config->symlinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode);
}

static int read_names(struct maildir *m, struct look *look, int dir, bool in_new)
{
	const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	DIR *d;
	int r;

	if (fd < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d) {
		r = -errno;
		close(fd);
		return r;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0) {
		box_keep_lock(m);
		if (is_message(m, dir, e))
			look_sight(m, look, str_z(e->d_name), in_new);
	}
	r = -errno;
	closedir(d);
	return r;
}

/* Returns the message that it is known to be, or 0. */
static uint32_t drop(struct buf *list, struct str name, bool in_new)
{
	struct sighting *v = (void *)list->s;
	uint32_t uid = 0;

	for (size_t i = list->n / sizeof *v; i-- > 0;)
		if (v[i].in_new == in_new && str_eq(v[i].name, name)) {
			v[i].dropped = true;
			uid = v[i].uid;
		}
	return uid;
}

static bool any(const struct buf *list)
{
	const struct sighting *v = (void *)list->s;

	for (size_t i = 0; i < list->n / sizeof *v; i++)
		if (!v[i].dropped)
			return true;
	return false;
}

/* A name is gone. If it was the one that the message went by, the message is missing, until another name
 * comes. */
static void went(struct maildir *m, struct look *look, const struct watch_event *e)
{
	const bool in_new = e->where == WATCH_NEW;
	const struct mdname parts = mdname_split(e->name);
	struct message *msg = parts.base.n ? index_find_base(&m->index, parts.base) : NULL;

	look->moved = drop(&look->fresh, e->name, in_new); /* it may be journaled since it was seen */
	if (msg)
		look->moved = msg->uid;
	look->cookie = e->cookie;
	if (e->cookie)
		buf_add(&look->half, &look->moved, sizeof look->moved);
	if (!msg)
		return;
	drop(&look->twins, e->name, in_new);
	touch(look, msg);
	if (believed(m, msg, e->name, in_new)) {
		msg->seen = 0;
		msg->state |= AT_DOUBT;
	} else if (!look->full && !(msg->state & AT_DOUBT)) {
		msg->seen = m->generation;
	}
}

/* A name is there; if it came by a rename, it is the message that went. */
static void came(struct maildir *m, struct look *look, const struct watch_event *e)
{
	const size_t before = look->fresh.n / sizeof(struct sighting);
	struct sighting *v;

	if (e->cookie && e->cookie == look->cookie && look->half.n)
		look->half.n -= sizeof look->moved; /* the last that went is whole */
	if (e->name.n == 0 || e->name.s[0] == '.')
		return;
	look_sight(m, look, e->name, e->where == WATCH_NEW);
	v = (void *)look->fresh.s;
	if (look->fresh.n / sizeof *v > before && e->cookie && e->cookie == look->cookie)
		v[before].uid = look->moved;
}

static bool next_event(struct maildir *m, struct watch_event *ret)
{
	if (!watch_next(&m->watch, ret))
		return false;
	m->top_stirs = m->top_stirs || ret->where == WATCH_TOP;
	return true;
}

void look_events(struct maildir *m, struct look *look)
{
	struct watch_event e;

	while (next_event(m, &e)) {
		if (e.what == WATCH_LOST)
			m->must_look = true;
		else if (e.where == WATCH_TOP)
			continue;
		else if (e.what == WATCH_WENT)
			went(m, look, &e);
		else if (e.what == WATCH_CAME)
			came(m, look, &e);
	}
}

/* What happened before the reading begins will be read. */
static void forget_events(struct maildir *m)
{
	struct watch_event e;

	while (next_event(m, &e))
		;
}

static void wait_a_tick(const struct maildir *m)
{
	const struct timespec t = { .tv_nsec = (long)TICK + 1000000 };

	if (!m->remote)
		nanosleep(&t, NULL);
}

static bool all_seen(const struct maildir *m)
{
	for (size_t i = 0; i < index_count(&m->index); i++)
		if (index_at(&m->index, i)->seen != m->generation)
			return false;
	return true;
}

/* Whether cur/ is as it was when everything in it was known: then new/ alone has to be read. Returns the UIDNEXT of then, as
 * messages after it are not known to be there, or 0. Where the journal alone says that some were in new/, it is not known which:
 * then new/, too, has to be as it was, or one that has gone from there would be believed in cur/.
 */
static uint32_t cur_known(const struct maildir *m, const struct dir_state now[DIR_COUNT], bool *ret_both)
{
	const struct dir_state *then = m->index.dirs;

	*ret_both = false; /* whether that is why */
	if (m->must_look || m->power_cut || m->importing)
		return 0;
	if (m->looked_ok && !m->unplaced && memcmp(&now[DIR_CUR], &m->looked[DIR_CUR], sizeof *now) == 0)
		return m->looked_uidnext;
	if (!m->index.dirs_known || memcmp(&now[DIR_CUR], &then[DIR_CUR], sizeof *now) != 0)
		return 0;
	if (!m->unplaced && !m->index.unplaced)
		return m->index.dirs_uidnext;
	*ret_both = memcmp(&now[DIR_NEW], &then[DIR_NEW], sizeof *now) == 0;
	return *ret_both ? m->index.dirs_uidnext : 0;
}

/* It is not in new/, though it was believed there, or has never been seen anywhere. */
static void not_in_new(struct maildir *m, struct look *look, struct message *msg)
{
	if (msg->seen == m->generation)
		return;
	touch(look, msg);
	msg->state |= AT_DOUBT;
}

/* cur/ is as it was when all in it were known, up to that UID: so new/ tells the rest. Of the messages only those are looked at
 * that may be there, since there are few of them.
 */
static int read_new(struct maildir *m, struct look *look, uint32_t known)
{
	struct index *ix = &m->index;
	int r;

	look->full = false;
	look->new_only = true;
	r = read_names(m, look, m->new, true);
	for (size_t i = index_position(ix, MIN(ix->new_from, known)); r >= 0 && i < index_count(ix); i++) {
		struct message *msg = index_at(ix, i);

		if (msg->state & AT_NEW || msg->uid >= known)
			not_in_new(m, look, msg);
	}
	return r;
}

static int read_both(struct maildir *m, struct look *look)
{
	const int r = read_names(m, look, m->new, true);

	return r < 0 ? r : read_names(m, look, m->cur, false);
}

static int look_once(struct maildir *m, struct look *look)
{
	struct dir_state before[DIR_COUNT];
	uint64_t now = 0;
	uint32_t known;
	bool both;
	int r;

	forget_events(m);
	look_release(look);
	look_begin(m, look);
	look->full = true;
	r = look_state(m, before);
	if (r < 0)
		return r;
	known = cur_known(m, before, &both);
	m->unmoved = m->looked_ok = m->must_look = false;
	r = known ? read_new(m, look, known) : read_both(m, look);
	if (r >= 0) {
		now = clock_files_ns();
		r = look_state(m, m->looked);
	}
	if (r < 0)
		return r;
	m->looked_ok = same_state(before, m->looked) && look_settles(m, before, now) == 0;
	m->looked_uidnext = m->index.uidnext;
	m->must_look = both && !m->looked_ok; /* what has left new/ meanwhile is believed in cur/ */
	m->unplaced = false;
	look_events(m, look);
	look->certain = (m->watch.fd >= 0 && !m->remote && !m->must_look) || m->looked_ok;
	return 0;
}

int look_everywhere(struct maildir *m, struct look *look)
{
	if (!(m->mode & MD_READONLY))
		look_arm(m);
	for (int i = 0; i < TRIES; i++) {
		const int r = look_once(m, look);

		if (r < 0)
			return r;
		if (look->certain || (look->full && all_seen(m)))
			break;
		m->must_look = m->must_look || look->full; /* at both, the next time; else cur/ is still what it was, or that shows */
		wait_a_tick(m);
	}
	m->exact = m->watch.fd >= 0 && !m->remote && !m->must_look;
	m->must_look = m->must_look || !look->certain;
	return 0;
}

/* That the name of a file says what the journal does. */
static bool agrees(const struct maildir *m, const struct message *msg)
{
	const uint64_t letters = index_letters(&m->index, msg);

	return index_believed_letters(&m->index, msg) == letters ||
	       !mdname_fits(index_base(&m->index, msg), letters);
}

static bool resolve(struct maildir *m, struct look *look)
{
	struct sighting *v = (void *)look->fresh.s;
	const size_t n = look->fresh.n / sizeof *v;
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].dropped)
			continue;
		if (v[i].base.n && index_find_base(&m->index, v[i].base))
			look_sight(m, look, v[i].name, v[i].in_new);
		else
			v[left++] = v[i];
	}
	look->fresh.n = left * sizeof *v;
	return left > 0;
}

/* Takes the events that this handle's own renames have made, so that they wake nobody and do not fill the
 * queue. What others have done meanwhile among them is left to the next update.
 */
void look_own(struct maildir *m, struct look *look, bool done)
{
	look_events(m, look);
	if (done && m->exact && look_differs(m, look))
		m->must_look = true;
}

bool look_differs(struct maildir *m, struct look *look)
{
	const uint32_t *touched;
	bool differs = resolve(m, look) || any(&look->twins);

	if (look->full) {
		for (size_t i = 0; i < index_count(&m->index) && !differs; i++)
			differs = index_at(&m->index, i)->seen != m->generation ||
				  !agrees(m, index_at(&m->index, i));
		return differs;
	}
	touched = (void *)look->touched.s;
	for (size_t i = 0; i < look->touched.n / sizeof *touched && !differs; i++) {
		const struct message *msg = index_find(&m->index, touched[i]);

		differs = msg && (msg->state & AT_DOUBT || !agrees(m, msg));
	}
	return differs;
}

/* With a watch, where each message is believed to be is where it is: somebody else may have moved them. */
bool look_unmoved(struct maildir *m)
{
	struct index *ix = &m->index;
	size_t i = index_position(ix, ix->new_from);

	if (!m->unmoved || !m->exact || m->unplaced)
		return m->unmoved;
	while (i < index_count(ix) && !(index_at(ix, i)->state & AT_NEW))
		i++;
	m->unmoved = i < index_count(ix);
	ix->new_from = m->unmoved ? index_at(ix, i)->uid : UINT32_MAX;
	return m->unmoved;
}
