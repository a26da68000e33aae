/* base/fd.c: descriptors: all of a read or write, closing, and passing them on */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fd.h"

void fd_closep(int *fd)
{
	const int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* Whether the call that failed is worth another try; waits for it if the descriptor is non-blocking. */
static bool again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return true;
	if (errno != EAGAIN)
		return false;
	return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

int fd_write_all(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		const ssize_t w = write(fd, s, n);

		if (w < 0 && !again(fd, POLLOUT))
			return -errno;
		if (w > 0) {
			s += w;
			n -= (size_t)w;
		}
	}
	return 0;
}

ssize_t fd_read_all(int fd, void *p, size_t n)
{
	size_t had = 0;

	while (had < n) {
		const ssize_t r = read(fd, (char *)p + had, n - had);

		if (r == 0)
			break;
		if (r < 0 && !again(fd, POLLIN))
			return -errno;
		if (r > 0)
			had += (size_t)r;
	}
	return (ssize_t)had;
}

ssize_t fd_pread_all(int fd, void *p, size_t n, off_t at)
{
	size_t had = 0;

	while (had < n) {
		const ssize_t r = pread(fd, (char *)p + had, n - had, at + (off_t)had);

		if (r == 0)
			break;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0)
			had += (size_t)r;
	}
	return (ssize_t)had;
}

int fd_slurp(int fd, size_t max, struct buf *ret)
{
	const size_t had = ret->n;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size <= max)
		buf_reserve(ret, (size_t)st.st_size + 1);
	for (;;) {
		const size_t room = 16384;
		const ssize_t r = fd_read_all(fd, buf_reserve(ret, room), room);

		if (r < 0 || ret->n - had + (size_t)r > max) {
			ret->n = had;
			return r < 0 ? (int)r : -EFBIG;
		}
		ret->n += (size_t)r;
		if ((size_t)r < room)
			return 0;
	}
}

int fd_slurp_at(int dir, const char *path, size_t max, struct buf *ret)
{
	_cleanup_(fd_closep) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd_slurp(fd, max, ret);
}

union control {
	struct cmsghdr head;	/* for its alignment */
	char room[CMSG_SPACE(FD_PASS * sizeof(int))];
};

int fd_send(int sock, const void *p, size_t n, const int *fds, size_t nfds)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };

	if (nfds) {
		struct cmsghdr *c;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (!again(sock, POLLOUT))
			return -errno;
	return 0;
}

static size_t descriptors(struct msghdr *msg, int *fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), n * sizeof(int));
	}
	return n;
}

ssize_t fd_recv(int sock, void *p, size_t n, int *ret_fds, size_t *ret_nfds)
{
	struct iovec iov = { .iov_base = p, .iov_len = n };
	union control control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof control };
	int fds[FD_PASS];
	size_t nfds;
	ssize_t r;

	while ((r = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC)) < 0)
		if (!again(sock, POLLIN))
			return -errno;
	nfds = descriptors(&msg, fds);
	if (msg.msg_flags & MSG_TRUNC || (nfds && !ret_fds)) {
		for (size_t i = 0; i < nfds; i++)
			fd_closep(&fds[i]);
		return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : r;
	}
	if (ret_fds)
		memcpy(ret_fds, fds, nfds * sizeof(int));
	if (ret_nfds)
		*ret_nfds = nfds;
	return r;
}

bool fd_same(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}
