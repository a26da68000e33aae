/* maildir/export.h: a folder's UIDs and keywords in Courier's files, for a site that moves back */
#pragma once
#include "maildir/import.h"

/* Writes courierimapuiddb and courierimapkeywords/:list into the folder's directory, so that import_read()
 * would give what is in *what; letters are not looked at. Entries without a UID give only their keywords.
 * Updates that Courier has not merged are removed, as they would count more than the list. Courier must not
 * be at work there. -EINVAL if *what has no UIDVALIDITY.
 */
int export_courier(int dir_fd, const struct md_import *what);

/* The same for an open folder, as of its last update. */
struct maildir;
int export_folder(const struct maildir *m, int dir_fd);
