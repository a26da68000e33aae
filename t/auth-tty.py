#!/usr/bin/env python3
"""t/auth-tty.py: imapd-passwd on a terminal: what it shows, and in which state it leaves it."""
import os
import pty
import sys
import termios

program, users = sys.argv[1:]


def typed(lines):
    """Runs it, answers each prompt with the next line. Returns what was shown, the exit code, whether echo is on again."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(program, [program, "-f", users, "bob"])
    shown = b""
    while lines:
        while not shown.rstrip().endswith(b":"):
            shown += os.read(fd, 1024)
        os.write(fd, lines.pop(0))
        shown += b"|"
    try:
        while True:
            got = os.read(fd, 1024)
            if not got:
                break
            shown += got
    except OSError:
        pass
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return shown, status


shown, code = typed([b"typed in\n", b"typed in\n"])
print("hidden" if code == 0 and b"typed" not in shown else f"shown {shown} {code}", end=" ")
shown, code = typed([b"one\n", b"two\n"])
print("differs" if code == 1 else "same", end=" ")

# On a terminal that stays, so that its state can be seen afterwards.
master, slave = pty.openpty()
pid = os.fork()
if pid == 0:
    os.setsid()
    for n in (0, 1, 2):
        os.dup2(slave, n)
    os.execv(program, [program, "-f", users, "bob"])
shown = b""
while not shown.rstrip().endswith(b":"):
    shown += os.read(master, 1024)
os.write(master, b"never mind\x03")
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("cancelled" if code == 1 else f"code {code}", end=" ")
print("restored" if termios.tcgetattr(slave)[3] & termios.ECHO else "mute")
