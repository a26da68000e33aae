/* login/settings.c: what the environment sets, and what of it must not reach anybody */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "login/sasl.h"
#include "login/settings.h"

static bool seconds(const char *name, uint64_t least, uint64_t dflt, uint64_t *ret_ms)
{
	uint64_t v;

	if (!env_number(name, least, 600, dflt, &v))
		return false;
	*ret_ms = v * 1000;
	return true;
}

/* The more cautious of the two wins. Courier's own default, which is to ask for nothing, must be spelled out.
 */
static bool passwords(struct settings *s)
{
	bool required, allowed;

	if (!env_bool("IMAP_TLS_REQUIRED", false, &required) ||
	    !env_bool("IMAPD_ALLOW_PLAINTEXT", false, &allowed))
		return false;
	if (required)
		s->passwords_need = TLS_FOR_ALL;
	else if (allowed || env_text("IMAP_TLS_REQUIRED", NULL))
		s->passwords_need = TLS_FOR_NONE;
	else
		s->passwords_need = TLS_FOR_REMOTE;
	return true;
}

/* Where root keeps it; anybody else has a directory of his own, or none. */
static const char *state_dir(void)
{
	return env_text("IMAPD_STATEDIR", geteuid() == 0 ? "/run/imapd" : env_text("XDG_RUNTIME_DIR", NULL));
}

static bool mechanisms(struct settings *s)
{
	struct str rest, word;

	s->mechanisms = env_text("IMAPD_MECHANISMS", "PLAIN LOGIN EXTERNAL");
	rest = str_z(s->mechanisms);
	while (str_cut(&rest, ' ', &word))
		if (word.n && !sasl_is_name(word)) {
			log_line(LOG_ERR, "IMAPD_MECHANISMS: \"%.*s\" is no name of a mechanism", (int)word.n,
				 word.s);
			return false;
		}
	return true;
}

bool settings_read(struct settings *ret)
{
	const bool certificate = env_text("TLS_CERTFILE", NULL) || env_text("IMAPD_TLS_CERTDIR", NULL) ||
				 env_text("IMAPD_CREDENTIALS", NULL);
	struct settings s = {
		.capability = env_text("IMAP_CAPABILITY", NULL),
		.capability_tls = env_text("IMAP_CAPABILITY_TLS", env_text("IMAP_CAPABILITY", NULL)),
		.proxies = env_text("IMAPD_PROXY_FROM", NULL),
		.state_dir = state_dir(),
		.notify = env_text("NOTIFY_SOCKET", NULL),
	};

	if (!env_bool("IMAP_TLS", false, &s.tls) || !env_bool("IMAP_STARTTLS", certificate, &s.starttls) ||
	    !passwords(&s) || !mechanisms(&s) || !seconds("IMAPD_FAILDELAY", 0, 2, &s.fail_delay) ||
	    !seconds("IMAPD_LOGIN_TIMEOUT", 1, 60, &s.login_time) ||
	    !seconds("IMAPD_HELPER_TIMEOUT", 1, 60, &s.helper_time))
		return false;
	*ret = s;
	return true;
}

/* clang-format off */
static const char *const foreign[] = {	/* by how they begin */
	"AUTH", "IMAPBINDINGS=", "IMAPEARLYFD=", "IMAPLOGINTAG=", "IMAPMECHANISM=", "IMAPSTATUSFD=",
	"IMAP_TLS=", "LISTEN_", "MAILDIR", "NOTIFY_SOCKET=", "OPTIONS=", "TCPLOCAL", "TCPREMOTE", "TLS_CONNECTED_PROTOCOL=", "TLS_SUBJECT_", NULL,
};
/* clang-format on */

static bool is_foreign(const char *variable)
{
	for (size_t i = 0; foreign[i]; i++)
		if (strncmp(variable, foreign[i], strlen(foreign[i])) == 0)
			return true;
	return false;
}

static void path_begins_here(void)
{
	_cleanup_(buf_release) struct buf path = { 0 };
	char self[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof self);
	const struct str file = { self, n > 0 ? (size_t)n : 0 };

	if (n <= 0 || (size_t)n == sizeof self)
		return;
	buf_str(&path, str_head(file, str_rfind(file, '/')));
	buf_c(&path, ':');
	buf_z(&path, env_text("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
	setenv("PATH", buf_cstr(&path), 1);
}

void settings_clean_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from; from++)
		if (!is_foreign(*from))
			*to++ = *from;
	*to = NULL;
	path_begins_here();
}
