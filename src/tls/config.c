/* tls/config.c: the settings of imaptls, which are environment variables */
#include <stdlib.h>
#include <string.h>
#include "base/env.h"
#include "tls/config.h"

/* TLS 1.2 and 1.3 (RFC 9325 3.1.1), without key transport by RSA (RFC 9325 4.1). */
#define PRIORITY_12 "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"
#define PRIORITY_13 "NORMAL:-VERS-ALL:+VERS-TLS1.3:%SERVER_PRECEDENCE"
/* No finite fields (RFC 9325 4.1): only very old clients need them, and the large groups cost us most. */
#define NO_DH ":-DHE-RSA:-GROUP-DH-ALL"

/* What Courier's TLS_PROTOCOL may hold. They are the least version; below 1.2 there is nothing any more. "+"
 * and
 * "++", which said something of renegotiation and order, say nothing new.
 */
static const struct protocol {
	const char *name, *priority, *priority_without_dh;
} protocols[] = {
	{"TLSv1.3",	     PRIORITY_13, PRIORITY_13 NO_DH },
	{ "TLS1_3", PRIORITY_13, PRIORITY_13 NO_DH },
	{ "TLSv1.2",	     PRIORITY_12, PRIORITY_12 NO_DH },
	{ "TLS1_2", PRIORITY_12, PRIORITY_12 NO_DH },
	{ "TLSv1.1",	     PRIORITY_12, PRIORITY_12 NO_DH },
	{ "TLS1_1", PRIORITY_12, PRIORITY_12 NO_DH },
	{ "TLSv1",	   PRIORITY_12, PRIORITY_12 NO_DH },
	{ "TLS1", PRIORITY_12, PRIORITY_12 NO_DH },
	{ "SSL23",	   PRIORITY_12, PRIORITY_12 NO_DH },
	{ "SSL3", PRIORITY_12, PRIORITY_12 NO_DH },
	{ 0	    },
};

static bool read_protocol(struct config *c, struct buf *why)
{
	const char *text = env_text("TLS_PROTOCOL", "TLSv1.2");
	struct str name = str_z(text);
	const struct protocol *p = protocols;

	while (str_ends(name, STR("+")))
		name = str_head(name, name.n - 1);
	while (p->name && !str_ieq(name, str_z(p->name)))
		p++;
	if (!p->name) {
		buf_printf(why, "TLS_PROTOCOL=%s: not a protocol (TLSv1.2, TLSv1.3)", text);
		return false;
	}
	c->priority = env_text("TLS_PRIORITY", c->dh_bits ? p->priority : p->priority_without_dh);
	return true;
}

static bool read_verify(struct config *c, struct buf *why)
{
	static const char *const words[] = { "NONE", "PEER", "REQUIREPEER", NULL };
	const char *text = env_text("TLS_VERIFYPEER", "NONE");
	size_t i = 0;

	while (words[i] && !str_ieq(str_z(text), str_z(words[i])))
		i++;
	if (!words[i]) {
		buf_printf(why, "TLS_VERIFYPEER=%s: want NONE, PEER or REQUIREPEER", text);
		return false;
	}
	c->verify = (enum config_verify)i;
	if (c->verify != VERIFY_NONE && !c->trustcerts) {
		buf_printf(why, "TLS_VERIFYPEER=%s: needs TLS_TRUSTCERTS, the authorities to believe", text);
		return false;
	}
	return true;
}

static bool read_dh_bits(struct config *c, struct buf *why)
{
	const char *text = env_text("TLS_MIN_DH_BITS", "0");
	uint32_t bits;

	if (!str_u32(str_z(text), &bits) || bits > 8192) {
		buf_printf(why, "TLS_MIN_DH_BITS=%s: want a number up to 8192", text);
		return false;
	}
	c->dh_bits = bits;
	return true;
}

/* Unprivileged without any of these there are no tickets: nobody made a key. */
static void read_tickets(struct config *c)
{
	const char *dir = c->credentials ? c->credentials : env_text("IMAPD_STATEDIR", "/run/imapd");

	c->tickets = env_text("IMAPD_TLS_TICKETS", NULL);
	c->tickets_wanted = c->tickets != NULL;
	if (c->tickets)
		return;
	buf_printf(&c->text, "%s/tls-ticket.key", dir);
	c->tickets = buf_cstr(&c->text);
}

bool config_read(struct config *ret, struct buf *why)
{
	const char *ip = env_text("TCPLOCALIP", NULL);
	struct config c = {
		.certfile = env_text("TLS_CERTFILE", NULL),
		.keyfile = env_text("TLS_PRIVATE_KEYFILE", NULL),
		.certdir = env_text("IMAPD_TLS_CERTDIR", NULL),
		.credentials = env_text("IMAPD_CREDENTIALS", env_text("CREDENTIALS_DIRECTORY", NULL)),
		.alpn = env_text("TLS_ALPN", "imap"),
		.trustcerts = env_text("TLS_TRUSTCERTS", NULL),
		.crlfile = env_text("TLS_CRLFILE", NULL),
		.external = env_text("TLS_EXTERNAL", NULL),
		.local_ip = ip && str_istarts(str_z(ip), STR("::ffff:")) ? ip + strlen("::ffff:") : ip,
	};

	if (!c.certfile && !c.certdir && !c.credentials) {
		buf_z(why, "no certificate: set TLS_CERTFILE or IMAPD_TLS_CERTDIR");
		return false;
	}
	if (!read_dh_bits(&c, why) || !read_protocol(&c, why) || !read_verify(&c, why))
		return false;
	read_tickets(&c);
	*ret = c;
	return true;
}

void config_release(struct config *c)
{
	buf_release(&c->text);
}
