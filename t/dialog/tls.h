/* t/dialog/tls.h: the client's end of TLS */
#pragma once
#include <sys/types.h>
#include "base/str.h"

struct tls;

/* fd is a non-blocking socket. NULL, with a line on stdout, if there is no TLS to be had on it. */
struct tls *tls_open(int fd);
void tls_free(struct tls *t);	/* NULL is fine; does not close fd */

/* As read() and write() on a non-blocking descriptor: -1 and errno EAGAIN when nothing can be done now. */
ssize_t tls_read(struct tls *t, void *p, size_t n);
ssize_t tls_write(struct tls *t, struct str octets);
/* Whether tls_read() has something that poll() does not see. */
bool tls_pending(const struct tls *t);
/* close_notify: no more will be written. */
void tls_end(struct tls *t);
