/* cmd/search.c: SEARCH and UID SEARCH (RFC 9051 6.4.4, RFC 3501 6.4.4), and the keys of the base protocol */
#include <time.h>
#include "command.h"
#include "context.h"
#include "mail/date.h"
#include "mail/fuzzy.h"
#include "mail/text.h"
#include "results.h"
#include "search.h"
#include "view.h"

enum { DAY = 86400 };

static int match_all(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s, (void)f, (void)key;
	return 1;
}

/* Flags: the rows' names tell which. */
static bool has(const struct fetching *f, unsigned flag)
{
	return f->message->flags & flag;
}

#define FLAG_KEY(name, flag)                                                                                 \
	static int match_##name(struct session *s, struct fetching *f, const struct search_key *key)         \
	{                                                                                                    \
		(void)s, (void)key;                                                                          \
		return has(f, flag);                                                                         \
	}                                                                                                    \
	static int match_un##name(struct session *s, struct fetching *f, const struct search_key *key)       \
	{                                                                                                    \
		(void)s, (void)key;                                                                          \
		return !has(f, flag);                                                                        \
	}
FLAG_KEY(answered, MD_ANSWERED)
FLAG_KEY(deleted, MD_DELETED)
FLAG_KEY(draft, MD_DRAFT)
FLAG_KEY(flagged, MD_FLAGGED)

static int match_recent(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)key;
	return s->view && s->view->box == f->box ? view_recent(s->view, f->uid) : maildir_is_recent(f->box, f->message);
}

static int match_old(struct session *s, struct fetching *f, const struct search_key *key)
{
	return !match_recent(s, f, key);
}

static int match_new(struct session *s, struct fetching *f, const struct search_key *key)
{
	return match_recent(s, f, key) && !has(f, MD_SEEN);
}

static bool parse_keyword(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && p_atom(p->cursor, &key->name);
}

static int match_keyword(struct session *s, struct fetching *f, const struct search_key *key)
{
	uint16_t number;

	(void)s;
	return maildir_keyword_find(f->box, key->name, &number) && keywords_have(maildir_keywords(f->box, f->message), number);
}

static int match_unkeyword(struct session *s, struct fetching *f, const struct search_key *key)
{
	return !match_keyword(s, f, key);
}

static bool parse_not(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && search_parse_key(p, &key->a);
}

static int match_not(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = search_match(s, f, key->a);

	return r < 0 ? r : !r;
}

static bool parse_or(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && search_parse_key(p, &key->a) && p_sp(p->cursor) && search_parse_key(p, &key->b);
}

static int match_or(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = search_match(s, f, key->a);

	return r ? r : search_match(s, f, key->b);
}

static int match_seen(struct session *s, struct fetching *f, const struct search_key *key)
{
	return !search_match_unseen(s, f, key);
}

static bool parse_uid(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && search_parse_set(p, key, BY_UIDS);
}

static bool parse_number(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && p_number64(p->cursor, &key->number);
}

static int match_larger(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = fetching_need(f, NEEDS_SIZE);

	(void)s;
	return r < 0 ? r : f->size > key->number;
}

static int match_smaller(struct session *s, struct fetching *f, const struct search_key *key)
{
	const int r = fetching_need(f, NEEDS_SIZE);

	(void)s;
	return r < 0 ? r : f->size < key->number;
}

static bool parse_date(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && p_date(p->cursor, &key->day);
}

/* The day on which a message came, here: "disregarding time and timezone" (RFC 9051 6.4.4). */
static int internal_day(struct fetching *f, int64_t *ret)
{
	const int r = fetching_need(f, NEEDS_DATE);
	struct tm tm;

	if (r < 0)
		return r;
	localtime_r(&(time_t){ (time_t)f->date }, &tm);
	*ret = date_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
	return 1;
}

/* The day that the Date field names, as its writer saw it. 0: there is none. */
static int sent_day(struct fetching *f, int64_t *ret)
{
	const int r = fetching_need(f, NEEDS_FIELDS);
	struct fields fields = f->fields;
	struct str value;
	int64_t date;
	int zone;

	if (r < 0)
		return r;
	if (!fields_value(&fields, FIELD_DATE, &value) || !date_parse(value, &date, &zone))
		return 0;
	date += 60 * zone;
	*ret = (date - (date < 0 ? DAY - 1 : 0)) / DAY;
	return 1;
}

#define DATE_KEYS(prefix, day_of)                                                                              \
	static int match_##prefix##before(struct session *s, struct fetching *f, const struct search_key *key) \
	{                                                                                                      \
		int64_t day;                                                                                   \
		const int r = day_of(f, &day);                                                                 \
		(void)s;                                                                                       \
		return r <= 0 ? r : day < key->day;                                                            \
	}                                                                                                      \
	static int match_##prefix##on(struct session *s, struct fetching *f, const struct search_key *key)     \
	{                                                                                                      \
		int64_t day;                                                                                   \
		const int r = day_of(f, &day);                                                                 \
		(void)s;                                                                                       \
		return r <= 0 ? r : day == key->day;                                                           \
	}                                                                                                      \
	static int match_##prefix##since(struct session *s, struct fetching *f, const struct search_key *key)  \
	{                                                                                                      \
		int64_t day;                                                                                   \
		const int r = day_of(f, &day);                                                                 \
		(void)s;                                                                                       \
		return r <= 0 ? r : day >= key->day;                                                           \
	}
DATE_KEYS(, internal_day)
DATE_KEYS(sent, sent_day)

static bool parse_text(struct search_parse *p, struct search_key *key)
{
	key->text = true;
	return p_sp(p->cursor) && p_astring(p->cursor, &key->needle);
}

static void look_in(struct search_key *key, struct str name)
{
	key->name = name;
	key->kept = fields_kept(name);
	key->field = key->kept ? field_number(name) : 0;
	key->needs = texts_have(key->field) && key->collation == I_UNICODE_CASEMAP ? NEEDS_TEXTS : key->kept ? NEEDS_FIELDS : NEEDS_HEADER;
}

/* BCC, CC, FROM, SUBJECT, TO: the row's name is the field's. */
static bool parse_field(struct search_parse *p, struct search_key *key)
{
	look_in(key, str_z(key->row->name));
	return parse_text(p, key);
}

/* "HEADER" SP header-fld-name SP astring */
static bool parse_header(struct search_parse *p, struct search_key *key)
{
	struct str name;

	if (!p_sp(p->cursor) || !p_astring(p->cursor, &name))
		return false;
	look_in(key, name);
	return parse_text(p, key);
}

/* What a fuzzy key has found in all of a text. */
static int scored(struct fetching *f, const struct search_key *key)
{
	const unsigned score = fuzzy_score(key->fuzzy);

	f->score += score;
	f->scores += score > 0;
	return score > 0;
}

/* Shows the matcher what there is of the field, as facts have it: as it is compared, or as it is sent; else as the header does. Whether there is any. */
static int look_at_field(struct fetching *f, const struct search_key *key, struct matcher *m)
{
	const bool known = key->needs == NEEDS_TEXTS;
	const int r = fetching_need(f, key->needs);
	struct str texts = f->facts[FACT_TEXTS], value;
	struct fields fields = f->fields;
	bool any = false;
	unsigned number;

	if (r < 0)
		return r;
	if (!key->field)
		return text_field(key->kept ? fields.text : f->header, key->name, key->collation, m);
	while (known && !(any && m->found) && texts_next(&texts, &number, &value))
		if (number == key->field) {
			matcher_whole(m, value);
			any = true;
		}
	while (!known && !(any && m->found) && fields_value(&fields, key->field, &value)) {
		text_value(value, key->collation, m);
		any = true;
	}
	return any;
}

static int match_field(struct session *s, struct fetching *f, const struct search_key *key)
{
	struct matcher m;
	int r;

	(void)s;
	matcher_init(&m, key->needle);
	m.fuzzy = key->fuzzy;
	matcher_reset(&m);
	r = look_at_field(f, key, &m);
	matcher_release(&m);
	if (r >= 0)
		r = key->fuzzy ? scored(f, key) : r && m.found;
	return r;
}

static int match_text_in(struct fetching *f, const struct search_key *key, unsigned where)
{
	struct text_search search = { .where = where };
	int r = key->needle.n ? fetching_need(f, NEEDS_PARTS) : 0;

	if (r < 0 || key->needle.n == 0)
		return r < 0 ? r : 1;
	matcher_init(&search.matcher, key->needle);
	search.matcher.fuzzy = key->fuzzy;
	r = text_search(f->fd, f->parts, key->collation, &search, 1);
	if (r == 0)
		r = key->fuzzy ? scored(f, key) : search.matcher.found;
	matcher_release(&search.matcher);
	return r;
}

static int match_body(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return match_text_in(f, key, TEXT_BODY);
}

static int match_text(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s;
	return match_text_in(f, key, TEXT_HEADER | TEXT_BODY);
}

static const struct search_row keys[] = {
	{ "ALL",	COST_NONE,   NULL,	    match_all	     },
	{ "ANSWERED",	COST_NONE,   NULL,	    match_answered   },
	{ "BCC",	COST_HEADER, parse_field,   match_field	     },
	{ "BEFORE",	COST_STAT,   parse_date,    match_before     },
	{ "BODY",	COST_BODY,   parse_text,    match_body	     },
	{ "CC",		COST_HEADER, parse_field,   match_field	     },
	{ "DELETED",	COST_NONE,   NULL,	    match_deleted    },
	{ "DRAFT",	COST_NONE,   NULL,	    match_draft	     },
	{ "FLAGGED",	COST_NONE,   NULL,	    match_flagged    },
	{ "FROM",	COST_HEADER, parse_field,   match_field	     },
	{ "HEADER",	COST_HEADER, parse_header,  match_field	     },
	{ "KEYWORD",	COST_NONE,   parse_keyword, match_keyword    },
	{ "LARGER",	COST_BODY,   parse_number,  match_larger     },
	{ "NEW",	COST_NONE,   NULL,	    match_new	     },
	{ "NOT",	COST_NONE,   parse_not,	    match_not	     },
	{ "OLD",	COST_NONE,   NULL,	    match_old	     },
	{ "ON",		COST_STAT,   parse_date,    match_on	     },
	{ "OR",		COST_NONE,   parse_or,	    match_or	     },
	{ "RECENT",	COST_NONE,   NULL,	    match_recent     },
	{ "SEEN",	COST_NONE,   NULL,	    match_seen	     },
	{ "SENTBEFORE", COST_HEADER, parse_date,    match_sentbefore },
	{ "SENTON",	COST_HEADER, parse_date,    match_senton     },
	{ "SENTSINCE",	COST_HEADER, parse_date,    match_sentsince  },
	{ "SINCE",	COST_STAT,   parse_date,    match_since	     },
	{ "SMALLER",	COST_BODY,   parse_number,  match_smaller    },
	{ "SUBJECT",	COST_HEADER, parse_field,   match_field	     },
	{ "TEXT",	COST_BODY,   parse_text,    match_text	     },
	{ "TO",		COST_HEADER, parse_field,   match_field	     },
	{ "UID",	COST_NONE,   parse_uid,	    search_match_set },
	{ "UNANSWERED", COST_NONE,   NULL,	    match_unanswered },
	{ "UNDELETED",	COST_NONE,   NULL,	    match_undeleted  },
	{ "UNDRAFT",	COST_NONE,   NULL,	    match_undraft    },
	{ "UNFLAGGED",	COST_NONE,   NULL,	    match_unflagged  },
	{ "UNKEYWORD",	COST_NONE,   parse_keyword, match_unkeyword  },
	{ "UNSEEN",	COST_NONE,   NULL,	    search_match_unseen },
	{ 0 },
};

static enum verdict cmd_search(struct session *s, struct command *cmd)
{
	struct results r = { .view = s->view, .tag = cmd->tag, .by_uid = cmd->row->flags & BY_UID };
	struct context *context = NULL;
	struct command program;
	enum verdict verdict;
	struct search search;
	uint32_t *uids;
	bool backwards, limited;
	size_t enough;

	if (!p_sp(&cmd->args))
		return cmd_syntax(cmd);
	program = *cmd;
	if (!returns_parse(&cmd->args, &r.returns))
		return cmd_syntax(cmd);
	r.returns.extended |= (s->enabled & ON_REV2) != 0;
	if (r.returns.options & RETURN_UPDATE && context_is(s, cmd->tag))
		return cmd_tag_reuse(cmd);
	verdict = search_read(s, cmd, s->view, false, &search);
	if (verdict != OK)
		return results_failed(s, &r.returns, verdict);
	if (r.returns.options & RETURN_RELEVANCY && !search.fuzzy)
		return cmd_not_fuzzy(cmd);
	limited = search_limit(s, cmd, &search);
	if (r.returns.options & RETURN_UPDATE && !limited)
		context = context_begin(s, &program, false, (struct str){ 0 });
	enough = returns_enough(&r.returns, &backwards);
	search_run(s, s->view, &search, context ? 0 : enough, backwards, cmd->arena, &uids, &r.n);
	if (context)
		context_found(context, uids, r.n);
	r.uids = uids;
	r.scores = search.scores;
	r.modseq = search.modseq;
	if (r.returns.extended)
		results_tell(s, &r, cmd->arena);
	else
		results_tell_plainly(s, &r, "SEARCH", cmd->arena);
	context_tell_refused(s, &r.returns, cmd->tag);
	return cmd_ok(cmd, "SEARCH done.");
}

static const struct command_row commands[] = {
	{ "SEARCH",	SELECTED, NUMBERED | KEEPS_NUMBERS, cmd_search },
	{ "UID SEARCH", SELECTED, BY_UID,		    cmd_search },
	{ 0 },
};
const struct extension ext_search = { .rfc = 3501, .commands = commands, .search = keys };

/* Whatever works on many messages tells how far it is (progress.h). */
const struct extension ext_inprogress = { .rfc = 9585, .capability = "INPROGRESS" };
