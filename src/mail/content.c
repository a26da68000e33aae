/* mail/content.c: the fields that describe a part, from its header (RFC 2045, RFC 2183, RFC 3282) */
#include "mail/content.h"
#include "mail/header.h"
#include "mail/lex.h"

static void set_type(struct part *p, struct str type, struct str subtype)
{
	p->type = type;
	p->subtype = subtype;
	p->params = (struct params){ 0 };
}

/* RFC 2045 5.2, RFC 2046 5.1.5 */
void content_default(struct arena *a, bool digest, struct part *p)
{
	p->encoding = STR("7bit");
	if (digest) {
		set_type(p, STR("message"), STR("rfc822"));
		return;
	}
	set_type(p, STR("text"), STR("plain"));
	p->params.v = arena_grow(a, NULL, 1, sizeof *p->params.v);
	p->params.v[p->params.n++] = (struct param){ STR("charset"), STR("us-ascii") };
}

/* type "/" subtype *(";" parameter) (RFC 2045 5.1). "text" alone is what mailers wrote before there was MIME.
 */
static void type(struct arena *a, struct str value, struct part *p)
{
	struct str rest = value, major, minor;

	lex_cfws(&rest);
	if (rest.n == 0)
		return;
	if (!lex_run(&rest, lex_tspecials, &major)) {
		set_type(p, STR("application"), STR("octet-stream"));
		return;
	}
	lex_cfws(&rest);
	if (rest.n == 0 && str_ieq(major, STR("text")))
		return;
	if (lex_char(&rest, '/')) {
		lex_cfws(&rest);
		if (lex_run(&rest, lex_tspecials, &minor)) {
			set_type(p, major, minor);
			params_parse(a, rest, &p->params);
			return;
		}
	}
	set_type(p, STR("application"), STR("octet-stream"));
}

static void encoding(struct arena *a, struct str value, struct part *p)
{
	(void)a;
	lex_cfws(&value);
	lex_run(&value, lex_tspecials, &p->encoding);
}

static void disposition(struct arena *a, struct str value, struct part *p)
{
	lex_cfws(&value);
	if (lex_run(&value, lex_tspecials, &p->disposition))
		params_parse(a, value, &p->disposition_params);
}

/* Language-Tag *("," Language-Tag), with comments (RFC 3282 2) */
static void languages(struct arena *a, struct str value, struct part *p)
{
	struct str tag;

	while (value.n) {
		lex_cfws(&value);
		if (lex_run(&value, lex_tspecials, &tag)) {
			p->languages = arena_grow(a, p->languages, p->nlanguages + 1, sizeof *p->languages);
			p->languages[p->nlanguages++] = tag;
		} else {
			value = str_from(value, 1);
		}
	}
}

static void id(struct arena *a, struct str value, struct part *p)
{
	p->id = header_unfold(a, value);
}

static void description(struct arena *a, struct str value, struct part *p)
{
	p->description = header_unfold(a, value);
}

static void md5(struct arena *a, struct str value, struct part *p)
{
	p->md5 = header_unfold(a, value);
}

/* RFC 2557 4.4.2: blanks come from folding only */
static void location(struct arena *a, struct str value, struct part *p)
{
	char *s = arena_alloc(a, value.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++)
		if ((unsigned char)value.s[i] > ' ')
			s[n++] = value.s[i];
	p->location = (struct str){ s, n };
}

static const struct row {
	const char *name;
	void (*parse)(struct arena *a, struct str value, struct part *p);
} rows[] = {
	{ "Content-Type",              type        },
	{ "Content-Transfer-Encoding", encoding    },
	{ "Content-ID",                id          },
	{ "Content-Description",       description },
	{ "Content-Disposition",       disposition },
	{ "Content-MD5",               md5         },
	{ "Content-Language",          languages   },
	{ "Content-Location",          location    },
};

bool content_wants(struct str line)
{
	if (!str_istarts(line, STR("Content-")))
		return false;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_istarts(line, str_z(rows[i].name)))
			return true;
	return false;
}

void content_parse(struct arena *a, struct str header, bool digest, struct part *p)
{
	bool seen[COUNT(rows)] = { false };
	struct field field;

	content_default(a, digest, p);
	while (header_next(&header, &field)) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (seen[i] || !str_ieq(field.name, str_z(rows[i].name)))
				continue;
			seen[i] = true;
			rows[i].parse(a, field.value, p);
		}
	}
}
