/* t/t_login_dialogue.c: login/dialogue: what a client says, and what he and the monitor hear */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/dialogue.h"
#include "login/frame.h"
#include "t/t.h"

/* One run: a client that says all of in and closes; a monitor that notes what it is asked, as
 * "mechanism|user|secret;", and says no.
 */
struct run {
	struct buf out, asked;
	int status;
};

static void run_release(struct run *r)
{
	buf_release(&r->out);
	buf_release(&r->asked);
}

static void answer_try(struct run *r, int monitor, const struct frame *f)
{
	/* a tag that begins with z asks for the end */
	const bool last = f->fields.n && f->fields.s[0] == 'z';
	const struct str no[] = { STR("AUTHENTICATIONFAILED"), STR("Login failed"),
				  last ? STR("Enough") : STR("") };
	struct str fields[4];

	ck_assert(frame_fields(f, 4, fields));
	for (size_t i = 1; i < 4; i++) {
		buf_str(&r->asked, fields[i]);
		buf_c(&r->asked, i < 3 ? '|' : ';');
	}
	ck_assert_int_eq(frame_send(monitor, FRAME_NO, no, 3), 0);
}

static void monitor_part(struct run *r, int monitor)
{
	const struct str challenge = STR("\1challenge");
	struct frame f = { 0 };
	struct str fields[3];

	while (frame_recv(monitor, &f) == 1) {
		/* a tag that begins with r asks for a round */
		if (f.kind == FRAME_TRY && f.fields.s[0] == 'r') {
			ck_assert_int_eq(frame_send(monitor, FRAME_CHALLENGE, &challenge, 1), 0);
		} else if (f.kind == FRAME_TRY) {
			answer_try(r, monitor, &f);
		} else if (f.kind == FRAME_RESPONSE || f.kind == FRAME_CANCEL) {
			const struct str no[] = { STR(""), STR("After a round"), STR("") };

			buf_c(&r->asked, (char)f.kind);
			buf_str(&r->asked, f.fields);
			frame_send(monitor, FRAME_NO, no, 3);
		} else if (f.kind == FRAME_STARTTLS) {
			buf_z(&r->asked, "STARTTLS;");
			frame_send(monitor, FRAME_OK, NULL, 0);
		} else {
			ck_assert_int_eq(f.kind, FRAME_GIVEUP);
			ck_assert(frame_fields(&f, 3, fields));
			buf_str(&r->asked, fields[0]);
		}
		frame_wipe(&f);
	}
}

/* To the end, which is a reset if something was left unread. */
static void read_all(int fd, struct buf *ret)
{
	ssize_t n;

	while ((n = read(fd, buf_reserve(ret, 4096), 4096)) > 0)
		ret->n += (size_t)n;
}

static void run(struct run *r, struct str in, const struct terms *terms)
{
	int client[2], frames[2];
	pid_t pid;

	*r = (struct run){ 0 };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, frames), 0);
	pid = fork();
	if (pid == 0) {
		fd_closep(&client[1]);
		fd_closep(&frames[1]);
		exit(dialogue_run(client[0], client[0], frames[0], terms));
	}
	fd_closep(&client[0]);
	fd_closep(&frames[0]);
	ck_assert_int_eq(fd_write_all(client[1], in.s, in.n), 0);
	shutdown(client[1], SHUT_WR);
	monitor_part(r, frames[1]);
	read_all(client[1], &r->out);
	ck_assert_int_eq(waitpid(pid, &r->status, 0), pid);
	fd_closep(&client[1]);
	fd_closep(&frames[1]);
	ck_assert_int_eq(r->status, 0);
}

#define NO_LOGIN	"NO [AUTHENTICATIONFAILED] Login failed\r\n"
#define OCTETS(literal) literal, sizeof(literal) - 1

/* clang-format off */
static const struct {
	const char *name, *in;
	size_t n;
	const char *out, *asked;
} talks[] = {
	/* the commands of this state */
	{ "noop", OCTETS("a NOOP\r\n"), "a OK NOOP completed\r\n", "D" },
	{ "letter case", OCTETS("a nOoP\r\n"), "a OK NOOP completed\r\n", "D" },
	{ "bare LF", OCTETS("a NOOP\n"), "a OK NOOP completed\r\n", "D" },
	{ "capability", OCTETS("a CAPABILITY\r\n"),
	  "* CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE LANGUAGE LOGIN-REFERRALS AUTH=PLAIN AUTH=LOGIN "
	  "AUTH=X-ONE AUTH=CRAM-MD5\r\n"
	  "a OK CAPABILITY completed\r\n", "D" },
	{ "logout", OCTETS("a LOGOUT\r\nb NOOP\r\n"), "* BYE IMAP server logging out\r\na OK LOGOUT completed\r\n", "L" },
	{ "id nil", OCTETS("a ID NIL\r\n"), "* ID (\"name\" \"imapd\")\r\na OK ID completed\r\n", "D" },
	{ "id list", OCTETS("a ID (\"name\" \"x\" \"version\" NIL)\r\n"),
	  "* ID (\"name\" \"imapd\")\r\na OK ID completed\r\n", "D" },
	{ "id literals", OCTETS("a ID ({4}\r\nname {1+}\r\nx)\r\n"),
	  "+ go on\r\n* ID (\"name\" \"imapd\")\r\na OK ID completed\r\n", "D" },
	/* LOGIN, in all spellings */
	{ "login atoms", OCTETS("a LOGIN joe secret\r\n"), "a " NO_LOGIN, "|joe|secret;D" },
	{ "login quoted", OCTETS("a LOGIN \"j\\\"o\\\\e\" \" s \"\r\n"), "a " NO_LOGIN, "|j\"o\\e| s ;D" },
	{ "login literals", OCTETS("a LOGIN {3}\r\njoe {6}\r\nsecret\r\n"), "+ go on\r\n+ go on\r\na " NO_LOGIN,
	  "|joe|secret;D" },
	{ "login non-synchronizing literals", OCTETS("a LOGIN {3+}\r\njoe {6+}\r\ns\r\nret\r\n"), "a " NO_LOGIN,
	  "|joe|s\r\nret;D" },
	{ "login literal then atom", OCTETS("a LOGIN {3+}\r\njoe secret\r\n"), "a " NO_LOGIN, "|joe|secret;D" },
	{ "login empty password", OCTETS("a LOGIN joe \"\"\r\n"), "a " NO_LOGIN, "|joe|;D" },
	{ "login of UTF-8", OCTETS("a LOGIN \"j\xc3\xb6\" x\r\n"), "a " NO_LOGIN, "|j\xc3\xb6|x;D" },
	{ "login of a literal with any octets", OCTETS("a LOGIN joe {3+}\r\n\xff\x01{\r\n"), "a " NO_LOGIN,
	  "|joe|\xff\x01{;D" },
	/* AUTHENTICATE */
	{ "plain", OCTETS("a AUTHENTICATE PLAIN\r\nAGpvZQBzZWNyZXQ=\r\n"), "+ \r\na " NO_LOGIN, "PLAIN|joe|secret;D" },
	{ "plain with initial response", OCTETS("a authenticate plain AGpvZQBzZWNyZXQ=\r\n"), "a " NO_LOGIN,
	  "PLAIN|joe|secret;D" },
	{ "plain with equal authzid", OCTETS("a AUTHENTICATE PLAIN am9lAGpvZQBzZWNyZXQ=\r\n"), "a " NO_LOGIN,
	  "PLAIN|joe|secret;D" },
	{ "plain with another authzid", OCTETS("a AUTHENTICATE PLAIN YW5uAGpvZQBzZWNyZXQ=\r\n"),
	  "a NO [AUTHORIZATIONFAILED] Only as yourself\r\n", "D" },
	{ "plain of one NUL", OCTETS("a AUTHENTICATE PLAIN AA==\r\n"), "a BAD That is no message of PLAIN\r\n", "D" },
	{ "plain with an empty response", OCTETS("a AUTHENTICATE PLAIN =\r\n"), "a BAD That is no message of PLAIN\r\n",
	  "D" },
	{ "plain with a NUL in the password", OCTETS("a AUTHENTICATE PLAIN AGpvZQBhAGI=\r\n"),
	  "a BAD That is no message of PLAIN\r\n", "D" },
	{ "plain cancelled", OCTETS("a AUTHENTICATE PLAIN\r\n*\r\nb NOOP\r\n"),
	  "+ \r\na BAD Authentication cancelled\r\nb OK NOOP completed\r\n", "D" },
	{ "plain without base64", OCTETS("a AUTHENTICATE PLAIN\r\nAGpvZQBz ZWNyZXQ=\r\nb NOOP\r\n"),
	  "+ \r\na BAD That is no base64\r\nb OK NOOP completed\r\n", "D" },
	{ "plain with bad padding", OCTETS("a AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ\r\n"),
	  "a BAD The initial response is no base64\r\n", "D" },
	{ "plain with a blank and nothing", OCTETS("a AUTHENTICATE PLAIN \r\n"),
	  "a BAD The initial response is no base64\r\n", "D" },
	{ "login mechanism", OCTETS("a AUTHENTICATE LOGIN\r\nam9l\r\nc2VjcmV0\r\n"),
	  "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\na " NO_LOGIN, "LOGIN|joe|secret;D" },
	{ "login mechanism with initial response", OCTETS("a AUTHENTICATE LOGIN am9l\r\nc2VjcmV0\r\n"),
	  "+ UGFzc3dvcmQ6\r\na " NO_LOGIN, "LOGIN|joe|secret;D" },
	{ "login mechanism cancelled at the password", OCTETS("a AUTHENTICATE LOGIN am9l\r\n*\r\nb NOOP\r\n"),
	  "+ UGFzc3dvcmQ6\r\na BAD Authentication cancelled\r\nb OK NOOP completed\r\n", "D" },
	{ "login mechanism without a name", OCTETS("a AUTHENTICATE LOGIN =\r\n"), "a BAD That is no name\r\n", "D" },
	{ "unknown mechanism", OCTETS("a AUTHENTICATE X-FOO\r\nb NOOP\r\n"),
	  "a NO That mechanism is not offered\r\nb OK NOOP completed\r\n", "D" },
	{ "external without a certificate", OCTETS("a AUTHENTICATE EXTERNAL =\r\n"),
	  "a NO That mechanism is not offered\r\n", "D" },
	/* mechanisms of helpers */
	{ "a helper's mechanism", OCTETS("a AUTHENTICATE x-one AAE=\r\n"), "a " NO_LOGIN, "X-ONE||" /* and NUL */ },
	{ "without an initial response", OCTETS("a AUTHENTICATE X-ONE\r\nam9l\r\n"), "+ \r\na " NO_LOGIN, "X-ONE||joe;D" },
	{ "with an empty one", OCTETS("a AUTHENTICATE X-ONE =\r\n"), "a " NO_LOGIN, "X-ONE||;D" },
	{ "cancelled before it began", OCTETS("a AUTHENTICATE X-ONE\r\n*\r\nb NOOP\r\n"),
	  "+ \r\na BAD Authentication cancelled\r\nb OK NOOP completed\r\n", "D" },
	{ "one where the server speaks first", OCTETS("r AUTHENTICATE CRAM-MD5\r\nam9l\r\n"),
	  "+ AWNoYWxsZW5nZQ==\r\nr NO After a round\r\n", "RjoeD" },
	{ "which has no initial response", OCTETS("a AUTHENTICATE CRAM-MD5 am9l\r\nb NOOP\r\n"),
	  "a BAD That mechanism has no initial response\r\nb OK NOOP completed\r\n", "D" },
	/* rounds: the monitor asks, the client answers */
	{ "a round", OCTETS("r AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\r\nAAE=\r\n"),
	  "+ AWNoYWxsZW5nZQ==\r\nr NO After a round\r\n", "R" /* and NUL: see below */ },
	{ "a round cancelled", OCTETS("r AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\r\n*\r\nb NOOP\r\n"),
	  "+ AWNoYWxsZW5nZQ==\r\nr BAD Authentication cancelled\r\nb OK NOOP completed\r\n", "XD" },
	/* what is not for now */
	{ "other states' commands", OCTETS("a SELECT INBOX\r\nb UID FETCH 1 ALL\r\nc FROB\r\nd ENABLE CONDSTORE\r\ne NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nb BAD Unknown command, or not before login\r\n"
	  "c BAD Unknown command, or not before login\r\nd BAD Unknown command, or not before login\r\n"
	  "e OK NOOP completed\r\n", "D" },
	{ "a literal that is not wanted is not asked for", OCTETS("a APPEND INBOX {310}\r\nb NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nb OK NOOP completed\r\n", "D" },
	{ "one on its way is skipped", OCTETS("a APPEND INBOX {10+}\r\nb LOGOUT\r\n\r\nc NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nc OK NOOP completed\r\n", "D" },
	{ "several on their way", OCTETS("a X {2+}\r\n\r\n y {1+}\r\nz\r\nc NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nc OK NOOP completed\r\n", "D" },
	{ "one on its way, one asked for", OCTETS("a X {2+}\r\n\r\n y {1}\r\nc NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nc OK NOOP completed\r\n", "D" },
	{ "a literal over the limit", OCTETS("a LOGIN joe {16385}\r\nb NOOP\r\n"),
	  "a BAD [TOOBIG] That is more than a login takes\r\nb OK NOOP completed\r\n", "D" },
	{ "two literals over the limit", OCTETS("a LOGIN {1+}\r\nx {16384}\r\nb NOOP\r\n"),
	  "a BAD [TOOBIG] That is more than a login takes\r\nb OK NOOP completed\r\n", "D" },
	{ "a literal that nobody waits for", OCTETS("a LOGIN joe {99999999999+}\r\nx"),
	  "* BYE That literal is longer than we wait for\r\n", "D" },
	{ "a literal in the wrong place", OCTETS("a LOGIN joe secret {3}\r\nb NOOP\r\n"),
	  "a BAD Unknown command, or not before login\r\nb OK NOOP completed\r\n", "D" },
	/* syntax */
	{ "no tag", OCTETS("\r\n+ NOOP\r\n(x NOOP\r\na+ NOOP\r\nb NOOP\r\n"),
	  "* BAD Every command begins with a tag\r\n* BAD Every command begins with a tag\r\n"
	  "* BAD Every command begins with a tag\r\n* BAD Every command begins with a tag\r\nb OK NOOP completed\r\n", "D" },
	{ "a tag alone", OCTETS("a\r\nb \r\n"),
	  "a BAD After the tag comes a command\r\nb BAD After the tag comes a command\r\n", "D" },
	{ "starttls that is not offered", OCTETS("a STARTTLS\r\n"), "a BAD STARTTLS is not offered here\r\n", "D" },
	{ "cut off in a line", OCTETS("a LOGIN joe sec"), "", "D" },
	{ "cut off in a literal", OCTETS("a LOGIN joe {6+}\r\nsec"), "", "D" },
	{ "cut off before a literal", OCTETS("a LOGIN joe {6}\r\n"), "+ go on\r\n", "D" },
	{ "cut off in a response", OCTETS("a AUTHENTICATE PLAIN\r\nAGpv"), "+ \r\n", "D" },
	{ "the last failure", OCTETS("z LOGIN joe secret\r\nb NOOP\r\n"), "z " NO_LOGIN "* BYE Enough\r\n", "|joe|secret;" },
	{ "pipelined", OCTETS("a NOOP\r\nb NOOP\r\nc LOGIN a b\r\nd NOOP\r\n"),
	  "a OK NOOP completed\r\nb OK NOOP completed\r\nc " NO_LOGIN "d OK NOOP completed\r\n", "|a|b;D" },
};
/* clang-format on */

static const struct terms local = { .greeted = true, .passwords = true, .mechanisms = "PLAIN LOGIN X-ONE CRAM-MD5" };

START_TEST(talk)
{
	_cleanup_(run_release) struct run r;

	run(&r, (struct str){ talks[_i].in, talks[_i].n }, &local);
	ck_assert_msg(str_eq(buf_view(&r.out), str_z(talks[_i].out)), "%s: \"%s\"", talks[_i].name,
		      buf_cstr(&r.out));
	if (strcmp(talks[_i].asked, "R") == 0)
		t_str_eq(buf_view(&r.asked), STR("R\0\1D"));
	else if (strcmp(talks[_i].asked, "X-ONE||") == 0)
		t_str_eq(buf_view(&r.asked), STR("X-ONE||\0\1;D"));
	else
		ck_assert_msg(str_eq(buf_view(&r.asked), str_z(talks[_i].asked)), "%s: \"%s\"",
			      talks[_i].name, buf_cstr(&r.asked));
}
END_TEST

/* Lines that are BAD, each with its own tag, whatever the parser says. */
static const char *const bad[] = {
	"a NOOP x\r\n",
	"a NOOP \r\n",
	"a  NOOP\r\n",
	"a CAPABILITY extra\r\n",
	"a LOGOUT x\r\n",
	"a LOGIN\r\n",
	"a LOGIN joe\r\n",
	"a LOGIN joe \r\n",
	"a LOGIN joe pw extra\r\n",
	"a LOGIN joe pw \r\n",
	"a LOGIN  joe pw\r\n",
	"a LOGIN \"joe pw\r\n",
	"a LOGIN \"j\\oe\" pw\r\n",
	"a LOGIN (joe) pw\r\n",
	"a LOGIN \"j\xff\" pw\r\n",
	"a LOGIN j\xffz pw\r\n",
	"a AUTHENTICATE\r\n",
	"a AUTHENTICATE \r\n",
	"a AUTHENTICATE PLAIN x y\r\n",
	"a ID\r\n",
	"a ID ()x\r\n",
	"a ID (\"name\")\r\n",
	"a ID (\"a\" \"b\" \"a\" \"c\")\r\n",
	"a STARTTLS x\r\n",
	"a LOGIN joe pw{3}\r\n",
	"a LOGIN {2+}\r\n\xffx\r\n",
};

START_TEST(bad_but_in_step)
{
	_cleanup_(run_release) struct run r;
	_cleanup_(buf_release) struct buf in = { 0 };

	buf_z(&in, bad[_i]);
	buf_z(&in, "next NOOP\r\n");
	run(&r, buf_view(&in), &local);
	ck_assert_msg(str_starts(buf_view(&r.out), STR("a BAD ")), "%s", buf_cstr(&r.out));
	ck_assert_msg(str_ends(buf_view(&r.out), STR("\r\nnext OK NOOP completed\r\n")), "%s",
		      buf_cstr(&r.out));
	t_str_eq(buf_view(&r.asked), STR("D"));
}
END_TEST

START_TEST(nul_is_bad_anywhere)
{
	static const char line[] = "a LOGIN joe secret\r\n";
	_cleanup_(run_release) struct run r;

	for (size_t i = 2; i < sizeof line - 3; i++) {
		char in[sizeof line + 8];

		memcpy(in, line, sizeof line);
		in[i] = 0;
		run(&r, (struct str){ in, sizeof line - 1 }, &local);
		ck_assert_msg(str_starts(buf_view(&r.out), STR("a BAD ")), "at %zu: %s", i, buf_cstr(&r.out));
		run_release(&r);
	}
	run(&r, STR("a LOGIN {3+}\r\nj\0e pw\r\n"), &local);
	ck_assert(str_starts(buf_view(&r.out), STR("a BAD ")));
}
END_TEST

START_TEST(without_tls_no_password_is_taken)
{
	const struct terms remote = { .greeted = true, .starttls = true };
	_cleanup_(run_release) struct run r;

	run(&r,
	    STR("a CAPABILITY\r\nb LOGIN joe secret\r\nc LOGIN {3}\r\nd AUTHENTICATE PLAIN\r\n"
		"e AUTHENTICATE PLAIN AGpvZQBzZWNyZXQ=\r\nf LOGIN {3+}\r\njoe {6+}\r\nsecret\r\ng NOOP\r\n"),
	    &remote);
	t_str_eq(buf_view(&r.out),
		 STR("* CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE LANGUAGE LOGIN-REFERRALS STARTTLS "
		     "LOGINDISABLED\r\n"
		     "a OK CAPABILITY completed\r\nb NO [PRIVACYREQUIRED] Not without TLS\r\n"
		     "c NO [PRIVACYREQUIRED] Not without TLS\r\nd NO [PRIVACYREQUIRED] Not without TLS\r\n"
		     "e NO [PRIVACYREQUIRED] Not without TLS\r\nf NO [PRIVACYREQUIRED] Not without TLS\r\n"
		     "g OK NOOP completed\r\n"));
	t_str_eq(buf_view(&r.asked), STR("D"));
}
END_TEST

START_TEST(external_when_there_is_a_certificate)
{
	const struct terms external = { .greeted = true, .passwords = true, .mechanisms = "PLAIN LOGIN EXTERNAL" };
	_cleanup_(run_release) struct run r;

	run(&r,
	    STR("a AUTHENTICATE EXTERNAL =\r\nb AUTHENTICATE EXTERNAL\r\nam9l\r\nc AUTHENTICATE "
		"EXTERNAL\r\n\r\n"
		"d AUTHENTICATE EXTERNAL AA==\r\n"),
	    &external);
	t_str_eq(buf_view(&r.asked), STR("EXTERNAL||;EXTERNAL|joe|;EXTERNAL||;D"));
	t_str_eq(buf_view(&r.out),
		 STR("a " NO_LOGIN "+ \r\nb " NO_LOGIN "+ \r\nc " NO_LOGIN "d BAD That is no name\r\n"));
}
END_TEST

START_TEST(without_the_mechanisms_no_password_is_taken)
{
	const struct terms scram = { .greeted = true, .passwords = true, .mechanisms = "SCRAM-SHA-256" };
	_cleanup_(run_release) struct run r;

	run(&r, STR("a CAPABILITY\r\nb LOGIN joe secret\r\nc AUTHENTICATE PLAIN\r\n"), &scram);
	t_str_eq(buf_view(&r.asked), STR("D"));
	t_str_eq(buf_view(&r.out),
		 STR("* CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE IDLE NAMESPACE LANGUAGE LOGIN-REFERRALS AUTH=SCRAM-SHA-256 "
		     "LOGINDISABLED\r\na OK CAPABILITY completed\r\nb NO Not with a password\r\n"
		     "c NO That mechanism is not offered\r\n"));
}
END_TEST

START_TEST(starttls_leaves_the_rest_to_imaptls)
{
	const struct terms remote = { .greeted = true, .starttls = true };
	_cleanup_(run_release) struct run r;

	run(&r, STR("a STARTTLS\r\nb LOGIN joe secret\r\nc NOOP\r\n"), &remote);
	t_str_eq(buf_view(&r.out), STR("a OK Begin TLS negotiation now\r\n"));
	t_str_eq(buf_view(&r.asked), STR("STARTTLS;"));
}
END_TEST

START_TEST(greets_and_hides_what_is_not_listed)
{
	const struct terms hiding = { .passwords = true, .mechanisms = "PLAIN LOGIN", .capability = "IMAP4rev1 IDLE SORT sasl-ir" };
	_cleanup_(run_release) struct run r;

	run(&r, STR(""), &hiding);
	t_str_eq(
		buf_view(&r.out),
		STR("* OK [CAPABILITY IMAP4rev1 SASL-IR IDLE AUTH=PLAIN AUTH=LOGIN] IMAP server ready.\r\n"));
}
END_TEST

START_TEST(twenty_bad_lines_are_the_end)
{
	_cleanup_(run_release) struct run r;
	_cleanup_(buf_release) struct buf in = { 0 };
	struct str rest, line;
	size_t lines = 0;

	for (int i = 0; i < 30; i++)
		buf_z(&in, "a FROB\r\n");
	run(&r, buf_view(&in), &local);
	rest = buf_view(&r.out);
	while (str_cut(&rest, '\n', &line))
		lines++;
	ck_assert_uint_eq(lines, LOGIN_BAD_MAX + 1 + 1); /* BYE, and what is behind the last LF */
	ck_assert(str_ends(buf_view(&r.out), STR("* BYE Too many commands that make no sense\r\n")));
}
END_TEST

static const struct {
	size_t n;
	const char *want;
} lengths[] = {
	{LOGIN_LINE_MAX,	  "a BAD U"	    },
	{ LOGIN_LINE_MAX + 1, "a BAD [TOOBIG]"},
	{ 60000,		 "a BAD [TOOBIG]"},
};

START_TEST(long_lines_are_refused_in_step)
{
	_cleanup_(run_release) struct run r;
	_cleanup_(buf_release) struct buf in = { 0 };

	buf_z(&in, "a X ");
	while (in.n < lengths[_i].n)
		buf_c(&in, 'x');
	buf_z(&in, "\r\nb NOOP\r\n");
	run(&r, buf_view(&in), &local);
	ck_assert_msg(str_starts(buf_view(&r.out), str_z(lengths[_i].want)), "%s", buf_cstr(&r.out));
	ck_assert(str_ends(buf_view(&r.out), STR("\r\nb OK NOOP completed\r\n")));
}
END_TEST

START_TEST(a_literal_at_the_limit_is_taken)
{
	_cleanup_(run_release) struct run r;
	_cleanup_(buf_release) struct buf in = { 0 };

	buf_printf(&in, "a LOGIN joe {%d+}\r\n", LOGIN_LITERALS_MAX);
	for (int i = 0; i < LOGIN_LITERALS_MAX; i++)
		buf_c(&in, 'x');
	buf_z(&in, "\r\nb NOOP\r\n");
	run(&r, buf_view(&in), &local);
	t_str_eq(buf_view(&r.out), STR("a " NO_LOGIN "b OK NOOP completed\r\n"));
	ck_assert_uint_eq(r.asked.n, strlen("|joe|;D") + LOGIN_LITERALS_MAX);
}
END_TEST

T_SUITE("dialogue", T_LOOP(talk, talks), T_LOOP(bad_but_in_step, bad), T_TEST(nul_is_bad_anywhere),
	T_TEST(without_tls_no_password_is_taken), T_TEST(external_when_there_is_a_certificate),
	T_TEST(without_the_mechanisms_no_password_is_taken), T_TEST(starttls_leaves_the_rest_to_imaptls), T_TEST(greets_and_hides_what_is_not_listed),
	T_TEST(twenty_bad_lines_are_the_end), T_LOOP(long_lines_are_refused_in_step, lengths),
	T_TEST(a_literal_at_the_limit_is_taken))
