/* tls/choose.c: which certificates a client gets, and whether they can be used */
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tls/keys.h"

/* A pair, understood. */
struct parsed {
	gnutls_x509_crt_t *chain; /* the server's own first */
	unsigned n;
	gnutls_x509_privkey_t key;
};

static void parsed_release(struct parsed *p)
{
	for (unsigned i = 0; i < p->n; i++)
		gnutls_x509_crt_deinit(p->chain[i]);
	gnutls_free(p->chain);
	if (p->key)
		gnutls_x509_privkey_deinit(p->key);
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = (unsigned char *)b->s, .size = (unsigned)b->n };
}

static bool bad(const struct pair *pair, const char *what, struct buf *why)
{
	buf_printf(why, "%s%s: %s", why->n ? "; " : "", pair->path.s, what);
	return false;
}

static bool parse_chain(const struct pair *pair, struct parsed *p, struct buf *why)
{
	const gnutls_datum_t pem = datum(&pair->chain);
	int r;

	if (pair->error < 0)
		return bad(pair, strerror(-pair->error), why);
	r = gnutls_x509_crt_list_import2(&p->chain, &p->n, &pem, GNUTLS_X509_FMT_PEM,
					 GNUTLS_X509_CRT_LIST_SORT);
	if (r < 0 && r != GNUTLS_E_CERTIFICATE_LIST_UNSORTED)
		return bad(pair,
			   r == GNUTLS_E_NO_CERTIFICATE_FOUND ? "no certificate in it" : gnutls_strerror(r),
			   why);
	return true;
}

static bool in_time(const struct pair *pair, const struct parsed *p, struct buf *why)
{
	const time_t now = time(NULL), from = gnutls_x509_crt_get_activation_time(p->chain[0]),
		     until = gnutls_x509_crt_get_expiration_time(p->chain[0]);
	char text[80];
	struct tm tm;

	if (from <= now && now <= until)
		return true;
	strftime(text, sizeof text,
		 now < from ? "the certificate is not valid before %F %T UTC"
			    : "the certificate expired on %F %T UTC",
		 gmtime_r(now < from ? &from : &until, &tm));
	return bad(pair, text, why);
}

static const char *key_error(int r)
{
	switch (r) {
	case GNUTLS_E_DECRYPTION_FAILED:
		return "the key is encrypted";
	case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
	case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
		return "no private key in it";
	default:
		return gnutls_strerror(r);
	}
}

static bool parse_key(const struct pair *pair, struct parsed *p, struct buf *why)
{
	const gnutls_datum_t pem = datum(pair->key.n ? &pair->key : &pair->chain);
	unsigned char of_chain[64], of_key[64];
	size_t chain_n = sizeof of_chain, key_n = sizeof of_key;
	int r = gnutls_x509_privkey_init(&p->key);

	if (r < 0)
		out_of_memory();
	r = gnutls_x509_privkey_import2(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r < 0)
		return bad(pair, key_error(r), why);
	if (gnutls_x509_crt_get_key_id(p->chain[0], GNUTLS_KEYID_USE_SHA256, of_chain, &chain_n) < 0 ||
	    gnutls_x509_privkey_get_key_id(p->key, GNUTLS_KEYID_USE_SHA256, of_key, &key_n) < 0 ||
	    chain_n != key_n || memcmp(of_chain, of_key, key_n) != 0)
		return bad(pair, "the key is not the certificate's", why);
	return true;
}

static bool parse(const struct pair *pair, struct parsed *p, struct buf *why)
{
	return parse_chain(pair, p, why) && in_time(pair, p, why) && parse_key(pair, p, why);
}

static bool by_name(const struct pair *pair, const char *host)
{
	return *host && str_ieq(buf_view(&pair->name), str_z(host));
}

/* RFC 9525 6.3: a wildcard stands for the whole first label. */
static bool by_certificate(const struct pair *pair, const char *host)
{
	_cleanup_(buf_release) struct buf ignored = { 0 };
	_cleanup_(parsed_release) struct parsed p = { 0 };

	return *host && parse_chain(pair, &p, &ignored) &&
	       gnutls_x509_crt_check_hostname2(p.chain[0], host, GNUTLS_VERIFY_DO_NOT_ALLOW_IP_MATCHES);
}

static bool for_anybody(const struct pair *pair, const char *host)
{
	(void)host;
	return pair->name.n == 0;
}

/* Adds the pairs that fit. Returns how many fit and how many of those could not be used. */
struct outcome {
	size_t fit, used;
};

static struct outcome add_fitting(gnutls_certificate_credentials_t ret, const struct keys *k,
				  bool (*fits)(const struct pair *pair, const char *host), const char *host,
				  struct buf *why)
{
	struct outcome o = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		_cleanup_(parsed_release) struct parsed p = { 0 };

		if (!fits(&k->pairs[i], host))
			continue;
		o.fit++;
		if (!parse(&k->pairs[i], &p, why))
			continue;
		if (gnutls_certificate_set_x509_key(ret, p.chain, (int)p.n, p.key) < 0)
			bad(&k->pairs[i], "the certificate can't be used", why);
		else
			o.used++;
	}
	return o;
}

static bool fill(gnutls_certificate_credentials_t ret, const struct keys *k, const char *host,
		 const struct config *c, struct buf *why)
{
	const char *address = c->local_ip ? c->local_ip : "";
	const struct keys first = { k->pairs, 1 };
	struct outcome o = add_fitting(ret, k, by_name, host, why);

	if (!o.fit && k->n > 1)
		o = add_fitting(ret, k, by_certificate, host, why);
	if (!o.fit)
		o = add_fitting(ret, k, by_name, address, why);
	if (!o.fit)
		o = add_fitting(ret, k, for_anybody, "", why);
	if (!o.fit)
		o = add_fitting(ret, &first, by_name, buf_cstr(&k->pairs[0].name), why);
	return o.used > 0;
}

/* The groups that every client knows to be safe (RFC 7919). */
static void set_dh(gnutls_certificate_credentials_t ret, unsigned bits)
{
	if (bits)
		gnutls_certificate_set_known_dh_params(ret, bits <= 2048   ? GNUTLS_SEC_PARAM_MEDIUM
							    : bits <= 3072 ? GNUTLS_SEC_PARAM_HIGH
									   : GNUTLS_SEC_PARAM_ULTRA);
}

gnutls_certificate_credentials_t keys_choose(const struct keys *k, const char *host, const struct config *c,
					     struct buf *why)
{
	gnutls_certificate_credentials_t ret;

	if (gnutls_certificate_allocate_credentials(&ret) < 0)
		out_of_memory();
	gnutls_certificate_set_flags(ret,
				     GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH); /* parse_key() has looked */
	if (fill(ret, k, host, c, why)) {
		set_dh(ret, c->dh_bits);
		return ret;
	}
	gnutls_certificate_free_credentials(ret);
	return NULL;
}

static void describe(const struct pair *pair, const struct parsed *p, struct buf *ret)
{
	const time_t until = gnutls_x509_crt_get_expiration_time(p->chain[0]);
	char text[32];
	struct tm tm;
	unsigned bits;
	const int algorithm = gnutls_x509_crt_get_pk_algorithm(p->chain[0], &bits);

	strftime(text, sizeof text, "%F", gmtime_r(&until, &tm));
	buf_printf(ret, "%.*s: %s %u bits, %u in its chain, until %s", (int)pair->path.n, pair->path.s,
		   gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm), bits, p->n, text);
	if (pair->name.n)
		buf_printf(ret, ", for %.*s", (int)pair->name.n, pair->name.s);
	for (unsigned i = 0;; i++) {
		char name[256];
		size_t n = sizeof name;
		const int type = gnutls_x509_crt_get_subject_alt_name(p->chain[0], i, name, &n, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type == GNUTLS_SAN_DNSNAME)
			buf_printf(ret, ", %.*s", (int)n, name);
	}
	buf_c(ret, '\n');
}

bool keys_describe(const struct keys *k, struct buf *ret)
{
	bool good = true;

	for (size_t i = 0; i < k->n; i++) {
		_cleanup_(parsed_release) struct parsed p = { 0 };
		_cleanup_(buf_release) struct buf why = { 0 };

		if (parse(&k->pairs[i], &p, &why)) {
			describe(&k->pairs[i], &p, ret);
			continue;
		}
		good = false;
		buf_printf(ret, "BAD %s\n", buf_cstr(&why));
	}
	return good;
}
