/* login/settings.h: what the environment sets, and what of it must not reach anybody */
#pragma once
#include "base/base.h"

struct settings {
	bool tls;      /* IMAP_TLS: TLS from the first octet (imaps) */
	bool starttls; /* IMAP_STARTTLS: offered; by default if there is a certificate */
	enum {
		TLS_FOR_REMOTE,
		TLS_FOR_ALL,
		TLS_FOR_NONE
	} passwords_need;	/* IMAP_TLS_REQUIRED, IMAPD_ALLOW_PLAINTEXT */
	uint64_t fail_delay;	/* IMAPD_FAILDELAY, milliseconds */
	uint64_t login_time;	/* IMAPD_LOGIN_TIMEOUT, milliseconds */
	uint64_t helper_time;	/* IMAPD_HELPER_TIMEOUT, milliseconds */
	const char *capability; /* IMAP_CAPABILITY; under TLS IMAP_CAPABILITY_TLS if that is set */
	const char *capability_tls;
	const char *mechanisms; /* IMAPD_MECHANISMS: those that may be offered, one blank between */
	const char *proxies;   /* IMAPD_PROXY_FROM */
	const char *state_dir; /* IMAPD_STATEDIR; NULL: nothing is kept across connections */
	const char *notify;    /* NOTIFY_SOCKET */
};

/* False if a value can't be meant; the log has been told. Strings are the environment's. */
bool settings_read(struct settings *ret);

/* Removes the variables that only this chain may set (doc/CHAIN.md), whoever has set them, and puts the
 * directory that this program is in in front of PATH.
 */
void settings_clean_environment(void);
