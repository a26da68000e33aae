/* tls/control.c: what imaptls says to the monitor (doc/CHAIN.md) */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include "tls/control.h"

enum { LONGEST = 1024 }; /* of a datagram */

void control_say(int control, const char *fmt, ...)
{
	char text[LONGEST];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	n = MIN(n, LONGEST - 1);
	for (int i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	while (send(control, text, (size_t)n, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static ssize_t receive(int control, char *ret, size_t n, int flags)
{
	ssize_t r;

	do
		r = recv(control, ret, n, flags);
	while (r < 0 && errno == EINTR);
	return r;
}

bool control_go(int control)
{
	char text[LONGEST];
	const ssize_t n = receive(control, text, sizeof text, 0);

	return n > 0 && str_eq((struct str){ text, (size_t)n }, STR("GO"));
}

bool control_ended(int control)
{
	char text[LONGEST];
	const ssize_t n = receive(control, text, sizeof text, MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}
