/* t/fuzz_facts.c: any octets as facts out of the cache; and as a header, whose kept fields must be those that it has */
#include <assert.h>
#include "facts.h"
#include "mail/header.h"
#include "mail/text.h"
#include "places.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_order(struct str fact)
{
	struct order o;
	struct str id;
	size_t n = 0;

	if (!order_read(fact, &o))
		return;
	assert(o.subject.n + o.id.n <= fact.n);
	while (order_reference(&o.references, &id))
		n++;
	assert(n == o.nreferences && o.references.n == 0);
}

static void check_fields(struct str fact)
{
	struct fields fields, all;
	struct str line, value;
	unsigned number;
	size_t octets = 0;

	if (!fields_open(fact, &fields))
		return;
	all = fields;
	while (fields_next(&fields, &number, &line))
		octets += line.n;
	assert(fields.text.n == 0 && octets <= fact.n);
	while (fields_value(&all, FIELD_TO, &value))
		assert(value.n <= fact.n);
}

static void check_texts(struct str fact)
{
	struct str text;
	unsigned number;
	size_t octets = 0;

	for (struct str rest = fact; texts_next(&rest, &number, &text);)
		octets += text.n;
	assert(octets <= fact.n);
}

/* Each text is what is looked at where the fields are looked through. */
static void check_texts_of(struct fields fields)
{
	_cleanup_(buf_release) struct buf texts = { 0 };
	struct str rest, line, text;
	unsigned number, got;
	struct matcher m;

	texts_make(&texts, fields);
	rest = buf_view(&texts);
	while (fields_next(&fields, &number, &line)) {
		if (!texts_have(number))
			continue;
		assert(texts_next(&rest, &got, &text) && got == number);
		matcher_init(&m, text);
		assert(text_value(field_value(line), I_UNICODE_CASEMAP, &m));
		matcher_release(&m);
	}
	assert(rest.n == 0);
}

static void check_header(struct str header)
{
	_cleanup_(buf_release) struct buf kept = { 0 }, again = { 0 }, order = { 0 }, of_kept = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct str rest, line;
	struct field want, got;
	struct fields fields;
	struct order o;
	unsigned number;

	fields_make(&kept, header);
	assert(fields_open(buf_view(&kept), &fields));
	fields_make(&again, fields.text);
	assert(str_eq(buf_view(&kept), buf_view(&again)));
	order_make(&order, &a, header, 1);
	order_make(&of_kept, &a, fields.text, 1);
	assert(str_eq(buf_view(&order), buf_view(&of_kept)));
	assert(order_read(buf_view(&order), &o));
	check_texts_of(fields);
	rest = fields.text;
	while (header_next(&header, &want))
		if (fields_kept(want.name)) {
			assert(header_next(&rest, &got) && fields_next(&fields, &number, &line));
			assert(str_eq(got.line, line) && str_eq(want.name, got.name));
			assert(number == field_number(want.name));
		}
	assert(!header_next(&rest, &got) && !fields_next(&fields, &number, &line));
}

static void check_places(struct str fact)
{
	_cleanup_(buf_release) struct buf again = { 0 };
	_cleanup_(arena_free) struct arena a = { 0 };
	struct part *root;

	if (!places_read(fact, &a, &root))
		return;
	places_make(&again, root);
	assert(str_eq(fact, buf_view(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str s = { (const char *)data, size };

	if (size == 0)
		return 0;
	check_order(str_from(s, 1));
	check_fields(str_from(s, 1));
	check_texts(str_from(s, 1));
	check_places(str_from(s, 1));
	check_header(str_from(s, 1));
	return 0;
}
