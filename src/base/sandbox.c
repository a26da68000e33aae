/* base/sandbox.c: closing the door: files, ports and processes by Landlock (landlock(7)) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/fd.h"
#include "base/sandbox.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* What the kernel's ABI asks for, written out because the headers that we are built with may know less than
 * the kernel that we run on. 444 to 446 are the numbers on every architecture.
 */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { VERSION = 1, PATH_BENEATH = 1, ABI_REFER = 2, ABI_KNOWN = 7 };

struct ruleset {
	uint64_t files, ports, scopes;
};

struct beneath {
	uint64_t access;
	int32_t fd;
} __attribute__((packed));

#define BIT(n) (UINT64_C(1) << (n))
enum {
	EXECUTE,
	WRITE_FILE,
	READ_FILE,
	READ_DIR,
	REMOVE_DIR,
	REMOVE_FILE,
	MAKE_CHAR,
	MAKE_DIR,
	MAKE_REG,
	MAKE_SOCK,
	MAKE_FIFO,
	MAKE_BLOCK,
	MAKE_SYM,
	REFER,
	TRUNCATE,
	IOCTL_DEV,
};

/* Rights that make sense on a file; the others are a directory's. */
static const uint64_t of_files =
	BIT(EXECUTE) | BIT(WRITE_FILE) | BIT(READ_FILE) | BIT(TRUNCATE) | BIT(IOCTL_DEV);
static const uint64_t reading = BIT(READ_FILE) | BIT(READ_DIR);
static const uint64_t writing = BIT(READ_FILE) | BIT(READ_DIR) | BIT(WRITE_FILE) | BIT(REMOVE_DIR) |
				BIT(REMOVE_FILE) | BIT(MAKE_DIR) | BIT(MAKE_REG) | BIT(REFER) | BIT(TRUNCATE);

/* All that an ABI can restrict, by its number. */
static const struct ruleset known[ABI_KNOWN + 1] = {
	[1] = {BIT(REFER) - 1,		0, 0},
	[2] = { BIT(TRUNCATE) - 1,	   0, 0}, /* and rename, link across directories */
	[3] = { BIT(IOCTL_DEV) - 1,	    0, 0}, /* and truncate */
	[4] = { BIT(IOCTL_DEV) - 1,	    3, 0}, /* and TCP: bind, connect */
	[5] = { BIT(IOCTL_DEV + 1) - 1, 3, 0}, /* and ioctl on devices */
	[6] = { BIT(IOCTL_DEV + 1) - 1, 3, 3}, /* and abstract sockets, signals */
	[7] = { BIT(IOCTL_DEV + 1) - 1, 3, 3},
};

static int allow(int ruleset, const struct ruleset *handled, const struct sandbox_path *path)
{
	_cleanup_(fd_closep) int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct beneath rule = { .access = (path->write ? writing : reading) & handled->files, .fd = fd };
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		rule.access &= of_files;
	return syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

int sandbox_files(const struct sandbox_path *paths, size_t n)
{
	_cleanup_(fd_closep) int ruleset = -1;
	const long abi = syscall(CREATE_RULESET, NULL, 0, VERSION);
	const struct ruleset *handled;
	bool writes = false;

	for (size_t i = 0; i < n; i++)
		writes |= paths[i].write;
	if (abi < 1 || (abi < ABI_REFER && writes))
		return 0;
	handled = &known[MIN(abi, ABI_KNOWN)];
	ruleset = (int)syscall(CREATE_RULESET, handled, sizeof *handled, 0);
	if (ruleset < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		const int r = allow(ruleset, handled, &paths[i]);

		if (r < 0)
			return r;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(RESTRICT_SELF, ruleset, 0) < 0)
		return -errno;
	return (int)abi;
}

/* What a session's libc opens by itself: libraries (libsystemd with what it wants, character sets of iconv), found
 * by the loader's cache, and the time zone. Each distribution has some of them.
 */
static const char *const libc_files[] = {
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/usr/share/zoneinfo",
	"/usr/lib/gconv",
	"/usr/lib64",
#ifdef __x86_64__
	"/usr/lib/x86_64-linux-gnu",
#else
	"/usr/lib/aarch64-linux-gnu",
#endif
};

enum { PATHS = 128 }; /* beside our own */

int sandbox_enter(enum sandbox_profile profile, const struct sandbox_path *paths, size_t n)
{
	const struct rlimit none = { 0 };
	struct sandbox_path all[PATHS + COUNT(libc_files)];
	size_t count = 0;
	int abi, r;

	if (n > PATHS)
		return -E2BIG;
	for (size_t i = 0; i < n; i++)
		all[count++] = paths[i];
	for (size_t i = 0; profile == SANDBOX_SESSION && i < COUNT(libc_files); i++)
		all[count++] = (struct sandbox_path){ libc_files[i], false };

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (RUNNING_ON_VALGRIND)
		return 0;
	abi = sandbox_files(all, count);
	if (abi < 0)
		return abi;
	r = sandbox_calls(profile);
	return r < 0 ? r : abi;
}
