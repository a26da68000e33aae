/* context.h: searches whose results are kept, and told when they change (RFC 5267 4.3) */
#pragma once
#include "results.h"
#include "search.h"
#include "sort.h"

enum {
	CONTEXTS = 16,		/* at once, of which */
	CONTEXTS_SORTED = 4,	/* have an order of their own: more memory for each message */
};

/* Whether the tag is one of a context: it can't be another's. */
bool context_is(const struct session *s, struct str tag);
enum verdict cmd_tag_reuse(struct command *cmd);

/* Begins one in the selected mailbox. program is the command at its RETURN, and known to be right. mailbox is told with every
 * change, unless its s is NULL. NULL: there are too many.
 */
struct context *context_begin(struct session *s, const struct command *program, bool sorted, struct str mailbox);
/* "* NO [NOUPDATE tag]" if UPDATE was asked for and nothing was begun (4.3.1). */
void context_tell_refused(struct session *s, const struct returns *returns, struct str tag);
/* What was found, all of it; uids ascending. */
void context_found(struct context *c, const uint32_t *uids, size_t n);
/* What was sorted, all of it, in the context's arena. */
void context_sorted(struct context *c, const struct sorting *sorting);
struct arena *context_arena(struct context *c);

/* No more is told of what these tags began. False: one of them has begun nothing, and all is as before. */
bool context_cancel(struct session *s, struct strs tags);
void contexts_free(struct session *s);

/* Tells that messages are gone: before their EXPUNGE (4.3.4). For s->contexts not NULL, as the next. */
void contexts_tell_gone(struct session *s);
/* Compares what the view has as touched, and tells what has changed: after EXISTS and FETCH (4.3.3, RFC 5465 5.2, 5.3).
 * What costs much is put off to the next time.
 */
void contexts_tell(struct session *s);
