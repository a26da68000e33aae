/* maildir/slots.c: a folder's messages by their base names */
#include <string.h>
#include "maildir/index.h"

static uint64_t hash(struct str base)
{
	uint64_t h = base.n, word;

	for (; base.n >= sizeof word; base = str_from(base, sizeof word)) {
		memcpy(&word, base.s, sizeof word);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	word = 0;
	if (base.n)
		memcpy(&word, base.s, base.n);
	h = (h ^ word) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

static size_t slot_count(const struct index *ix)
{
	return ix->slots.n / sizeof(uint32_t);
}

static void place(const struct index *ix, const struct message *msg, uint32_t *slots, size_t count)
{
	size_t i = (size_t)hash(index_base(ix, msg)) & (count - 1);

	for (size_t left = count; slots[i] && left--;)
		i = (i + 1) & (count - 1);
	slots[i] = msg->uid;
}

void index_make_slots(const struct index *ix, struct buf *ret)
{
	size_t want = 64;

	while (want < 3 * (index_count(ix) + 1))
		want *= 2;
	buf_clear(ret);
	memset(buf_reserve(ret, want * sizeof(uint32_t)), 0, want * sizeof(uint32_t));
	ret->n = want * sizeof(uint32_t);
	for (size_t i = 0; i < index_count(ix); i++)
		place(ix, index_at(ix, i), (void *)ret->s, want);
}

static uint32_t last_uid(const struct index *ix)
{
	return index_at(ix, index_count(ix) - 1)->uid;
}

static void place_all(struct index *ix)
{
	index_make_slots(ix, &ix->slots);
	ix->slots_used = index_count(ix);
	ix->slots_last = last_uid(ix);
}

static void enter(struct index *ix, const struct message *msg)
{
	if ((ix->slots_used + 1) * 3 > slot_count(ix) * 2) {
		place_all(ix);
		return;
	}
	place(ix, msg, (void *)ix->slots.s, slot_count(ix));
	ix->slots_used++;
	ix->slots_last = MAX(ix->slots_last, msg->uid);
}

/* Who only reads does without the table; and each entry may be on a page of its own, so what a snapshot does not have is not
 * entered before it is looked for.
 */
static void enter_rest(struct index *ix)
{
	if (ix->slots.n == 0)
		place_all(ix);
	if (last_uid(ix) <= ix->slots_last)
		return;
	for (size_t i = index_position(ix, ix->slots_last + 1); i < index_count(ix); i++)
		if (index_at(ix, i)->uid > ix->slots_last)
			enter(ix, index_at(ix, i));
}

/* UIDs of messages that are gone stay in the table. */
struct message *index_find_base(struct index *ix, struct str base)
{
	const uint32_t *slots;
	size_t mask, i, left;

	if (index_count(ix) == 0)
		return NULL;
	enter_rest(ix);
	slots = (void *)ix->slots.s;
	mask = slot_count(ix) - 1;
	for (i = (size_t)hash(base) & mask, left = mask; slots[i] && left--; i = (i + 1) & mask) {
		struct message *msg = index_find(ix, slots[i]);

		if (msg && str_eq(index_base(ix, msg), base))
			return msg;
	}
	return NULL;
}

void index_enter_renamed(struct index *ix, const struct message *msg)
{
	if (ix->slots.n && msg->uid <= ix->slots_last)
		enter(ix, msg);
}
