/* names.h: all names of mailboxes that LIST can speak of (RFC 9051 6.3.9, RFC 5258) */
#pragma once
#include "maildir/folders.h"
#include "session.h"

enum name_is {
	NAME_EXISTS = 1,
	NAME_SUBSCRIBED = 2,
	NAME_PARENT = 4,	/* a mailbox below it exists */
	NAME_SUBSCRIBED_BELOW = 8,	/* one below it is subscribed to, and does not match the patterns */
	NAME_CHOSEN_BELOW = 16,		/* for LIST: one below it is chosen by its selection options, and */
	NAME_UNTOLD_BELOW = 32,		/* does not match the patterns */
};

struct name {
	struct str name;	/* as the client sees it, UTF-8 */
	unsigned is;
	unsigned uses;		/* a bit for each row of special_uses */
	const struct folder *folder;	/* NULL: it does not exist */
};

/* What mailboxes are for (RFC 6154 2, RFC 8457 3). */
struct special_use {
	const char *attribute;
	const char *const *names;	/* folders that are taken for it, the first that exists; ends with NULL */
};
extern const struct special_use special_uses[];	/* ends with {0} */
/* Its row, in any case, or -ENOENT. */
int special_use_find(struct str attribute);

/* The patterns of one command; what any of them matches is meant. */
struct patterns {
	const struct pattern **v;
	size_t n;
};
bool patterns_match(const struct patterns *p, struct str name);

/* All mailboxes, all that is subscribed to, and all levels above those; sorted, each once, in a's memory. */
int names_list(struct session *s, const struct patterns *p, struct arena *a, struct name **ret, size_t *ret_n);

/* "* LIST () "." name", with ("OLDNAME" (oldname)) if that is not empty (RFC 9051 6.3.9.7): what became of a name. */
void names_tell_plain(struct session *s, struct str name, struct str oldname);
/* What stands behind the attributes of such a line: separator, name, OLDNAME, and its end. */
void names_end_line(struct session *s, struct str name, struct str oldname);
