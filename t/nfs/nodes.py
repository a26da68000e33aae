#!/usr/bin/env python3
"""t/nfs/nodes.py: inside user-mode Linux, what sessions on two nodes do to each other. Prints a line for each fact.

nodes.py IMAPD SERVED PLACE_A PLACE_B SECONDS SEED: SERVED is the directory as the file server has it; node A has it at PLACE_A.
"""
import importlib.machinery
import importlib.util
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
PATIENCE = 60	# seconds until what one node has done must be seen by the other


def load(name):
    loader = importlib.machinery.SourceFileLoader(name, f"{TESTS}/{name}")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


races = load("races")


class Foreign(races.Delivers):
    """Knows nothing of IMAP; slower than a file server."""
    pause = 0.6

    def step(self):
        self.random.choice((self.deliver, self.deliver, self.deliver, self.turn_flags))()

    def deliver(self):
        self.n += 1
        token = f"{self.name}-{self.n}"
        self.itself(token, f"Subject: delivered\nX-Token: {token}\n\ndelivered\n")
        self.ledger.came(token.encode())


class Nodes:
    def __init__(self, imapd, served, places):
        self.served, self.places = served, places
        self.failed = 0
        for node in places:
            with open(self.server(node), "w") as file:
                file.write(f'#!/bin/sh\nexec nsenter --net=/run/netns/{node} --uts=/run/uts{node} {imapd} "$@"\n')
            os.chmod(self.server(node), 0o755)

    def server(self, node):
        """imapd, as it is on that node."""
        return f"/run/imapd{node}"

    def session(self, node, ledger, name, **settings):
        return races.Session(self.server(node), self.places[node] + "/Maildir", ledger, name, IMAP_IDLE_TIMEOUT="1", **settings)

    def fact(self, text, function, *args):
        """A line that says whether the function has come to its end."""
        ledger = races.Ledger()
        races.guarded(ledger, text, function, self, *args)
        for error in ledger.errors:
            print("NOT OK -", error.replace("\n", "\n  "), flush=True)
        if not ledger.errors:
            print("ok -", text, flush=True)
        self.failed += bool(ledger.errors)


def until(what, condition, *args):
    end = time.monotonic() + PATIENCE
    while not condition(*args):
        if time.monotonic() > end:
            raise races.Wrong(f"never: {what}")
        time.sleep(0.1)


def idles_until(session, what, condition):
    """In IDLE, untagged responses come until the condition holds."""
    tag = session.tag()
    session.send(f"{tag} IDLE")
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise races.Wrong(f"never told during IDLE: {what}; it knows {session.view.state()}")
        try:
            response = session.read(5)
            if not response.startswith(b"+"):
                session.told(response)
        except races.Wrong as e:
            if "no answer" not in str(e):
                raise
    session.send("DONE")
    session.until(tag)


def idling(nodes):
    """B waits; A delivers, stores, and expunges; so does a program that knows nothing of IMAP, on A."""
    ledger = races.Ledger()
    a, b = (nodes.session(node, ledger, name) for node, name in (("A", "a"), ("B", "b")))
    a.select("INBOX")
    b.select("INBOX")
    a.append("INBOX", "idle-1")
    idles_until(b, "an APPEND on A", lambda: len(b.view) == 1)
    b.refresh()
    a.command("UID STORE 1 +FLAGS (\\Flagged blue)")
    idles_until(b, "a STORE on A", lambda: b.view.messages[0].flags == {b"\\Flagged", b"blue"})
    foreign(nodes, "A", ledger, "idle-d").deliver()
    idles_until(b, "a delivery on A", lambda: len(b.view) == 2)
    b.refresh()
    ledger.deletes(b"idle-1", "a")
    a.command("UID STORE 1 +FLAGS (\\Deleted)")
    a.command("EXPUNGE")
    idles_until(b, "an EXPUNGE on A", lambda: len(b.view) == 1)
    ledger.deletes(b"idle-d-1", "a program")
    os.unlink(nodes.places["A"] + "/Maildir/" + found(nodes, "idle-d-1", "A"))
    idles_until(b, "a file that is removed on A", lambda: len(b.view) == 0)
    a.end()
    b.end()


def foreign(nodes, node, ledger, name, path="/Maildir"):
    return Foreign(nodes.places[node] + path, [], ledger, random.Random(name), name)


def tokens_of(session):
    return [m.token.decode() for m in session.view.messages]


def found(nodes, token, node):
    """The file that a token is in, beneath the Maildir."""
    def names():
        return [f"{d}/{n}" for d in ("cur", "new") for n in os.listdir(f"{nodes.places[node]}/Maildir/{d}") if token in n]
    until(f"{token} on {node}", names)
    return names()[0]


def turns(nodes):
    """Each takes its turn, without a pause: none overwrites what the other has journaled."""
    ledger = races.Ledger()
    a, b = (nodes.session(node, ledger, name) for node, name in (("A", "a"), ("B", "b")))
    a.select("Work")
    b.select("Work")
    for n in range(20):
        for session in (a, b):
            session.append("Work", f"turn-{session.name}{n}")
    for session in (a, b):
        session.command("NOOP")
        session.refresh()
        tokens = tokens_of(session)
        if tokens != [f"turn-{s}{n}" for n in range(20) for s in "ab"]:
            raise races.Wrong(f"{session.name} knows {tokens}")
    for n in range(20):
        for session, other in ((a, b), (b, a)):
            session.command(f"UID STORE {n + 1} {'+-'[n % 2]}FLAGS ({session.name}word)")
            flags = b"".join(other.command(f"UID FETCH {n + 1} FLAGS")[1]).decode()
            if (f"{session.name}word" in flags) != (n % 2 == 0):
                raise races.Wrong(f"{session.name} has stored, and {other.name} is told {flags}")
    a.end()
    b.end()


def folders(nodes):
    """Folders and what is written down about them are seen on the other node by the next command."""
    ledger = races.Ledger()
    a, b = (nodes.session(node, ledger, name) for node, name in (("A", "a"), ("B", "b")))

    def names(session):
        return sorted(re.findall(r'LIST \([^)]*\) "." (\S+)', b"\n".join(session.command('LIST "" "*"')[1]).decode()))

    names(a), names(b)
    before = names(b)
    for command in ("CREATE Tree", "CREATE Tree.leaf", "SUBSCRIBE Tree.leaf", 'SETMETADATA Tree (/private/comment "old")'):
        a.command(command)
    if names(b) != sorted(before + ["Tree", "Tree.leaf"]):
        raise races.Wrong(f"B lists {names(b)}")
    told = b"".join(b.command('LSUB "" "*"')[1] + b.command("GETMETADATA Tree /private/comment")[1])
    if b"Tree.leaf" not in told or b"old" not in told:
        raise races.Wrong("B does not know what A has subscribed to, or written down")
    a.append("Tree.leaf", "leaf-1")
    b.command("RENAME Tree Forest")
    a.append("Forest.leaf", "leaf-2")
    for session in (b, a):
        session.select("Forest.leaf")
        if tokens_of(session) != ["leaf-1", "leaf-2"]:
            raise races.Wrong(f"{session.name} knows {tokens_of(session)}")
        session.command("UNSELECT")
    a.command("DELETE Forest.leaf")
    b.command("DELETE Forest")
    if names(a) != before or names(b) != before:
        raise races.Wrong(f"after DELETE, A lists {names(a)} and B {names(b)}")
    a.end()
    b.end()


def locks(nodes):
    """A lock whose holder is dead is broken by its own node at once, and by the other when it is old."""
    lock = nodes.places["A"] + "/Maildir/tmp/courier.lock"
    ledger = races.Ledger()
    dead = subprocess.Popen(["true"])
    dead.wait()
    a, b = (nodes.session(node, ledger, name) for node, name in (("A", "a"), ("B", "b")))

    def hold():
        with open(lock, "w") as file:
            file.write(f"{dead.pid}:nodeA")

    hold()
    a.append("INBOX", "lock-1")
    hold()
    thread = threading.Thread(target=b.append, args=("INBOX", "lock-2"))
    thread.start()
    time.sleep(2)
    if not thread.is_alive():
        raise races.Wrong("B has written in spite of A's lock")
    os.utime(lock, (time.time() - 130,) * 2)
    thread.join(PATIENCE)
    if thread.is_alive() or os.path.exists(nodes.served + "/Maildir/tmp/courier.lock"):
        raise races.Wrong("A's lock is old, and B goes on waiting: " + " / ".join(list(b.log)[-2:]))
    for token in ("lock-1", "lock-2"):
        if sum(t == token.encode() for t, _ in races.on_disk(nodes.served + "/Maildir")) != 1:
            raise races.Wrong(f"{token} is not there")
    a.end()
    b.end()


def killed(nodes, node, rnd, end):
    """Sessions that die in the middle of what they do."""
    n = 0
    while time.monotonic() < end:
        session = nodes.session(node, races.Ledger(), "k")
        try:
            session.command(f"SELECT {rnd.choice(races.FOLDERS)}")
            text = "".join(f"x{i} " + rnd.choice(("UID STORE 1:* +FLAGS (red)", "UID STORE 1:* -FLAGS (red)", "UID STORE 1:20 +FLAGS (\\Seen)"))
                           + "\r\n" for i in range(30))
            session.process.stdin.write(text.encode())
            session.process.stdin.flush()
            time.sleep(rnd.random() * 0.5)
        finally:
            session.process.send_signal(signal.SIGKILL)
            session.process.communicate()
        n += 1
        time.sleep(0.5)
    print(f"# {n} sessions on {node} were killed", flush=True)


def age_locks(served):
    """A lock that a killed session has left is broken by its own node, or, here, as if two minutes had gone by."""
    for path in served.values():
        try:
            os.utime(path + "/tmp/courier.lock", (time.time() - 300,) * 2)
        except FileNotFoundError:
            pass


def settle(sessions, served, ledger):
    end = time.monotonic() + PATIENCE
    age_locks(served)
    while True:
        try:
            return races.settle(sessions, served, ledger)
        except races.Wrong:
            if time.monotonic() > end:
                raise


def race(nodes, seconds, seed):
    rnd = random.Random(seed)
    ledger = races.Ledger()
    paths = {"INBOX": "/Maildir", "Work": "/Maildir/.Work"}
    served = {folder: nodes.served + path for folder, path in paths.items()}
    programs = [foreign(nodes, node, ledger, f"d{node}{i}", path) for node in "AB" for i, path in enumerate(paths.values())]
    for program in programs:
        program.furnish(20)
    sessions = [nodes.session("AB"[i % 2], ledger, "abcd"[i]) for i in range(4)]
    end = time.monotonic() + seconds
    threads = [threading.Thread(target=races.guarded, args=(ledger, s.name, races.Player(s, random.Random(rnd.random())).run, end))
               for s in sessions]
    threads.append(threading.Thread(target=races.guarded, args=(ledger, "k", killed, nodes, "B", random.Random(seed), end)))
    for program in programs:
        program.ends = end
    for thread in threads + programs:
        thread.start()
    for thread in threads + programs:
        thread.join()
    if not ledger.errors:
        races.guarded(ledger, "end", settle, sessions, served, ledger)
    if not ledger.errors:
        races.guarded(ledger, "q", races.resynchronize, nodes.server("B"), nodes.places["B"] + "/Maildir", ledger, sessions)
    print(f"# seed {seed}: {sum(s.count for s in sessions)} commands, {sum(p.n for p in programs)} deliveries", flush=True)
    if ledger.errors:
        for s in sessions:
            print(f"--- {s.name} in {s.folder}:", *list(s.log)[-20:], sep="\n")
        raise races.Wrong("\n".join(ledger.errors))
    for s in sessions:
        s.end()


def main():
    imapd, served, place_a, place_b, seconds, seed = sys.argv[1:7]
    nodes = Nodes(imapd, served, {"A": place_a, "B": place_b})
    nodes.fact("what happens on one node is told in IDLE on the other", idling)
    nodes.fact("one node writes after the other, and each sees at once what the other has done", turns)
    nodes.fact("folders that one node creates, renames and deletes are so on the other by its next command", folders)
    nodes.fact("a lock that was left is broken by its node, or when it is old", locks)
    nodes.fact("sessions on two nodes, deliveries and killed sessions: what all were told adds up", race, float(seconds), int(seed))
    sys.exit(nodes.failed > 0)


main()
