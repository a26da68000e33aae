/* t/t_login_settings.c: login/settings: what the environment sets, and what of it is removed */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>
#include "base/log.h"
#include "login/settings.h"
#include "t/t.h"

START_TEST(defaults)
{
	struct settings s;

	clearenv();
	ck_assert(settings_read(&s));
	ck_assert(!s.tls && !s.starttls);
	ck_assert_int_eq(s.passwords_need, TLS_FOR_REMOTE);
	ck_assert_uint_eq(s.fail_delay, 2000);
	ck_assert_uint_eq(s.login_time, 60000);
	ck_assert_uint_eq(s.helper_time, 60000);
	ck_assert_ptr_null(s.capability);
	ck_assert_ptr_null(s.proxies);
	if (geteuid() == 0)
		ck_assert_str_eq(s.state_dir, "/run/imapd");
	else
		ck_assert_ptr_null(s.state_dir);
}
END_TEST

/* clang-format off */
static const struct {
	const char *required, *allowed;
	int want;
} needs[] = {
	{ NULL, NULL, TLS_FOR_REMOTE },
	{ "",   NULL, TLS_FOR_REMOTE },
	{ "1",  NULL, TLS_FOR_ALL },
	{ "1",  "1",  TLS_FOR_ALL },
	{ "0",  NULL, TLS_FOR_NONE },
	{ "0",  "1",  TLS_FOR_NONE },
	{ NULL, "1",  TLS_FOR_NONE },
	{ NULL, "0",  TLS_FOR_REMOTE },
};
/* clang-format on */

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
}

START_TEST(who_needs_tls)
{
	struct settings s;

	clearenv();
	set("IMAP_TLS_REQUIRED", needs[_i].required);
	set("IMAPD_ALLOW_PLAINTEXT", needs[_i].allowed);
	ck_assert(settings_read(&s));
	ck_assert_int_eq(s.passwords_need, needs[_i].want);
}
END_TEST

START_TEST(starttls_comes_with_a_certificate)
{
	struct settings s;

	clearenv();
	set("TLS_CERTFILE", "/etc/imapd/cert.pem");
	ck_assert(settings_read(&s) && s.starttls);
	set("IMAP_STARTTLS", "NO");
	ck_assert(settings_read(&s) && !s.starttls);
	unsetenv("TLS_CERTFILE");
	set("IMAP_STARTTLS", "YES");
	ck_assert(settings_read(&s) && s.starttls);
}
END_TEST

START_TEST(capabilities_under_tls)
{
	struct settings s;

	clearenv();
	set("IMAP_CAPABILITY", "IMAP4rev1 IDLE");
	ck_assert(settings_read(&s));
	ck_assert_str_eq(s.capability_tls, "IMAP4rev1 IDLE");
	set("IMAP_CAPABILITY_TLS", "IMAP4rev1");
	ck_assert(settings_read(&s));
	ck_assert_str_eq(s.capability, "IMAP4rev1 IDLE");
	ck_assert_str_eq(s.capability_tls, "IMAP4rev1");
}
END_TEST

static const struct {
	const char *name, *value;
} wrong[] = {
	{"IMAP_TLS",		      "maybe"},
	  { "IMAP_STARTTLS",	     "2"	 },
	    { "IMAP_TLS_REQUIRED",	   "x"    },
	{ "IMAPD_ALLOW_PLAINTEXT", "x"    },
	  { "IMAPD_FAILDELAY",       "-1"   },
	    { "IMAPD_FAILDELAY",	 "601"  },
	{ "IMAPD_LOGIN_TIMEOUT",	 "0"    },
	  { "IMAPD_HELPER_TIMEOUT",  "1s"	 },
	  { "IMAPD_MECHANISMS",      "plain"	 },
	  { "IMAPD_MECHANISMS",      "PLAIN,LOGIN" },
};

START_TEST(refuses)
{
	struct settings s = { .fail_delay = 77 };

	clearenv();
	set(wrong[_i].name, wrong[_i].value);
	ck_assert(!settings_read(&s));
	ck_assert_uint_eq(s.fail_delay, 77);
}
END_TEST

START_TEST(removes_what_only_the_chain_may_set)
{
	static const char *const gone[] = {
		"AUTHENTICATED", "AUTHADDR",	  "IMAPLOGINTAG", "IMAPSTATUSFD",
		"IMAPMECHANISM", "IMAP_TLS",	  "LISTEN_PID",	  "LISTEN_FDS",
		"MAILDIR",	 "MAILDIRQUOTA",  "OPTIONS",	  "NOTIFY_SOCKET",
		"TCPREMOTEIP",	 "TCPREMOTEHOST", "TCPLOCALPORT", "TLS_CONNECTED_PROTOCOL",
		"IMAPBINDINGS",  "IMAPEARLYFD"
	};
	static const char *const kept[] = { "IMAP_TLS_REQUIRED", "IMAP_CAPABILITY", "IMAPD_MECHANISMS", "HOME", "TLS_CERTFILE" };

	clearenv();
	for (size_t i = 0; i < COUNT(gone); i++)
		set(gone[i], "x");
	for (size_t i = 0; i < COUNT(kept); i++)
		set(kept[i], "x");
	set("PATH", "/there");
	settings_clean_environment();
	for (size_t i = 0; i < COUNT(gone); i++)
		ck_assert_msg(!getenv(gone[i]), "%s", gone[i]);
	for (size_t i = 0; i < COUNT(kept); i++)
		ck_assert_msg(getenv(kept[i]), "%s", kept[i]);
	ck_assert(str_ends(str_z(getenv("PATH")), STR("/t:/there"))); /* the test's own directory */
}
END_TEST

START_TEST(an_environment_of_rubbish)
{
	char *rubbish[] = { (char *)(uintptr_t) "AUTH", (char *)(uintptr_t) "=", (char *)(uintptr_t) "",
			    NULL };

	environ = rubbish;
	settings_clean_environment();
	for (char **e = environ; *e; e++)
		ck_assert_str_ne(*e, "AUTH");
}
END_TEST

T_SUITE("settings", T_TEST(defaults), T_LOOP(who_needs_tls, needs), T_TEST(starttls_comes_with_a_certificate),
	T_TEST(capabilities_under_tls), T_LOOP(refuses, wrong), T_TEST(removes_what_only_the_chain_may_set),
	T_TEST(an_environment_of_rubbish))
