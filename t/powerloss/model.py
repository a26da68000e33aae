"""t/powerloss/model.py: what has been acknowledged, step by step; shared by the one that plays and the one that checks

A state is {"folders": {name: folder}, "subscribed": [name], "metadata": {"folder entry": value}}; a folder is {"uidvalidity",
"id", "uidnext", "modseq", "messages": {UID as text: [token, [flag]]}}: what its client was told.
"""
import re
import subprocess

LITERAL = re.compile(rb"\{(\d+)\}\r\n$")


def text(token):
    """The message that a token stands for: some are larger than a block of the disk."""
    size = 40 + 977 * sum(token.encode()) % 9000
    return f"Subject: {token}\r\nX-Token: {token}\r\n\r\n" + f"{token} is whole\r\n" * (size // (len(token) + 11) + 1)


class Server:
    """An imapd on pipes."""

    def __init__(self, command, **settings):
        env = {"PATH": "/usr/bin:/bin", "IMAPD_ALLOW_ROOT": "1", "HOSTNAME": "mail1", **settings}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.count = 0
        self.line()

    def line(self):
        line = self.process.stdout.readline()
        while found := LITERAL.search(line):
            line += self.process.stdout.read(int(found[1])) + self.process.stdout.readline()
        if not line:
            raise RuntimeError("the server has gone: " + self.process.stderr.read().decode("utf-8", "replace")[-1000:])
        return line

    def until(self, tag):
        lines = []
        while not lines or not lines[-1].startswith(tag):
            lines.append(self.line())
        return lines

    def command(self, command):
        return self.commands(command)[0]

    def commands(self, *commands):
        """Sent at once. The lines of the answer to each as text, the tagged one last; nothing but OK is expected."""
        tags = []
        for command in commands:
            self.count += 1
            tags.append(f"t{self.count} ".encode())
            self.process.stdin.write(tags[-1] + command.encode() + b"\r\n")
        self.process.stdin.flush()
        answers = [[line.decode("latin-1") for line in self.until(tag)] for tag in tags]
        for command, answer in zip(commands, answers):
            if " OK" not in answer[-1]:
                raise RuntimeError(f"{command[:100]}: {answer[-1]}")
        return answers

    def end(self):
        if self.process.stdin.closed:
            return
        self.process.stdin.close()
        self.process.stdout.close()
        self.log = self.process.stderr.read().decode("utf-8", "replace")
        self.process.stderr.close()
        self.process.wait()


def uids_of(numbers):
    for run in numbers.split(","):
        first, _, last = run.partition(":")
        yield from range(int(first), int(last or first) + 1)


def flags_of(line):
    return sorted(set(re.search(r"FLAGS \(([^)]*)\)", line)[1].split()) - {"\\Recent"})
