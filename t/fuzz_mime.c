/* t/fuzz_mime.c: any octets as a message: its parts, its text, what is sent of it */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "mail/decode.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/text.h"
#include "t/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_header(int fd, const struct part *p)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	struct envelope e;
	off_t body;

	assert(header_end(fd, p->header, p->body, &body) == 0 && body == p->body);
	assert(header_read(fd, p->header, p->body, HEADER_MAX, &b) == 0);
	assert((off_t)b.n == p->body - p->header);
	envelope_parse(&a, buf_view(&b), &e);
	t_check_str(e.subject);
	t_check_str(e.date);
	for (size_t i = 0; i < e.from.n; i++)
		t_check_str(e.from.v[i].mailbox);
}

/* Whatever it is said to be encoded in, it has an end; what is not encoded has the size that was promised. */
static void check_body(int fd, const struct part *p)
{
	static struct decoder d;
	uint64_t size, got = 0;
	char some[777];
	ssize_t r;

	for (enum encoding e = ENCODING_NONE; e <= ENCODING_UNKNOWN; e++) {
		decode_open(&d, fd, p->body, p->end, e);
		for (got = 0; (r = decode_read(&d, some, sizeof some)) > 0;)
			got += (uint64_t)r;
		assert(r == 0);
		if (e == ENCODING_NONE)
			assert(sent_size(fd, p->body, p->end, &size, NULL) == 0 && got == size);
	}
}

static void check_text(int fd, const struct part *root)
{
	struct text_search v[] = { { .where = TEXT_BODY }, { .where = TEXT_HEADER | TEXT_BODY } };

	for (size_t i = 0; i < COUNT(v); i++)
		matcher_init(&v[i].matcher, STR("FUZZ"));
	assert(text_search(fd, root, I_UNICODE_CASEMAP, v, COUNT(v)) == 0);
	assert(v[1].matcher.found || !v[0].matcher.found); /* TEXT is more than BODY */
	for (size_t i = 0; i < COUNT(v); i++)
		matcher_release(&v[i].matcher);
}

static void check_parts(int fd, const struct part *p)
{
	check_header(fd, p);
	if (!p->child)
		check_body(fd, p);
	for (const struct part *c = p->child; c; c = c->next)
		check_parts(fd, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mime_limits few = { .depth = 5, .parts = 9, .header = 500 };
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(fd_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct part *root, *in_memory;

	assert(fd >= 0 && fd_write_all(fd, data, size) == 0);
	assert(mime_parse(fd, &a, &few, &root) == 0);
	assert(root->end == (off_t)size);
	t_check_tree(fd, root);
	assert(mime_parse(fd, &a, &mime_limits, &root) == 0);
	t_check_tree(fd, root);
	mime_parse_str((struct str){ (const char *)data, size }, &a, &mime_limits, &in_memory);
	t_same_tree(root, in_memory);
	check_parts(fd, root);
	check_text(fd, root);
	assert(mime_find(root, (const uint32_t[]){ 1 }, 1));
	return 0;
}
