/* t/t_tls_ticket.c: a client that comes back resumes its session in another process */
#define _GNU_SOURCE
#include "t/tls_kit.h"
#include "tls/ticket.h"

struct world {
	struct kit kit;
	struct issued server, ca, joe;
	char key[64];
	gnutls_datum_t data; /* what the client keeps */
};

static void begin(struct world *w)
{
	*w = (struct world){
		.data = {NULL, 0}
	};
	kit_start(&w->kit);
	w->server = issue((struct wish){ .cn = "mail.example.org" });
	w->ca = issue((struct wish){ .cn = "people", .authority = true });
	w->joe = issue((struct wish){ .cn = "joe", .by = &w->ca });
	setenv("TLS_CERTFILE", kit_file(&w->kit, "imapd.pem", true, CHAIN(&w->server)), 1);
	setenv("TLS_TRUSTCERTS", kit_file(&w->kit, "people.pem", false, CHAIN(&w->ca)), 1);
	setenv("TLS_EXTERNAL", "CN", 1);
	strcpy(w->key, kit_path(&w->kit, "tls-ticket.key"));
}

static void end(struct world *w)
{
	struct issued *all[] = { &w->server, &w->ca, &w->joe };

	for (size_t i = 0; i < COUNT(all); i++) {
		gnutls_x509_crt_deinit(all[i]->crt);
		gnutls_x509_privkey_deinit(all[i]->key);
	}
	gnutls_free(w->data.data);
	kit_end(&w->kit);
}

/* One visit, with what the visit before left. Whether it was resumed; both ends must agree. */
static bool visit(struct world *w, const char *priority, struct link *l, const struct issued *certificate)
{
	struct client c;
	bool resumed;

	link_open(l);
	client_open(&c, l,
		    (struct manner){ .priority = priority,
				     .resume = w->data.data ? &w->data : NULL,
				     .certificate = certificate });
	must(c.result);
	ck_assert_msg(heard(l, "\nTLS ") != NULL, "%s", l->said);
	echo(l, &c); /* with TLS 1.3 the ticket comes after the handshake (RFC 8446 4.6.1) */
	resumed = gnutls_session_is_resumed(c.session);
	ck_assert_int_eq(resumed, strstr(l->said, " 1 - -\n") != NULL);
	gnutls_free(w->data.data);
	w->data.data = NULL;
	must(gnutls_session_get_data2(c.session, &w->data));
	gnutls_bye(c.session, GNUTLS_SHUT_WR);
	link_close(l);
	client_close(&c);
	return resumed;
}

static const char *const priorities[] = { "NORMAL:-VERS-ALL:+VERS-TLS1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.2" };

START_TEST(another_process_resumes)
{
	struct world w;
	struct link l;

	begin(&w);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	ck_assert(visit(&w, priorities[_i], &l, NULL));
	ck_assert(visit(&w, priorities[_i], &l, NULL));
	end(&w);
}
END_TEST

START_TEST(the_key_before_is_good_the_one_before_that_is_not)
{
	struct world w;
	struct link l;

	begin(&w);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(visit(&w, priorities[_i], &l, NULL));
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	ck_assert(visit(&w, priorities[_i], &l, NULL));
	end(&w);
}
END_TEST

START_TEST(without_a_key_there_is_no_resumption)
{
	struct world w;
	struct link l;

	begin(&w);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	end(&w);
}
END_TEST

/* What was left out before GnuTLS 3.6.14: that the key is used from the first ticket on. */
START_TEST(another_key_opens_no_ticket)
{
	struct world w;
	struct link l;

	begin(&w);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	ck_assert_int_eq(unlink(w.key), 0);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	end(&w);
}
END_TEST

START_TEST(a_ticket_from_where_none_is_asked_for_opens_nothing_that_requires_one)
{
	struct world w;
	struct link l;

	begin(&w);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert(!visit(&w, priorities[_i], &l, NULL));
	setenv("TLS_VERIFYPEER", "REQUIREPEER", 1);
	ck_assert(!visit(&w, priorities[_i], &l, &w.joe));
	ck_assert_ptr_nonnull(strstr(l.said, "IDENTITY joe\n"));
	ck_assert(visit(&w, priorities[_i], &l, &w.joe));
	ck_assert_ptr_nonnull(strstr(l.said, "IDENTITY joe\n")); /* known from the ticket, and judged again */
	end(&w);
}
END_TEST

static const struct {
	const char *what;
	size_t n;
	mode_t mode;
} unfit[] = {
	{"short",		   63,  0600},
	{ "long",		  129, 0600},
	{ "between",	     100, 0600},
	{ "for all to read", 64,	 0644}
};

START_TEST(an_unfit_key_is_not_used)
{
	static const char octets[200] = "not random, but who would know";
	struct world w;
	struct link l;
	FILE *f;

	begin(&w);
	f = fopen(w.key, "w");
	fwrite(octets, 1, unfit[_i].n, f);
	fchmod(fileno(f), unfit[_i].mode);
	fclose(f);
	ck_assert(!visit(&w, NULL, &l, NULL));
	ck_assert_msg(!visit(&w, NULL, &l, NULL), "%s", unfit[_i].what);
	end(&w);
}
END_TEST

START_TEST(renewing_keeps_one_key_and_shows_it_to_nobody)
{
	struct world w;
	struct stat st;
	char first[TICKET_KEY], both[2 * TICKET_KEY + 1];
	FILE *f;

	begin(&w);
	ck_assert_int_eq(tickets_renew(w.key), 0);
	ck_assert_int_eq(stat(w.key, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, TICKET_KEY);
	f = fopen(w.key, "r");
	ck_assert_uint_eq(fread(first, 1, sizeof first, f), TICKET_KEY);
	fclose(f);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(tickets_renew(w.key), 0);
	f = fopen(w.key, "r");
	ck_assert_uint_eq(fread(both, 1, sizeof both, f), 2 * TICKET_KEY);
	fclose(f);
	ck_assert_int_ne(memcmp(both, both + TICKET_KEY, TICKET_KEY), 0);
	ck_assert_int_ne(memcmp(first, both + TICKET_KEY, TICKET_KEY), 0);
	ck_assert_int_eq(tickets_renew("/nowhere/at/all"), -ENOENT);
	end(&w);
}
END_TEST

T_SUITE("tls_ticket", T_LOOP(another_process_resumes, priorities),
	T_LOOP(the_key_before_is_good_the_one_before_that_is_not, priorities),
	T_LOOP(without_a_key_there_is_no_resumption, priorities),
	T_LOOP(another_key_opens_no_ticket, priorities),
	T_LOOP(a_ticket_from_where_none_is_asked_for_opens_nothing_that_requires_one, priorities),
	T_LOOP(an_unfit_key_is_not_used, unfit), T_TEST(renewing_keeps_one_key_and_shows_it_to_nobody))
