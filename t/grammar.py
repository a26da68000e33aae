"""t/grammar.py: commands of the whole grammar, valid, nearly valid and not at all, by a random number generator."""
import os
import pwd

MAIL = [
    "From: a@example.org\nTo: b@example.org\nSubject: one\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nshort\n",
    "Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\none\n--x\n"
    "Content-Type: message/rfc822\n\nSubject: inner\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\ndeep\n--y--\n--x--\n",
    "Content-Type: multipart/mixed; boundary=z\n\nno part at all\n",
    "", "\n", "\0\r\r\n\n", "Subject: \"quo\\ted\" {5}\nFrom: \"a\\\"b\" <x@y>, group: a@b, c@d;, \xe9 <\xff@\xfe>\n\n" + "long" * 5000,
    "Content-Type: message/rfc822\n\n", "Content-Type: text/plain; charset=\"\ncontent-disposition: attachment; filename*0=a;"
    " filename*1*=%zz\n\nx", "no header at all", "Subject: x\r\n\r\nCRLF\r\n", "Content-Transfer-Encoding: base64\n\n####\n",
]
ATOMS = ["INBOX", "inbox", "Work", "a.b", "Trash", "nope", "\"\"", "\"a b\"", "\"a\\\"b\"", "*", "%", "a.%", "&Jjo-", "&", "..",
         "a..b", "x/y", ".", "\"INBOX.a\"", "NIL", "\xe9", "\"\xff\"", "x" * 300, "{3}\r\nabc", "{3+}\r\nabc", "{0+}\r\n",
         "~{2+}\r\na\0", "{4+}\r\nWork", "{5}\r\nINBOX", "\"unterminated", "(", ")", "{", "}", "{999999999999}", "#shared.x"]
SETS = ["1", "1:*", "*", "2:4", "*:1", "3,1,2", "1,1", "5:2,*", "0", "4294967295", "4294967296", "1:4294967295", "", "1:", ":1",
        "a", "1,,2", "$", "999", "1:*:2", "-1", "1 "]
ITEMS = ["FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE", "BODY[]", "BODY.PEEK[]", "RFC822",
         "RFC822.HEADER", "RFC822.TEXT", "BODY[TEXT]", "BODY[HEADER]", "BODY.PEEK[1]", "BODY.PEEK[2.1]", "BODY.PEEK[1.MIME]",
         "BODY.PEEK[2.HEADER]", "BODY.PEEK[2.TEXT]", "BODY.PEEK[2.1.1.1.1.1]", "BODY.PEEK[HEADER.FIELDS (Subject \"From\")]",
         "BODY.PEEK[HEADER.FIELDS.NOT (Subject)]", "BODY.PEEK[]<0.5>", "BODY.PEEK[]<3.4294967295>", "BODY.PEEK[TEXT]<99999.1>",
         "BODY[MIME]", "BODY[0]", "BODY[", "BODY[]<", "BODY[]<1>", "BODY[HEADER.FIELDS ()]", "ALL", "FAST", "FULL", "MODSEQ",
         "BINARY[1]", "BINARY.PEEK[2]<1.5>", "BINARY.SIZE[1]", "BODY.PEEK[4294967295]", "PREVIEW", "PREVIEW (LAZY)", "EMAILID",
         "THREADID", "SAVEDATE", "X"]
FETCH_MODIFIERS = ["CHANGEDSINCE 1", "CHANGEDSINCE 3 VANISHED", "CHANGEDSINCE 0", "VANISHED", "PARTIAL 1:2", "PARTIAL -1:-2", "X"]
STORE_MODIFIERS = ["UNCHANGEDSINCE 1", "UNCHANGEDSINCE 99", "UNCHANGEDSINCE 0", "X"]
PARAMETERS = ["CONDSTORE", "QRESYNC (1 1)", "QRESYNC (1 1 1:9)", "QRESYNC (1 1 1:9 (1:3 1:3))", "QRESYNC (0 0)", "X"]
RETURNS = ["ALL", "COUNT", "MIN", "MAX", "SAVE", "PARTIAL 1:2", "PARTIAL -1:-3", "PARTIAL 2:1", "UPDATE", "CONTEXT", "RELEVANCY", "X"]
ORDERS = ["ARRIVAL", "CC", "DATE", "FROM", "REVERSE SIZE", "SUBJECT", "TO", "DISPLAYFROM", "REVERSE", "X"]
USER = pwd.getpwuid(os.getuid()).pw_name
ENABLED = ["CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4rev2", "UIDONLY", "X"]
FLAGS = ["\\Seen", "\\Deleted", "\\Flagged", "\\Answered", "\\Draft", "\\Recent", "\\*", "\\X", "blue", "$Forwarded", "a]b", "",
         "\xe9", "x" * 400, "\"q\""]
KEYS = ["ALL", "SEEN", "UNSEEN", "NEW", "OLD", "RECENT", "DELETED", "SUBJECT one", "FROM \"\"", "BODY short", "TEXT x", "TO b",
        "HEADER Subject \"\"", "HEADER \"\" x", "SINCE 1-Jan-2024", "ON 32-Jan-2024", "BEFORE \"1-Feb-2030\"", "SENTON 1-Jan-2024",
        "LARGER 10", "SMALLER 0", "LARGER -1", "KEYWORD blue", "UNKEYWORD x", "UID 1:*", "1:*", "*", "NOT SEEN", "OR SEEN UNSEEN",
        "OR SEEN", "NOT", "()", "(SEEN UNSEEN)", "(((ALL)))", "CHARSET utf-8 ALL", "CHARSET x ALL", "SUBJECT {3+}\r\ngr\xfc",
        "BODY {2}\r\nsh", "UIDAFTER 2", "UIDBEFORE 3", "UIDAFTER *", "X"]
EXTENDED_KEYS = ["MODSEQ 1", "MODSEQ \"/flags/\\\\seen\" all 2", "YOUNGER 9", "OLDER 9", "SAVEDBEFORE 1-Jan-2030", "SAVEDATESUPPORTED",
                 "SAVEDSINCE 1-Jan-2020", "$", "NOT $", "FILTER x", "FILTER y", "EMAILID Mx", "THREADID Tx", "OLDER 0", "MODSEQ x",
                 "FUZZY SEEN", "FILTER", "MODSEQ \"/flags/x", "YOUNGER 99999999999"]
STATUS = ["MESSAGES", "UNSEEN", "UIDNEXT", "UIDVALIDITY", "RECENT", "HIGHESTMODSEQ", "SIZE", "DELETED", "MAILBOXID", "APPENDLIMIT",
          "DELETED-STORAGE", "X", ""]
SELECTIONS = ["SUBSCRIBED", "SPECIAL-USE", "SUBSCRIBED RECURSIVEMATCH", "REMOTE", "SPECIAL-USE RECURSIVEMATCH", "RECURSIVEMATCH", "X", ""]
LIST_RETURNS = ["CHILDREN", "SUBSCRIBED", "SPECIAL-USE", "STATUS (MESSAGES SIZE HIGHESTMODSEQ)", "METADATA (/private/comment /shared/x)",
                "STATUS ()", "METADATA", "X", ""]
SOURCES = ["selected", "personal", "inboxes", "subscribed", "subtree Work", "subtree-one \"\"", "mailboxes (INBOX Work)", "mailboxes INBOX",
           "selected-delayed", "mailboxes ()", "subtree", "personal subtree (a.b a.b)", "X"]
EVENTS = ["MessageNew (FLAGS UID)", "MessageExpunge", "FlagChange", "MessageNew", "MailboxName", "SubscriptionChange",
          "MailboxMetadataChange", "ServerMetadataChange", "AnnotationChange", "MessageNew (BODY.PEEK[HEADER] PREVIEW)", "MessageNew ()", "X"]
ENTRIES = ["/private/comment", "/shared/comment", "/private/x/y", "/private/filters/values/x", "/shared/filters/values/y", "/private/specialuse",
           "/PRIVATE/Comment", "/private", "/x", "/private/", "/private//x", "/private/*", "\"\"", "{9}\r\n/shared/z"]
VALUES = ["\"x\"", "NIL", "\"SEEN\"", "{3+}\r\na b", "~{4+}\r\n\0\r\n\xff", "\"\"", "\"OR SEEN FILTER x\"", "\"FILTER y\"", "{2}\r\n((", "x", "5"]
URLS = ["\"/INBOX/;UID=1\"", "\"/Work;UIDVALIDITY=1/;UID=1/;SECTION=1\"", "\"/INBOX/;UID=2/;SECTION=HEADER\"", "\";UID=1\"", "\"/;UID=1/;PARTIAL=0.5\"",
        "\"/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=2\"", "\"imap://h/x\"", "\"\"", "\"/a%/;UID=1\"", "\"/INBOX/;UID=99\"", "\"../../x\"", "x"]
ORDER_OF_THREADS = ["REFERENCES", "ORDEREDSUBJECT", "REFS", "X"]
USES = ["\\Archive", "\\Junk", "\\Drafts \\Sent", "\\Important", "\\All", "\\x", "x"]


def pick(rnd, words):
    """One of them; those in front, which are valid, are likelier."""
    return words[int(len(words) * rnd.random() ** 2.5)]


def listed(rnd, words, parenthesized=True):
    some = " ".join(pick(rnd, words) for _ in range(rnd.choice((1, 1, 1, 2, 3))))
    return f"({some})" if parenthesized and rnd.random() < 0.8 else some


def append(rnd):
    text = rnd.choice(MAIL).replace("\n", "\r\n") if rnd.random() < 0.9 else "x" * 100000
    octets = len(text.encode("latin-1"))
    parts = [pick(rnd, ATOMS[:8])]
    if rnd.random() < 0.4:
        parts.append(listed(rnd, FLAGS))
    if rnd.random() < 0.4:
        parts.append(rnd.choice(("\" 1-Jan-2022 10:10:00 +0100\"", "\"01-Jan-2022 10:10:00 +0100\"", "\"bad\"", "\"31-Feb-2022 1:1:1 Z\"")))
    tail = "" if rnd.random() < 0.95 else " more"
    return " ".join(parts) + " {" + str(octets) + rnd.choice(("", "+")) + "}\r\n" + text + tail

def catenated(rnd):
    parts = []
    for _ in range(rnd.choice((1, 2, 3))):
        if rnd.random() < 0.5:
            parts.append(f"URL {pick(rnd, URLS)}")
        else:
            text = rnd.choice(MAIL[:3] + MAIL[8:]).replace("\n", "\r\n")
            parts.append("TEXT {" + str(len(text.encode("latin-1"))) + rnd.choice(("", "+")) + "}\r\n" + text)
    return f"{pick(rnd, ATOMS[:8])} CATENATE ({' '.join(parts)})"


def appended(rnd):
    """What APPEND and REPLACE have behind them."""
    which = rnd.randrange(8)
    if which == 0:
        return append(rnd) + " " + append(rnd).partition(" ")[2]
    if which == 1:
        return catenated(rnd)
    if which == 2:
        text = "Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\1\r\2\n"
        return pick(rnd, ATOMS[:8]) + " ~{" + str(len(text)) + rnd.choice(("", "+")) + "}\r\n" + text
    if which == 3:
        text = "Subject: gr\xfc\r\n\r\nx\r\n"
        return pick(rnd, ATOMS[:8]) + " UTF8 (~{" + str(len(text)) + rnd.choice(("", "+")) + "}\r\n" + text + rnd.choice((")", ")", ""))
    return append(rnd)


def searched(rnd):
    return listed(rnd, KEYS + EXTENDED_KEYS if rnd.random() < 0.6 else EXTENDED_KEYS, False)


def of_messages(rnd):
    """What extensions add to the commands on messages."""
    uid = rnd.choice(("", "UID "))
    which = rnd.randrange(11)
    if which < 2:
        return f"{uid}FETCH {pick(rnd, SETS)} {listed(rnd, ITEMS)} {listed(rnd, FETCH_MODIFIERS)}"
    if which < 4:
        return (f"{uid}STORE {pick(rnd, SETS)} ({pick(rnd, STORE_MODIFIERS)}) {rnd.choice('+-')}FLAGS{rnd.choice(('', '.SILENT'))} "
                f"{listed(rnd, FLAGS)}")
    if which < 7:
        return f"{uid}SEARCH RETURN {listed(rnd, RETURNS)} {searched(rnd)}"
    if which == 7:
        charset = rnd.choice(("UTF-8", "utf-8", "US-ASCII", "x"))
        returns = rnd.choice(("", f"RETURN {listed(rnd, RETURNS)} "))
        return f"{uid}SORT {returns}{listed(rnd, ORDERS)} {charset} {searched(rnd)}"
    if which == 8:
        return f"{uid}THREAD {pick(rnd, ORDER_OF_THREADS)} UTF-8 {searched(rnd)}"
    if which == 9:
        return f"{uid}REPLACE {pick(rnd, SETS)} {appended(rnd)}"
    return f"ESEARCH {rnd.choice(('IN (' + listed(rnd, SOURCES, False) + ') ', ''))}RETURN {listed(rnd, RETURNS)} {searched(rnd)}"


def notify(rnd):
    groups = [f"({rnd.choice(('selected', 'selected-delayed'))} ({' '.join(EVENTS[:3])}))"] if rnd.random() < 0.5 else []
    groups += [f"({pick(rnd, SOURCES)} {listed(rnd, EVENTS) if rnd.random() < 0.8 else 'NONE'})" for _ in range(rnd.randrange(3))]
    if not groups or rnd.random() < 0.2:
        return "NOTIFY NONE"
    return f"NOTIFY SET {rnd.choice(('', '', 'STATUS '))}{' '.join(groups)}"


def urls(rnd):
    """URLs of messages: to be signed, signed (by nobody; SIGNED is the last that was, play puts it in), relative, and none."""
    url = f"imap://{rnd.choice((USER, USER, 'joe', ''))}@h/{pick(rnd, ('INBOX', 'Work', 'a.b', 'nope', 'a%20b', '%', ''))}"
    url += f"/;UID={pick(rnd, ('1', '2', '3', '9', '0', '*'))}"
    url += rnd.choice(("", "", "/;SECTION=1", "/;SECTION=2.1.MIME", "/;SECTION=HEADER", "/;PARTIAL=2.5", "/;PARTIAL=9", "/;SECTION="))
    rump = url + rnd.choice(("", ";EXPIRE=2999-01-01T00:00:00Z", ";EXPIRE=x")) + ";URLAUTH=" + pick(rnd, ("anonymous", "user+" + USER, "all"))
    full = rump + rnd.choice((":internal:", ":")) + "01" * rnd.choice((21, 16, 3))
    wants = pick(rnd, ("BODY", "BINARY", "BODYPARTSTRUCTURE BINARY", "BODYPARTSTRUCTURE", "BODY BINARY", "X", ""))
    return rnd.choice((f"GENURLAUTH {rump} INTERNAL", f"GENURLAUTH {rump} INTERNAL {rump} INTERNAL", f"GENURLAUTH {url} X",
                       f"URLFETCH {full} /INBOX/;UID=1 {{3+}}\r\nx]y", f"URLFETCH ({full} {wants}) {full}", f"URLFETCH {wants}",
                       f"URLFETCH (SIGNED {wants})", f"URLFETCH SIGNED (SIGNED {wants})", "RESETKEY", "RESETKEY INBOX", "RESETKEY nope X",
                       f"APPEND INBOX CATENATE (URL SIGNED TEXT {{2+}}\r\nhi URL {rnd.choice((full, 'SIGNED'))})"))


def of_mailboxes(rnd):
    """What extensions add to the commands on mailboxes and the session."""
    name = pick(rnd, ATOMS)
    which = rnd.randrange(12)
    if which < 2:
        return f"SELECT {rnd.choice(('INBOX', 'Work'))} {listed(rnd, PARAMETERS)}"
    if which == 2:
        return f"LIST {listed(rnd, SELECTIONS)} \"\" {rnd.choice(('*', '%', name, '(INBOX %.%)'))} RETURN {listed(rnd, LIST_RETURNS)}"
    if which == 3:
        return f"GETMETADATA {rnd.choice(('', '(DEPTH 1) ', '(DEPTH infinity MAXSIZE 3) ', '(DEPTH 5) '))}{name} {listed(rnd, ENTRIES)}"
    if which < 6:
        return f"SETMETADATA {rnd.choice((name, chr(34) * 2))} ({pick(rnd, ENTRIES)} {pick(rnd, VALUES)})"
    if which == 6:
        return f"CREATE {name} (USE ({pick(rnd, USES)}))"
    if which < 9:
        return notify(rnd)
    if which == 9:
        return urls(rnd)
    return rnd.choice(("COMPRESS DEFLATE", "COMPRESS X", "XLIST \"\" *", "ENABLE " + pick(rnd, ENABLED), "GETQUOTAROOT INBOX", "MYRIGHTS INBOX",
                       "GETACL INBOX", "UIDBATCHES 2", "UIDBATCHES 500", "UIDBATCHES 500 1:2", "UNAUTHENTICATE", "LANGUAGE", "GETQUOTA \"\"", "CANCELUPDATE \"x\"",
                       f"STATUS Work {listed(rnd, STATUS)}"))


def basic(rnd):
    name = lambda: pick(rnd, ATOMS)
    uid = rnd.choice(("", "", "UID "))
    which = rnd.randrange(20)
    if which < 4:
        return f"{uid}FETCH {pick(rnd, SETS)} {listed(rnd, ITEMS)}"
    if which < 6:
        return f"{uid}STORE {pick(rnd, SETS)} {rnd.choice(('', '+', '-', '*'))}FLAGS{rnd.choice(('', '.SILENT', 'X'))} {listed(rnd, FLAGS)}"
    if which < 8:
        return f"{uid}SEARCH {listed(rnd, KEYS, False)}"
    if which < 9:
        return f"{uid}{rnd.choice(('COPY', 'MOVE'))} {pick(rnd, SETS)} {name()}"
    if which < 11:
        return f"{rnd.choice(('SELECT', 'EXAMINE', 'SELECT INBOX', 'SELECT Work'))} {rnd.choice(('INBOX', name()))}"
    if which < 13:
        return f"{rnd.choice(('CREATE', 'DELETE', 'SUBSCRIBE', 'UNSUBSCRIBE', 'CREATE', 'RENAME ' + name()))} {name()}"
    if which < 14:
        return f"{rnd.choice(('LIST', 'LSUB', 'LIST (SUBSCRIBED)'))} {name()} {name()}{rnd.choice(('', ' RETURN (CHILDREN)', ' X'))}"
    if which < 15:
        return f"STATUS {name()} {listed(rnd, STATUS)}"
    if which < 17:
        return f"APPEND {appended(rnd)}"
    if which < 18:
        return f"UID EXPUNGE {pick(rnd, SETS)}"
    return rnd.choice(("NOOP", "CHECK", "EXPUNGE", "CLOSE", "UNSELECT", "CAPABILITY", "NAMESPACE", "ID NIL", "ID (\"a\" \"b\")", "ENABLE X",
                       "SELECT INBOX", "LOGIN a b", "STARTTLS", "X", "UID", "UID X", "FETCH", "noop ", "IDLE x"))


def command(rnd):
    """A command without its tag; its literals may be synchronizing."""
    text = rnd.choices((basic, of_messages, of_mailboxes), (20, 8, 6))[0](rnd)
    if rnd.random() < 0.1:	# a mistake somewhere, but not in a literal
        at = rnd.randrange(max(1, text.find("{") % (len(text) + 1)))
        text = text[:at] + rnd.choice((" ", "(", ")", "\"", "\0", "{", "\xff", "\\", "%", "[", "x")) + text[at + rnd.randrange(2):]
    return text
