/* auth/scram.h: the server's half of SCRAM (RFC 5802, 7677): what is in messages, and whether they prove anything */
#pragma once
#include "auth/scramkeys.h"

enum { SCRAM_NONCE_MAX = 1024 };

/* All zero is one that has not begun. */
struct scram {
	struct buf room;     /* the client's first message; what follows points into it */
	struct str header;   /* gs2-header, with its last comma */
	struct str bare;     /* what is behind it */
	char flag;	     /* n: the client can't bind; y: it thinks that we can't; p: it does */
	struct str binding;  /* with p: the type */
	struct buf user;     /* after saslprep() */
	struct buf authzid;  /* the same; empty: none */
	struct buf nonce;    /* the client's, then both */
	struct buf data;     /* gs2-header and channel binding, as c= will have them */
	struct buf first;    /* our first message */
	struct scram_keys keys;
};
void scram_release(struct scram *s); /* wipes; for _cleanup_ */

/* client-first-message (RFC 5802 7). False if it is none, or wants an extension (m=). */
bool scram_begin(struct scram *s, struct str message);

/* Whether channel bindings are as they must be. plus: the mechanism is a -PLUS one. bindings: what there are, each
 * "type=hex", one blank between; if there are any, -PLUS was offered, and a client that thinks otherwise has been
 * lied to (RFC 5802 6).
 */
bool scram_bind(struct scram *s, bool plus, struct str bindings);

/* Adds server-first-message to ret; nonce is ours, printable and without a comma. */
void scram_challenge(struct scram *s, const struct scram_keys *keys, struct str nonce, struct buf *ret);

/* client-final-message: whether it proves that the client knows the password. Then adds server-final-message to ret. */
bool scram_finish(const struct scram *s, struct str message, struct buf *ret);
