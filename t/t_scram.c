/* t/t_scram.c: auth/scram: the examples of RFC 5802 and RFC 7677, and messages that prove nothing */
#include <string.h>
#include "auth/scram.h"
#include "base/base64.h"
#include "t/t.h"

#define OCTETS(literal) literal, sizeof(literal) - 1

static struct scram_keys keys_of(enum hash hash, const char *salt, const char *password)
{
	struct scram_keys k = { .hash = hash, .iterations = 4096 };
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(base64_decode(&b, str_z(salt)));
	memcpy(k.salt, b.s, b.n);
	k.salt_n = b.n;
	scram_keys_derive(&k, str_z(password));
	return k;
}

static const struct example {
	enum hash hash;
	const char *salt, *first, *nonce, *challenge, *final, *last;
} examples[] = {
	{ HASH_SHA1, "QSXCR+Q6sek8bf92", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j",
	  "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	  "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	  "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ HASH_SHA256, "W22ZaJ0SNY7soEsUEjb6gQ==", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
	  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

/* To where the client has to answer. */
static void begin(struct scram *s, const struct example *e, const char *password)
{
	const struct scram_keys keys = keys_of(e->hash, e->salt, password);
	_cleanup_(buf_release) struct buf b = { 0 };

	ck_assert(scram_begin(s, str_z(e->first)));
	ck_assert(scram_bind(s, false, STR("")));
	scram_challenge(s, &keys, str_z(e->nonce), &b);
	t_str_eq(buf_view(&b), str_z(e->challenge));
}

START_TEST(examples_of_the_rfcs)
{
	const struct example *e = &examples[_i];
	_cleanup_(scram_release) struct scram s;
	_cleanup_(buf_release) struct buf b = { 0 };

	begin(&s, e, "pencil");
	t_str_eq(buf_view(&s.user), STR("user"));
	ck_assert(scram_finish(&s, str_z(e->final), &b));
	t_str_eq(buf_view(&b), str_z(e->last));
}
END_TEST

START_TEST(another_password_proves_nothing)
{
	_cleanup_(scram_release) struct scram s;
	_cleanup_(buf_release) struct buf b = { 0 };

	begin(&s, &examples[_i], "pencils");
	ck_assert(!scram_finish(&s, str_z(examples[_i].final), &b));
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

/* Any octet of the proof's message changed, or the message cut off there. */
START_TEST(a_changed_message_proves_nothing)
{
	const struct example *e = &examples[_i];
	_cleanup_(scram_release) struct scram s;
	_cleanup_(buf_release) struct buf b = { 0 };
	const size_t n = strlen(e->final);
	char changed[256];

	begin(&s, e, "pencil");
	for (size_t i = 0; i < n; i++) {
		memcpy(changed, e->final, n);
		ck_assert(!scram_finish(&s, (struct str){ changed, i }, &b));
		changed[i] = 0;
		ck_assert(!scram_finish(&s, (struct str){ changed, n }, &b));
		changed[i] = e->final[i] == 'A' ? 'B' : 'A';
		ck_assert(!scram_finish(&s, (struct str){ changed, n }, &b));
	}
	ck_assert(!scram_finish(&s, STR(""), &b));
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

#define R "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
#define P ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="

static const char *const last_ones[] = {
	"", ",", "p=", "c=biws," R, R ",c=biws" P, "c=biws" P, R P, "c=eSws," R P, "c=biws," R P ",", "c=biws," R ",p=",
	"c=biws," R ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts", "c=biws," R ",p=AAAA", "c=biws," R ",m=x" P, "c=biws," R ",x" P,
	"c=biws," R "x" P, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL" P, "c=biws,," R P, "c=biws=," R P, " c=biws," R P,
	"c=biws," R ",x=1" P,	/* allowed, but not what the proof is of */
};

START_TEST(last_messages_that_are_none)
{
	_cleanup_(scram_release) struct scram s;
	_cleanup_(buf_release) struct buf b = { 0 };

	begin(&s, &examples[0], "pencil");
	ck_assert(!scram_finish(&s, str_z(last_ones[_i]), &b));
}
END_TEST

static const struct {
	const char *message;
	size_t n;
	const char *user, *authzid;	/* NULL: refused */
} firsts[] = {
	{ OCTETS("n,,n=user,r=abc"), "user", "" },
	{ OCTETS("y,,n=user,r=abc"), "user", "" },
	{ OCTETS("p=tls-exporter,,n=user,r=abc"), "user", "" },
	{ OCTETS("n,a=other,n=user,r=abc"), "user", "other" },
	{ OCTETS("n,a=,n=user,r=abc"), "user", "" },
	{ OCTETS("n,,n=a=2Cb=3Dc,r=abc"), "a,b=c", "" },
	{ OCTETS("n,,n=I\xc2\xadX,r=abc"), "IX", "" },
	{ OCTETS("n,,n=user,r=abc,x=y,z=\xc3\xb6"), "user", "" },
	{ OCTETS("n,,n=user,r=!#$%&'()*+-./:;<=>?@[\\]^_`{|}~"), "user", "" },
	{ OCTETS(""), NULL, NULL },
	{ OCTETS("n"), NULL, NULL },
	{ OCTETS("n,"), NULL, NULL },
	{ OCTETS("n,,"), NULL, NULL },
	{ OCTETS(",,n=user,r=abc"), NULL, NULL },
	{ OCTETS("x,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("nn,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("n=x,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("p,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("p=,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("p=tls exporter,,n=user,r=abc"), NULL, NULL },
	{ OCTETS("n,other,n=user,r=abc"), NULL, NULL },
	{ OCTETS("n,,m=ext,n=user,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=user,r=abc,m=ext"), NULL, NULL },
	{ OCTETS("n,,r=abc,n=user"), NULL, NULL },
	{ OCTETS("n,,n=,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=user"), NULL, NULL },
	{ OCTETS("n,,n=user,"), NULL, NULL },
	{ OCTETS("n,,n=user,r="), NULL, NULL },
	{ OCTETS("n,,n=user,r=a\x7f"), NULL, NULL },
	{ OCTETS("n,,n=user,r=a b"), NULL, NULL },
	{ OCTETS("n,,n=user,r=a\0b"), NULL, NULL },
	{ OCTETS("n,,n=user,r=\xc3\xb6"), NULL, NULL },
	{ OCTETS("n,,n=us=er,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=user=2,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=user=2c,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=us\0er,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=us\ner,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=us\xff,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=\xc2\xad,r=abc"), NULL, NULL },
	{ OCTETS("n,,n=user,r=abc,"), NULL, NULL },
	{ OCTETS("n,,n=user,r=abc,xy"), NULL, NULL },
	{ OCTETS("n,,n=user,r=abc,x="), NULL, NULL },
	{ OCTETS("n,,n=user,r=abc,1=y"), NULL, NULL },
};

START_TEST(first_messages)
{
	_cleanup_(scram_release) struct scram s;
	const bool good = scram_begin(&s, (struct str){ firsts[_i].message, firsts[_i].n });

	ck_assert_int_eq(good, firsts[_i].user != NULL);
	if (!good)
		return;
	t_str_eq(buf_view(&s.user), str_z(firsts[_i].user));
	t_str_eq(buf_view(&s.authzid), str_z(firsts[_i].authzid));
}
END_TEST

START_TEST(nonces_have_a_limit)
{
	for (size_t n = SCRAM_NONCE_MAX; n <= SCRAM_NONCE_MAX + 1; n++) {
		_cleanup_(scram_release) struct scram s;
		_cleanup_(buf_release) struct buf b = { 0 };

		buf_z(&b, "n,,n=user,r=");
		for (size_t i = 0; i < n; i++)
			buf_c(&b, 'x');
		ck_assert_int_eq(scram_begin(&s, buf_view(&b)), n == SCRAM_NONCE_MAX);
	}
}
END_TEST

static const struct {
	const char *header;
	bool plus;
	const char *bindings;
	const char *data;	/* behind the header; NULL: refused */
} binds[] = {
	{ "n,,", false, "", "" },
	{ "n,,", false, "tls-exporter=00ff", "" },
	{ "y,,", false, "", "" },
	{ "y,,", false, "tls-exporter=00ff", NULL },	/* somebody has taken -PLUS out of the list */
	{ "p=tls-exporter,,", false, "tls-exporter=6162", NULL },
	{ "p=tls-exporter,,", true, "tls-exporter=6162", "ab" },
	{ "p=tls-unique,,", true, "tls-exporter=6162 tls-unique=4A4b", "JK" },
	{ "p=tls-exporter,a=x,", true, "tls-exporter=6162", "ab" },
	{ "p=tls-unique,,", true, "tls-exporter=6162", NULL },
	{ "p=tls,,", true, "tls-exporter=6162", NULL },
	{ "p=tls-exporter,,", true, "", NULL },
	{ "p=tls-exporter,,", true, "tls-exporter=", NULL },
	{ "p=tls-exporter,,", true, "tls-exporter=616", NULL },
	{ "p=tls-exporter,,", true, "tls-exporter=6x", NULL },
	{ "n,,", true, "tls-exporter=6162", NULL },
	{ "y,,", true, "tls-exporter=6162", NULL },
};

START_TEST(channel_bindings)
{
	_cleanup_(scram_release) struct scram s;
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, binds[_i].header);
	buf_z(&b, "n=user,r=abc");
	ck_assert(scram_begin(&s, buf_view(&b)));
	ck_assert_int_eq(scram_bind(&s, binds[_i].plus, str_z(binds[_i].bindings)), binds[_i].data != NULL);
	if (!binds[_i].data)
		return;
	buf_clear(&b);
	buf_z(&b, binds[_i].header);
	buf_z(&b, binds[_i].data);
	t_str_eq(buf_view(&s.data), buf_view(&b));
}
END_TEST

T_SUITE("scram", T_LOOP(examples_of_the_rfcs, examples), T_LOOP(another_password_proves_nothing, examples),
	T_LOOP(a_changed_message_proves_nothing, examples), T_LOOP(last_messages_that_are_none, last_ones),
	T_LOOP(first_messages, firsts), T_TEST(nonces_have_a_limit), T_LOOP(channel_bindings, binds))
