/* warm.c: facts of new mail, made while it is at hand, so that they are there when a client asks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fetch.h"
#include "view.h"
#include "warm.h"

/* Of more messages than this the last ones: who puts thousands into a folder is not kept from leaving. */
enum { WARM_MAX = 250 };

struct warm {
	struct buf folder;		/* the last one; what came into others is made when it is asked for */
	char mailboxid[32];
	uint32_t uidvalidity;
	struct uids uids;		/* ascending, each once */
};

/* Forgets those of another folder. */
static struct warm *warm_of(struct session *s, struct str folder, const struct maildir *box)
{
	struct warm *w = s->warm;

	if (!w) {
		w = s->warm = must_alloc(sizeof *w);
		*w = (struct warm){ 0 };
	}
	if (w->uidvalidity != maildir_uidvalidity(box) || strcmp(w->mailboxid, maildir_mailboxid(box)) != 0)
		w->uids.n = 0;
	w->uidvalidity = maildir_uidvalidity(box);
	snprintf(w->mailboxid, sizeof w->mailboxid, "%s", maildir_mailboxid(box));
	buf_clear(&w->folder);
	buf_str(&w->folder, folder);
	return w;
}

void warm_note(struct session *s, struct str folder, const struct maildir *box, const uint32_t *uids, size_t n)
{
	struct uids *u;

	if (n == 0 || !maildir_cache(box))
		return;
	u = &warm_of(s, folder, box)->uids;
	for (size_t i = n > WARM_MAX ? n - WARM_MAX : 0; i < n; i++)
		if (u->n == 0 || u->v[u->n - 1] < uids[i])
			uids_push(u, uids[i]);
	if (u->n <= WARM_MAX)
		return;
	memmove(u->v, u->v + u->n - WARM_MAX, WARM_MAX * sizeof *u->v);
	u->n = WARM_MAX;
}

/* Nobody is told if it fails: then it is made when it is asked for. */
static void make(struct maildir *box, uint32_t uid, unsigned kinds)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct fetching f;
	const int r = fetching_begin(&f, box, uid, &a);

	f.unasked = true;
	if (r == 0)
		(void)fetching_need(&f, kinds << 16);
	fetching_end(&f);
}

void warm_up(struct session *s, bool at_end)
{
	_cleanup_(maildir_closep) struct maildir *opened = NULL;
	struct cache *cache = s->store.config.cache;
	struct warm *w = s->warm;
	struct maildir *box;
	unsigned kinds;

	if (!w || w->uids.n == 0)
		return;
	kinds = cache_asked(cache, w->mailboxid, w->uidvalidity) & ((1u << FACTS) - 1);
	cache_rest(cache);
	if (!kinds || session_open(s, buf_view(&w->folder), MD_READONLY, &opened, &box) < 0)
		w->uids.n = 0;
	while (w->uids.n && (at_end || wait_for(&s->conn.wait, WAIT_CLIENT_IN | WAIT_STOP, 0) == 0))
		make(box, w->uids.v[--w->uids.n], kinds);	/* the newest first */
	cache_commit(cache, 0);
	cache_rest(cache);
}

void warm_free(struct session *s)
{
	if (!s->warm)
		return;
	free(s->warm->uids.v);
	buf_release(&s->warm->folder);
	free(s->warm);
	s->warm = NULL;
}
