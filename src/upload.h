/* upload.h: messages on their way from a client into a folder: for APPEND and REPLACE */
#pragma once
#include "command.h"
#include "session.h"
#include "urls.h"

enum { UPLOAD_MAX = 10000 };	/* messages in one command */

/* Where a command has got to that is read while its messages come. Functions return OK, or the verdict to end it with. */
struct upload {
	struct session *s;
	struct command *cmd;
	struct maildir *box;		/* where they go */
	struct maildir *opened;		/* the same, if it is ours to close */
	struct str folder;
	struct md_tmp *v;		/* messages, in tmp/ */
	size_t n;

	/* The one that is being taken in. */
	uint64_t octets;		/* of it, as they came */
	bool binary;			/* it is a literal8: kept octet by octet, for binary.c */
	bool cr;			/* the last octet was a CR, and is not written yet */
	struct buf stored;

	struct url_source source;	/* of CATENATE's URLs */
};

void upload_release(struct upload *u);	/* for _cleanup_; what was not delivered is gone */

/* SP mailbox, which may be a literal: opens it. */
enum verdict upload_mailbox(struct upload *u);
/* append-message, or 1*append-message if many, up to the end of the command (RFC 3502, RFC 4466 3). */
enum verdict upload_messages(struct upload *u, bool many);
/* Delivers all, or none. *ret_code is "APPENDUID v set". */
enum verdict upload_deliver(struct upload *u, const char **ret_code, uint32_t **ret_uids);

/* More octets of the current message; CRLF is stored as LF unless it is binary. */
int upload_store(struct upload *u, struct str octets);
/* The same, for what came from the client: counted, and held against APPENDLIMIT. */
enum verdict upload_octets(struct upload *u, struct str octets);

/* catenate.c: the octets that a URL means, as upload_octets() (RFC 4469). */
enum verdict upload_url(struct upload *u, struct str url);
