/* maildir/import.h: what a folder's last server, Courier or Dovecot, knew of its messages; read once */
#pragma once
#include "base/arena.h"

struct md_import_entry {
	uint32_t uid;		  /* 0: it has none yet, but keywords */
	struct str base;	  /* the message's base name: what is before ":2," */
	const uint16_t *keywords; /* positions in md_import.keywords, each once */
	size_t nkeywords;
};

/* All of it is in the arena. Strs have a NUL behind them. */
struct md_import {
	const char *from;     /* "courier" or "dovecot", for the log */
	uint32_t uidvalidity; /* 0: no UIDs were told to anyone that we could keep (then all uids are 0) */
	uint32_t uidnext;     /* over all uids, and at most 4294967295; 1 if uidvalidity is 0 */
	const struct md_import_entry *entries; /* by ascending uid, then those without; none twice, nor a base */
	size_t n;
	const struct str *keywords; /* names: an IMAP atom each, as first spelled, no two equal in any case */
	size_t nkeywords;
	struct str letters[26]; /* what a to z in file names stand for; empty: nothing */
};

/* Reads courierimapuiddb and courierimapkeywords/, or dovecot-uidlist and dovecot-keywords, in the folder's
 * directory. If both servers have been there, the one whose list of UIDs changed last is believed, in
 * everything: what it told its clients is what they have. A list that is not what it should be (another
 * version, no header, UIDs that are used up) is left out; lines that are torn, twice there or can't be meant
 * are passed over, without giving their UIDs away again.
 *
 * 1: there was something, in *ret. 0: nothing. Negative: a file is there and could not be read; better not
 * open the folder now than give its messages other UIDs for ever.
 */
int import_read(int dir_fd, struct arena *a, struct md_import *ret);
