/* t/fuzz_header.c: any octets as a header, and as the value of each kind of field */
#include <assert.h>
#include "base/utf8.h"
#include "mail/charset.h"
#include "mail/content.h"
#include "mail/date.h"
#include "mail/envelope.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/subject.h"
#include "mail/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addresses(struct arena *a, struct str value)
{
	struct addresses list = { 0 };
	bool group = false;

	address_parse(a, value, &list);
	assert(list.n <= ADDRESSES_MAX);
	for (size_t i = 0; i < list.n; i++) { /* groups are opened and ended in turn */
		const struct address *v = &list.v[i];

		if (v->host.s)
			assert(v->mailbox.s);
		else
			assert(group == !v->mailbox.s);
		group = v->host.s ? group : !group;
	}
	assert(!group);
}

static void check_date(struct str value)
{
	int64_t t, year;
	unsigned month, day;
	int zone;

	if (!date_parse(value, &t, &zone))
		return;
	date_civil((t + zone * 60) / 86400, &year, &month, &day);
	assert(zone > -24 * 60 && zone < 24 * 60 && year >= 0 && year <= 10000);
}

static void check_params(struct arena *a, struct str value)
{
	struct params list = { 0 };
	struct str text;

	params_parse(a, value, &list);
	assert(list.n <= PARAMS_MAX);
	for (size_t i = 0; i < list.n; i++) {
		const struct str name = list.v[i].name;

		assert(param_text(&list, name, a, &text) && utf8_valid(text));
		param_text(&list, str_head(name, str_find(name, '*')), a, &text);
	}
}

static void check_value(struct str value)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf b = { 0 };
	_cleanup_(buf_release) struct buf folded = { 0 };
	struct part part = { 0 };

	words_decode(&b, value);
	assert(utf8_valid(buf_view(&b)));
	fold_utf8(&folded, buf_view(&b));
	assert(utf8_valid(buf_view(&folded)));
	assert(utf8_valid(subject_base(&a, value, NULL)));
	check_addresses(&a, value);
	check_date(value);
	check_params(&a, value);
	content_parse(&a, value, false, &part);
	assert(part.type.n && part.subtype.n && part.encoding.n);
}

/* In pieces or whole, the same comes out. (Not of UTF-7: what iconv makes of it when it is broken depends on how far
 * it had read.)
 */
static void check_charset(struct str in)
{
	static const char *const names[] = { "utf-8", "", "iso-2022-jp", "gb18030", "utf-16" };
	_cleanup_(charset_close) struct charset c;
	_cleanup_(buf_release) struct buf whole = { 0 };
	_cleanup_(buf_release) struct buf pieces = { 0 };
	const struct str name = str_z(names[in.n ? (unsigned char)in.s[0] % COUNT(names) : 0]);

	charset_guess_utf8(&whole, name, in);
	assert(utf8_valid(buf_view(&whole)));
	charset_open(&c, name);
	for (; in.n; in = str_from(in, 3))
		charset_add(&c, str_head(in, 3), &pieces);
	charset_end(&c, &pieces);
	assert(str_eq(buf_view(&pieces), buf_view(&whole)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	_cleanup_(buf_release) struct buf lines = { 0 };
	const struct str in = { (const char *)data, size };
	struct str rest = in;
	struct envelope e;
	struct field f;

	while (header_next(&rest, &f)) {
		buf_str(&lines, f.line);
		check_value(f.value);
	}
	buf_str(&lines, rest);
	assert(str_eq(buf_view(&lines), in)); /* nothing gets lost */
	check_value(in);
	check_charset(in);
	envelope_parse(&a, in, &e);
	return 0;
}
