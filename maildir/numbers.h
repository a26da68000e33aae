/* maildir/numbers.h: what STATUS tells of a folder, remembered while nothing has changed in it */
#pragma once
#include "maildir/folders.h"
#include "maildir/maildir.h"

struct md_numbers {
	uint64_t messages, recent, unseen, deleted, modseq;
	uint64_t size; /* octets of all messages as they are sent */
	uint32_t uidnext, uidvalidity;
	char mailboxid[24];
	bool size_known;
};

/* As maildir_count() and the like have them: as of the last call that looked. */
void maildir_numbers(const struct maildir *m, struct md_numbers *ret);
/* That this is the size of all that is there now. */
void maildir_numbers_size(struct maildir *m, uint64_t size);

/* Whether it is remembered in c (NULL: nothing is) what a handle with MD_READONLY would tell now; else it has to be opened. That is
 * remembered which a handle knew when it was closed, if this was called before. but: NULL, or the handle whose folder is not
 * told of, as it has more to tell. folder: of one that has been listed just now (folder_list()) less needs to be looked at; of others
 * there is only the name.
 */
bool numbers_remembered(struct cache *c, struct account *acc, const struct folder *folder, const struct maildir *but, struct md_numbers *ret);
