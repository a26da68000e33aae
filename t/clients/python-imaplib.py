"""t/clients/python-imaplib.py: Python's imaplib does what a client does: python-imaplib.py HOST PORT USER PASSWORD CERT FILE"""
import imaplib
import ssl
import sys

host, port, user, password, cert, path = sys.argv[1:]
m = imaplib.IMAP4(host, int(port), timeout=60)
m.starttls(ssl.create_default_context(cafile=cert))
assert "LOGINDISABLED" not in m.capabilities
m.login(user, password)


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


folders = b"\n".join(ok(m.list()))
assert b"INBOX" in folders and b"Work" in folders and b"Archive" in folders, folders
assert ok(m.select("INBOX")) == [b"3"]
assert ok(m.search(None, "SUBJECT", "hello")) == [b"1 2"]
assert ok(m.uid("SEARCH", "CHARSET", "UTF-8", "BODY", '"soft break"')) == [b"3"]
text = ok(m.fetch("1", "(RFC822)"))[0][1]
assert text.endswith(b"Hello Bert.\r\n"), text
size = ok(m.fetch("1", "(RFC822.SIZE)"))[0]
assert b"RFC822.SIZE %d" % len(text) in size, size
assert b"\\Flagged" in ok(m.store("1", "+FLAGS", "(\\Flagged)"))[0]
ok(m.uid("COPY", "2", "Archive"))
ok(m.uid("STORE", "2:3", "+FLAGS.SILENT", "(\\Deleted)"))
assert sorted(ok(m.expunge())) in ([b"2", b"2"], [b"2", b"3"])
with open(path, "rb") as f:
    ok(m.append("Work", "(\\Answered)", imaplib.Time2Internaldate(1700000000), f.read()))
assert ok(m.status("Work", "(MESSAGES UNSEEN)")) == [b"Work (MESSAGES 2 UNSEEN 1)"]
ok(m.create("Made by imaplib".join('""')))
ok(m.subscribe('"Made by imaplib"'))
assert b'"Made by imaplib"' in b"\n".join(ok(m.lsub()))
ok(m.unsubscribe('"Made by imaplib"'))
ok(m.delete('"Made by imaplib"'))
ok(m.close())
assert m.logout()[0] == "BYE"
print("done")
