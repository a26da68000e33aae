/* maildir/line.h: the lines of a journal (doc/FORMATS.md): written, and applied to an index */
#pragma once
#include "maildir/index.h"

/* What a line says. Names are borrowed. */
struct line {
	char kind;	      /* the letter that it begins with */
	uint8_t flags;	      /* + f */
	bool unmoved;	      /* d */
	uint32_t keywords;    /* + f: a set */
	struct md_range uids; /* f -; of + n r the lower one, and of k, which is its number */
	uint64_t modseq;      /* + f - t */
	uint64_t number;      /* of + n the print; of - the time; of k its letter, as mdname_letter() */
	struct str name;      /* + n: base name; k; b: host */
	union {
		struct str boot;	      /* b */
		const struct dir_state *dirs; /* d: DIR_COUNT of them */
	};
};
struct line line_keyword(size_t number, const struct keyword *k);
struct line line_message(const struct message *msg, struct str base);
struct line line_change(struct md_range uids, const struct message *as);
struct line line_rename(uint32_t uid, uint64_t print, struct str base);
struct line line_expunge(const struct tomb *tomb);
struct line line_recent(uint32_t uid);
struct line line_floor(uint64_t modseq);
struct line line_dirs(const struct dir_state dirs[DIR_COUNT], bool unmoved);
struct line line_boot(const struct boot *boot);

/* Adds it as text. Names are escaped, so that it has no other line feed than its last octet. */
void line_write(struct buf *b, const struct keyword_table *t, struct line l);

/* What text (without its LF) says; names is where the names are, if it has some. UIDs and mod-sequences have to be below these
 * bounds. 0; 1: a kind that we don't know and may pass over; -EBADMSG: it can't be meant; -EPROTONOSUPPORT: a kind
 * that we must know.
 */
struct line_bounds {
	uint32_t uid;
	uint64_t modseq;
	bool lenient; /* the file is damaged: what a line refers to may have been lost */
};
struct line_names {
	char name[256], boot[64];
	struct dir_state dirs[DIR_COUNT];
};
int line_read(struct index *ix, struct str text, const struct line_bounds *below, struct line_names *names,
	      struct line *ret);

/* Does what it says. -EBADMSG: that can't be done. */
int line_do(struct index *ix, const struct line *l);
/* Both: reads it, and does what it says. */
int line_apply(struct index *ix, struct str text, const struct line_bounds *below);

/* Takes one field, up to a space or the end; false if there is none. */
bool line_field(struct str *rest, struct str *ret);
bool line_number(struct str *rest, uint64_t least, uint64_t most, uint64_t *ret);
