/* maildir/find.c: where a message's file is, and opening it */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "maildir/box.h"

static bool is_there(const struct maildir *m, int dir, const char *name, struct stat *ret)
{
	return fstatat(dir, name, ret, m->config->symlinks ? 0 : AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(ret->st_mode);
}

/* Base and suffix, if they fit into a name. */
static bool join(struct str base, struct str suffix, char ret[MDNAME_MAX + 1])
{
	if (base.n + suffix.n > MDNAME_MAX)
		return false;
	memcpy(ret, base.s, base.n);
	memcpy(ret + base.n, suffix.s, suffix.n);
	ret[base.n + suffix.n] = 0;
	return true;
}

/* A delivery that a crash cut off after it was journaled: the file is in tmp/ under its base name. */
static bool finish_delivery(struct maildir *m, const struct message *msg, struct stat *ret)
{
	char base[MDNAME_MAX + 1], name[MDNAME_MAX + 1], suffix[MDNAME_SUFFIX];
	const size_t n = mdname_suffix(index_letters(&m->index, msg), suffix);

	return m->locked && join(index_base(&m->index, msg), STR(""), base) &&
	       is_there(m, m->tmp, base, ret) &&
	       join(index_base(&m->index, msg), (struct str){ suffix, n }, name) &&
	       box_rename(m->tmp, base, m->cur, name) >= 0;
}

int find_file(struct maildir *m, struct message *msg, struct stat *ret)
{
	char name[MDNAME_MAX + 1], suffix[MDNAME_SUFFIX];
	const size_t n = mdname_suffix(index_letters(&m->index, msg), suffix);
	const struct {
		bool in_new;
		struct str suffix;
	} likely[] = {
		{false,	 { suffix, n }},
		  { true,  { "", 0 }    },
		   { false, { ":2,", 3 } },
		{ false, { "", 0 }	   },
		  { true,  { suffix, n }},
	};
	struct stat st;

	index_name(&m->index, msg, name);
	if (is_there(m, msg->state & AT_NEW ? m->new : m->cur, name, &st)) {
		*ret = st;
		return 0;
	}
	for (size_t i = 0; i < COUNT(likely); i++)
		if (join(index_base(&m->index, msg), likely[i].suffix, name) &&
		    is_there(m, likely[i].in_new ? m->new : m->cur, name, &st)) {
			index_believe(&m->index, msg, likely[i].suffix, likely[i].in_new);
			*ret = st;
			return 0;
		}
	if (!finish_delivery(m, msg, &st))
		return -ENOENT;
	index_believe(&m->index, msg, (struct str){ suffix, n }, false);
	*ret = st;
	return 0;
}

int find_rename(struct maildir *m, struct message *msg, uint64_t letters)
{
	char from[MDNAME_MAX + 1], to[MDNAME_MAX + 1], suffix[MDNAME_SUFFIX];
	const size_t n = mdname_suffix(letters, suffix);
	int r;

	if (index_believed_letters(&m->index, msg) == letters ||
	    !join(index_base(&m->index, msg), (struct str){ suffix, n }, to))
		return 0;
	index_name(&m->index, msg, from);
	r = box_rename(msg->state & AT_NEW ? m->new : m->cur, from, m->cur, to);
	if (r >= 0)
		index_believe(&m->index, msg, (struct str){ suffix, n }, false);
	return r;
}

void maildir_place(const struct maildir *m, uint32_t uid, struct md_place *ret)
{
	const struct message *msg = index_find(&m->index, uid);

	*ret = (struct md_place){ .dir = -1 };
	if (!msg)
		return;
	ret->dir = msg->state & AT_NEW ? m->new : m->cur;
	ret->follow = m->config->symlinks;
	ret->sets_atime = m->sets_atime;
	index_name(&m->index, msg, ret->name);
}

/* When a message was read is of no use to anybody, and to write it down would take as long as reading does. For a file of somebody else
 * that can't be asked for.
 */
static int open_quietly(struct md_place *p)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (p->follow ? 0 : O_NOFOLLOW);
	int fd = -1;

	if (!p->sets_atime) {
		fd = openat(p->dir, p->name, flags | O_NOATIME);
		p->sets_atime = fd < 0 && errno == EPERM;
	}
	return p->sets_atime ? openat(p->dir, p->name, flags) : fd;
}

int md_place_open(struct md_place *p, struct md_file *ret)
{
	struct stat st;
	int fd, r;

	if (p->dir < 0)
		return -ENOENT;
	fd = open_quietly(p);
	if (fd < 0)
		return errno == ENXIO ? -EINVAL : -errno;
	r = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret = (struct md_file){ .fd = fd, .size = st.st_size, .mtime = st.st_mtime };
	return 0;
}

static int open_believed(struct maildir *m, const struct message *msg, struct md_file *ret)
{
	struct md_place place;
	int r;

	maildir_place(m, msg->uid, &place);
	r = md_place_open(&place, ret);
	m->sets_atime = place.sets_atime;
	return r;
}

/* Somebody holds the lock for long: the file is looked for all the same, and nothing that was seen is journaled. */
static int look_unlocked(struct maildir *m, uint32_t uid, struct md_file *ret)
{
	_cleanup_(look_release) struct look look = { 0 };
	const struct message *msg;
	int r;

	look_begin(m, &look);
	r = look_everywhere(m, &look);
	m->must_look = true;
	if (r < 0)
		return r;
	msg = index_find(&m->index, uid);
	r = msg && msg->seen == m->generation ? open_believed(m, msg, ret) : -ENOENT;
	return r == -ENOENT ? -ETIMEDOUT : r; /* whether it is gone is for the lock's holder to say */
}

/* Takes what has happened into account, and if that says nothing of it, looks everywhere. */
static int look_for(struct maildir *m, uint32_t uid, struct md_file *ret)
{
	int r = box_lock(m, box_read_wait(m));

	if (r == -ETIMEDOUT)
		return look_unlocked(m, uid, ret);
	if (r == -EROFS || r == -EACCES || r == -EPERM) /* nobody here can tell more */
		return -ENOENT;
	for (int i = 0; i < 2 && r >= 0; i++) {
		_cleanup_(look_release) struct look look = { 0 };
		struct message *msg;
		struct stat st;

		r = update_locked(m, &look, 0);
		msg = index_find(&m->index, uid);
		if (r < 0 || !msg) {
			r = r < 0 ? r : -ENOENT;
			break;
		}
		r = find_file(m, msg, &st);
		if (r >= 0)
			r = open_believed(m, msg, ret);
		if (r != -ENOENT)
			break;
		m->must_look = true;
		r = i == 0 ? 0 : -ENOENT;
	}
	box_unlock(m);
	return r;
}

int maildir_message_file(struct maildir *m, uint32_t uid, struct md_file *ret)
{
	struct message *msg = index_find(&m->index, uid);
	struct stat st;
	int r = msg ? open_believed(m, msg, ret) : -ENOENT;

	if (!msg || r != -ENOENT)
		return r;
	r = box_catch_up(m);
	if (r < 0)
		return r;
	msg = index_find(&m->index, uid);
	if (!msg)
		return -ENOENT;
	r = find_file(m, msg, &st) < 0 ? -ENOENT : open_believed(m, msg, ret);
	return r == -ENOENT ? look_for(m, uid, ret) : r;
}

int maildir_message_fd(struct maildir *m, uint32_t uid, int *ret_fd)
{
	struct md_file file;
	const int r = maildir_message_file(m, uid, &file);

	if (r == 0)
		*ret_fd = file.fd;
	return r;
}
