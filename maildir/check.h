/* maildir/check.h: what a Maildir can have wrong, found and mended; for maildir-check(8) */
#pragma once
#include "base/arena.h"
#include "maildir/maildir.h"

enum check_kind {
	CHECK_NO_DIR,
	CHECK_MODE,
	CHECK_OWNER,
	CHECK_FOREIGN, /* what is no message */
	CHECK_NAMELESS,
	CHECK_TWIN,
	CHECK_JOURNAL,
	CHECK_TORN,
	CHECK_NO_FILE,
	CHECK_NO_UID,
	CHECK_OLD_TMP,
	CHECK_LOCK,
	CHECK_HALF_FOLDER,
	CHECK_RENAME,
	CHECK_ACCOUNT,
	CHECK_FOLDER_NAME,
	CHECK_FOLDER_TWIN,
	CHECK_NOTES, /* what comes before can be mended; what follows is only told */
	CHECK_SUBSCRIBED = CHECK_NOTES,
	CHECK_LEFT,
	CHECK_SIZE,
	CHECK_LOOKALIKE,
	CHECK_KINDS,
};

/* Where: part is "cur", "new", "tmp" or NULL; name NULL is the directory itself. */
struct check_finding {
	enum check_kind kind;
	const char *dir; /* the folder's, in the Maildir: "." for INBOX */
	const char *part, *name;
};

struct check {
	struct arena arena; /* what has been found is in it */
	int fd;		    /* the Maildir; borrowed */
	uid_t uid;	    /* its owner */
	gid_t gid;
	const struct maildir_config *config;
	struct check_finding *v;
	size_t n;
	int trouble; /* the first failure; each has been logged */
};

/* Adds what belongs to another user than the Maildir does. Only looks at what stat(2) tells, so root may do it. */
void check_owners(struct check *c);
/* Adds all the rest. Changes nothing: but for the locks, which it takes while it looks at a folder, so that what sessions have
 * under way is no finding.
 */
void check_maildir(struct check *c);

/* As root: gives what check_owners() has found to the Maildir's owner. */
void check_give(struct check *c);
/* Mends what check_maildir() has found; path is the Maildir's. What could not be mended is found again. */
void check_repair(struct check *c, const char *path);

void check_add(struct check *c, enum check_kind kind, const char *dir, const char *part, const char *name);
/* Once they are sorted, those from that one on. check_maildir() has done so. */
void check_sort(struct check *c, size_t from);
bool check_has(const struct check *c, const struct check_finding *f);
/* One has failed: it is logged with the path, and is trouble. */
void check_failed(struct check *c, int r, const char *dir, const char *doing);

/* For the parts of it. All directories of the Maildir that are, or seem to be, folders, "." first. */
const char **check_folders(struct check *c, size_t *ret_n);
void check_folder(struct check *c, const char *dir);
/* A directory, a folder's or a part of it; -1 and errno. own: not through a link, which root must not follow. */
int check_open(const struct check *c, const char *dir, const char *part, bool own);
