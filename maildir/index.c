/* maildir/index.c: what a folder's journal says, in memory */
#include <string.h>
#include "base/fd.h"
#include "maildir/index.h"

enum { HOLES_MIN = 1024 }; /* so many cost less than moving messages */

void index_init(struct index *ix, struct keyword_table *keywords)
{
	*ix = (struct index){ .keywords = keywords,
			      .file = -1,
			      .uidnext = 1,
			      .modseq = 1,
			      .unseen_from = UINT32_MAX,
			      .new_from = UINT32_MAX };
}

void index_release(struct index *ix)
{
	arena_free(&ix->arena);
	buf_release(&ix->messages);
	buf_release(&ix->holes);
	buf_release(&ix->newest);
	buf_release(&ix->names);
	buf_release(&ix->slots);
	buf_release(&ix->tombs);
	buf_release(&ix->events);
	buf_release(&ix->boots);
	buf_release(&ix->recents);
	fd_closep(&ix->file);
}

static struct message *all(const struct index *ix)
{
	return (void *)ix->messages.s;
}

/* With holes. */
static size_t all_count(const struct index *ix)
{
	return ix->messages.n / sizeof(struct message);
}

static size_t hole_count(const struct index *ix)
{
	return ix->holes.n / sizeof(uint32_t);
}

size_t index_count(const struct index *ix)
{
	return all_count(ix) - hole_count(ix);
}

/* The number of holes before the message at position i: the least j such that hole j is behind i + j. */
static size_t holes_before(const struct index *ix, size_t i)
{
	const uint32_t *holes = (void *)ix->holes.s;
	size_t lo = 0, hi = hole_count(ix);

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (holes[mid] - mid <= i)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct message *index_at(const struct index *ix, size_t i)
{
	return all(ix) + i + (ix->holes.n ? holes_before(ix, i) : 0);
}

/* The number of holes before this place, which may be one. */
static size_t holes_below(const struct index *ix, size_t place)
{
	const uint32_t *holes = (void *)ix->holes.s;
	size_t lo = 0, hi = hole_count(ix);

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (holes[mid] < place)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* UIDs ascend by one and more, so it can't be farther from the first message than its UID is, and where few are missing it is not
 * far before that.
 */
size_t index_place(const struct index *ix, uint32_t uid)
{
	const struct message *v = all(ix);
	const size_t n = all_count(ix);
	size_t lo, hi, step = 1;

	if (n == 0 || uid <= v[0].uid)
		return 0;
	if (v[n - 1].uid < uid)
		return n;
	lo = hi = MIN(n - 1, (size_t)(uid - v[0].uid));
	if (v[lo].uid == uid)
		return lo;
	while (lo > 0 && v[lo].uid >= uid) {
		hi = lo;
		lo -= MIN(lo, step);
		step *= 2;
	}
	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (v[mid].uid < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t index_position(const struct index *ix, uint32_t uid)
{
	const size_t place = index_place(ix, uid);

	return place - (ix->holes.n ? holes_below(ix, place) : 0);
}

struct message *index_find(const struct index *ix, uint32_t uid)
{
	const size_t i = index_place(ix, uid);

	return i < all_count(ix) && all(ix)[i].uid == uid && !(all(ix)[i].state & GONE) ? &all(ix)[i] : NULL;
}

size_t index_first_unseen(struct index *ix)
{
	const size_t count = index_count(ix);
	size_t i = ix->unseen ? index_position(ix, ix->unseen_from) : count;

	while (i < count && index_at(ix, i)->flags & MD_SEEN)
		i++;
	ix->unseen_from = i < count ? index_at(ix, i)->uid : UINT32_MAX;
	return i;
}

/* That its flags count, or count no more. */
static void count(struct index *ix, const struct message *msg, bool more)
{
	const size_t by = more ? 1 : (size_t)-1;

	if (!(msg->flags & MD_SEEN)) {
		ix->unseen += by;
		ix->unseen_from = MIN(ix->unseen_from, msg->uid);
	}
	if (msg->flags & MD_DELETED)
		ix->deleted += by;
}

/* The names end in a NUL, but a snapshot that is damaged may hold any offset. */
static struct str name_at(const struct index *ix, size_t at)
{
	return at < ix->names.n ? str_z(ix->names.s + at) : STR("");
}

struct str index_base(const struct index *ix, const struct message *msg)
{
	return name_at(ix, msg->name);
}

static struct str odd_suffix(const struct index *ix, const struct message *msg)
{
	return name_at(ix, (size_t)msg->name + index_base(ix, msg).n + 1);
}

uint64_t index_letters(const struct index *ix, const struct message *msg)
{
	return mdname_flag_letters(msg->flags) | keywords_set(ix->keywords, msg->keywords)->letters;
}

void index_name(const struct index *ix, const struct message *msg, char ret[MDNAME_MAX + 1])
{
	const struct str base = index_base(ix, msg);
	const size_t n = MIN(base.n, (size_t)MDNAME_MAX);
	struct str suffix;

	memcpy(ret, base.s, n);
	ret[n] = 0;
	if (msg->state & AT_ODD) {
		suffix = str_head(odd_suffix(ix, msg), MDNAME_MAX - n);
		memcpy(ret + n, suffix.s, suffix.n);
		ret[n + suffix.n] = 0;
	} else if (!(msg->state & AT_NEW) && mdname_fits(base, index_letters(ix, msg))) {
		mdname_suffix(index_letters(ix, msg), ret + n);
	}
}

uint64_t index_believed_letters(const struct index *ix, const struct message *msg)
{
	struct str suffix;

	if (!(msg->state & AT_ODD))
		return msg->state & AT_NEW ? 0 : index_letters(ix, msg);
	suffix = odd_suffix(ix, msg);
	return str_starts(suffix, STR(":2,")) ? mdname_letters(str_from(suffix, 3)) : 0;
}

struct str index_full_name(const struct index *ix, const struct message *msg)
{
	const struct str base = index_base(ix, msg);
	const size_t n = base.n + 1 + (msg->state & AT_ODD ? odd_suffix(ix, msg).n + 1 : 0);

	return (struct str){ base.s, msg->name < ix->names.n ? MIN(n, ix->names.n - msg->name) : 1 };
}

/* Copies what is pointed to when half of the names are dead. */
static void pack_names(struct index *ix)
{
	struct buf packed = { 0 };

	if (ix->names_dead < 65536 || ix->names_dead < ix->names.n / 2)
		return;
	for (size_t i = 0; i < index_count(ix); i++) {
		struct message *msg = index_at(ix, i);
		const struct str name = index_full_name(ix, msg);

		msg->name = (uint32_t)packed.n;
		buf_str(&packed, name);
	}
	buf_release(&ix->names);
	ix->names = packed;
	ix->names_dead = 0;
}

/* base may be in ix->names itself. */
static void put_name(struct index *ix, struct message *msg, struct str base, const struct str *suffix)
{
	const size_t at = ix->names.n;
	const uintptr_t offset = (uintptr_t)base.s - (uintptr_t)ix->names.s;
	const bool inside = ix->names.s && offset < at;

	if (at > UINT32_MAX / 2)
		out_of_memory();
	buf_reserve(&ix->names, base.n + 1 + (suffix ? suffix->n + 1 : 0));
	if (inside)
		base.s = ix->names.s + offset;
	buf_str(&ix->names, base);
	buf_c(&ix->names, 0);
	if (suffix) {
		buf_str(&ix->names, *suffix);
		buf_c(&ix->names, 0);
	}
	msg->name = (uint32_t)at;
}

static void drop_name(struct index *ix, const struct message *msg)
{
	ix->names_dead += index_full_name(ix, msg).n;
}

static void forget_suffix(struct index *ix, struct message *msg)
{
	if (msg->state & AT_ODD)
		ix->names_dead += odd_suffix(ix, msg).n + 1;
	msg->state &= (uint8_t) ~(AT_ODD | AT_NEW);
}

/* The suffix that needs no saying: it follows from where the file is and what the message has. */
static size_t usual_suffix(const struct index *ix, const struct message *msg, bool in_new,
			   char ret[MDNAME_SUFFIX])
{
	const uint64_t letters = index_letters(ix, msg);

	ret[0] = 0;
	return in_new || !mdname_fits(index_base(ix, msg), letters) ? 0 : mdname_suffix(letters, ret);
}

static void be_new(struct index *ix, struct message *msg)
{
	msg->state |= AT_NEW;
	ix->new_from = MIN(ix->new_from, msg->uid);
}

void index_believe(struct index *ix, struct message *msg, struct str suffix, bool in_new)
{
	char usual[MDNAME_SUFFIX];
	const size_t n = usual_suffix(ix, msg, in_new, usual);
	const bool odd = !str_eq(suffix, (struct str){ usual, n });

	msg->state &= (uint8_t)~AT_DOUBT;
	if (odd && msg->state & AT_ODD && str_eq(suffix, odd_suffix(ix, msg))) {
		msg->state &= (uint8_t)~AT_NEW;
		if (in_new)
			be_new(ix, msg);
		return;
	}
	forget_suffix(ix, msg);
	if (odd) {
		drop_name(ix, msg);
		put_name(ix, msg, index_base(ix, msg), &suffix);
		msg->state |= AT_ODD;
	}
	if (in_new)
		be_new(ix, msg);
	pack_names(ix);
}

struct message *index_add(struct index *ix, const struct message *as, struct str base)
{
	struct message *msg = (void *)buf_reserve(&ix->messages, sizeof *msg);

	*msg = (struct message){ .uid = as->uid,
				 .modseq = as->modseq,
				 .flags = as->flags,
				 .keywords = as->keywords,
				 .print = as->print };
	put_name(ix, msg, base, NULL);
	changed_note(&ix->newest, all_count(ix), msg->modseq);
	ix->messages.n += sizeof *msg;
	count(ix, msg, true);
	return msg;
}

void index_rename(struct index *ix, struct message *msg, struct str base)
{
	drop_name(ix, msg);
	msg->state &= (uint8_t)~AT_ODD;
	put_name(ix, msg, base, NULL);
	index_enter_renamed(ix, msg);
}

uint32_t index_make_recent(struct index *ix, uint32_t from)
{
	struct md_range *last = ix->recents.n ? (void *)(ix->recents.s + ix->recents.n - sizeof *last) : NULL;
	const uint32_t before = last ? last->hi : 0;

	if (from >= ix->uidnext)
		return before;
	if (last && before >= from - 1)
		*last = (struct md_range){ MIN(last->lo, from), ix->uidnext - 1 };
	else
		buf_add(&ix->recents, &(struct md_range){ from, ix->uidnext - 1 }, sizeof *last);
	return before;
}

uint32_t index_recent_from(const struct index *ix)
{
	const struct md_range *v = (void *)ix->recents.s;

	return ix->recents.n ? v->lo : UINT32_MAX;
}

bool index_is_recent(const struct index *ix, uint32_t uid)
{
	const struct md_range *v = (void *)ix->recents.s;
	size_t i = ix->recents.n / sizeof *v;

	while (i && uid < v[i - 1].lo)	/* the last ones are asked for, as a rule */
		i--;
	return i && uid <= v[i - 1].hi;
}

void index_tell(struct index *ix, int what, const struct message *msg)
{
	const struct md_event event = {
		.what = what, .uid = msg->uid, .modseq = msg->modseq, .recent = index_is_recent(ix, msg->uid)
	};

	if (ix->telling)
		buf_add(&ix->events, &event, sizeof event);
}

/* Whoever changed the letters has renamed the file to what they give, unless it can't be, or was seen so
 * already. */
void index_change(struct index *ix, struct message *msg, uint8_t flags, uint32_t keywords, uint64_t modseq)
{
	const uint64_t believed = index_believed_letters(ix, msg);
	const size_t base = index_base(ix, msg).n;
	char name[MDNAME_MAX + 1];

	index_name(ix, msg, name);
	count(ix, msg, false);
	msg->flags = flags;
	count(ix, msg, true);
	msg->keywords = keywords;
	msg->modseq = modseq;
	changed_note(&ix->newest, (size_t)(msg - all(ix)), modseq);
	if (!mdname_fits(index_base(ix, msg), index_letters(ix, msg)))
		index_believe(ix, msg, str_z(name + MIN(base, (size_t)MDNAME_MAX)), msg->state & AT_NEW);
	else if (index_letters(ix, msg) != believed)
		forget_suffix(ix, msg);
	else if (msg->state & AT_ODD) /* it may not be odd any more */
		index_believe(ix, msg, odd_suffix(ix, msg), msg->state & AT_NEW);
	index_tell(ix, MD_CHANGED, msg);
}

/* All places from [from, to) have become holes, if they were not. */
static void add_holes(struct index *ix, size_t from, size_t to)
{
	const size_t before = holes_below(ix, from), inside = holes_below(ix, to) - before;
	const size_t more = to - from - inside, behind = hole_count(ix) - before - inside;
	uint32_t *holes = (void *)(buf_reserve(&ix->holes, more * sizeof *holes) - ix->holes.n);

	if (behind)
		memmove(holes + before + (to - from), holes + before + inside, behind * sizeof *holes);
	for (size_t place = from; place < to; place++)
		holes[before + (place - from)] = (uint32_t)place;
	ix->holes.n += more * sizeof *holes;
}

/* Moves the messages together. */
static void close_holes(struct index *ix)
{
	struct message *v = all(ix);
	size_t left = 0;

	buf_clear(&ix->newest);
	for (size_t i = 0; i < all_count(ix); i++)
		if (!(v[i].state & GONE)) {
			changed_note(&ix->newest, left, v[i].modseq);
			v[left++] = v[i];
		}
	ix->messages.n = left * sizeof *v;
	buf_clear(&ix->holes);
}

void index_expunge(struct index *ix, const struct tomb *tomb)
{
	const size_t from = index_place(ix, tomb->lo);
	size_t to = from;

	for (; to < all_count(ix) && all(ix)[to].uid <= tomb->hi; to++) {
		struct message *msg = &all(ix)[to];

		if (msg->state & GONE)
			continue;
		drop_name(ix, msg);
		count(ix, msg, false);
		msg->modseq = tomb->modseq;
		index_tell(ix, MD_EXPUNGED, msg);
		msg->state |= GONE;
	}
	if (to > from)
		add_holes(ix, from, to);
	buf_add(&ix->tombs, tomb, sizeof *tomb);
	if (hole_count(ix) > HOLES_MIN + index_count(ix) / 8)
		close_holes(ix);
	pack_names(ix);
}

void index_renumber(struct index *ix, uint32_t uidvalidity)
{
	close_holes(ix);
	for (size_t i = 0; i < index_count(ix); i++)
		index_at(ix, i)->uid = (uint32_t)i + 1;
	buf_clear(&ix->slots);
	buf_clear(&ix->tombs);
	buf_clear(&ix->recents);
	ix->unseen_from = ix->new_from = 0;
	ix->floor = ix->modseq;
	ix->uidnext = (uint32_t)index_count(ix) + 1;
	ix->recent = ix->uidnext - 1;
	ix->uidvalidity = uidvalidity;
	ix->dirs_known = false;
}

/* What is known of the file, and not from the journal. */
static void inherit(struct index *now, struct message *msg, const struct index *ix, const struct message *was)
{
	msg->seen = was->seen;
	if (!str_eq(index_base(now, msg), index_base(ix, was)))
		return;
	if (was->state & AT_ODD && index_believed_letters(ix, was) == index_letters(now, msg))
		index_believe(now, msg, odd_suffix(ix, was), was->state & AT_NEW);
	else if ((was->state & ~AT_DOUBT) == AT_NEW && index_letters(now, msg) == index_letters(ix, was))
		be_new(now, msg);
	msg->state |= was->state & AT_DOUBT;
}

void index_replace(struct index *ix, struct index *now)
{
	size_t i = 0, j = 0;

	now->events = ix->events;
	ix->events = (struct buf){ 0 };
	now->recents = ix->recents;
	ix->recents = (struct buf){ 0 };
	now->telling = ix->telling;
	while (i < index_count(ix) || j < index_count(now)) {
		struct message *was = i < index_count(ix) ? index_at(ix, i) : NULL;
		struct message *msg = j < index_count(now) ? index_at(now, j) : NULL;

		if (!was || (msg && msg->uid < was->uid)) {
			index_tell(now, MD_NEW, msg);
			j++;
		} else if (!msg || was->uid < msg->uid) {
			was->modseq = now->modseq;
			index_tell(now, MD_EXPUNGED, was);
			i++;
		} else {
			inherit(now, msg, ix, was);
			if (msg->modseq != was->modseq)
				index_tell(now, MD_CHANGED, msg);
			i++;
			j++;
		}
	}
	index_release(ix);
	*ix = *now;
	index_init(now, ix->keywords);
}
