/* search.h: what a client looks for, and whether a message is it (RFC 9051 6.4.4) */
#pragma once
#include "command.h"
#include "fetch.h"
#include "mail/fold.h"
#include "view.h"

/* A search key with its arguments; which of them are set depends on the row. */
struct search_key {
	const struct search_row *row;
	struct search_key *next;	/* the next of a list, all of which must match */
	struct search_key *a, *b;	/* NOT a; OR a b; (a), where a is a list */
	enum search_cost cost;		/* of the row, or of the dearest below it */
	uint8_t flag;
	struct str name;		/* of a header field, a keyword */
	bool kept;			/* fields_kept(name) */
	unsigned field;			/* field_number(name) */
	unsigned needs;			/* what tells of it */
	struct str needle;		/* as the client wrote it, then folded (mail/fold.h) */
	bool text;			/* needle is to be folded */
	enum collation collation;	/* that it was folded by */
	struct fuzzy *fuzzy;		/* its words are enough, roughly; NULL: it itself */
	uint64_t number;
	int32_t day;			/* since 1970-01-01 */
	int64_t moment;			/* seconds since 1970 */
	bool saved;			/* "$" */
	struct seq *ranges;		/* or a set, as UIDs */
	size_t nranges;
};

enum { SEARCH_DEPTH = 64, SEARCH_KEYS = 1000 };	/* nesting, and keys in one command */

struct search_parse {
	struct session *session;
	const struct view *view;	/* what numbers and "$" mean */
	struct cursor *cursor;
	size_t levels, keys;		/* how deep, and how many so far */
	bool numbers;			/* message numbers are among them */
	bool saved;			/* "$" is */
	bool modseq;			/* MODSEQ is among them, so the answer tells one (RFC 7162 3.1.5) */
	bool lasting;			/* the keys outlive the command: see search_read_lasting() */
	struct uidset *now_saved;	/* then: what "$" means, once it was among them */
	unsigned fuzzy;			/* below so many FUZZY keys (RFC 6203) */
	bool has_fuzzy;			/* there are such keys */
	bool filtered;			/* FILTER is among them (RFC 5466) */
	struct str undefined;		/* the filter that is not there, or is no search; s is NULL: none */
	struct metadata *entries;	/* of the account, if filtered; of a name the first counts */
	size_t nentries;
	bool checking;			/* keys that will never be tried: filters may be missing */
};

/* search-key *(SP search-key), up to the end of the cursor or a ")". False: syntax. */
bool search_parse_list(struct search_parse *p, struct search_key **ret);
/* One key, for rows that have keys as arguments: NOT, OR. */
bool search_parse_key(struct search_parse *p, struct search_key **ret);

/* Takes a set for key, by number or by UID, and its match. */
bool search_parse_set(struct search_parse *p, struct search_key *key, enum resolve how);
int search_match_set(struct session *s, struct fetching *f, const struct search_key *key);
int search_match_unseen(struct session *s, struct fetching *f, const struct search_key *key);

/* A search as a command asks for it, ready to run. */
struct search {
	struct search_key *keys;
	bool modseq;			/* MODSEQ is among them */
	bool saved;			/* "$" is */
	bool fuzzy;			/* FUZZY is */
	struct str tag;			/* of the command, to tell its progress */
	uint32_t from;			/* messages of lower UIDs are left out (MESSAGELIMIT) */
	unsigned needs;			/* facts that most of the messages are asked for: several threads make them (ahead.h) */
	bool part;			/* it is part of greater work, so how much there is to do is not known */
	uint8_t *scores;		/* of each message that search_run() has found */
};

/* How relevant a message is that matches, 1 to 100 (RFC 6203 4). */
uint8_t search_score(const struct fetching *f);
/* BAD: RELEVANCY is for searches with FUZZY. */
enum verdict cmd_not_fuzzy(struct command *cmd);

/* ["CHARSET" SP charset SP] search-key *(SP search-key) up to the end, or, where the charset is no option (SORT, THREAD),
 * charset SP search-key *(SP search-key). OK, or why not.
 */
enum verdict search_read(struct session *s, struct command *cmd, const struct view *v, bool charset_comes_first,
			 struct search *ret);
/* The same for keys that messages will be compared with later, too: message numbers and "$" stay the messages that they are
 * now, and UIDs may be those of messages to come.
 */
enum verdict search_read_lasting(struct session *s, struct command *cmd, const struct view *v, bool charset_comes_first,
				 struct search *ret);
/* Whether value is a search that can be kept as a filter (RFC 5466 3.2), together with changes of the account's metadata that come
 * with it: also not one that needs itself. Filters that it names may still be to come.
 */
bool search_is_filter(struct session *s, struct arena *a, struct str value, const struct metadata *changes, size_t n);
/* Whether a message that has not matched may do so later, or the other way round. */
bool search_changes(const struct search_key *list);

/* Whether it is of more messages than MESSAGELIMIT: then it is only of the last of them, and the answer will say so. A
 * message counts if the sets among the keys that must all match have it (RFC 9738 3.1.1).
 */
bool search_limit(struct session *s, struct command *cmd, struct search *search);

/* 1: all keys of the list match, 0: one does not, or a negative errno of reading the message. */
int search_match(struct session *s, struct fetching *f, const struct search_key *list);

/* The facts that keys ask for, for search.needs. */
unsigned search_needs(const struct search_key *list);

/* Calls found for each message of the view that matches, upwards or backwards, until it returns false. A message that is
 * gone, or that can't be read, does not match.
 */
void search_each(struct session *s, const struct view *v, const struct search *search, bool backwards,
		 bool (*found)(void *data, struct fetching *f), void *data);

/* The UIDs of those that match, ascending. Of all of them the first enough, the last enough if backwards; 0: all. */
void search_run(struct session *s, const struct view *v, struct search *search, size_t enough, bool backwards,
		struct arena *a, uint32_t **ret, size_t *ret_n);
