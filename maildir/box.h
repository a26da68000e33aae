/* maildir/box.h: an open folder as this room sees it, and the steps that its operations are made of */
#pragma once
#include "maildir/import.h"
#include "maildir/journal.h"
#include "maildir/lock.h"
#include "maildir/watch.h"

struct maildir {
	struct arena arena; /* for as long as it is open; this struct is in it */
	const struct maildir_config *config;
	unsigned mode;
	int dir, cur, new, tmp;
	bool remote;	  /* other machines may reach it: inotify is not enough */
	bool memory_only; /* nothing can be written: UIDs are of this handle only */
	int unwritable;	  /* and why: a negative errno */
	struct lock lock;
	bool locked;
	uint64_t impatient_until;	/* clock_ms(): until then a look does not wait for the lock */
	struct keyword_table keywords;
	struct index index;
	struct journal journal;
	struct watch watch;
	bool exact;	/* armed, and what is believed is all there is, but for what the watch will tell */
	bool must_look; /* beliefs have failed, or events were lost: look at everything */
	bool top_stirs; /* an event of the folder itself was taken since the journal was read */
	bool unmoved;	/* some messages are in new/ */
	bool unplaced;	/* and it is not known which */
	bool sets_atime; /* reading them does: they are somebody else's */
	bool unsettled; /* the journal's name may not be on disk yet: we have begun it, or somebody else has just now */
	bool damaged;	/* the journal makes no sense: the lock is needed to tell why */
	bool claiming;	/* a watermark that is journaled now is this handle's claim */
	enum { FINE_UNKNOWN, FINE_YES, FINE_NO } fine_times; /* look.c: whether each change has a time of its own */
	bool changed;	     /* we have journaled something since the directories' state was */
	uint64_t trusted_at; /* clock_ms(), when update_trust() was last tried on the way */
	struct dir_state looked[DIR_COUNT]; /* of the directories when they were last looked at */
	uint32_t looked_uidnext;	    /* and UIDNEXT then */
	bool looked_ok;			    /* no change since can have the same state */
	bool power_cut;			    /* file names may be older than the journal */
	struct timespec written;	    /* when the journal had been written last, as we opened it */
	bool stale;			    /* UIDs have begun anew */
	bool importing;			    /* file names have not been made to carry keywords yet */
	const struct md_import *import;	    /* keywords of messages without UIDs, by base name; else NULL */
	char boot[40];			    /* box_boot(); empty: not known yet */
	unsigned serial;		    /* for unique names */
	uint64_t own_modseq;		    /* of the last maildir_store() */
	uint64_t size, size_modseq;	    /* numbers.c: of all messages, when uidnext and modseq were these */
	uint32_t size_uidnext;
	uint8_t generation;		    /* of the current look: message.seen */
};

/* begin.c: the journal when a folder is opened */

/* Opens the journal, or makes one. */
int box_open(struct maildir *m);
int box_new_uidvalidity(struct maildir *m, uint32_t *ret);
void box_new_mailboxid(struct index *ix);
const char *box_boot(struct maildir *m); /* the boot of this machine; empty: it can't be known */
const struct boot *box_last_boot(const struct maildir *m); /* of this host; NULL if it has not written here */
/* After the journal was read, in which uidnext and recent were these before: who is \Recent here. */
void box_mark_recent(struct maildir *m, uint32_t uidnext, uint32_t recent);
/* Keywords that the last server knew for a message that it gave no UID. */
uint32_t box_imported(struct maildir *m, struct str base);

/* box.c: the journal and the lock */

int box_snapshots(const struct maildir *m); /* the directory of snapshots; -1: none */

/* What the index has of a snapshot counts only if this says so afterwards, and before any of it is told or written. -ESTALE: somebody has cut or
 * changed the file. */
int box_check_snapshot(struct maildir *m);
/* Reads what others have journaled. Takes no lock; does more if it is held: mends the journal, or makes it
 * again. */
int box_catch_up(struct maildir *m);
/* Takes the lock and catches up. -EROFS and the like: nothing can be written here. */
int box_lock(struct maildir *m, unsigned wait_ms);
/* It was waited for in vain, as box_lock() itself finds if wait_ms is not 0: for a while, who only looks does not wait again. */
void box_impatient(struct maildir *m);
void box_unlock(struct maildir *m);
bool box_gone(const struct maildir *m); /* the folder was removed, or is being */
unsigned box_read_wait(const struct maildir *m);
unsigned box_write_wait(const struct maildir *m);
/* Under the lock: reads the journal that is there now; writes ix as the journal; saves what can be saved of
 * it. */
int box_reload(struct maildir *m);
int box_rewrite(struct maildir *m, const struct index *ix);
int box_mend(struct maildir *m);
/* Whether nothing that was read of the journal can be taken back by a power cut, as far as anybody cares. */
bool box_is_durable(const struct maildir *m);
/* Waits until it is so, with its name if that may be new. */
int box_sync_journal(struct maildir *m);
/* The same, but only for one whose name may not be on disk yet. */
int box_settle(struct maildir *m);
/* Journals t, which is ours to use up, and does what it says to the index. sync: it has to survive a power
 * cut. */
int box_commit(struct maildir *m, struct txn *t, bool sync);
/* Journals a keyword and gives its number; if there is one already, only that. */
int box_keyword(struct maildir *m, struct str name, uint16_t *ret);
int box_keywords(struct maildir *m, const struct str *names, size_t n, struct arena *a, uint16_t **ret,
		 size_t *ret_n);
/* Another UIDVALIDITY, since UIDs are used up. Always a failure: -ESTALE, if nothing worse. */
int box_renumber(struct maildir *m);
void box_unique(struct maildir *m, const struct stat *st, char ret[MDNAME_MAX + 1]);
/* Something is done with messages one by one, and done of goal are: told now and then (maildir_config). */
void box_working(const struct maildir *m, size_t done, size_t goal);
/* The same for others who wait for the lock. -ENOLCK: it is not ours any more. Mostly no more than a look at the clock. */
int box_keep_lock(struct maildir *m);
bool box_sync_mail(const struct maildir *m);
bool box_sync_all(const struct maildir *m);
int box_sync_dir(const struct maildir *m, int dir);
/* As rename(2), but never over another file where the system can say so: -EEXIST. */
int box_rename(int from_dir, const char *from, int to_dir, const char *to);

/* look.c: what is in cur/ and new/ */

struct sighting {
	struct str name; /* in the look's arena; a NUL behind it */
	struct str base; /* its beginning */
	uint64_t letters; /* and what its end says */
	bool in_new, dropped;
	uint32_t uid;	/* the message it is, or was until its name changed; 0: nobody knows */
	uint64_t print; /* 0: not looked at */
	uint64_t order; /* mdname_order(base) */
};
struct look {
	struct arena arena;
	struct buf fresh; /* struct sighting: base names that no message has */
	struct buf twins; /* struct sighting: a second file for a message that was seen under another name */
	struct buf touched;	/* uint32_t: messages whose files came or went; may be there twice */
	struct buf half;	/* uint32_t: messages that went by a rename, whose other end was not in cur/ or new/ yet; 0: nobody knows */
	bool full;		/* everything was looked at: message.seen tells of all */
	bool new_only;		/* new/ was, and nothing has changed in cur/ */
	bool certain;		/* and what was not seen is not there */
	uint32_t cookie, moved; /* while events are taken: message moved went with this cookie */
};
void look_begin(struct maildir *m, struct look *look);
void look_release(struct look *look); /* for _cleanup_ */
/* Reads both directories; what is known of where files are is put right on the way. */
int look_everywhere(struct maildir *m, struct look *look);
/* Takes the events that are there. */
void look_events(struct maildir *m, struct look *look);
/* Whether something was found that the journal does not have. */
bool look_differs(struct maildir *m, struct look *look);
/* In long work that renames files itself: takes the events of that. done: it has been journaled. */
enum { LOOK_OWN_EVERY = 1024 };
void look_own(struct maildir *m, struct look *look, bool done);
/* That a file of this name is there. */
void look_sight(struct maildir *m, struct look *look, struct str name, bool in_new);
int look_state(const struct maildir *m, struct dir_state ret[DIR_COUNT]);
bool look_is_known(const struct maildir *m, const struct dir_state now[DIR_COUNT]); /* all is known of what had this state */
bool look_unchanged(const struct maildir *m);
/* Whether some messages are in new/, after look_differs() has said that all is in the journal. */
bool look_unmoved(struct maildir *m);
/* In ns: how long until a directory of that state can't change without its state changing; 0: it can't now. now is clock_files_ns() of before
 * the state was asked for: what has changed since then may have the time of then. */
uint64_t look_settles(struct maildir *m, const struct dir_state dirs[DIR_COUNT], uint64_t now);
void look_arm(struct maildir *m);

/* settle.c: under the lock, what a look has found is journaled, once look_differs() has said so */
int settle(struct maildir *m, struct look *look, unsigned how);
/* twins.c: two files with one base name, or none at all: one of them gets a new name. Fresh sightings are
 * sorted after it. */
int twins_part(struct maildir *m, struct look *look);
/* pair.c: base names that have changed. Gives sightings that are a missing message (uids, ascending) its UID. Where the
 * look is doubtful, so it does where a message was seen, or may be there, and its file is not.
 */
void pair_renamed(struct maildir *m, struct look *look, const uint32_t *missing, size_t n,
		  bool doubtful);

/* update.c: what operations begin with, under the lock: the world as it is */
int update_locked(struct maildir *m, struct look *look, unsigned how);
/* That all is known is written down, so that the next to open this need not look: if there is anything to write, and the lock is free. */
void update_trust(struct maildir *m);

/* numbers.c: before it is closed: what STATUS would tell is remembered, if it is certain */
void numbers_keep(struct maildir *m);

/* find.c: looks for a message's file in the places that are likely, and believes it there. Under the lock
 * also in tmp/, where a crash has left it on its way: then it is moved to where it belongs. -ENOENT: in none
 * of them.
 */
int find_file(struct maildir *m, struct message *msg, struct stat *ret);
/* Gives the file a name with these letters. 0 also if it has it, or its base name leaves no room for them. */
int find_rename(struct maildir *m, struct message *msg, uint64_t letters);

/* deliver.c: files in tmp/ under their final base names become the next messages, all or none; v[i] as they
 * shall be. */
struct arrival {
	char name[MDNAME_MAX + 1]; /* in tmp/ */
	uint8_t flags;
	uint32_t keywords; /* a set */
	uint64_t print;
};
/* Its name in cur/. */
void arrival_name(const struct maildir *m, const struct arrival *v, char ret[MDNAME_MAX + MDNAME_SUFFIX]);
int deliver_all(struct maildir *m, const struct arrival *v, size_t n, uint32_t *ret_uids);
/* expunge.c: adds the lines for messages whose files are gone (uids ascending), or journals just that */
void expunge_lines(struct maildir *m, struct txn *t, const uint32_t *uids, size_t n);
int expunge_journal(struct maildir *m, const uint32_t *uids, size_t n);
