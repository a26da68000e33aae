/* filter.h: mailboxes as a client means them (RFC 5465 6, RFC 7377 2.2) */
#pragma once
#include "imap/parse.h"
#include "names.h"

/* filter-mailboxes */
struct filter {
	enum filter_kind {
		FILTER_SELECTED,
		FILTER_SELECTED_DELAYED,	/* RFC 5465 6.1.2; not RFC 7377 */
		FILTER_PERSONAL,
		FILTER_INBOXES,		/* where mail may be delivered: that may be any, so as PERSONAL (RFC 5465 6.3) */
		FILTER_SUBSCRIBED,
		FILTER_SUBTREE,		/* the names, and all below */
		FILTER_SUBTREE_ONE,	/* the names, and those right below (RFC 7377); not RFC 5465 */
		FILTER_MAILBOXES,	/* the names */
	} kind;
	struct strs names;
};

bool p_filter(struct cursor *c, struct filter *ret);
/* Whether the mailbox is meant. The kinds of the selected one mean none by their name. */
bool filter_matches(const struct filter *f, const struct name *name, char separator);
