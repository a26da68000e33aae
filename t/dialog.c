/* t/dialog.c: plays dialogues (t/imap/AREA/CASE.imap) against the server, each in every mode that applies
 *
 * dialog [-j JOBS] [-m MODE] [-s SERVER_DIR] [-t TESTS_DIR] [-v] FILE...
 *
 * Each case has a process and a directory of its own. Run as root it plays, and the server runs, as nobody.
 * The last line is "N passed, N failed"; the exit status is 1 if any failed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "t/dialog/play.h"

enum { JOBS = 16, NOBODY = 65534 };

struct job {
	pid_t pid;	/* 0: free */
	const char *path;
	enum mode mode;
	char *dir;		/* private */
	const char *report;	/* what it prints */
};

struct runner {
	struct job jobs[JOBS];
	unsigned njobs, modes;
	bool verbose;
	char certificate[PATH_MAX];	/* with its key */
	char server_dir[PATH_MAX], tests_dir[PATH_MAX];
	unsigned passed, failed;
	struct arena arena;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)at;
	if (type == FTW_DP || type == FTW_D || type == FTW_DNR)
		chmod(path, 0700);
	return remove(path), 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_entry, 32, FTW_DEPTH | FTW_PHYS);
}

static void become_nobody(const char *dir)
{
	if (getuid() != 0)
		return;
	if (chown(dir, NOBODY, NOBODY) < 0 || setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		exit(EXIT_TEMPORARY);
}

/* The process of one case. */
static void play_case(const struct runner *r, const struct job *job, const struct script *script)
{
	const struct stage stage = {
		.server_dir = r->server_dir,
		.tests_dir = r->tests_dir,
		.certificate = r->certificate,
		.mode = job->mode,
	};

	if (!freopen(job->report, "w", stdout) || dup2(fileno(stdout), 2) < 0)
		exit(EXIT_TEMPORARY);
	become_nobody(job->dir);
	umask(022);
	if (chdir(job->dir) < 0)
		exit(EXIT_TEMPORARY);
	exit(play(script, &stage) ? 0 : 1);
}

static void show_report(const struct job *job)
{
	_cleanup_(buf_release) struct buf b = {0};

	if (fd_slurp_at(AT_FDCWD, job->report, 1 << 24, &b) == 0)
		fwrite(b.s, 1, b.n, stdout);
}

/* Waits until a case is over, and counts it. False if none is running. */
static bool reap(struct runner *r)
{
	int status;
	const pid_t pid = wait(&status);

	if (pid < 0)
		return false;
	for (struct job *job = r->jobs; job < r->jobs + JOBS; job++) {
		if (job->pid != pid)
			continue;
		if (status == 0)
			r->passed++;
		else
			r->failed++;
		if (status || r->verbose)
			printf("%s %s (%s)\n", status ? "not ok" : "ok", job->path, mode_names[job->mode]);
		if (status)
			show_report(job);
		fflush(stdout);
		unlink(job->report);
		remove_tree(job->dir);
		free(job->dir);
		job->pid = 0;
	}
	return true;
}

static struct job *free_job(struct runner *r)
{
	for (;;) {
		for (unsigned i = 0; i < r->njobs; i++)
			if (r->jobs[i].pid == 0)
				return &r->jobs[i];
		reap(r);
	}
}

static void start(struct runner *r, const struct script *script, enum mode mode)
{
	const char *tmp = getenv("TMPDIR");
	struct job *job = free_job(r);

	job->path = script->path;
	job->mode = mode;
	if (asprintf(&job->dir, "%s/dialog.XXXXXX", tmp ? tmp : "/tmp") < 0)
		out_of_memory();
	if (!mkdtemp(job->dir))
		exit(EXIT_TEMPORARY);
	job->report = arena_printf(&r->arena, "%s.report", job->dir);
	fflush(stdout);
	job->pid = fork();
	if (job->pid == 0)
		play_case(r, job, script);
}

static void run_file(struct runner *r, const char *path)
{
	struct script script = {0};
	const char *error;

	if (!script_read(&r->arena, path, &script, &error)) {
		printf("not ok %s\n  %s\n", path, error);
		r->failed++;
		return;
	}
	for (unsigned mode = 0; mode < MODES; mode++)
		if ((script.modes & r->modes) >> mode & 1)
			start(r, &script, mode);
}

/* One certificate for all, of a name that nobody checks. */
static void make_certificate(struct runner *r)
{
	const char *tmp = getenv("TMPDIR"), *make;
	int fd;

	snprintf(r->certificate, sizeof r->certificate, "%s/dialog.pem.XXXXXX", tmp ? tmp : "/tmp");
	if ((fd = mkstemp(r->certificate)) < 0)
		exit(EXIT_TEMPORARY);
	close(fd);
	make = arena_printf(&r->arena, "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
			    "-days 2 -subj /CN=localhost -keyout %s.key -out %s 2>/dev/null && "
			    "cat %s.key >>%s && rm %s.key && chmod 644 %s", r->certificate, r->certificate,
			    r->certificate, r->certificate, r->certificate, r->certificate);
	if (system(make) != 0) {
		fputs("dialog: openssl makes no certificate\n", stderr);
		exit(EXIT_TEMPORARY);
	}
}

static unsigned mode_bit(const char *name)
{
	for (unsigned i = 0; i < MODES; i++)
		if (strcmp(mode_names[i], name) == 0)
			return 1U << i;
	fprintf(stderr, "dialog: no mode %s\n", name);
	exit(EXIT_MISUSED);
}

static void real_path(const char *path, char ret[PATH_MAX])
{
	if (realpath(path, ret))
		return;
	perror(path);
	exit(EXIT_MISUSED);
}

int main(int argc, char **argv)
{
	static struct runner r = { .njobs = 2 };	/* large */
	const char *server = "build/asan", *tests = "t";
	int c;

	while ((c = getopt(argc, argv, "j:m:s:t:v")) != -1) {
		switch (c) {
		case 'j': r.njobs = (unsigned)MAX(1, MIN(atoi(optarg), JOBS)); break;
		case 'm': r.modes |= mode_bit(optarg); break;
		case 's': server = optarg; break;
		case 't': tests = optarg; break;
		case 'v': r.verbose = true; break;
		default: return EXIT_MISUSED;
		}
	}
	if (!r.modes)
		r.modes = (1U << MODES) - 1;
	real_path(server, r.server_dir);
	real_path(tests, r.tests_dir);
	if (r.modes >> MODE_TLS & 1)
		make_certificate(&r);
	for (int i = optind; i < argc; i++)
		run_file(&r, argv[i]);
	while (reap(&r))
		;
	if (r.certificate[0])
		unlink(r.certificate);
	arena_free(&r.arena);
	printf("%u passed, %u failed\n", r.passed, r.failed);
	return r.failed ? 1 : 0;
}
