/* t/t_import.c: what Courier and Dovecot knew of a folder's messages */
#define _GNU_SOURCE
#include <time.h>
#include "maildir/import.h"
#include "t/dir.h"

/* "from uidvalidity/uidnext uid:base[keywords] ... a=name": all that was read; "none", or the error. */
static const char *imported(struct buf *b)
{
	_cleanup_(fd_closep) int dir = open("f", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct md_import m;
	const int r = import_read(dir, &arena, &m);

	buf_clear(b);
	if (r <= 0) {
		buf_z(b, r ? strerror(-r) : "none");
		return buf_cstr(b);
	}
	buf_printf(b, "%s %u/%u", m.from, m.uidvalidity, m.uidnext);
	for (size_t i = 0; i < m.n; i++) {
		buf_printf(b, " %u:%s", m.entries[i].uid, m.entries[i].base.s);
		for (size_t j = 0; j < m.entries[i].nkeywords; j++) {
			ck_assert_uint_lt(m.entries[i].keywords[j], m.nkeywords);
			buf_printf(b, "%c%s", j ? ',' : '[', m.keywords[m.entries[i].keywords[j]].s);
		}
		if (m.entries[i].nkeywords)
			buf_c(b, ']');
	}
	for (int i = 0; i < 26; i++)
		if (m.letters[i].n)
			buf_printf(b, " %c=%s", 'a' + i, m.letters[i].s);
	return buf_cstr(b);
}

static const struct {
	const char *file, *text, *want;
} lists[] = {
#define C "courierimapuiddb"
#define D "dovecot-uidlist"
	/* as they are */
	{C,  "1 795420406 4\n1 1795420405.000001.host\n3 1795420406.M4P1V0I0_0.vm,S=27\n",
	  "courier 795420406/4 1:1795420405.000001.host 3:1795420406.M4P1V0I0_0.vm,S=27"					 },
	{ C, "1 795420406 1\n",							    "courier 795420406/1"		      },
	{ D,
	  "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n25006 "
	  ":1276528487.M364837P9451.kurkku,S=1355,W=1394\n"
	  "25017 W2481 S2400 :1276533073.M242911P3632.kurkku,F=2481\n",		    "dovecot 1275660208/25022 25006:1276528487.M364837P9451.kurkku,S=1355,W=1394 "
	  "25017:1276533073.M242911P3632.kurkku,F=2481"	},
	{ D, "3 Gabc Xnew N7 V5\n1 Gdef P17 O3 :a b\n2 :x:y\n",				"dovecot 5/7 1:a b 2:x:y"		  },
	{ D, "1 1000 5\n1 a\n4 b:2,S\n",						   "dovecot 1000/5 1:a 4:b"		  },
	{ C, "1 4294967295 4294967295\n1 a\n",					       "courier 4294967295/4294967295 1:a"  },

 /* UIDs beyond what the header says: the list has been added to */
	{ D, "3 V1 N2\n1 :a\n2 :b\n9 :c\n",						"dovecot 1/10 1:a 2:b 9:c"	       },

 /* damaged, but their UIDs can be kept, and none is given again */
	{ C, "1 100 3\n2 b\n1 a\n",							"courier 100/3 1:a 2:b"		    },
	{ C, "1 100 3\n1 a\n2 torn",						       "courier 100/3 1:a"			 },
	{ C, "1 100 3\n1 a\n12 torn",						      "courier 100/13 1:a"		   },
	{ C, "1 100 3\r\n1 a\r\n2 b\r\n",						  "courier 100/3 1:a 2:b"		  },
	{ C, "1 100 9\n1 a\n5 a\n3 a\n7 b\n",					      "courier 100/9 5:a 7:b"	      },
	{ C, "1 100 9\n1 a\n1 b\n1 c\n2 d\n",					      "courier 100/9 2:d"		  },
	{ C, "1 100 9\n0 a\n-1 b\nx c\n4 d\n\n5\n6 \n7 ../e\n8 .f\n",		      "courier 100/9 4:d"		  },
	{ C, "1 100 2\n40 /\n",							    "courier 100/41"			 },
	{ C, "1 100 2\n4294967294 a\n",						    "courier 100/4294967295 4294967294:a"},
	{ D, "3 V1 N2\n1\n3 junk\n4 S12 W13\n5 :\n6 :ok\n",				    "dovecot 1/7 6:ok"		       },

 /* nothing to believe in */
	{ C, "",									   "none"			       },
	{ C, "1 100 3",								    "none"			       },
	{ C, "2 100 3\n1 a\n",							     "none"				      },
	{ C, "1 0 3\n1 a\n",							       "none"				    },
	{ C, "1 100 0\n1 a\n",							     "none"				      },
	{ C, "1 100\n1 a\n",							       "none"				    },
	{ C, "1 4294967296 3\n1 a\n",						      "none"				     },
	{ C, "1 100 99999999999\n1 a\n",						   "none"				},
	{ C, "1 100 3\n4294967295 a\n",						    "none"			       },
	{ C, "\377\377\377\n\n",							   "none"				},
	{ D, "3 V1\n1 :a\n",							       "none"				    },
	{ D, "3 N1\n1 :a\n",							       "none"				    },
	{ D, "3 Vx N1\n1 :a\n",							    "none"			       },
	{ D, "2 V1 N1\n1 :a\n",							    "none"			       },
	{ D, "4 V1 N1\n1 :a\n",							    "none"			       },
};

START_TEST(lists_of_uids)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	char path[64];

	t_maildir("f");
	snprintf(path, sizeof path, "f/%s", lists[_i].file);
	t_write(path, str_z(lists[_i].text));
	ck_assert_str_eq(imported(&b), lists[_i].want);
}
END_TEST

START_TEST(nuls_and_huge_lines_are_passed_over)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 }, text = { 0 };

	t_maildir("f");
	buf_str(&text, STR("1 100 3\n1 a\0b\n2 c\n\0\0\0\n3 "));
	memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
	text.n += 1 << 20;
	buf_z(&text, "\n4 d\n");
	t_write("f/courierimapuiddb", buf_view(&text));
	ck_assert_str_eq(imported(&b), "courier 100/5 2:c 4:d");
}
END_TEST

START_TEST(what_is_no_file_is_left_alone_and_what_cannot_be_read_stops)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };

	t_maildir("f");
	ck_assert_str_eq(imported(&b), "none");
	ck_assert_int_eq(mkfifo("f/courierimapuiddb", 0600), 0);
	t_mkdir("f/dovecot-uidlist");
	t_mkdir("f/dovecot-keywords");
	t_write("f/courierimapkeywords", STR("x"));
	ck_assert_str_eq(imported(&b), "none");
	ck_assert_int_eq(unlink("f/courierimapuiddb"), 0);
	t_write("f/courierimapuiddb", STR("1 1 1\n"));
	ck_assert_int_eq(chmod("f/courierimapuiddb", 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(setegid(65534) | chmod(d.path, 0755) | chmod("f", 0755) | seteuid(65534), 0);
	ck_assert_str_eq(imported(&b), "Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(couriers_keywords)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };

	t_maildir("f");
	t_mkdir("f/courierimapkeywords");
	t_write("f/courierimapuiddb", STR("1 100 9\n1 a\n2 b\n3 c\n4 d\n5 e\n"));
	t_write("f/courierimapkeywords/:list",
		STR("$Label1\nfoo\nFOO\nb{a}d\n\na:0 1\nb:2 1 9 x -1\nc:3\nd:0\nlate:1\n:0\n../x:0\n"));
	/* updates that are not merged: a lost all, c has new ones, d was merged twice, and one is older */
	t_write("f/courierimapkeywords/a", STR(""));
	t_write("f/courierimapkeywords/c", STR("new\r\nFoo\nnew\n"));
	t_write("f/courierimapkeywords/.100.c", STR("older\n"));
	t_write("f/courierimapkeywords/.100.d", STR("first\n"));
	t_write("f/courierimapkeywords/.101.d", STR("second\n"));
	t_write("f/courierimapkeywords/.99.d", STR("zeroth\n"));
	t_write("f/courierimapkeywords/.tmp.123e", STR("scratch\n"));
	t_write("f/courierimapkeywords/.hidden", STR("scratch\n"));
	t_write("f/courierimapkeywords/unlisted", STR("solo\n"));

	const char *s = imported(&b);

	ck_assert(strstr(s, "courier 100/9 1:a 2:b[foo] 3:c[new,foo] 4:d[second] 5:e 0:"));
	ck_assert(strstr(s, " 0:late[foo]") && strstr(s, " 0:unlisted[solo]"));
	ck_assert(!strstr(s, "..") && !strstr(s, "scratch"));

	ck_assert_int_eq(unlink("f/courierimapkeywords/c"), 0);
	ck_assert_int_eq(unlink("f/courierimapkeywords/.100.c"), 0);
	ck_assert_ptr_nonnull(strstr(imported(&b), " 3:c[b_a}d] "));

	/* keywords, but no UIDs */
	ck_assert_int_eq(unlink("f/courierimapuiddb"), 0);
	ck_assert(strstr(imported(&b), "courier 0/1 0:b[foo] 0:c[b_a}d] 0:d[second]"));
}
END_TEST

START_TEST(dovecots_keywords)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };

	t_maildir("f");
	t_write("f/dovecot-uidlist", STR("3 V100 N9\n1 :a\n"));
	t_write("f/dovecot-keywords",
		STR("0 $Label1\n1 Junk\r\n25 last\n26 beyond\n-1 x\n3\n4 \nx y\n4294967296 z\n5 a b\n"));
	ck_assert_str_eq(imported(&b), "dovecot 100/9 1:a a=$Label1 b=Junk f=a_b z=last");
	ck_assert_int_eq(unlink("f/dovecot-uidlist"), 0);
	ck_assert_str_eq(imported(&b), "dovecot 0/1 a=$Label1 b=Junk f=a_b z=last");
}
END_TEST

static void set_time(const char *path, time_t sec, long nsec)
{
	const struct timespec times[2] = {
		{sec,  nsec},
		       { sec, nsec}
	};

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(the_server_that_was_there_last_is_believed)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };

	t_maildir("f");
	t_mkdir("f/courierimapkeywords");
	t_write("f/courierimapuiddb", STR("1 100 9\n1 a\n"));
	t_write("f/courierimapkeywords/:list", STR("kw\n\na:0\n"));
	t_write("f/dovecot-uidlist", STR("3 V200 N19\n11 :a\n"));
	t_write("f/dovecot-keywords", STR("0 letter\n"));
	set_time("f/courierimapuiddb", 1000000000, 5);
	set_time("f/dovecot-uidlist", 1000000000, 4);
	ck_assert_str_eq(imported(&b), "courier 100/9 1:a[kw]");
	set_time("f/dovecot-uidlist", 1000000000, 6);
	ck_assert_str_eq(imported(&b), "dovecot 200/19 11:a a=letter");

	/* a list that is none is not the last, however new */
	t_write("f/dovecot-uidlist", STR("what?\n"));
	ck_assert_str_eq(imported(&b), "courier 100/9 1:a[kw]");
}
END_TEST

/* Each with one octet more than it may have; and what is known without it. */
static const struct {
	const char *file;
	off_t size;
	const char *want;
} too_big[] = {
	{ "courierimapuiddb",	  (512 << 20) + 1, "courier 0/1 0:a[old] 0:b[new]"   },
	{ "courierimapkeywords/:list", (256 << 20) + 1, "courier 100/9 1:a 2:b[new]"	 },
	{ "courierimapkeywords/b",	  (1 << 20) + 1,	 "courier 100/9 1:a[old] 2:b"	 },
	{ "dovecot-uidlist",	  (512 << 20) + 1, "dovecot 0/1 d=letter"	      },
	{ "dovecot-keywords",	  (1 << 20) + 1,	 "dovecot 200/9 1:a"		    },
};

START_TEST(a_file_that_is_too_big_to_be_true_is_left_alone)
{
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf b = { 0 };
	char path[64];

	t_maildir("f");
	if (strstr(too_big[_i].file, "courier")) {
		t_mkdir("f/courierimapkeywords");
		t_write("f/courierimapuiddb", STR("1 100 9\n1 a\n2 b\n"));
		t_write("f/courierimapkeywords/:list", STR("old\n\na:0\n"));
		t_write("f/courierimapkeywords/b", STR("new\n"));
		ck_assert_str_eq(imported(&b), "courier 100/9 1:a[old] 2:b[new]");
	} else {
		t_write("f/dovecot-uidlist", STR("3 V200 N9\n1 :a\n"));
		t_write("f/dovecot-keywords", STR("3 letter\n"));
		ck_assert_str_eq(imported(&b), "dovecot 200/9 1:a d=letter");
	}
	snprintf(path, sizeof path, "f/%s", too_big[_i].file);
	ck_assert_int_eq(truncate(path, too_big[_i].size), 0); /* what is added takes no room */
	ck_assert_str_eq(imported(&b), too_big[_i].want);
}
END_TEST

START_TEST(half_a_million_messages)
{
	enum { MANY = 500000 };
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(buf_release) struct buf text = { 0 };
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(fd_closep) int dir = -1;
	struct md_import m;

	t_maildir("f");
	buf_printf(&text, "1 100 %d\n", MANY + 1);
	for (unsigned i = 1; i <= MANY; i++)
		buf_printf(&text, "%u 1795420406.M%06uP13687V000000000000FE00I0000000000A7833A_0.vm,S=%u\n",
			   i, (i * 7919) % 1000000, i);
	t_write("f/courierimapuiddb", buf_view(&text));
	dir = open("f", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(import_read(dir, &arena, &m), 1);
	ck_assert_uint_eq(m.n, MANY);
	for (uint32_t i = 0; i < MANY; i++)
		ck_assert(m.entries[i].uid == i + 1);
}
END_TEST

/* Whatever the files hold, what comes out keeps its promises. */
START_TEST(random_damage_gives_something_sane)
{
	static const char good[] = "3 V100 N9 G0123\n1 :a\n2 S1 W2 :b\n5 Gx :c,S=2\n7 :d\n";
	static const char words[] = "k1\nk2\nk3\n\na:0 1\nb:2\nc:0\n";
	_cleanup_(t_dir_leave) struct t_dir d = t_dir_enter();
	_cleanup_(fd_closep) int dir = -1;
	uint32_t seed = 7;

	ck_assert_int_ge(dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2), 0); /* thousands of warnings */
	t_maildir("f");
	t_mkdir("f/courierimapkeywords");
	dir = open("f", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int round = 0; round < 3000; round++) {
		_cleanup_(arena_free) struct arena arena = { 0 };
		char list[sizeof good], keywords[sizeof words];
		struct md_import m;

		memcpy(list, good, sizeof good);
		memcpy(keywords, words, sizeof words);
		if (round % 2)
			memcpy(list, "1 100 99       \n", 16);
		for (int i = 0; i < 4; i++) {
			seed = seed * 1664525 + 1013904223;
			list[(seed >> 8) % sizeof list] = "\n 0123459:\0a/.\xff"[(seed >> 20) % 16];
			keywords[(seed >> 10) % sizeof keywords] = "\n 0123459:\0a/.\xff"[(seed >> 24) % 16];
		}
		t_write(round % 2 ? "f/courierimapuiddb" : "f/dovecot-uidlist",
			(struct str){ list, (seed >> 4) % sizeof list });
		t_write("f/courierimapkeywords/:list",
			(struct str){ keywords, (seed >> 3) % sizeof keywords });
		if (import_read(dir, &arena, &m) != 1)
			continue;
		ck_assert_uint_ge(m.uidnext, 1);
		for (size_t i = 0; i < m.n; i++) {
			const struct md_import_entry *e = &m.entries[i];

			ck_assert(e->uid < m.uidnext && (m.uidvalidity || !e->uid));
			ck_assert(e->base.n > 0 && e->base.s[0] != '.' &&
				  str_find(e->base, '/') == e->base.n);
			ck_assert(i == 0 || !e->uid || e[-1].uid < e->uid);
			for (size_t j = 0; j < i; j++)
				ck_assert(!str_eq(e->base, m.entries[j].base));
			for (size_t j = 0; j < e->nkeywords; j++)
				ck_assert_uint_lt(e->keywords[j], m.nkeywords);
		}
	}
}
END_TEST

T_SUITE("import", T_LOOP(lists_of_uids, lists), T_TEST(nuls_and_huge_lines_are_passed_over),
	T_TEST(what_is_no_file_is_left_alone_and_what_cannot_be_read_stops), T_TEST(couriers_keywords),
	T_TEST(dovecots_keywords), T_TEST(the_server_that_was_there_last_is_believed),
	T_LOOP(a_file_that_is_too_big_to_be_true_is_left_alone, too_big),
	T_TEST(half_a_million_messages), T_TEST(random_damage_gives_something_sane))
