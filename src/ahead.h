/* ahead.h: facts of the messages that come next are made by other threads, while the first one answers */
#pragma once
#include "fetch.h"

/* Where many messages have to be read. The other threads open and read files and make facts of them, each of a few messages at a time, and
 * know nothing else: neither folder nor cache nor client. What they have made is taken over by the first thread when it comes to that
 * message, as if it had made it itself; what they have not begun by then it does make itself.
 */
struct ahead;

/* Whether so many messages, of which this is one, are worth it: not if there are few of them, or one processor only, or if somebody has made these
 * facts already. needs: those that are facts count.
 */
bool ahead_pays(struct maildir *box, size_t n, uint32_t uid, unsigned needs, bool utf8);
/* uids: ascending, in the order in which ahead_take() will ask for them; the caller's until ahead_end().
 * NULL: it does not pay, or no thread is to be had.
 */
struct ahead *ahead_begin(struct maildir *box, const uint32_t *uids, size_t n, unsigned needs, bool utf8);
/* After fetching_begin() of the i-th: gives f what is known of it, which is good until the next call. */
void ahead_take(struct ahead *a, size_t i, struct fetching *f);
void ahead_end(struct ahead *a);	/* NULL is nothing to end */
