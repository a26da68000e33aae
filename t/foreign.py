"""t/foreign.py: programs that know Maildirs and no IMAP, each a thread that does one thing again and again."""
import os
import re
import subprocess
import threading
import time

# As fast as it can: turns \Seen of every message, by the names that one look at the directory has brought.
STORM = r"""
while (1) {
	opendir(my $d, $ARGV[0]) or exit;
	for my $old (readdir $d) {
		$old =~ /^(.*):2,(.*)$/ or next;
		my ($base, %flags) = ($1, map { $_ => 1 } split //, $2);
		if ($flags{S}) { delete $flags{S} } else { $flags{S} = 1 }
		rename "$ARGV[0]/$old", "$ARGV[0]/$base:2," . join('', sort keys %flags);
		select undef, undef, undef, $ARGV[1] if $ARGV[1];
	}
}
"""


def token_of(path):
    with open(path, "rb") as f:
        return re.search(rb"X-Token: (\S+)", f.read())[1]


class Program(threading.Thread):
    pause = 0.02

    def __init__(self, path, others, ledger, rnd, name):
        super().__init__(daemon=True)
        self.path, self.others, self.ledger, self.random, self.name, self.n = path, others, ledger, rnd, name, 0
        self.ends = 0

    def run(self):
        try:
            while time.monotonic() < self.ends:
                self.step()
                time.sleep(self.random.random() * self.pause)
        except Exception as e:
            self.ledger.wrong(self.name, f"{type(e).__name__}: {e}")

    def some(self, most):
        """Paths of a few messages, as they are called just now."""
        names = [n for n in os.listdir(self.path + "/cur") if ":2," in n]
        return [f"{self.path}/cur/{n}" for n in self.random.sample(names, min(len(names), self.random.randint(1, most)))]

    def turn_flags(self):
        """One flag of a few messages each, by renaming them."""
        for path in self.some(3):
            base, letters = path.split(":2,")
            try:
                os.rename(path, f"{base}:2," + "".join(sorted(set(letters) ^ {self.random.choice("FRS")})))
            except FileNotFoundError:
                pass

    def call(self, *words, stdin=None):
        """A real program; that a message is gone by now is no failure of it."""
        subprocess.run(words, input=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Delivers(Program):
    """By procmail, by mblaze's mdeliver, and as every delivery agent does it."""
    pause = 0.1

    def step(self):
        self.n += 1
        token = f"{self.name}-{self.n}"
        text = f"From: a@example.org\nSubject: delivered\nX-Token: {token}\n\ndelivered\n"
        self.random.choice((self.procmail, self.mdeliver, self.itself, self.itself))(token, text)
        self.ledger.came(token.encode())

    def procmail(self, token, text):
        self.call("procmail", f"DEFAULT={self.path}/", "/dev/null", stdin=text.encode())

    def mdeliver(self, token, text):
        self.call("mdeliver", self.path, stdin=text.encode())

    def itself(self, token, text, where="new", flags=""):
        name = f"{int(time.time())}.{token}.host"
        with open(f"{self.path}/tmp/{name}", "w") as f:
            f.write(text)
        os.rename(f"{self.path}/tmp/{name}", f"{self.path}/{where}/{name}{flags}")

    def furnish(self, count):
        """Before anything runs."""
        for _ in range(count):
            self.n += 1
            token = f"{self.name}-{self.n}"
            self.itself(token, f"Subject: delivered\nX-Token: {token}\n\ndelivered\n", "cur", self.random.choice((":2,", ":2,S")))
            self.ledger.came(token.encode())


class Flags(Program):
    """With mflag, some at a time; and one at a time, renamed."""
    pause = 0.05

    def step(self):
        if self.random.random() < 0.3:
            self.call("mflag", self.random.choice(("-F", "-f", "-R", "-r", "-S", "-s")), *self.some(20))
            return
        self.turn_flags()


class Refiles(Program):
    """Moves to another folder under another name, as mrefile does it, but by rename() alone: mrefile copies what it can't rename, so
    a message that is renamed and then back again just then is there twice, which is not the server's doing."""
    pause = 0.2

    def step(self):
        for path in self.some(3):
            try:
                self.ledger.moves(token_of(path), self.name)
                name = f"{time.time_ns()}.{self.name}.host:2,{path.split(':2,')[1]}"
                os.rename(path, f"{self.random.choice(self.others)}/cur/{name}")
            except FileNotFoundError:
                pass


class Removes(Program):
    pause = 0.1

    def step(self):
        for path in self.some(2):
            try:
                self.ledger.deletes(token_of(path), self.name)
                os.unlink(path)
            except FileNotFoundError:
                pass


class Renames(Program):
    """Puts what it has to remember into the name, as some that synchronize do. The message is the same."""
    pause = 0.2

    def step(self):
        for path in self.some(2):
            base, letters = path.split(":2,")
            try:
                os.rename(path, f"{base.partition(',U=')[0]},U={self.random.randint(1, 9999)}:2,{letters}")
            except FileNotFoundError:
                pass


def storm(path, pause):
    return subprocess.Popen(["perl", "-e", STORM, path + "/cur", str(pause)])
