/* auth/account.c: becoming the user, and the program after us */
#define _GNU_SOURCE
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "auth/account.h"
#include "auth/checkpassword.h"
#include "base/env.h"
#include "base/log.h"
#include "base/status.h"

bool option_on(const char *options, const char *name)
{
	struct str value;

	return env_option(options, name, &value) && value.n &&
	       (strtol(value.s, NULL, 10) != 0 || strchr("tTyY", value.s[0]) != NULL);
}

/* Whether the mail is on another host, of which the client has been told (RFC 2221). */
static bool referred(const struct account *a)
{
	struct status status;
	struct str host;

	if (!env_option(a->options, "referral", &host))
		return false;
	if (status_open(true, &status) < 0 || !status_refer(&status, str_z(a->login), host)) {
		log_line(LOG_ERR, "%s: referral=%.*s: nobody can be told", a->login, (int)host.n, host.n ? host.s : "");
		refused_because("UNAVAILABLE", "Your mail is on another server.");
	}
	return true;
}

bool account_allowed(const struct account *a)
{
	bool tls;

	if (option_on(a->options, "disableimap")) {
		log_line(LOG_INFO, "%s: disableimap is set for the account", a->login);
		refused_because("CONTACTADMIN", "IMAP access is disabled for this account.");
		return false;
	}
	if (option_on(a->options, "disableinsecureimap") && (!env_bool("IMAP_TLS", false, &tls) || !tls)) {
		log_line(LOG_INFO, "%s: disableinsecureimap is set for the account", a->login);
		refused_because("PRIVACYREQUIRED", "This account may be used over TLS only.");
		return false;
	}
	return !referred(a);
}

struct variable {
	const char *name, *value;
};

/* False if memory is out, which setenv() has no other reason for. */
static bool environment(const struct account *a)
{
	const struct variable vars[] = {
		{ "USER",          a->name     },
		{ "HOME",          a->home     },
		{ "SHELL",         a->shell    },
		{ "AUTHENTICATED", a->login    },
		{ "AUTHADDR",      a->login    },
		{ "AUTHFULLNAME",  a->fullname },
		{ "MAILDIR",       a->maildir  },
		{ "MAILDIRQUOTA",  a->quota    },
		{ "OPTIONS",       a->options  },
		{ 0                            },
	};

	for (const struct variable *v = vars; v->name; v++)
		if ((v->value && *v->value ? setenv(v->name, v->value, 1) : unsetenv(v->name)) < 0)
			return false;
	return true;
}

static int failed(const struct account *a, const char *doing, int code)
{
	log_line(LOG_ERR, "%s: %s: %s", a->login, doing, strerror(errno));
	return code;
}

/* Groups, then gid, then uid: after the last one there is no way back. Returns 0 or the exit code. */
static int become(const struct account *a)
{
	if (geteuid() == 0) {
		if (a->system ? initgroups(a->name, a->gid) : setgroups(1, &a->gid))
			return failed(a, "setting groups", EXIT_TEMPORARY);
		if (setresgid(a->gid, a->gid, a->gid) < 0 || setresuid(a->uid, a->uid, a->uid) < 0)
			return failed(a, "becoming the user", EXIT_TEMPORARY);
	}
	if (getuid() != a->uid || geteuid() != a->uid || getgid() != a->gid || getegid() != a->gid) {
		errno = EPERM;
		return failed(a, "becoming the user", EXIT_PERMANENT);
	}
	return 0;
}

/* imapd does not want to be root, so nothing that we start may be, unless the site has said so. */
static bool root_allowed(const struct account *a)
{
	bool allowed;

	if (a->uid != 0 || (env_bool("IMAPD_ALLOW_ROOT", false, &allowed) && allowed))
		return true;
	log_line(LOG_WARNING, "%s: root may not log in (IMAPD_ALLOW_ROOT)", a->login);
	return false;
}

int account_exec(const struct account *a, char **argv)
{
	int r;

	if (!root_allowed(a))
		return EXIT_REFUSED;
	r = become(a);
	if (r)
		return r;
	if (chdir(a->home) < 0)
		return failed(a, a->home, EXIT_TEMPORARY);
	if (!environment(a))
		return EXIT_TEMPORARY;
	execvp(argv[0], argv);
	return failed(a, argv[0], EXIT_TEMPORARY);
}
