/* view.h: what this client has been told of the folder it has selected */
#pragma once
#include <sys/types.h>
#include "base/arena.h"
#include "imap/sets.h"
#include "maildir/maildir.h"

/* What the client knows: the messages of the folder up to the UID `last`, and those in gone, which are not there any more but
 * keep their numbers until the client has been told (RFC 9051 7.5.1). So a view takes no memory for what is there, and to
 * begin one is as cheap in a big folder as in a small one. Message numbers are counted from 1, positions from 0.
 */
struct uids {
	uint32_t *v;
	size_t n, size;
};

/* Ascending, each once. Returns how many are left. */
size_t uids_sort(uint32_t *v, size_t n);
void uids_push(struct uids *u, uint32_t uid);
/* For those that are ascending. */
bool uids_have(const struct uids *u, uint32_t uid);
void uids_add(struct uids *u, const struct uids *more);		/* none of which it has */
void uids_remove(struct uids *u, const uint32_t *gone, size_t ngone);

struct view {
	struct maildir *box;
	dev_t device;			/* of its directory: what it is, whatever it is called */
	ino_t inode;
	bool readonly;
	bool removed;			/* the folder is no more */
	bool pushed;			/* inotify tells of its changes */
	bool no_flags;			/* changed flags are not told (NOTIFY without FlagChange) */
	bool idle;			/* flags of new messages are told at once, as the manual page has it */
	size_t n;			/* how many messages there are in the view */
	uint32_t last;			/* no message in it has a higher UID */
	size_t told;			/* how many of them EXISTS has counted */
	struct uids gone;		/* expunged, and not told yet; ascending */
	size_t noticed;			/* so many of the folder's events are in gone, where they belong there */
	struct uids changed;		/* flags or keywords are others than the client knows; in any order */
	struct uids recent;		/* \Recent in this session, ascending */
	uint32_t warmed;		/* no message up to this UID has yet to be given to warm_note() */
	struct uids saved;		/* what "$" means (RFC 5182), ascending */
	bool follows;			/* contexts want to know what has changed (context.h) */
	struct uids touched;		/* then: new messages, and ones whose flags have changed; in any order */
	size_t keywords;		/* how many of the folder's keywords FLAGS has named */
	uint64_t gone_modseq;		/* the least mod-sequence of those in gone; UINT64_MAX if there are none */
	uint64_t told_modseq;		/* every change up to it has been told */
	uint64_t client_modseq;		/* what the client takes for HIGHESTMODSEQ, from what it was sent (RFC 7162 6) */
	bool told_gone;			/* an expunge was told since the client has got HIGHESTMODSEQ */
};

/* Takes box over. */
struct view *view_new(struct maildir *box, bool readonly);
void view_free(struct view *v);		/* closes the folder, too */

/* The number of a UID, or 0 if the client has not been told of it. */
uint32_t view_number(const struct view *v, uint32_t uid);
bool view_recent(const struct view *v, uint32_t uid);
/* The position of the first whose UID is not below uid; how many there are if there is none. */
size_t view_position(const struct view *v, uint32_t uid);
/* The UID at a position, which is below v->n. */
uint32_t view_uid(const struct view *v, size_t position);
/* The message there; NULL if it is gone. */
const struct message *view_message(const struct view *v, size_t position);

/* Takes in all messages that are there: the client is about to be told of them. */
void view_begin(struct view *v);
/* Takes the folder's events in: messages that came are in the view from here on, others in gone or changed. A change of
 * modseq silent is one that the client knows of (STORE with .SILENT); 0: none.
 */
void view_absorb(struct view *v, uint64_t silent);
/* The client has been told the flags of these; uids ascending. */
void view_told(struct view *v, const uint32_t *uids, size_t n);

/* Forgets the ones that are gone, and gives those that EXISTS has counted: their numbers as EXPUNGE wants them (each
 * counted after those before it were taken out) and their UIDs, both in a's memory, both *ret_n long.
 */
void view_forget_gone(struct view *v, struct arena *a, uint32_t **ret_numbers, uint32_t **ret_uids, size_t *ret_n);

/* Makes "$" mean these; uids ascending. */
void view_save(struct view *v, const uint32_t *uids, size_t n);
bool view_is_saved(const struct view *v, uint32_t uid);

/* What the numbers of a set from the client are. */
enum resolve {
	BY_NUMBER,	/* message numbers; one beyond the last is a mistake of the client */
	BY_UIDS,	/* what is not there is left out */
	BY_QUESTION,	/* message numbers in a search: what is not there is left out */
};

/* The UIDs that a set means, ascending, each once. "*" is the last message; in an empty folder a range with it means nothing.
 * "$" is what was saved and is still there. False for a mistake.
 */
bool view_resolve(const struct view *v, struct seqset set, enum resolve how, struct arena *a, uint32_t **ret_uids,
		  size_t *ret_n);
/* The same, of those that are there and have changed after modseq. */
bool view_resolve_changed(const struct view *v, struct seqset set, enum resolve how, uint64_t modseq, struct arena *a,
			  uint32_t **ret_uids, size_t *ret_n);
/* The same as ranges of UIDs, ascending and disjoint, so that what they take is as long as what the client wrote. Neither
 * BY_NUMBER nor "$".
 */
struct seq *view_ranges(const struct view *v, struct seqset set, enum resolve how, struct arena *a, size_t *ret_n);
