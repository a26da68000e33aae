/* t/t_line.c: what the lines of a journal say, to who writes them and to who reads them */
#include "maildir/journal.h"
#include "t/folder.h"

static uint64_t next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* What one session does, as it wrote it, and what another is told by the text. */
struct pair {
	struct keyword_table keywords;
	struct index index;
};

static void pair_init(struct pair *p)
{
	keywords_init(&p->keywords);
	index_init(&p->index, &p->keywords);
	p->index.uidvalidity = 1;
	memcpy(p->index.mailboxid, "F", 2);
}

static void pair_release(struct pair *p)
{
	index_release(&p->index);
	keywords_release(&p->keywords);
}

/* All that it knows, as a journal. */
static struct buf whole(const struct t_folder *f, const struct pair *p)
{
	struct buf b = { 0 };

	ck_assert_int_eq(journal_write(f->fd, f->fd, "tmp.journal", &p->index, false), 0);
	ck_assert_int_eq(fd_slurp_at(f->fd, JOURNAL_NAME, 1 << 24, &b), 0);
	return b;
}

static struct message any_message(struct pair *p, uint64_t *seed)
{
	const uint16_t some[] = { 0, 1, 2 };
	size_t n = next(seed) % 4;

	n = MIN(n, p->keywords.n);
	return (struct message){ .flags = next(seed) & MD_FLAGS,
				 .keywords = keywords_intern(&p->keywords, some, n, next(seed) % 2 ? mdname_letter('Q') : 0),
				 .print = next(seed) % 3 ? next(seed) : 0 };
}

/* Some lines of all kinds, with names that have to be escaped. */
static void random_lines(struct pair *p, struct txn *t, uint64_t *seed, char names[8][32], const struct dir_state dirs[DIR_COUNT])
{
	const struct boot boot = { .host = STR("ho st"), .id = STR("boot%") };
	const struct keyword keywords[] = { { .name = STR("wo%rk"), .letters = mdname_letter('a') }, { .name = STR("home") } };
	struct message as = any_message(p, seed);
	struct txn_run run = { 0 };

	if (p->keywords.n < COUNT(keywords))
		txn_add(t, line_keyword(p->keywords.n, &keywords[p->keywords.n]));
	for (size_t i = 0; i < index_count(&p->index); i += 1 + next(seed) % 3) {
		as.uid = index_at(&p->index, i)->uid;
		as.modseq = t->modseq;
		txn_run_add(t, &run, &as, i);
	}
	txn_run_end(t, &run);
	if (index_count(&p->index) > 4)
		txn_add(t, line_expunge(&(struct tomb){ index_at(&p->index, 1)->uid, index_at(&p->index, 2)->uid, t->modseq, 77 }));
	for (size_t i = 0; i < 8; i++) {
		struct message msg = any_message(p, seed);

		snprintf(names[i], sizeof names[i], "%llu%c%%\xff%zu", (unsigned long long)next(seed), i % 2 ? '\n' : ' ', i);
		msg.uid = t->uidnext++;
		msg.modseq = t->modseq;
		if (i < 7)
			txn_add(t, line_message(&msg, str_z(names[i])));
		else if (index_count(&p->index))
			txn_add(t, line_rename(index_at(&p->index, 0)->uid, msg.print, str_z(names[i])));
	}
	txn_add(t, line_recent(t->uidnext - 2 - next(seed) % 2));
	txn_add(t, line_dirs(dirs, next(seed) % 2));
	txn_add(t, line_boot(&boot));
	if (next(seed) % 4 == 0)
		txn_add(t, line_floor(t->modseq - 1));
}

/* A transaction is done by who wrote it without being read: that has to be the same. */
START_TEST(who_writes_does_what_others_read)
{
	const struct dir_state dirs[DIR_COUNT] = { { 1, 2, UINT64_MAX }, { 4, 5, 6 } };
	struct t_folder f = t_folder_make();
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15), lines = 0;
	struct pair writer, reader;

	pair_init(&writer);
	pair_init(&reader);
	for (int i = 0; i < 200; i++) {
		_cleanup_(txn_release) struct txn t = { 0 };
		_cleanup_(buf_release) struct buf a = { 0 }, b = { 0 };
		char names[8][32];

		txn_begin(&t, &writer.index);
		random_lines(&writer, &t, &seed, names, dirs);
		ck_assert_int_eq(txn_apply(&t, &writer.index), 0);
		journal_end(&t.text, 0, &(struct txn_end){ .uidnext = t.uidnext, .modseq = t.modseq });
		ck_assert_int_eq(journal_apply(&reader.index, buf_view(&t.text), &lines), 0);
		a = whole(&f, &writer);
		b = whole(&f, &reader);
		t_str_eq(buf_view(&a), buf_view(&b));
		ck_assert_uint_eq(writer.index.dirs_stale, reader.index.dirs_stale);
		ck_assert_uint_eq(writer.index.unseen, reader.index.unseen);
	}
	ck_assert_uint_gt(lines, 2000);
	pair_release(&writer);
	pair_release(&reader);
	t_folder_remove(&f);
}
END_TEST

/* Where a message's file is looked for, and renamed to: in no other directory, and not where nobody lists it. */
static const struct {
	const char *name;
	bool fine;
} bases[] = {
	{ "1.a", true },   { "a:b", true },  { "-", true },	 { "%2Dx", true },   { "..", false },	 { ".", false },
	{ ".hidden", false }, { "%2Ehidden", false }, { "%2E%2E", false }, { "../x", false }, { "a/b", false }, { "/etc/passwd", false },
	{ "a%2Fb", false }, { "", false },	 { "a%00b", false },
};

START_TEST(a_name_is_one_in_the_directory)
{
	static const char *const lines[] = { "+ 1 2 - - 0 %s ", "n 1 0 %s " };
	const struct line_bounds below = { .uid = 2, .modseq = 3 };
	struct pair p;

	pair_init(&p);
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct line_names names;
		struct line l;
		char text[100];
		size_t n = (size_t)snprintf(text, sizeof text, lines[i], bases[_i].name) - 1;

		n += (size_t)snprintf(text + n, sizeof text - n, " %04x", journal_sum((struct str){ text, n }) & 0xffff);
		ck_assert_msg((line_read(&p.index, (struct str){ text, n }, &below, &names, &l) == 0) == bases[_i].fine, "%s", text);
	}
	pair_release(&p);
}
END_TEST

T_SUITE("line", T_TEST(who_writes_does_what_others_read), T_LOOP(a_name_is_one_in_the_directory, bases))
