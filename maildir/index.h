/* maildir/index.h: what a folder's journal says, in memory: the messages, and where their files are believed
 * to be */
#pragma once
#include "base/buf.h"
#include "maildir/dirstate.h"
#include "maildir/keywords.h"
#include "maildir/mdname.h"

/* message.state: where its file is believed to be. Not in the journal: a belief that fails is put right by a
 * look. */
enum {
	AT_NEW = 1,   /* in new/, not in cur/ */
	AT_ODD = 2,   /* its suffix is not the one that its letters give; it is behind the base name in
			 index.names */
	AT_DOUBT = 4, /* was not there when last looked for, but that is not certain */
	GONE = 8,     /* it is expunged: a hole, that nobody else sees */
};

struct tomb { /* these UIDs are expunged, since then */
	uint32_t lo, hi;
	uint64_t modseq, time;
};

enum { DIR_CUR, DIR_NEW, DIR_COUNT };

struct boot { /* the boot of a host in which it last wrote here */
	struct str host, id;
};

struct index {
	struct keyword_table *keywords; /* shared with the index that replaces this one */
	struct arena arena;		/* hosts */
	int file;			/* of which parts are mapped here (snapshot.h); -1: none */
	uint64_t file_size;		/* and what it has to be as long as these are right */
	int64_t file_stamp;
	struct buf messages;		/* struct message, by ascending UID, and holes where some were expunged */
	struct buf holes;		/* uint32_t: where in messages, ascending */
	struct buf newest;		/* uint64_t: no message of a stretch of them has a higher mod-sequence (changed_note()) */
	size_t unseen, deleted;		/* messages without \Seen, with \Deleted */
	uint32_t unseen_from, new_from; /* no message with a lower UID is without \Seen, or AT_NEW */
	struct buf names;		/* base name, NUL; if AT_ODD the suffix, NUL */
	size_t names_dead;		/* octets of names that nobody points to */
	struct buf slots;		/* uint32_t: UIDs by the hash of the base name; 0 is free */
	size_t slots_used;
	uint32_t slots_last;		/* messages with a higher UID are not in slots yet */
	struct buf tombs;		  /* struct tomb, by ascending modseq */
	struct buf events;		  /* struct md_event */
	struct buf boots;		  /* struct boot */
	struct buf recents;		  /* struct md_range, ascending: what is \Recent for this handle */
	struct dir_state dirs[DIR_COUNT]; /* when names were last known to be as the messages say */
	bool dirs_known, dirs_stale;	  /* whether there is such a state; messages have changed since */
	bool dirs_unmoved;		  /* some were in new/ then */
	bool unplaced;			  /* and it is not known which */
	uint32_t dirs_uidnext;		  /* UIDNEXT then */
	bool telling;			  /* events are wanted */
	uint32_t uidvalidity, uidnext, recent; /* recent: UIDs up to it have been claimed */
	uint64_t modseq;		       /* the highest */
	uint64_t floor;			       /* tombstones up to it are forgotten */
	char mailboxid[24];
};

void index_init(struct index *ix, struct keyword_table *keywords);
void index_release(struct index *ix);

/* Positions are among those that are there: a hole has none. */
size_t index_count(const struct index *ix);
struct message *index_at(const struct index *ix, size_t i);
size_t index_position(const struct index *ix, uint32_t uid); /* how many have a lower UID */
size_t index_place(const struct index *ix, uint32_t uid); /* where in messages the first is whose UID is not lower, holes counted */
struct message *index_find(const struct index *ix, uint32_t uid);
struct message *index_find_base(struct index *ix, struct str base);
/* The position of the first without \Seen; their number if there is none. */
size_t index_first_unseen(struct index *ix);

struct str index_base(const struct index *ix, const struct message *msg);
uint64_t index_letters(const struct index *ix, const struct message *msg); /* what its name should have */
/* The name its file is believed to have, in cur/ or, AT_NEW, in new/. */
void index_name(const struct index *ix, const struct message *msg, char ret[MDNAME_MAX + 1]);
uint64_t index_believed_letters(const struct index *ix, const struct message *msg);
/* What index.names has of it: the base name, a NUL, and if AT_ODD the suffix and a NUL. */
struct str index_full_name(const struct index *ix, const struct message *msg);
/* slots.c: the table by which index_find_base() finds them, anew, with room for twice as many. */
void index_make_slots(const struct index *ix, struct buf *ret);
/* A message has another base name than before. */
void index_enter_renamed(struct index *ix, const struct message *msg);
/* That its file was seen under this suffix. */
void index_believe(struct index *ix, struct message *msg, struct str suffix, bool in_new);

/* Adds one with a UID above all others; of *as what the journal knows of it. */
struct message *index_add(struct index *ix, const struct message *as, struct str base);
void index_rename(struct index *ix, struct message *msg, struct str base);
void index_change(struct index *ix, struct message *msg, uint8_t flags, uint32_t keywords, uint64_t modseq);
/* Removes messages lo to hi and remembers that. The others stay where they are in memory, unless there are many holes. */
void index_expunge(struct index *ix, const struct tomb *tomb);
/* Messages from this UID on are \Recent here. Returns the highest UID for which that is no news; 0: none. */
uint32_t index_make_recent(struct index *ix, uint32_t from);
uint32_t index_recent_from(const struct index *ix);	/* the first that is; UINT32_MAX: none */
bool index_is_recent(const struct index *ix, uint32_t uid);
void index_tell(struct index *ix, int what, const struct message *msg);

/* changed.c: a message that is at this place, holes counted, has this mod-sequence. */
void changed_note(struct buf *newest, size_t place, uint64_t modseq);
size_t changed_stretches(size_t places);	/* how many entries newest has for so many */

/* Gives new UIDs from 1 on, under another UIDVALIDITY, and forgets who was expunged. */
void index_renumber(struct index *ix, uint32_t uidvalidity);
/* Makes ix what now is, which is then empty, and tells the difference. Beliefs and \Recent stay with those
 * that have them. */
void index_replace(struct index *ix, struct index *now);
