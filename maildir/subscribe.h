/* maildir/subscribe.h: which folders the user has subscribed to: courierimapsubscribed */
#pragma once
#include "maildir/account.h"

/* The file is Courier's: a name a line, "INBOX" and "INBOX.A.B". Read are also names without "INBOX.", in the
 * modified UTF-7 of Courier 4, and lines that end in CRLF; lines that can't be a name are passed over, and
 * kept. Names here are account.h's: "" for INBOX, "A.B"; but one that begins with "#shared." is no folder of
 * this account, and is written as it is.
 */

/* All of them, each once, sorted by octets; also those of folders that do not exist. In a's memory. */
int subscribe_list(struct account *acc, struct arena *a, struct str **ret, size_t *ret_n);

/* Adds or removes one. 1 if that changed something, 0 if it was so already; on disk then (unless no_sync).
 * Takes the account's lock. Whether the folder exists is not looked at. -EINVAL for what can't be a line:
 * empty levels, control characters, not UTF-8.
 */
int subscribe_add(struct account *acc, struct str name);
int subscribe_remove(struct account *acc, struct str name);
