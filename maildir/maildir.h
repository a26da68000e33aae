/* maildir/maildir.h: one folder: its messages, their UIDs, flags and keywords, and what happens to them */
#pragma once
#include <sys/types.h>
#include <time.h>
#include "base/arena.h"
#include "base/buf.h"

/* A folder is a directory with cur/, new/ and tmp/ in it. Its journal (imapd.journal, doc/FORMATS.md) is the
 *truth for UIDs, mod-sequences and keywords; the names of the files are the truth for flags that other
 *programs set. Any number of processes on any number of machines may have it open, and any program may change
 *it at any time.
 *
 * Functions that can fail return a negative errno. What each may return:
 * -ENOENT	the folder is gone (or, where a UID is given, the message)
 * -ESTALE	its UIDVALIDITY has changed since it was opened: all that was told of it is void, open it
 *again -ETIMEDOUT	another session holds the folder's lock for too long -EROFS, -EACCES, -ENOSPC,
 *-EDQUOT, -EIO, -EMFILE and so on: of the system call that failed. Mail is intact then, and nothing half made
 *is left outside tmp/.
 */
struct maildir;
struct cache;

enum md_flag {
	MD_ANSWERED = 1, /* R */
	MD_FLAGGED = 2,	 /* F */
	MD_DELETED = 4,	 /* T */
	MD_SEEN = 8,	 /* S */
	MD_DRAFT = 16,	 /* D */
	MD_FLAGS = 31,	 /* all of them */
};

/* A set of keywords, by ascending number. Lives as long as the maildir. A keyword's number and spelling never
 * change while the UIDVALIDITY does not.
 */
struct keywords {
	size_t n;
	const uint16_t *v;
	uint64_t letters; /* the room's own: what they put into file names */
};
enum { MD_KEYWORDS_MAX = 4096, MD_KEYWORD_LENGTH_MAX = 255 }; /* in one folder; octets of one */

/* What is known of a message without opening it. */
struct message {
	uint64_t modseq;
	uint64_t print; /* the room's own, as name, state and seen */
	uint32_t uid;
	uint32_t keywords; /* which set: maildir_keywords(); the same number for the same set */
	uint32_t name;
	uint8_t flags;	/* enum md_flag */
	uint8_t zero;
	uint8_t state;
	uint8_t seen;
};

/* How much survives a power cut once a function has returned 0 (IMAPD_SYNC). */
enum md_sync { MD_SYNC_FULL, MD_SYNC_MAIL, MD_SYNC_NEVER };

/* All zero but for the host's name is good for tests. It and what it points to must outlive the maildirs
 * opened with it. */
struct maildir_config {
	bool use_locks;	 /* IMAP_USELOCKS: the dot-lock of Courier besides flock() */
	bool symlinks;	 /* messages may be symbolic links (shared folders of Courier) */
	bool no_inotify; /* never ask for it, only look at the directories */
	enum md_sync sync;
	const char *hostname; /* of this machine; no '/', ':' or NUL is taken from it into names */
	const char *boot_id;  /* of this machine; NULL: it is read from /proc when it is needed */
	unsigned read_wait_ms, write_wait_ms; /* how long to wait for the lock; 0: 5,000 and 30,000 */
	struct cache *cache;		      /* of the account (cache.h); NULL: none */
	int *spare_watch; /* an inotify instance for the next folder is kept there, which the caller closes; -1: none yet. NULL: nowhere */

	/* Gives a UIDVALIDITY higher than any before (account_uidvalidity()), or hears of one that was
	 * imported. NULL: the time is taken, and what is imported is told to nobody.
	 */
	int (*uidvalidity)(void *data, uint32_t *ret);
	int (*uidvalidity_seen)(void *data, uint32_t uidvalidity);
	void *data;

	/* Hears now and then how far work is that may take long, in messages: done < goal. The folder may be locked. NULL: nobody. */
	void (*working)(void *data, size_t done, size_t goal);
	void *working_data;
};

/* Opens the folder at dir_fd, which stays the caller's. cur/, new/ and tmp/ are made if missing; a folder
 * that has no journal gets one, with what Courier or Dovecot knew of it (import.h). Nothing has been looked
 * at yet but the journal, and one that is new need not be on disk: call maildir_update() next, before anybody is told of it.
 *
 * mode: 0, or MD_READONLY (EXAMINE, STATUS): nothing that the user would see is changed: new/ stays as it is,
 * and nothing ceases to be \Recent. New messages get their UIDs all the same, for good. Where nothing can be
 * written, UIDs are given in memory only, under a UIDVALIDITY of this moment.
 *
 * MD_UPDATE_NEXT: maildir_update() is called at once, so if the folder's lock was needed it is kept until then.
 *
 * MD_LOOK_ONLY, with MD_READONLY: nothing is written at all, and there is what the journal says. -ENOENT: there is none, or a directory is
 * missing; -EBADMSG: it is damaged. No maildir_update().
 */
enum { MD_READONLY = 1, MD_UPDATE_NEXT = 2, MD_LOOK_ONLY = 4 };
int maildir_open(int dir_fd, unsigned mode, const struct maildir_config *config, struct maildir **ret);
/* Before closing, where nobody waits, so that who opens the folder next need not read it: takes in what has come, and writes down
 * what the directories were then. One that has just been changed can't be told yet from one that will be changed in the same moment:
 * where that is so, waits some 20 ms.
 */
void maildir_linger(struct maildir *m);
/* Nobody wants anything for the time being: what takes much memory, and can be had from a file of the cache, is. */
void maildir_rest(struct maildir *m);
void maildir_close(struct maildir *m);	 /* NULL is nothing to close */
void maildir_closep(struct maildir **m); /* for _cleanup_ */

/* As of the last call that looked. Messages are by ascending UID; i counts from 0. A pointer to a message is
 * good until the next call that takes a struct maildir * without const.
 */
uint32_t maildir_uidvalidity(const struct maildir *m);
uint32_t maildir_uidnext(const struct maildir *m);
uint64_t maildir_highestmodseq(const struct maildir *m); /* at least 1 */
const char *maildir_mailboxid(
	const struct maildir *m); /* OBJECTID (RFC 8474 4): "F" and 16 digits and letters; kept by RENAME */
size_t maildir_count(const struct maildir *m);
size_t maildir_unseen(const struct maildir *m);	 /* how many are without \Seen */
size_t maildir_deleted(const struct maildir *m); /* how many have \Deleted */
size_t maildir_first_unseen(struct maildir *m);	 /* the i of the first without \Seen, else the count */
/* \Recent for this handle: it claimed it, or, MD_READONLY, nobody has. No message before the i of the first is. */
bool maildir_is_recent(const struct maildir *m, const struct message *msg);
size_t maildir_first_recent(const struct maildir *m);
const struct message *maildir_at(const struct maildir *m, size_t i);
const struct message *maildir_message(const struct maildir *m, uint32_t uid); /* NULL if there is none */
size_t maildir_position(const struct maildir *m, uint32_t uid);		      /* how many have a lower UID */
struct str maildir_base_name(const struct maildir *m,
			     const struct message *msg); /* before ":2,"; for the log and the cache */

const struct keywords *maildir_keywords(const struct maildir *m, const struct message *msg);
/* The folder's keywords, in order of their numbers. */
size_t maildir_keyword_count(const struct maildir *m);
struct str maildir_keyword_name(const struct maildir *m, size_t number);	    /* has a NUL behind it */
bool maildir_keyword_find(const struct maildir *m, struct str name, uint16_t *ret); /* in any case */
bool keywords_have(const struct keywords *k, uint16_t number);

/* Catches up with the world: the journal, then the directories if they may have changed. What foreign
 * programs did (deliveries, flags, renames, removals) is journaled by the first that finds it. A message
 * counts as expunged only when it is certainly gone. With a watch (maildir_watch()) the cost is that of the
 * changes.
 *
 * MD_CLAIM_RECENT (sessions that have it SELECTed): moves new/ into cur/, and what nobody has claimed before
 * becomes \Recent here and nowhere else.
 *
 * Returns 0; or 1 if the lock was not to be had in time, or changes come faster than they can be looked at:
 * what others have journaled is in, new mail stays unannounced until a later call, which should come soon. Or
 * -ENOENT, -ESTALE, or another failure, after which calling again is no harm.
 */
enum { MD_CLAIM_RECENT = 1 };
int maildir_update(struct maildir *m, unsigned how);

/* What has changed since maildir_open() or the last clear: by this handle or by anybody, oldest first. uid is
 * one message's; a message that comes and goes between two clears has both events. The array is good until
 * the next call on m.
 */
struct md_event {
	enum {
		MD_NEW,
		MD_CHANGED,
		MD_EXPUNGED
	} what; /* MD_CHANGED: flags, keywords, or only the mod-sequence */
	uint32_t uid;
	uint64_t modseq;
	bool recent; /* MD_NEW, MD_CHANGED: whether it is \Recent here (it may become so after it was told) */
};
const struct md_event *maildir_events(const struct maildir *m, size_t *ret_n);
size_t maildir_events_count(const struct maildir *m);
void maildir_events_clear(struct maildir *m);

/* UIDs that were expunged after modseq, as ranges by ascending UID (RFC 7162 3.2.5), in a's memory. ret_all
 * is false if tombstones of then have been forgotten (they are kept for 90 days and up to 100,000): then any
 * UID that is not there may have been.
 */
struct md_range {
	uint32_t lo, hi;
};
void maildir_vanished(const struct maildir *m, uint64_t modseq, struct arena *a, struct md_range **ret,
		      size_t *ret_n, bool *ret_all);

/* Adds the UIDs (uint32_t) of those messages among these that have changed after modseq, ascending. */
void maildir_changed(const struct maildir *m, uint64_t modseq, struct md_range among, struct buf *uids);

/* Opens the message's file for reading: a regular file, O_CLOEXEC, and the caller's to close. Found again if
 * another program has renamed it. -ENOENT if it is certainly gone (the next maildir_update() tells it),
 * -ELOOP or -EINVAL if the name is something else by now, -EACCES and so on as open(2).
 */
int maildir_message_fd(struct maildir *m, uint32_t uid, int *ret_fd);
/* The same, and what fstat(2) tells of it. */
struct md_file {
	int fd;
	off_t size;
	time_t mtime;
};
int maildir_message_file(struct maildir *m, uint32_t uid, struct md_file *ret);
/* Where a message's file is believed to be. It is opened if it is there, and looked for nowhere else: without m, while another thread
 * works with that; but before it is closed.
 */
struct md_place {
	int dir; /* the maildir's; -1: there is no such message */
	bool follow, sets_atime;
	char name[256];
};
void maildir_place(const struct maildir *m, uint32_t uid, struct md_place *ret);
int md_place_open(struct md_place *p, struct md_file *ret);

struct md_uids {
	uint32_t *v;
	size_t n;
};

/* Changes flags and keywords of messages; uids ascending. One change has one mod-sequence; a message that it
 * leaves as it was keeps its own. Catches up first, so it works on what flags are now. In a's memory:
 * ret_modified, those left alone because of unchangedsince (RFC 7162 3.1.3), and ret_gone, those that are not
 * there (any more); by ascending UID. -EOVERFLOW: more than MD_KEYWORDS_MAX keywords; -ENAMETOOLONG: one is
 * longer than MD_KEYWORD_LENGTH_MAX, -EINVAL: one is empty or has control characters or blanks. Nothing is
 * changed then.
 */
struct md_change {
	enum { MD_SET, MD_ADD, MD_REMOVE } op;
	uint8_t flags;
	const struct str *keywords;
	size_t nkeywords;
	bool conditional; /* unchangedsince is meant; 0 is a value, too */
	uint64_t unchangedsince;
};
int maildir_store(struct maildir *m, struct md_uids uids, const struct md_change *change, struct arena *a,
		  struct md_uids *ret_modified, struct md_uids *ret_gone);
/* The mod-sequence that the last maildir_store() gave to what it changed, so that its own events can be told
 * from those of others that it found on the way. 0: it changed nothing, or failed.
 */
uint64_t maildir_own_modseq(const struct maildir *m);

/* Removes those of uids (ascending; NULL: of all messages) that have \Deleted now; with MD_FORCE, whatever
 * their flags are. What was removed is in the events. After a failure in the middle those removed by then are
 * gone and the others all there.
 */
enum { MD_FORCE = 1 };
int maildir_expunge(struct maildir *m, const struct md_uids *uids, unsigned how);

/* Copies messages (uids ascending) to dest with flags, keywords and internal date: all or none. dest may be
 * m. New UIDs are ascending in the order of uids. In a's memory: ret_from, the UIDs that were copied (without
 * those that are gone, which is no failure while one is left, else -ENOENT; none asked for is 0), and ret_to,
 * as many, what they are called in dest. -ESTALE if a folder is gone. Their base names are new, too, and begin with the seconds since 1970
 * of now, so a name tells when a message came into its folder (RFC 8514 3).
 */
int maildir_copy(struct maildir *m, struct md_uids uids, struct maildir *dest, struct arena *a,
		 struct md_uids *ret_from, struct md_uids *ret_to);
/* The same, and they are removed from m. All or none, but for a crash in the middle: then each message is in
 * one of both, with its flags; never in none. If dest is m, messages get new UIDs.
 */
int maildir_move(struct maildir *m, struct md_uids uids, struct maildir *dest, struct arena *a,
		 struct md_uids *ret_from, struct md_uids *ret_to);

/* A message on its way in: a file in tmp/. All of it but fd and the fields below is the room's own. */
struct md_tmp {
	int fd;	       /* write the message here; 0 octets is a message, too */
	uint8_t flags; /* enum md_flag */
	const struct str *keywords;
	size_t nkeywords;
	bool dated;	/* date is meant, else it is now */
	time_t date;	/* INTERNALDATE, seconds since 1970 */
	int dir;	/* tmp/ of the folder; borrowed, so discard before maildir_close() */
	char name[256]; /* in tmp/; empty if nothing is there */
	bool finished;
	uint64_t print; /* of what is finished */
};

/* Whoever made it ends it with maildir_tmp_discard() whatever happened: that closes the file and removes its
 * name in tmp/, if it has not been delivered. All zero but for fd, which is -1, is a good one to discard.
 */
int maildir_tmp_open(struct maildir *m, struct md_tmp *ret);
void maildir_tmp_discard(struct md_tmp *tmp);
/* All octets are written, and the date is set; then maildir_tmp_sync() of some that are finished has them on disk and closes their
 * descriptors, for who has more messages than a process may have of these. It takes less time for several. maildir_deliver()
 * does what has not been done.
 */
int maildir_tmp_finish(struct maildir *m, struct md_tmp *tmp);
int maildir_tmp_sync(struct maildir *m, struct md_tmp *v, size_t n);

/* Delivers n files into cur/, all or none also over a crash, with the next n UIDs in their order, in
 * ret_uids[0] to [n - 1]. On failure nothing of it stays but the files in tmp/, and the keyword limits are as
 * in maildir_store(). They are \Recent (RFC 3501 6.3.11) for whoever claims next. Works with MD_READONLY
 * handles, too.
 */
int maildir_deliver(struct maildir *m, struct md_tmp *v, size_t n, uint32_t *ret_uids);

/* A descriptor that becomes readable when something may have changed in the folder, also by other sessions'
 * journaling; m's, the same each time, and drained by maildir_update(). -EMFILE or -ENOSPC if the kernel has
 * no inotify instance or watch left, -ENOSYS if there is none: poll then. On a store that other machines
 * reach (maildir_remote()) poll besides.
 */
int maildir_watch(struct maildir *m, int *ret_fd);
bool maildir_remote(const struct maildir *m);
struct cache *maildir_cache(const struct maildir *m); /* of its account; NULL: none, or its UIDs are of no use to others */
