/* login/mechanisms.c: which SASL mechanisms are offered to this client */
#include <syslog.h>
#include "login/monitor.h"
#include "login/report.h"
#include "login/sasl.h"

bool secrets_allowed(const struct monitor *m)
{
	const bool remote = !peer_is_loopback(&m->peer);

	return m->encrypted || !(m->settings.passwords_need == TLS_FOR_ALL ||
				 (m->settings.passwords_need == TLS_FOR_REMOTE && remote));
}

static bool some_helper_knows(struct monitor *m, struct str mechanism)
{
	for (size_t i = 0; i < m->nhelpers; i++)
		if (helper_knows(&m->helpers[i], mechanism))
			return true;
	return false;
}

/* Whether this client's connection lets it be: EXTERNAL wants a certificate, -PLUS a channel to bind to. */
static bool possible(const struct monitor *m, struct str mechanism)
{
	if (str_eq(mechanism, STR("EXTERNAL")))
		return m->identity.n > 0;
	return !str_ends(mechanism, STR("-PLUS")) || m->bindings.n > 0;
}

/* Every helper can do a password. */
static bool can(struct monitor *m, struct str mechanism)
{
	return str_eq(mechanism, STR("PLAIN")) || str_eq(mechanism, STR("LOGIN")) || some_helper_knows(m, mechanism);
}

static void offer(struct monitor *m, struct str mechanism)
{
	struct str name;

	if (sasl_listed(buf_cstr(&m->offered), mechanism, &name))
		return;
	if (m->offered.n)
		buf_c(&m->offered, ' ');
	buf_str(&m->offered, mechanism);
}

void mechanisms_offer(struct monitor *m)
{
	struct str rest = str_z(m->settings.mechanisms), name;

	buf_clear(&m->offered);
	while (secrets_allowed(m) && str_cut(&rest, ' ', &name)) {
		if (name.n == 0 || !possible(m, name))
			continue;
		if (can(m, name))
			offer(m, name);
		else if (!str_eq(name, STR("EXTERNAL")))
			report_trouble(m, LOG_WARNING, "IMAPD_MECHANISMS: no helper can do %.*s", (int)name.n, name.s);
	}
}

bool mechanisms_bind(const struct monitor *m)
{
	struct str rest = buf_view(&m->offered), name;

	while (str_cut(&rest, ' ', &name))
		if (str_ends(name, STR("-PLUS")))
			return true;
	return false;
}
