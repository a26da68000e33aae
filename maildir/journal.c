/* maildir/journal.c: reading and appending to the journal of a folder */
#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "maildir/files.h"
#include "maildir/snapshot.h"

enum { CHUNK = 256 * 1024, HEADER_MAX = 256, VERSION = 1 };

void journal_close(struct journal *j)
{
	fd_closep(&j->fd);
	*j = (struct journal){ .fd = -1 };
}

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ le64toh(word)) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* Eight octets at a time: a folder of 500,000 messages has 50 MB of them. */
uint32_t journal_sum(struct str s)
{
	const char *const end = s.s + s.n;
	uint64_t h = s.n, word;

	for (; (size_t)(end - s.s) >= sizeof word; s.s += sizeof word) {
		memcpy(&word, s.s, sizeof word);
		h = mix(h, word);
	}
	if (s.s == end)
		return (uint32_t)h;
	word = 0;
	memcpy(&word, s.s, (size_t)(end - s.s));
	return (uint32_t)mix(h, word);
}

size_t journal_cut(struct str s)
{
	size_t at = 0;

	while (at < s.n) {
		const char *lf = memchr(s.s + at, '\n', s.n - at);
		const size_t next = lf ? (size_t)(lf - s.s) + 1 : 0;

		if (!lf)
			return 0;
		if (s.s[at] == '.')
			return next;
		at = next;
	}
	return 0;
}

static bool get_sum(struct str field, uint32_t *ret)
{
	uint32_t v = 0;

	if (field.n != 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		const char c = field.s[i];

		if (!ascii_digit(c) && (c < 'a' || c > 'f'))
			return false;
		v = v << 4 | (uint32_t)(ascii_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return true;
}

/* That s ends with the sum of what is before it. The sum is taken off. */
static bool check_sum(struct str *s)
{
	const size_t at = s->n >= 8 ? s->n - 8 : 0;
	uint32_t sum;

	if (!get_sum(str_from(*s, at), &sum) || journal_sum(str_head(*s, at)) != sum)
		return false;
	s->n = at;
	return true;
}

bool journal_check(struct str transaction, struct txn_end *ret, struct str *ret_lines)
{
	struct str s = str_head(transaction, transaction.n - 1), end;
	uint64_t uidnext, modseq;
	size_t at;

	if (!check_sum(&s) || s.n == 0)
		return false;
	at = str_rfind(s, '\n');
	end = at < s.n ? str_from(s, at + 1) : s;
	*ret_lines = str_head(s, at < s.n ? at + 1 : 0);
	if (!str_starts(end, STR(". ")))
		return false;
	end = str_from(end, 2);
	if (!line_number(&end, 1, UINT32_MAX, &uidnext) || !line_number(&end, 1, INT64_MAX, &modseq) || end.n)
		return false;
	*ret = (struct txn_end){ .uidnext = (uint32_t)uidnext, .modseq = modseq };
	return true;
}

void journal_end(struct buf *b, size_t from, const struct txn_end *end)
{
	buf_printf(b, ". %" PRIu32 " %" PRIu64 " ", end->uidnext, end->modseq);
	buf_printf(b, "%08" PRIx32 "\n", journal_sum((struct str){ b->s + from, b->n - from }));
}

/* imapd-journal 1 UIDVALIDITY MAILBOXID SUM, without its LF */
bool journal_header(struct str line, struct index *ix, int *ret_version)
{
	uint64_t version, uidvalidity;
	struct str whole = line, field, id;

	*ret_version = 0;
	if (!line_field(&line, &field) || !str_eq(field, STR("imapd-journal")))
		return false;
	if (!line_number(&line, 1, 1000, &version))
		return false;
	*ret_version = (int)version;
	if (version != VERSION || !check_sum(&whole))
		return false;
	if (!line_number(&line, 1, UINT32_MAX, &uidvalidity) || !line_field(&line, &id) ||
	    id.n >= sizeof ix->mailboxid)
		return false;
	ix->uidvalidity = (uint32_t)uidvalidity;
	memcpy(ix->mailboxid, id.s, id.n);
	ix->mailboxid[id.n] = 0;
	return true;
}

int journal_apply(struct index *ix, struct str transaction, uint64_t *lines)
{
	struct txn_end end;
	struct line_bounds below;
	struct str rest, line;

	if (!journal_check(transaction, &end, &rest) || end.uidnext < ix->uidnext || end.modseq < ix->modseq)
		return -EBADMSG;
	below = (struct line_bounds){ .uid = end.uidnext, .modseq = end.modseq + 1 };
	while (str_cut(&rest, '\n', &line) && (line.n || rest.s)) {
		const int r = line_apply(ix, line, &below);

		if (r < 0)
			return r;
		++*lines;
	}
	++*lines;
	ix->uidnext = end.uidnext;
	ix->modseq = end.modseq;
	return 0;
}

/* Reads whole transactions from j->at on. The buffer grows only as far as the longest of them. */
static int read_on(struct journal *j, struct index *ix)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	const uint64_t start = j->at;
	size_t want = CHUNK;
	struct stat st;

	if (fstat(j->fd, &st) == 0 && (uint64_t)st.st_size >= j->at) /* mostly a few lines */
		want = (size_t)MIN((uint64_t)CHUNK, (uint64_t)st.st_size - j->at + 1);
	for (;;) {
		size_t done = 0, n;
		const ssize_t got = fd_pread_all(j->fd, buf_reserve(&b, want), want, (off_t)(j->at + b.n));

		if (got < 0)
			return (int)got;
		b.n += (size_t)got;
		while ((n = journal_cut(str_from(buf_view(&b), done))) > 0) {
			const int r = journal_apply(ix, (struct str){ b.s + done, n }, &j->lines);

			if (r < 0)
				return r;
			done += n;
			j->at += n;
		}
		buf_drop(&b, done);
		if ((size_t)got < want)
			break;
		want = MAX((size_t)CHUNK, b.n);
	}
	j->torn = b.n > 0;
	return j->at > start;
}

static int read_header(struct journal *j, struct index *ix)
{
	char text[HEADER_MAX];
	const ssize_t n = fd_pread_all(j->fd, text, sizeof text, 0);
	const uint32_t expected = ix->uidvalidity;
	struct str s = { text, n > 0 ? (size_t)n : 0 };
	int version;

	if (n < 0)
		return (int)n;
	s.n = str_find(s, '\n');
	if (s.n == (size_t)n || !journal_header(s, ix, &version))
		return s.n < (size_t)n && version > VERSION ? -EPROTONOSUPPORT : -EBADMSG;
	if (expected && ix->uidvalidity != expected)
		return -ESTALE;
	j->at = s.n + 1;
	j->lines = 1;
	return 0;
}

/* NFS does not look again at pages it has of a file that is open for writing here, however much of it other machines write: so
 * none are kept. There is no O_APPEND then. */
static int keep_no_pages(const struct journal *j)
{
	return fcntl(j->fd, F_SETFL, O_DIRECT) < 0 ? -errno : 0;
}

static int open_file(int dir, struct journal *j)
{
	struct stat st;
	int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

	j->writable = true;
	j->fd = openat(dir, JOURNAL_NAME, flags);
	if (j->fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM)) {
		j->writable = false;
		flags = (flags & ~(O_RDWR | O_APPEND)) | O_RDONLY;
		j->fd = openat(dir, JOURNAL_NAME, flags);
	}
	if (j->fd < 0 || fstat(j->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	j->dev = st.st_dev;
	j->ino = st.st_ino;
	j->mtime = st.st_mtim;
	return 0;
}

int journal_open(int dir, int snapshots, struct index *ix, struct journal *ret)
{
	struct journal j = { .fd = -1 };
	int r = open_file(dir, &j);

	j.nfs = r >= 0 && files_nfs(j.fd);
	if (j.nfs)
		r = keep_no_pages(&j);
	if (r >= 0)
		r = read_header(&j, ix);
	if (r >= 0 && snapshots >= 0)
		snapshot_load(snapshots, &j, ix);
	if (r >= 0)
		r = read_on(&j, ix);
	if (r < 0) {
		journal_close(&j);
		return r;
	}
	*ret = j;
	return 0;
}

int journal_tail(struct journal *j, struct index *ix)
{
	struct stat st;

	if (fstat(j->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < j->at)
		return -EBADMSG;
	if ((uint64_t)st.st_size == j->at) {
		j->torn = false;
		return 0;
	}
	return read_on(j, ix);
}

bool journal_cut_off(const struct journal *j)
{
	struct stat st;

	return fstat(j->fd, &st) == 0 && (uint64_t)st.st_size < j->at;
}

int journal_reopen(struct journal *j, int dir)
{
	struct journal now = { .fd = -1 };
	int r = open_file(dir, &now);

	if (r == 0)
		r = now.dev != j->dev || now.ino != j->ino || now.writable != j->writable;
	if (r == 0 && j->nfs)
		r = keep_no_pages(&now);
	if (r == 0) {
		const int fd = j->fd;

		j->fd = now.fd;
		now.fd = fd;
	}
	journal_close(&now);
	return r;
}

int journal_replaced(const struct journal *j, int dir)
{
	struct stat st;

	if (fstatat(dir, JOURNAL_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return st.st_dev != j->dev || st.st_ino != j->ino;
}

void txn_begin(struct txn *t, const struct index *ix)
{
	t->keywords = ix->keywords;
	buf_clear(&t->text);
	buf_clear(&t->lines);
	t->uidnext = ix->uidnext;
	t->modseq = ix->modseq + 1;
}

void txn_release(struct txn *t)
{
	buf_release(&t->text);
	buf_release(&t->lines);
}

void txn_add(struct txn *t, struct line l)
{
	line_write(&t->text, t->keywords, l);
	buf_add(&t->lines, &l, sizeof l);
}

void txn_run_end(struct txn *t, struct txn_run *run)
{
	if (run->lo)
		txn_add(t, line_change((struct md_range){ run->lo, run->as.uid }, &run->as));
	run->lo = 0;
}

void txn_run_add(struct txn *t, struct txn_run *run, const struct message *as, size_t position)
{
	const bool same = run->lo && position == run->position + 1 && run->as.flags == as->flags &&
			  run->as.keywords == as->keywords;

	if (!same) {
		txn_run_end(t, run);
		run->lo = as->uid;
	}
	run->as = *as;
	run->position = position;
}

int txn_apply(const struct txn *t, struct index *ix)
{
	const struct line *v = (void *)t->lines.s;
	const size_t n = t->lines.n / sizeof *v;
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		if (i + STR_AHEAD < n)
			str_prefetch(v[i + STR_AHEAD].name);
		r = line_do(ix, &v[i]);
	}
	if (r < 0)
		return r;
	ix->uidnext = t->uidnext;
	ix->modseq = t->modseq;
	return 0;
}

bool txn_is_readable(const struct txn *t, const struct index *ix)
{
	const struct line_bounds below = { .uid = t->uidnext, .modseq = t->modseq + 1 };
	struct str rest = buf_view(&t->text), line;
	struct index as = *ix;	/* lines are read by its numbers only */

	if (t->uidnext < ix->uidnext || t->modseq < ix->modseq)
		return false;
	while (str_cut(&rest, '\n', &line) && line.n) {
		struct line_names names;
		struct line l;

		if (line_read(&as, line, &below, &names, &l) < 0)
			return false;
		if (l.kind == '+')
			as.uidnext = l.uids.lo + 1;
	}
	return true;
}

/* The mark is the time of the last access, which means nothing else here: an hour after the last change, so that reading
 * leaves it alone (mount(8), relatime), and with the octet for its nanoseconds, as two changes may have one time. Whoever changes the file
 * undoes it, and where it can't be made the disk is waited for again.
 */
enum { MARK_S = 3600, MARK_NS = 1000000000 };

bool journal_durable(const struct journal *j, const struct stat *st)
{
	return (uint64_t)st->st_size == j->at && st->st_atim.tv_sec == st->st_mtim.tv_sec + MARK_S &&
	       (uint64_t)st->st_atim.tv_nsec == j->at % MARK_NS;
}

void journal_mark_durable(const struct journal *j, uint64_t at)
{
	struct timespec times[2] = { { .tv_nsec = (long)(at % MARK_NS) }, { .tv_nsec = UTIME_OMIT } };
	struct stat st;

	if (j->nfs || fstat(j->fd, &st) < 0)
		return;
	times[0].tv_sec = st.st_mtim.tv_sec + MARK_S;
	(void)futimens(j->fd, times);
}

/* What was not written as a whole, or not to disk, goes again, unless somebody has gone on behind it. */
static void take_back(struct journal *j, size_t n)
{
	struct stat st;

	j->torn = fstat(j->fd, &st) < 0 || ((uint64_t)st.st_size <= j->at + n && ftruncate(j->fd, (off_t)j->at) < 0);
}

/* Whether the n octets that were just written are where they should be. If not, this process was stopped before it wrote them, for so long
 * that its lock was given to somebody else, and they are of no use to anybody (journal_salvage()).
 */
static bool in_place(const struct journal *j, size_t n, uint64_t since)
{
	enum { SOON_MS = 1000 };

	return j->nfs || clock_ms() - since < SOON_MS || lseek(j->fd, 0, SEEK_CUR) == (off_t)(j->at + n);
}

int journal_append(struct journal *j, struct txn *t, bool sync)
{
	const uint64_t since = clock_ms();
	const struct txn_end end = { .uidnext = t->uidnext, .modseq = t->modseq };
	struct stat st;
	int r;

	if (fstat(j->fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size < j->at || ((uint64_t)st.st_size > j->at && !j->torn))
		return -ENOLCK;
	if ((uint64_t)st.st_size > j->at && ftruncate(j->fd, (off_t)j->at) < 0)
		return -errno;
	j->torn = false;
	journal_end(&t->text, 0, &end);
	if (j->nfs && lseek(j->fd, (off_t)j->at, SEEK_SET) < 0)
		return -errno;
	r = fd_write_all(j->fd, t->text.s, t->text.n);
	if (r >= 0 && !in_place(j, t->text.n, since))
		return -ENOLCK;
	if (r >= 0 && sync && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0) {
		take_back(j, t->text.n);
		return r;
	}
	j->at += t->text.n;
	j->lines += t->lines.n / sizeof(struct line) + 1;
	return 0;
}
