/* cmd/savedate.c: SAVEDATE: when messages came into their mailbox (RFC 8514) */
#include <time.h>
#include "command.h"
#include "fetch.h"
#include "mail/date.h"
#include "search.h"

/* Before there were Maildirs, and after 32 bits: no time. */
enum { EARLIEST = 788918400 };	/* 1995-01-01 */

/* The number that a file's name begins with: when it was made, here or by who delivered it. A copy, and a message that is
 * moved, get a new one. False for names that other programs have made up.
 */
static bool saved_at(const struct fetching *f, int64_t *ret)
{
	const struct str name = maildir_base_name(f->box, f->message);
	uint32_t seconds;

	if (!str_u32(str_head(name, str_find(name, '.')), &seconds) || seconds < EARLIEST)
		return false;
	*ret = seconds;
	return true;
}

static int write_savedate(struct session *s, struct fetching *f, const struct fetch_item *item)
{
	int64_t date;
	struct tm tm;

	(void)item;
	w_atom(&s->out, "SAVEDATE");
	if (!saved_at(f, &date)) {
		w_nil(&s->out);
		return 0;
	}
	localtime_r(&(time_t){ (time_t)date }, &tm);
	w_date_time(&s->out, (struct date_time){ .unix_time = date, .zone = (int)(tm.tm_gmtoff / 60) });
	return 0;
}

static const struct fetch_row items[] = {
	{ "SAVEDATE", 0, NULL, write_savedate },
	{ 0 },
};

static bool parse_day(struct search_parse *p, struct search_key *key)
{
	return p_sp(p->cursor) && p_date(p->cursor, &key->day);
}

/* The day here; INTERNALDATE's where there is no other (RFC 8514 4.3). */
static int saved_day(struct fetching *f, int64_t *ret)
{
	int64_t date;
	struct tm tm;

	if (!saved_at(f, &date)) {
		const int r = fetching_need(f, NEEDS_DATE);

		if (r < 0)
			return r;
		date = f->date;
	}
	localtime_r(&(time_t){ (time_t)date }, &tm);
	*ret = date_days(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday);
	return 0;
}

static int match_before(struct session *s, struct fetching *f, const struct search_key *key)
{
	int64_t day;
	const int r = saved_day(f, &day);

	(void)s;
	return r < 0 ? r : day < key->day;
}

static int match_on(struct session *s, struct fetching *f, const struct search_key *key)
{
	int64_t day;
	const int r = saved_day(f, &day);

	(void)s;
	return r < 0 ? r : day == key->day;
}

static int match_since(struct session *s, struct fetching *f, const struct search_key *key)
{
	int64_t day;
	const int r = saved_day(f, &day);

	(void)s;
	return r < 0 ? r : day >= key->day;
}

static int match_supported(struct session *s, struct fetching *f, const struct search_key *key)
{
	(void)s, (void)f, (void)key;
	return 1;
}

static const struct search_row keys[] = {
	{ "SAVEDBEFORE",       COST_STAT, parse_day, match_before    },
	{ "SAVEDON",	       COST_STAT, parse_day, match_on	     },
	{ "SAVEDSINCE",	       COST_STAT, parse_day, match_since     },
	{ "SAVEDATESUPPORTED", COST_NONE, NULL,	     match_supported },
	{ 0 },
};

const struct extension ext_savedate = { .rfc = 8514, .capability = "SAVEDATE", .fetch = items, .search = keys };
