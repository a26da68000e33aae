/* t/t_users.c: the file of virtual users */
#include <unistd.h>
#include "auth/users.h"
#include "t/t.h"

static const struct {
	const char *line;
	enum users_fault fault;
	const char *name, *home, *maildir, *quota, *options, *fullname;
} lines[] = {
	{"a:h:1:2:/home/a",									  USERS_OK,	       "a",	    "/home/a", "",	   "",	       "", ""	      },
	{ "a@b.example:h:vmail:vmail:/srv/a:./Mail",						     USERS_OK,	       "a@b.example", "/srv/a",	"./Mail",  "",	      "",
	  ""																						   },
	{ "a:h:::/a:M:100000S,10C:disableimap=1,group=x",						  USERS_OK,	    "a",		 "/a",      "M",	    "100000S,10C",
	  "disableimap=1,group=x",																	       ""	      },
	{ "a:h:1:2:/a:::",									   USERS_OK,	     "a",		  "/a",	"",	    "",		"", ""	       },
	{ "a:h:1:2:/a:b:c:d:e",								      USERS_MANY_FIELDS, "",	       "",	   "",	       "",		   "", ""		  },
	{ "a:h:1:2:A. Person,,,:/home/a:/bin/sh",						    USERS_OK,	    "a",		 "/home/a", "",	"",	    "", "A. Person,,,"},
	{ "a:h:1:2::/home/a",									USERS_OK,		"a",	     "/home/a", "",	    "",		"", ""	       },
	{ "a:h:1:2::/home/a::",								      USERS_OK,	  "a",	       "/home/a", "",	      "",		  "", ""		 },
	{ "a:h:1:2::/home/a::userdb_mail=maildir:~/Maildir:INDEX=/x userdb_quota_rule=*:storage=1G", USERS_OK,
	  "a",															  "/home/a", "Maildir", "",		 "", ""		},
	{ "a:h:1:2::/home/a::userdb_mail=mbox:~/mail",					       USERS_BAD_EXTRA,	"",	    "",	"",	    "",		"", ""	       },
	{ "a:h:1:2::/home/a::allow_nets=192.0.2.0/24",					       USERS_BAD_EXTRA,	"",	    "",	"",	    "",		"", ""	       },
	{ "a:h:1:2::/home/a::nopassword",							    USERS_BAD_EXTRA,   "",	       "",	   "",	       "",		   "", ""		  },
	{ "a:h:1:2::relative:",								      USERS_NO_HOME,     "",		   "",	       "",	   "",	       "", ""	      },
	{ "a:h:1:2:relative",									USERS_NO_HOME,     "",		 "",	     "",	 "",	     "", ""	    },
	{ "a:h:1:2",										 USERS_FEW_FIELDS,  "",		   "",	       "",	   "",	       "", ""	      },
	{ "a",										       USERS_FEW_FIELDS,	 "",	     "",	 "",	     "",		 "", ""		},
	{ ":h:1:2:/a",									       USERS_BAD_NAME,    "",		   "",	       "",	   "",	       "", ""	      },
	{ "a b:h:1:2:/a",									    USERS_BAD_NAME,	  "",	      "",	  "",	      "",		  "", ""		 },
	{ "a:h:1:2:/a\r",									    USERS_BAD_OCTETS,  "",		"",	    "",	"",	    "", ""		   },
	{ "a\001:h:1:2:/a",									  USERS_BAD_OCTETS,  "",		  "",	      "",	  "",	      "", ""	     },
	{ "a:h:1:2:/\377",									   USERS_BAD_OCTETS,  "",		 "",	     "",	 "",	     "", ""	    },
	{ "",											USERS_COMMENT,     "",		 "",	     "",	 "",	     "", ""	    },
	{ "  ",										      USERS_COMMENT,     "",		   "",	       "",	   "",	       "", ""	      },
	{ "# a:h:1:2:/a",									    USERS_COMMENT,	 "",	     "",	 "",	     "",		 "", ""		},
};

START_TEST(a_line_is_understood_or_refused_with_the_reason)
{
	struct users_entry e = { 0 };

	ck_assert_str_eq(users_fault_text(users_parse(str_z(lines[_i].line), &e)),
			 users_fault_text(lines[_i].fault));
	if (lines[_i].fault != USERS_OK) {
		ck_assert_uint_eq(e.name.n, 0);
		return;
	}
	t_str_eq(e.name, str_z(lines[_i].name));
	t_str_eq(e.home, str_z(lines[_i].home));
	t_str_eq(e.maildir, str_z(lines[_i].maildir));
	t_str_eq(e.quota, str_z(lines[_i].quota));
	t_str_eq(e.options, str_z(lines[_i].options));
	t_str_eq(e.fullname, str_z(lines[_i].fullname));
}
END_TEST

static const struct {
	const char *name, *line;
} searches[] = {
	{"bob",	 "bob:1"	 },
	    { "bo",    NULL	 },
	       { "bobby", "bobby:3"},
	       { "",	     NULL	  },
	      { "#x",    NULL	   },
	{ "Bob",	 NULL     },
	    { "bob:1", NULL	    },
	       { "last",	 "last:9" },
	       { "y",     "y:"	   },
	      { "a b",   NULL	    },
};

START_TEST(the_first_line_of_just_that_name_is_found)
{
	const struct str file = STR("#x:0\n\nbobby:3\nbob:1\nbob:2\nbob:1:4\na b:5\ny:\nlast:9");
	struct str line = { 0 };

	ck_assert_int_eq(users_find(file, str_z(searches[_i].name), &line), searches[_i].line != NULL);
	if (searches[_i].line)
		t_str_eq(line, str_z(searches[_i].line));
}
END_TEST

START_TEST(no_name_is_found_in_an_empty_file)
{
	struct str line;

	ck_assert(!users_find((struct str){ 0 }, STR("a"), &line));
	ck_assert(!users_find(STR(""), STR("a"), &line));
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
	const struct users_entry e = { .name = STR("a@b"),
				       .hash = STR("h"),
				       .uid = STR("1"),
				       .gid = STR(""),
				       .home = STR("/h"),
				       .quota = STR("10S") };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct users_entry back;

	users_write(&b, &e);
	t_str_eq(buf_view(&b), STR("a@b:h:1::/h::10S\n"));
	ck_assert_int_eq(users_parse(str_trim(buf_view(&b)), &back), USERS_OK);
	t_str_eq(back.quota, STR("10S"));
	t_str_eq(back.maildir, STR(""));
}
END_TEST

START_TEST(the_usual_hash_is_the_first_that_can_be_checked)
{
	t_str_eq(users_usual_hash(STR("# c\na:!:1:1:/\nb:$6$abc$x:1:1:/\nc:$5$x$y:1:1:/\n")),
		 STR("$6$abc$x"));
	t_str_eq(users_usual_hash(STR("a:!:1:1:/\n")), STR(""));
}
END_TEST

static const struct {
	const char *field;
	bool ok;
	unsigned uid;
} uids[] = {
	{"0",		     true,  0    },
	{ "root",		  true,	0	  },
	{ "12345",		   true,	 12345},
	{ "4294967295",		false, 0	 },
	{ "no such user, surely", false, 0	   },
	{ "-1",		   false, 0	 },
};

START_TEST(uid_and_gid_are_numbers_or_names)
{
	uid_t uid = 77;
	gid_t gid = 77;

	ck_assert_int_eq(users_uid(str_z(uids[_i].field), &uid), uids[_i].ok);
	ck_assert_int_eq(users_gid(str_z(uids[_i].field), &gid), uids[_i].ok);
	ck_assert_uint_eq(uid, uids[_i].ok ? uids[_i].uid : 77);
	ck_assert_uint_eq(gid, uids[_i].ok ? uids[_i].uid : 77);
}
END_TEST

START_TEST(an_empty_uid_or_gid_is_our_own)
{
	uid_t uid = 77;
	gid_t gid = 77;

	ck_assert(users_uid(STR(""), &uid) && users_gid(STR(""), &gid));
	ck_assert_uint_eq(uid, getuid());
	ck_assert_uint_eq(gid, getgid());
}
END_TEST

T_SUITE("users", T_LOOP(a_line_is_understood_or_refused_with_the_reason, lines),
	T_LOOP(the_first_line_of_just_that_name_is_found, searches),
	T_TEST(no_name_is_found_in_an_empty_file), T_TEST(what_is_written_is_read_again),
	T_TEST(the_usual_hash_is_the_first_that_can_be_checked),
	T_LOOP(uid_and_gid_are_numbers_or_names, uids), T_TEST(an_empty_uid_or_gid_is_our_own))
