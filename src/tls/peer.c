/* tls/peer.c: who the client is, if it has a certificate */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "tls/peer.h"

enum { LARGEST = 4 << 20 }; /* octets of a PEM file */

static bool no_file(const char *path, int r, struct buf *why)
{
	buf_printf(why, "%s: %s", path, strerror(-r));
	return false;
}

/* Every file of a directory, whatever its name; what is no certificate in them is passed over when it is
 * parsed. */
static bool read_directory(const char *path, struct buf *ret, struct buf *why)
{
	struct dirent **entries;
	int r = 0, n;
	_cleanup_(fd_closep) int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	n = scandir(path, &entries, NULL, alphasort);
	if (dir < 0 || n < 0)
		return no_file(path, -errno, why);
	for (int i = 0; i < n; i++) {
		struct stat st;

		if (r == 0 && fstatat(dir, entries[i]->d_name, &st, 0) == 0 && S_ISREG(st.st_mode)) {
			r = fd_slurp_at(dir, entries[i]->d_name, LARGEST, ret);
			buf_c(ret, '\n');
		}
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? no_file(path, r, why) : true;
}

bool trust_read(const struct config *c, struct trust *ret, struct buf *why)
{
	struct trust t = { .authorities = { 0 } };
	bool good = true;
	struct stat st;
	int r;

	if (c->verify != VERIFY_NONE) {
		if (stat(c->trustcerts, &st) == 0 && S_ISDIR(st.st_mode))
			good = read_directory(c->trustcerts, &t.authorities, why);
		else if ((r = fd_slurp_at(AT_FDCWD, c->trustcerts, LARGEST, &t.authorities)) < 0)
			good = no_file(c->trustcerts, r, why);
		if (good && c->crlfile && (r = fd_slurp_at(AT_FDCWD, c->crlfile, LARGEST, &t.revoked)) < 0)
			good = no_file(c->crlfile, r, why);
	}
	if (good)
		*ret = t;
	else
		trust_release(&t);
	return good;
}

void trust_release(struct trust *t)
{
	buf_release(&t->authorities);
	buf_release(&t->revoked);
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = (unsigned char *)b->s, .size = (unsigned)b->n };
}

/* RFC 5280 4.2.1.12: it must be meant for clients, if it is meant for anything. */
static bool verify(gnutls_session_t session, unsigned *ret)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
					  .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };

	return gnutls_certificate_verify_peers(session, &purpose, 1, ret) >= 0 && *ret == 0;
}

/* In the handshake, so that the client is told by an alert. That a certificate is required GnuTLS sees to. */
static int judge(gnutls_session_t session)
{
	unsigned n = 0, status;

	return !gnutls_certificate_get_peers(session, &n) || n == 0 || verify(session, &status) ? 0 : -1;
}

bool peer_ask(gnutls_session_t session, gnutls_certificate_credentials_t creds, const struct config *c,
	      const struct trust *trust, struct buf *why)
{
	const gnutls_datum_t authorities = datum(&trust->authorities), revoked = datum(&trust->revoked);

	if (c->verify == VERIFY_NONE)
		return true;
	if (gnutls_certificate_set_x509_trust_mem(creds, &authorities, GNUTLS_X509_FMT_PEM) < 1) {
		buf_printf(why, "%s: no certificate of an authority in it", c->trustcerts);
		return false;
	}
	if (revoked.size && gnutls_certificate_set_x509_crl_mem(creds, &revoked, GNUTLS_X509_FMT_PEM) < 0) {
		buf_printf(why, "%s: no list of revoked certificates", c->crlfile);
		return false;
	}
	gnutls_certificate_set_verify_function(creds, judge);
	gnutls_certificate_server_set_request(session, c->verify == VERIFY_PEER ? GNUTLS_CERT_REQUEST
										: GNUTLS_CERT_REQUIRE);
	return true;
}

bool peer_verify(gnutls_session_t session, const struct config *c, bool *ret_known, struct buf *why)
{
	unsigned n = 0, status = 0;
	gnutls_datum_t text;

	if (c->verify == VERIFY_NONE || !gnutls_certificate_get_peers(session, &n) || n == 0) {
		if (c->verify == VERIFY_REQUIREPEER) {
			buf_z(why, "the client has no certificate");
			return false;
		}
		*ret_known = false;
		return true;
	}
	*ret_known = verify(session, &status);
	if (*ret_known)
		return true;
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return false;
	buf_printf(why, "the client's certificate: %s", text.data);
	gnutls_free(text.data);
	return false;
}

static const struct field {
	const char *name, *oid;
	bool of_subject, of_names;
} fields[] = {
	{"CN",			       GNUTLS_OID_X520_COMMON_NAME, true, false },
	{ "O",			      GNUTLS_OID_X520_ORGANIZATION_NAME, true, false },
	{ "OU",				 GNUTLS_OID_X520_ORGANIZATIONAL_UNIT_NAME, true, false },
	{ "UID",GNUTLS_OID_LDAP_UID, true, false },
	{ "serialNumber",			     "2.5.4.5", true, false },
	{ "emailaddress",			      GNUTLS_OID_PKCS9_EMAIL, true, true },
	{ "subjectAltName",			      NULL, false, true },
	{ 0				},
};

/* Takes the value number i of a field: one function for each place, that says REQUESTED_DATA_NOT_AVAILABLE at
 * the end. */
static int subject_value(gnutls_x509_crt_t crt, const char *oid, unsigned i, char *ret, size_t *ret_n)
{
	return gnutls_x509_crt_get_dn_by_oid(crt, oid, i, 0, ret, ret_n);
}

static int mail_value(gnutls_x509_crt_t crt, const char *oid, unsigned i, char *ret, size_t *ret_n)
{
	unsigned seen = 0;
	const size_t room = *ret_n;

	(void)oid;
	for (unsigned at = 0;; at++) {
		int type;

		*ret_n = room;
		type = gnutls_x509_crt_get_subject_alt_name(crt, at, ret, ret_n, NULL);
		if (type < 0)
			return type;
		if (type == GNUTLS_SAN_RFC822NAME && seen++ == i)
			return 0;
	}
}

static bool printable(struct str s)
{
	if (s.n == 0 || !utf8_valid(s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == 0x7f)
			return false;
	return true;
}

/* Two values are as bad as none: which of them is meant? */
static bool only_value(gnutls_x509_crt_t crt, const char *oid,
		       int (*value)(gnutls_x509_crt_t, const char *, unsigned, char *, size_t *),
		       struct buf *ret)
{
	char first[256], second[256];
	size_t first_n = sizeof first, second_n = sizeof second;

	if (value(crt, oid, 0, first, &first_n) < 0 ||
	    value(crt, oid, 1, second, &second_n) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	    !printable((struct str){ first, first_n }))
		return false;
	buf_add(ret, first, first_n);
	return true;
}

static bool value_of(gnutls_x509_crt_t crt, const char *name, struct buf *ret)
{
	const struct field *f = fields;

	while (f->name && !str_ieq(str_z(f->name), str_z(name)))
		f++;
	if (!f->name)
		return ascii_digit(name[0]) && only_value(crt, name, subject_value, ret);
	return (f->of_subject && only_value(crt, f->oid, subject_value, ret)) ||
	       (f->of_names && only_value(crt, NULL, mail_value, ret));
}

bool peer_identity(gnutls_session_t session, const struct config *c, struct buf *ret)
{
	gnutls_x509_crt_t crt;
	unsigned n = 0;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n);
	bool found;

	if (!c->external || !certs || n == 0)
		return false;
	if (gnutls_x509_crt_init(&crt) < 0)
		out_of_memory();
	found = gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER) >= 0 &&
		value_of(crt, c->external, ret);
	gnutls_x509_crt_deinit(crt);
	return found;
}
