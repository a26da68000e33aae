/* auth/exchange.h: SCRAM and CRAM-MD5 with a client, through the monitor, for users in a file */
#pragma once
#include "auth/scramkeys.h"
#include "auth/users.h"

#define EXCHANGES "SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-1 SCRAM-SHA-1-PLUS CRAM-MD5"

/* Speaks with the client as IMAPMECHANISM, one of EXCHANGES, has it; message is what the client has said. Returns 0 and the
 * entry of who has proved to know the password (it points into file or arena), or the exit code. Users who do not exist, or
 * have nothing to prove it with, are challenged like others, with the same salt each time.
 */
int exchange(struct str message, struct str file, struct arena *arena, struct users_entry *ret);

/* Whether digest is CRAM-MD5's of the challenge, with the password as its key (RFC 2195 2). */
bool exchange_cram_md5(struct str secret, struct str challenge, struct str digest);

/* What a user without keys for SCRAM is taken to have: name is in full. Nothing proves to be that user. */
void exchange_lookalike(struct str file, struct str name, enum hash hash, struct scram_keys *ret);
