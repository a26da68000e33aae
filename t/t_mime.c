/* t/t_mime.c: the parts of a message */
#define _GNU_SOURCE
#include "base/fd.h"
#include "mail/mime.h"
#include "t/mail.h"
#include "t/mime.h"

/* ---- what holds for any message ---- */

static struct part *parse(struct arena *a, struct str message, const struct mime_limits *limits)
{
	_cleanup_(fd_closep) int fd = t_file(message);
	struct part *root = NULL, *in_memory = NULL;

	ck_assert_int_eq(mime_parse(fd, a, limits, &root), 0);
	ck_assert_ptr_nonnull(root);
	mime_parse_str(message, a, limits, &in_memory);
	t_same_tree(root, in_memory);
	ck_assert_ptr_null(root->parent);
	ck_assert_ptr_null(root->next);
	ck_assert_int_eq((int)root->header, 0);
	ck_assert_int_eq((int)root->end, (int)message.n);
	ck_assert_uint_le(t_check_tree(fd, root), 2 * limits->parts + 1);
	return root;
}

/* (subtype "body") for a leaf, (subtype child...) for the others; CR and LF are shown as "/" */
static void show(struct buf *b, struct str message, const struct part *p)
{
	buf_c(b, '(');
	buf_str(b, p->subtype);
	if (p->kind == PART_LEAF) {
		buf_z(b, " \"");
		for (off_t i = p->body; i < p->end; i++)
			buf_c(b, message.s[i] == '\n' || message.s[i] == '\r' ? '/' : message.s[i]);
		buf_c(b, '"');
	}
	for (const struct part *c = p->child; c; c = c->next) {
		buf_c(b, ' ');
		show(b, message, c);
	}
	buf_c(b, ')');
}

/* ---- trees ---- */

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n\n"
#define HTML            "Content-Type: text/html\n\n"

static const struct {
	const char *in, *tree;
} trees[] = {
	{ "",                                       "(plain \"\")" },
	{ "\n",                                     "(plain \"\")" },
	{ "x",                                      "(plain \"\")" },	/* one octet is a header */
	{ "Subject: x\n\nbody\n",                   "(plain \"body/\")" },
	{ "Subject: x\n",                           "(plain \"\")" },	/* no empty line */
	{ "\nbody",                                 "(plain \"body\")" },
	{ HTML "x",                                 "(html \"x\")" },
	{ "Content-Type: ???\n\nx",                 "(octet-stream \"x\")" },

	/* the line end before a boundary is the boundary's, whichever it is */
	{ MIXED("b") "--b\n\none\n--b\n\ntwo\n--b--\n", "(mixed (plain \"one\") (plain \"two\"))" },
	{ MIXED("b") "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n\r\n--b--", "(mixed (plain \"one\") (plain \"two//\"))" },
	{ MIXED("b") "--b\n\none\r\n--b\r\n\ntwo\n--b--", "(mixed (plain \"one\") (plain \"two\"))" },
	{ MIXED("b") "pre\namble\n--b\n" HTML "x\n--b--\nepi\nlogue\n", "(mixed (html \"x\"))" },
	{ MIXED("b") "--b\n\nx\n--b--\n--b\n\ny\n--b--\n", "(mixed (plain \"x\"))" },	/* all that follows is epilogue */

	/* parts that lack something */
	{ MIXED("b") "--b\n\nopen",                 "(mixed (plain \"open\"))" },
	{ MIXED("b") "--b\n\nopen\n",               "(mixed (plain \"open/\"))" },
	{ MIXED("b") "--b\n\n--b\n\n--b--",         "(mixed (plain \"\") (plain \"\"))" },	/* empty bodies */
	{ MIXED("b") "--b\n--b\n--b--",             "(mixed (plain \"\") (plain \"\"))" },	/* not even an empty line */
	{ MIXED("b") "--b\n\n\n--b--",              "(mixed (plain \"\"))" },
	{ MIXED("b") "--b\n\n\n\n--b--",            "(mixed (plain \"/\"))" },
	{ MIXED("b") "--b\nContent-Type: text/html\n--b--", "(mixed (html \"\"))" },
	{ MIXED("b") "--b",                         "(mixed (plain \"\"))" },
	{ MIXED("b") "--b\n",                       "(mixed (plain \"\"))" },
	{ MIXED("b") "--b--\n",                     "(mixed (plain \"\"))" },	/* no part is one empty part */
	{ MIXED("b") "nothing\n",                   "(mixed (plain \"\"))" },
	{ MIXED("b"),                               "(mixed (plain \"\"))" },
	{ MIXED("\"\"") "--\n\nx\n",                "(mixed (plain \"\"))" },
	{ "Content-Type: multipart/mixed\n\n--b\n\nx", "(mixed (plain \"\"))" },	/* no boundary */
	{ "Content-Type: multipart/mixed; boundary=b", "(mixed (plain \"\"))" },

	/* what is a delimiter */
	{ MIXED("b") "--b  \t\n\nx\n--b-- \n",      "(mixed (plain \"x\"))" },
	{ MIXED("b") "--bjunk\n\nx\n--b--junk\ny",  "(mixed (plain \"x\"))" },	/* RFC 2046 5.1.1: it begins with it */
	{ MIXED("b") "--b\n\nx --b\n -- b\n-b\n--c\n--b--", "(mixed (plain \"x --b/ -- b/-b/--c\"))" },
	{ MIXED("\"b b:c \"") "--b b:c\n\nx\n--b b:c--", "(mixed (plain \"x\"))" },
	{ MIXED("--") "----\n\nx\n------",          "(mixed (plain \"x\"))" },
	{ "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n\nx\n--ab--", "(mixed (plain \"x\"))" },

	/* one in another, with boundaries that begin with one another */
	{ MIXED("b") "--b\n" MIXED("bb") "--bb\n\nx\n--bb--\n--b\n\ny\n--b--", "(mixed (mixed (plain \"x\")) (plain \"y\"))" },
	{ MIXED("bb") "--bb\n" MIXED("b") "--b\n\nx\n--b--\n--bb\n\ny\n--bb--", "(mixed (mixed (plain \"x\")) (plain \"y\"))" },
	{ MIXED("b") "--b\n" MIXED("b") "--b\n\nx\n--b--\n--b\n\ny\n--b--", "(mixed (mixed (plain \"x\")) (plain \"y\"))" },
	{ MIXED("a") "--a\n" MIXED("b") "--b\n\nx\n--a\n\ny\n--a--", "(mixed (mixed (plain \"x\")) (plain \"y\"))" },	/* b is not closed */
	{ MIXED("a") "--a\n" MIXED("b") "--a--\n",  "(mixed (mixed (plain \"\")))" },
	{ MIXED("a") "--a\n" MIXED("b") "--b\n\nx\n--b--\nepilogue\n--b\n\ny\n--a--\n", "(mixed (mixed (plain \"x\")))" },

	/* messages in messages */
	{ "Content-Type: message/rfc822\n\nSubject: in\n\nx", "(rfc822 (plain \"x\"))" },
	{ "Content-Type: message/global\n\n" HTML "x", "(global (html \"x\"))" },
	{ "Content-Type: message/rfc822\n\n",       "(rfc822 (plain \"\"))" },
	{ "Content-Type: message/rfc822",           "(rfc822 (plain \"\"))" },
	{ "Content-Type: message/delivery-status\n\nx", "(delivery-status \"x\")" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--b--", "(mixed (rfc822 (plain \"x\")))" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n\nSubject: in\n\n--b--", "(mixed (rfc822 (plain \"\")))" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n\nSubject: in\n--b--", "(mixed (rfc822 (plain \"\")))" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n--b\n\ny\n--b--", "(mixed (rfc822 (plain \"\")) (plain \"y\"))" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n\n" MIXED("c") "--c\n\nx\n--c--\n--b\n\ny\n--b--",
	  "(mixed (rfc822 (mixed (plain \"x\"))) (plain \"y\"))" },
	{ MIXED("b") "--b\nContent-Type: message/rfc822\n\n" MIXED("c") "--c\n\nx\n--b--",
	  "(mixed (rfc822 (mixed (plain \"x\"))))" },
	{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nbody\n--b\n" HTML "y\n--b--",
	  "(digest (rfc822 (plain \"body\")) (html \"y\"))" },	/* RFC 2046 5.1.5 */
	{ "Content-Type: multipart/digest; boundary=b\n\n--b--", "(digest (plain \"\"))" },
};

START_TEST(parts_are_found)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	const struct str in = str_z(trees[_i].in);

	show(&b, in, parse(&a, in, &mime_limits));
	t_str_eq(buf_view(&b), str_z(trees[_i].tree));
}
END_TEST

/* ---- numbers ---- */

static const char nested[] =
	MIXED("a") "--a\n\none\n--a\nContent-Type: message/rfc822\n\nSubject: plain\n\ntwo one\n"
	"--a\nContent-Type: message/rfc822\n\n" MIXED("b") "--b\n\nthree one\n--b\n" HTML "three two\n--b--\n"
	"--a\n" MIXED("c") "--c\n\nfour one\n--c--\n--a--\n";

static const struct {
	struct str message;
	uint32_t path[4];
	size_t n;
	const char *body;	/* its first line; NULL: there is no such part */
} paths[] = {
	{ { nested, sizeof nested - 1 }, { 0 },       0, "--a"       },
	{ { nested, sizeof nested - 1 }, { 1 },       1, "one"       },
	{ { nested, sizeof nested - 1 }, { 2 },       1, "Subject: plain" },
	{ { nested, sizeof nested - 1 }, { 2, 1 },    2, "two one"   },
	{ { nested, sizeof nested - 1 }, { 2, 2 },    2, NULL        },
	{ { nested, sizeof nested - 1 }, { 2, 1, 1 }, 3, NULL        },
	{ { nested, sizeof nested - 1 }, { 3, 1 },    2, "three one" },
	{ { nested, sizeof nested - 1 }, { 3, 2 },    2, "three two" },
	{ { nested, sizeof nested - 1 }, { 3, 3 },    2, NULL        },
	{ { nested, sizeof nested - 1 }, { 4, 1 },    2, "four one"  },
	{ { nested, sizeof nested - 1 }, { 5 },       1, NULL        },
	{ { nested, sizeof nested - 1 }, { 0 },       1, NULL        },
	{ { nested, sizeof nested - 1 }, { UINT32_MAX }, 1, NULL     },
	{ { nested, sizeof nested - 1 }, { 1, 1 },    2, NULL        },
	{ { "A: b\n\nbody\n", 11 },      { 1 },       1, "body"      },
	{ { "A: b\n\nbody\n", 11 },      { 2 },       1, NULL        },
	{ { "A: b\n\nbody\n", 11 },      { 1, 1 },    2, NULL        },
	{ { "Content-Type: message/rfc822\n\nA: b\n\nin\n", 39 }, { 1 },    1, "A: b" },
	{ { "Content-Type: message/rfc822\n\nA: b\n\nin\n", 39 }, { 1, 1 }, 2, "in"   },
};

START_TEST(parts_have_the_numbers_of_rfc_9051_6_4_5_1)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct str message = paths[_i].message;
	const struct part *p = mime_find(parse(&a, message, &mime_limits), paths[_i].path, paths[_i].n);

	ck_assert_int_eq(p != NULL, paths[_i].body != NULL);
	if (p) {
		struct str body = str_head(str_from(message, (size_t)p->body), (size_t)(p->end - p->body));

		t_str_eq(str_head(body, str_find(body, '\n')), str_z(paths[_i].body));
	}
}
END_TEST

/* ---- limits ---- */

START_TEST(beyond_the_depth_a_multipart_is_a_leaf)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	size_t depth = 1;

	for (unsigned i = 0; i < 200; i++)
		buf_printf(&b, "Content-Type: multipart/mixed; boundary=b%u\n\n--b%u\n", i, i);
	buf_z(&b, "\nx");
	const struct part *p = parse(&a, buf_view(&b), &mime_limits);
	for (; p->child; p = p->child)
		depth++;
	ck_assert_uint_eq(depth, mime_limits.depth);
	t_str_eq(p->type, STR("application"));
	t_str_eq(p->subtype, STR("octet-stream"));
}
END_TEST

START_TEST(messages_in_messages_have_a_limit_too)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	size_t depth = 1;

	for (unsigned i = 0; i < 10000; i++)
		buf_z(&b, "Content-Type: message/rfc822\n\n");
	const struct part *p = parse(&a, buf_view(&b), &mime_limits);
	for (; p->child; p = p->child)
		depth++;
	ck_assert_uint_eq(depth, mime_limits.depth);
	t_str_eq(p->subtype, STR("octet-stream"));
}
END_TEST

START_TEST(beyond_the_count_the_last_part_has_the_rest)
{
	static const struct mime_limits few = { .depth = 8, .parts = 4, .header = 1000 };
	static const char in[] = MIXED("b") "--b\n\none\n--b\n\ntwo\n--b\n\n3\n--b\n\n4\n--b--\nepilogue";
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };

	show(&b, str_z(in), parse(&a, str_z(in), &few));
	t_str_eq(buf_view(&b), STR("(mixed (plain \"one\") (plain \"two\") (plain \"3/--b//4\"))"));
}
END_TEST

START_TEST(headers_over_the_limit_are_taken_as_missing)
{
	static const struct mime_limits few = { .depth = 8, .parts = 100, .header = 100 };
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	const struct part *p;

	buf_z(&b, MIXED("b"));
	for (unsigned i = 0; i < 10; i++)
		buf_z(&b, "--b\n" HTML "x\n");
	p = parse(&a, buf_view(&b), &few)->child;
	t_str_eq(p->subtype, STR("html"));
	while (p->next)
		p = p->next;
	t_str_eq(p->subtype, STR("plain"));
}
END_TEST

START_TEST(a_flood_of_parts_and_fields_is_bounded)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };

	buf_z(&b, MIXED("b"));
	for (unsigned i = 0; i < 30000; i++)
		buf_z(&b, "--b\nContent-Language: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z\n"
			  "Content-Type: a/b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b;a=b\n\n");
	parse(&a, buf_view(&b), &mime_limits);
	ck_assert_uint_lt(arena_used(&a), 64 << 20);
}
END_TEST

/* ---- blocks ---- */

/* A delimiter and an empty line are seen wherever the blocks that are read end. */
START_TEST(parts_are_found_across_blocks)
{
	for (size_t pad = 65536 - 80; pad < 65536 + 8; pad++) {
		_cleanup_(arena_free) struct arena a = { 0 };
		_cleanup_(buf_release) struct buf b = { 0 };
		const struct part *p;

		buf_z(&b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
		memset(buf_reserve(&b, pad), 'x', pad);
		b.n += pad;
		b.s[b.n - pad / 2] = '\n';
		buf_z(&b, "\r\n--b\r\nContent-Type: text/html\r\n\r\none\r\n--b--\r\n");
		p = parse(&a, buf_view(&b), &mime_limits)->child;
		t_str_eq(p->subtype, STR("html"));
		ck_assert_uint_eq(p->body_size, 3);
		ck_assert_ptr_null(p->next);
	}
}
END_TEST

START_TEST(a_line_of_megabytes_is_one_line)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	const struct part *p;

	buf_z(&b, "X: ");
	for (unsigned i = 0; i < 300000; i++)
		buf_z(&b, "\r--b\r ");
	buf_z(&b, "\nContent-Type: multipart/mixed; boundary=b\n\n--b");
	for (unsigned i = 0; i < 300000; i++)
		buf_z(&b, " --b-- ");
	buf_z(&b, "\n\n");
	for (unsigned i = 0; i < 300000; i++)
		buf_z(&b, "\r--b--");
	p = parse(&a, buf_view(&b), &mime_limits);
	ck_assert_uint_eq(p->header_lines, 3);
	ck_assert_ptr_null(p->child->next);
	ck_assert_uint_eq(p->child->body_size, 300000 * 6);
	ck_assert_uint_eq(p->child->body_lines, 0);
}
END_TEST

/* ---- anything at all ---- */

static const char *const pieces[] = {
	"\n", "\r\n", "\n\n", "\r", "--a", "--b", "--ab", "--a--", "--ab--", "--", "x", " ", "a: b\n",
	"Content-Type: multipart/mixed; boundary=a\n", "Content-Type: multipart/digest; boundary=b\n",
	"Content-Type: multipart/x; boundary=ab\r\n", "Content-Type: message/rfc822\n", "Content-Type: text/html\n",
};

START_TEST(whatever_it_is_the_parts_lie_in_it_in_order)
{
	uint64_t seed = 7;

	for (unsigned round = 0; round < 3000; round++) {
		static const struct mime_limits few = { .depth = 6, .parts = 12, .header = 300 };
		_cleanup_(arena_free) struct arena a = { 0 };
		_cleanup_(buf_release) struct buf b = { 0 };

		for (unsigned n = t_random(&seed) % 60; n; n--) {
			buf_z(&b, pieces[t_random(&seed) % COUNT(pieces)]);
			if (t_random(&seed) % 50 == 0)
				buf_c(&b, 0);
		}
		parse(&a, buf_view(&b), round % 2 ? &mime_limits : &few);
	}
}
END_TEST

START_TEST(a_failure_to_read_is_told)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct part *root = NULL;

	ck_assert_int_eq(mime_parse(-1, &a, &mime_limits, &root), -EBADF);
	ck_assert_ptr_null(root);
}
END_TEST

START_TEST(strings_have_no_nul_and_no_line_end)
{
	static const char in[] = "Content-Description: a\0b\r\n c\rd\nContent-ID: \0\nContent-Type: text/x\0y; a=\"\0\r\n b\"\n\n";
	_cleanup_(arena_free) struct arena a = { 0 };
	const struct part *p = parse(&a, (struct str){ in, sizeof in - 1 }, &mime_limits);

	t_str_eq(p->description, STR("a\200b c d"));
	t_str_eq(p->id, STR("\200"));
	t_str_eq(p->subtype, STR("x\200y"));
	t_str_eq(p->params.v[0].value, STR("\200 b"));
}
END_TEST

T_SUITE("mime", T_LOOP(parts_are_found, trees), T_LOOP(parts_have_the_numbers_of_rfc_9051_6_4_5_1, paths),
	T_TEST(beyond_the_depth_a_multipart_is_a_leaf), T_TEST(messages_in_messages_have_a_limit_too),
	T_TEST(beyond_the_count_the_last_part_has_the_rest), T_TEST(headers_over_the_limit_are_taken_as_missing),
	T_TEST(a_flood_of_parts_and_fields_is_bounded), T_TEST(parts_are_found_across_blocks),
	T_TEST(a_line_of_megabytes_is_one_line), T_TEST(whatever_it_is_the_parts_lie_in_it_in_order),
	T_TEST(a_failure_to_read_is_told), T_TEST(strings_have_no_nul_and_no_line_end))
