/* t/t_race.c: sessions and other programs at once on one folder: every view adds up, no UID means two
 * messages
 */
#include <signal.h>
#include "base/buf.h"
#include "base/fd.h"
#include "t/folder.h"

enum { SESSIONS = 3, ROUNDS = 150, MAX_UID = 60000, MOST_DELIVERED = 2000 };

static uint32_t roll(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 8) % n;
}

/* A file in cur/ or new/, by chance; its name is in ret with its directory. */
static bool pick(const struct t_folder *f, const char *dir, uint32_t *seed, char ret[400])
{
	const int fd = openat(f->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	const struct dirent *e;
	uint32_t skip = roll(seed, 60);
	bool found = false;

	while (d && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(ret, 400, "%s/%s", dir, e->d_name);
		found = true;
		if (skip-- == 0)
			break;
	}
	if (d)
		closedir(d);
	return found;
}

/* What procmail, mutt and a shell do: deliver, move to cur/, set flags, remove; until killed. There is an end to how much mail that
 * makes, or sessions that a busy machine makes slow would have ever more to look at.
 */
static void foreign(const struct t_folder *f, uint32_t seed)
{
	char name[400], to[500];
	uint32_t delivered = 0;

	for (uint32_t i = 0;; i++) {
		const uint32_t what = delivered < MOST_DELIVERED ? roll(&seed, 10) : 3 + roll(&seed, 7);

		if (what < 3) {
			delivered++;
			snprintf(name, sizeof name, "tmp/%u.%u", i, seed);
			snprintf(to, sizeof to, "new/%u.M%uP%d.host", 1000 + i, i, (int)getpid());
			t_put(f, name, to + 4);
			renameat(f->fd, name, f->fd, to);
		} else if (what < 5 && pick(f, "new", &seed, name)) {
			snprintf(to, sizeof to, "cur/%s:2,%s", name + 4, what == 3 ? "" : "S");
			renameat(f->fd, name, f->fd, to);
		} else if (what < 9 && pick(f, "cur", &seed, name)) {
			static const char *const suffixes[] = { "", "S", "F", "FS", "RS", "T", "ST", "D" };
			char *colon = strrchr(name, ':');

			if (colon) {
				snprintf(to, sizeof to, "%.*s:2,%s", (int)(colon - name), name,
					 suffixes[roll(&seed, 8)]);
				renameat(f->fd, name, f->fd, to);
			}
		} else if (pick(f, "cur", &seed, name)) {
			unlinkat(f->fd, name, 0);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
}

/* What a session has been told. */
struct told {
	bool there[MAX_UID];
	size_t n;
	uint32_t last;
};

#define must(what)                                                                                           \
	do {                                                                                                 \
		if (!(what)) {                                                                               \
			fprintf(stderr, "line %d: %s\n", __LINE__, #what);                                   \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

/* Applies the events; then both must be the same. Each new UID is written down with its base name. */
static void follow(struct maildir *m, struct told *told, int log)
{
	size_t n;
	const struct md_event *v = maildir_events(m, &n);

	for (size_t i = 0; i < n; i++) {
		must(v[i].uid > 0 && v[i].uid < MAX_UID);
		if (v[i].what == MD_NEW) {
			must(v[i].uid > told->last && !told->there[v[i].uid]);
			told->there[v[i].uid] = true;
			told->last = v[i].uid;
			told->n++;
		} else if (v[i].what == MD_EXPUNGED) {
			must(told->there[v[i].uid]);
			told->there[v[i].uid] = false;
			told->n--;
		} else {
			must(told->there[v[i].uid]);
		}
	}
	must(told->n == maildir_count(m));
	for (size_t i = 0; i < maildir_count(m); i++) {
		const struct message *msg = maildir_at(m, i);
		char line[400];

		must(told->there[msg->uid]);
		must(msg->modseq <= maildir_highestmodseq(m));
		if (log >= 0) {
			const int length =
				snprintf(line, sizeof line, "%u %s\n", msg->uid, maildir_base_name(m, msg).s);

			must(write(log, line, (size_t)length) == length);
		}
	}
	maildir_events_clear(m);
}

/* A message that is there has the content it was delivered with, which begins with its name. */
static void read_one(struct maildir *m, uint32_t uid)
{
	const struct message *msg = maildir_message(m, uid);
	char base[300], got[300];
	int fd, r;
	ssize_t n;

	if (!msg)
		return;
	snprintf(base, sizeof base, "%s", maildir_base_name(m, msg).s);
	r = maildir_message_fd(m, uid, &fd);
	must(r == 0 || r == -ENOENT || r == -ETIMEDOUT);
	if (r < 0)
		return;
	n = read(fd, got, sizeof got - 1);
	close(fd);
	must(n > 0);
	got[n] = 0;
	must(strcmp(got, base) == 0 || strcmp(got, "appended") == 0);
}

static void session(const struct t_folder *f, uint32_t seed, int log)
{
	static struct told told;
	struct maildir *m;
	int fd;

	must(maildir_open(f->fd, 0, &f->config, &m) == 0);
	must(maildir_update(m, MD_CLAIM_RECENT) >= 0);
	for (size_t i = 0; i < maildir_count(m); i++) {
		told.there[maildir_at(m, i)->uid] = true;
		told.last = maildir_at(m, i)->uid;
		told.n++;
	}
	maildir_events_clear(m);
	for (int i = 0; i < (f->config.no_inotify ? ROUNDS / 3 : ROUNDS); i++) {
		const size_t count = maildir_count(m);
		uint32_t uid = count ? maildir_at(m, roll(&seed, (uint32_t)count))->uid : 1;
		struct md_tmp tmp = { .fd = -1 };
		int r;

		switch (roll(&seed, 8)) {
		case 0:
			must(maildir_tmp_open(m, &tmp) == 0 && write(tmp.fd, "appended", 8) == 8);
			must(maildir_deliver(m, &tmp, 1, &uid) == 0);
			maildir_tmp_discard(&tmp);
			break;
		case 1:
		case 2:
			r = t_store(m, uid, (int)roll(&seed, 3), (uint8_t)roll(&seed, 32),
				    roll(&seed, 2) ? "work" : NULL);
			must(r == 0);
			break;
		case 3:
			must(maildir_expunge(m, &(struct md_uids){ &uid, 1 }, 0) == 0);
			break;
		case 4:
			if (roll(&seed, 4) == 0)
				maildir_watch(m, &fd);
			break;
		default:
			read_one(m, uid);
		}
		r = maildir_update(m, roll(&seed, 2) ? MD_CLAIM_RECENT : 0);
		must(r == 0 || r == 1);
		follow(m, &told, i % 20 == 0 || i % 50 == 49 ? log : -1);
	}
	maildir_close(m);
	_exit(0);
}

/* The log of all: no UID with two names, and no name with two UIDs. */
static void check_log(const struct t_folder *f)
{
	_cleanup_(buf_release) struct buf b = { 0 };
	static const char *names[MAX_UID];
	struct str rest, line;

	ck_assert_int_eq(fd_slurp_at(f->fd, "log", 1 << 26, &b), 0);
	rest = buf_view(&b);
	while (str_cut(&rest, '\n', &line) && line.n) {
		struct str uid;
		uint32_t n;

		((char *)(uintptr_t)line.s)[line.n] = 0;
		ck_assert(str_cut(&line, ' ', &uid) && str_u32(uid, &n));
		if (names[n])
			ck_assert_str_eq(names[n], line.s);
		names[n] = line.s;
	}
	for (uint32_t i = 1; i < MAX_UID; i++)
		for (uint32_t j = i + 1; names[i] && j < MAX_UID; j++)
			if (names[j] && strcmp(names[i], names[j]) == 0)
				ck_abort_msg("%s has the UIDs %u and %u", names[i], i, j);
}

static const struct {
	bool use_locks, no_inotify;
} variants[] = {
	{false, false},
	  { true, false},
	   { true, true }
};

START_TEST(every_view_adds_up)
{
	struct t_folder f = t_folder_make();
	pid_t others[2], sessions[SESSIONS];
	struct maildir *m;
	int log;

	t_make_dirs(&f);
	f.config.use_locks = variants[_i].use_locks;
	f.config.no_inotify = variants[_i].no_inotify;
	f.config.sync = MD_SYNC_NEVER;
	log = openat(f.fd, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	maildir_close(t_select(&f));
	for (uint32_t i = 0; i < 2; i++) {
		others[i] = fork();
		if (others[i] == 0)
			foreign(&f, 7 + i);
	}
	for (uint32_t i = 0; i < SESSIONS; i++) {
		sessions[i] = fork();
		if (sessions[i] == 0)
			session(&f, 100 + i, log);
	}
	for (int i = 0; i < SESSIONS; i++) {
		int status;

		ck_assert_int_eq(waitpid(sessions[i], &status, 0), sessions[i]);
		ck_assert_msg(status == 0, "session %d: %x", i, status);
	}
	for (int i = 0; i < 2; i++) {
		kill(others[i], SIGKILL);
		waitpid(others[i], NULL, 0);
	}
	t_tick();
	m = t_select(&f);
	ck_assert_uint_eq(maildir_count(m), t_entries(&f, "cur") + t_entries(&f, "new"));
	maildir_close(m);
	close(log);
	check_log(&f);
	t_folder_remove(&f);
}
END_TEST

T_SUITE("race", T_LOOP(every_view_adds_up, variants))
