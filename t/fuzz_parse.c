/* t/fuzz_parse.c: every rule of the parser on any octets: it takes all or nothing, and comes back from the
 * writer
 *
 * The first octet of the input picks the mode, the rest is the text.
 */
#include <stdlib.h>
#include "imap/parse.h"
#include "imap/pattern.h"
#include "imap/url.h"
#include "imap/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a rule gave, and how to write it. */
union value {
	struct str s;
	uint32_t u32;
	uint64_t u64;
	int32_t day;
	struct seqset set;
	struct flags flags;
	struct date_time time;
	struct section section;
	struct partial partial;
	struct pairs pairs;
	struct strs strs;
	struct announcement announcement;
};

#define RULE(name, type, member)                                                                             \
	static bool r_##name(struct cursor *c, union value *ret)                                             \
	{                                                                                                    \
		return p_##name(c, (type *)&ret->member);                                                    \
	}
RULE(tag, struct str, s)
RULE(command_name, struct str, s)
RULE(atom, struct str, s)
RULE(quoted, struct str, s)
RULE(literal, struct str, s)
RULE(literal8, struct str, s)
RULE(string, struct str, s)
RULE(nstring, struct str, s)
RULE(astring, struct str, s)
RULE(mailbox, struct str, s)
RULE(list_mailbox, struct str, s)
RULE(announcement, struct announcement, announcement)
RULE(number, uint32_t, u32)
RULE(nz_number, uint32_t, u32)
RULE(number64, uint64_t, u64)
RULE(sequence_set, struct seqset, set)
RULE(uid_set, struct seqset, set)
RULE(flag, struct flags, flags)
RULE(flag_list, struct flags, flags)
RULE(store_flags, struct flags, flags)
RULE(date, int32_t, day)
RULE(date_text, int32_t, day)
RULE(date_time, struct date_time, time)
RULE(section, struct section, section)
RULE(section_part, struct section, section)
RULE(section_binary, struct section, section)
RULE(partial, struct partial, partial)
RULE(id_params, struct pairs, pairs)

static bool r_list(struct cursor *c, union value *ret)
{
	return p_list(c, p_astring, &ret->strs);
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void w_s_string(struct writer *w, union value *v)
{
	w_string(w, v->s);
}

static void w_s_nstring(struct writer *w, union value *v)
{
	w_nstring(w, v->s);
}

static void w_s_astring(struct writer *w, union value *v)
{
	w_astring(w, v->s);
}

static void w_s_mailbox(struct writer *w, union value *v)
{
	w_mailbox(w, v->s);
}

static void w_number64(struct writer *w, union value *v)
{
	w_number(w, v->u64);
}

static void w_set(struct writer *w, union value *v)
{
	w_sequence_set(w, v->set);
}

static void w_flag_list(struct writer *w, union value *v)
{
	w_flags(w, v->flags.system, v->flags.keywords.v, v->flags.keywords.n);
}

static void w_time(struct writer *w, union value *v)
{
	w_date_time(w, v->time);
}

static void w_a_section(struct writer *w, union value *v)
{
	w_section(w, "", &v->section, NULL);
}

/* rule again must take all of what write wrote, and writing that must give the same octets. */
static const struct rule {
	bool (*parse)(struct cursor *c, union value *ret);
	void (*write)(struct writer *w, union value *v);
} rules[] = {
	{r_tag,		 NULL },
	{ r_command_name,		  NULL },
	{ r_atom,w_s_astring },
	{ r_quoted,	    NULL },
	{ r_literal,		     NULL },
	{ r_literal8,   NULL },
	{ r_string,	    w_s_string },
	{ r_nstring,		     w_s_nstring },
	{ r_astring,	     w_s_astring },
	{ r_mailbox,	     w_s_mailbox },
	{ r_list_mailbox,		  NULL },
	{ r_announcement,	  NULL },
	{ r_number,		    NULL },
	{ r_nz_number,NULL },
	{ r_number64, w_number64 },
	{ r_sequence_set,		  w_set },
	{ r_uid_set,		     w_set },
	{ r_flag, NULL },
	{ r_flag_list,	       w_flag_list },
	{ r_store_flags,w_flag_list },
	{ r_date,	  NULL },
	{ r_date_text,	       NULL },
	{ r_date_time,     w_time },
	{ r_section, w_a_section },
	{ r_section_part,		  NULL },
	{ r_section_binary,w_a_section },
	{ r_partial,	     NULL },
	{ r_id_params,	       NULL },
	{ r_list,NULL },
	{ 0 },
};

static void check_round(const struct rule *rule, const struct cursor *from, union value *v)
{
	_cleanup_(buf_release) struct buf once = { 0 }, twice = { 0 };
	bool (*const parse)(struct cursor *, union value *) = rule->parse == r_atom ? r_astring : rule->parse;
	union value again = { 0 };
	struct writer w;
	struct cursor c;

	writer_init(&w, &once);
	w.utf8 = from->utf8;
	rule->write(&w, v);
	cursor_init(&c, from->arena, buf_view(&once));
	c.utf8 = from->utf8;
	must(parse(&c, &again) && p_end(&c));
	writer_init(&w, &twice);
	w.utf8 = from->utf8;
	rule->write(&w, &again);
	must(str_eq(buf_view(&once), buf_view(&twice)));
}

static void check_rule(const struct rule *rule, const struct cursor *at)
{
	struct cursor c = *at;
	union value v = { 0 };

	if (rule->parse(&c, &v)) {
		must(c.rest.n <= at->rest.n && c.rest.s + c.rest.n == at->rest.s + at->rest.n);
		if (rule->write)
			check_round(rule, at, &v);
	} else {
		const char *complaint = parse_complaint(&c);

		must(c.rest.s == at->rest.s && c.rest.n == at->rest.n);
		for (; *complaint; complaint++)
			must(*complaint >= ' ' && *complaint < 0x7f);
	}
}

static void check_pattern(struct arena *a, struct str text)
{
	const size_t half = text.n / 2;
	const struct pattern *p = pattern_new(a, str_head(text, half), '/');
	const struct str name = str_from(text, half);

	pattern_matches(p, name);
}

/* A URL that can be signed can be read when it is, and its rump is the beginning of it. */
static void check_url(struct arena *a, struct str text, char separator)
{
	const struct str token = STR(":internal:00112233445566778899aabbccddeeff");
	struct url_auth rump, whole;
	struct url url;

	url_parse(a, text, STR("A/B"), separator, &url);
	url_auth_parse(a, text, separator, false, &whole);
	if (!url_auth_parse(a, text, separator, true, &rump))
		return;
	must(str_eq(rump.rump, text));
	must(url_auth_parse(a, arena_cat(a, text, token, STR("")), separator, false, &whole) && str_eq(whole.rump, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_free) struct arena arena = { 0 };
	struct cursor c;

	if (size < 1)
		return 0;
	cursor_init(&c, &arena, (struct str){ (const char *)data + 1, size - 1 });
	c.utf8 = data[0] & 1;
	c.separator = data[0] & 2 ? '.' : '/';
	for (const struct rule *rule = rules; rule->parse; rule++)
		check_rule(rule, &c);
	check_url(&arena, c.rest, c.separator);
	if (size < 300)
		check_pattern(&arena, c.rest);
	return 0;
}
