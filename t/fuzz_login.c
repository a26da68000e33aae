/* t/fuzz_login.c: what strangers can send before login: the dialogue, a proxy's header, frames, status
 * datagrams
 *
 * The first octet of the input picks which, the rest is what is sent.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/status.h"
#include "login/dialogue.h"
#include "login/frame.h"
#include "login/proxy.h"
#include "login/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

/* A monitor that says no to everything, and checks what it is asked. */
static void *say_no(void *arg)
{
	const struct str no[] = { STR("AUTHENTICATIONFAILED"), STR("Login failed"), STR("") };
	const struct str challenge = STR("challenge");
	const int fd = *(int *)arg;
	struct frame *f = must_alloc(sizeof *f);
	struct str fields[4];

	*f = (struct frame){ 0 };
	while (frame_recv(fd, f) == 1) {
		if (f->kind == FRAME_TRY) {
			must(frame_fields(f, 4, fields));
			must(fields[0].n > 0 && str_find(fields[0], ' ') == fields[0].n &&
			     (str_find(fields[3], '\0') == fields[3].n ||
			      (str_eq(fields[1], STR("X-ONE")) && fields[2].n == 0)));
		}
		if (f->kind == FRAME_TRY && fields[0].s[0] == 'r')
			frame_send(fd, FRAME_CHALLENGE, &challenge, 1);
		else if (f->kind == FRAME_STARTTLS)
			frame_send(fd, FRAME_OK, NULL, 0);
		else if (f->kind != FRAME_GIVEUP)
			frame_send(fd, FRAME_NO, no, COUNT(no));
	}
	free(f);
	return NULL;
}

/* Whole lines, each of printable ASCII (a tag may be no more than that either). */
static void check_answers(int fd)
{
	char octets[4096], last = '\n';
	ssize_t n;

	while ((n = read(fd, octets, sizeof octets)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			must(octets[i] == '\r' || octets[i] == '\n' ||
			     (octets[i] >= ' ' && octets[i] < 0x7f));
		last = octets[n - 1];
	}
	must(last == '\n');
}

static void fuzz_dialogue(struct str in, bool passwords)
{
	const struct terms terms = {
		.greeted = true, .passwords = passwords, .starttls = !passwords,
		.mechanisms = passwords ? "PLAIN LOGIN EXTERNAL X-ONE CRAM-MD5" : "EXTERNAL"
	};
	int client[2], frames[2];
	pthread_t monitor;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, client) == 0 &&
	     socketpair(AF_UNIX, SOCK_SEQPACKET, 0, frames) == 0);
	must(fd_write_all(client[1], in.s, in.n) == 0 && shutdown(client[1], SHUT_WR) == 0);
	must(pthread_create(&monitor, NULL, say_no, &frames[1]) == 0);
	must(dialogue_run(client[0], client[0], frames[0], &terms) == EXIT_OK);
	fd_closep(&frames[0]);
	pthread_join(monitor, NULL);
	fd_closep(&client[0]);
	check_answers(client[1]);
	fd_closep(&client[1]);
	fd_closep(&frames[1]);
}

static void fuzz_proxy(struct str in)
{
	unsigned char octets[PROXY_OCTETS];
	struct address from, to, from2, to2;
	char text[ADDRESS_TEXT];
	size_t n = 0;
	const enum proxy_result r = proxy_parse(in, &n, &from, &to);

	must(r == PROXY_BAD || n <= in.n);
	if (r != PROXY_ADDRESSES)
		return;
	address_text(&from, text);
	proxy_pack(&from, &to, octets);
	proxy_unpack(octets, &from2, &to2);
	must(memcmp(from.ip, from2.ip, 16) == 0 && from.port == from2.port && to.port == to2.port);
}

static void fuzz_frame(struct str in)
{
	struct frame f = { 0 };
	struct str fields[FRAME_FIELDS], user, password;
	struct status_message said;

	memcpy(f.room, in.s, MIN(in.n, sizeof f.room));
	f.fields = (struct str){ f.room, MIN(in.n, sizeof f.room) };
	for (size_t n = 0; n <= FRAME_FIELDS; n++)
		if (frame_fields(&f, n, fields) && n)
			must(fields[n - 1].s + fields[n - 1].n == f.room + f.fields.n);
	status_parse(in, &said);
	if (sasl_plain(in, &user, &password) == SASL_OK)
		must(user.n && password.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str in = { (const char *)data + 1, size ? size - 1 : 0 };

	if (size == 0 || size > 60000)
		return 0;
	if (data[0] % 4 < 2)
		fuzz_dialogue(in, data[0] % 4);
	else if (data[0] % 4 == 2)
		fuzz_proxy(in);
	else
		fuzz_frame(in);
	return 0;
}
