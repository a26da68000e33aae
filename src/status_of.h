/* status_of.h: what STATUS can tell of a folder (RFC 9051 6.3.11) */
#pragma once
#include "session.h"

enum { STATUS_ITEMS = 32 };	/* in one command */

struct status_of {
	struct maildir *box;
	struct maildir *opened;		/* the same, if it is ours to close */
	uint64_t append_limit;
};

/* Opens a folder for its numbers, as they are now; nothing changes for anybody. */
int status_open_folder(struct session *s, struct str folder, struct status_of *ret);
void status_close_folder(struct status_of *of);

uint64_t status_messages(const struct status_of *of);
uint64_t status_recent(const struct status_of *of);
uint64_t status_uidnext(const struct status_of *of);
uint64_t status_uidvalidity(const struct status_of *of);
uint64_t status_unseen(const struct status_of *of);
