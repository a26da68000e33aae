/* base/sandbox.h: closing the door: what a process may do from here on */
#pragma once
#include "base/base.h"

/* Who closes the door behind itself. What each may still call stands in sandbox.c, one table each.
 *
 * dialogue: reads and writes the descriptors it has, waits, ends. No files, no sockets, no processes.
 * tls:      the same, and what GnuTLS asks of the kernel (random numbers, the time, a socket's options).
 * session:  files (beneath the paths it names), inotify, epoll, timerfd, signalfd, and the system's libraries,
 *           with iconv's, and the time zone's files, which it need not name. kill(pid, 0) to ask whether the
 *           holder of a lock lives.
 *
 * None of them: exec, fork, ptrace and its kin, a new socket, connect, sendmsg (so no descriptor leaves; send()
 * to where a socket is connected works), a signal to anybody else, memory that is writable and executable.
 * What is refused fails with EPERM; what no honest program would call here ends the process with SIGSYS.
 */
enum sandbox_profile { SANDBOX_DIALOGUE, SANDBOX_TLS, SANDBOX_SESSION };

/* A file, or a directory and all beneath it. One that does not exist is left out. */
struct sandbox_path {
	const char *path;
	bool write;	/* create, rename, link, remove, write too; never make symlinks, devices, FIFOs, sockets */
};

/* All of it at once, for good, children included: not dumpable (so /proc/self belongs to root), no core file,
 * no_new_privs, sandbox_files(), sandbox_calls(). Returns what sandbox_files() does, or a negative errno: then
 * the caller must end. Change user, open the log and connect what must be connected before.
 *
 * Under valgrind nothing but the first three is done, since its own calls can't be told from ours. With
 * AddressSanitizer all of it holds, and leaks are not looked for at exit: that needs ptrace.
 */
int sandbox_enter(enum sandbox_profile profile, const struct sandbox_path *paths, size_t n);

/* Landlock: from now on no file is opened, made, changed or removed but beneath paths (n may be 0: none at all;
 * descriptors that are open go on working), no TCP port bound or connected to, no abstract socket connected to and
 * no process outside signalled, each as far as the kernel knows it. Sets no_new_privs.
 *
 * Returns the kernel's ABI (1 is the oldest), or a negative errno. 0 is a kernel without Landlock, or one that
 * can't grant a rename across directories (ABI 1) when a path is to be written: nothing is restricted, which the
 * caller should write to the log once.
 */
int sandbox_files(const struct sandbox_path *paths, size_t n);

/* The seccomp filter alone. Sets no_new_privs. Returns 0 or a negative errno. */
int sandbox_calls(enum sandbox_profile profile);
