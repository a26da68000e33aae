/* t/t_encode.c: tests of mail/encode.c */
#include <stdio.h>
#include "base/buf.h"
#include "mail/encode.h"
#include "t/t.h"

#define LONG57 "012345678901234567890123456789012345678901234567890123\x00\x0a\x0d"
#define BASE57 "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzAAoN"

static const struct row {
	const char *in;
	size_t n;
	const char *want; /* NULL: the same */
} rows[] = {
#define ROW(in, want) { in, sizeof(in) - 1, want }
	ROW("Subject: x\r\n\r\nbody\r\n", NULL),
	ROW("", NULL),
	ROW("Content-Transfer-Encoding: binary\r\n\r\nlines\r\nonly\r\n", NULL),
	ROW("Content-Transfer-Encoding: 8bit\r\n\r\na\x00z", NULL),
	ROW("Content-Transfer-Encoding: binary\r\nX: 1\r\n\r\na\nb",
	    "Content-Transfer-Encoding: base64\r\nX: 1\r\n\r\nYQpi"),
	ROW("A: 1\r\ncontent-transfer-encoding:\r\n BINARY (c)\r\nX: 1\r\nContent-Transfer-Encoding: binary\r\n\r\na\rb",
	    "A: 1\r\nContent-Transfer-Encoding: base64\r\nX: 1\r\n\r\nYQ1i"),
	ROW("Content-Transfer-Encoding: binary\r\n\r\na\r", "Content-Transfer-Encoding: base64\r\n\r\nYQ0="),
	ROW("Content-Transfer-Encoding: binary\r\n\r\n" LONG57 LONG57 "x",
	    "Content-Transfer-Encoding: base64\r\n\r\n" BASE57 "\r\n" BASE57 "\r\neA=="),
	ROW("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\npre\x00\r\n--b\r\n"
	    "Content-Transfer-Encoding: binary\r\n\r\n\x00\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Content-Transfer-Encoding: binary\r\n\r\n\x01\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nas is\r\n--b--\r\n",
	    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\npre@\r\n--b\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAQo=\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\nas is\r\n--b--\r\n"),
};

static int put(void *data, struct str octets)
{
	buf_str(data, octets);
	return 0;
}

START_TEST(only_what_is_no_text_is_encoded)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf got = { 0 };
	const struct row *row = &rows[_i];
	FILE *file = tmpfile();
	struct part *root;
	struct str want;

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(row->in, 1, row->n, file), row->n);
	ck_assert_int_eq(fflush(file), 0);
	ck_assert_int_eq(mime_parse(fileno(file), &a, &mime_limits, &root), 0);
	ck_assert_int_eq(encode_binary(fileno(file), root, put, &got), 0);
	for (size_t i = 0; row->want && i < got.n; i++)
		got.s[i] = got.s[i] ? got.s[i] : '@';
	want = row->want ? str_z(row->want) : (struct str){ row->in, row->n };
	t_str_eq(buf_view(&got), want);
	fclose(file);
}
END_TEST

static int refuse(void *data, struct str octets)
{
	(void)octets;
	return ++*(int *)data == 2 ? -ENOSPC : 0;
}

START_TEST(a_failure_to_write_ends_it)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	FILE *file = tmpfile();
	struct part *root;
	int calls = 0;

	ck_assert_ptr_nonnull(file);
	fputs("A: b\r\nContent-Transfer-Encoding: binary\r\n\r\na\nb", file);
	fflush(file);
	ck_assert_int_eq(mime_parse(fileno(file), &a, &mime_limits, &root), 0);
	ck_assert_int_eq(encode_binary(fileno(file), root, refuse, &calls), -ENOSPC);
	ck_assert_int_eq(calls, 2);
	fclose(file);
}
END_TEST

T_SUITE("encode", T_LOOP(only_what_is_no_text_is_encoded, rows), T_TEST(a_failure_to_write_ends_it))
