/* maildir/changed.c: what has changed since a mod-sequence (RFC 7162), without looking at what has not */
#include <stdlib.h>
#include <string.h>
#include "maildir/box.h"

enum { STRETCH = 256 };	/* places of messages that share an entry of index.newest */

size_t changed_stretches(size_t places)
{
	return (places + STRETCH - 1) / STRETCH;
}

void changed_note(struct buf *newest, size_t place, uint64_t modseq)
{
	const size_t i = place / STRETCH;
	uint64_t *v;

	while (newest->n / sizeof *v <= i)
		buf_add(newest, &(uint64_t){ 0 }, sizeof *v);
	v = (void *)newest->s;
	v[i] = MAX(v[i], modseq);
}

static int compare_ranges(const void *a, const void *b)
{
	const struct md_range *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

void maildir_vanished(const struct maildir *m, uint64_t modseq, struct arena *a, struct md_range **ret,
		      size_t *ret_n, bool *ret_all)
{
	const struct tomb *tombs = (void *)m->index.tombs.s;
	const size_t count = m->index.tombs.n / sizeof *tombs;
	struct md_range *v;
	size_t n = 0, first = count, left = 0;

	while (first > 0 && tombs[first - 1].modseq > modseq)
		first--;
	v = arena_alloc(a, (count - first) * sizeof *v);
	for (size_t i = first; i < count; i++)
		v[n++] = (struct md_range){ tombs[i].lo, tombs[i].hi };
	if (n)
		qsort(v, n, sizeof *v, compare_ranges);
	for (size_t i = 0; i < n; i++) /* what touches or overlaps is one */
		if (left && v[i].lo <= v[left - 1].hi + 1)
			v[left - 1].hi = MAX(v[left - 1].hi, v[i].hi);
		else
			v[left++] = v[i];
	*ret = v;
	*ret_n = left;
	*ret_all = modseq >= m->index.floor;
}

void maildir_changed(const struct maildir *m, uint64_t modseq, struct md_range among, struct buf *uids)
{
	const struct message *v = (void *)m->index.messages.s; /* with holes */
	const uint64_t *newest = (void *)m->index.newest.s;
	const size_t all = modseq < m->index.modseq ? m->index.messages.n / sizeof *v : 0;

	for (size_t i = all ? index_place(&m->index, among.lo) : 0; i < all; i++) {
		if (i % STRETCH == 0 && newest[i / STRETCH] <= modseq) {
			i += STRETCH - 1;
			continue;
		}
		if (v[i].uid > among.hi)
			break;
		if (v[i].modseq > modseq && !(v[i].state & GONE))
			buf_add(uids, &v[i].uid, sizeof v[i].uid);
	}
}
