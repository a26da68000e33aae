/* status_of.h: what STATUS can tell of a folder (RFC 9051 6.3.11) */
#pragma once
#include "imap/parse.h"
#include "maildir/numbers.h"
#include "session.h"

enum { STATUS_ITEMS = 32 };	/* in one command */

struct status_items {
	const struct status_row *v[STATUS_ITEMS];
	size_t n;
	unsigned enables;	/* what asking for them does (row_enables()) */
};

struct status_of {
	struct session *session;
	struct str folder;
	struct md_numbers numbers;	/* size: its row's prepare makes it known */
	struct maildir *box;		/* NULL: the numbers were remembered */
	struct maildir *opened;		/* the same, if it is ours to close */
	uint64_t append_limit;
	bool no_recent;			/* RECENT is 0 for this client (RFC 9051 Appendix E) */
};

/* "(" status-att *(SP status-att) ")" */
bool p_status_items(struct cursor *c, struct status_items *ret);

/* "* STATUS name (...)" with the numbers as they are now; nothing changes for anybody. A negative errno, and nothing was
 * written, if the folder can't be looked at.
 */
int status_tell(struct session *s, struct str name, const struct folder *folder, const struct status_items *items);

/* Finds a folder's numbers, as they are now; 1: they may be others already (maildir_update()). folder, as
 * numbers_remembered() has it, has to live as long.
 */
int status_open_folder(struct session *s, const struct folder *folder, struct status_of *ret);
void status_close_folder(struct status_of *of);

uint64_t status_messages(const struct status_of *of);
uint64_t status_recent(const struct status_of *of);
uint64_t status_uidnext(const struct status_of *of);
uint64_t status_uidvalidity(const struct status_of *of);
uint64_t status_unseen(const struct status_of *of);
uint64_t status_deleted(const struct status_of *of);

/* The sum of RFC822.SIZE (RFC 8438): reads each message whose size is not known. */
int status_prepare_size(struct status_of *of);
uint64_t status_size(const struct status_of *of);
