/* t/t_login_confine.c: login/confine: what somebody who has broken into the dialogue can still do: nothing */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fd.h"
#include "login/monitor.h"
#include "t/t.h"

/* Attempts: each true if it got what it wanted. */
static bool opens_a_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}
static bool opens_its_memory(void)
{
	return open("/proc/self/mem", O_RDWR) >= 0;
}
static bool lists_a_directory(void)
{
	return open("/", O_RDONLY | O_DIRECTORY) >= 0;
}
static bool makes_a_file(void)
{
	return open("/tmp/t_confine.made", O_CREAT | O_WRONLY, 0600) >= 0;
}
static bool removes_a_file(void)
{
	return unlink("/tmp/t_confine.victim") == 0;
}
static bool reads_about_a_file(void)
{
	struct stat st;
	return stat("/etc/passwd", &st) == 0;
}
static bool makes_a_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}
static bool makes_a_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0;
}
static bool forks(void)
{
	return fork() >= 0;
}
static bool makes_a_thread(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_FS | SIGCHLD, NULL) >= 0;
}
static bool runs_a_program(void)
{
	return execl("/bin/true", "true", (char *)NULL) == 0;
}
static bool kills_the_monitor(void)
{
	return kill(getppid(), 0) == 0;
}
static bool traces_the_monitor(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}
static bool makes_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}
static bool reads_the_monitor(void)
{
	char octet;
	struct iovec here = { &octet, 1 }, there = { (void *)(uintptr_t)&reads_the_monitor, 1 };

	return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}
static bool passes_a_descriptor(void)
{
	const int fd = 0;
	return fd_send(3, "x", 1, &fd, 1) == 0;
}
static bool becomes_root(void)
{
	return geteuid() != 0 && setuid(0) == 0;
}
static bool is_root(void)
{
	return geteuid() == 0 || getuid() == 0;
}
static bool has_another_descriptor(void)
{
	for (int fd = 4; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			return true;
	return false;
}
static bool is_dumpable(void)
{
	return syscall(SYS_prctl, 3 /* PR_GET_DUMPABLE */, 0, 0, 0, 0) == 1;
}

static const struct attempt_at {
	const char *name;
	bool (*run)(void);
} attempts[] = {
	{"open a file",		 opens_a_file	      },
	{ "open its own memory",	 opens_its_memory	  },
	{ "list a directory",      lists_a_directory	},
	{ "make a file",		 makes_a_file	      },
	{ "remove a file",	   removes_a_file	  },
	{ "read about a file",     reads_about_a_file	  },
	{ "make a socket",	   makes_a_socket	  },
	{ "make a Unix socket",	makes_a_unix_socket   },
	{ "fork",		  forks			},
	{ "make a thread",	   makes_a_thread	  },
	{ "run a program",	   runs_a_program	  },
	{ "signal the monitor",	kills_the_monitor	  },
	{ "trace the monitor",     traces_the_monitor	  },
	{ "read the monitor",      reads_the_monitor	},
	{ "make code",	       makes_code		  },
	{ "pass a descriptor",     passes_a_descriptor   },
	{ "become root",		 becomes_root	      },
	{ "be root",		     is_root		     },
	{ "have more descriptors", has_another_descriptor},
	{ "be dumpable",		 is_dumpable	     },
};

enum { HELD = 0, GOT_OUT = 42, NOT_CONFINED = 43 };

/* The monitor's place: client on 0 and 1, and much open that the fork must not have. */
static int run_confined(bool (*run)(void))
{
	int frames[2], status;
	const int secret = open("/etc/passwd", O_RDONLY);
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, frames), 0);
	pid = fork();
	if (pid == 0) {
		if (!confine(frames[0], -1))
			_exit(NOT_CONFINED);
		_exit(run() ? GOT_OUT : HELD);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	close(secret);
	close(frames[0]);
	close(frames[1]);
	return status;
}

START_TEST(cannot)
{
	const struct attempt_at *a = &attempts[_i];
	int status;

	close(open("/tmp/t_confine.victim", O_CREAT | O_WRONLY, 0666));
	if (a->run == is_root && geteuid() != 0)
		ck_assert(!is_root());
	status = run_confined(a->run);
	ck_assert_msg((WIFEXITED(status) && WEXITSTATUS(status) == HELD) ||
			      (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS),
		      "could %s: status %x", a->name, (unsigned)status);
	ck_assert_int_eq(access("/tmp/t_confine.victim", F_OK), 0);
	ck_assert_int_lt(access("/tmp/t_confine.made", F_OK), 0);
	unlink("/tmp/t_confine.victim");
}
END_TEST

/* The other way round: outside, the same attempts work, so that the test above means something. */
START_TEST(could_before)
{
	ck_assert(opens_a_file() && lists_a_directory() && makes_a_socket() && makes_a_unix_socket());
	ck_assert(kills_the_monitor() || geteuid() != 0);
	ck_assert(is_dumpable() && reads_about_a_file());
}
END_TEST

static bool speaks(void)
{
	char octets[4];

	return write(1, "hello", 5) == 5 && read(0, octets, 4) == 4 && send(3, "G", 1, MSG_NOSIGNAL) == 1;
}

START_TEST(can_speak_with_client_and_monitor)
{
	int client[2], status;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, client), 0);
	ck_assert_int_eq(write(client[1], "NOOP", 4), 4);
	dup2(client[0], 0);
	dup2(client[0], 1);
	status = run_confined(speaks);
	ck_assert_int_eq(status >> 8, GOT_OUT);
	close(client[0]);
	close(client[1]);
}
END_TEST

T_SUITE("confine", T_LOOP(cannot, attempts), T_TEST(could_before), T_TEST(can_speak_with_client_and_monitor))
