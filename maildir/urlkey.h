/* maildir/urlkey.h: mailbox access keys: secrets that URLs of a folder's messages are signed with (RFC 4467 2.2) */
#pragma once
#include "maildir/account.h"

/* Kept in the file imapd.urlkey of the folder's directory, for nobody but the user (doc/FORMATS.md). So a key goes where the
 * folder goes, and ends with it.
 */
enum { URLKEY_SIZE = 32 };

/* -ENOENT: there is no such folder, or it has no key. One that can't be understood is none. */
int urlkey_read(struct account *acc, struct str folder, uint8_t ret[URLKEY_SIZE]);
/* The same, but makes one where there is none. */
int urlkey_need(struct account *acc, struct str folder, uint8_t ret[URLKEY_SIZE]);

/* Another key, on disk when it returns 0: what the old one has signed is worth nothing. -ENOENT: no such folder. */
int urlkey_reset(struct account *acc, struct str folder);
/* No folder has a key any more. */
int urlkey_forget_all(struct account *acc);
