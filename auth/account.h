/* auth/account.h: becoming the user, and the program after us */
#pragma once
#include <sys/types.h>
#include "base/str.h"

/* Who has proved to be who. NULL: there is none. */
struct account {
	const char *login;    /* the name given at login: AUTHADDR */
	const char *name;     /* USER */
	const char *fullname; /* AUTHFULLNAME */
	const char *home;     /* HOME, where the program starts */
	const char *shell;    /* SHELL */
	const char *maildir;  /* MAILDIR */
	const char *quota;    /* MAILDIRQUOTA */
	const char *options;  /* OPTIONS: "disableimap=1,group=sales" */
	uid_t uid;
	gid_t gid;
	bool system; /* name is in the system's group database too */
};

/* Whether the option is in the list and on: its value is a number other than 0, or begins with t or y. */
bool option_on(const char *options, const char *name);

/* Whether the account may be used over IMAP at all, over this connection, and here (disableimap,
 * disableinsecureimap, referral). Tells the client why not.
 */
bool account_allowed(const struct account *a);

/* Becomes a: environment, groups, gid, uid, directory; then runs argv, which is never empty. What we already
 * are is left alone, so that it works without any privilege for one's own uid. Returns only on failure, with
 * the exit code.
 */
int account_exec(const struct account *a, char **argv);
