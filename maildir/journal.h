/* maildir/journal.h: the file that holds what a folder must not forget (doc/FORMATS.md) */
#pragma once
#include <sys/stat.h>
#include "base/fd.h"
#include "maildir/line.h"

#define JOURNAL_NAME "imapd.journal"

/* Open on one file of that name. Readers take no lock: they see whole transactions only. */
struct journal {
	int fd; /* -1: none */
	dev_t dev;
	ino_t ino;
	uint64_t at;	/* up to here it has been read: the end of a transaction */
	uint64_t lines; /* as many lines are before it */
	uint64_t snapshot_at; /* so far the last snapshot (snapshot.h) reaches; 0: there is none */
	bool snapshot_old;    /* it should be written again soon */
	bool torn;	/* there was more, that is no whole transaction (yet) */
	bool writable;
	bool nfs; /* read and written at the server */
	struct timespec mtime; /* when it was opened */
};

void journal_close(struct journal *j);

/* Opens the journal in dir and reads it into ix, which is empty, from a snapshot on, if there is one in snapshots
 * (-1: nowhere). If it has a UIDVALIDITY set already, the file must have the same: -ESTALE. -ENOENT: there is
 * none. -EBADMSG: damaged, or, without the lock, just being written. -EPROTONOSUPPORT: of a later version.
 * Nothing is open after a failure.
 */
int journal_open(int dir, int snapshots, struct index *ix, struct journal *ret);
/* Reads what is new. 1 if there was something. -EBADMSG as above: what came before it is in ix. */
int journal_tail(struct journal *j, struct index *ix);
/* Whether the journal in dir is still this file: 0; 1: another has replaced it; -ENOENT: there is none. */
int journal_replaced(const struct journal *j, int dir);
/* The same, and what other machines have written is seen from here on: the caches of remote file systems are compared with
 * the server's file when it is opened. */
int journal_reopen(struct journal *j, int dir);

/* Whether the file is shorter than what has been read of it. */
bool journal_cut_off(const struct journal *j);

/* A transaction: lines that count together or not at all. */
struct txn {
	const struct keyword_table *keywords;
	struct buf text;
	struct buf lines; /* struct line: what text says */
	uint32_t uidnext;
	uint64_t modseq;
};
void txn_begin(struct txn *t,
	       const struct index *ix); /* modseq is the next one; set it back if nothing uses it */
void txn_release(struct txn *t);	/* for _cleanup_ */
/* What l borrows has to be there until the transaction is done. */
void txn_add(struct txn *t, struct line l);

/* Changes that are the same for neighbours are one line. Positions are those in the index, ascending. */
struct txn_run {
	struct message as;
	uint32_t lo; /* 0: nothing is pending */
	size_t position;
};
void txn_run_add(struct txn *t, struct txn_run *run, const struct message *as, size_t position);
void txn_run_end(struct txn *t, struct txn_run *run);

/* Appends t, under the lock, after all that is there, which has been read; a torn end is cut off before. On failure nothing of it
 * stays. -ENOLCK: somebody has appended without our knowing.
 */
int journal_append(struct journal *j, struct txn *t, bool sync);
/* Whether who reads the journal would take all of t, to which nothing is added any more. What is made of an undamaged index is. */
bool txn_is_readable(const struct txn *t, const struct index *ix);
/* Does what t says, as if it had been read. */
int txn_apply(const struct txn *t, struct index *ix);

/* Whether it is known that all of the file, which has been read to its end, is on disk, as far as a power cut must not take it
 * back. journal_mark_durable() lets everybody know that it is so up to the octet at, and that the file's name is on disk, too.
 */
bool journal_durable(const struct journal *j, const struct stat *st);
void journal_mark_durable(const struct journal *j, uint64_t at);

/* Writes all of ix into a new file in tmp, which replaces the one in dir, under the lock. */
int journal_write(int dir, int tmp, const char *name, const struct index *ix, bool sync);
/* Reads what can be read of a damaged one into ix, which is empty. Sets ix->uidvalidity to 0 if UIDs can't be
 * kept; else uidnext and modseq are so high that nothing which was lost is given again.
 */
int journal_salvage(int dir, struct index *ix);

/* Pieces of the format, for both ways of reading. */
struct txn_end {
	uint32_t uidnext;
	uint64_t modseq;
};
/* The length of the first transaction of s with its end line; 0 if it is not complete. */
size_t journal_cut(struct str s);
/* The end line of a complete transaction; false if it, or the sum, is wrong. *ret_lines: what is before it.
 */
bool journal_check(struct str transaction, struct txn_end *ret, struct str *ret_lines);
int journal_apply(struct index *ix, struct str transaction, uint64_t *lines);
bool journal_header(struct str line, struct index *ix, int *ret_version);
uint32_t journal_sum(struct str s);
void journal_end(struct buf *b, size_t from,
		 const struct txn_end *end); /* ends the transaction that begins at from */
