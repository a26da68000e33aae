/* t/t_tls_peer.c: certificates of clients */
#define _GNU_SOURCE
#include "t/tls_kit.h"

struct world {
	struct kit kit;
	struct issued server, ca, stranger;
};

static void begin(struct world *w, const char *verify)
{
	kit_start(&w->kit);
	w->server = issue((struct wish){ .cn = "mail.example.org" });
	w->ca = issue((struct wish){ .cn = "people", .authority = true });
	w->stranger = issue((struct wish){ .cn = "people", .authority = true });
	setenv("TLS_CERTFILE", kit_file(&w->kit, "imapd.pem", true, CHAIN(&w->server)), 1);
	setenv("TLS_TRUSTCERTS", kit_file(&w->kit, "people.pem", false, CHAIN(&w->ca)), 1);
	setenv("TLS_VERIFYPEER", verify, 1);
	setenv("TLS_EXTERNAL", "CN", 1);
}

static void issued_free(struct issued *it)
{
	gnutls_x509_crt_deinit(it->crt);
	gnutls_x509_privkey_deinit(it->key);
}

static void end(struct world *w)
{
	issued_free(&w->server);
	issued_free(&w->ca);
	issued_free(&w->stranger);
	kit_end(&w->kit);
}

/* What imaptls says of a client with that certificate (NULL: none): all its lines, in l->said. */
static bool visit(struct link *l, const struct issued *certificate, const char *priority)
{
	struct client c;
	char byte;
	bool served;

	link_open(l);
	client_open(&c, l, (struct manner){ .certificate = certificate, .priority = priority });
	served = heard(l, "\nTLS ") != NULL;
	if (served) {
		must(c.result);
		echo(l, &c);
	} else { /* with TLS 1.3 the client has its handshake before it is judged (RFC 8446 4.4.2) */
		ck_assert(c.result < 0 || client_read(&c, &byte, 1) < 0);
	}
	ck_assert_int_eq(link_close(l) == EXIT_REFUSED || served, true);
	client_close(&c);
	return served;
}

static const char *const priorities[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

START_TEST(a_good_certificate_names_the_user)
{
	static const char *const modes[] = { "PEER", "REQUIREPEER" };
	struct world w;
	struct issued joe;
	struct link l;

	begin(&w, modes[_i]);
	joe = issue((struct wish){ .cn = "joe", .by = &w.ca });
	for (size_t i = 0; i < COUNT(priorities); i++) {
		ck_assert_msg(visit(&l, &joe, priorities[i]), "%s", l.said);
		ck_assert_msg(strstr(l.said, "\nIDENTITY joe\n") != NULL, "%s", l.said);
		ck_assert(strstr(l.said, "\nIDENTITY ") < strstr(l.said, "\nTLS "));
	}
	issued_free(&joe);
	end(&w);
}
END_TEST

START_TEST(none_is_needed_unless_it_is_required)
{
	static const struct {
		const char *mode;
		bool served;
	} modes[] = {
		{"NONE",	  true },
		  { "PEER",	    true },
		    { "REQUIREPEER", false}
	};
	struct world w;
	struct link l;

	begin(&w, modes[_i].mode);
	for (size_t i = 0; i < COUNT(priorities); i++) {
		ck_assert_msg(visit(&l, NULL, priorities[i]) == modes[_i].served, "%s", l.said);
		ck_assert_ptr_null(strstr(l.said, "IDENTITY"));
	}
	end(&w);
}
END_TEST

START_TEST(it_is_not_even_asked_for_with_none)
{
	struct world w;
	struct issued joe;
	struct link l;

	begin(&w, "NONE");
	joe = issue((struct wish){ .cn = "joe", .by = &w.ca });
	ck_assert(visit(&l, &joe, NULL));
	ck_assert_ptr_null(strstr(l.said, "IDENTITY"));
	issued_free(&joe);
	end(&w);
}
END_TEST

static const struct {
	const char *what;
	struct wish wish;
	bool by_stranger;
	const char *words;
} bad[] = {
	{"of another authority", { .cn = "joe" },					   true,	 ""},
	{ "expired",	     { .cn = "joe", .from = -7200, .until = -3600 },	     false, ""},
	{ "not yet valid",	   { .cn = "joe", .from = 3600 },			  false, ""},
	{ "a server's",		{ .cn = "joe", .purpose = GNUTLS_KP_TLS_WWW_SERVER }, false, ""},
};

START_TEST(a_bad_certificate_is_refused_also_where_none_is_needed)
{
	struct world w;
	struct issued joe;
	struct wish wish = bad[_i].wish;
	struct link l;

	begin(&w, "PEER");
	wish.by = bad[_i].by_stranger ? &w.stranger : &w.ca;
	joe = issue(wish);
	for (size_t i = 0; i < COUNT(priorities); i++)
		ck_assert_msg(!visit(&l, &joe, priorities[i]), "%s: %s", bad[_i].what, l.said);
	issued_free(&joe);
	end(&w);
}
END_TEST

static const struct {
	const char *field;
	struct wish wish;
	const char *line; /* NULL: no identity */
} fields[] = {
	{"CN",		{ .cn = "joe" },				 "\nIDENTITY joe\n"	    },
	{ "cn",		{ .cn = "joe@example.org" },		     "\nIDENTITY joe@example.org\n"},
	{ "2.5.4.3",	     { .cn = "joe" },			      "\nIDENTITY joe\n"		 },
	{ "emailaddress",	  { .cn = "joe", .email = "joe@example.org" }, "\nIDENTITY joe@example.org\n"},
	{ "subjectAltName", { .cn = "joe", .email = "joe@example.org" }, "\nIDENTITY joe@example.org\n"},
	{ "subjectAltName", { .cn = "joe", .dns = "joe.example.org" },   NULL			    },
	{ "UID",		 { .cn = "joe" },				  NULL			       },
	{ "nonsense",	      { .cn = "joe" },			       NULL			    },
	{ "CN",		{ .cn = "joe", .two_names = true },	    NULL				 },
	{ "CN",		{ .cn = "joe user" },			      NULL			   },
	{ "CN",		{ .cn = "joe\nTLS" },			      NULL			   },
	{ "CN",		{ .cn = "joe\xff" },			     NULL			  },
};

START_TEST(the_field_that_holds_the_login_name)
{
	struct world w;
	struct issued joe;
	struct wish wish = fields[_i].wish;
	struct link l;

	begin(&w, "PEER");
	setenv("TLS_EXTERNAL", fields[_i].field, 1);
	wish.by = &w.ca;
	joe = issue(wish);
	ck_assert_msg(visit(&l, &joe, NULL), "%s", l.said);
	if (fields[_i].line)
		ck_assert_msg(strstr(l.said, fields[_i].line) != NULL, "%s", l.said);
	else
		ck_assert_msg(!strstr(l.said, "IDENTITY"), "%s", l.said);
	issued_free(&joe);
	end(&w);
}
END_TEST

START_TEST(without_a_field_nobody_is_named)
{
	struct world w;
	struct issued joe;
	struct link l;

	begin(&w, "REQUIREPEER");
	unsetenv("TLS_EXTERNAL");
	joe = issue((struct wish){ .cn = "joe", .by = &w.ca });
	ck_assert(visit(&l, &joe, NULL));
	ck_assert_ptr_null(strstr(l.said, "IDENTITY"));
	issued_free(&joe);
	end(&w);
}
END_TEST

START_TEST(authorities_may_be_a_directory)
{
	struct world w;
	struct issued joe;
	struct link l;

	begin(&w, "REQUIREPEER");
	setenv("TLS_TRUSTCERTS", w.kit.dir, 1);
	joe = issue((struct wish){ .cn = "joe", .by = &w.ca });
	ck_assert_msg(visit(&l, &joe, NULL), "%s", l.said);
	issued_free(&joe);
	end(&w);
}
END_TEST

START_TEST(revoked_is_refused)
{
	static const unsigned char serial[] = { 1, 2, 3, 4 };
	struct world w;
	struct issued joe;
	struct link l;
	gnutls_x509_crl_t crl;
	gnutls_datum_t pem;
	FILE *f;

	begin(&w, "PEER");
	joe = issue((struct wish){ .cn = "joe", .by = &w.ca });
	must(gnutls_x509_crl_init(&crl));
	must(gnutls_x509_crl_set_version(crl, 2));
	must(gnutls_x509_crl_set_this_update(crl, time(NULL) - 60));
	must(gnutls_x509_crl_set_next_update(crl, time(NULL) + 3600));
	must(gnutls_x509_crl_set_crt_serial(crl, serial, sizeof serial, time(NULL) - 60));
	must(gnutls_x509_crl_sign2(crl, w.ca.crt, w.ca.key, GNUTLS_DIG_SHA256, 0));
	must(gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem));
	f = fopen(kit_path(&w.kit, "crl.pem"), "w");
	fwrite(pem.data, 1, pem.size, f);
	fclose(f);
	setenv("TLS_CRLFILE", w.kit.path, 1);
	ck_assert_msg(!visit(&l, &joe, NULL), "%s", l.said);
	gnutls_free(pem.data);
	gnutls_x509_crl_deinit(crl);
	issued_free(&joe);
	end(&w);
}
END_TEST

START_TEST(useless_authorities_are_refused_in_words)
{
	struct world w;
	struct link l;

	begin(&w, "PEER");
	setenv("TLS_TRUSTCERTS", "/nowhere/at/all", 1);
	ck_assert_ptr_nonnull(strstr(refusal(&l), "/nowhere/at/all: No such file"));
	setenv("TLS_TRUSTCERTS", "/dev/null", 1);
	ck_assert_msg(strstr(refusal(&l), "/dev/null: no certificate of an authority") != NULL, "%s", l.said);
	end(&w);
}
END_TEST

T_SUITE("tls_peer", T_LOOP(a_good_certificate_names_the_user, ((const char *[2]){ 0 })),
	T_LOOP(none_is_needed_unless_it_is_required, ((const char *[3]){ 0 })),
	T_TEST(it_is_not_even_asked_for_with_none),
	T_LOOP(a_bad_certificate_is_refused_also_where_none_is_needed, bad),
	T_LOOP(the_field_that_holds_the_login_name, fields), T_TEST(without_a_field_nobody_is_named),
	T_TEST(authorities_may_be_a_directory), T_TEST(revoked_is_refused),
	T_TEST(useless_authorities_are_refused_in_words))
