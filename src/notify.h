/* notify.h: what a client wants to hear of any mailbox at any time (RFC 5465) */
#pragma once
#include "fetch.h"
#include "filter.h"
#include "session.h"

enum notify_event {
	NOTIFY_MESSAGES = 1,	     /* MessageNew and MessageExpunge, which go together */
	NOTIFY_FLAGS = 2,	     /* FlagChange */
	NOTIFY_NAME = 4,	     /* MailboxName */
	NOTIFY_SUBSCRIPTION = 8,     /* SubscriptionChange */
	NOTIFY_METADATA = 16,	     /* MailboxMetadataChange */
	NOTIFY_SERVER_METADATA = 32, /* ServerMetadataChange */
};

struct notify_group {
	struct filter filter;
	unsigned events; /* 0: NONE: nothing of these mailboxes, whatever groups follow */
};

/* What NOTIFY SET asks for; all of it is in the arena. */
struct notify_request {
	struct arena arena;
	bool status;		  /* STATUS of each mailbox is told at once */
	unsigned selected;	  /* events of the selected mailbox */
	bool delayed;		  /* SELECTED-DELAYED: expunges only where a command lets them be told */
	struct fetch_item *items; /* of each new message in the selected mailbox */
	size_t nitems;
	struct notify_group *groups;
	size_t ngroups;
};

enum { NOTIFY_MAILBOXES_MAX = 10000 }; /* that can be watched at once */

/* Replaces what was asked for before; takes *request over, and empties it, also on failure. -E2BIG: too many
 * mailboxes. */
int notify_set(struct session *s, struct notify_request *request);
void notify_free(struct session *s);

/* All of these are for s->notify not NULL: NOTIFY has been used. */

/* Tells all that has changed and was asked for, in the selected mailbox and elsewhere. keeps_numbers: as
 * sync_tell(). */
int notify_tell(struct session *s, bool keeps_numbers);
/* The session has changed names, subscriptions or metadata itself: the client knows. */
void notify_own(struct session *s);
/* The session has put these messages into a folder (uids ascending): the client is not told of them as if others had (RFC 5465
 * 5, 5.2). What others have done there meanwhile it is told all the same.
 */
void notify_wrote(struct session *s, struct str folder, struct maildir *box, struct md_uids uids);
/* Makes WAIT_MAILBOX hold whenever there may be something to tell; returns how long to wait at most, in
 * milliseconds, or -1. */
int notify_arm(struct session *s);
/* The selected mailbox is about to be left. */
void notify_unselected(struct session *s);
/* Waits until the client says something, and tells what happens meanwhile. False: the session is over. */
bool notify_wait(struct session *s);
