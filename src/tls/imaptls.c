/* tls/imaptls.c: speaks TLS with a client for a server that does not */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "base/env.h"
#include "base/log.h"
#include "tls/serve.h"
#include "tls/ticket.h"

enum { NETWORK = 0, PLAIN = 1, CONTROL = 3 }; /* doc/CHAIN.md */

static int usage(void)
{
	fputs("usage: imaptls                    (started by imaplogin)\n"
	      "       imaptls --check            tells what the TLS_ settings come to\n"
	      "       imaptls --new-ticket-key [FILE]\n",
	      stderr);
	return EXIT_MISUSED;
}

static int new_ticket_key(const char *path)
{
	_cleanup_(buf_release) struct buf usual = { 0 };
	int r;

	buf_printf(&usual, "%s/tls-ticket.key", env_text("IMAPD_STATEDIR", "/run/imapd"));
	r = tickets_renew(path ? path : env_text("IMAPD_TLS_TICKETS", buf_cstr(&usual)));
	if (r < 0)
		log_errno(r, "making a key for session tickets");
	return r < 0 ? EXIT_TEMPORARY : EXIT_OK;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	log_open("imaptls", argc == 1 ? NETWORK : -1);
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return serve_check();
	if ((argc == 2 || argc == 3) && strcmp(argv[1], "--new-ticket-key") == 0)
		return new_ticket_key(argc == 3 ? argv[2] : NULL);
	if (argc != 1 || fcntl(CONTROL, F_GETFD) < 0)
		return usage();
	_exit(serve(NETWORK, PLAIN, CONTROL)); /* GnuTLS would put in order what ends with us anyway */
}
