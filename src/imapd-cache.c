/* imapd-cache.c: looks into the cache, compares it with the mail, and makes it anew (imapd-cache(8)) */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/env.h"
#include "base/fd.h"
#include "base/log.h"
#include "fetch.h"
#include "maildir/account.h"
#include "maildir/folders.h"
#include "sort.h"

enum { FINE, WRONG, TROUBLE };
enum { DAY = 86400, COMMIT_FROM = 2 << 20, PATIENCE_MS = 5000 };

static const char usage[] = "usage: imapd-cache [--verify | --rebuild | --drop] MAILDIR [FOLDER [UID]]\n"
			    "Tells what imapd(8) remembers of messages, or forgets it. As the user whose mail it is.\n";

struct looking {
	enum { SHOW, VERIFY, REBUILD, DROP, HELP } what;
	struct account *account;
	struct cache *cache;
	struct maildir_config config;
	const char *only;	/* a folder; NULL: all */
	uint32_t uid;		/* 0: all */
	unsigned wrong;		/* facts that are not what they should be */
	bool missing;		/* the UID is not there */
};

/* What is in the file of one folder. */
struct counts {
	uint64_t folder;
	size_t facts[CACHE_KINDS];
	uint16_t since[CACHE_KINDS];	/* the oldest of each kind */
	uint16_t days[CACHE_KINDS];	/* as struct cache_entry has them */
	uint64_t octets;
};

/* What failed, of what is in a Maildir. */
static const char *in_words(int r)
{
	switch (-r) {
	case EBADMSG:
		return "its file of facts is damaged; the next session that has a use for it begins anew, and so does --rebuild";
	case EUCLEAN:
		return "its journal is damaged; the next session that opens it mends it";
	case EPROTO:
		return "its file of facts is of another version of imapd; the next session that has a use for it begins anew";
	case EREMOTE:
		return "other machines reach it, so its cache is in IMAPD_CACHEDIR, which is not set";
	case ETIMEDOUT:
		return "somebody else keeps it locked";
	default:
		return strerror(-r);
	}
}

/* Text of strangers: what could do something to a terminal is a question mark. */
static void put_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		putchar((s.s[i] >= ' ' && s.s[i] < 0x7f) || s.s[i] == '\n' ? s.s[i] : s.s[i] == '\r' ? ' ' : '?');
}

static void put_day(int64_t seconds, const char *format)
{
	char text[64];
	struct tm tm;

	gmtime_r(&(time_t){ (time_t)seconds }, &tm);
	strftime(text, sizeof text, format, &tm);
	fputs(text, stdout);
}

/* A day since 1970, behind some words; nothing if there is none. */
static void put_date(const char *words, uint16_t day)
{
	if (!day)
		return;
	fputs(words, stdout);
	put_day((int64_t)day * DAY, "%Y-%m-%d");
}

static void count(void *data, const struct cache_entry *e)
{
	struct counts *c = data;

	if (e->folder != c->folder)
		return;
	if (e->kind == 0) {
		memcpy(c->days, e->days, sizeof c->days);
		return;
	}
	if (e->kind < CACHE_KINDS) {
		c->since[e->kind] = c->facts[e->kind] ? MIN(c->since[e->kind], e->days[0]) : e->days[0];
		c->facts[e->kind]++;
	}
	c->octets += e->value.n;
}

static uint64_t id_of(const struct maildir *box)
{
	return cache_folder_id(maildir_mailboxid(box), maildir_uidvalidity(box));
}

static void show_kind(const struct counts *c, unsigned kind, const char *name, const char *what)
{
	printf("\t%-10s of %zu%s", name, c->facts[kind], what);
	put_date(", since ", c->since[kind]);
	put_date(", asked for in the week from ", c->days[kind]);
	putchar('\n');
}

static int show_folder(struct looking *l, const char *name, const struct maildir *box)
{
	struct counts c = { .folder = id_of(box) };
	const int r = cache_each(l->cache, count, &c);

	if (r < 0 && r != -ENOENT)
		return r;
	printf("%s: %zu %s, %llu octets of facts", name, maildir_count(box), maildir_count(box) == 1 ? "message" : "messages",
	       (unsigned long long)c.octets);
	put_date(", used in the week from ", c.days[0]);
	putchar('\n');
	for (unsigned kind = 1; kind < FACTS; kind++)
		if (c.facts[kind] || c.days[kind])
			show_kind(&c, kind, fact_names[kind], "");
	if (c.facts[RANKS_KIND])
		show_kind(&c, RANKS_KIND, "ranks", " sort criteria");
	return 0;
}

static void show_order(struct str value)
{
	struct order o;
	struct str id;

	if (!order_read(value, &o))
		return;
	put_day(o.sent, "sent %Y-%m-%d %H:%M:%S UTC");
	fputs(o.reply ? ", a reply, subject " : ", subject ", stdout);
	put_text(o.subject);
	fputs(", id ", stdout);
	put_text(o.id);
	while (order_reference(&o.references, &id)) {
		fputs(", refers to ", stdout);
		put_text(id);
	}
}

static void show_texts(struct str texts)
{
	const char *before = "";
	struct str text;
	unsigned field;

	for (; texts_next(&texts, &field, &text); before = ", ") {
		fputs(before, stdout);
		put_text(text);
	}
}

static void show_places(const struct part *p)
{
	printf("%lld-%lld-%lld", (long long)p->header, (long long)p->body, (long long)p->end);
	for (const struct part *child = p->child; child; child = child->next) {
		fputs(child == p->child ? " (" : ", ", stdout);
		show_places(child);
		fputs(child->next ? "" : ")", stdout);
	}
}

static void show_value(const struct fetching *f, enum fact fact)
{
	if (fact == FACT_DATE)
		put_day(f->date, "%Y-%m-%d %H:%M:%S UTC");
	else if (fact == FACT_SIZE)
		printf("%llu octets", (unsigned long long)f->size);
	else if (fact == FACT_ORDER)
		show_order(f->facts[fact]);
	else if (fact == FACT_TEXTS)
		show_texts(f->facts[fact]);
	else if (fact == FACT_PLACES)
		show_places(f->parts);
	else
		put_text(fact == FACT_FIELDS ? f->fields.text : f->facts[fact]);
	putchar('\n');
}

/* Whether there is a record, whatever it is worth. */
struct record {
	uint64_t folder;
	uint32_t uid;
	bool kinds[CACHE_KINDS];
	uint16_t since[CACHE_KINDS];
};

static void note(void *data, const struct cache_entry *e)
{
	struct record *r = data;

	if (e->folder != r->folder || e->uid != r->uid || e->kind >= CACHE_KINDS)
		return;
	r->kinds[e->kind] = true;
	r->since[e->kind] = e->days[0];
}

static const char *why_not(struct fetching *f, enum fact fact, bool recorded)
{
	if (recorded)
		return "not used: it is of a file of another name, or damaged";
	if (fact == FACT_PLACES && fetching_knows(f, FACT_SIZE) && f->size < PLACES_FROM)
		return "not kept: the message is small";
	return "not known yet";
}

static int show_message(struct looking *l, const char *name, struct maildir *box, uint32_t uid)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct record record = { .folder = id_of(box), .uid = uid };
	struct fetching f;
	struct str base;
	int r = fetching_begin(&f, box, uid, &a);

	if (r == 0)
		r = cache_each(l->cache, note, &record);
	if (r < 0 && r != -ENOENT)
		return r;
	base = maildir_base_name(box, f.message);
	printf("%s UID %u, file ", name, (unsigned)uid);
	put_text(base);
	putchar('\n');
	for (enum fact fact = 1; fact < FACTS; fact++) {
		printf("%-10s ", fact_names[fact]);
		if (fetching_knows(&f, fact)) {
			put_date("since ", record.since[fact]);
			fputs(": ", stdout);
			show_value(&f, fact);
		} else
			puts(why_not(&f, fact, record.kinds[fact]));
	}
	f.unasked = true;
	fetching_end(&f);
	return 0;
}

/* Makes each fact that is there anew from the file, and compares. */
static int verify_message(struct looking *l, const char *name, struct maildir *box, uint32_t uid)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct fetching cached, made;
	int r = fetching_begin(&cached, box, uid, &a);

	if (r < 0)
		return 0;
	cached.keep = true;
	for (enum fact fact = 1; r == 0 && fact < FACTS; fact++) {
		if (!fetching_knows(&cached, fact))
			continue;
		r = fetching_begin(&made, box, uid, &a);
		fetching_uncached(&made);
		if (r == 0)
			r = fetching_need(&made, 1u << (16 + fact));
		if (r == 0 && !str_eq(made.facts[fact], cached.facts[fact])) {
			printf("%s UID %u: %s is not what the file says\n", name, (unsigned)uid, fact_names[fact]);
			l->wrong++;
		}
		made.unasked = true;
		fetching_end(&made);
	}
	cached.unasked = true;
	fetching_end(&cached);
	cache_rest(l->cache);
	return r == -ENOENT ? 0 : r;
}

/* The same for orders of all messages. */
static void verify_ranks(struct looking *l, const char *name, struct maildir *box)
{
	for (const struct extension *const *e = extensions; *e; e++)
		for (const struct sort_row *row = (*e)->sort; row && row->name; row++)
			if (row->ranked && !sort_ranks_right(box, row)) {
				printf("%s: the order of %s is not what the files say\n", name, row->name);
				l->wrong++;
			}
	cache_rest(l->cache);
}

static int make_message(struct looking *l, const char *name, struct maildir *box, uint32_t uid)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct fetching f;
	int r = fetching_begin(&f, box, uid, &a);

	(void)name;
	f.unasked = true;
	for (enum fact fact = 1; r == 0 && fact < FACTS; fact++)
		r = fetching_need(&f, 1u << (16 + fact));
	fetching_end(&f);
	cache_commit(l->cache, COMMIT_FROM);
	cache_rest(l->cache);
	return r == -ENOENT ? 0 : r;
}

typedef int treat(struct looking *l, const char *name, struct maildir *box, uint32_t uid);

static int each_message(struct looking *l, const char *name, struct maildir *box, treat *how)
{
	int r = 0;

	if (l->uid)
		return how(l, name, box, l->uid);
	for (size_t i = 0; r == 0 && i < maildir_count(box); i++)
		r = how(l, name, box, maildir_at(box, i)->uid);
	return r;
}

static bool only_looks(const struct looking *l)
{
	return l->what == SHOW || l->what == VERIFY;
}

/* Who only looks sees what sessions have seen. */
static int open_folder(struct looking *l, struct str folder, struct maildir **ret)
{
	_cleanup_(maildir_closep) struct maildir *box = NULL;
	_cleanup_(fd_closep) int dir = -1;
	int r = folder_open_dir(l->account, folder, &dir);

	if (r == 0)
		r = maildir_open(dir, MD_READONLY | (only_looks(l) ? MD_LOOK_ONLY : 0), &l->config, &box);
	if (r == 0 && !only_looks(l))
		r = maildir_update(box, 0);
	if (r < 0)
		return r == -EBADMSG ? -EUCLEAN : r;
	*ret = box;
	box = NULL;
	return 0;
}

static int treat_folder(struct looking *l, struct str folder, const char *name)
{
	_cleanup_(maildir_closep) struct maildir *box = NULL;
	struct counts all = { 0 };
	int r = open_folder(l, folder, &box);
	const bool unknown = r == -ENOENT && only_looks(l);

	if (r < 0 && !unknown)
		return r;
	if (l->uid && l->what != DROP && (unknown || !maildir_message(box, l->uid))) {
		fprintf(stderr, "imapd-cache: %s: no message has the UID %u\n", name, (unsigned)l->uid);
		l->missing = true;
		return 0;
	}
	if (unknown) {
		if (l->what == SHOW)
			printf("%s: no session has opened it yet\n", name);
		return 0;
	}
	if (l->what == VERIFY) {
		if (!l->uid)
			verify_ranks(l, name, box);
		return each_message(l, name, box, verify_message);
	}
	if (l->what == SHOW)
		return l->uid ? show_message(l, name, box, l->uid) : show_folder(l, name, box);
	if (!l->uid)
		r = cache_drop_folder(l->cache, id_of(box));
	else if ((r = cache_each(l->cache, count, &all)) == 0)	/* which opens it, since nothing is forgotten otherwise */
		cache_forget(l->cache, id_of(box), l->uid);
	cache_commit(l->cache, 0);
	if (r == 0 && l->what == REBUILD)
		r = each_message(l, name, box, make_message);
	cache_commit(l->cache, 0);
	return r;
}

static int treat_all(struct looking *l)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct folder *v;
	bool found = false;
	size_t n;
	int r = folder_list(l->account, &a, false, &v, &n);

	if (r == 0 && !l->only && (l->what == DROP || l->what == REBUILD))
		r = cache_drop(l->cache);
	if (r == 0 && !l->only && l->what == DROP)
		return 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *name = v[i].name.n ? v[i].name.s : "INBOX";

		if (l->only && strcmp(l->only, name) != 0 && (v[i].name.n || strcasecmp(l->only, name) != 0))
			continue;
		found = true;
		r = treat_folder(l, v[i].name, name);
		if (r < 0)
			fprintf(stderr, "imapd-cache: %s: %s\n", name, in_words(r));
	}
	if (r == 0 && l->only && !found)
		fprintf(stderr, "imapd-cache: %s: no such folder\n", l->only);
	return r == 0 && l->only && !found ? -ENOENT : r;
}

/* Opens the account in the working directory, which is not made a Maildir if it is none. The log says why not. */
static int open_account(struct looking *l, const char *maildir)
{
	const struct account_config account = { .check_owner = true, .look_only = only_looks(l) };
	struct stat st;

	if (stat("cur", &st) < 0 && errno != EACCES) {
		fprintf(stderr, "imapd-cache: %s: no Maildir (cur: %s)\n", maildir, strerror(errno));
		return -ENOENT;
	}
	if (stat(".", &st) == 0 && st.st_uid != geteuid()) {
		fprintf(stderr, "imapd-cache: %s: it belongs to the uid %u, and this runs as %u; see runuser(1)\n", maildir,
			(unsigned)st.st_uid, (unsigned)geteuid());
		return -EPERM;
	}
	return account_open(".", &account, &l->account);
}

static int open_cache(struct looking *l)
{
	const char *where = env_text("IMAPD_CACHEDIR", NULL);
	uint64_t limit;
	int r;

	if (where && strcasecmp(where, "none") == 0) {
		fputs("imapd-cache: there is no cache: IMAPD_CACHEDIR is none\n", stderr);
		return -ENOENT;
	}
	r = (only_looks(l) ? cache_open_to_look : cache_open)(account_fd(l->account), where, &l->cache);
	if (r == -ENOENT && only_looks(l) && (!where || access(where, F_OK) == 0))	/* which is as good as one with nothing in it */
		return 0;
	if (r < 0)
		fprintf(stderr, "imapd-cache: %s: there is no cache: %s\n", where ? where : "imapd.cache",
			r == -EPERM ? "it is no directory of this user's alone" : in_words(r));
	if (r == 0)
		cache_patience(l->cache, PATIENCE_MS);
	if (r == 0 && env_number("IMAPD_CACHE_SIZE", CACHE_SIZE_LEAST, UINT64_C(1) << 40, 1 << 30, &limit))
		cache_limit(l->cache, limit);
	return r;
}

/* Where it is, and how big. */
static void show_file(const struct looking *l, const char *maildir)
{
	const char *dir = cache_path(l->cache);
	struct stat st;

	if (fstatat(cache_dir(l->cache), cache_file(l->cache), &st, 0) == 0)
		printf("%s%s/%s: %lld octets\n", dir ? dir : maildir, dir ? "" : "/imapd.cache", cache_file(l->cache),
		       (long long)st.st_size);
}

static int run(struct looking *l, const char *maildir)
{
	struct counts all = { 0 };
	int r;

	if (chdir(maildir) < 0) {
		fprintf(stderr, "imapd-cache: %s: %s\n", maildir, strerror(errno));
		return TROUBLE;
	}
	r = open_account(l, maildir);
	if (r == 0)
		r = open_cache(l);
	if (r == 0) {
		l->config = (struct maildir_config){ .use_locks = true, .hostname = "localhost", .cache = l->cache };
		r = only_looks(l) ? cache_each(l->cache, count, &all) : 0;
		if (r < 0 && r != -ENOENT)
			fprintf(stderr, "imapd-cache: %s: %s\n", maildir, in_words(r));
		else if (r == 0 && l->what == SHOW && !l->only)
			show_file(l, maildir);
		if (r == 0 || r == -ENOENT)
			r = treat_all(l);
	}
	cache_close(l->cache);
	account_close(l->account);
	return r < 0 || l->missing ? TROUBLE : l->wrong ? WRONG : FINE;
}

int main(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "verify", no_argument, NULL, VERIFY }, { "rebuild", no_argument, NULL, REBUILD },
		{ "drop", no_argument, NULL, DROP },	 { "help", no_argument, NULL, HELP },	  { 0 },
	};
	struct looking l = { .what = SHOW };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?' || l.what != SHOW) {
			fputs(usage, stderr);
			return TROUBLE;
		}
		l.what = (unsigned)option;
	}
	if (l.what == HELP) {
		fputs(usage, stdout);
		return FINE;
	}
	argc -= optind;
	argv += optind;
	if (argc < 1 || argc > 3 || (argc == 3 && (!str_u32(str_z(argv[2]), &l.uid) || l.uid == 0))) {
		fputs(usage, stderr);
		return TROUBLE;
	}
	log_open("imapd-cache", -1);
	l.only = argc > 1 ? argv[1] : NULL;
	return run(&l, argv[0]);
}
