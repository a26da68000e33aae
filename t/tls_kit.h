/* t/tls_kit.h: certificates made on the spot, imaptls in a child, and a client */
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fd.h"
#include "tls/serve.h"
#include "t/t.h"

/* Of GnuTLS. */
#define must(r)                                                                                              \
	do {                                                                                                 \
		const long r_ = (long)(r);                                                                   \
		ck_assert_msg(r_ >= 0, "%s: %s", #r, gnutls_strerror((int)r_));                              \
	} while (0)

/* A certificate that somebody has been issued, with its key. */
struct issued {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

/* How it is to be. Times are seconds from now; 0 until means a day. */
struct wish {
	const char *cn, *dns, *email;
	const struct issued *by; /* NULL: by itself */
	bool authority, rsa, two_names;
	const char *purpose;
	long from, until;
};

static inline struct issued issue(struct wish w)
{
	static const unsigned char serial[] = { 1, 2, 3, 4 };
	struct issued it;
	const struct issued *by;

	must(gnutls_x509_privkey_init(&it.key));
	if (w.rsa)
		must(gnutls_x509_privkey_generate(it.key, GNUTLS_PK_RSA, 2048, 0));
	else
		must(gnutls_x509_privkey_generate(it.key, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	must(gnutls_x509_crt_init(&it.crt));
	must(gnutls_x509_crt_set_version(it.crt, 3));
	must(gnutls_x509_crt_set_serial(it.crt, serial, sizeof serial));
	must(gnutls_x509_crt_set_activation_time(it.crt, time(NULL) + (w.from ? w.from : -60)));
	must(gnutls_x509_crt_set_expiration_time(it.crt, time(NULL) + (w.until ? w.until : 86400)));
	must(gnutls_x509_crt_set_key(it.crt, it.key));
	must(gnutls_x509_crt_set_dn_by_oid(it.crt, GNUTLS_OID_X520_COMMON_NAME, 0, w.cn,
					   (unsigned)strlen(w.cn)));
	if (w.two_names)
		must(gnutls_x509_crt_set_dn_by_oid(it.crt, GNUTLS_OID_X520_COMMON_NAME, 0, "other", 5));
	if (w.dns)
		must(gnutls_x509_crt_set_subject_alt_name(it.crt, GNUTLS_SAN_DNSNAME, w.dns,
							  (unsigned)strlen(w.dns), GNUTLS_FSAN_APPEND));
	if (w.email)
		must(gnutls_x509_crt_set_subject_alt_name(it.crt, GNUTLS_SAN_RFC822NAME, w.email,
							  (unsigned)strlen(w.email), GNUTLS_FSAN_APPEND));
	if (w.purpose)
		must(gnutls_x509_crt_set_key_purpose_oid(it.crt, w.purpose, 0));
	must(gnutls_x509_crt_set_basic_constraints(it.crt, w.authority, -1));
	if (w.authority)
		must(gnutls_x509_crt_set_key_usage(it.crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
	by = w.by ? w.by : &it;
	must(gnutls_x509_crt_sign2(it.crt, by->crt, by->key, GNUTLS_DIG_SHA256, 0));
	return it;
}

static inline void put_crt(FILE *f, const struct issued *it)
{
	gnutls_datum_t pem;

	must(gnutls_x509_crt_export2(it->crt, GNUTLS_X509_FMT_PEM, &pem));
	fwrite(pem.data, 1, pem.size, f);
	gnutls_free(pem.data);
}

static inline void put_key(FILE *f, const struct issued *it)
{
	gnutls_datum_t pem;

	must(gnutls_x509_privkey_export2_pkcs8(it->key, GNUTLS_X509_FMT_PEM, NULL, 0, &pem));
	fwrite(pem.data, 1, pem.size, f);
	gnutls_free(pem.data);
}

/* The directory that tests write into; made by kit_start(), removed by kit_end(). */
struct kit {
	char dir[40];
	char path[120];
};

static inline const char *kit_path(struct kit *k, const char *name)
{
	snprintf(k->path, sizeof k->path, "%s/%s", k->dir, name);
	return k->path;
}

/* A file with certificates (up to a NULL) and the key of the first, unless key is false. */
static inline const char *kit_file(struct kit *k, const char *name, bool key,
				   const struct issued *const *chain)
{
	FILE *f = fopen(kit_path(k, name), "w");

	ck_assert_ptr_nonnull(f);
	fchmod(fileno(f), 0600);
	for (size_t i = 0; chain[i]; i++)
		put_crt(f, chain[i]);
	if (key)
		put_key(f, chain[0]);
	fclose(f);
	return k->path;
}

#define CHAIN(...) ((const struct issued *const[]){ __VA_ARGS__, NULL })

static inline void kit_start(struct kit *k)
{
	strcpy(k->dir, "/tmp/t_tls.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(k->dir));
	ck_assert_int_eq(chmod(k->dir, 0755), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	setenv("IMAPD_STATEDIR", k->dir, 1);
}

static inline void kit_end(struct kit *k)
{
	char command[80];

	snprintf(command, sizeof command, "rm -rf %s", k->dir);
	ck_assert_int_eq(system(command), 0);
}

/* imaptls in a child; the test is the client, the server behind it, and the monitor. */
struct link {
	pid_t pid;
	int net, plain, control;
	char said[2048]; /* the monitor heard, a line each */
};

static inline void tcp_pair(int *ret_client, int *ret_server)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	*ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*ret_client, (struct sockaddr *)&at, sizeof at), 0);
	*ret_server = accept(listener, NULL, NULL);
	ck_assert_int_ge(*ret_server, 0);
	close(listener);
}

/* Reads one datagram of the control socket into said. False at its end. */
static inline bool hear(struct link *l)
{
	const size_t had = strlen(l->said);
	const ssize_t n = recv(l->control, l->said + had, sizeof l->said - had - 2, 0);

	if (n <= 0)
		return false;
	strcpy(l->said + had + n, "\n");
	return true;
}

static inline void link_start(struct link *l)
{
	int client[2], plain[2], control[2];

	*l = (struct link){ .pid = 0 };
	tcp_pair(&client[0], &client[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, plain), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	l->pid = fork();
	ck_assert_int_ge(l->pid, 0);
	if (l->pid == 0) {
		close(client[0]);
		close(plain[0]);
		close(control[0]);
		_exit(serve(client[1], plain[1], control[1]));
	}
	close(client[1]);
	close(plain[1]);
	close(control[1]);
	l->net = client[0];
	l->plain = plain[0];
	l->control = control[0];
}

/* Up to READY, and GO. */
static inline void link_open(struct link *l)
{
	link_start(l);
	ck_assert(hear(l));
	ck_assert_str_eq(l->said, "READY\n");
	ck_assert_int_eq(send(l->control, "GO", 2, 0), 2);
}

static inline int reap(struct link *l)
{
	int status;

	ck_assert_int_eq(waitpid(l->pid, &status, 0), l->pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* Closes what is still open and returns the exit code. */
static inline int link_close(struct link *l)
{
	int code;

	fd_closep(&l->plain);
	fd_closep(&l->net);
	while (hear(l))
		;
	code = reap(l);
	fd_closep(&l->control);
	return code;
}

/* imaptls refuses to serve; what it says. */
static inline const char *refusal(struct link *l)
{
	link_start(l);
	ck_assert(hear(l));
	ck_assert_msg(strncmp(l->said, "FAIL ", 5) == 0, "%s", l->said);
	ck_assert_int_eq(link_close(l), EXIT_PERMANENT);
	return l->said;
}

struct client {
	gnutls_session_t session;
	gnutls_certificate_credentials_t creds;
	int result; /* of the handshake */
};

/* What a client wants. All zero: anything that is usual, no name, no certificate. */
struct manner {
	const char *priority, *host, *alpn;
	const struct issued *certificate;
	const gnutls_datum_t *resume;
};

static inline void client_open(struct client *c, const struct link *l, struct manner m)
{
	int r;

	must(gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL));
	must(gnutls_certificate_allocate_credentials(&c->creds));
	if (m.certificate) {
		gnutls_x509_crt_t crt = m.certificate->crt;

		must(gnutls_certificate_set_x509_key(c->creds, &crt, 1, m.certificate->key));
	}
	must(gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->creds));
	must(gnutls_priority_set_direct(c->session, m.priority ? m.priority : "NORMAL", NULL));
	if (m.host)
		must(gnutls_server_name_set(c->session, GNUTLS_NAME_DNS, m.host, strlen(m.host)));
	if (m.alpn) {
		const gnutls_datum_t name = { (unsigned char *)(uintptr_t)m.alpn, (unsigned)strlen(m.alpn) };

		must(gnutls_alpn_set_protocols(c->session, &name, 1, 0));
	}
	if (m.resume)
		must(gnutls_session_set_data(c->session, m.resume->data, m.resume->size));
	gnutls_transport_set_int(c->session, l->net);
	do
		r = gnutls_handshake(c->session);
	while (r < 0 && !gnutls_error_is_fatal(r));
	c->result = r;
}

static inline void client_close(struct client *c)
{
	gnutls_deinit(c->session);
	gnutls_certificate_free_credentials(c->creds);
}

/* Hears everything up to the line that ends the handshake, and finds it. */
static inline const char *heard(struct link *l, const char *word)
{
	while (!strstr(l->said, "\nTLS ") && !strstr(l->said, "\nFAIL ") && hear(l))
		;
	return strstr(l->said, word);
}

/* gnutls_record_recv(), past records that are GnuTLS's own. */
static inline ssize_t client_read(struct client *c, void *ret, size_t n)
{
	ssize_t r;

	do
		r = gnutls_record_recv(c->session, ret, n);
	while (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED);
	return r;
}

/* gnutls_record_send(), again where the process was held up meanwhile. */
static inline ssize_t client_write(struct client *c, const void *octets, size_t n)
{
	ssize_t r;

	do
		r = gnutls_record_send(c->session, octets, n);
	while (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED);
	return r;
}

/* A few octets through, both ways. */
static inline void echo(struct link *l, struct client *c)
{
	char got[8] = "";

	must(gnutls_record_send(c->session, "a NOOP\n", 7));
	ck_assert_int_eq(fd_read_all(l->plain, got, 7), 7);
	ck_assert_str_eq(got, "a NOOP\n");
	ck_assert_int_eq(fd_write_all(l->plain, "a OK\r\n", 7), 0);
	must(client_read(c, got, sizeof got));
	ck_assert_str_eq(got, "a OK\r\n");
}

/* The distinguished name and the number of certificates that the client was shown. */
static inline const char *shown(const struct client *c, char *ret, size_t size, unsigned *ret_n)
{
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(c->session, ret_n);
	gnutls_x509_crt_t crt;
	size_t n = size;

	ck_assert_ptr_nonnull(certs);
	must(gnutls_x509_crt_init(&crt));
	must(gnutls_x509_crt_import(crt, &certs[0], GNUTLS_X509_FMT_DER));
	must(gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret, &n));
	gnutls_x509_crt_deinit(crt);
	return ret;
}
