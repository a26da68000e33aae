/* t/t_mdname.c: names of message files */
#include "maildir/maildir.h"
#include "maildir/mdname.h"
#include "t/t.h"

static const struct {
	const char *name, *base, *suffix;
	uint8_t flags;
} names[] = {
	{"1.a",		 "1.a",	"",	    0		      },
	{ "1.a:2,",	    "1.a",	   ":2,",	  0		    },
	{ "1.a:2,DFRST",	 "1.a",	":2,DFRST", MD_FLAGS	     },
	{ "1.a:2,TS",      "1.a",	     ":2,TS",    MD_DELETED | MD_SEEN},
	{ "1.a:2,Sabz",	"1.a",       ":2,Sabz",  MD_SEEN		  },
	{ "1.a:2",	   "1.a",	  ":2",	0			  },
	{ "1.a:1,S",	     "1.a",	    ":1,S",	    0		      },
	{ "1.host:25",     "1.host:25", "",		0			  },
	{ "1.host:25:2,R", "1.host:25", ":2,R",	MD_ANSWERED	    },
	{ ":2,S",	  "",	      ":2,S",     MD_SEEN	      },
	{ "1.a:2,S:2,F",	 "1.a:2,S",   ":2,F",	    MD_FLAGGED	       },
	{ "",	      "",	  "",	      0			},
};

START_TEST(a_name_is_split)
{
	const struct mdname m = mdname_split(str_z(names[_i].name));

	t_str_eq(m.base, str_z(names[_i].base));
	t_str_eq(m.suffix, str_z(names[_i].suffix));
	ck_assert_uint_eq(mdname_flags(m.letters), names[_i].flags);
}
END_TEST

START_TEST(letters_come_back_in_order)
{
	char suffix[MDNAME_SUFFIX];

	ck_assert_uint_eq(mdname_suffix(mdname_letters(STR("zTaSXa")), suffix), 8);
	ck_assert_str_eq(suffix, ":2,STXaz");
	ck_assert_uint_eq(mdname_suffix(0, suffix), 3);
	ck_assert_str_eq(suffix, ":2,");
	ck_assert_uint_eq(mdname_suffix(MDNAME_UPPER | MDNAME_LOWER, suffix), 55);
	for (unsigned flags = 0; flags <= MD_FLAGS; flags++)
		ck_assert_uint_eq(mdname_flags(mdname_flag_letters((uint8_t)flags)), flags);
}
END_TEST

static const struct {
	const char *base, *stem, *size;
} stems[] = {
	{ "1.a,S=123", "1.a", ",S=123" },
	{ "1.a,S=123,W=130", "1.a", ",S=123" },
	{ "1.a,W=130,S=123", "1.a", ",S=123" },
	{ "1.a,U=7", "1.a", "" },
	{ "1.a,S=", "1.a,S=", "" },
	{ "1.a,SS=1", "1.a,SS=1", "" },
	{ "1.a,S=x1", "1.a,S=x1", "" },
	{ "1.a,S=1,x,U=7", "1.a,S=1,x", "" },
	{ ",S=1", ",S=1", "" },
	{ "1,2.a", "1,2.a", "" },
};

START_TEST(fields_at_the_end_are_not_the_stem)
{
	t_str_eq(mdname_stem(str_z(stems[_i].base)), str_z(stems[_i].stem));
	t_str_eq(mdname_size(str_z(stems[_i].base)), str_z(stems[_i].size));
}
END_TEST

START_TEST(new_messages_are_ordered_by_number_then_by_octets)
{
	static const char *const sorted[] = { "",
					      "0",
					      "0a",
					      "a",
					      "1",
					      "1.a",
					      "1.b",
					      "9",
					      "10",
					      "10.a",
					      "010.b",
					      "99999999999999999999",
					      "100000000000000000000" };

	/* numbers that are the same go by octets: check each pair both ways */
	for (size_t i = 4; i < COUNT(sorted); i++)
		for (size_t j = i + 1; j < COUNT(sorted); j++) {
			const int r = mdname_cmp(str_z(sorted[i]), str_z(sorted[j]));

			if (strcmp(sorted[j], "010.b") == 0 && sorted[i][0] == '1' && sorted[i][1] == '0')
				continue;
			ck_assert_msg(r < 0, "%s, %s", sorted[i], sorted[j]);
			ck_assert_int_gt(mdname_cmp(str_z(sorted[j]), str_z(sorted[i])), 0);
		}
}
END_TEST

START_TEST(unique_names_are_unique_and_fit)
{
	char a[MDNAME_MAX + 1], b[MDNAME_MAX + 1], host[300];
	const struct stat st = { .st_ino = 0xabc, .st_dev = 0xfe00, .st_size = 42 };

	memset(host, '/', sizeof host);
	host[299] = 0;
	mdname_unique(&st, 1, host, a);
	ck_assert_uint_le(strlen(a), 200);
	ck_assert(!strchr(a, '/'));
	mdname_unique(&st, 1, "h:o,s t", a);
	mdname_unique(&st, 2, "h:o,s t", b);
	ck_assert_str_ne(a, b);
	ck_assert(!strchr(a, ':'));
	ck_assert(str_ends(str_z(a), STR("V000000000000FE00I0000000000000ABC_1.h\\072o\\054s\\040t,S=42")));
	mdname_unique(NULL, 3, NULL, a);
	ck_assert(str_ends(str_z(a), STR("_3.localhost")));
}
END_TEST

T_SUITE("mdname", T_LOOP(a_name_is_split, names), T_TEST(letters_come_back_in_order),
	T_LOOP(fields_at_the_end_are_not_the_stem, stems),
	T_TEST(new_messages_are_ordered_by_number_then_by_octets), T_TEST(unique_names_are_unique_and_fit))
