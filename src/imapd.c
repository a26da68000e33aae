/* imapd.c: the server: from its environment to a session, and its end */
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "command.h"
#include "config.h"
#include "maildir/cache.h"
#include "maildir/trash.h"
#include "progress.h"
#include "session.h"
#include "version.h"
#include "view.h"
#include "warm.h"

static const char usage[] = "usage: imapd [MAILDIR]\n"
			    "       imapd --version\n"
			    "Serves IMAP for the Maildir on standard input and output.\n";

/* How this process was started. */
struct start {
	struct status status;
	const char *tag;	/* IMAPLOGINTAG; NULL: from a shell */
	const char *maildir;
	struct buf early;	/* what the client has said already, to whom it spoke before */
	struct imapd_settings settings;
	struct arena arena;
};

/* Why there will be no session: to the client through the monitor, or itself where there is none. */
static int refuse(const struct start *st, const char *code, const char *text)
{
	if (st->status.fd >= 0)
		status_no(&st->status, code, text);
	else
		printf("* BYE [%s] %s\r\n", code, text);
	fflush(stdout);
	return EXIT_TEMPORARY;
}

static bool internet_socket(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t n = sizeof addr;

	return getsockname(fd, (struct sockaddr *)&addr, &n) == 0 &&
	       (addr.ss_family == AF_INET || addr.ss_family == AF_INET6);
}

/* Who is served, for the log: the login name, or from a shell who runs this. */
static const char *who(struct start *st)
{
	const char *user = getenv("AUTHENTICATED");
	const struct passwd *pw;

	if (st->tag)
		return user && *user ? user : "unknown";
	pw = getpwuid(getuid());
	return arena_str(&st->arena, str_z(pw ? pw->pw_name : "unknown")).s;
}

/* MAILDIR is how a helper points elsewhere, so in a network session it wins; from a shell what was typed does. */
static const char *which_maildir(const struct start *st, const char *argument)
{
	const char *variable = getenv("MAILDIR");

	if (variable && !*variable)
		variable = NULL;
	if (st->tag ? variable != NULL : !argument)
		return variable ? variable : "./Maildir";
	return argument ? argument : "./Maildir";
}

/* What must not go on. NULL: nothing. */
static const char *not_fit(const struct start *st, const char **ret_code)
{
	struct stat home;

	*ret_code = "UNAVAILABLE";
	if (!st->tag && internet_socket(STDIN_FILENO))
		return "imapd needs imaplogin before it on a network socket.";
	if (!st->tag != (st->status.fd < 0))
		return "imapd was started in a way that is not safe.";
	if (geteuid() == 0 && !st->settings.allow_root) {
		log_line(LOG_ERR, "refusing to run as root; IMAPD_ALLOW_ROOT=1 if it is meant");
		return "The server will not run as root.";
	}
	*ret_code = "NOPERM";
	if (st->tag && account_option("disableimap"))
		return "IMAP access disabled for this account.";
	if (st->tag && !getenv("IMAP_TLS") && account_option("disableinsecureimap"))
		return "IMAP access disabled via insecure connection.";
	*ret_code = "UNAVAILABLE";
	/* Courier's way to freeze an account. */
	if (st->tag && stat(".", &home) == 0 && home.st_mode & S_ISVTX && home.st_uid == geteuid()) {
		log_line(LOG_INFO, "LOCKED, user=%s", st->settings.session.user);
		return "Your account is temporarily unavailable (+t bit set on home directory).";
	}
	return NULL;
}

/* Folders that are symbolic links are the user's too: where they point to is opened in the sandbox. */
static size_t linked_folders(const char *maildir, struct sandbox_path *v, size_t n, size_t max)
{
	DIR *dir = opendir(maildir);
	const struct dirent *entry;

	while (dir && n < max && (entry = readdir(dir))) {
		char path[4096];
		char *real;

		if (entry->d_name[0] != '.' || entry->d_type != DT_LNK ||
		    snprintf(path, sizeof path, "%s/%s", maildir, entry->d_name) >= (int)sizeof path)
			continue;
		real = realpath(path, NULL);
		if (real)
			v[n++] = (struct sandbox_path){ .path = real, .write = true };
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Opens the cache where the settings want it. Without one everything is only slower. */
static void open_cache(int maildir_fd, const struct imapd_settings *settings, struct cache **ret)
{
	const int r = cache_open(maildir_fd, settings->cache_dir, ret);

	if (r < 0 && r != -EREMOTE && r != -EROFS && r != -EACCES)
		log_errno(r, "going on without a cache");
	if (r == 0)
		cache_limit(*ret, settings->cache_size);
}

/* A cache that is not in the Maildir is opened while there still is anything else. */
static void open_far_cache(struct imapd_settings *settings)
{
	_cleanup_(fd_closep) int maildir = settings->cache_dir ? open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (maildir >= 0)
		open_cache(maildir, settings, &settings->folder.cache);
}

/* From here on nothing but the Maildir and its cache is there. It must exist by now. */
static int close_the_door(const struct cache *cache)
{
	struct sandbox_path paths[64] = { { .path = ".", .write = true } };
	size_t n = 1;
	int r;

	if (cache)
		paths[n++] = (struct sandbox_path){ .path = cache_path(cache), .write = true };
	n = linked_folders(".", paths, n, COUNT(paths));
	r = sandbox_enter(SANDBOX_SESSION, paths, n);

	if (r == 0)
		log_line(LOG_NOTICE, "this kernel has no Landlock: the session is not confined to its Maildir");
	return r;
}

static int open_debug(const char *path)
{
	return path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY) : -1;
}

static int uidvalidity(void *data, uint32_t *ret)
{
	return account_uidvalidity(data, ret);
}

static int uidvalidity_seen(void *data, uint32_t seen)
{
	return account_uidvalidity_seen(data, seen);
}

/* Opens the account in the working directory, and sets the store up. */
static int open_store(struct store *store, struct imapd_settings *settings)
{
	const int r = account_open(".", &settings->account, &store->account);
	size_t n;
	char *prefix;

	if (r < 0)
		return r;
	prefix = must_strdup(account_prefix(store->account));
	n = strlen(prefix);
	if (n && prefix[n - 1] == '.')
		prefix[n - 1] = settings->separator;
	store->prefix = prefix;
	store->separator = settings->separator;
	if (!settings->no_cache && !settings->cache_dir)
		open_cache(account_fd(store->account), settings, &settings->folder.cache);
	store->config = settings->folder;
	store->config.uidvalidity = uidvalidity;
	store->config.uidvalidity_seen = uidvalidity_seen;
	store->config.data = store->account;
	return 0;
}

/* IMAP_EMPTYTRASH, at login and logout. */
static void purge_trash(struct session *s)
{
	_cleanup_(arena_free) struct arena a = { 0 };
	struct trash_rule *rules;
	size_t n, removed = 0;
	int r;

	if (!s->config.empty_trash || !trash_rules(s->config.empty_trash, s->config.trash, &a, &rules, &n))
		return;
	r = trash_purge(s->store.account, rules, n, clock_unix(), &removed);
	if (r < 0)
		log_errno(r, "IMAP_EMPTYTRASH");
}

static void greet(struct session *s, const struct start *st)
{
	if (st->tag) {
		w_tagged(&s->out, str_z(st->tag));
		w_atom(&s->out, "OK");
	} else {
		w_untagged(&s->out);
		w_atom(&s->out, "PREAUTH");
	}
	w_code_open(&s->out, "CAPABILITY");
	session_capability(s);
	w_code_close(&s->out);
	w_text(&s->out, st->tag ? STR("LOGIN Ok.") : STR("Ready."));
	w_crlf(&s->out);
}

static void warn_capabilities(const struct session *s)
{
	struct str rest = str_z(s->config.capability), word;

	while (s->config.capability && str_cut(&rest, ' ', &word))
		if (word.n && !session_knows_capability(word))
			log_line(LOG_WARNING, "IMAP_CAPABILITY: %.*s is not known here", (int)word.n, word.s);
}

/* Nothing of the cache is held while the client, or anything else, is waited for; and what has come to be known is written when there
 * is nothing else to do.
 */
static void before_wait(void *session, unsigned what)
{
	const struct session *s = session;

	if (what & WAIT_CLIENT_IN)
		cache_commit(s->store.config.cache, 0);
	cache_rest(s->store.config.cache);
}

static void rested(void *session, unsigned what)
{
	const struct session *s = session;

	if (!(what & WAIT_CLIENT_IN))
		return;
	warm_up(session, false);
	if (s->view)
		maildir_rest(s->view->box);
}

static void session_init(struct session *s, const struct start *st, struct store *store, int debug)
{
	*s = (struct session){ .config = st->settings.session, .store = *store, .state = AUTHENTICATED,
			       .status = st->status };
	conn_open(&s->conn, STDIN_FILENO, STDOUT_FILENO);
	conn_put_back(&s->conn, buf_view(&st->early));
	s->store.spare_watch = -1;
	s->store.config.spare_watch = &s->store.spare_watch;
	s->store.config.working = progress_working;
	s->store.config.working_data = s;
	s->conn.idle_ms = (int)(s->config.inactivity * 1000);
	s->conn.debug_fd = debug;
	s->conn.wait.before = before_wait;
	s->conn.wait.rested = rested;
	s->conn.wait.data = s;
	frame_init(&s->frame, &s->conn);
	s->frame.max_literal = 64 * 1024;	/* of what is no message: names, search texts */
	writer_init(&s->out, &s->conn.out);
	if (st->tag) {
		const int r = wait_signals(&s->conn.wait);

		if (r < 0)
			log_errno(r, "signals");
		wait_stop(&s->conn.wait, st->status.fd);
	}
}

/* The client has its answer, and is told that no more will come: what is done for the next session keeps nobody waiting. */
static void leave_folder(struct session *s)
{
	if (!s->view && !s->warm)
		return;
	if (s->end != STATUS_UNAUTHENTICATED) {	/* or the client goes on with somebody else */
		if (s->config.network)
			shutdown(STDOUT_FILENO, SHUT_WR);
		if (s->view && s->end != STATUS_SIGNAL)
			maildir_linger(s->view->box);
		if (s->end != STATUS_SIGNAL)
			warm_up(s, true);
	}
	wait_mailbox(&s->conn.wait, -1);
	view_free(s->view);
	s->view = NULL;
}

static void session_release(struct session *s)
{
	view_free(s->view);
	buf_release(&s->folder);
	free(s->decoding);
	warm_free(s);
	cache_close(s->store.config.cache);
	fd_closep(&s->store.spare_watch);
	account_close(s->store.account);
	free((void *)(uintptr_t)s->store.prefix);
	frame_release(&s->frame);
	conn_close(&s->conn);
	arena_free(&s->scratch);
}

/* UNAUTHENTICATE: what we have read of the next user's session is for the monitor to pass on. */
static void give_back(struct session *s)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	conn_rest(&s->conn, &b);
	status_unread(&s->status, buf_view(&b));
	if (b.s)
		wipe(b.s, b.size);
}

static void run(void *session)
{
	session_run(session);
	leave_folder(session);
}

static int serve(const struct start *st, struct store *store, int debug)
{
	struct session s;
	bool lost;

	session_init(&s, st, store, debug);
	warn_capabilities(&s);
	purge_trash(&s);
	if (st->tag && status_ready(&st->status, str_z(s.config.user)) < 0) {
		session_release(&s);
		return EXIT_TEMPORARY;
	}
	greet(&s, st);
	lost = !cache_survive(store->config.cache, run, &s);
	if (lost) {
		log_line(LOG_ERR, "a file in the cache was cut off or changed under a session, which ends");
		session_lost(&s);
	}
	if (s.end == STATUS_LOGOUT || s.end == STATUS_UNAUTHENTICATED)
		purge_trash(&s);
	if (s.end == STATUS_UNAUTHENTICATED)
		give_back(&s);
	status_end(&st->status, s.end,
		   &(struct status_counts){ s.conn.rcvd, s.conn.sent, s.served.header, s.served.body });
	if (lost)	/* nothing can be released */
		_exit(EXIT_OK);
	session_release(&s);
	return EXIT_OK;
}

/* From the environment to the Maildir; what fails is told to the client in words. */
static int start(struct start *st, const char *argument)
{
	struct store store = { 0 };
	struct str host;
	const char *code, *why;
	int debug, r;

	st->settings.session.user = who(st);
	st->settings.session.ip = st->tag && getenv("TCPREMOTEIP") ? getenv("TCPREMOTEIP") : "127.0.0.1";
	st->settings.session.port = st->tag && getenv("TCPREMOTEPORT") ? getenv("TCPREMOTEPORT") : "0";
	st->settings.session.network = st->tag;
	why = not_fit(st, &code);
	if (why)
		return refuse(st, code, why);
	if (st->tag && account_value("referral", &host)) {
		if (status_refer(&st->status, str_z(st->settings.session.user), host))
			return EXIT_REFUSED;
		log_line(LOG_ERR, "%s: referral=: no name of a host", st->settings.session.user);
		return refuse(st, "UNAVAILABLE", "Your mail is on another server.");
	}
	st->maildir = which_maildir(st, argument);
	if (mkdir(st->maildir, 0700) < 0 && errno != EEXIST) {
		log_line(LOG_ERR, "%s: %s", st->maildir, strerror(errno));
		return refuse(st, "UNAVAILABLE", "Your mailbox directory can't be made.");
	}
	if (chdir(st->maildir) < 0) {
		log_line(LOG_ERR, "%s: %s", st->maildir, strerror(errno));
		return refuse(st, "UNAVAILABLE", "Your mailbox directory can't be opened.");
	}
	debug = open_debug(st->settings.debug_file);
	tzset();
	open_far_cache(&st->settings);
	r = close_the_door(st->settings.folder.cache);
	if (r < 0) {
		log_errno(r, "sandbox");
		return refuse(st, "UNAVAILABLE", "The server could not be confined.");
	}
	r = open_store(&store, &st->settings);
	if (r < 0)
		return refuse(st, r == -EPERM ? "NOPERM" : "UNAVAILABLE",
			      r == -EPERM ? "Your mailbox directory is not owned by the correct uid or gid." :
			      r == -ENOTEMPTY ? "That directory is no Maildir, and not empty." :
						"Your mailbox can't be opened.");
	return serve(st, &store, debug);
}

int main(int argc, char *argv[])
{
	struct start st = { .status.fd = -1 };
	const char *tag = getenv("IMAPLOGINTAG");
	int r;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("imapd " IMAPD_VERSION);
		return EXIT_OK;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs(usage, argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_OK : EXIT_MISUSED;
	}
	log_open("imapd", STDIN_FILENO);
	signal(SIGXFSZ, SIG_IGN);	/* a limit on the size of files is a failure of write(2), not our end */
	st.tag = tag && *tag ? tag : NULL;
	(void)status_open(false, &st.status);
	status_early(&st.early);
	if (imapd_settings_read(&st.arena, &st.settings))
		r = start(&st, argv[1]);
	else
		r = refuse(&st, "UNAVAILABLE", "The server's settings are wrong; its log says which.");
	arena_free(&st.arena);
	buf_release(&st.early);
	return r;
}
