/* t/fuzz_preview.c: any octets as a message: its preview, and what it is without binary parts; as text and as HTML, too */
#define _GNU_SOURCE
#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/utf8.h"
#include "imap/url.h"
#include "mail/encode.h"
#include "mail/glimpse.h"
#include "mail/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line of UTF-8, and not too much of it. */
static void check_line(struct str s)
{
	size_t chars = 0;
	uint32_t c;

	while (s.n) {
		assert(utf8_next(&s, &c) && c >= ' ' && c != 0x7f);
		chars++;
	}
	assert(chars <= GLIMPSE_MAX);
}

static int put(void *data, struct str octets)
{
	buf_str(data, octets);
	return 0;
}

/* What is encoded once needs no more encoding. */
static void check_encoded(int fd, const struct part *root)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf once = { 0 }, twice = { 0 };
	_cleanup_(fd_closep) int again = memfd_create("again", MFD_CLOEXEC);
	struct part *parts;

	assert(encode_binary(fd, root, put, &once) == 0);
	assert(again >= 0 && fd_write_all(again, once.s ? once.s : "", once.n) == 0);
	assert(mime_parse(again, &a, &mime_limits, &parts) == 0);
	assert(encode_binary(again, parts, put, &twice) == 0);
	assert(str_eq(buf_view(&once), buf_view(&twice)));
}

static void check_texts(struct str text)
{
	for (int i = 0; i < 4; i++) {
		_cleanup_(buf_release) struct buf b = { 0 };
		struct glimpse g;

		glimpse_init(&g, &b);
		if (i & 1)
			glimpse_html(&g, text, i & 2);
		else
			glimpse_plain(&g, text, i & 2);
		glimpse_end(&g);
		check_line(buf_view(&b));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(fd_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const struct str text = { (const char *)data, size };
	struct part *root;
	struct url url;

	assert(fd >= 0 && fd_write_all(fd, data, size) == 0);
	assert(mime_parse(fd, &a, &mime_limits, &root) == 0);
	assert(preview(fd, root, &b) == 0);
	check_line(buf_view(&b));
	check_encoded(fd, root);
	check_texts(text);
	if (url_parse(&a, text, STR("A/B"), '/', &url))
		assert(url.uid && url.mailbox.n);
	return 0;
}
