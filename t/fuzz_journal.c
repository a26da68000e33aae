/* t/fuzz_journal.c: any octets as a folder's journal: what is read of them keeps the rules
 *
 * Each input is read as it is, salvaged, and read with its transactions' sums put right, so that lines are
 * reached that no damage would make.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include "maildir/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* UIDs ascend and are below the next one; mod-sequences are not above the highest; names are no paths. */
static void keeps_the_rules(struct index *ix)
{
	uint32_t last = 0;

	assert(ix->uidnext >= 1);
	for (size_t i = 0; i < index_count(ix); i++) {
		const struct message *msg = index_at(ix, i);
		const struct str base = index_base(ix, msg);
		char name[MDNAME_MAX + 1];

		assert(msg->uid > last && msg->uid < ix->uidnext);
		assert(msg->modseq >= 1 && msg->modseq <= ix->modseq);
		assert(base.n > 0 && base.n <= MDNAME_MAX && base.s[0] != '.' &&
		       str_find(base, '/') == base.n);
		assert(keywords_set(ix->keywords, msg->keywords)->n <= ix->keywords->n);
		index_name(ix, msg, name);
		assert(strlen(name) >= base.n);
		assert(index_find_base(ix, base));
		last = msg->uid;
	}
}

static void put(int dir, struct str s)
{
	const int fd = openat(dir, JOURNAL_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, s.s, s.n) < 0)
		abort();
	close(fd);
}

static void read_all(int dir, bool salvage)
{
	struct keyword_table keywords;
	struct journal j;
	struct index ix;

	keywords_init(&keywords);
	index_init(&ix, &keywords);
	if (salvage) {
		if (journal_salvage(dir, &ix) == 0)
			keeps_the_rules(&ix);
	} else if (journal_open(dir, -1, &ix, &j) == 0) {
		keeps_the_rules(&ix);
		journal_close(&j);
	}
	index_release(&ix);
	keywords_release(&keywords);
}

/* The input's lines with a header, and an end for each run of lines that has one. */
static void mend(struct str s, struct buf *b)
{
	struct str line;
	size_t from;
	uint32_t uidnext = 1;

	buf_z(b, "imapd-journal 1 7 Fabc ");
	buf_printf(b, "%08x\n", journal_sum(buf_view(b)));
	from = b->n;
	while (str_cut(&s, '\n', &line)) {
		if (line.n && line.s[0] == '.') {
			uidnext = MIN(uidnext + 40, UINT32_MAX - 1);
			journal_end(b, from, &(struct txn_end){ .uidnext = uidnext, .modseq = uidnext });
			from = b->n;
		} else {
			buf_str(b, line);
			buf_c(b, '\n');
		}
	}
	journal_end(b, from, &(struct txn_end){ .uidnext = UINT32_MAX, .modseq = INT64_MAX });
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str s = { (const char *)data, size };
	char path[] = "/dev/shm/fuzz_journal.XXXXXX";
	struct buf b = { 0 };
	int dir;

	if (size > 65536)
		return 0;
	if (!mkdtemp(path))
		abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(dir, s);
	read_all(dir, false);
	read_all(dir, true);
	mend(s, &b);
	put(dir, buf_view(&b));
	read_all(dir, false);
	read_all(dir, true);
	buf_release(&b);
	unlinkat(dir, JOURNAL_NAME, 0);
	close(dir);
	rmdir(path);
	return 0;
}
