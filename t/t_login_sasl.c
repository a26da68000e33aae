/* t/t_login_sasl.c: login/sasl: the message of PLAIN (RFC 4616 2) */
#include "login/sasl.h"
#include "t/t.h"

#define OCTETS(literal) literal, sizeof(literal) - 1

static const struct {
	const char *message;
	size_t n;
	enum sasl_result want;
	const char *user, *password;
} plain[] = {
	{OCTETS("\0joe\0secret"),	   SASL_OK,	    "joe",	   "secret"},
	{ OCTETS("joe\0joe\0secret"),   SASL_OK,	       "joe",	      "secret"},
	{ OCTETS("\0j\xc3\xb6\0 p w "), SASL_OK,	 "j\xc3\xb6", " p w " },
	{ OCTETS("ann\0joe\0secret"),   SASL_OTHER,	  NULL,	NULL    },
	{ OCTETS("Joe\0joe\0secret"),   SASL_OTHER,	  NULL,	NULL    },
	{ OCTETS(""),		      SASL_MALFORMED, NULL,	    NULL	 },
	{ OCTETS("\0"),			SASL_MALFORMED, NULL,	      NULL	   },
	{ OCTETS("\0\0"),		  SASL_MALFORMED, NULL,	NULL    },
	{ OCTETS("\0joe"),		   SASL_MALFORMED, NULL,	 NULL    },
	{ OCTETS("\0joe\0"),	     SASL_MALFORMED, NULL,	   NULL	},
	{ OCTETS("\0\0secret"),		SASL_MALFORMED, NULL,	      NULL	   },
	{ OCTETS("\0joe\0secret\0"),    SASL_MALFORMED, NULL,	   NULL	},
	{ OCTETS("\0joe\0sec\0ret"),    SASL_MALFORMED, NULL,	   NULL	},
	{ OCTETS("joe secret"),		SASL_MALFORMED, NULL,	      NULL	   },
};

START_TEST(messages_of_plain)
{
	struct str user = STR("untouched"), password = STR("untouched");

	ck_assert_int_eq(sasl_plain((struct str){ plain[_i].message, plain[_i].n }, &user, &password),
			 plain[_i].want);
	t_str_eq(user, str_z(plain[_i].user ? plain[_i].user : "untouched"));
	t_str_eq(password, str_z(plain[_i].password ? plain[_i].password : "untouched"));
}
END_TEST

START_TEST(words)
{
	struct str word;

	ck_assert_int_eq(sasl_word(STR("joe"), &word), SASL_OK);
	ck_assert_int_eq(sasl_word(STR(""), &word), SASL_MALFORMED);
	ck_assert_int_eq(sasl_word(STR("j\0e"), &word), SASL_MALFORMED);
}
END_TEST

START_TEST(listed)
{
	const char *list = "PLAIN  SCRAM-SHA-256";
	struct str name = STR("untouched");

	ck_assert(!sasl_listed(list, STR("SCRAM-SHA-1"), &name));
	ck_assert(!sasl_listed(list, STR(""), &name));
	ck_assert(!sasl_listed(NULL, STR("PLAIN"), &name));
	t_str_eq(name, STR("untouched"));
	ck_assert(sasl_listed(list, STR("scram-sha-256"), &name));
	t_str_eq(name, STR("SCRAM-SHA-256"));
}
END_TEST

START_TEST(names)
{
	ck_assert(sasl_is_name(STR("SCRAM-SHA-256-PLUS")) && sasl_is_name(STR("X_9")));
	ck_assert(!sasl_is_name(STR("")) && !sasl_is_name(STR("plain")) && !sasl_is_name(STR("A,B")));
	ck_assert(!sasl_is_name(STR("ABCDEFGHIJKLMNOPQRSTU")));
}
END_TEST

T_SUITE("sasl", T_LOOP(messages_of_plain, plain), T_TEST(words), T_TEST(listed), T_TEST(names))
