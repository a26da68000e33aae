/* maildir/line.h: the lines of a journal (doc/FORMATS.md): written, and applied to an index */
#pragma once
#include "maildir/index.h"

/* Each adds one line. Names are escaped, so that a line has no other line feed than its last octet. */
void line_keyword(struct buf *b, size_t number, const struct keyword *k);
void line_message(struct buf *b, const struct keyword_table *t, const struct message *msg, struct str base);
void line_change(struct buf *b, const struct keyword_table *t, struct md_range uids,
		 const struct message *as);
void line_rename(struct buf *b, uint32_t uid, uint64_t print, struct str base);
void line_expunge(struct buf *b, const struct tomb *tomb);
void line_recent(struct buf *b, uint32_t uid);
void line_floor(struct buf *b, uint64_t modseq);
void line_dirs(struct buf *b, const struct dir_state dirs[DIR_COUNT], bool unmoved);
void line_boot(struct buf *b, const struct boot *boot);

/* Changes that are the same for neighbours are one line. Positions are those in the index, ascending. */
struct line_run {
	struct message as;
	uint32_t lo; /* 0: nothing is pending */
	size_t position;
};
void line_run_add(struct buf *b, const struct keyword_table *t, struct line_run *run,
		  const struct message *as, size_t position);
void line_run_end(struct buf *b, const struct keyword_table *t, struct line_run *run);

/* Does what a line says (without its LF). UIDs and mod-sequences have to be below these bounds.
 * 0; 1: a kind that we don't know and may pass over; -EBADMSG: it can't be meant; -EPROTONOSUPPORT: a kind
 * that we must know.
 */
struct line_bounds {
	uint32_t uid;
	uint64_t modseq;
	bool lenient; /* the file is damaged: what a line refers to may have been lost */
};
int line_apply(struct index *ix, struct str line, const struct line_bounds *below);

/* Takes one field, up to a space or the end; false if there is none. */
bool line_field(struct str *rest, struct str *ret);
bool line_number(struct str *rest, uint64_t least, uint64_t most, uint64_t *ret);
