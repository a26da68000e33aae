/* base/fd.h: descriptors: all of a read or write, closing, and passing them on */
#pragma once
#include <sys/types.h>
#include "base/buf.h"

/* Every function returns a negative errno on failure, and goes on after EINTR. */

void fd_closep(int *fd);	/* for _cleanup_; -1 is nothing to close */

/* Waits until all n octets are written, also where fd is non-blocking. Returns 0. Never raises SIGPIPE if it is ignored. */
int fd_write_all(int fd, const void *p, size_t n);
/* Up to n octets, fewer only at the end of the file. Returns how many. */
ssize_t fd_read_all(int fd, void *p, size_t n);
/* The same from a place in a file. */
ssize_t fd_pread_all(int fd, void *p, size_t n, off_t at);

/* Adds a whole file to ret. -EFBIG if it has more than max octets. */
int fd_slurp(int fd, size_t max, struct buf *ret);
int fd_slurp_at(int dir, const char *path, size_t max, struct buf *ret);

/* One datagram on a Unix socket, with up to FD_PASS descriptors. fd_recv() returns its length and sets *ret_nfds
 * (descriptors are close-on-exec and the caller's); 0 at the end; -EMSGSIZE if it was longer than n.
 */
enum { FD_PASS = 4 };
int fd_send(int sock, const void *p, size_t n, const int *fds, size_t nfds);
ssize_t fd_recv(int sock, void *p, size_t n, int *ret_fds, size_t *ret_nfds);

/* Whether both are open on the same file or socket. */
bool fd_same(int a, int b);
