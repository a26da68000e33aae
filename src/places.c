/* places.c: where the parts of a message are in its file, as a fact
 *
 * For each part, those in it behind it: how deep it is, its kind, its encoding, an octet each; where its header and its body begin, and
 * where it ends, 8 octets each, little-endian.
 */
#include <endian.h>
#include <string.h>
#include "mail/decode.h"
#include "places.h"

enum { OCTETS = 3, OFFSETS = 3, SIZE = OCTETS + OFFSETS * sizeof(uint64_t), DEEPEST = 255 };

static const char *const encodings[] = {
	[ENCODING_NONE] = "7bit",
	[ENCODING_QP] = "quoted-printable",
	[ENCODING_BASE64] = "base64",
	[ENCODING_UUENCODE] = "x-uuencode",
	[ENCODING_UNKNOWN] = "unknown",
};

static void put(struct buf *b, const struct part *p, uint8_t depth)
{
	const uint8_t octets[OCTETS] = { depth, (uint8_t)p->kind, (uint8_t)encoding_of(p->encoding) };
	const uint64_t offsets[OFFSETS] = { htole64((uint64_t)p->header), htole64((uint64_t)p->body), htole64((uint64_t)p->end) };

	buf_add(b, octets, sizeof octets);
	buf_add(b, offsets, sizeof offsets);
	for (const struct part *child = p->child; child; child = child->next)
		put(b, child, depth + 1);
}

void places_make(struct buf *ret, const struct part *root)
{
	put(ret, root, 0);
}

static bool take(const char *p, uint8_t *ret_depth, struct part *ret)
{
	uint64_t offsets[OFFSETS];
	uint8_t octets[OCTETS];

	memcpy(octets, p, sizeof octets);
	memcpy(offsets, p + sizeof octets, sizeof offsets);
	for (size_t i = 0; i < OFFSETS; i++)
		offsets[i] = le64toh(offsets[i]);
	if (octets[1] > PART_MESSAGE || octets[2] >= COUNT(encodings) || offsets[0] > offsets[1] || offsets[1] > offsets[2] ||
	    offsets[2] > INT64_MAX)
		return false;
	*ret = (struct part){ .kind = octets[1], .encoding = str_z(encodings[octets[2]]), .header = (off_t)offsets[0],
			      .body = (off_t)offsets[1], .end = (off_t)offsets[2] };
	*ret_depth = octets[0];
	return true;
}

/* Puts p behind the last part, as deep as it is. False if it can't be there. path[d] is the last part of depth d. */
static bool append(struct part *path[static DEEPEST + 1], const struct part *last, struct part *p, uint8_t depth)
{
	struct part *parent = depth ? path[depth - 1] : NULL;

	if (!parent || (last->kind != PART_LEAF && last != parent))	/* what is no leaf has something in it */
		return false;
	if (parent->kind == PART_LEAF || (parent->kind == PART_MESSAGE && parent->child))
		return false;
	p->parent = parent;
	if (parent->child)
		path[depth]->next = p;
	else
		parent->child = p;
	return true;
}

bool places_read(struct str fact, struct arena *a, struct part **ret)
{
	struct part *path[DEEPEST + 1] = { 0 }, *last = NULL;
	uint8_t depth, before = 0;

	if (fact.n == 0 || fact.n % SIZE)
		return false;
	for (; fact.n; fact = str_from(fact, SIZE)) {
		struct part *p = arena_alloc(a, sizeof *p);

		if (!take(fact.s, &depth, p) || (last ? depth > before + 1 || !append(path, last, p, depth) : depth > 0))
			return false;
		path[depth] = last = p;
		before = depth;
	}
	if (last->kind != PART_LEAF)
		return false;
	*ret = path[0];
	return true;
}
