/* maildir/snapshot_head.h: how a snapshot begins (doc/FORMATS.md), for snapshot.c and its tests only */
#pragma once
#include "maildir/snapshot.h"

enum { JOURNAL_END = 64 };	/* octets before the place in the journal that are compared */

struct section {
	uint64_t at, n;		/* octets; at is a page's beginning */
};

struct head {
	char magic[16];		/* with the version */
	uint32_t sum;		/* of this, with 0 here, and of the text */
	uint32_t message_size, tomb_size;
	uint32_t journal_end;	/* so many octets of that are meant */
	char journal[JOURNAL_END]; /* what is before journal_at in the journal */
	uint64_t journal_ino, journal_at, journal_lines;
	uint64_t file_size, text_size, sets;
	int64_t stamp;		/* the file's mtime, seconds since 1970: long before anybody else could have written to it */
	struct section messages, newest, names, slots, tombs;
	uint64_t slots_used, unseen, deleted, modseq, floor;
	struct dir_state dirs[DIR_COUNT];
	uint32_t uidvalidity, uidnext, recent, dirs_uidnext, unseen_from, new_from;
	char mailboxid[24];
	uint8_t dirs_known, dirs_stale, dirs_unmoved, unplaced, zero[4];
};
