/* maildir/snapshot.h: a folder's index as of some octet of its journal, in a file that is mapped instead of read */
#pragma once
#include "maildir/journal.h"

/* One file for a folder, in the cache's directory, named by MAILBOXID (doc/FORMATS.md). It is only as good as the journal that
 * it was made from, which is why all that it says is checked against that: what is not this folder's, or does not fit
 * any more, is as if it were not there.
 */

/* j is open on the folder's journal, of which only the first line has been read into ix. Fills ix with what the journal says up
 * to the snapshot's end, and moves j there. Any failure means: read the journal; ix is as it was.
 */
int snapshot_load(int dir, struct journal *j, struct index *ix);

/* Writes one of what ix is now, which is as far as j has been read. swap: ix is of the file then, and takes no memory but for
 * what changes. Pointers into it are void.
 */
int snapshot_save(int dir, struct journal *j, struct index *ix, bool swap);

/* Whether the file that is mapped is as it was: nobody has written to it or cut it. All that was read of it before the question is right then. */
bool snapshot_is_whole(const struct index *ix);
/* Those of all folders in dir: the files can't be trusted. */
void snapshot_remove_all(int dir);

/* Whether so much has been journaled since the last one that reading it takes longer than it should. */
bool snapshot_is_due(const struct journal *j);
