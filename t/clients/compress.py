"""t/clients/compress.py: COMPRESS behind STARTTLS and LOGIN: compress.py HOST PORT USER PASSWORD CERT FILE"""
import imaplib
import ssl
import sys
import zlib

host, port, user, password, cert, path = sys.argv[1:]


class Compressed(imaplib.IMAP4):
    """Deflates what it sends, and inflates what it reads, once compress() has been called."""
    inflate = None

    def compress(self):
        answer = self._simple_command("COMPRESS", "DEFLATE")
        assert answer[0] == "OK", answer
        self.deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        self.inflate = zlib.decompressobj(-15)
        self.had = b""

    def more(self):
        data = self.sock.recv(65536)
        assert data, "the server has hung up"
        self.had += self.inflate.decompress(data)

    def read(self, size):
        if not self.inflate:
            return super().read(size)
        while len(self.had) < size:
            self.more()
        data, self.had = self.had[:size], self.had[size:]
        return data

    def readline(self):
        if not self.inflate:
            return super().readline()
        while b"\n" not in self.had:
            self.more()
        return self.read(self.had.index(b"\n") + 1)

    def send(self, data):
        if self.inflate:
            data = self.deflate.compress(data) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        super().send(data)


def connect():
    m = Compressed(host, int(port), timeout=60)
    m.starttls(ssl.create_default_context(cafile=cert))
    m.login(user, password)
    m.compress()
    return m


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


imaplib.Commands["COMPRESS"] = ("AUTH", "SELECTED")
m, other = connect(), connect()
with open(path, "rb") as f:
    message = f.read()
ok(m.append("Work", None, None, message))
assert ok(m.select("Work")) == [b"2"]
number = ok(m.search(None, "SUBJECT", "both"))[0].decode()
text = ok(m.fetch(number, "(BODY.PEEK[])"))[0][1]
assert text == message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), text
answer = m._simple_command("COMPRESS", "DEFLATE")
assert answer[0] == "NO" and b"COMPRESSIONACTIVE" in answer[1][0], answer

# What another session does arrives at once, in IDLE.
ok(m.select("Archive"))
m.send(b"idle IDLE\r\n")
while not m.readline().startswith(b"+"):
    pass
ok(other.append("Archive", "(\\Answered)", None, message))
line = m.readline()
while b"EXISTS" not in line:
    line = m.readline()
assert line == b"* 1 EXISTS\r\n", line
m.send(b"DONE\r\n")
while not line.startswith(b"idle OK"):
    line = m.readline()

# Large answers, many of them, with all questions sent before: they are there and back whole.
big = b"Subject: big\r\n\r\n" + bytes(32 + i * i % 90 for i in range(2_000_000)) + b"\r\n"
assert ok(m.select("INBOX")) == [b"3"]
ok(m.append("INBOX", None, None, big))
m.send(b"".join(b"p%d UID FETCH 4 (BODY.PEEK[])\r\n" % i for i in range(5)))
for i in range(5):
    line = m.readline()
    assert line.endswith(b"{%d}\r\n" % len(big)), line
    assert m.read(len(big)) == big
    assert m.readline() == b")\r\n"
    assert m.readline().startswith(b"p%d OK" % i)
ok(m.store("4", "+FLAGS.SILENT", "(\\Deleted)"))
ok(m.expunge())
other.sock.close()	# in the middle of nothing
assert m.logout()[0] == "BYE"
print("done")
