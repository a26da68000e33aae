/* maildir/importing.h: the halves of import_read(); for it only */
#pragma once
#include <time.h>
#include "base/buf.h"
#include "maildir/import.h"

/* A list of UIDs while it is read. */
struct import_list {
	bool valid; /* its header could be understood, and no UID is used up */
	uint32_t uidvalidity, uidnext;
	struct md_import_entry *v; /* by ascending uid; no uid and no base twice */
	size_t n;
	struct timespec changed;
};

/* Reads courierimapuiddb or dovecot-uidlist. A file that is not there, or no list at all, is not valid, and
 * no failure.
 */
int import_list_read(int dir_fd, const char *file, struct arena *a, struct import_list *ret);

/* What can be a message's file, without its flags. */
bool import_base_valid(struct str base);

/* Adds what courierimapkeywords/ knows: ret->keywords, and the keywords of entries, of which there are
 * list->n so far; those with keywords and no UID are put behind them. 1 if there was something.
 */
int import_courier_keywords(int dir_fd, struct arena *a, const struct import_list *list,
			    struct md_import *ret);

/* Fills ret->letters from dovecot-keywords. 1 if there was something. */
int import_dovecot_keywords(int dir_fd, struct arena *a, struct md_import *ret);

/* Adds a small file; what is not there, no regular file or too big counts as empty, the last two with a line
 * on the log.
 */
int import_slurp(int dir_fd, const char *file, size_t max, struct buf *ret);
