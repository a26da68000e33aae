/* maildir/folders.h: the folders of an account: which there are; made, deleted, renamed */
#pragma once
#include "maildir/account.h"
#include "maildir/dirstate.h"

/* A folder is a directory ".A.B" in the Maildir (or a symbolic link to a directory that is ours) with a
 * directory cur in it. Anything else with a dot in front is none: files, .git, "..", names with an empty
 * level or a control character, octets that are not UTF-8.
 *
 * Directories are named in UTF-8, as Courier 5 does. One in modified UTF-7 (Courier 4, Dovecot) goes by what
 * that means; if both are there, the one in UTF-8 is meant and the other can't be reached, which the log says
 * once per account_open().
 */

/* Why a name can't be given to a folder; texts are for the client. */
struct folder_fault {
	int error; /* -EINVAL, -EILSEQ (not UTF-8, or not normalized to NFC) or -ENAMETOOLONG */
	const char *text;
};
/* NULL if it can. The empty name has a fault: INBOX is not made. What exists already may have a name that has
 * one.
 */
const struct folder_fault *folder_name_fault(struct str name);

struct folder {
	struct str name;
	struct str dir; /* on disk, in the Maildir: ".A.B"; "." for INBOX */
	struct dir_state cur; /* of its cur/, when it was listed; not of INBOX's */
	bool marked;	/* there is a message in new/; only looked for if asked */
};

/* All folders, INBOX (its name is empty) first, then by the octets of their names. In a's memory. */
int folder_list(struct account *acc, struct arena *a, bool marked, struct folder **ret, size_t *ret_n);

/* Opens the directory, for the caller to close; O_CLOEXEC. -ENOENT if there is no such folder. */
int folder_open_dir(struct account *acc, struct str name, int *ret_fd);
/* Whether it exists: 1, or 0. */
int folder_exists(struct account *acc, struct str name);

/* All of these are on disk when they return 0 (unless no_sync), wholly or not at all, whatever crashes; a
 * failure changes nothing. They take the account's lock: -ETIMEDOUT if another session holds it for too long.
 *
 * -EEXIST: there is one of that name, or something that is no folder, or one whose name differs only in
 * Unicode normalization. A fault of the name gives its error.
 */
int folder_create(struct account *acc, struct str name);

/* Removes the folder with all that is in its directory; not those below it. What was a symbolic link loses
 * the link only. -EPERM for INBOX, -ENOENT if there is none. The name is free at once, also while files are
 * still being removed.
 */
int folder_delete(struct account *acc, struct str name);

/* Renames from and all folders below it; UIDs, flags and what they are for go along, subscriptions do not.
 * from need not exist itself if one below it does. -EPERM if either is INBOX, -ENOENT if there is nothing of
 * the name from or below, -EEXIST as above for any of the new names, or if to is above from; -EINVAL if to is
 * below from; -ENAMETOOLONG for any of them.
 */
int folder_rename(struct account *acc, struct str from, struct str to);
