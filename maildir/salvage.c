/* maildir/salvage.c: writing a whole journal, and what can be saved of a damaged one */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "maildir/journal.h"

enum { LINES_AT_ONCE = 1000, TOMBS_MAX = 100000, TOMB_AGE = 90 * 86400 };

/* A file that is being written, piece by piece. */
struct out {
	int fd, r; /* r: the first failure; nothing more is written then */
	struct buf b;
	size_t from, lines; /* where the transaction begins, and how many lines it has */
};

static void end_transaction(struct out *o, uint32_t uidnext, uint64_t modseq)
{
	journal_end(&o->b, o->from, &(struct txn_end){ .uidnext = uidnext, .modseq = modseq });
	if (o->r >= 0 && o->b.n > 0)
		o->r = fd_write_all(o->fd, o->b.s, o->b.n);
	buf_clear(&o->b);
	o->from = o->lines = 0;
}

static void put_header(struct out *o, const struct index *ix)
{
	buf_printf(&o->b, "imapd-journal 1 %" PRIu32 " %s ", ix->uidvalidity, ix->mailboxid);
	buf_printf(&o->b, "%08" PRIx32 "\n", journal_sum(buf_view(&o->b)));
	o->from = o->b.n;
}

static void put_messages(struct out *o, const struct index *ix)
{
	for (size_t i = 0; i < index_count(ix); i++) {
		const struct message *msg = index_at(ix, i);

		line_write(&o->b, ix->keywords, line_message(msg, index_base(ix, msg)));
		if (++o->lines == LINES_AT_ONCE)
			end_transaction(o, msg->uid + 1, ix->modseq);
	}
}

/* The newest of those that are young enough; what is left out makes the floor. */
static void put_tombs(struct out *o, const struct index *ix)
{
	const struct tomb *v = (void *)ix->tombs.s;
	const size_t n = ix->tombs.n / sizeof *v;
	const uint64_t now = clock_unix();
	uint64_t floor = ix->floor;
	size_t first = n > TOMBS_MAX ? n - TOMBS_MAX : 0;

	while (first < n && v[first].time + TOMB_AGE < now)
		first++;
	if (first)
		floor = MAX(floor, v[first - 1].modseq);
	if (floor)
		line_write(&o->b, ix->keywords, line_floor(floor));
	for (size_t i = first; i < n; i++)
		line_write(&o->b, ix->keywords, line_expunge(&v[i]));
}

static void put_all(struct out *o, const struct index *ix)
{
	const struct boot *boots = (void *)ix->boots.s;

	put_header(o, ix);
	for (size_t i = 0; i < ix->keywords->n; i++)
		line_write(&o->b, ix->keywords, line_keyword(i, &ix->keywords->v[i]));
	for (size_t i = 0; i < ix->boots.n / sizeof *boots; i++)
		line_write(&o->b, ix->keywords, line_boot(&boots[i]));
	put_messages(o, ix);
	end_transaction(o, ix->uidnext, ix->modseq);
	put_tombs(o, ix);
	line_write(&o->b, ix->keywords, line_recent(ix->recent));
	if (ix->dirs_known && !ix->dirs_stale)
		line_write(&o->b, ix->keywords, line_dirs(ix->dirs, ix->dirs_unmoved));
	end_transaction(o, ix->uidnext, ix->modseq);
}

int journal_write(int dir, int tmp, const char *name, const struct index *ix, bool sync)
{
	struct out o = { .fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) };

	if (o.fd < 0)
		return -errno;
	put_all(&o, ix);
	buf_release(&o.b);
	if (o.r >= 0 && sync && fsync(o.fd) < 0)
		o.r = -errno;
	if (close(o.fd) < 0 && o.r >= 0)
		o.r = -errno;
	if (o.r >= 0 && renameat(tmp, name, dir, JOURNAL_NAME) < 0)
		o.r = -errno;
	if (o.r < 0) {
		unlinkat(tmp, name, 0);
		return o.r;
	}
	return sync && fsync(dir) < 0 ? -errno : 0;
}

/* Each line that can be meant, whatever is around it. Returns -EPROTONOSUPPORT, or 0. */
static int apply_lines(struct index *ix, struct str rest, const struct line_bounds *below, bool sound)
{
	struct str line;

	while (str_cut(&rest, '\n', &line))
		if (line_apply(ix, line, below) == -EPROTONOSUPPORT && sound)
			return -EPROTONOSUPPORT;
	return 0;
}

static uint32_t uid_above(uint32_t uid, uint64_t lost)
{
	return (uint32_t)MIN((uint64_t)uid + lost, (uint64_t)UINT32_MAX);
}

/* A line for a message takes more than 8 octets: so many lost octets can't have held more UIDs or
 * mod-sequences. A transaction after them that is sound says where it went on; if there is none, that many
 * are left out. One that is sound and goes back, where nothing is lost, was written by somebody who did not know of the one before: he had lost the
 * lock, and has told nobody that it is done.
 */
static int apply_text(struct index *ix, struct str s)
{
	uint64_t lost = 0;
	size_t n;

	for (; (n = journal_cut(s)) > 0; s = str_from(s, n)) {
		const struct str whole = str_head(s, n);
		struct txn_end end;
		struct str lines;
		const bool sound = journal_check(whole, &end, &lines), goes_on = sound && end.uidnext >= ix->uidnext && end.modseq >= ix->modseq;

		if (sound && !goes_on && lost == 0)
			continue;
		if (goes_on) {
			const struct line_bounds below = { .uid = end.uidnext,
							   .modseq = end.modseq + 1,
							   .lenient = true };

			if (apply_lines(ix, lines, &below, true) < 0)
				return -EPROTONOSUPPORT;
			ix->uidnext = end.uidnext;
			ix->modseq = end.modseq;
			lost = 0;
		} else {
			const struct line_bounds below = { .uid = uid_above(ix->uidnext,
									    lost / 8 + n / 8 + 1),
							   .modseq = ix->modseq + lost / 8 + n / 8 + 2,
							   .lenient = true };

			apply_lines(ix, whole, &below, false);
			lost += n;
		}
	}
	lost += s.n;
	if (lost) {
		ix->uidnext = uid_above(ix->uidnext, lost / 8 + 1);
		ix->modseq += lost / 8 + 1;
	}
	return 0;
}

int journal_salvage(int dir, struct index *ix)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	int version, r = fd_slurp_at(dir, JOURNAL_NAME, (size_t)4 << 30, &b);
	struct str s = buf_view(&b), line = str_head(s, str_find(s, '\n'));

	if (r < 0)
		return r;
	if (!journal_header(line, ix, &version)) {
		if (version > 1)
			return -EPROTONOSUPPORT;
		ix->uidvalidity = 0;
	}
	r = apply_text(ix, str_from(s, MIN(line.n + 1, s.n)));
	if (r < 0)
		return r;
	ix->floor = MAX(ix->floor, ix->modseq);
	if (ix->uidnext == UINT32_MAX)
		ix->uidvalidity = 0;
	ix->dirs_known = false;
	return 0;
}
