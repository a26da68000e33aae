/* t/t_places.c: where the parts of a message are, as a fact */
#include <fcntl.h>
#include <glob.h>
#include <unistd.h>
#include "mail/decode.h"
#include "places.h"
#include "t/t.h"

static void same(const struct part *a, const struct part *b, const struct part *parent)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->header, b->header);
	ck_assert_int_eq(a->body, b->body);
	ck_assert_int_eq(a->end, b->end);
	ck_assert_int_eq(encoding_of(a->encoding), encoding_of(b->encoding));
	ck_assert_ptr_eq(b->parent, parent);
	parent = b;
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next) {
		same(a, b, parent);
	}
	ck_assert_ptr_null(a);
	ck_assert_ptr_null(b);
}

START_TEST(each_tree_of_parts_is_read_as_it_was)
{
	glob_t found;

	ck_assert_int_eq(glob("t/mail/*.eml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		_cleanup_(buf_release) struct buf fact = { 0 };
		_cleanup_(arena_free) struct arena a = { 0 };
		const int fd = open(found.gl_pathv[i], O_RDONLY | O_CLOEXEC);
		struct part *root, *again;

		ck_assert_int_eq(mime_parse(fd, &a, &mime_limits, &root), 0);
		places_make(&fact, root);
		ck_assert(places_read(buf_view(&fact), &a, &again));
		same(root, again, NULL);
		for (size_t n = 0; n < fact.n; n++)	/* cut off it is another tree, or none */
			(void)places_read(str_head(buf_view(&fact), n), &a, &again);
		close(fd);
	}
	globfree(&found);
}
END_TEST

#define AT "\1\0\0\0\0\0\0\0" "\2\0\0\0\0\0\0\0" "\3\0\0\0\0\0\0\0"
#define FACT(literal, fine) { { literal, sizeof(literal) - 1 }, fine }
static const struct {
	struct str fact;
	bool fine;
} facts[] = {
	FACT("\0\0\0" AT, true),				 /* a leaf */
	FACT("\0\1\0" AT "\1\0\0" AT "\1\0\2" AT, true),	 /* two parts */
	FACT("\0\2\0" AT "\1\0\0" AT, true),			 /* a message */
	FACT("\0\1\0" AT "\1\2\0" AT "\2\0\0" AT "\1\0\0" AT, true),
	FACT("", false),
	FACT("\1\0\0" AT, false),				 /* the root is deep */
	FACT("\0\1\0" AT, false),				 /* a multipart of nothing */
	FACT("\0\1\0" AT "\2\0\0" AT, false),		 /* too deep */
	FACT("\0\0\0" AT "\1\0\0" AT, false),		 /* in a leaf */
	FACT("\0\2\0" AT "\1\0\0" AT "\1\0\0" AT, false),	 /* two in a message */
	FACT("\0\1\0" AT "\1\1\0" AT "\1\0\0" AT, false),	 /* an empty one, then another */
	FACT("\0\0\0" AT "\0\0\0" AT, false),		 /* two roots */
	FACT("\0\3\0" AT, false),				 /* no kind */
	FACT("\0\0\5" AT, false),				 /* no encoding */
	FACT("\0\0\0\3\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", false),
	FACT("\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\377", false),
	FACT("\0\0\0" AT "\0", false),
};

START_TEST(what_can_not_be_is_not_read)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct part *root = NULL;

	ck_assert_int_eq(places_read(facts[_i].fact, &a, &root), facts[_i].fine);
	ck_assert_int_eq(root != NULL, facts[_i].fine);
}
END_TEST

T_SUITE("places", T_TEST(each_tree_of_parts_is_read_as_it_was), T_LOOP(what_can_not_be_is_not_read, facts))
