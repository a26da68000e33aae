/* maildir/line_do.c: what the lines of a journal say is done to an index */
#include <stdio.h>
#include <string.h>
#include "maildir/line.h"

struct line line_keyword(size_t number, const struct keyword *k)
{
	const uint64_t letters = k->letters & MDNAME_LOWER;

	return (struct line){ .kind = 'k',
			      .uids = { (uint32_t)number, (uint32_t)number },
			      .number = letters & -letters,
			      .name = k->name };
}

struct line line_message(const struct message *msg, struct str base)
{
	return (struct line){ .kind = '+',
			      .uids = { msg->uid, msg->uid },
			      .modseq = msg->modseq,
			      .flags = msg->flags,
			      .keywords = msg->keywords,
			      .number = msg->print,
			      .name = base };
}

struct line line_change(struct md_range uids, const struct message *as)
{
	return (struct line){
		.kind = 'f', .uids = uids, .modseq = as->modseq, .flags = as->flags, .keywords = as->keywords
	};
}

struct line line_rename(uint32_t uid, uint64_t print, struct str base)
{
	return (struct line){ .kind = 'n', .uids = { uid, uid }, .number = print, .name = base };
}

struct line line_expunge(const struct tomb *tomb)
{
	return (struct line){
		.kind = '-', .uids = { tomb->lo, tomb->hi }, .modseq = tomb->modseq, .number = tomb->time
	};
}

struct line line_recent(uint32_t uid)
{
	return (struct line){ .kind = 'r', .uids = { uid, uid } };
}

struct line line_floor(uint64_t modseq)
{
	return (struct line){ .kind = 't', .modseq = modseq };
}

struct line line_dirs(const struct dir_state dirs[DIR_COUNT], bool unmoved)
{
	return (struct line){ .kind = 'd', .dirs = dirs, .unmoved = unmoved };
}

struct line line_boot(const struct boot *boot)
{
	return (struct line){ .kind = 'b', .boot = boot->id, .name = boot->host };
}

static bool add_lost(struct keyword_table *t)
{
	char name[32];

	snprintf(name, sizeof name, "lost-%zu", t->n);
	return keyword_add(t, str_z(name), 0) == 0;
}

static bool do_keyword(struct index *ix, const struct line *l)
{
	struct keyword_table *t = ix->keywords;
	char letters[52];
	const size_t n = mdname_put_letters(l->number & ~t->mirrored, letters);

	if (l->uids.lo < t->n)
		return str_eq(t->v[l->uids.lo].name, l->name);
	while (t->n < l->uids.lo) /* so that those after a lost one keep their numbers */
		if (!add_lost(t))
			return false;
	return keyword_add(t, l->name, n ? letters[0] : 0) == 0;
}

static bool do_message(struct index *ix, const struct line *l)
{
	const struct message msg = { .uid = l->uids.lo,
				     .modseq = l->modseq,
				     .flags = l->flags,
				     .keywords = l->keywords,
				     .print = l->number };

	ix->uidnext = msg.uid + 1;
	ix->modseq = MAX(ix->modseq, msg.modseq);
	ix->dirs_stale = true;
	index_tell(ix, MD_NEW, index_add(ix, &msg, l->name));
	return true;
}

static bool do_change(struct index *ix, const struct line *l)
{
	for (size_t i = index_position(ix, l->uids.lo); i < index_count(ix) && index_at(ix, i)->uid <= l->uids.hi; i++)
		index_change(ix, index_at(ix, i), l->flags, l->keywords, l->modseq);
	ix->modseq = MAX(ix->modseq, l->modseq);
	ix->dirs_stale = true;
	return true;
}

static bool do_rename(struct index *ix, const struct line *l)
{
	struct message *msg = index_find(ix, l->uids.lo);
	const struct message *other = index_find_base(ix, l->name);

	if (other && other != msg)
		return false;
	if (msg) {
		index_rename(ix, msg, l->name);
		msg->print = l->number;
	}
	ix->dirs_stale = true;
	return true;
}

static bool do_expunge(struct index *ix, const struct line *l)
{
	const struct tomb tomb = { l->uids.lo, l->uids.hi, l->modseq, l->number };
	const struct tomb *tombs = (void *)ix->tombs.s;
	const size_t n = ix->tombs.n / sizeof *tombs;

	if (n && tombs[n - 1].modseq > tomb.modseq)
		return false;
	index_expunge(ix, &tomb);
	ix->modseq = MAX(ix->modseq, tomb.modseq);
	ix->dirs_stale = true;
	return true;
}

static bool do_recent(struct index *ix, const struct line *l)
{
	ix->recent = MAX(ix->recent, l->uids.lo);
	return true;
}

static bool do_floor(struct index *ix, const struct line *l)
{
	ix->floor = l->modseq;
	return true;
}

static bool do_dirs(struct index *ix, const struct line *l)
{
	memcpy(ix->dirs, l->dirs, sizeof ix->dirs);
	ix->dirs_unmoved = ix->unplaced = l->unmoved;
	ix->dirs_uidnext = ix->uidnext;
	ix->dirs_known = true;
	ix->dirs_stale = false;
	return true;
}

/* The last boot of each host; hosts beyond a handful are not remembered. */
static bool do_boot(struct index *ix, const struct line *l)
{
	struct boot *boots = (void *)ix->boots.s;
	const size_t n = ix->boots.n / sizeof *boots;
	struct boot boot;

	for (size_t i = 0; i < n; i++)
		if (str_eq(boots[i].host, l->name)) {
			boots[i].id = arena_str(&ix->arena, l->boot);
			return true;
		}
	boot.id = arena_str(&ix->arena, l->boot);
	boot.host = arena_str(&ix->arena, l->name);
	if (n < 64)
		buf_add(&ix->boots, &boot, sizeof boot);
	return true;
}

static const struct kind {
	char letter;
	bool (*act)(struct index *ix, const struct line *l);
} kinds[] = {
	{ '+', do_message },
	{ 'f', do_change },
	{ '-', do_expunge },
	{ 'n', do_rename },
	{ 'k', do_keyword },
	{ 'r', do_recent },
	{ 'd', do_dirs },
	{ 'b', do_boot },
	{ 't', do_floor },
	{ 0 },
};

int line_do(struct index *ix, const struct line *l)
{
	for (const struct kind *k = kinds; k->letter; k++)
		if (k->letter == l->kind)
			return k->act(ix, l) ? 0 : -EBADMSG;
	return -EBADMSG;
}

int line_apply(struct index *ix, struct str text, const struct line_bounds *below)
{
	struct line_names names;
	struct line l;
	const int r = line_read(ix, text, below, &names, &l);

	return r == 0 ? line_do(ix, &l) : r;
}
