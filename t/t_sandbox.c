/* t/t_sandbox.c: what a process can't do any more once the door is closed, and what it still can */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <iconv.h>
#include <sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/sandbox.h"
#include "t/t.h"

/* Two directories side by side: the one that is granted, and the one that is not. */
struct place {
	char root[32], mine[48], other[48], secret[64];
};

static void place_make(struct place *p)
{
	int fd;

	strcpy(p->root, "/tmp/t_sandbox.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(p->root));
	snprintf(p->mine, sizeof p->mine, "%s/mine", p->root);
	snprintf(p->other, sizeof p->other, "%s/other", p->root);
	snprintf(p->secret, sizeof p->secret, "%s/secret", p->other);
	ck_assert_int_eq(mkdir(p->mine, 0700), 0);
	ck_assert_int_eq(mkdir(p->other, 0700), 0);
	fd = open(p->secret, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void place_remove(const struct place *p)
{
	unlink(p->secret);
	rmdir(p->other);
	rmdir(p->mine);
	ck_assert_int_eq(rmdir(p->root), 0);
}

/* An attempt returns what a system call does. */
struct attempt {
	const char *what;
	long (*run)(const struct place *p);
	bool fatal; /* ends the process; else it is refused */
};

static long read_a_file(const struct place *p)
{
	return open(p->secret, O_RDONLY);
}

static long read_passwd(const struct place *p)
{
	(void)p;
	return open("/etc/passwd", O_RDONLY);
}

static long read_proc(const struct place *p)
{
	(void)p;
	return open("/proc/self/maps", O_RDONLY);
}

static long make_a_file(const struct place *p)
{
	char name[80];

	snprintf(name, sizeof name, "%s/new", p->other);
	return open(name, O_CREAT | O_WRONLY, 0600);
}

static long remove_a_file(const struct place *p)
{
	return unlink(p->secret);
}

static long move_a_file_in(const struct place *p)
{
	char name[80];

	snprintf(name, sizeof name, "%s/stolen", p->mine);
	return rename(p->secret, name);
}

static long truncate_a_file(const struct place *p)
{
	return truncate(p->secret, 0);
}

static long make_a_symlink(const struct place *p)
{
	char name[80];

	snprintf(name, sizeof name, "%s/link", p->mine);
	return symlink("/etc/passwd", name);
}

static long change_a_mode(const struct place *p)
{
	return chmod(p->secret, 04777);
}

static long forge_a_time(const struct place *p)
{
	const struct timespec times[2] = { { 0 } };

	return utimensat(AT_FDCWD, p->secret, times, 0);
}

static long internet_socket(const struct place *p)
{
	(void)p;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long unix_socket(const struct place *p)
{
	(void)p;
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long netlink_socket(const struct place *p)
{
	(void)p;
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long connect_again(const struct place *p)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	(void)p;
	return connect(STDIN_FILENO, (const struct sockaddr *)&to, sizeof to);
}

static long send_elsewhere(const struct place *p)
{
	const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	(void)p;
	return sendto(STDIN_FILENO, "x", 1, 0, (const struct sockaddr *)&to, sizeof to);
}

static long pass_a_descriptor(const struct place *p)
{
	const struct msghdr msg = { 0 };

	(void)p;
	return sendmsg(STDIN_FILENO, &msg, 0);
}

static long make_a_process(const struct place *p)
{
	(void)p;
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static long make_a_process_as_glibc(const struct place *p)
{
	(void)p;
	return syscall(SYS_clone3, NULL, 0);
}

static long kill_the_parent(const struct place *p)
{
	(void)p;
	return kill(getppid(), SIGTERM);
}

static long kill_the_group(const struct place *p)
{
	(void)p;
	return kill(0, SIGTERM);
}

static long writable_code(const struct place *p)
{
	(void)p;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static long written_code(const struct place *p)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)p;
	return mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static long become_dumpable(const struct place *p)
{
	(void)p;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long type_into_the_terminal(const struct place *p)
{
	(void)p;
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static long become_another(const struct place *p)
{
	(void)p;
	return syscall(SYS_setuid, 1);
}

static long exec_a_shell(const struct place *p)
{
	(void)p;
	return execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
}

static long trace_the_parent(const struct place *p)
{
	(void)p;
	return ptrace(PTRACE_ATTACH, getppid(), 0, 0);
}

static long read_the_parent(const struct place *p)
{
	char byte;
	struct iovec mine = { &byte, 1 }, theirs = { &byte, 1 };

	(void)p;
	return process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0);
}

static long write_the_parent(const struct place *p)
{
	char byte = 0;
	struct iovec mine = { &byte, 1 }, theirs = { &byte, 1 };

	(void)p;
	return process_vm_writev(getppid(), &mine, 1, &theirs, 1, 0);
}

static long take_a_descriptor(const struct place *p)
{
	(void)p;
	return syscall(SYS_pidfd_getfd, 0, 0, 0);
}

static long new_namespace(const struct place *p)
{
	(void)p;
	return unshare(CLONE_NEWUSER);
}

static long io_uring(const struct place *p)
{
	(void)p;
	return syscall(SYS_io_uring_setup, 1, NULL);
}

/* Of every profile. */
static const struct attempt attempts[] = {
	{"read a file",			 read_a_file,	      false},
	{ "read /etc/passwd",	      read_passwd,		   false},
	{ "read /proc",			read_proc,		   false},
	{ "make a file",		 make_a_file,	      false},
	{ "remove a file",		   remove_a_file,		  false},
	{ "move a file in",		    move_a_file_in,	    false},
	{ "truncate a file",	     truncate_a_file,	      false},
	{ "make a symlink",		    make_a_symlink,	    false},
	{ "change a mode",		   change_a_mode,		  false},
	{ "forge a time",		  forge_a_time,		false},
	{ "internet socket",	     internet_socket,	      false},
	{ "unix socket",		 unix_socket,	      false},
	{ "netlink socket",		    netlink_socket,	    false},
	{ "connect",		     connect_again,	    false},
	{ "send elsewhere",		    send_elsewhere,	    false},
	{ "pass a descriptor",	       pass_a_descriptor,	  false},
	{ "fork",			make_a_process,	  false},
	{ "fork by clone3",		    make_a_process_as_glibc, false},
	{ "kill the parent",	     kill_the_parent,	      false},
	{ "kill the group",		    kill_the_group,	    false},
	{ "memory to write and execute", writable_code,		false},
	{ "execute what was written",    written_code,	    false},
	{ "dumpable again",		    become_dumpable,	     false},
	{ "type into the terminal",	    type_into_the_terminal,  false},
	{ "become another user",	 become_another,		 false},
	{ "exec",			exec_a_shell,		true },
	{ "trace the parent",	      trace_the_parent,	true },
	{ "read the parent's memory",    read_the_parent,	       true },
	{ "write the parent's memory",   write_the_parent,	 true },
	{ "take a descriptor",	       take_a_descriptor,	  true },
	{ "new namespace",		   new_namespace,		  true },
	{ "io_uring",		      io_uring,		true },
};

enum { WORKED = 10, REFUSED = 11, NO_DOOR = 12 };

/* Makes the attempt in a child behind the door; what became of it: an exit code, or minus a signal. */
static int try(const struct attempt *a, enum sandbox_profile profile, const struct place *p)
{
	const struct sandbox_path mine = { p->mine, true };
	int status;
	const pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		long r;

		if (sandbox_enter(profile, &mine, profile == SANDBOX_SESSION) < 1)
			_exit(NO_DOOR);
		r = a->run(p);
		_exit(r < 0 && (errno == EPERM || errno == EACCES || errno == EXDEV || errno == ENOSYS)
			      ? REFUSED
			      : WORKED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void all_fail(enum sandbox_profile profile, const struct attempt *a)
{
	struct place p;
	int became;

	place_make(&p);
	became = try(a, profile, &p);
	place_remove(&p);
	ck_assert_msg(became == (a->fatal ? -SIGSYS : REFUSED), "%s: %d", a->what, became);
}

START_TEST(dialogue_cannot)
{
	all_fail(SANDBOX_DIALOGUE, &attempts[_i]);
}
END_TEST

START_TEST(tls_cannot)
{
	all_fail(SANDBOX_TLS, &attempts[_i]);
}
END_TEST

START_TEST(session_cannot)
{
	all_fail(SANDBOX_SESSION, &attempts[_i]);
}
END_TEST

/* The attempts are real: these, which anybody may make, work without a door. */
static const struct attempt possible[] = {
	{"read a file",	 read_a_file,     false},
	   { "read /etc/passwd", read_passwd,     false},
	{ "read /proc",	read_proc,	   false},
	   { "truncate a file",	truncate_a_file, false},
	{ "change a mode",	   change_a_mode,	  false},
	   { "internet socket",	internet_socket, false},
	{ "unix socket",	 unix_socket,     false},
	   { "remove a file",    remove_a_file,   false},
};

START_TEST(without_a_door_it_works)
{
	struct place p;
	long r;

	place_make(&p);
	r = possible[_i].run(&p);
	place_remove(&p);
	ck_assert_msg(r >= 0, "%s", possible[_i].what);
}
END_TEST

static void in_a_child(void (*run)(const struct place *p))
{
	struct place p;
	int status;
	pid_t pid;

	place_make(&p);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		run(&p);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	place_remove(&p);
	ck_assert_msg(status == 0, "line %d, signal %d", WEXITSTATUS(status) + 256, WTERMSIG(status));
}

/* In a child that can't report by check: the exit code tells the line. */
#define must(what)                                                                                           \
	do {                                                                                                 \
		if (!(what))                                                                                 \
			_exit((__LINE__ - 256) & 255);                                                       \
	} while (0)

static void use_descriptors(const struct place *p)
{
	int pair[2];
	char byte = 0;

	(void)p;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	must(sandbox_enter(SANDBOX_DIALOGUE, NULL, 0) >= 1);
	must(send(pair[0], "x", 1, MSG_NOSIGNAL) == 1);
	must(read(pair[1], &byte, 1) == 1 && byte == 'x');
	must(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	must(malloc(1 << 20) != NULL);
	must(shutdown(pair[0], SHUT_WR) == 0);
}

START_TEST(dialogue_can_use_the_descriptors_it_has)
{
	in_a_child(use_descriptors);
}
END_TEST

/* What the Maildir and the wire need: each by the call a C library makes of it. */
static void use_files(const struct place *p)
{
	const struct sandbox_path mine = { p->mine, true };
	const struct timespec times[2] = { { 0 } };
	sigset_t signals;
	char by_fd[40];
	struct stat st;
	int fd, watch;

	must(chdir(p->mine) == 0);
	must(sandbox_enter(SANDBOX_SESSION, &mine, 1) >= 1);
	must(mkdir("tmp", 0700) == 0 && mkdir("cur", 0700) == 0);
	watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	must(inotify_add_watch(watch, "cur", IN_MOVED_TO) >= 0);
	snprintf(by_fd, sizeof by_fd, "/proc/self/fd/%d", open("cur", O_PATH));
	must(inotify_add_watch(watch, by_fd, IN_MOVED_TO) >= 0);
	fd = open("tmp/1", O_CREAT | O_EXCL | O_RDWR, 0600);
	must(fd >= 0 && pwrite(fd, "x", 1, 0) == 1 && ftruncate(fd, 9) == 0 && fsync(fd) == 0);
	must(utimensat(AT_FDCWD, "tmp/1", NULL, 0) == 0);
	must(futimens(fd, times) == 0 && fchmod(fd, 0640) == 0);
	must(mmap(NULL, 9, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED);
	must(fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET }) == 0);
	must(rename("tmp/1", "cur/1") == 0 && link("cur/1", "tmp/2") == 0);
	must(stat("tmp/2", &st) == 0 && st.st_nlink == 2);
	must(unlink("tmp/2") == 0 && unlink("cur/1") == 0 && rmdir("tmp") == 0 && rmdir("cur") == 0);
	must(epoll_create1(EPOLL_CLOEXEC) >= 0 && timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) >= 0);
	must(sigemptyset(&signals) == 0 && signalfd(-1, &signals, SFD_CLOEXEC) >= 0);
}

START_TEST(session_can_work_in_its_maildir)
{
	in_a_child(use_files);
}
END_TEST

static void use_libc_files(const struct place *p)
{
	const struct sandbox_path mine = { p->mine, true };
	iconv_t cd;

	must(sandbox_enter(SANDBOX_SESSION, &mine, 1) >= 1);
	cd = iconv_open("UTF-8", "EUC-JP"); /* a module that needs another module */
	must(cd != (iconv_t)-1);
	must(open("/etc/localtime", O_RDONLY) >= 0 || errno == ENOENT);
}

START_TEST(session_can_load_character_sets)
{
	in_a_child(use_libc_files);
}
END_TEST

static void use_libraries(const struct place *p)
{
	const struct sandbox_path mine = { p->mine, true };
	void *library;
	int (*new)(void **ret) = NULL;
	void *event, *found;

	must(sandbox_enter(SANDBOX_SESSION, &mine, 1) >= 1);
	library = dlopen("libsystemd.so.0", RTLD_LAZY);
	must(library != NULL);
	found = dlsym(library, "sd_event_new");
	memcpy(&new, &found, sizeof found);
	must(new && new(&event) >= 0);
}

START_TEST(session_can_load_sd_event)
{
	in_a_child(use_libraries);
}
END_TEST

static void ask_for_lock_holders(const struct place *p)
{
	const struct sandbox_path mine = { p->mine, true };

	must(sandbox_enter(SANDBOX_SESSION, &mine, 1) >= 1);
	must(kill(getpid(), 0) == 0);
	must(kill(getppid(), 0) == 0 || errno == EPERM); /* alive */
	must(kill(0x3fffffff, 0) < 0 && errno == ESRCH);
}

START_TEST(session_can_ask_whether_a_process_lives)
{
	in_a_child(ask_for_lock_holders);
}
END_TEST

static void read_only(const struct place *p)
{
	const struct sandbox_path paths[] = {
		{p->other,	    false},
		     { p->mine,		true },
		{ "/nowhere/at/all", true }
	};

	must(sandbox_enter(SANDBOX_SESSION, paths, 3) >= 1);
	must(open(p->secret, O_RDONLY) >= 0);
	must(open(p->secret, O_WRONLY) < 0 && errno == EACCES);
	must(unlink(p->secret) < 0 && errno == EACCES);
}

START_TEST(what_is_granted_for_reading_is_not_written)
{
	in_a_child(read_only);
}
END_TEST

static void one_file(const struct place *p)
{
	const struct sandbox_path path = { p->secret, true };

	must(sandbox_files(&path, 1) >= 1);
	must(open(p->secret, O_RDWR | O_TRUNC) >= 0);
	must(unlink(p->secret) < 0 && errno == EACCES);
}

START_TEST(one_file_can_be_granted)
{
	in_a_child(one_file);
}
END_TEST

static void not_dumpable(const struct place *p)
{
	struct rlimit core;

	(void)p;
	must(sandbox_enter(SANDBOX_SESSION, NULL, 0) >= 1);
	must(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
}

START_TEST(leaves_no_core)
{
	in_a_child(not_dumpable);
}
END_TEST

START_TEST(abort_still_ends_the_process)
{
	int status;
	const pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		if (sandbox_enter(SANDBOX_DIALOGUE, NULL, 0) < 1)
			_exit(1);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

T_SUITE("sandbox", T_LOOP(dialogue_cannot, attempts), T_LOOP(tls_cannot, attempts),
	T_LOOP(session_cannot, attempts), T_LOOP(without_a_door_it_works, possible),
	T_TEST(dialogue_can_use_the_descriptors_it_has), T_TEST(session_can_work_in_its_maildir),
	T_TEST(session_can_load_character_sets), T_TEST(session_can_load_sd_event), T_TEST(session_can_ask_whether_a_process_lives),
	T_TEST(what_is_granted_for_reading_is_not_written), T_TEST(one_file_can_be_granted),
	T_TEST(leaves_no_core), T_TEST(abort_still_ends_the_process))
