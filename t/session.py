"""t/session.py: a session with imapd over a socket pair, for tests in Python: each answer is looked at."""
import os
import re
import socket
import subprocess


class Wrong(Exception):
    """The server has done what it must not."""


class Ended(Exception):
    """The session is no more."""


class Session:
    """command is the program and its arguments before the Maildir, which is in home."""

    def __init__(self, command, home, **settings):
        ours, theirs = socket.socketpair()
        ours.settimeout(300)
        env = dict(os.environ, IMAPD_ALLOW_ROOT="1", **settings)
        self.stderr = open(home + "/stderr", "wb")
        self.process = subprocess.Popen(command + [home + "/Maildir"], stdin=theirs, stdout=theirs, stderr=self.stderr, env=env)
        theirs.close()
        self.socket, self.file, self.count = ours, ours.makefile("rb"), 0
        try:
            self.greeting = self.line()
            if self.greeting.startswith(b"* BYE"):
                raise Ended
        except Ended:
            self.end()
            raise

    def line(self):
        try:
            line = self.file.readline()
        except ConnectionError:		# it has ended before it has read all
            line = b""
        if not line:
            raise Ended
        literal = re.search(rb"\{(\d+)\}\r\n$", line)
        if literal:
            line += self.file.read(int(literal[1])) + self.line()
        return line

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except ConnectionError:
            raise Ended from None

    def command(self, text):
        self.count += 1
        tag = b"t%d " % self.count
        self.send(tag + text.encode() + b"\r\n")
        lines = []
        while not lines or not lines[-1].startswith(tag):
            lines.append(self.line())
            if not re.match(rb"\* |t%d " % self.count, lines[-1]):
                raise Wrong(f"{text}: not in step: {lines[-1][:200]}")
        if lines[-1].startswith(tag + b"BAD"):
            raise Wrong(f"{text}: {lines[-1]}")
        if lines[-1].startswith(tag + b"NO") and not re.match(rb"t\d+ NO \[[A-Z]+", lines[-1]):
            raise Wrong(f"{text}: a NO without a code: {lines[-1]}")
        if b"SERVERBUG" in lines[-1]:
            raise Wrong(f"{text}: {lines[-1]}")
        return lines[-1].startswith(tag + b"OK"), lines

    def messages(self):
        """UID, token of each message of the selected folder."""
        ok, lines = self.command("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (X-Token)])")
        found = [re.search(rb"UID (\d+).*X-Token: (\S+)", line, re.S) for line in lines]
        return {(int(m[1]), m[2].decode()) for m in found if m}

    def end(self):
        self.socket.close()
        self.file.close()
        status = self.process.wait(60)
        self.stderr.close()
        return status


def text(token):
    return f"Subject: s\r\nX-Token: {token}\r\n\r\n{'body ' * 30}\r\n"
