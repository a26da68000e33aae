/* auth/auth-unix.c: the helper that knows the system's accounts */
#define _GNU_SOURCE
#include <paths.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include "auth/account.h"
#include "auth/checkpassword.h"
#include "auth/secret.h"
#include "base/clock.h"
#include "base/log.h"

/* The hash is in the shadow file, if there is one and we may read it; "x" then is no hash. */
static struct str hash_of(const struct passwd *pw, const struct spwd *sp)
{
	return str_z(sp ? sp->sp_pwdp : pw->pw_passwd);
}

static bool proved(enum mechanism by, struct str password, const struct passwd *pw, const struct spwd *sp)
{
	if (!pw)
		return by == BY_PASSWORD && secret_check_nobody(password, (struct str){ 0 });
	return by == BY_CERTIFICATE ? secret_usable(hash_of(pw, sp))
				    : secret_check(password, hash_of(pw, sp));
}

/* shadow(5): all in days since 1970; -1 is an empty field. The account ends on the day sp_expire; a password
 * of day 0 has to be changed; one older than sp_max too. sp_inact days of grace are for changing it at a
 * prompt, which we have not.
 */
static bool expired(const struct spwd *sp)
{
	const long today = (long)(clock_unix() / 86400);

	if (!sp)
		return false;
	if (sp->sp_expire > 0 && today >= sp->sp_expire)
		return true;
	return sp->sp_lstchg == 0 || (sp->sp_lstchg > 0 && sp->sp_max >= 0 && sp->sp_max < 99999 &&
				      today > sp->sp_lstchg + sp->sp_max);
}

/* Whether the lookup failed for a reason that may go away, rather than for want of such a user. */
static bool trouble(int error)
{
	return error == EIO || error == EMFILE || error == ENFILE || error == ENOMEM || error == ERANGE ||
	       error == EAGAIN || error == ECONNREFUSED;
}

/* Without the shadow file everybody would be refused, as if their password were wrong. */
static bool shadow_closed(void)
{
	return access(_PATH_SHADOW, R_OK) < 0 && errno == EACCES;
}

/* "Full Name,Room,Phone" to "Full Name". */
static void first_of(char *gecos)
{
	gecos[strcspn(gecos, ",")] = '\0';
}

/* Returns 0, or the exit code. ret points into the C library's memory for pw. */
static int login(const struct credentials *c, enum mechanism by, struct account *ret)
{
	const struct passwd *pw;
	const struct spwd *sp;

	if (shadow_closed()) {
		log_errno(-EACCES, _PATH_SHADOW);
		return EXIT_PERMANENT;
	}
	errno = 0;
	pw = getpwnam(c->user.s);
	if (!pw && trouble(errno)) {
		log_errno(-errno, "looking up the user");
		return EXIT_TEMPORARY;
	}
	sp = pw ? getspnam(pw->pw_name) : NULL;
	if (!proved(by, c->password, pw, sp))
		return EXIT_REFUSED;
	if (expired(sp)) {
		log_line(LOG_INFO, "%s: the account or its password has expired", pw->pw_name);
		refused_because("EXPIRED", "The account or its password has expired.");
		return EXIT_REFUSED;
	}
	first_of(pw->pw_gecos);
	*ret = (struct account){ .login = pw->pw_name,
				 .name = pw->pw_name,
				 .fullname = pw->pw_gecos,
				 .home = pw->pw_dir,
				 .shell = *pw->pw_shell ? pw->pw_shell : "/bin/sh",
				 .uid = pw->pw_uid,
				 .gid = pw->pw_gid,
				 .system = true };
	return 0;
}

#define MECHANISMS "PLAIN LOGIN EXTERNAL"

int main(int argc, char **argv)
{
	_cleanup_(credentials_release) struct credentials c = { 0 };
	struct account account;
	enum mechanism by;
	int r;

	if (mechanisms_told(argc, argv, MECHANISMS))
		return EXIT_OK;
	log_open("auth-unix", STDIN_FILENO);
	if (argc < 2 || !mechanism_asked(MECHANISMS, &by))
		return EXIT_MISUSED;
	r = credentials_read(CREDENTIALS_FD, &c);
	if (r == 0)
		r = login(&c, by, &account);
	credentials_release(&c);
	return r ? r : account_exec(&account, argv + 1);
}
