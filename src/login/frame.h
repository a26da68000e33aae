/* login/frame.h: what the monitor and its forked children say to each other (doc/CHAIN.md) */
#pragma once
#include "base/str.h"

/* One datagram: the kind, then fields, each but the last ended by NUL. The last may hold any octet. */
enum frame_kind {
	FRAME_TRY = 'T',      /* tag, mechanism, user, secret */
	FRAME_RESPONSE = 'R', /* octets */
	FRAME_CANCEL = 'X',
	FRAME_STARTTLS = 'S',
	FRAME_GIVEUP = 'G', /* "L" or "D", octets received, octets sent */
	FRAME_PROXY = 'P',  /* octets (proxy.h) */

	FRAME_OK = 'O',
	FRAME_NO = 'N',	       /* code, text, and if this is the end what to say with BYE */
	FRAME_CHALLENGE = 'C', /* octets */
	FRAME_BYE = 'B',       /* text */
};
enum { FRAME_FIELDS = 4, FRAME_MAX = 49152 };

struct frame {
	enum frame_kind kind;
	struct str fields; /* all of them; points into room */
	char room[FRAME_MAX];
};

/* Returns 0 or a negative errno: -EMSGSIZE if it would be longer than FRAME_MAX, -EINVAL if a field but the
 * last holds a NUL. Leaves no copy of the fields behind.
 */
int frame_send(int sock, enum frame_kind kind, const struct str *fields, size_t n);

/* Waits for one. Returns 1, 0 if the other side is gone, -EBADMSG if it is no frame, or another negative
 * errno. */
int frame_recv(int sock, struct frame *ret);
void frame_wipe(struct frame *f); /* what frame_recv() put there; the fields must have been zero before that */

/* Exactly n fields (at most FRAME_FIELDS), else false. */
bool frame_fields(const struct frame *f, size_t n, struct str *ret);
