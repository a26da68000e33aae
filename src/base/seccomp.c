/* base/seccomp.c: closing the door: which system calls a process may still make (seccomp(2)) */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/sandbox.h"

/* A call that is allowed; if it has a check, only with (argument & mask) == value. Several rows of one call
 * are alternatives. NIL is the check of a pointer: it must be NULL.
 */
struct call {
	unsigned number;
	enum check { ANY = 1, BITS, SELF, NIL } check; /* SELF: the argument is our pid */
	unsigned argument;
	uint32_t mask, value;
};

/* clang-format off */
#define CALL(name)		 { SYS_##name, ANY, 0, 0, 0 }
#define WITH(name, arg, is)	 { SYS_##name, BITS, arg, 0xffffffff, (uint32_t)(is) }
#define WITHOUT(name, arg, bits) { SYS_##name, BITS, arg, bits, 0 }
#define OF_SELF(name)		 { SYS_##name, SELF, 0, 0xffffffff, 0 }
#define WITH_NULL(name, arg)	 { SYS_##name, NIL, arg, 0xffffffff, 0 }
/* clang-format on */

/* Every profile: what is open already, memory, time, signals to oneself, the end. */
static const struct call common[] = {
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(recvfrom),
	CALL(recvmsg),
	WITH_NULL(sendto, 4), /* only to where it is connected */
	CALL(ppoll),
	CALL(pselect6),
	CALL(close),
	CALL(shutdown),
	CALL(fstat),
	CALL(getsockopt),
	CALL(getsockname),
	CALL(getpeername),
	WITH(fcntl, 1, F_GETFD),
	WITH(fcntl, 1, F_SETFD),
	WITH(fcntl, 1, F_GETFL),
	WITH(fcntl, 1, F_SETFL),
	WITH(fcntl, 1, F_DUPFD_CLOEXEC),
	CALL(brk),
	WITHOUT(mmap, 2, PROT_EXEC),
	WITHOUT(mprotect, 2, PROT_EXEC),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL(futex),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(getrandom),
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getppid),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(rt_sigtimedwait),
	CALL(sigaltstack),
	CALL(restart_syscall),
	CALL(sched_yield),
	OF_SELF(tgkill), /* abort() */
	OF_SELF(kill),
	WITH(prctl, 0, PR_GET_SECCOMP),
	CALL(exit),
	CALL(exit_group),
#ifdef SYS_poll /* older calls, which newer architectures never had */
	CALL(poll),
	CALL(select),
	CALL(time),
#endif
	{ 0 },
};

/* GnuTLS stirs its generator with the times of getrusage(). */
static const struct call tls[] = {
	CALL(getrusage),
	CALL(uname),
	WITH(setsockopt, 1, SOL_SOCKET),
	WITH(setsockopt, 1, IPPROTO_TCP),
	WITH(ioctl, 1, FIONREAD),
	{ 0 },
};

/* A thread of this process, as pthread_create() makes it; no process. */
enum { THREAD = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
		CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID };

/* Calls that take a path and that Landlock does not see (chmod, chown, utimensat, setxattr) are left out, or
 * allowed on a descriptor only.
 */
static const struct call session[] = {
	CALL(openat),
	CALL(newfstatat),
	CALL(statx),
	CALL(pread64),
	CALL(pwrite64),
	CALL(preadv),
	CALL(pwritev),
	CALL(lseek),
	CALL(getdents64),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_pwait),
	CALL(epoll_pwait2),
	CALL(timerfd_create),
	CALL(timerfd_settime),
	CALL(timerfd_gettime),
	CALL(signalfd4),
	CALL(eventfd2),
	CALL(inotify_init1),
	CALL(inotify_add_watch),
	CALL(inotify_rm_watch),
	CALL(fsync),
	CALL(fdatasync),
	CALL(syncfs),
	CALL(sync_file_range),
	CALL(ftruncate),
	CALL(fallocate),
	CALL(fadvise64),
	CALL(readahead),
	CALL(copy_file_range),
	CALL(sendfile),
	CALL(splice),
	CALL(flock),
	WITH(fcntl, 1, F_DUPFD),
	WITH(fcntl, 1, F_GETLK),
	WITH(fcntl, 1, F_SETLK),
	WITH(fcntl, 1, F_SETLKW),
	WITH(fcntl, 1, F_OFD_GETLK),
	WITH(fcntl, 1, F_OFD_SETLK),
	WITH(fcntl, 1, F_OFD_SETLKW),
	CALL(renameat),
	CALL(renameat2),
	CALL(linkat),
	CALL(unlinkat),
	CALL(mkdirat),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlinkat),
	CALL(statfs),
	CALL(fstatfs),
	CALL(fchmod),
	WITH_NULL(utimensat, 1), /* futimens() */
	WITH_NULL(utimensat, 2), /* to now */
	CALL(umask),
	CALL(chdir),
	CALL(fchdir),
	CALL(getcwd),
	CALL(dup),
	CALL(dup3),
	CALL(pipe2),
	CALL(msync),
	CALL(mincore),
	CALL(uname),
	CALL(sysinfo),
	CALL(getrusage),
	CALL(times),
	CALL(getpgid),
	CALL(getgroups),
	CALL(sched_getaffinity),
	CALL(set_robust_list),
	CALL(rseq),
	WITH(clone, 0, THREAD),
	CALL(rt_sigpending),
	CALL(rt_sigsuspend),
	CALL(setitimer),
	CALL(getitimer),
	CALL(get_robust_list),
	WITH_NULL(prlimit64, 2), /* getrlimit() */
	WITH(kill, 1, 0),	 /* does the holder of a lock live? */
	WITH(prctl, 0, PR_SET_NAME),
	WITH(setsockopt, 1, SOL_SOCKET),
	WITH(setsockopt, 1, IPPROTO_TCP),
	WITH(ioctl, 1, FIONREAD),
	WITH(ioctl, 1, TIOCOUTQ),
	/* iconv loads a module for some character sets. Only never writable and executable at once. */
	WITH(mmap, 2, PROT_READ | PROT_EXEC),
#ifdef SYS_open
	CALL(open),
	CALL(stat),
	CALL(lstat),
	CALL(access),
	CALL(readlink),
	CALL(getdents),
	CALL(rename),
	CALL(link),
	CALL(unlink),
	CALL(mkdir),
	CALL(rmdir),
	CALL(dup2),
	CALL(pipe),
	CALL(alarm),
	CALL(pause),
	CALL(creat),
	CALL(epoll_wait),
#endif
	{ 0 },
};

/* What only an intruder would call: the end, and a line in the kernel's log. */
static const struct call fatal[] = {
	CALL(execve),
	CALL(execveat),
	CALL(ptrace),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(process_madvise),
	CALL(pidfd_getfd),
	CALL(pidfd_send_signal),
	CALL(kcmp),
	CALL(bpf),
	CALL(perf_event_open),
	CALL(userfaultfd),
	CALL(io_uring_setup),
	CALL(mount),
	CALL(umount2),
	CALL(pivot_root),
	CALL(chroot),
	CALL(unshare),
	CALL(setns),
	CALL(keyctl),
	CALL(add_key),
	CALL(request_key),
	CALL(init_module),
	CALL(finit_module),
	CALL(kexec_load),
	{ 0 },
};

static const struct call *const profiles[] = {
	[SANDBOX_DIALOGUE] = (const struct call[]){ { 0 } },
	[SANDBOX_TLS] = tls,
	[SANDBOX_SESSION] = session,
};

#if defined __x86_64__
enum { ARCHITECTURE = (int)AUDIT_ARCH_X86_64, X32 = 0x40000000 };
#elif defined __aarch64__
enum { ARCHITECTURE = (int)AUDIT_ARCH_AARCH64, X32 = 0x40000000 };
#else
#error "which architecture is this (linux/audit.h)?"
#endif

enum { LONGEST = 1024 };

struct program {
	struct sock_filter code[LONGEST];
	unsigned short n;
};

static void put(struct program *p, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	assert(p->n < LONGEST && yes < 256 && no < 256);
	p->code[p->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes, (uint8_t)no, k };
}

static void load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Skips yes instructions if the accumulator is k, else no. */
static void skip(struct program *p, uint32_t k, unsigned yes, unsigned no)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, yes, no);
}

static void done(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* A libc that is newer than this table asks for calls that it does without when there are none. */
enum { NEWEST = 462 };

/* What comes of each call. CHECKED is none of the kernel's: the rows of that number say. */
enum { CHECKED = 0 };

struct actions {
	const struct call *rows[2]; /* allowed, from two tables */
	uint32_t of[NEWEST + 1];
};

static void set_actions(struct actions *a, const struct call *calls, uint32_t action)
{
	for (; calls->check; calls++) {
		assert(calls->number <= NEWEST);
		a->of[calls->number] = calls->check == ANY ? action : CHECKED;
	}
}

static void actions_init(struct actions *a, enum sandbox_profile profile)
{
	*a = (struct actions){ .rows = { common, profiles[profile] } };
	for (size_t i = 0; i <= NEWEST; i++)
		a->of[i] = SECCOMP_RET_ERRNO | EPERM;
	set_actions(a, fatal, SECCOMP_RET_KILL_PROCESS);
	set_actions(a, common, SECCOMP_RET_ALLOW);
	set_actions(a, profiles[profile], SECCOMP_RET_ALLOW);
	a->of[SYS_clone3] = SECCOMP_RET_ERRNO | ENOSYS;
}

/* One row: on to the next instruction if its argument is another. The halves of an argument are in the order
 * of a little-endian machine, which both architectures are.
 */
static void put_row(struct program *p, const struct call *c)
{
	const size_t low = offsetof(struct seccomp_data, args) + 8 * c->argument;

	if (c->check == NIL) {
		load(p, low + 4);
		skip(p, 0, 0, 4);
	}
	load(p, low);
	put(p, BPF_ALU | BPF_AND | BPF_K, c->mask, 0, 0);
	skip(p, c->check == SELF ? (uint32_t)getpid() : c->value, 0, 1);
	done(p, SECCOMP_RET_ALLOW);
}

static void put_action(struct program *p, const struct actions *a, uint32_t number, uint32_t action)
{
	for (size_t i = 0; action == CHECKED && i < COUNT(a->rows); i++)
		for (const struct call *c = a->rows[i]; c->check; c++)
			if (c->number == number)
				put_row(p, c);
	done(p, action == CHECKED ? SECCOMP_RET_ERRNO | EPERM : action);
}

/* Neighbours with one fate; up to the next one's first. */
struct span {
	uint32_t first, action;
};

/* The kernel walks through the filter for each call that there is, before it takes it: so a search in halves. */
static void put_spans(struct program *p, const struct actions *a, const struct span *v, size_t n)
{
	const unsigned short at = p->n;

	if (n == 1) {
		put_action(p, a, v->first, v->action);
		return;
	}
	put(p, BPF_JMP | BPF_JGE | BPF_K, v[n / 2].first, 0, 0);
	put_spans(p, a, v, n / 2);
	assert(p->n - at - 1 < 256);
	p->code[at].jt = (uint8_t)(p->n - at - 1);
	put_spans(p, a, v + n / 2, n - n / 2);
}

static size_t find_spans(const struct actions *a, struct span ret[static NEWEST + 3])
{
	size_t n = 0;

	for (uint32_t i = 0; i <= NEWEST; i++)
		if (i == 0 || a->of[i] == CHECKED || a->of[i] != a->of[i - 1])
			ret[n++] = (struct span){ i, a->of[i] };
	ret[n++] = (struct span){ NEWEST + 1, SECCOMP_RET_ERRNO | ENOSYS };
	ret[n++] = (struct span){ X32, SECCOMP_RET_KILL_PROCESS };
	return n;
}

static void put_all(struct program *p, enum sandbox_profile profile)
{
	struct span spans[NEWEST + 3];
	struct actions a;

	actions_init(&a, profile);
	load(p, offsetof(struct seccomp_data, arch));
	skip(p, (uint32_t)ARCHITECTURE, 1, 0);
	done(p, SECCOMP_RET_KILL_PROCESS);
	load(p, offsetof(struct seccomp_data, nr));
	put_spans(p, &a, spans, find_spans(&a, spans));
}

int sandbox_calls(enum sandbox_profile profile)
{
	struct program p;
	struct sock_fprog filter = { .filter = p.code };

	p.n = 0;
	put_all(&p, profile);
	filter.len = p.n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) < 0 ? -errno : 0;
}

#ifdef __SANITIZE_ADDRESS__
int __lsan_is_turned_off(void);

/* AddressSanitizer asks at exit: looking for leaks needs ptrace and /proc. */
int __lsan_is_turned_off(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0;
}
#endif
