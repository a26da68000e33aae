/* t/t_tls.c: sessions: what is agreed on, how they end, and that every octet arrives */
#define _GNU_SOURCE
#include <poll.h>
#include "t/tls_kit.h"
#include "tls/transport.h"

struct setup {
	struct kit kit;
	struct link link;
	struct client client;
};

static void start(struct setup *s)
{
	struct issued self = issue((struct wish){ .cn = "mail.example.org", .dns = "mail.example.org" });

	kit_start(&s->kit);
	setenv("TLS_CERTFILE", kit_file(&s->kit, "imapd.pem", true, CHAIN(&self)), 1);
	gnutls_x509_crt_deinit(self.crt);
	gnutls_x509_privkey_deinit(self.key);
}

static void shake(struct setup *s, struct manner m)
{
	start(s);
	link_open(&s->link);
	client_open(&s->client, &s->link, m);
}

static int finish(struct setup *s)
{
	const int code = link_close(&s->link);

	client_close(&s->client);
	kit_end(&s->kit);
	return code;
}

static const struct {
	const char *priority, *reported;
} versions[] = {
	{"NORMAL:-VERS-ALL:+VERS-TLS1.3",  "\nTLS TLSv1.3 AES-256-GCM 0 mail.example.org imap\n"},
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2", "\nTLS TLSv1.2 AES-256-GCM 0 mail.example.org imap\n"},
};

START_TEST(versions_in_use_work_and_are_reported)
{
	struct setup s;

	shake(&s, (struct manner){
			  .priority = versions[_i].priority, .host = "mail.example.org", .alpn = "imap" });
	must(s.client.result);
	ck_assert_msg(heard(&s.link, versions[_i].reported) != NULL, "%s", s.link.said);
	echo(&s.link, &s.client);
	must(gnutls_bye(s.client.session, GNUTLS_SHUT_WR));
	ck_assert_int_eq(finish(&s), EXIT_OK);
}
END_TEST

static const struct {
	const char *what, *priority, *alpn;
	int alert;
} refused[] = {
	{"TLS 1.1",	     "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1", NULL,
	  GNUTLS_A_PROTOCOL_VERSION												   },
	{ "TLS 1.0",	     "NORMAL:-VERS-ALL:+VERS-TLS1.0:%VERIFY_ALLOW_SIGN_WITH_SHA1", NULL,
	  GNUTLS_A_PROTOCOL_VERSION												   },
	{ "another ALPN",  NULL,							 "http/1.1", GNUTLS_A_NO_APPLICATION_PROTOCOL},
	{ "static RSA",	"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",		      NULL,	    GNUTLS_A_HANDSHAKE_FAILURE      },
	{ "finite fields", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+DHE-RSA",	     NULL,
	  GNUTLS_A_HANDSHAKE_FAILURE												  },
};

START_TEST(what_is_refused_ends_with_its_alert)
{
	struct setup s;

	shake(&s, (struct manner){ .priority = refused[_i].priority, .alpn = refused[_i].alpn });
	ck_assert_int_eq(s.client.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
	ck_assert_msg((int)gnutls_alert_get(s.client.session) == refused[_i].alert, "%s: %s",
		      refused[_i].what, gnutls_alert_get_name(gnutls_alert_get(s.client.session)));
	ck_assert_msg(heard(&s.link, "\nFAIL ") != NULL, "%s", s.link.said);
	ck_assert_int_eq(finish(&s), EXIT_REFUSED);
}
END_TEST

START_TEST(no_alpn_and_no_name_are_fine)
{
	struct setup s;

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	ck_assert_msg(heard(&s.link, " 0 - -\n") != NULL, "%s", s.link.said);
	finish(&s);
}
END_TEST

START_TEST(both_ends_have_the_same_channel_binding)
{
	struct setup s;
	gnutls_datum_t octets;
	char line[200] = "BINDING tls-exporter ";
	size_t n = sizeof line - strlen(line);

	shake(&s, (struct manner){ .priority = versions[_i].priority });
	must(s.client.result);
	must(gnutls_session_channel_binding(s.client.session, GNUTLS_CB_TLS_EXPORTER, &octets));
	must(gnutls_hex_encode(&octets, line + strlen(line), &n));
	gnutls_free(octets.data);
	ck_assert_msg(heard(&s.link, line) != NULL, "%s is not in %s", line, s.link.said);
	ck_assert_ptr_nonnull(strstr(s.link.said, "BINDING tls-server-end-point "));
	ck_assert_int_eq(strstr(s.link.said, "BINDING tls-unique ") != NULL, _i == 1);
	finish(&s);
}
END_TEST

START_TEST(close_notify_of_the_client_ends_reading_only)
{
	struct setup s;
	char got[8] = "";

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	must(gnutls_record_send(s.client.session, "x LOG", 5));
	must(gnutls_bye(s.client.session, GNUTLS_SHUT_WR));
	ck_assert_int_eq(fd_read_all(s.link.plain, got, sizeof got), 5); /* and the end */
	ck_assert_int_eq(fd_write_all(s.link.plain, "* BYE", 5), 0);
	fd_closep(&s.link.plain);
	ck_assert_int_eq(client_read(&s.client, got, sizeof got), 5);
	ck_assert_int_eq(client_read(&s.client, got, sizeof got), 0);
	ck_assert_int_eq(finish(&s), EXIT_OK);
}
END_TEST

START_TEST(the_end_of_the_server_is_a_close_notify)
{
	struct setup s;
	char got[8] = "";

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	ck_assert_int_eq(fd_write_all(s.link.plain, "* BYE", 5), 0);
	fd_closep(&s.link.plain);
	ck_assert_int_eq(client_read(&s.client, got, sizeof got), 5);
	ck_assert_int_eq(client_read(&s.client, got, sizeof got), 0); /* not an error: no truncation */
	ck_assert_int_eq(finish(&s), EXIT_OK);
}
END_TEST

START_TEST(what_the_client_says_after_the_end_takes_nothing_back)
{
	enum { LAST = 60000 };
	struct setup s;
	char *last = calloc(1, LAST), got[16384];
	size_t n = 0;
	ssize_t r;

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	ck_assert_int_eq(fd_write_all(s.link.plain, last, LAST), 0);
	must(gnutls_record_send(s.client.session, "more", 4));
	fd_closep(&s.link.plain);
	must(gnutls_record_send(s.client.session, "and more", 8));
	while ((r = client_read(&s.client, got, sizeof got)) > 0)
		n += (size_t)r;
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(n, LAST);
	free(last);
	finish(&s);
}
END_TEST

START_TEST(a_client_that_has_said_all_gets_all)
{
	enum { LAST = 16 * 1024 * 1024 };
	struct setup s;
	char got[16384];
	size_t n = 0;
	ssize_t r;
	pid_t server;

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	must(gnutls_bye(s.client.session, GNUTLS_SHUT_WR));
	shutdown(s.link.net, SHUT_WR);
	server = fork();
	if (server == 0) {
		char *last = calloc(1, LAST);

		_exit(fd_write_all(s.link.plain, last, LAST) < 0);
	}
	fd_closep(&s.link.plain);
	while ((r = client_read(&s.client, got, sizeof got)) > 0) {
		if (n < LAST &&
		    n % (1 << 20) < sizeof got) /* slowly, so that imaptls still holds some at the end */
			usleep(20000);
		n += (size_t)r;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(n, LAST);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	ck_assert_int_eq(finish(&s), EXIT_OK);
}
END_TEST

START_TEST(last_words_are_sent_to_a_client_that_has_ended)
{
	enum { LAST = 8 * 1024 * 1024 };
	struct transport t = { 0 };
	char *octets = calloc(1, LAST);
	int client, status;
	pid_t pid;

	tcp_pair(&client, &t.fd);
	buf_add(&t.out, octets, LAST);
	ck_assert_int_eq(shutdown(client, SHUT_WR), 0);
	pid = fork();
	if (pid == 0) {
		transport_linger(&t, 60000, 60000);
		_exit(t.out.n > 0);
	}
	close(t.fd);
	ck_assert_int_eq(fd_read_all(client, octets, LAST), LAST);
	ck_assert_int_eq(fd_read_all(client, octets, 1), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	transport_release(&t);
	free(octets);
	close(client);
}
END_TEST

START_TEST(a_stream_cut_short_is_noticed)
{
	struct setup s;
	char got[8];

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	must(gnutls_record_send(s.client.session, "x LOG", 5));
	shutdown(s.link.net, SHUT_WR);
	ck_assert_int_eq(fd_read_all(s.link.plain, got, sizeof got), 5);
	ck_assert_int_eq(finish(&s), EXIT_REFUSED);
}
END_TEST

START_TEST(a_client_that_resets_ends_the_session)
{
	const struct linger now = { .l_onoff = 1 };
	struct setup s;
	char got[8];

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	must(gnutls_record_send(s.client.session, "x", 1));
	ck_assert_int_eq(fd_read_all(s.link.plain, got, 1), 1);
	setsockopt(s.link.net, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	fd_closep(&s.link.net);
	ck_assert_int_eq(fd_read_all(s.link.plain, got, 1), 0);
	ck_assert_int_eq(finish(&s), EXIT_REFUSED);
}
END_TEST

START_TEST(a_record_that_was_changed_ends_the_session)
{
	static const char forged[] = { 0x17, 3,	 3,  0,	 32, 1,	 2,  3,	 4,  5,	 6,  7,	 8,
				       9,    10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
				       22,   23, 24, 25, 26, 27, 28, 29, 30, 31, 32 };
	struct setup s;
	char got[8];

	shake(&s, (struct manner){ .priority = versions[_i].priority });
	must(s.client.result);
	ck_assert_int_eq(fd_write_all(s.link.net, forged, sizeof forged), 0);
	ck_assert_int_eq(fd_read_all(s.link.plain, got, 1), 0);
	ck_assert_int_eq(client_read(&s.client, got, sizeof got), GNUTLS_E_FATAL_ALERT_RECEIVED);
	ck_assert_int_eq(gnutls_alert_get(s.client.session), GNUTLS_A_BAD_RECORD_MAC);
	ck_assert_int_eq(finish(&s), EXIT_REFUSED);
}
END_TEST

START_TEST(the_end_of_the_monitor_is_the_end)
{
	struct setup s;

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	heard(&s.link, "TLS");
	fd_closep(&s.link.control);
	ck_assert_int_eq(reap(&s.link), EXIT_REFUSED);
	close(s.link.net);
	close(s.link.plain);
	client_close(&s.client);
	kit_end(&s.kit);
}
END_TEST

START_TEST(no_go_no_handshake)
{
	struct setup s;

	start(&s);
	link_start(&s.link);
	ck_assert(hear(&s.link));
	ck_assert_int_eq(fd_write_all(s.link.net, "hello", 5), 0);
	fd_closep(&s.link.control);
	ck_assert_int_eq(reap(&s.link), EXIT_REFUSED);
	kit_end(&s.kit);
}
END_TEST

/* Of imaptls, as the kernel tells it: the line of /proc/PID/status that begins with name. */
static long status_of(const struct link *l, const char *name)
{
	char path[40], line[200];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/status", (int)l->pid);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtol(line + strlen(name), NULL, 10);
	fclose(f);
	return value;
}

START_TEST(the_door_is_closed_before_the_client_is_heard)
{
	struct setup s;

	start(&s);
	link_start(&s.link);
	ck_assert(hear(&s.link));
	ck_assert_str_eq(s.link.said, "READY\n");
	ck_assert_int_eq(status_of(&s.link, "Seccomp:"), 2);
	ck_assert_int_eq(status_of(&s.link, "NoNewPrivs:"), 1);
	ck_assert(geteuid() != 0 || status_of(&s.link, "Uid:") > 0);
	ck_assert(geteuid() != 0 || status_of(&s.link, "Gid:") > 0);
	fd_closep(&s.link.control);
	ck_assert_int_eq(reap(&s.link), EXIT_REFUSED);
	close(s.link.net);
	close(s.link.plain);
	kit_end(&s.kit);
}
END_TEST

#define BYTES(literal)                                                                                       \
	{                                                                                                    \
		literal, sizeof(literal) - 1                                                                 \
	}

static const struct {
	const char *s;
	size_t n;
} garbage[] = {
	BYTES("a LOGIN user secret\r\n"), BYTES("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
	BYTES("\x16\x03\x01\xff\xff"),	  BYTES("\x16\x03\x01\x00\x05\x01\xff\xff\xff\xff"),
	BYTES("\x80\x2e\x01\x03\x01"),	  BYTES("\x15\x03\x03\x00\x02\x02\x28"),
	BYTES("\0\0\0\0\0\0\0\0"),	  BYTES(""),
};

START_TEST(garbage_instead_of_a_hello)
{
	struct setup s;
	char answer[512];
	ssize_t n;

	start(&s);
	link_open(&s.link);
	ck_assert_int_eq(fd_write_all(s.link.net, garbage[_i].s, garbage[_i].n), 0);
	shutdown(s.link.net, SHUT_WR);
	n = fd_read_all(s.link.net, answer, sizeof answer);
	ck_assert_int_lt(n, 64); /* an alert at most, and never our text */
	ck_assert(n <= 0 || answer[0] == 0x15);
	ck_assert_msg(heard(&s.link, "\nFAIL ") != NULL, "%s", s.link.said);
	ck_assert_int_eq(fd_read_all(s.link.plain, answer, 1), 0); /* the server never saw a byte */
	ck_assert_int_eq(link_close(&s.link), EXIT_REFUSED);
	kit_end(&s.kit);
}
END_TEST

enum { HUGE_N = 24 * 1024 * 1024, STEP = 40000, ROW = 251 * 1000 };

/* What flows one way, from octet number at on: no record or buffer is as long as its period. */
static const unsigned char *flow(size_t at, unsigned way)
{
	static unsigned char rows[2][ROW + STEP];

	if (rows[way][1] == 0)
		for (size_t i = 0; i < sizeof rows[way]; i++)
			rows[way][i] = (unsigned char)(i % 251 + i % ROW / 251 * (7 + way) + 1);
	return rows[way] + at % ROW;
}

/* The server: writes one way and reads the other, both at once. */
static void serve_both_ways(int fd)
{
	size_t sent = 0, had = 0;
	unsigned char in[STEP];
	bool good = true;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (sent < HUGE_N || had < HUGE_N) {
		struct pollfd p = { .fd = fd, .events = (short)(sent < HUGE_N ? POLLIN | POLLOUT : POLLIN) };
		ssize_t n;

		poll(&p, 1, -1);
		if (sent < HUGE_N && (n = write(fd, flow(sent, 0), MIN(STEP, HUGE_N - sent))) > 0)
			sent += (size_t)n;
		n = read(fd, in, STEP);
		if (n == 0)
			break;
		good &= n < 0 || memcmp(in, flow(had, 1), (size_t)n) == 0;
		if (n > 0)
			had += (size_t)n;
	}
	_exit(good && had == HUGE_N && sent == HUGE_N ? 0 : 1);
}

static bool waits(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

START_TEST(much_arrives_whole_both_ways_at_once)
{
	struct setup s;
	size_t sent = 0, had = 0;
	unsigned char in[STEP];
	int status;
	pid_t server;

	shake(&s, (struct manner){ .priority = versions[_i].priority });
	must(s.client.result);
	server = fork();
	if (server == 0)
		serve_both_ways(s.link.plain);
	fd_closep(&s.link.plain);
	while (sent < HUGE_N || had < HUGE_N) {
		if (sent < HUGE_N) {
			const ssize_t n = client_write(&s.client, flow(sent, 1), MIN(STEP, HUGE_N - sent));

			ck_assert_int_gt(n, 0);
			sent += (size_t)n;
		}
		while (had < HUGE_N && (sent == HUGE_N || gnutls_record_check_pending(s.client.session) ||
					waits(s.link.net))) {
			const ssize_t n = client_read(&s.client, in, STEP);

			ck_assert_int_gt(n, 0);
			ck_assert_int_eq(memcmp(in, flow(had, 0), (size_t)n), 0);
			had += (size_t)n;
		}
	}
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_int_eq(status, 0);
	finish(&s);
}
END_TEST

START_TEST(a_client_that_does_not_read_stops_the_server)
{
	struct setup s;
	char block[65536] = { 0 };
	size_t taken = 0;
	ssize_t n;

	shake(&s, (struct manner){ 0 });
	must(s.client.result);
	do {
		struct pollfd p = { .fd = s.link.plain, .events = POLLOUT };

		n = poll(&p, 1, 1000) > 0 ? send(s.link.plain, block, sizeof block, MSG_DONTWAIT) : -1;
		taken += n > 0 ? (size_t)n : 0;
	} while (n > 0 && taken < (256U << 20));
	ck_assert_uint_lt(taken, 64U << 20); /* what the kernel's buffers hold */
	finish(&s);
}
END_TEST

START_TEST(renegotiation_is_refused)
{
	struct setup s;
	char got[8];

	shake(&s, (struct manner){ .priority = versions[1].priority });
	must(s.client.result);
	ck_assert_int_eq(gnutls_handshake(s.client.session), GNUTLS_E_FATAL_ALERT_RECEIVED);
	ck_assert_int_eq(gnutls_alert_get(s.client.session), GNUTLS_A_NO_RENEGOTIATION);
	ck_assert_int_eq(fd_read_all(s.link.plain, got, 1), 0);
	ck_assert_int_eq(finish(&s), EXIT_REFUSED);
}
END_TEST

START_TEST(many_key_updates_do_no_harm)
{
	struct setup s;

	shake(&s, (struct manner){ .priority = versions[0].priority });
	must(s.client.result);
	for (int i = 0; i < 5; i++) {
		must(gnutls_session_key_update(s.client.session, GNUTLS_KU_PEER));
		echo(&s.link, &s.client);
	}
	finish(&s);
}
END_TEST

T_SUITE("tls", T_LOOP(versions_in_use_work_and_are_reported, versions),
	T_LOOP(what_is_refused_ends_with_its_alert, refused), T_TEST(no_alpn_and_no_name_are_fine),
	T_LOOP(both_ends_have_the_same_channel_binding, versions),
	T_TEST(close_notify_of_the_client_ends_reading_only), T_TEST(the_end_of_the_server_is_a_close_notify),
	T_TEST(what_the_client_says_after_the_end_takes_nothing_back),
	T_TEST(a_client_that_has_said_all_gets_all), T_TEST(last_words_are_sent_to_a_client_that_has_ended),
	T_TEST(a_stream_cut_short_is_noticed), T_TEST(a_client_that_resets_ends_the_session),
	T_LOOP(a_record_that_was_changed_ends_the_session, versions),
	T_TEST(the_door_is_closed_before_the_client_is_heard), T_TEST(the_end_of_the_monitor_is_the_end),
	T_TEST(no_go_no_handshake), T_LOOP(garbage_instead_of_a_hello, garbage),
	T_LOOP(much_arrives_whole_both_ways_at_once, versions),
	T_TEST(a_client_that_does_not_read_stops_the_server), T_TEST(renegotiation_is_refused),
	T_TEST(many_key_updates_do_no_harm))
