"""t/told.py: responses as values, and the view: what a client knows of the selected mailbox by what it was told."""
import re

VALUE = re.compile(rb'("(?:[^"\\\r\n\0]|\\["\\])*")|~?\{(\d+)\}\r\n|(\()|((?:BODY|BINARY)(?:\.SIZE)?\[[^\]]*\](?:<\d+>)?|'
                   rb'[^ ()"{\r\n%\0\x7f-\xff]+)')
SELECTS = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH|UIDFETCH|RECENT)(?: |$)")


class Wrong(Exception):
    pass


def value(s, i):
    """(what, where it ends) of the value that begins at i (RFC 9051 9: nil, number, atom, string, literal, list)."""
    m = VALUE.match(s, i)
    if not m:
        raise Wrong(f"no value at {s[i:i + 60]!r} in {s[:60]!r}")
    if m[1]:
        return re.sub(rb"\\(.)", rb"\1", m[1][1:-1]), m.end()
    if m[2]:
        end = m.end() + int(m[2])
        return s[m.end():end], end
    if m[4]:
        return m[4], m.end()
    values, i = [], m.end()
    while s[i:i + 1] != b")":
        one, i = value(s, i)
        values.append(one)
        if s[i:i + 1] == b" ":
            i += 1
            if s[i:i + 1] == b")":
                raise Wrong("a blank before a parenthesis")
        elif s[i:i + 1] not in (b")", b"("):	# the addresses of an envelope and the parts of a body follow without one
            raise Wrong(f"no blank at {s[i:i + 60]!r}")
    return values, i + 1


def values(s, i):
    """All from i to the end of the response, with one blank between each and the next."""
    found = []
    while True:
        one, i = value(s, i)
        found.append(one)
        if i == len(s):
            return found
        if s[i:i + 1] != b" ":
            raise Wrong(f"no blank at {s[i:i + 60]!r} in {s[:60]!r}")
        i += 1


def numbers(text):
    """Each of a sequence-set without "*"."""
    for run in text.split(b","):
        first, _, last = run.partition(b":")
        yield from range(int(first), int(last or first) + 1)


def flag_set(flags):
    return frozenset(flags) - {b"\\Recent"}


class Message:
    __slots__ = ("uid", "flags", "token")

    def __init__(self):
        self.uid = self.flags = self.token = None


class View:
    """The messages in the order of their numbers. What has not been told of one is None. With UIDONLY there are no numbers:
    those whose UID is not known stand last."""

    def __init__(self):
        self.uidonly = False
        self.messages = []

    def __len__(self):
        return len(self.messages)

    def clear(self):
        self.messages = []

    def state(self):
        return {m.uid: m.flags for m in self.messages}

    def complete(self):
        return all(m.uid and m.flags is not None for m in self.messages)

    def forget_flags(self):
        for m in self.messages:
            m.flags = None

    def take(self, response, numbers_stay=False):
        """Takes an untagged response in, and returns the messages that are gone by it. numbers_stay: none may be."""
        vanished = re.match(rb"\* VANISHED ([\d:,]+)$", response)
        m = SELECTS.match(response)
        if (vanished or m and m[2] == b"EXPUNGE") and numbers_stay:
            raise Wrong(f"{response!r} in a command by numbers")
        if vanished:
            return [self.vanished(uid) for uid in numbers(vanished[1])]
        if response.startswith(b"* OK [CLOSED]"):
            self.clear()
        elif m and m[2] == b"EXISTS":
            self.grow(int(m[1]))
        elif m and m[2] == b"EXPUNGE":
            return [self.messages.pop(self.index(int(m[1]), response))]
        elif m and m[2] == b"FETCH":
            self.fetched(self.messages[self.index(int(m[1]), response)], values(response, m.end()))
        elif m and m[2] == b"UIDFETCH":
            self.fetched(self.by_uid(int(m[1]), response), values(response, m.end()))
        return []

    def index(self, number, response):
        if self.uidonly:
            raise Wrong(f"{response[:80]!r} with UIDONLY")
        if not 1 <= number <= len(self.messages):
            raise Wrong(f"{response[:80]!r}, of {len(self.messages)}")
        return number - 1

    def by_uid(self, uid, response):
        for m in self.messages:
            if m.uid == uid:
                return m
        for m in self.messages:
            if not m.uid:
                m.uid = uid
                self.messages.sort(key=lambda m: (m.uid is None, m.uid))
                return m
        raise Wrong(f"{response[:80]!r}, which is one too many")

    def grow(self, count):
        if count < len(self.messages):
            raise Wrong(f"EXISTS went from {len(self.messages)} to {count}")
        self.messages += [Message() for _ in range(count - len(self.messages))]

    def vanished(self, uid):
        at = [i for i, m in enumerate(self.messages) if m.uid == uid]
        if at:
            return self.messages.pop(at[0])
        unknown = [i for i, m in enumerate(self.messages) if not m.uid]
        if not unknown:
            raise Wrong(f"VANISHED {uid}, which was never told")
        if self.uidonly:
            return self.messages.pop(unknown[0])
        # Which of the unknown ones it was is not known, so neither which numbers are which.
        self.messages = [Message() for _ in self.messages[1:]]
        return Message()

    def fetched(self, message, found):
        if len(found) != 1 or not isinstance(found[0], list) or len(found[0]) % 2:
            raise Wrong(f"no pairs in FETCH: {found!r}"[:200])
        for name, what in zip(found[0][::2], found[0][1::2]):
            if name == b"UID":
                if message.uid not in (None, int(what)):
                    raise Wrong(f"UID {message.uid} has become {int(what)}")
                message.uid = int(what)
            elif name == b"FLAGS":
                message.flags = flag_set(what)
            elif b"X-TOKEN" in name.upper():
                message.token = re.search(rb"(?i)X-Token: (\S+)", what)[1]
