#!/usr/bin/env python3
"""t/powerloss/cut.py: what is on a disk whose power is cut at some moment, and whether all that was acknowledged is there.

cut.py IMAPD LOG DISK HISTORY FS POINTS SEED: LOG is what dm-log-writes has logged; DISK a file that becomes the disk; HISTORY
what play.py has written. At each mark, and at up to POINTS moments in between, the disk as it is then is mounted beside DISK, and an
imapd tells what is there. At a moment in between each write that was not yet flushed is there or is not, at random.
"""
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from model import Server, flags_of, text, uids_of

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
MAGIC, SECTOR = 0x6A736677736872, 512
WORKERS = 3


class Wrong(Exception):
    pass


def entries(path):
    """(sector, flags, data) of each entry in order; a mark's data is its name."""
    with open(path, "rb") as log:
        magic, _, count, size = struct.unpack("<QQQI", log.read(28))
        assert (magic, size) == (MAGIC, SECTOR)
        log.seek(SECTOR)
        for _ in range(count):
            head = log.read(SECTOR)
            sector, sectors, flags, length = struct.unpack("<QQQQ", head[:32])
            if flags & MARK:
                yield sector, flags, head[32:32 + length].rstrip(b"\0")
            elif flags & DISCARD:
                yield sector, flags, bytes(sectors * SECTOR)
            else:
                yield sector, flags, log.read(sectors * SECTOR)


class Disk:
    """The disk at some moment of the log: a file with what was flushed, and what was written since."""

    def __init__(self, path):
        self.path, self.pending = path, []
        self.file = open(path, "r+b", buffering=0)

    def add(self, sector, flags, data):
        if flags & FLUSH:
            write(self.file, self.pending)
            self.pending = []
        if data and flags & FUA:
            write(self.file, [(sector, data)])
        elif data:
            self.pending.append((sector, data))

    def cut(self, writes, path):
        """A disk of its own, on which some of those that wait were written."""
        shutil.copyfile(self.path, path)
        with open(path, "r+b", buffering=0) as file:
            write(file, writes)


def write(file, writes):
    for sector, data in writes:
        os.pwrite(file.fileno(), data, sector * SECTOR)


def select_command(name, told):
    if not told:
        return f"SELECT {name}"
    known = f" 1:{told['uidnext'] - 1}" if told["uidnext"] > 1 else ""
    return f"SELECT {name} (QRESYNC ({told['uidvalidity']} {told['modseq']}{known}))"


def resynchronized(told, lines):
    """The flags by UID of a client that knew what it was told, and was told this then."""
    known = {uid: flags for uid, (_, flags) in told["messages"].items()}
    for line in lines:
        gone = re.match(r"\* VANISHED \(EARLIER\) ([\d:,]+)", line)
        for uid in uids_of(gone[1]) if gone else ():
            known.pop(str(uid), None)
        if line.startswith("* ") and " FETCH (" in line:
            known[re.search(r"UID (\d+)", line)[1]] = flags_of(line)
    return known


def observe_folder(answers, name, told):
    lines, fetched, _ = answers
    whole = "".join(lines)
    folder = {key: re.search(rf"{code} \(?([^\])]+)", whole)[1] for key, code in
              (("uidvalidity", "UIDVALIDITY"), ("id", "MAILBOXID"), ("uidnext", "UIDNEXT"), ("modseq", "HIGHESTMODSEQ"))}
    folder.update(uidnext=int(folder["uidnext"]), modseq=int(folder["modseq"]), messages={})
    for line in fetched:
        if " FETCH (" in line:
            token = re.search(r"X-Token: (\S+)", line)
            token = token[1] if token and text(token[1]) in line else "(not whole)"
            folder["messages"][re.search(r"UID (\d+)", line)[1]] = [token, flags_of(line)]
    if told and told["uidvalidity"] == folder["uidvalidity"]:
        known = resynchronized(told, lines)
        below = told["uidnext"] if told["uidnext"] > 1 else 1 << 32	# of others nothing was asked
        if known != {uid: flags for uid, (_, flags) in folder["messages"].items() if int(uid) < below}:
            raise Wrong(f"{name}: who resynchronizes from {told['modseq']} believes {known}, and there is {folder['messages']}")
    return folder


def uptime():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME))


def observe(imapd, maildir, told):
    """What a client finds that was told this before; and a message that is appended now gets a UID that none had."""
    server = Server(["unshare", "--fork", "--time", "--boottime", f"-{uptime()}", imapd, maildir],	# as if just started
                    IMAPD_SYNC="never")
    try:
        _, listed, subscribed = (("".join(a) for a in server.commands("ENABLE QRESYNC", 'LIST "" "*"', 'LSUB "" "*"')))
        folders = sorted(re.findall(r'^\* LIST \((?![^)]*(?i:nonexistent|noselect))[^)]*\) "." (\S+)\r', listed, re.M))
        state = {"folders": {}, "metadata": {}}
        state["subscribed"] = sorted(re.findall(r'^\* LSUB \([^)]*\) "." (\S+)\r', subscribed, re.M))
        commands = []
        for name in folders:
            commands += [select_command(name, told["folders"].get(name)), "UID FETCH 1:* (FLAGS BODY.PEEK[])",
                         f"GETMETADATA {name} /private/comment"]
        message = text("afterwards")
        *answers, appended = server.commands(*commands, f"APPEND INBOX {{{len(message)}+}}\r\n{message}")
        for i, name in enumerate(folders):
            state["folders"][name] = observe_folder(answers[3 * i:3 * i + 3], name, told["folders"].get(name))
            for line in answers[3 * i + 2]:
                if found := re.match(r'\* METADATA \S+ \((\S+) "([^"]*)"\)', line):
                    state["metadata"][f"{name} {found[1]}"] = found[2]
        if int(re.search(r"APPENDUID \d+ (\d+)", appended[-1])[1]) < told["folders"]["INBOX"]["uidnext"]:
            raise Wrong(f"a new message has got a UID that had been given: {appended[-1]}")
        return state
    except RuntimeError as e:
        server.end()
        raise Wrong(f"{e}; the log: {server.log[-1000:]}") from e
    finally:
        server.end()


def content(state):
    return {**state, "folders": {name: {**f, "uidnext": 0, "modseq": 0} for name, f in state["folders"].items()}}


def differences(a, b):
    """In words, what is in one and not in the other."""
    found = [key for key in ("subscribed", "metadata") if a[key] != b[key]]
    for name in sorted(set(a["folders"]) | set(b["folders"])):
        x, y = a["folders"].get(name), b["folders"].get(name)
        if not x or not y:
            found.append(f"{name} is {'there' if x else 'missing'}")
        elif x != y:
            found += [f"{name} {key} {x[key]}, not {y[key]}" for key in ("id", "uidvalidity") if x[key] != y[key]]
            uids = sorted(set(x["messages"]) | set(y["messages"]), key=int)
            found += [f"{name} UID {uid} {x['messages'].get(uid)}, not {y['messages'].get(uid)}" for uid in uids
                      if x["messages"].get(uid) != y["messages"].get(uid)]
    return "; ".join(found[:8])


def each_of(before, after, there):
    """A command that does something to each of many messages: each is as before or as after, and none is there twice."""
    tokens = {}
    for name, folder in there["folders"].items():
        x, y = (s["folders"][name]["messages"] for s in (before, after))
        for uid in set(x) | set(y) | set(folder["messages"]):
            if folder["messages"].get(uid) not in (x.get(uid), y.get(uid)):
                return False
        for token, _ in folder["messages"].values():
            tokens[token] = tokens.get(token, 0) + 1
    wanted = {}
    for folder in after["folders"].values():
        for token, _ in folder["messages"].values():
            wanted[token] = wanted.get(token, 0) + 1
    return all(tokens.get(t, 0) >= n for t, n in wanted.items()) and \
        all(n <= max(wanted.get(t, 0), count(before, t)) for t, n in tokens.items())


def count(state, token):
    return sum(t == token for f in state["folders"].values() for t, _ in f["messages"].values())


def judge(before, after, there):
    was, will, is_ = content(before), content(after["state"] if after else before), content(there)
    for name in set(is_["folders"]) & set(will["folders"]) - set(was["folders"]) if after and after["how"] == "create" else ():
        for key in ("id", "uidvalidity"):	# nobody has been told what they are
            is_["folders"][name][key] = will["folders"][name][key]
    if is_ not in (was, will):
        same = set(was["folders"]) == set(will["folders"]) == set(is_["folders"])
        if not after or after["how"] != "each" or not same or not each_of(was, will, is_):
            raise Wrong(f"is not as before: {differences(is_, was)}; nor as after: {differences(is_, will)}")
    for name, folder in before["folders"].items():
        now = there["folders"].get(name)
        if now and now["id"] == folder["id"]:
            for key in ("uidnext", "modseq"):
                if now[key] < folder[key]:
                    raise Wrong(f"{name}: {key} was told as {folder[key]} and is {now[key]}")


class Cutter:
    """Looks at several disks at once. None has the name of another, as a loop device may outlive its file for a while."""

    def __init__(self, imapd, history, path, fs):
        self.imapd, self.history, self.path, self.fs = imapd, history, path, fs
        self.pool, self.room, self.jobs = ThreadPoolExecutor(WORKERS), threading.Semaphore(2 * WORKERS), []

    def cut(self, disk, writes, step, where):
        path = f"{self.path}.{len(self.jobs)}"
        self.room.acquire()
        disk.cut(writes, path)
        self.jobs.append(self.pool.submit(self.look, path, step, where))

    def look(self, path, step, where):
        """Returns what is wrong with the disk, which stands at the moment after the mark of that step."""
        before, after = self.history[step], self.history[step + 1] if step + 1 < len(self.history) else None
        place = path + ".mount"
        try:
            os.mkdir(place)
            options = "loop,nouuid" if self.fs == "xfs" else "loop"
            subprocess.run(["mount", "-t", self.fs, "-o", options, path, place], check=True)
            try:
                judge(before["state"], after, observe(self.imapd, place + "/Maildir", before["state"]))
            finally:
                subprocess.run(["umount", place], check=False)
            return None
        except Wrong as e:
            return f"{where}, after {before['command']}" + (f", while {after['command']} goes on" if after else "") + f": {e}"
        finally:
            self.room.release()
            os.rmdir(place)
            os.unlink(path)


def main():
    imapd, log, path, history, fs, points, seed = sys.argv[1:8]
    chance = random.Random(int(seed))
    with open(history) as file:
        history = [json.loads(line) for line in file]
    marks = [flags & MARK and data.startswith(b"step") for _, flags, data in entries(log)]
    between = range(marks.index(True), len(marks))
    chosen = set(chance.sample(between, min(len(between), int(points))))
    disk, cutter = Disk(path), Cutter(imapd, history, path, fs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    step = -1
    time.sleep(3)	# no machine starts faster than this after its power was cut: locks that were left are from before
    try:
        for i, (sector, flags, data) in enumerate(entries(log)):
            if marks[i]:
                step += 1
                cutter.cut(disk, disk.pending, step, f"write {i} of {len(marks)}")
            elif not flags & MARK:
                disk.add(sector, flags, data)
            if i in chosen and disk.pending:
                some = [w for w in disk.pending if chance.random() < 0.5]
                cutter.cut(disk, some, step, f"write {i} of {len(marks)}, of {len(disk.pending)} not flushed {len(some)} there")
        wrongs = [wrong for wrong in (job.result() for job in cutter.jobs) if wrong]
    finally:
        cutter.pool.shutdown(cancel_futures=True)
    for wrong in wrongs[:10]:
        print(wrong)
    print(f"{len(cutter.jobs)} cuts, {len(wrongs)} wrong")


main()
