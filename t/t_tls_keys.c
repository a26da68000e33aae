/* t/t_tls_keys.c: which certificate a client is shown, and what can't be served is said before the handshake
 */
#define _GNU_SOURCE
#include "t/tls_kit.h"

/* Lives as long as the test. */
struct world {
	struct kit kit;
	struct issued ca, middle, plain, rsa, other, wild, expired, future;
};

static void begin(struct world *w)
{
	kit_start(&w->kit);
	w->ca = issue((struct wish){ .cn = "ca", .authority = true });
	w->middle = issue((struct wish){ .cn = "middle", .authority = true, .by = &w->ca });
	w->plain = issue((struct wish){ .cn = "plain", .dns = "mail.example.org", .by = &w->middle });
	w->other = issue((struct wish){ .cn = "other", .dns = "imap.example.net", .by = &w->middle });
	w->wild = issue((struct wish){ .cn = "wild", .dns = "*.example.com", .by = &w->middle });
	w->expired = issue(
		(struct wish){ .cn = "expired", .dns = "old.example.org", .from = -7200, .until = -3600 });
	w->future = issue((struct wish){ .cn = "future", .from = 3600 });
}

static void issued_free(struct issued *it)
{
	gnutls_x509_crt_deinit(it->crt);
	gnutls_x509_privkey_deinit(it->key);
}

static void end(struct world *w)
{
	struct issued *all[] = {
		&w->ca, &w->middle, &w->plain, &w->other, &w->wild, &w->expired, &w->future
	};

	for (size_t i = 0; i < COUNT(all); i++)
		issued_free(all[i]);
	kit_end(&w->kit);
}

/* The name in the certificate that a client of that manner is shown; *ret_n of them in the chain. */
static const char *ask(struct manner m, unsigned *ret_n)
{
	static char name[64];
	struct link l;
	struct client c;

	link_open(&l);
	client_open(&c, &l, m);
	ck_assert_msg(c.result >= 0, "%s: %s", m.host, gnutls_strerror(c.result));
	shown(&c, name, sizeof name, ret_n);
	link_close(&l);
	client_close(&c);
	return name;
}

#define ck_shown(host_, want)                                                                                \
	do {                                                                                                 \
		unsigned n_;                                                                                 \
		ck_assert_str_eq(ask((struct manner){ .host = host_ }, &n_), want);                          \
	} while (0)

START_TEST(the_whole_chain_is_sent_in_order)
{
	struct world w;
	unsigned n;

	begin(&w);
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain, &w.middle, &w.ca)), 1);
	ck_assert_str_eq(ask((struct manner){ 0 }, &n), "plain");
	ck_assert_uint_eq(n, 3);
	kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain, &w.ca, &w.middle));
	ck_assert_str_eq(ask((struct manner){ 0 }, &n), "plain");
	ck_assert_uint_eq(n, 3);
	end(&w);
}
END_TEST

START_TEST(the_key_may_have_a_file_of_its_own)
{
	struct world w;
	FILE *f;

	begin(&w);
	setenv("TLS_CERTFILE", kit_file(&w.kit, "chain.pem", false, CHAIN(&w.plain, &w.middle)), 1);
	setenv("TLS_PRIVATE_KEYFILE", kit_path(&w.kit, "key.pem"), 1);
	f = fopen(w.kit.path, "w");
	put_key(f, &w.plain);
	fclose(f);
	ck_shown(NULL, "plain");
	end(&w);
}
END_TEST

/* Courier's: FILE.HOST, else FILE.ADDRESS, else FILE. */
START_TEST(a_file_is_for_the_host_in_its_name)
{
	struct world w;

	begin(&w);
	kit_file(&w.kit, "imapd.pem.imap.example.net", true, CHAIN(&w.other));
	kit_file(&w.kit, "imapd.pem.192.0.2.1", true, CHAIN(&w.wild));
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain)), 1);
	ck_shown("imap.example.net", "other");
	ck_shown("IMAP.Example.NET", "other");
	ck_shown(NULL, "plain");
	ck_shown("unknown.example.edu", "plain");
	setenv("TCPLOCALIP", "::ffff:192.0.2.1", 1);
	ck_shown(NULL, "wild");
	ck_shown("unknown.example.edu", "wild");
	ck_shown("imap.example.net", "other");
	end(&w);
}
END_TEST

START_TEST(a_directory_holds_many)
{
	struct world w;

	begin(&w);
	kit_file(&w.kit, "a.pem", true, CHAIN(&w.other));
	kit_file(&w.kit, "b.pem", true, CHAIN(&w.wild));
	kit_file(&w.kit, "default.pem", true, CHAIN(&w.plain));
	setenv("IMAPD_TLS_CERTDIR", w.kit.dir, 1);
	ck_shown("imap.example.net", "other");
	ck_shown("any.example.com", "wild");
	ck_shown("two.labels.example.com", "plain"); /* RFC 9525 6.3: one label */
	ck_shown("example.com", "plain");
	ck_shown(NULL, "plain");
	end(&w);
}
END_TEST

START_TEST(certbots_directories_are_understood)
{
	struct world w;
	char live[80];
	FILE *f;

	begin(&w);
	snprintf(live, sizeof live, "%s/imap.example.net", w.kit.dir);
	ck_assert_int_eq(mkdir(live, 0700), 0);
	kit_file(&w.kit, "imap.example.net/fullchain.pem", false, CHAIN(&w.other, &w.middle));
	f = fopen(kit_path(&w.kit, "imap.example.net/privkey.pem"), "w");
	put_key(f, &w.other);
	fclose(f);
	setenv("IMAPD_TLS_CERTDIR", w.kit.dir, 1);
	ck_shown("imap.example.net", "other");
	ck_shown(NULL, "other"); /* the only one */
	end(&w);
}
END_TEST

START_TEST(credentials_are_found_in_their_directory)
{
	struct world w;

	begin(&w);
	kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain));
	setenv("CREDENTIALS_DIRECTORY", w.kit.dir, 1);
	ck_shown(NULL, "plain");
	kit_file(&w.kit, "z.pem", true, CHAIN(&w.other));
	setenv("TLS_CERTFILE", "z.pem", 1);
	ck_shown(NULL, "other");
	end(&w);
}
END_TEST

static const struct {
	const char *priority, *name;
} algorithms[] = {
	{"NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256",     "rsa"  },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.3:-SIGN-ALL:+SIGN-ECDSA-SECP256R1-SHA256", "plain"},
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA",		      "rsa"  },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA",			"plain"},
};

START_TEST(rsa_and_ecdsa_stand_side_by_side)
{
	struct world w;
	char list[200];
	unsigned n;

	begin(&w);
	w.rsa = issue((struct wish){ .cn = "rsa", .dns = "mail.example.org", .rsa = true, .by = &w.middle });
	kit_file(&w.kit, "rsa.pem", true, CHAIN(&w.rsa));
	kit_file(&w.kit, "ecdsa.pem", true, CHAIN(&w.plain));
	snprintf(list, sizeof list, "%s/rsa.pem%c%s/ecdsa.pem", w.kit.dir, _i % 2 ? ':' : ' ', w.kit.dir);
	setenv("TLS_CERTFILE", list, 1);
	ck_assert_str_eq(ask((struct manner){ .priority = algorithms[_i].priority }, &n),
			 algorithms[_i].name);
	ck_assert_str_eq(
		ask((struct manner){ .priority = algorithms[_i].priority, .host = "mail.example.org" }, &n),
		algorithms[_i].name);
	issued_free(&w.rsa);
	end(&w);
}
END_TEST

START_TEST(one_that_expired_is_left_out_if_there_is_another)
{
	struct world w;
	char list[200];

	begin(&w);
	kit_file(&w.kit, "a.pem", true, CHAIN(&w.expired));
	kit_file(&w.kit, "b.pem", true, CHAIN(&w.plain));
	snprintf(list, sizeof list, "%s/a.pem %s/b.pem", w.kit.dir, w.kit.dir);
	setenv("TLS_CERTFILE", list, 1);
	ck_shown(NULL, "plain");
	end(&w);
}
END_TEST

START_TEST(a_host_whose_certificate_expired_gets_no_other)
{
	struct world w;
	struct link l;
	struct client c;

	begin(&w);
	kit_file(&w.kit, "imapd.pem.old.example.org", true, CHAIN(&w.expired));
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain)), 1);
	link_open(&l);
	client_open(&c, &l, (struct manner){ .host = "old.example.org" });
	ck_assert_int_eq(c.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
	ck_assert_msg(heard(&l, "imapd.pem.old.example.org: the certificate expired on ") != NULL, "%s",
		      l.said);
	ck_assert_int_eq(link_close(&l), EXIT_REFUSED);
	client_close(&c);
	end(&w);
}
END_TEST

/* What is wrong is said in words, before a byte goes to the client. */
static void ck_refused(const char *words)
{
	struct link l;

	ck_assert_msg(strstr(refusal(&l), words) != NULL, "\"%s\" is not in \"%s\"", words, l.said);
}

START_TEST(unfit_certificates_are_refused_in_words)
{
	struct world w;
	const char *path;
	FILE *f;

	begin(&w);
	ck_refused("set TLS_CERTFILE");
	path = kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.expired));
	setenv("TLS_CERTFILE", path, 1);
	ck_refused("imapd.pem: the certificate expired on ");
	kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.future));
	ck_refused("imapd.pem: the certificate is not valid before ");
	kit_file(&w.kit, "imapd.pem", false, CHAIN(&w.plain));
	ck_refused("imapd.pem: no private key in it");
	f = fopen(kit_path(&w.kit, "imapd.pem"), "a");
	put_key(f, &w.other);
	fclose(f);
	ck_refused("imapd.pem: the key is not the certificate's");
	f = fopen(kit_path(&w.kit, "imapd.pem"), "w");
	put_key(f, &w.other);
	fclose(f);
	ck_refused("imapd.pem: no certificate in it");
	f = fopen(kit_path(&w.kit, "imapd.pem"), "w");
	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	ck_refused("imapd.pem: ");
	unlink(kit_path(&w.kit, "imapd.pem"));
	ck_refused("imapd.pem: No such file or directory");
	ck_assert_int_eq(mkdir(kit_path(&w.kit, "imapd.pem"), 0700), 0);
	ck_refused("imapd.pem: Is a directory");
	end(&w);
}
END_TEST

START_TEST(an_encrypted_key_is_refused_in_words)
{
	struct world w;
	gnutls_datum_t pem;
	FILE *f;

	begin(&w);
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", false, CHAIN(&w.plain)), 1);
	must(gnutls_x509_privkey_export2_pkcs8(w.plain.key, GNUTLS_X509_FMT_PEM, "secret",
					       GNUTLS_PKCS_PBES2_AES_256, &pem));
	f = fopen(w.kit.path, "a");
	fwrite(pem.data, 1, pem.size, f);
	fclose(f);
	gnutls_free(pem.data);
	ck_refused("imapd.pem: the key is encrypted");
	end(&w);
}
END_TEST

static const struct {
	const char *name, *value, *words;
} settings[] = {
	{"TLS_PRIORITY",	  "NORMAL:+NONSENSE", "TLS_PRIORITY=NORMAL:+NONSENSE: "		},
	{ "TLS_PROTOCOL",	  "SSL1",		  "TLS_PROTOCOL=SSL1: "			},
	{ "TLS_VERIFYPEER",	    "MAYBE",	     "TLS_VERIFYPEER=MAYBE: "		      },
	{ "TLS_VERIFYPEER",	    "PEER",		    "TLS_VERIFYPEER=PEER: needs TLS_TRUSTCERTS"},
	{ "TLS_MIN_DH_BITS",     "many",	     "TLS_MIN_DH_BITS=many: "		      },
	{ "TLS_PRIVATE_KEYFILE", " ",		      "TLS_PRIVATE_KEYFILE names fewer"		},
	{ "IMAPD_TLS_CERTDIR",   "/nowhere/at/all",  "/nowhere/at/all: No such file"		  },
};

START_TEST(settings_that_cannot_be_meant_are_named)
{
	struct world w;

	begin(&w);
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain)), 1);
	setenv(settings[_i].name, settings[_i].value, 1);
	ck_refused(settings[_i].words);
	end(&w);
}
END_TEST

static const struct {
	const char *name, *value, *priority;
	bool works;
} choices[] = {
	{"TLS_PROTOCOL",	  "TLSv1.3",			     "NORMAL:-VERS-ALL:+VERS-TLS1.2",			      false},
	{ "TLS_PROTOCOL",	  "TLSv1.3",			     "NORMAL:-VERS-ALL:+VERS-TLS1.3",			      true },
	{ "TLS_PROTOCOL",	  "TLSv1++",			     "NORMAL:-VERS-ALL:+VERS-TLS1.2",			      true },
	{ "TLS_PROTOCOL",	  "TLSv1",			   "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1", false},
	{ "TLS_PRIORITY",	  "NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3",				    false},
	{ "TLS_MIN_DH_BITS", "3072",			     "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE3072",  true },
	{ "TLS_PROTOCOL",	  "TLSv1.2",			     "NORMAL:-VERS-ALL:+VERS-TLS1.3:-GROUP-ALL:+GROUP-FFDHE3072",  false},
};

START_TEST(settings_choose_what_is_spoken)
{
	struct world w;
	struct link l;
	struct client c;

	begin(&w);
	setenv("TLS_CERTFILE", kit_file(&w.kit, "imapd.pem", true, CHAIN(&w.plain)), 1);
	setenv(choices[_i].name, choices[_i].value, 1);
	link_open(&l);
	client_open(&c, &l, (struct manner){ .priority = choices[_i].priority });
	ck_assert_msg((c.result >= 0) == choices[_i].works, "%s", gnutls_strerror(c.result));
	link_close(&l);
	client_close(&c);
	end(&w);
}
END_TEST

T_SUITE("tls_keys", T_TEST(the_whole_chain_is_sent_in_order), T_TEST(the_key_may_have_a_file_of_its_own),
	T_TEST(a_file_is_for_the_host_in_its_name), T_TEST(a_directory_holds_many),
	T_TEST(certbots_directories_are_understood), T_TEST(credentials_are_found_in_their_directory),
	T_LOOP(rsa_and_ecdsa_stand_side_by_side, algorithms),
	T_TEST(one_that_expired_is_left_out_if_there_is_another),
	T_TEST(a_host_whose_certificate_expired_gets_no_other),
	T_TEST(unfit_certificates_are_refused_in_words), T_TEST(an_encrypted_key_is_refused_in_words),
	T_LOOP(settings_that_cannot_be_meant_are_named, settings),
	T_LOOP(settings_choose_what_is_spoken, choices))
