#!/usr/bin/env python3
"""t/powerloss/play.py: inside user-mode Linux, changes mail, and puts a mark on the disk's log after each tagged OK.

play.py IMAPD MAILDIR DEVICE HISTORY: DEVICE is the log-writes device below the Maildir. HISTORY gets a line of JSON for each mark:
the command, whether all of it must happen at once, and what must be there from then on.
"""
import fcntl
import json
import os
import re
import struct
import sys

from model import Server, flags_of, text, uids_of

DM_TARGET_MSG = 0xC138FD0E
WHOLE, EACH, CREATE = "whole", "each", "create"	# whether a command happens at once, or for each message on its own


class Marks:
    """dmsetup message DEVICE 0 mark NAME, without a process for each."""

    def __init__(self, device):
        self.control = os.open("/dev/mapper/control", os.O_RDWR)
        self.device = device.encode()

    def put(self, name):
        message = struct.pack("=Q", 0) + f"mark {name}".encode() + b"\0"
        head = struct.pack("=5I5IQ128s136x", 4, 0, 0, 312 + len(message), 312, 0, 0, 0, 0, 0, 0, self.device)
        fcntl.ioctl(self.control, DM_TARGET_MSG, bytearray(head + message))


class Player:
    def __init__(self, server, maildir, marks, history):
        self.server, self.maildir, self.marks, self.history = server, maildir, marks, history
        self.state = {"folders": {}, "subscribed": [], "metadata": {}}
        self.steps = self.tokens = self.delivered = 0
        self.selected = None

    def mark(self, command, how=WHOLE, created=None):
        """What self.state says was acknowledged. What a new folder is, is asked for after that."""
        self.marks.put(f"step{self.steps}")
        if created:
            self.status(created)
        self.history.write(json.dumps({"command": command, "how": how, "state": self.state}) + "\n")
        self.steps += 1

    def folder(self, name):
        return self.state["folders"][name]

    def messages(self, name=None):
        return self.folder(name or self.selected)["messages"]

    def token(self):
        self.tokens += 1
        return f"token{self.tokens}"

    def told(self, lines):
        """Untagged responses, and the code of the tagged one."""
        for line in lines:
            modseqs = [int(n) for n in re.findall(r"(?:MODSEQ \(|HIGHESTMODSEQ )(\d+)", line)]
            if modseqs and self.selected:
                self.folder(self.selected)["modseq"] = max(modseqs + [self.folder(self.selected)["modseq"]])
            fetch = re.match(r"\* \d+ FETCH .*UID (\d+)", line, re.S)
            if fetch and "FLAGS (" in line and fetch[1] in self.messages():
                self.messages()[fetch[1]][1] = flags_of(line)
            gone = re.match(r"\* VANISHED ([\d:,]+)", line)
            for uid in uids_of(gone[1]) if gone else ():
                del self.messages()[str(uid)]

    def arrived(self, name, uid, token, flags=()):
        self.messages(name)[str(uid)] = [token, sorted(flags)]
        self.folder(name)["uidnext"] = max(self.folder(name)["uidnext"], int(uid) + 1)

    def run(self, command, how=WHOLE):
        lines = self.server.command(command)
        self.told(lines)
        return lines

    def status(self, name):
        """Asks what a folder is; not marked, as nothing has changed."""
        line = self.server.command(f"STATUS {name} (UIDVALIDITY UIDNEXT HIGHESTMODSEQ MAILBOXID)")[0]
        value = {k: v for k, v in re.findall(r"(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ|MAILBOXID) \(?([^ )]+)", line)}
        self.state["folders"][name] = {"uidvalidity": value["UIDVALIDITY"], "id": value["MAILBOXID"],
                                       "uidnext": int(value["UIDNEXT"]), "modseq": int(value["HIGHESTMODSEQ"]), "messages": {}}

    def select(self, name):
        self.selected = name
        self.run(f"SELECT {name}")

    def create(self, name):
        self.run(f"CREATE {name}")
        self.mark(f"CREATE {name}", CREATE, created=name)

    def append(self, name, *flags, several=1):
        tokens = [self.token() for _ in range(several)]
        parts = "".join(f" ({' '.join(flags)}) {{{len(text(t))}+}}\r\n{text(t)}" for t in tokens)
        code = re.search(r"APPENDUID (\d+) ([\d:,]+)", self.run(f"APPEND {name}{parts}")[-1])
        for uid, token in zip(uids_of(code[2]), tokens):
            self.arrived(name, uid, token, flags)
        self.mark(f"APPEND {name} of {several}")

    def transfer(self, verb, uids, name):
        before = {u: self.messages()[str(u)] for u in uids}
        lines = self.run(f"UID {verb} {','.join(map(str, uids))} {name}")
        code = next(found for found in (re.search(r"COPYUID (\d+) ([\d:,]+) ([\d:,]+)", line) for line in lines) if found)
        for old, new in zip(uids_of(code[2]), uids_of(code[3])):
            self.arrived(name, new, *before[old])
        self.mark(f"{verb} {uids} from {self.selected} to {name}", WHOLE if verb == "COPY" else EACH)

    def store(self, uids, how, *flags):
        command = f"UID STORE {','.join(map(str, uids))} {how} ({' '.join(flags)})"
        self.run(command)
        self.mark(command, EACH)

    def expunge(self, *uids):
        command = f"UID EXPUNGE {','.join(map(str, uids))}" if uids else "EXPUNGE"
        self.run(command)
        self.mark(command, EACH)

    def read(self, uid):
        self.run(f"UID FETCH {uid} BODY[]")
        self.mark(f"FETCH BODY[] of {uid}", EACH)

    def rename(self, old, new):
        self.run(f"RENAME {old} {new}")
        self.state["folders"] = {re.sub(rf"^{old}(?=\.|$)", new, name): f for name, f in self.state["folders"].items()}
        self.state["metadata"] = {re.sub(rf"^{old}(?=[. ])", new, key): v for key, v in self.state["metadata"].items()}
        self.mark(f"RENAME {old} {new}")

    def delete(self, name):
        self.run(f"DELETE {name}")
        del self.state["folders"][name]
        self.state["metadata"] = {k: v for k, v in self.state["metadata"].items() if not k.startswith(name + " ")}
        self.mark(f"DELETE {name}")

    def subscribe(self, name, wanted=True):
        self.run(f"{'' if wanted else 'UN'}SUBSCRIBE {name}")
        self.state["subscribed"] = sorted(set(self.state["subscribed"]) ^ {name})
        self.mark(f"SUBSCRIBE {name} {wanted}")

    def metadata(self, name, entry, value):
        self.run(f'SETMETADATA {name} ({entry} "{value}")')
        self.state["metadata"][f"{name} {entry}"] = value
        self.mark(f"SETMETADATA {name} {entry}")

    def deliver(self):
        """Another program delivers as it should; what has been told of it since must hold."""
        token = self.token()
        path = f"{self.maildir}/tmp/1700000000.{token}.mta"
        with open(path, "wb") as file:
            file.write(text(token).replace("\r", "").encode())
            file.flush()
            os.fsync(file.fileno())
        os.rename(path, path.replace("/tmp/", "/new/"))
        self.sync_dir("new")
        uid = self.folder("INBOX")["uidnext"]
        lines = self.run("NOOP") + self.run(f"UID FETCH {uid}:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-Token)])")
        found = next(line for line in lines if token in line)
        self.arrived("INBOX", re.search(r"UID (\d+)", found)[1], token, flags_of(found))
        self.mark("a delivery to INBOX")

    def found(self, name, first):
        """Another program has made a folder, and this is the first command that looks at it."""
        place, tokens = f"{self.maildir}/../{name}", [self.token() for _ in range(3)]
        for part in ("", "/cur", "/new", "/tmp"):
            os.mkdir(place + part)
        for token, path in zip(tokens, ("cur/1.{}.mta:2,S", "cur/2.{}.mta:2,", "new/3.{}.mta")):
            with open(f"{place}/{path.format(token)}", "wb") as file:
                file.write(text(token).replace("\r", "").encode())
        os.sync()
        os.rename(place, f"{self.maildir}/.{name}")
        self.sync_dir(".")
        if first == "SELECT":
            self.server.command(f"SELECT {name}")
        self.status(name)
        for uid, token in enumerate(tokens, 1):
            self.arrived(name, uid, token, ["\\Seen"] if uid == 1 else [])
        self.mark(f"the first {first} of {name}", CREATE)
        if first == "SELECT":
            self.select(self.selected)

    def sync_dir(self, name):
        fd = os.open(f"{self.maildir}/{name}", os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)

    def meddle(self, uid, letters):
        """Another program changes a flag."""
        token = self.messages("INBOX")[str(uid)][0]
        name = next(n for n in os.listdir(self.maildir + "/cur") if f".{token}." in n)
        os.rename(f"{self.maildir}/cur/{name}", f"{self.maildir}/cur/{name.partition(':')[0]}:2,{letters}")
        self.sync_dir("cur")
        self.run("NOOP")
        self.mark(f"another program's flags on {uid}")

    def begin(self):
        self.run("ENABLE QRESYNC")
        self.status("INBOX")
        self.mark("the beginning")
        self.select("INBOX")


def play(p, rounds):
    p.create("Work")
    p.create("Tree")
    p.create("Tree.a")
    p.create("Tree.b.c")
    for n in range(rounds):
        p.found(f"Found{n}", "STATUS" if n % 2 else "SELECT")
        p.append("INBOX", "\\Seen", f"word{n}")
        p.append("INBOX", "\\Flagged", "common", several=4)
        p.deliver()
        uids = sorted(int(u) for u in p.messages("INBOX"))
        p.transfer("COPY", uids[-4:], "Work")
        p.store(uids[-3:], "+FLAGS", "\\Answered", f"late{n}")
        p.store([uids[-5]], "FLAGS", "common", "\\Draft")
        p.append("Tree.a")
        p.read(uids[-1])
        p.transfer("MOVE", uids[-3:-1], "Tree.a")
        uids = sorted(int(u) for u in p.messages("INBOX"))
        p.meddle(uids[-1], "FS")
        p.store([uids[0], uids[-2]], "+FLAGS", "\\Deleted")
        p.expunge(uids[0])
        p.expunge()
        p.subscribe("Tree.a", n % 2 == 0)
        p.metadata("Tree", "/private/comment", f"round {n}")
        p.rename("Tree", f"Forest{n}")
        p.append(f"Forest{n}.b.c", "kept")
        p.append(f"Forest{n}.a", several=2)
        p.rename(f"Forest{n}", "Tree")
        p.create(f"Short{n}")
        p.append(f"Short{n}", "\\Draft")
        p.delete(f"Short{n}")
        p.select("Work")
        p.store([int(u) for u in p.messages("Work")][-2:], "-FLAGS", "common")
        p.transfer("MOVE", [int(u) for u in p.messages("Work")][-1:], "INBOX")
        p.select("INBOX")


def main():
    imapd, maildir, device, history = sys.argv[1:5]
    server = Server([imapd, maildir], IMAPD_SYNC=os.environ["IMAPD_SYNC"])
    with open(history, "w") as file:
        player = Player(server, maildir, Marks(device), file)
        player.begin()
        play(player, int(os.environ["ROUNDS"]))
        server.command("LOGOUT")
        server.end()
    print(f"{player.steps} steps, {player.tokens} messages")


main()
