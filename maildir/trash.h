/* maildir/trash.h: old messages removed from some folders: IMAP_EMPTYTRASH */
#pragma once
#include "maildir/account.h"

struct trash_rule {
	struct str folder; /* as account.h names it */
	uint64_t days;	   /* at least 1 */
};

/* Reads "Trash:7,Sent:30", or "7", which is for the folder trash (IMAP_TRASHFOLDERNAME). Names may have
 * "INBOX." before them. Less than a day is a day. False, with a line on the log, if it can't be meant. An
 * empty value has no rules.
 */
bool trash_rules(const char *value, const char *trash, struct arena *a, struct trash_rule **ret,
		 size_t *ret_n);

/* Removes the messages of these folders whose status changed (ctime: they were put there, or flagged) more
 * than the rule's days before now, which is in seconds since 1970. For login and logout. Folders that do not
 * exist are no mistake. The folders' journals learn of it by their next scan. Returns 0 and how many were
 * removed, or the first failure.
 */
int trash_purge(struct account *acc, const struct trash_rule *rules, size_t n, uint64_t now,
		size_t *ret_removed);
