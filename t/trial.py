"""t/trial.py: commands that change mail, given to a new copy of a Maildir again and again, so that something can happen at each system call."""
import os
import re
import shutil
import signal
import tempfile
import time

from session import Ended, Session, Wrong, text

# What a file system can look like after a crash changes with these calls only.
CHANGES = ("write,pwrite64,writev,ftruncate,fallocate,copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,symlinkat,"
           "unlink,unlinkat,rmdir,mkdir,mkdirat,openat,utimensat,fsync,fdatasync,msync,flock,fchmod,fchmodat,sendto")
FOLDERS = ("INBOX", "Work", "Tree", "Tree.One", "Tree.One.Two")
HERE = "INBOX"


def literal(token):
    t = text(token)
    return f"{{{len(t)}+}}\r\n{t}"


# ---- what there is: {folder: {UID: (token, flags)}} and more, as a session is told ----

class State:
    def __init__(self):
        self.mail, self.uidvalidity, self.uidnext, self.modseq = {}, {}, {}, {}
        self.subscribed, self.uses, self.note = (), (), ()

    def tokens(self, folder):
        return sorted(token for token, _ in self.mail.get(folder, {}).values())


def folders_of(s):
    lines = s.command('LIST "" * RETURN (SPECIAL-USE)')[1][:-1]
    found = [re.match(rb'\* LIST \(([^)]*)\) "\." "?([^"\r\n]*)"?\r\n', line) for line in lines]
    return {m[2].decode(): m[1].decode() for m in found if b"\\NonExistent" not in m[1]}


def look(s):
    """What the session is told, by commands that change nothing but what a death has left undone."""
    state = State()
    names = folders_of(s)
    state.uses = tuple(sorted((name, what) for name, what in names.items() if re.search(r"\\(Drafts|Sent|Junk)", what)))
    for name in names:
        ok, lines = s.command("EXAMINE " + name)
        if not ok:
            raise Wrong(f"{name} is listed, and can't be selected: {lines[-1]}")
        told = b"".join(lines)
        state.uidvalidity[name] = int(re.search(rb"UIDVALIDITY (\d+)", told)[1])
        state.uidnext[name] = int(re.search(rb"UIDNEXT (\d+)", told)[1])
        state.modseq[name] = int(re.search(rb"HIGHESTMODSEQ (\d+)", told)[1])
        state.mail[name] = {}
        for line in s.command("UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (X-Token)])")[1][:-1]:
            m = re.search(rb"UID (\d+) FLAGS \(([^)]*)\).*X-Token: (\S+)", line, re.S)
            if m:
                flags = frozenset(m[2].decode().split()) - {"\\Recent"}
                state.mail[name][int(m[1])] = (m[3].decode(), flags)
    state.subscribed = tuple(sorted(s.command('LSUB "" *')[1][:-1]))
    state.note = tuple(s.command("GETMETADATA INBOX (/private/comment /private/vendor/x)")[1][:-1])
    return state


# ---- the commands, and what may be found after a death ----

def unchanged_but(*folders):
    """All other folders are as before."""
    def check(before, now, _):
        for name in set(before.mail) | set(now.mail):
            if name not in folders and before.mail.get(name) != now.mail.get(name):
                raise Wrong(f"{name} has changed: {before.mail.get(name)}, {now.mail.get(name)}")
    return check


def all_or_nothing(before, now, after):
    """The folders have what they had, or what they shall have."""
    for want in (before, after):
        if {n: m for n, m in want.mail.items()} == now.mail and want.uses == now.uses:
            return
    raise Wrong(f"neither all nor nothing: {now.mail}, {now.uses}")


def created(before, now, after):
    """What a folder is for is written down after it has been made (doc/FORMATS.md)."""
    all_or_nothing(before, now, after) if now.uses != before.uses or now.mail != after.mail else None


def appended(before, now, after):
    unchanged_but(HERE)(before, now, after)
    if now.tokens(HERE) not in (before.tokens(HERE), after.tokens(HERE)):
        raise Wrong(f"some of the messages: {now.tokens(HERE)}")


def each_message(before, now, after):
    """Each message is as before, or as after, or gone if it shall be."""
    unchanged_but(HERE)(before, now, after)
    for uid, had in before.mail[HERE].items():
        if now.mail[HERE].get(uid) not in (had, after.mail[HERE].get(uid)):
            raise Wrong(f"UID {uid}: {had}, now {now.mail[HERE].get(uid)}")
    if set(now.mail[HERE]) - set(before.mail[HERE]):
        raise Wrong("messages that nobody made")


def copied(before, now, after):
    unchanged_but("Work")(before, now, after)
    if now.tokens("Work") not in (before.tokens("Work"), after.tokens("Work")):
        raise Wrong(f"some of the copies: {now.tokens('Work')}")


def moved(source, target):
    def check(before, now, after):
        unchanged_but(source, target)(before, now, after)
        for token in before.tokens(source):
            places = now.tokens(source) + now.tokens(target)
            if places.count(token) != 1:
                raise Wrong(f"{token} is there {places.count(token)} times")
        both = sorted(now.tokens(source) + now.tokens(target))
        if both != sorted(before.tokens(source) + before.tokens(target)):
            raise Wrong(f"messages that nobody made: {both}")
    return check


def moved_within(before, now, after):
    unchanged_but(HERE)(before, now, after)
    if now.tokens(HERE) != before.tokens(HERE):
        raise Wrong(f"not each once: {now.tokens(HERE)}")


def replaced(before, now, after):
    unchanged_but(HERE)(before, now, after)
    if now.tokens(HERE) not in (before.tokens(HERE), after.tokens(HERE), sorted(before.tokens(HERE) + ["next"])):
        raise Wrong(f"neither the old nor the new one: {now.tokens(HERE)}")


def one_of_both(what):
    def check(before, now, after):
        unchanged_but()(before, now, after)
        if getattr(now, what) not in (getattr(before, what), getattr(after, what)):
            raise Wrong(f"{what}: {getattr(now, what)}")
    return check


class Case:
    """setting: commands that are done before, by another session; prepare: changes files before that session."""

    def __init__(self, name, command, check, select=None, setting=(), prepare=None, finish=None):
        self.name, self.command, self.check, self.select = name, command, check, select
        self.setting, self.prepare, self.finish = setting, prepare, finish


def deliver(maildir):
    for i in range(3):
        with open(f"{maildir}/new/180000000{i}.x", "w") as f:
            f.write(text(f"new{i}").replace("\r", ""))


def another_server(maildir):
    """As Courier has left it: nobody of us has looked yet."""
    os.unlink(maildir + "/imapd.journal")
    names = sorted(name for name in os.listdir(maildir + "/cur"))
    with open(maildir + "/courierimapuiddb", "w") as f:
        f.write("1 1234567890 100\n" + "".join(f"{10 + 2 * i} {name.split(':')[0]}\n" for i, name in enumerate(names)))


def all_from_another_server(maildir):
    another_server(maildir)
    for name in os.listdir(maildir):
        if name.startswith("imapd.") and name != "imapd.cache":
            os.unlink(f"{maildir}/{name}")


def half_renamed(maildir):
    with open(maildir + "/imapd.rename", "w") as f:
        f.write("imapd-rename 1\nfrom Tree\nto Wood\nmove .Tree\t.Wood\nmove .Tree.One\t.Wood.One\n"
                "move .Tree.One.Two\t.Wood.One.Two\nend\n")
    os.rename(maildir + "/.Tree", maildir + "/.Wood")


def half_delivered(maildir):
    """The last message is journaled, and still in tmp/."""
    name = max(os.listdir(maildir + "/cur"))
    os.rename(f"{maildir}/cur/{name}", f"{maildir}/tmp/{name.split(':')[0]}")


FLIP = tuple(f"STORE 1 {sign}FLAGS (\\Draft)" for _ in range(530) for sign in "+-")
CASES = (
    Case("APPEND", f"APPEND INBOX (\\Seen blue) {literal('next')}", appended),
    Case("MULTIAPPEND", f"APPEND INBOX (\\Seen blue) {literal('next')} (red) {literal('last')} {literal('more')}", appended,
         HERE),
    Case("STORE", "STORE 1:4 +FLAGS (\\Flagged green)", each_message, HERE),
    Case("STORE and a whole new journal", "STORE 2:4 -FLAGS (\\Seen)", each_message, HERE, ("SELECT INBOX",) + FLIP),
    Case("EXPUNGE", "EXPUNGE", each_message, HERE, ("SELECT INBOX", "STORE 2:3 +FLAGS (\\Deleted)")),
    Case("CLOSE", "CLOSE", each_message, HERE, ("SELECT INBOX", "STORE 2:3 +FLAGS (\\Deleted)")),
    Case("COPY", "COPY 1:3 Work", copied, HERE),
    Case("COPY to itself", "COPY 1:3 INBOX", appended, HERE),
    Case("MOVE", "MOVE 1:3 Work", moved(HERE, "Work"), HERE),
    Case("MOVE within a folder", "MOVE 1:3 INBOX", moved_within, HERE),
    Case("REPLACE", f"REPLACE 2 INBOX (blue) {literal('next')}", replaced, HERE),
    Case("CREATE", "CREATE New (USE (\\Drafts))", created),
    Case("DELETE", "DELETE Tree.One", all_or_nothing),
    Case("RENAME", "RENAME Work Works", all_or_nothing),
    Case("RENAME of a tree", "RENAME Tree Wood.Deep", all_or_nothing, None, ("CREATE Tree.Three (USE (\\Junk))",)),
    Case("RENAME of INBOX", "RENAME INBOX Old", moved(HERE, "Old")),
    Case("SUBSCRIBE", "SUBSCRIBE Tree.One", one_of_both("subscribed"), None, ("SUBSCRIBE Work",)),
    Case("UNSUBSCRIBE", "UNSUBSCRIBE Work", one_of_both("subscribed"), None, ("SUBSCRIBE Work", "SUBSCRIBE Tree")),
    Case("SETMETADATA", 'SETMETADATA INBOX (/private/comment "new" /private/vendor/x NIL)', one_of_both("note"), None,
         ('SETMETADATA INBOX (/private/comment "old" /private/vendor/x "y")',)),
    Case("SELECT with new mail", "SELECT INBOX", appended, prepare=deliver),
    Case("SELECT after another server", "SELECT INBOX", all_or_nothing, finish=another_server),
    Case("the first opening", None, all_or_nothing, finish=all_from_another_server),
    Case("the end of a RENAME", None, all_or_nothing, finish=half_renamed),
    Case("the end of an APPEND", "SELECT INBOX", all_or_nothing, finish=half_delivered),
)


# ---- one try ----

def copy(template):
    home = tempfile.mkdtemp(prefix="imapd-trial.")
    shutil.copytree(template, home + "/Maildir", symlinks=True)
    return home


def make(server, case, home):
    """The Maildir of a case, as the session finds it that is to be killed."""
    maildir = home + "/Maildir"
    for folder in FOLDERS:
        path = maildir if folder == HERE else f"{maildir}/.{folder}"
        for part in ("cur", "new", "tmp"):
            os.makedirs(f"{path}/{part}")
        for i in range(5 if folder == HERE else 1):
            with open(f"{path}/cur/170000000{i}.x:2,{'S' if i else ''}", "w") as f:
                f.write(text(f"{folder}{i}").replace("\r", ""))
    s = Session([server], home, IMAPD_SYNC="never")
    look(s)
    s.command("CREATE Sent (USE (\\Sent))")
    for command in case.setting:
        if not s.command(command)[0]:
            raise Wrong(f"{command} has failed")
    s.command("UNSELECT") if case.setting and case.setting[0].startswith("SELECT") else None
    s.command("LOGOUT")
    s.end()
    if case.prepare:
        case.prepare(maildir)
    if case.finish:
        case.finish(maildir)
    return maildir


def give(server, case, home, strace):
    """The command to a new session. Whether it was answered with OK, and the lines."""
    lines, done = [], False
    s = None
    try:
        s = Session(strace + [server], home)
        if case.select:
            lines += s.command("SELECT " + case.select)[1]
        done, told = s.command(case.command) if case.command else (True, [])
        lines += told
        s.command("NOOP")
        s.command("LOGOUT")
    except Ended:
        pass
    if s:
        s.end()
    return done, lines


def calls_of(trace, case, looks):
    """(call, how many of its kind there were up to it) of the changes the command makes, or of all that it does; and their lines."""
    counts, found, started = {}, [], case.command is None
    with open(trace, errors="replace") as f:
        for line in f:
            m = re.match(r"\d+ +(\w+)\(", line)
            if not m:
                continue
            call = m[1]
            counts[call] = counts.get(call, 0) + 1
            if call == "recvfrom" and case.command and re.search(r'"t\d+ ' + " ".join(case.command.split()[:2]), line):
                started = True
            elif started and call != "recvfrom" and (looks or call != "openat" or "O_CREAT" in line):
                found.append((call, counts[call], line))
            if started and call == "sendto" and re.search(r't\d+ (OK|NO).*NOOP', line):
                break
    return found


def strace(trace, *more, calls=CHANGES):
    return ["strace", "-f", "-y", "-s", "400", "-o", trace, "-e", f"trace=recvfrom,{calls}", *more]


def stop_at(trace, at, calls):
    """strace(), with SIGSTOP at (call, how many of its kind there were up to it); None: nowhere."""
    return strace(trace, *(["-e", f"inject={at[0]}:signal=SIGSTOP:when={at[1]}"] if at else []), calls=calls)


def calls_in(trace):
    """(call, how many of its kind there were up to it) of all."""
    with open(trace, errors="replace") as f:
        names = re.findall(r"^\d+ +(\w+)\(", f.read(), re.M)
    return [(name, names[:i + 1].count(name)) for i, name in enumerate(names)]


def wait_for_stop(trace, done, patience_s=None):
    """The process that was stopped, by its trace; None if it is done before, or not stopped in that time."""
    until = patience_s and time.monotonic() + patience_s
    while not done() and not (until and time.monotonic() > until):
        time.sleep(0.02)
        if os.path.exists(trace):
            with open(trace, errors="replace") as f:
                stopped = re.search(r"^(\d+) +--- stopped by SIGSTOP ---", f.read(), re.M)
            if stopped:
                return int(stopped[1])
    return None


def go_on(pid):
    if pid:
        os.kill(pid, signal.SIGCONT)


def uids_of(numbers):
    """Of a set as the server writes it."""
    ranges = [[int(n) for n in r.split(b":")] for r in numbers.split(b",")]
    return [uid for r in ranges for uid in range(r[0], r[-1] + 1)]


class Trial:
    """A case with its Maildir, and what is before and after the command."""

    def __init__(self, server, case):
        self.server, self.case = server, case
        self.home = tempfile.mkdtemp(prefix="imapd-trial.")
        self.template = make(server, case, self.home)
        self.before = self.seen(None)
        self.after = self.seen(case.command)

    def seen(self, command):
        home = copy(self.template)
        if command:
            if not give(self.server, self.case, home, [])[0]:
                raise Wrong("it has failed")
        state = self.look(home)
        shutil.rmtree(home)
        return state

    def look(self, home):
        s = Session([self.server], home)
        state = look(s)
        s.command("LOGOUT")
        s.end()
        return state

    def calls(self, what=CHANGES, looks=False):
        home = copy(self.template)
        give(self.server, self.case, home, strace(home + "/trace", calls=what))
        calls = calls_of(home + "/trace", self.case, looks)
        shutil.rmtree(home)
        return calls
